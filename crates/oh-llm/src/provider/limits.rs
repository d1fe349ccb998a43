//! How long an answer may be when a provider says that it was asked for too much.

/// An answer for which there is less room is not worth asking for.
const LEAST_ROOM: u64 = 256;
/// Providers count a little differently each time.
const MARGIN: u64 = 16;

/// Returns how many tokens the answer may have, if the provider complains that the request and
/// the answer together, or the answer alone, would be too long.
pub(super) fn room(message: &str) -> Option<u32> {
    let text = message.to_lowercase();
    let room = beside_the_request(&text)
        .map(|room| room.saturating_sub(MARGIN))
        .or_else(|| longest_answer(&text))?;
    u32::try_from(room).ok().filter(|_| room >= LEAST_ROOM)
}

fn beside_the_request(text: &str) -> Option<u64> {
    // Anthropic's: sent + wanted > window.
    if let Some((_, sum)) = text.split_once("exceed context limit:") {
        let (sent, rest) = sum.split_once('+')?;
        let (_, window) = rest.split_once('>')?;
        return number_at_start(window)?.checked_sub(number_at_start(sent)?);
    }
    let window = after(text, "maximum context length is")
        .or_else(|| after(text, "maximum context length of"))?;
    let sent = ["in the messages", "in your prompt", "input tokens", "of text input"]
        .iter()
        .find_map(|words| before(text, words))?;
    window.checked_sub(sent)
}

fn longest_answer(text: &str) -> Option<u64> {
    if text.contains("maximum allowed number of output tokens") {
        let (_, rest) = text.split_once('>')?;
        return number_at_start(rest);
    }
    if !text.contains("max_tokens") && !text.contains("max_completion_tokens") {
        return None;
    }
    ["supports at most", "must be less than or equal to", "valid range of max_tokens is [1,"]
        .iter()
        .find_map(|words| after(text, words))
}

fn after(text: &str, words: &str) -> Option<u64> {
    number_at_start(text.split_once(words)?.1)
}

fn before(text: &str, words: &str) -> Option<u64> {
    let start = text.split_once(words)?.0.trim_end();
    let digits = start.len() - start.trim_end_matches(is_digit).len();
    number_at_start(&start[start.len() - digits..])
}

fn number_at_start(text: &str) -> Option<u64> {
    let text = text.trim_start_matches([' ', '`', '\'']);
    let end = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    text[..end].replace(',', "").parse().ok()
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || character == ','
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn a_complaint_says_how_much_room_there_is() {
        let check = |message, expected| assert_eq!(room(message), expected, "{message}");
        check(
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again",
            Some(11_744),
        );
        check(
            "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.",
            Some(3176),
        );
        check(
            "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 16384 tokens and your request has 12000 input tokens (8192 > 16384 - 12000).",
            Some(4368),
        );
        check(
            "This endpoint's maximum context length is 200000 tokens. However, you requested about 205000 tokens (173000 of text input, 32000 in the output).",
            Some(26_984),
        );
        check(
            "max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022",
            Some(8192),
        );
        check(
            "max_tokens is too large: 64000. This model supports at most 16,384 completion tokens, whereas you provided 64000.",
            Some(16_384),
        );
        check("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", Some(8192));
    }

    #[test]
    fn where_there_is_no_room_nothing_is_tried() {
        let check = |message| assert_eq!(room(message), None, "{message}");
        check("prompt is too long: 210000 tokens > 200000 maximum");
        check(
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130112 tokens.",
        );
        check("input length and `max_tokens` exceed context limit: 199990 + 21333 > 200000");
        check("input length and `max_tokens` exceed context limit: many + more > less");
        check("This model's maximum context length is 8192 tokens (9000 in the messages)");
        check("");
    }
}
