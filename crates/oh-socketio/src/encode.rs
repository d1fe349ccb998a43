use crate::packet::AckId;

/// Returns a whole event frame: `42["name",…]`, or `45<n>-["name",…]` if attachments follow.
///
/// Each argument must be one JSON text; it is copied as it is and not checked.
/// With attachments the arguments hold the placeholders `{"_placeholder":true,"num":0}` and so on,
/// and the caller sends the attachments as binary frames right after this one (Socket.IO protocol v5, packet encoding).
pub fn encode_event(namespace: &str, name: &str, args: &[&str], attachments: usize) -> String {
    let mut frame = event_start(namespace, None, name, attachments);
    for arg in args {
        frame.push(',');
        frame.push_str(arg);
    }
    frame.push(']');
    frame
}

/// Returns a whole acknowledgement frame: `43<id>[…]`, or `46<n>-<id>[…]` if attachments follow.
///
/// What [`encode_event`] says about arguments and attachments holds here too.
pub fn encode_ack(namespace: &str, id: AckId, args: &[&str], attachments: usize) -> String {
    let mut frame = ack_start(namespace, id, attachments);
    frame.push_str(&args.join(","));
    frame.push(']');
    frame
}

/// Returns the part of an event frame before its first argument, `42["name",`.
///
/// A whole frame is this prefix, one JSON text and `]`, so stored JSON goes out without being parsed.
pub fn event_prefix(namespace: &str, name: &str) -> String {
    let mut prefix = event_start(namespace, None, name, 0);
    prefix.push(',');
    prefix
}

/// Returns the answer to an accepted CONNECT.
pub(crate) fn encode_connected(namespace: &str, sid: &str) -> String {
    let mut frame = head('0', 0, namespace, None);
    frame.push_str(&format!(r#"{{"sid":{}}}"#, json_string(sid)));
    frame
}

/// Returns an event frame up to its name: `42["name"`.
pub(crate) fn event_start(
    namespace: &str,
    ack: Option<AckId>,
    name: &str,
    attachments: usize,
) -> String {
    let kind = if attachments == 0 { '2' } else { '5' };
    let mut frame = head(kind, attachments, namespace, ack);
    frame.push('[');
    frame.push_str(&json_string(name));
    frame
}

/// Returns an acknowledgement frame up to its first argument: `431[`.
pub(crate) fn ack_start(namespace: &str, id: AckId, attachments: usize) -> String {
    let kind = if attachments == 0 { '3' } else { '6' };
    let mut frame = head(kind, attachments, namespace, Some(id));
    frame.push('[');
    frame
}

/// Returns everything in front of the payload: `4<type>[<attachments>-][<namespace>,][<ack id>]`.
pub(crate) fn head(kind: char, attachments: usize, namespace: &str, ack: Option<AckId>) -> String {
    let mut frame = String::from("4");
    frame.push(kind);
    if attachments > 0 {
        frame.push_str(&format!("{attachments}-"));
    }
    if namespace != "/" {
        frame.push_str(namespace);
        frame.push(',');
    }
    if let Some(AckId(id)) = ack {
        frame.push_str(&id.to_string());
    }
    frame
}

/// Returns the text as a JSON string with its quotes.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
