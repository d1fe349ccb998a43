//! How many commands a text holds.

/// What a text is to a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// One command, or something that only the shell can judge.
    Single,
    /// Commands on separate lines.
    Several(Vec<String>),
    /// A command whose end is missing: the shell would ask for more lines.
    Incomplete,
}

/// Returns the shape of `text`.
///
/// When in doubt the text is [`Shape::Single`]: the shell itself reports what is wrong with it.
pub(super) fn shape(text: &str) -> Shape {
    let mut lexer = Lexer { text, at: 0, frames: Vec::new(), heredocs: Vec::new(), ..Lexer::new() };
    match lexer.run() {
        Ok(()) => {}
        Err(Stop::Doubt) => return Shape::Single,
        Err(Stop::End) => return Shape::Incomplete,
    }
    if lexer.commands.len() < 2 { Shape::Single } else { Shape::Several(lexer.commands) }
}

/// An open construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// `if` to `fi`.
    If,
    /// `for`, `while`, `until`, `select` to `done`.
    Loop,
    /// `case` to `esac`.
    Case(CasePart),
    /// `{` to `}`.
    Group,
    /// `(` or `$(` to `)`, with commands inside.
    Subshell,
    /// `(` to `)` with words inside: an array, a pattern, the parentheses of a function.
    Words,
    /// `((` or `$((`: each of the two parentheses.
    Arithmetic,
    /// `${` to `}`.
    Parameter,
    /// `"` to `"`.
    Quote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CasePart {
    Subject,
    Pattern,
    Body,
}

#[derive(Debug)]
struct Heredoc {
    delimiter: String,
    strips_tabs: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The text is not what this lexer understands.
    Doubt,
    /// The text ends inside of something.
    End,
}

type Step = Result<(), Stop>;

#[derive(Debug)]
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    frames: Vec<Frame>,
    heredocs: Vec<Heredoc>,
    commands: Vec<String>,
    /// Where the command begins that is being read.
    start: usize,
    /// The command has a token that is no comment.
    has_tokens: bool,
    /// The next word may be a keyword.
    is_command_position: bool,
    /// An operator or a function's head wants something to follow, on the next line if need be.
    expects_more: bool,
    /// The next word names a function.
    is_function_name: bool,
}

impl<'a> Lexer<'a> {
    fn new() -> Self {
        Lexer {
            text: "",
            at: 0,
            frames: Vec::new(),
            heredocs: Vec::new(),
            commands: Vec::new(),
            start: 0,
            has_tokens: false,
            is_command_position: true,
            expects_more: false,
            is_function_name: false,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Result<char, Stop> {
        let c = self.peek().ok_or(Stop::End)?;
        self.at += c.len_utf8();
        Ok(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let is_next = self.rest().starts_with(prefix);
        if is_next {
            self.at += prefix.len();
        }
        is_next
    }

    fn token(&mut self, is_command_position: bool) {
        self.has_tokens = true;
        self.expects_more = false;
        self.is_command_position = is_command_position;
    }

    fn run(&mut self) -> Step {
        while let Some(c) = self.peek() {
            match self.frames.last() {
                Some(Frame::Quote) => self.in_quote()?,
                Some(Frame::Parameter) => self.in_parameter()?,
                Some(Frame::Arithmetic) => self.in_arithmetic()?,
                _ => self.in_commands(c)?,
            }
        }
        if !self.frames.is_empty() || !self.heredocs.is_empty() || self.expects_more {
            return Err(Stop::End);
        }
        self.end_command();
        Ok(())
    }

    fn in_commands(&mut self, c: char) -> Step {
        match c {
            ' ' | '\t' | '\r' => {
                self.at += 1;
                Ok(())
            }
            '\n' => {
                self.at += 1;
                self.end_line()
            }
            '#' => {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                Ok(())
            }
            ';' => {
                self.at += 1;
                if self.eat(";&") || self.eat(";") || self.eat("&") {
                    match self.frames.last_mut() {
                        Some(Frame::Case(part)) => *part = CasePart::Pattern,
                        _ => return Err(Stop::Doubt),
                    }
                }
                self.token(true);
                Ok(())
            }
            '&' | '|' => {
                self.at += 1;
                let is_chain = (c == '|' && !self.rest().starts_with('&')) || self.eat("&");
                if c == '|' {
                    let _ = self.eat("|") || self.eat("&");
                }
                self.token(true);
                self.expects_more = is_chain || c == '|';
                Ok(())
            }
            '<' | '>' => self.redirection(),
            '(' => self.open_parenthesis(),
            ')' => self.close_parenthesis(),
            _ => self.word(),
        }
    }

    fn end_line(&mut self) -> Step {
        for heredoc in std::mem::take(&mut self.heredocs) {
            self.skip_heredoc(&heredoc)?;
        }
        if !self.expects_more && !self.is_function_name {
            self.is_command_position = true;
            if self.frames.is_empty() {
                self.end_command();
            }
        }
        Ok(())
    }

    fn end_command(&mut self) {
        if self.has_tokens {
            self.commands.push(self.text[self.start..self.at].trim().to_owned());
            self.start = self.at;
            self.has_tokens = false;
        }
    }

    fn skip_heredoc(&mut self, heredoc: &Heredoc) -> Step {
        loop {
            if self.rest().is_empty() {
                return Err(Stop::End);
            }
            let length = self.rest().find('\n').unwrap_or(self.rest().len());
            let line = &self.rest()[..length];
            self.at = (self.at + length + 1).min(self.text.len());
            let line = if heredoc.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line == heredoc.delimiter {
                return Ok(());
            }
        }
    }

    fn redirection(&mut self) -> Step {
        if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
            self.at += 2;
            self.token(true);
            self.frames.push(Frame::Subshell);
            return Ok(());
        }
        self.token(false);
        if self.eat("<<<") || !self.eat("<<") {
            self.at += usize::from(self.rest().starts_with(['<', '>']));
            let _ = self.eat("|") || self.eat("&") || self.eat(">");
            return Ok(());
        }
        let strips_tabs = self.eat("-");
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        let mut delimiter = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\'' | '"' => {
                    self.at += 1;
                    let end = self.rest().find(c).ok_or(Stop::Doubt)?;
                    delimiter.push_str(&self.rest()[..end]);
                    self.at += end + 1;
                }
                '\\' => {
                    self.at += 1;
                    delimiter.push(self.bump()?);
                }
                c if c.is_whitespace() || "|&;()<>".contains(c) => break,
                c => {
                    self.at += c.len_utf8();
                    delimiter.push(c);
                }
            }
        }
        if delimiter.is_empty() {
            return Err(Stop::Doubt);
        }
        self.heredocs.push(Heredoc { delimiter, strips_tabs });
        Ok(())
    }

