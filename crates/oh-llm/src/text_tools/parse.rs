//! A call of a tool, read from what the model wrote.

use oh_chat::{ToolCall, ToolSpec};
use serde_json::{Map, Value};

use super::schema;

/// How a call begins, in lower case.
pub(super) const OPENING: &str = "<function=";
const CLOSING: &str = "</function";
const PARAMETER: &str = "<parameter=";
const END_OF_VALUE: &str = "</parameter";

/// What an answer consists of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The text before the call.
    pub(super) text: String,
    pub(super) call: Call,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
}

impl Call {
    pub(super) fn with_id(self, id: String) -> ToolCall {
        let arguments = Value::Object(self.arguments).to_string();
        ToolCall { id, name: self.name, arguments }
    }
}

/// Finds the first call. `Ok(None)` is an answer without one; an error says what was wrong
/// with it.
pub(super) fn read(text: &str, tools: &[ToolSpec]) -> Result<Option<Found>, String> {
    let lower = text.to_ascii_lowercase();
    let Some(start) = lower.find(OPENING) else { return Ok(None) };
    let mut cursor = Cursor { text, lower: &lower, at: start };
    let call = cursor.call(tools)?;
    let mut further = Vec::new();
    while let Some(next) = cursor.lower[cursor.at..].find(OPENING) {
        cursor.at += next;
        match cursor.call(tools) {
            Ok(call) => further.push(call.name),
            Err(_) => break,
        }
    }
    let mut text = text[..start].trim_end().to_owned();
    if !further.is_empty() {
        let names = further.join("`, `");
        let separator = if text.is_empty() { "" } else { "\n\n" };
        text.push_str(separator);
        text.push_str(&format!("(Only the first call was made, not: `{names}`.)"));
    }
    Ok(Some(Found { text, call }))
}

/// A place in what the model wrote.
struct Cursor<'a> {
    text: &'a str,
    /// The same with small letters, byte for byte.
    lower: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn call(&mut self, tools: &[ToolSpec]) -> Result<Call, String> {
        self.at += OPENING.len();
        let name = self.name().ok_or("the name after `<function=` does not end with `>`")?;
        let tool = tools.iter().find(|tool| tool.name.eq_ignore_ascii_case(&name));
        let parameters = tool.map(schema::parameters).unwrap_or_default();
        let mut arguments = Map::new();
        while let Some((name, text)) = self.parameter()? {
            let known = parameters.iter().find(|known| known.name.eq_ignore_ascii_case(&name));
            let value = schema::value(known.map(|known| known.kind.as_str()), &text);
            arguments.insert(known.map_or(name, |known| known.name.clone()), value);
        }
        Ok(Call { name: tool.map_or(name, |tool| tool.name.clone()), arguments })
    }

    /// Reads up to `>`, which stands on the same line.
    fn name(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find(['>', '\n']).filter(|end| rest[*end..].starts_with('>'))?;
        self.at += end + 1;
        let name = rest[..end].trim().trim_matches(['"', '\'']).to_owned();
        (!name.is_empty()).then_some(name)
    }

    /// Reads the next parameter of this call, if there is one.
    fn parameter(&mut self) -> Result<Option<(String, String)>, String> {
        let rest = &self.lower[self.at..];
        let end = [CLOSING, OPENING].iter().filter_map(|tag| rest.find(tag)).min();
        let end = end.unwrap_or(rest.len());
        let Some(start) = rest.find(PARAMETER).filter(|start| *start < end) else {
            self.at += end;
            return Ok(None);
        };
        self.at += start + PARAMETER.len();
        if let Some(parameter) = self.parameter_without_bracket() {
            return Ok(Some(parameter));
        }
        let name = self.name().ok_or("the name after `<parameter=` does not end with `>`")?;
        let rest = &self.lower[self.at..];
        // The end of the call ends a value that has no end of its own.
        let end = rest.find(END_OF_VALUE).or_else(|| rest.find(CLOSING));
        let end = end.unwrap_or_else(|| rest.strip_suffix("</").unwrap_or(rest).len());
        let value = without_line_breaks(&self.text[self.at..self.at + end]).to_owned();
        self.at += end;
        self.skip_tag(END_OF_VALUE);
        Ok(Some((name, value)))
    }

    /// Reads `a=b</parameter>`, where the bracket after the name was forgotten.
    fn parameter_without_bracket(&mut self) -> Option<(String, String)> {
        let end = self.lower[self.at..].find(END_OF_VALUE)?;
        let inside = &self.text[self.at..self.at + end];
        let (name, value) = inside.split_once('=')?;
        if inside.contains('>') && inside.find('>') < inside.find('=') || name.contains('>') {
            return None;
        }
        let parameter = (name.trim().to_owned(), without_line_breaks(value).to_owned());
        self.at += end;
        self.skip_tag(END_OF_VALUE);
        Some(parameter)
    }

    fn skip_tag(&mut self, tag: &str) {
        let rest = &self.lower[self.at..];
        if rest.starts_with(tag) {
            self.at += rest.find('>').map_or(tag.len(), |end| end + 1);
        }
    }
}

