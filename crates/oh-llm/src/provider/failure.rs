//! What can be done about a provider's failure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai::{Error, webc};
use oh_chat::CompletionFailure;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::signs::{BAD_KEY, CONTENT_POLICY, CONTEXT_WINDOW, NO_TOOLS, OUT_OF_CREDITS, TOO_MANY};

/// How much of a provider's words is kept.
const MAX_MESSAGE_CHARS: usize = 2000;
/// Shorter keys are words such as `none`, which mean that there is no key.
const MIN_SECRET_LENGTH: usize = 6;
const NO_RESPONSE: &str = "the model gave no response";

/// Returns the failure for an error of the client library.
pub(crate) fn of_error(error: &Error) -> CompletionFailure {
    match error {
        Error::HttpError { status, body, headers, .. } => {
            of_response(status.as_u16(), body, retry_after(headers, now()))
        }
        Error::WebModelCall { webc_error, .. } | Error::WebAdapterCall { webc_error, .. } => {
            match webc_error {
                webc::Error::ResponseFailedStatus { status, body, headers } => {
                    of_response(status.as_u16(), body, retry_after(headers, now()))
                }
                webc::Error::Reqwest(error) => of_transport(error),
                other => server(other.to_string()),
            }
        }
        Error::WebStream { cause, error, .. } => {
            if let Some(error) = error.downcast_ref::<Error>() {
                of_error(error)
            } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                of_transport(error)
            } else {
                unavailable(cause.clone())
            }
        }
        Error::ChatResponse { body, .. } => of_report(body),
        Error::StreamParse { serde_error, .. } => {
            server(format!("the provider sent something that is not JSON: {serde_error}"))
        }
        Error::NoChatResponse { .. } => no_response(),
        Error::RequiresApiKey { .. } | Error::NoAuthResolver { .. } | Error::NoAuthData { .. } => {
            CompletionFailure::Authentication { message: "the provider wants a key".to_owned() }
        }
        other => CompletionFailure::BadRequest { message: other.to_string() },
    }
}

/// Returns the failure for an answer with a status that is no success.
fn of_response(status: u16, body: &str, retry_after: Option<Duration>) -> CompletionFailure {
    let message = message_of(status, body);
    let text = body.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|part| text.contains(part));
    match status {
        401 => return CompletionFailure::Authentication { message },
        402 => return CompletionFailure::OutOfCredits { message },
        400 if says(&BAD_KEY) => return CompletionFailure::Authentication { message },
        _ => {}
    }
    if says(&OUT_OF_CREDITS) && status < 500 {
        return CompletionFailure::OutOfCredits { message };
    }
    if says(&CONTENT_POLICY) && status < 500 && status != 429 {
        return CompletionFailure::ContentPolicy { message };
    }
    // Local servers report this with 500 as well.
    if says(&CONTEXT_WINDOW) && status != 403 && status != 429 {
        return CompletionFailure::ContextWindow { message };
    }
    if says(&NO_TOOLS) && status != 403 && status != 429 {
        return CompletionFailure::BadRequest { message };
    }
    match status {
        403 => CompletionFailure::Authentication { message },
        429 => CompletionFailure::RateLimited { retry_after, message },
        408 | 425 | 502..=504 | 520..=524 | 529 => {
            CompletionFailure::Unavailable { retry_after, message }
        }
        300..=399 => CompletionFailure::BadRequest {
            message: format!(
                "the provider's address has moved (status {status}); set the new one as base URL"
            ),
        },
        500.. => CompletionFailure::Server { message },
        _ => CompletionFailure::BadRequest { message },
    }
}

/// Returns the failure for an error that a provider reports inside a stream.
pub(super) fn of_report(report: &Value) -> CompletionFailure {
    // Some wrap what happened, some do not.
    let error = report.get("error").filter(|error| !error.is_null()).unwrap_or(report);
    let number = error.get("code").or_else(|| error.get("status")).and_then(Value::as_u64);
    let status = number.and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400);
    let status = status.unwrap_or_else(|| {
        let words = ["code", "type", "status"].map(|name| error.get(name).and_then(Value::as_str));
        let is = |part: &str| words.iter().flatten().any(|word| word.contains(part));
        if is("rate_limit") || is("RESOURCE_EXHAUSTED") {
            429
        } else if is("overloaded") || is("unavailable") || is("UNAVAILABLE") || is("timeout") {
            529
        } else if is("authentication") || is("invalid_api_key") || is("permission") {
            401
        } else if is("billing") {
            402
        } else if is("invalid_request") || is("context_length") || is("insufficient_quota") {
            400
        } else {
            let text = error.to_string().to_lowercase();
            if TOO_MANY.iter().any(|part| text.contains(part)) { 429 } else { 500 }
        }
    });
    of_response(status, &json!({"error": error}).to_string(), None)
}

