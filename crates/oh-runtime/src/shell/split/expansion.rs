//! Quotations and expansions inside of words.

use super::{Frame, Lexer, Step};

impl Lexer<'_> {
    /// A quotation or an expansion, in a word or between double quotes.
    pub(super) fn expansion(&mut self) -> Step {
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

    pub(super) fn in_quote(&mut self) -> Step {
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

    pub(super) fn in_parameter(&mut self) -> Step {
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

    pub(super) fn in_arithmetic(&mut self) -> Step {
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
