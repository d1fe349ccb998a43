//! What a call returned, small enough for an event and for a prompt.

use serde_json::{Value, json};

/// Longest text of a result, in characters.
const MAX_CHARS: usize = 30_000;
/// Longest picture, as text.
const MAX_PICTURE_CHARS: usize = 5_000_000;
const MAX_PICTURES: usize = 10;
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// What is kept of a text at least when it is cut.
const MIN_TEXT: usize = 200;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpResult {
    /// JSON: `content`, `isError` and what else the server returned.
    pub content: String,
    /// Pictures as data URLs; in the content their place is kept.
    pub image_urls: Vec<String>,
}

impl McpResult {
    /// Returns the result of a call that failed.
    #[must_use]
    pub fn failed(error: &str) -> Self {
        let result =
            json!({"isError": true, "error": shortened(error, MAX_CHARS / 2), "content": []});
        Self { content: result.to_string(), image_urls: Vec::new() }
    }

    /// Takes pictures out of a result and cuts what is too long.
    pub(crate) fn of(mut result: Value) -> Self {
        let mut image_urls = Vec::new();
        if let Some(fields) = result.as_object_mut() {
            fields.remove("resultType");
            fields.remove("_meta");
            fields.entry("isError").or_insert(json!(false));
        }
        for item in result["content"].as_array_mut().into_iter().flatten() {
            take_data(item, &mut image_urls);
        }
        Self { content: limited(result), image_urls }
    }
}

/// Replaces data that is no text by a few words.
fn take_data(item: &mut Value, image_urls: &mut Vec<String>) {
    let (kind, mime) = (item["type"].as_str().unwrap_or_default(), item["mimeType"].as_str());
    let mime = mime.unwrap_or_default().to_owned();
    match kind {
        "image" => {
            let data = item["data"].as_str().unwrap_or_default();
            let is_shown = PICTURES.contains(&mime.as_str())
                && data.len() <= MAX_PICTURE_CHARS
                && image_urls.len() < MAX_PICTURES;
            let words = if is_shown {
                image_urls.push(format!("data:{mime};base64,{data}"));
                format!("[picture {}]", image_urls.len())
            } else {
                format!("[picture of {} characters left out]", data.len())
            };
            item["data"] = json!(words);
        }
        "audio" => {
            let length = item["data"].as_str().map_or(0, str::len);
            item["data"] = json!(format!("[sound of {length} characters left out]"));
        }
        "resource" => {
            if let Some(length) = item["resource"]["blob"].as_str().map(str::len) {
                item["resource"]["blob"] = json!(format!("[{length} characters left out]"));
            }
        }
        _ => {}
    }
}

/// Returns the JSON text, with long texts cut so that it is not too long.
fn limited(mut result: Value) -> String {
    let text = result.to_string();
    if text.chars().count() <= MAX_CHARS {
        return text;
    }
    // It says the same as the content.
    if result["content"].as_array().is_some_and(|content| !content.is_empty())
        && let Some(fields) = result.as_object_mut()
    {
        fields.remove("structuredContent");
    }
    let mut limit = MAX_CHARS / 2;
    while limit >= MIN_TEXT {
        let mut cut = result.clone();
        for item in cut["content"].as_array_mut().into_iter().flatten() {
            for place in ["/text", "/resource/text"] {
                if let Some(Value::String(text)) = item.pointer_mut(place) {
                    *text = shortened(text, limit);
                }
            }
        }
        let text = cut.to_string();
        if text.chars().count() <= MAX_CHARS {
            return text;
        }
        limit = limit * 3 / 4;
    }
    let text = shortened(&result.to_string(), MAX_CHARS / 3);
    json!({"content": [{"type": "text", "text": text}], "isError": result["isError"]}).to_string()
}

fn shortened(text: &str, limit: usize) -> String {
    without_middle(text, limit, |left_out| format!("\n[... {left_out} characters left out ...]\n"))
}

/// Cuts the middle out of a text that is longer than `limit` characters; `marker` says how
/// many are left out.
pub(crate) fn without_middle(
    text: &str,
    limit: usize,
    marker: impl FnOnce(usize) -> String,
) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    let half = limit / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}{}{tail}", marker(count - 2 * half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_result_stays_as_it_is() {
        let content = json!([{"type": "text", "text": "a"}]);
        let result = McpResult::of(json!({"resultType": "complete", "content": content}));
        let expected = json!({"content": content, "isError": false});
        assert_eq!(serde_json::from_str::<Value>(&result.content).unwrap(), expected);
        let failed = McpResult::of(json!({"content": [], "isError": true}));
        assert_eq!(failed.content, r#"{"content":[],"isError":true}"#);
    }

    #[test]
    fn a_picture_is_kept_apart_and_other_data_is_left_out() {
        let result = McpResult::of(json!({"content": [
            {"type": "image", "mimeType": "image/png", "data": "AAAA"},
            {"type": "image", "mimeType": "image/x-odd", "data": "AAAA"},
            {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"},
            {"type": "resource", "resource": {"uri": "x:y", "blob": "AAAA"}},
        ]}));
        assert_eq!(result.image_urls, ["data:image/png;base64,AAAA"]);
        let content: Value = serde_json::from_str(&result.content).unwrap();
        assert_eq!(content["content"][0]["data"], "[picture 1]");
        assert!(!result.content.contains("AAAA"), "{}", result.content);
    }

    #[test]
    fn a_long_result_is_cut_and_stays_json() {
        let text = |length: usize| json!({"type": "text", "text": "ä\"".repeat(length / 2)});
        for content in [
            json!([text(100_000)]),
            json!([{"type": "text", "text": "keep"}, text(50_000), text(50_000)]),
            json!(vec![text(100); 2000]),
            json!([{"type": "odd", "other": "x".repeat(50_000)}]),
        ] {
            let structured = json!({"result": "x".repeat(40_000)});
            let whole = json!({"content": content, "structuredContent": structured});
            let result = McpResult::of(whole);
            assert!(result.content.chars().count() <= MAX_CHARS);
            let json: Value = serde_json::from_str(&result.content).unwrap();
            assert_eq!(json["isError"], false);
            assert!(result.content.contains("characters left out"), "{}", result.content);
        }
        assert!(McpResult::failed(&"x".repeat(100_000)).content.len() < MAX_CHARS);
    }
}