    /// A parenthesis that is not part of a word.
    fn open_parenthesis(&mut self) -> Step {
        if let Some(Frame::Case(CasePart::Pattern)) = self.frames.last() {
            self.at += 1;
            return Ok(());
        }
        let frames: &[Frame] = if self.rest().starts_with("((") {
            &[Frame::Arithmetic, Frame::Arithmetic]
        } else if self.frames.last() == Some(&Frame::Words) {
            &[Frame::Words]
        } else if self.rest()[1..].trim_start_matches([' ', '\t']).starts_with(')') {
            // `name ()`
            &[Frame::Words]
        } else {
            &[Frame::Subshell]
        };
        self.at += frames.len();
        self.frames.extend_from_slice(frames);
        self.token(true);
        Ok(())
    }

    fn close_parenthesis(&mut self) -> Step {
        self.at += 1;
        match self.frames.last_mut() {
            Some(Frame::Case(part @ CasePart::Pattern)) => {
                *part = CasePart::Body;
                self.token(true);
                return Ok(());
            }
            Some(Frame::Subshell | Frame::Words) => {}
            _ => return Err(Stop::Doubt),
        }
        let is_function = self.frames.pop() == Some(Frame::Words)
            && self.text[..self.at - 1].trim_end_matches([' ', '\t']).ends_with('(')
            && !self.text[..self.at - 1].trim_end_matches([' ', '\t']).ends_with("=(");
        self.token(true);
        self.expects_more = is_function;
        Ok(())
    }

