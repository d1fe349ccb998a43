//! Python's literals, read leniently.

/// A value in a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    None,
    List(Vec<Self>),
}

/// Reads a text from its beginning.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes blanks, line ends and comments.
    pub(super) fn skip_space(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
        }
    }

    /// Takes letters, digits, `_` and what `more` has; may be empty.
    pub(super) fn word(&mut self, more: &[char]) -> &'a str {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || more.contains(&c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Reads one value.
    pub(super) fn literal(&mut self) -> Result<Literal, String> {
        self.skip_space();
        let before = self.rest;
        match self.peek() {
            None => Err("a value is missing at the end".to_owned()),
            Some('\'' | '"' | '`') => self.strings(false),
            Some('[') => self.list(']'),
            Some('(') => self.list(')'),
            Some('{') => self.list('}'),
            Some(_) => {
                let word = self.word(&['-', '+', '.']);
                let is_prefix = matches!(word, "r" | "R" | "b" | "f" | "u" | "rb" | "br" | "fr");
                if is_prefix && matches!(self.peek(), Some('\'' | '"')) {
                    return self.strings(word.contains(['r', 'R']));
                }
                Ok(match word {
                    "True" | "true" => Literal::Bool(true),
                    "False" | "false" => Literal::Bool(false),
                    "None" | "null" | "undefined" => Literal::None,
                    "" => {
                        self.rest = before;
                        let found: String = before.chars().take(20).collect();
                        return Err(format!("a value was expected before `{found}`"));
                    }
                    word => match word.parse::<f64>() {
                        Ok(number) if number.is_finite() => Literal::Number(number),
                        // A word without quotes is most likely a text whose quotes were forgotten.
                        Ok(_) | Err(_) => Literal::Text(word.to_owned()),
                    },
                })
            }
        }
    }

    /// Reads a string, and those that follow it at once, as Python joins them.
    fn strings(&mut self, is_raw: bool) -> Result<Literal, String> {
        let mut text = self.string(is_raw)?;
        loop {
            let before = self.rest;
            self.skip_space();
            if !matches!(self.peek(), Some('\'' | '"')) {
                self.rest = before;
                return Ok(Literal::Text(text));
            }
            text.push_str(&self.string(false)?);
        }
    }

    fn string(&mut self, is_raw: bool) -> Result<String, String> {
        let Some(quote) = self.peek() else { return Ok(String::new()) };
        let triple: String = [quote; 3].iter().collect();
        let end = if self.rest.starts_with(&triple) { triple } else { quote.to_string() };
        self.rest = &self.rest[end.len()..];
        let mut text = String::new();
        while !self.rest.is_empty() {
            if let Some(rest) = self.rest.strip_prefix(end.as_str()) {
                self.rest = rest;
                return Ok(text);
            }
            let mut chars = self.rest.chars();
            let c = chars.next().unwrap_or_default();
            self.rest = chars.as_str();
            if c != '\\' {
                text.push(c);
            } else if is_raw {
                text.push(c);
                text.extend(self.next_char());
            } else {
                self.escape(&mut text);
            }
        }
        Err(format!("the text that begins with {quote} does not end"))
    }

    fn next_char(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn escape(&mut self, text: &mut String) {
        match self.next_char() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('0') => text.push('\0'),
            Some('\n') => {}
            Some('x') => self.code_point(2, text),
            Some('u') => self.code_point(4, text),
            Some('U') => self.code_point(8, text),
            Some(c @ ('\\' | '\'' | '"' | '`')) => text.push(c),
            // Python keeps what it does not know.
            Some(c) => text.extend(['\\', c]),
            None => text.push('\\'),
        }
    }

    fn code_point(&mut self, digits: usize, text: &mut String) {
        let number = self.rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(c) = number.and_then(char::from_u32) else {
            text.push(char::REPLACEMENT_CHARACTER);
            return;
        };
        text.push(c);
        self.rest = &self.rest[digits..];
    }

    fn list(&mut self, end: char) -> Result<Literal, String> {
        self.next_char();
        let mut values = Vec::new();
        loop {
            self.skip_space();
            if self.take(end) {
                return Ok(Literal::List(values));
            }
            if self.rest.is_empty() {
                return Err(format!("a list does not end with `{end}`"));
            }
            values.push(self.literal()?);
            self.skip_space();
            self.take(',');
        }
    }
}
