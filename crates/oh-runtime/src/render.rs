//! What a terminal would show, as plain text.

/// How far up a program may move the cursor.
const SCREEN_ROWS: usize = 50;
/// How far right a program may move the cursor past the end of a line.
const SCREEN_COLUMNS: usize = 1000;

/// Returns `bytes` as the text that a reader of the terminal sees.
///
/// Carriage returns, backspaces, cursor movement and erasing are carried out; colors, titles and
/// other escape sequences are left out; invalid UTF-8 is replaced. Text that a program clears from
/// the screen stays.
pub(crate) fn render(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return text.into_owned();
    }
    let mut screen = Screen::default();
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\u{1b}' => rest = screen.escape(rest),
            '\n' => screen.line_feed(),
            '\r' => screen.column = 0,
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            '\t' => screen.put('\t'),
            c if c.is_control() => {}
            c => screen.put(c),
        }
    }
    screen.into_text()
}

#[derive(Debug)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Default for Screen {
    fn default() -> Self {
        Self { lines: vec![Vec::new()], row: 0, column: 0 }
    }
}

impl Screen {
    fn put(&mut self, c: char) {
        let column = self.column;
        let line = self.line();
        if column < line.len() {
            line[column] = c;
        } else {
            line.resize(column, ' ');
            line.push(c);
        }
        self.column += 1;
    }

    fn line(&mut self) -> &mut Vec<char> {
        while self.lines.len() <= self.row {
            self.lines.push(Vec::new());
        }
        &mut self.lines[self.row]
    }

    fn line_feed(&mut self) {
        self.row += 1;
        self.column = 0;
        self.line();
    }

    fn top(&self) -> usize {
        self.lines.len().saturating_sub(SCREEN_ROWS)
    }

    fn move_to_row(&mut self, row: usize) {
        self.row = row.clamp(self.top(), self.top() + SCREEN_ROWS - 1);
        self.line();
    }

    fn move_to_column(&mut self, column: usize) {
        let length = self.line().len();
        self.column = column.min(length.max(SCREEN_COLUMNS));
    }

    /// Carries out the sequence after an escape character and returns what follows it.
    fn escape<'a>(&mut self, rest: &'a str) -> &'a str {
        match rest.chars().next() {
            Some('[') => self.control_sequence(&rest[1..]),
            // A title or a link ends with BEL or ST; a line end means that it never ended.
            Some(']') => {
                let body = &rest[1..];
                match body.find(['\u{7}', '\u{1b}', '\n']) {
                    Some(end) if body[end..].starts_with('\n') => &body[end..],
                    Some(end) if body[end..].starts_with("\u{1b}\\") => &body[end + 2..],
                    Some(end) if body[end..].starts_with('\u{7}') => &body[end + 1..],
                    Some(end) => &body[end..],
                    None => "",
                }
            }
            Some('P' | 'X' | '^' | '_') => {
                rest.find("\u{1b}\\").map_or(&rest[1..], |end| &rest[end + 2..])
            }
            Some('M') => {
                self.move_to_row(self.row.saturating_sub(1));
                &rest[1..]
            }
            Some(' '..='/') => {
                let body = rest.trim_start_matches(|c| (' '..='/').contains(&c));
                body.strip_prefix(|c| ('0'..='~').contains(&c)).unwrap_or(body)
            }
            Some('0'..='~') => &rest[1..],
            Some(_) | None => rest,
        }
    }

    fn control_sequence<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(end) = rest.find(|c: char| !(' '..='?').contains(&c)) else { return "" };
        let (parameters, rest) = rest.split_at(end);
        let Some(command) = rest.chars().next().filter(|c| ('@'..='~').contains(c)) else {
            return rest;
        };
        let mut numbers = parameters.split(';').map(|number| number.parse::<usize>().ok());
        let first = numbers.next().flatten();
        let second = numbers.next().flatten();
        let count = first.unwrap_or(1).max(1);
        match command {
            'A' => self.move_to_row(self.row.saturating_sub(count)),
            'B' => self.move_to_row(self.row.saturating_add(count)),
            'C' => self.move_to_column(self.column.saturating_add(count)),
            'D' => self.column = self.column.saturating_sub(count),
            'E' => {
                self.move_to_row(self.row.saturating_add(count));
                self.column = 0;
            }
            'F' => {
                self.move_to_row(self.row.saturating_sub(count));
                self.column = 0;
            }
            'G' | '`' => self.move_to_column(count - 1),
            'd' => self.move_to_row(self.top() + count - 1),
            'H' | 'f' => {
                self.move_to_row(self.top() + count - 1);
                self.move_to_column(second.unwrap_or(1).max(1) - 1);
            }
            'J' => self.erase_screen(first.unwrap_or(0)),
            'K' => self.erase_line(first.unwrap_or(0)),
            'P' => {
                let column = self.column;
                let line = self.line();
                let from = column.min(line.len());
                line.drain(from..from.saturating_add(count).min(line.len()));
            }
            'X' => {
                let column = self.column;
                for c in self.line().iter_mut().skip(column).take(count) {
                    *c = ' ';
                }
            }
            _ => {}
        }
        &rest[1..]
    }

    fn erase_line(&mut self, part: usize) {
        let column = self.column;
        let line = self.line();
        match part {
            0 => line.truncate(column),
            1 => line.iter_mut().take(column + 1).for_each(|c| *c = ' '),
            _ => line.clear(),
        }
    }

    fn erase_screen(&mut self, part: usize) {
        if part == 0 {
            self.erase_line(0);
            self.lines.truncate(self.row + 1);
        } else if self.lines.iter().any(|line| !line.is_empty()) {
            // What was cleared stays readable; a fresh screen begins below it.
            self.row = self.lines.len();
            self.column = 0;
            self.lines.extend(std::iter::repeat_n(Vec::new(), SCREEN_ROWS));
        }
    }

    fn into_text(self) -> String {
        let mut text = String::new();
        for (index, line) in self.lines.into_iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.extend(line);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn text_is_what_a_terminal_shows() {
        let check = |raw: &[u8], expected: &str| assert_eq!(render(raw).trim_end(), expected);
        check(b"plain\ttext\nsecond", "plain\ttext\nsecond");
        check(b"10%\r50%\r100%\n", "100%");
        check(b"long text\rab", "abng text");
        check(b"old\r\x1b[Knew", "new");
        check(b"abc\x08\x08X", "aXc");
        check(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain", "red plain");
        check(b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link");
        check(b"a\nb\nc\x1b[2A\rX\x1b[2B\rZ", "X\nb\nZ");
        check(b"before\n\x1b[H\x1b[2Jafter", "before\n\nafter");
        check("gr\u{fc}n \u{1F600}".as_bytes(), "gr\u{fc}n \u{1F600}");
        check(b"bad \xff byte \x00 end", "bad \u{fffd} byte  end");
        check(b"\x1b(B\x1b=x\x1b[?25lhidden cursor", "xhidden cursor");
        assert!(render(b"\x1b[99999999999Cfar\x1b[99999999Bdown").len() < 10_000);
        check(b"cut \x1b[3", "cut");
        check(b"\x1b]never ends\nnext", "\nnext");
    }
}
