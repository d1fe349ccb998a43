use serde_json::value::RawValue;

use crate::error::PacketError;

/// The arguments of an event or an acknowledgement: JSON texts, kept byte for byte.
///
/// They are stored as one text, so thousands of tiny arguments take no more memory than the frame they came in.
/// In a packet with attachments an argument may hold placeholders, `{"_placeholder":true,"num":0}`;
/// `num` is whatever the sender wrote, so look the attachment up with `get`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Args {
    /// The arguments with commas between them, without the brackets of the array.
    json: String,
}

impl Args {
    /// Returns the arguments in order, each one a JSON text without white space around it.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.json.as_str();
        std::iter::from_fn(move || {
            let (element, tail) = split_first(rest)?;
            rest = tail;
            Some(element)
        })
    }

    /// Returns the first argument.
    pub fn first(&self) -> Option<&str> {
        self.iter().next()
    }

    /// Returns true if there is no argument.
    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// Returns the arguments with commas between them: the inside of the JSON array.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// Takes all elements of a JSON array as arguments.
    pub(crate) fn parse(array: &str) -> Result<Self, PacketError> {
        Ok(Self { json: array_body(array)?.to_owned() })
    }

    /// Takes the first element of a JSON array as the name of an event, and the others as its arguments.
    pub(crate) fn parse_event(array: &str) -> Result<(String, Self), PacketError> {
        let body = array_body(array)?;
        let (name, rest) = split_first(body).ok_or(PacketError::NameMissing)?;
        let name = serde_json::from_str(name).map_err(|_| PacketError::NameMissing)?;
        Ok((name, Self { json: rest.to_owned() }))
    }
}

/// Each item must be one JSON text; this is not checked.
impl<'a> FromIterator<&'a str> for Args {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut json = String::new();
        for text in texts {
            if !json.is_empty() {
                json.push(',');
            }
            json.push_str(text.trim_matches(is_json_space));
        }
        Self { json }
    }
}

/// Checks that the text is JSON and returns it without white space around it.
pub(crate) fn check_json(text: &str) -> Result<&str, PacketError> {
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|error| PacketError::Json(error.to_string()))?;
    Ok(raw.get())
}

/// Returns what is between the brackets of a JSON array.
fn array_body(text: &str) -> Result<&str, PacketError> {
    check_json(text)?
        .strip_prefix('[')
        .and_then(|body| body.strip_suffix(']'))
        .map(|body| body.trim_matches(is_json_space))
        .ok_or(PacketError::NotAnArray)
}

/// Splits valid JSON texts with commas between them into the first one and the rest.
fn split_first(body: &str) -> Option<(&str, &str)> {
    if body.is_empty() {
        return None;
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                let (first, rest) = body.split_at(at);
                let rest = rest.get(1..).unwrap_or_default();
                return Some((
                    first.trim_end_matches(is_json_space),
                    rest.trim_start_matches(is_json_space),
                ));
            }
            _ => {}
        }
    }
    Some((body, ""))
}

fn is_json_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}