/// Takes one line break off each end.
fn without_line_breaks(text: &str) -> &str {
    let text = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text);
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tools() -> Vec<ToolSpec> {
        let tool = |name: &str, properties: Value| ToolSpec {
            name: name.to_owned(),
            description: String::new(),
            parameters: json!({"type": "object", "properties": properties}).to_string(),
        };
        let text = json!({"type": "string"});
        vec![
            tool("execute_bash", json!({"command": text, "timeout": {"type": "number"}})),
            tool(
                "edit",
                json!({
                    "path": text, "text": text, "line": {"type": ["integer", "null"]},
                    "range": {"type": "array"}, "all": {"type": "boolean"},
                    "options": {"type": "object"},
                }),
            ),
        ]
    }

    #[test]
    fn a_call_is_read() {
        let check = |text: &str, before: &str, name: &str, arguments: Value| {
            let found = read(text, &tools()).unwrap().unwrap();
            let found = (found.text, found.call.name, Value::Object(found.call.arguments));
            assert_eq!(found, (before.to_owned(), name.to_owned(), arguments), "{text}");
        };
        let ls = json!({"command": "ls"});
        let bash = "execute_bash";
        check(
            "I look.\n\n<function=execute_bash>\n<parameter=command>ls</parameter>\n</function>",
            "I look.",
            bash,
            ls.clone(),
        );
        // What the stop word leaves over, in each length.
        for end in ["", "</", "\n", "\n</", "</function", "</function>", "\n</function>\nDone."] {
            let text = format!("<function=execute_bash>\n<parameter=command>ls</parameter>{end}");
            check(&text, "", bash, ls.clone());
        }
        check(
            "<function=execute_bash><parameter=command>ls</parameter></function>",
            "",
            bash,
            ls.clone(),
        );
        check(
            "<FUNCTION=execute_bash>\n<Parameter=command>ls</PARAMETER>\n</Function>",
            "",
            bash,
            ls.clone(),
        );
        check(
            "<function=execute_bash>\n<parameter=command=ls</parameter>\n</function>",
            "",
            bash,
            ls.clone(),
        );
        check("<function=execute_bash>\n<parameter=command>ls\n</function>", "", bash, ls.clone());
        check("<function=execute_bash>\n<parameter=command>ls", "", bash, ls);
        check("<function=execute_bash>\n</function>", "", bash, json!({}));
        check(
            "<function=unknown>\n<parameter=x>1</parameter>\n</function>",
            "",
            "unknown",
            json!({"x": "1"}),
        );
    }

    #[test]
    fn values_are_read_as_their_parameters_want_them() {
        let check = |parameter: &str, expected: Value| {
            let text = format!("<function=edit>\n<parameter={parameter}</parameter>\n</function>");
            let found = read(&text, &tools()).unwrap().unwrap();
            assert_eq!(Value::Object(found.call.arguments), expected, "{text}");
        };
        check("text>\n\n  a\n\n", json!({"text": "\n  a\n"}));
        check("text>a = b > c", json!({"text": "a = b > c"}));
        check("text>if (a<function=b) {}", json!({"text": "if (a<function=b) {}"}));
        check("text></function>\n", json!({"text": "</function>"}));
        check("text>12", json!({"text": "12"}));
        check("line> 12\n", json!({"line": 12}));
        check("line>twelve", json!({"line": "twelve"}));
        check("line>1.5", json!({"line": "1.5"}));
        check("range>[1, -1]", json!({"range": [1, -1]}));
        check("range>1, 2", json!({"range": "1, 2"}));
        check("all>True", json!({"all": true}));
        check("all>perhaps", json!({"all": "perhaps"}));
        check("options>{\"a\": 1}", json!({"options": {"a": 1}}));
        check("other>x", json!({"other": "x"}));
    }

    #[test]
    fn the_first_of_several_calls_counts() {
        let one = |command| {
            format!(
                "<function=execute_bash>\n<parameter=command>{command}</parameter>\n</function>\n"
            )
        };
        let text = format!("Both:\n{}{}", one("ls"), one("pwd"));
        let found = read(&text, &tools()).unwrap().unwrap();
        assert_eq!(found.text, "Both:\n\n(Only the first call was made, not: `execute_bash`.)");
        assert_eq!(found.call.arguments["command"], "ls");
    }

    #[test]
    fn what_is_no_call_is_text_or_a_mistake() {
        assert_eq!(read("Hello <b>", &tools()), Ok(None));
        let mistake = |text: &str| read(text, &tools()).unwrap_err();
        assert!(mistake("<function=execute_bash\nls").contains("<function="));
        assert!(mistake("<function=>").contains("<function="));
        assert!(mistake("<function=edit>\n<parameter=text\nls").contains("<parameter="));
    }
}