    fn word(&mut self) -> Step {
        let begin = self.at;
        let frames = self.frames.len();
        let mut is_plain = true;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | ')' => break,
                '\\' if self.rest().starts_with("\\\n") && self.at == begin => {
                    // A continued line is blank space.
                    self.at += 2;
                    return Ok(());
                }
                '\\' => {
                    is_plain = false;
                    self.at += 1;
                    if self.peek().is_none() {
                        return Err(Stop::End);
                    }
                    self.bump()?;
                }
                '(' => {
                    self.at += 1;
                    self.token(false);
                    self.frames.push(Frame::Words);
                    return Ok(());
                }
                '\'' | '"' | '`' | '$' => {
                    is_plain = false;
                    self.expansion()?;
                    if self.frames.len() > frames {
                        self.token(false);
                        if self.frames.last() == Some(&Frame::Subshell) {
                            self.is_command_position = true;
                        }
                        return Ok(());
                    }
                }
                c => self.at += c.len_utf8(),
            }
        }
        let word = &self.text[begin..self.at];
        if is_plain { self.keyword(word) } else { self.plain_word() }
    }

    fn plain_word(&mut self) -> Step {
        let was_name = std::mem::take(&mut self.is_function_name);
        self.token(was_name);
        self.expects_more = was_name;
        Ok(())
    }

    fn keyword(&mut self, word: &str) -> Step {
        match self.frames.last().copied() {
            Some(Frame::Words) => return self.plain_word(),
            Some(Frame::Case(CasePart::Subject)) => {
                if word == "in" {
                    self.replace_frame(Frame::Case(CasePart::Pattern));
                }
                return self.plain_word();
            }
            Some(Frame::Case(CasePart::Pattern)) => {
                return if word == "esac" { self.close(word) } else { self.plain_word() };
            }
            _ => {}
        }
        if !self.is_command_position || self.is_function_name {
            return self.plain_word();
        }
        match word {
            "if" => self.open(Frame::If, true),
            "for" | "select" => self.open(Frame::Loop, false),
            "while" | "until" => self.open(Frame::Loop, true),
            "case" => self.open(Frame::Case(CasePart::Subject), false),
            "{" => self.open(Frame::Group, true),
            "then" | "elif" | "else" | "do" | "!" | "time" => {
                self.token(true);
                Ok(())
            }
            "fi" | "done" | "esac" | "}" => self.close(word),
            "function" => {
                self.token(false);
                self.is_function_name = true;
                Ok(())
            }
            _ => self.plain_word(),
        }
    }

    fn replace_frame(&mut self, frame: Frame) {
        self.frames.pop();
        self.frames.push(frame);
    }

    fn open(&mut self, frame: Frame, is_command_position: bool) -> Step {
        self.frames.push(frame);
        self.token(is_command_position);
        Ok(())
    }

    fn close(&mut self, word: &str) -> Step {
        let is_match = match self.frames.pop() {
            Some(Frame::If) => word == "fi",
            Some(Frame::Loop) => word == "done",
            Some(Frame::Case(_)) => word == "esac",
            Some(Frame::Group) => word == "}",
            _ => false,
        };
        // What follows may close the next frame: `done fi` needs a separator, `} }` does not.
        self.token(true);
        if is_match { Ok(()) } else { Err(Stop::Doubt) }
    }

    /// A quotation or an expansion, in a word or between double quotes.
    fn expansion(&mut self) -> Step {
        let in_quote = self.frames.last() == Some(&Frame::Quote)
            || (self.frames.last() == Some(&Frame::Parameter)
                && self.frames.contains(&Frame::Quote));
        if self.eat("$((") {
            self.frames.extend([Frame::Arithmetic, Frame::Arithmetic]);
        } else if self.eat("$(") {
            self.frames.push(Frame::Subshell);
            self.is_command_position = true;
        } else if self.eat("${") {
            self.frames.push(Frame::Parameter);
        } else if self.eat("`") {
            loop {
                match self.bump()? {
                    '`' => break,
                    '\\' => drop(self.bump()?),
                    _ => {}
                }
            }
        } else if !in_quote && self.eat("$'") {
            loop {
                match self.bump()? {
                    '\'' => break,
                    '\\' => drop(self.bump()?),
                    _ => {}
                }
            }
        } else if !in_quote && self.eat("'") {
            while self.bump()? != '\'' {}
        } else if self.eat("\"") {
            self.frames.push(Frame::Quote);
        } else {
            self.bump()?;
        }
        Ok(())
    }

    fn in_quote(&mut self) -> Step {
        match self.peek() {
            Some('"') => {
                self.at += 1;
                self.frames.pop();
                self.after_expansion();
                Ok(())
            }
            Some('\\') => {
                self.at += 1;
                self.bump().map(drop)
            }
            Some('$' | '`') => self.expansion(),
            _ => self.bump().map(drop),
        }
    }

    fn in_parameter(&mut self) -> Step {
        match self.peek() {
            Some('}') => {
                self.at += 1;
                self.frames.pop();
                self.after_expansion();
                Ok(())
            }
            Some('\\') => {
                self.at += 1;
                self.bump().map(drop)
            }
            Some('$' | '`' | '"' | '\'') => self.expansion(),
            _ => self.bump().map(drop),
        }
    }

    fn in_arithmetic(&mut self) -> Step {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.frames.push(Frame::Arithmetic);
                Ok(())
            }
            Some(')') => {
                self.at += 1;
                self.frames.pop();
                self.after_expansion();
                Ok(())
            }
            Some('\\') => {
                self.at += 1;
                self.bump().map(drop)
            }
            Some('$' | '`' | '"' | '\'') => self.expansion(),
            _ => self.bump().map(drop),
        }
    }

    /// The rest of a word follows the end of an expansion; a keyword does not.
    fn after_expansion(&mut self) {
        let is_nested =
            matches!(self.frames.last(), Some(Frame::Quote | Frame::Parameter | Frame::Arithmetic));
        if !is_nested {
            self.token(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_is_one_command() {
        for text in [
            "",
            "ls",
            "ls -la | grep x && echo done; echo more",
            "# only a comment",
            "# comment\nls",
            "ls # comment\n# another",
            "echo 'a\nb' \"c\nd\"",
            "echo a \\\n  b",
            "true &&\n echo x",
            "true ||\n\n# why\n echo x",
            "cat x |\n wc",
            "cat <<EOF\na\nb 'c\nEOF",
            "cat <<-'E O' | sort > \"$f\"\n\ta\n\tE O",
            "cat <<A <<B\na\nA\nb\nB\n",
            "if true; then\n echo a\nelif false\nthen echo b\nelse echo c; fi",
            "for i in 1 2\ndo\n echo $i\ndone",
            "for ((i=0; i<<3; i++)); do\necho $i\ndone",
            "while read -r x; do\n case $x in\n a|b) echo 1;;\n (c) echo 2 ;&\n *)\n echo \")\"\n esac\ndone < f",
            "f() {\n echo hi\n}",
            "f ()\n{\n echo hi\n}",
            "function f\n{\n echo hi\n}",
            "function f() {\n echo hi\n}",
            "(cd x\n ls)",
            "{ a\n b\n}",
            "x=$(echo a\necho b)",
            "x=\"$(cat <<EOF\nhi \"there\nEOF\n)\"",
            "arr=(1\n 2\n 3)",
            "echo $((1<<2)) ${x#a} ${y:-\"}\"} \"${z:-it's}\"",
            "echo `echo \\`a\nb`",
            "echo $'it\\'s\n' a#b",
            "[[ $a =~ ^(x|y)$ &&\n -f z ]]",
            "echo if then fi\n",
            "diff <(sort a\n) <(sort b)",
            "python3 - <<'EOF'\nprint('''x\n''')\nif (:\nEOF",
            "echo )",
            "done",
            "git commit -m \"a\n\nb; c && d\"",
            "echo a 2>&1 >|f &>g",
            "awk '{\n print $1\n}' file",
            "case x in x) ;; esac",
            "f() (\n echo sub\n)",
            "x=() \ny=1".lines().next().unwrap_or_default(),
        ] {
            assert_eq!(shape(text), Shape::Single, "{text}");
        }
    }

    #[test]
    fn lines_are_several_commands() {
        let check = |text: &str, expected: &[&str]| {
            let expected = expected.iter().map(|&command| command.to_owned()).collect();
            assert_eq!(shape(text), Shape::Several(expected), "{text}");
        };
        check("a\nb", &["a", "b"]);
        check("a\n\n  b \\\n c\n", &["a", "b \\\n c"]);
        check("# one\na\n# two\nb", &["# one\na", "# two\nb"]);
        check("cat <<EOF\nx\nEOF\nls", &["cat <<EOF\nx\nEOF", "ls"]);
        check("if a; then b; fi\nls", &["if a; then b; fi", "ls"]);
        check("f() { a; }\nf", &["f() { a; }", "f"]);
        check("a &\nb", &["a &", "b"]);
        check("echo \"$(a)\"\nb", &["echo \"$(a)\"", "b"]);
        check("x=(1 2)\necho ${x[@]}", &["x=(1 2)", "echo ${x[@]}"]);
        check("x=()\necho 1", &["x=()", "echo 1"]);
        check("for i in a; do b; done\nc", &["for i in a; do b; done", "c"]);
        check("echo 'a\nb'\nc", &["echo 'a\nb'", "c"]);
        check("echo $((1+1))\nc", &["echo $((1+1))", "c"]);
        check("echo ${x}\nc", &["echo ${x}", "c"]);
    }

    #[test]
    fn an_open_end_is_seen() {
        for text in [
            "cat <<EOF",
            "cat <<EOF\nx",
            "echo \"open",
            "echo 'open",
            "echo $(open",
            "if true; then",
            "for i in a b",
            "f() {",
            "f()",
            "true &&",
            "true |",
            "echo a \\",
            "echo ${x",
            "(ls",
            "case x in",
            "x=(1",
        ] {
            assert_eq!(shape(text), Shape::Incomplete, "{text}");
        }
    }
}
