//! The head of a file between two lines of `---`, in YAML.

use std::iter::Peekable;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use super::SkillProblem;

/// How deep values may lie in one another.
const MAX_DEPTH: usize = 8;
/// Longest front matter, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// A value of the front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Self>),
    /// The last of equal keys counts.
    Map(Vec<(String, Self)>),
}

impl Value {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value)
                .filter(|value| **value != Self::Null),
            Self::Null | Self::Text(_) | Self::List(_) => None,
        }
    }
}

/// Returns the front matter and the rest of a file.
pub(super) fn split(text: &str) -> Result<(Value, &str), SkillProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = after_fence(text) else { return Ok((Value::Null, text)) };
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let (head, tail) = rest.split_at(length);
            return Ok((read(head)?, &tail[line.len()..]));
        }
        length += line.len();
        if length > MAX_LENGTH {
            return Err(SkillProblem::FrontMatterTooLong);
        }
    }
    // A rule at the top of a page is no front matter.
    Ok((Value::Null, text))
}

fn after_fence(text: &str) -> Option<&str> {
    let (line, rest) = text.split_once('\n')?;
    (line.trim_end() == "---").then_some(rest)
}

fn read(yaml: &str) -> Result<Value, SkillProblem> {
    let mut events = Parser::new_from_str(yaml).peekable();
    loop {
        match events.peek() {
            None | Some(Ok((Event::StreamEnd, _))) => return Ok(Value::Null),
            Some(Ok((Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _))) => {
                events.next();
            }
            Some(_) => break,
        }
    }
    match value(&mut events, 0)? {
        value @ (Value::Null | Value::Map(_)) => Ok(value),
        Value::Text(_) | Value::List(_) => {
            Err(SkillProblem::FrontMatter("it must be `key: value` lines".to_owned()))
        }
    }
}

type Events<'a> = Peekable<Parser<'a, StrInput<'a>>>;

fn value(events: &mut Events<'_>, depth: usize) -> Result<Value, SkillProblem> {
    if depth > MAX_DEPTH {
        return Err(SkillProblem::FrontMatter(format!(
            "values lie more than {MAX_DEPTH} deep in one another"
        )));
    }
    match next(events)? {
        Event::Scalar(text, style, ..) => Ok(scalar(&text, style)),
        Event::SequenceStart(..) => {
            let mut list = Vec::new();
            while !ends(events, &Event::SequenceEnd) {
                list.push(value(events, depth + 1)?);
            }
            events.next();
            Ok(Value::List(list))
        }
        Event::MappingStart(..) => {
            let mut map = Vec::new();
            while !ends(events, &Event::MappingEnd) {
                let Value::Text(key) = value(events, depth + 1)? else {
                    return Err(SkillProblem::FrontMatter("a key must be a word".to_owned()));
                };
                map.push((key, value(events, depth + 1)?));
            }
            events.next();
            Ok(Value::Map(map))
        }
        // Copies of copies could fill the memory.
        Event::Alias(_) => {
            Err(SkillProblem::FrontMatter("aliases (`*name`) are not read".to_owned()))
        }
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::SequenceEnd
        | Event::MappingEnd => Ok(Value::Null),
    }
}

fn ends(events: &mut Events<'_>, end: &Event<'_>) -> bool {
    matches!(events.peek(), Some(Ok((event, _))) if event == end)
}

fn next<'a>(events: &mut Events<'a>) -> Result<Event<'a>, SkillProblem> {
    match events.next() {
        Some(Ok((event, _))) => Ok(event),
        Some(Err(error)) => Err(SkillProblem::FrontMatter(error.to_string())),
        None => Err(SkillProblem::FrontMatter("it ends too early".to_owned())),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_plain = style == ScalarStyle::Plain;
    if is_plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    }
}