/// Says whether the provider complains that the model knows no tools.
pub(crate) fn is_about_tools(failure: &CompletionFailure) -> bool {
    let text = failure.message().to_lowercase();
    matches!(failure, CompletionFailure::BadRequest { .. })
        && NO_TOOLS.iter().any(|part| text.contains(part))
}

fn of_transport(error: &reqwest::Error) -> CompletionFailure {
    let host = error.url().map(|url| url.origin().ascii_serialization());
    let host = host.unwrap_or_else(|| "the provider".to_owned());
    let cause = root_cause(error);
    if error.is_builder() || error.is_request() && error.url().is_none() {
        return CompletionFailure::BadRequest { message: format!("bad request: {cause}") };
    }
    unavailable(if error.is_connect() {
        format!("could not reach {host}: {cause}")
    } else if error.is_timeout() {
        format!("{host} did not answer in time")
    } else {
        format!("the connection to {host} broke off: {cause}")
    })
}

/// Returns the innermost cause: the outer ones only say that something failed.
pub(crate) fn root_cause<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a dyn std::error::Error {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

pub(crate) fn unavailable(message: String) -> CompletionFailure {
    CompletionFailure::Unavailable { retry_after: None, message }
}

pub(super) fn cut_off() -> CompletionFailure {
    unavailable("the answer ended before it was complete".to_owned())
}

pub(super) fn no_response() -> CompletionFailure {
    server(NO_RESPONSE.to_owned())
}

/// Says whether the model answered with nothing.
pub(crate) fn is_no_response(failure: &CompletionFailure) -> bool {
    matches!(failure, CompletionFailure::Server { message } if message == NO_RESPONSE)
}

pub(crate) fn server(message: String) -> CompletionFailure {
    CompletionFailure::Server { message }
}

/// Returns the same failure with every occurrence of the key struck out, and not too long.
pub(crate) fn without_secret(
    mut failure: CompletionFailure,
    secret: Option<&str>,
) -> CompletionFailure {
    let message = match &mut failure {
        CompletionFailure::Authentication { message }
        | CompletionFailure::RateLimited { message, .. }
        | CompletionFailure::Unavailable { message, .. }
        | CompletionFailure::Server { message }
        | CompletionFailure::OutOfCredits { message }
        | CompletionFailure::ContentPolicy { message }
        | CompletionFailure::ContextWindow { message }
        | CompletionFailure::BadRequest { message } => message,
    };
    if let Some(secret) = secret.filter(|secret| secret.len() >= MIN_SECRET_LENGTH) {
        *message = message.replace(secret, "***");
    }
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
        message.truncate(end);
        message.push('…');
    }
    failure
}

/// Finds the provider's words in the body of its answer.
fn message_of(status: u16, body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let words = json.as_ref().and_then(|json| {
        ["/error/message", "/message", "/error", "/detail", "/0/error/message"]
            .iter()
            .find_map(|place| json.pointer(place)?.as_str())
    });
    match words.unwrap_or(body).trim() {
        "" => format!("the provider answered with status {status}"),
        words => words.to_owned(),
    }
}

