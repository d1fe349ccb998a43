//! Redirections, here-documents and parentheses.

use super::{CasePart, Frame, Heredoc, Lexer, Step, Stop};

impl Lexer<'_> {
    pub(super) fn skip_heredoc(&mut self, heredoc: &Heredoc) -> Step {
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

    pub(super) fn redirection(&mut self) -> Step {
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
    pub(super) fn open_parenthesis(&mut self) -> Step {
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

    pub(super) fn close_parenthesis(&mut self) -> Step {
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
}
