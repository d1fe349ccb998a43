//! Words by which failures are recognized, in lower case.

/// Texts in lower case that mean that the request is longer than the model can read.
pub(super) const CONTEXT_WINDOW: [&str; 11] = [
    "exceeds the maximum number of tokens allowed",
    "input is too long for requested model",
    "exceeds the context window",
    "contextwindowexceedederror",
    "prompt is too long",
    "input length and `max_tokens` exceed context limit",
    "please reduce the length of",
    "the request exceeds the available context size",
    "context length exceeded",
    "context_length_exceeded",
    "maximum context length",
];

/// Texts that mean that the provider does not like the content.
pub(super) const CONTENT_POLICY: [&str; 5] = [
    "content_policy_violation",
    "contentpolicyviolation",
    "content_filter",
    "content management policy",
    "requires moderation",
];

/// Texts in lower case that mean that the model or its server knows no tools.
pub(super) const NO_TOOLS: [&str; 9] = [
    "does not support tools",
    "doesn't support tool use",
    "does not support tool use",
    "support tool use",
    "tool calling` is not supported",
    "tools is not supported",
    "'tools' is not supported",
    "tool choice requires --enable-auto-tool-choice",
    "tools param requires --jinja",
];

/// Texts that mean that there is no money left.
pub(super) const OUT_OF_CREDITS: [&str; 7] = [
    "billing_error",
    "insufficient_quota",
    "exceededbudget",
    "budget_exceeded",
    "budget has been exceeded",
    "credit balance",
    "credits",
];

/// Texts that mean that the key is wrong, whatever the status is.
pub(super) const BAD_KEY: [&str; 2] = ["api key not valid", "api_key_invalid"];

/// Texts that mean that there were too many requests, where nothing else says so.
pub(super) const TOO_MANY: [&str; 3] =
    ["please wait before trying again", "too many requests", "throttl"];