/// Reads how long to wait: milliseconds, seconds or a date.
fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
    let date = Duration::from_secs(u64::try_from(date).ok()?);
    Some(date.saturating_sub(now))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: &str, message: &str) -> CompletionFailure {
        let message = message.to_owned();
        match kind {
            "authentication" => CompletionFailure::Authentication { message },
            "rate" => CompletionFailure::RateLimited { retry_after: None, message },
            "unavailable" => CompletionFailure::Unavailable { retry_after: None, message },
            "server" => CompletionFailure::Server { message },
            "credits" => CompletionFailure::OutOfCredits { message },
            "policy" => CompletionFailure::ContentPolicy { message },
            "window" => CompletionFailure::ContextWindow { message },
            _ => CompletionFailure::BadRequest { message },
        }
    }

    #[test]
    fn a_status_and_its_text_say_what_to_do() {
        let check = |status, text: &str, kind| {
            let body = serde_json::json!({"error": {"message": text}}).to_string();
            assert_eq!(of_response(status, &body, None), failure(kind, text), "{status} {text}");
        };
        check(401, "no", "authentication");
        check(403, "no", "authentication");
        check(402, "pay", "credits");
        check(429, "insufficient_quota", "credits");
        check(400, "ExceededBudget: over", "credits");
        check(400, "Your credit balance is too low", "credits");
        check(429, "slow down", "rate");
        check(408, "late", "unavailable");
        check(500, "oops", "server");
        check(501, "oops", "server");
        check(502, "oops", "unavailable");
        check(503, "oops", "unavailable");
        check(504, "oops", "unavailable");
        check(529, "overloaded", "unavailable");
        check(400, "unknown field", "bad");
        check(404, "no such model", "bad");
        check(422, "no", "bad");
        check(403, "flagged: requires moderation", "policy");
        check(400, "the response was filtered (content_filter)", "policy");
        check(400, "prompt is too long: 210000 tokens > 200000 maximum", "window");
        check(
            400,
            "This model's maximum context length is 8192 tokens. Please reduce the length of the messages.",
            "window",
        );
        check(500, "tools param requires --jinja flag", "bad");
        check(404, "No endpoints found that support tool use", "bad");
        check(500, "the request exceeds the available context size", "window");
        check(
            400,
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
            "window",
        );
    }

    #[test]
    fn the_words_are_found_in_any_body() {
        let check = |body, expected| assert_eq!(message_of(400, body), expected);
        check(r#"{"error":{"message":"a"}}"#, "a");
        check(r#"{"message":"b"}"#, "b");
        check(r#"{"error":"c"}"#, "c");
        check(r#"{"detail":"d"}"#, "d");
        check(r#"[{"error":{"message":"e"}}]"#, "e");
        check("  plain\n", "plain");
        check("", "the provider answered with status 400");
    }

    #[test]
    fn an_error_in_a_stream_says_what_to_do() {
        let check = |error: Value, kind| {
            assert_eq!(of_report(&error), failure(kind, "m"), "{error}");
        };
        check(json!({"message": "m", "code": 502}), "unavailable");
        check(json!({"message": "m", "code": "rate_limit_exceeded"}), "rate");
        check(json!({"message": "m", "type": "overloaded_error"}), "unavailable");
        check(json!({"message": "m", "type": "server_error"}), "server");
        check(json!({"message": "m", "code": "context_length_exceeded"}), "window");
        check(json!({"message": "m", "code": "insufficient_quota"}), "credits");
        check(
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            "unavailable",
        );
        check(
            json!({"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}),
            "unavailable",
        );
        check(json!({"error": {"message": "m", "status": "RESOURCE_EXHAUSTED"}}), "rate");
        check(json!({"error": "m"}), "server");
        check(json!({"error": {"type": "billing_error", "message": "m"}}), "credits");
    }

    #[test]
    fn waits_are_read_in_each_form() {
        let now = Duration::from_secs(784_111_777);
        let check = |name: &'static str, value: &'static str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(
                retry_after(&headers, now).map(|wait| wait.as_millis()),
                expected.map(u128::from)
            );
        };
        check("retry-after", "20", Some(20_000));
        check("retry-after", "1.5", Some(1_500));
        check("retry-after-ms", "250", Some(250));
        check("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000));
        check("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("retry-after", "-5", None);
        check("retry-after", "soon", None);
    }

    #[test]
    fn the_key_is_struck_out() {
        let refused = failure("authentication", "bad key sk-123, sk-123!");
        assert_eq!(
            without_secret(refused.clone(), Some("sk-123")),
            failure("authentication", "bad key ***, ***!")
        );
        assert_eq!(without_secret(refused.clone(), Some("bad")), refused);
        let long = without_secret(failure("server", &"é".repeat(5000)), None);
        assert_eq!(long.message().chars().count(), MAX_MESSAGE_CHARS + 1);
    }
}
