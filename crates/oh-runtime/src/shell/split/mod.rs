//! How many commands a text holds.

mod expansion;
mod operators;
#[cfg(test)]
mod tests;

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
    let mut lexer = Lexer::new(text);
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
    fn new(text: &'a str) -> Self {
        Self {
            text,
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
}
