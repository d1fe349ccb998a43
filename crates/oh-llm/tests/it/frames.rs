//! Bedrock's binary stream of events, made from one `[name, payload]` a line.

use serde_json::Value;

/// Encodes the events; a name that begins with `!` is an exception.
pub(crate) fn encode(lines: &[u8]) -> Vec<u8> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.flat_map(|line| frame(&serde_json::from_str(line).unwrap())).collect()
}

fn frame(event: &Value) -> Vec<u8> {
    let name = event[0].as_str().unwrap();
    let (kind, key) = match name.strip_prefix('!') {
        Some(_) => ("exception", ":exception-type"),
        None => ("event", ":event-type"),
    };
    let mut headers = header(key, name.trim_start_matches('!'));
    headers.extend(header(":content-type", "application/json"));
    headers.extend(header(":message-type", kind));
    let payload = event[1].to_string().into_bytes();
    let length = 16 + headers.len() + payload.len();
    let mut bytes = u32::try_from(length).unwrap().to_be_bytes().to_vec();
    bytes.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend(payload);
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes
}

fn header(name: &str, value: &str) -> Vec<u8> {
    const STRING: u8 = 7;
    let mut bytes = vec![u8::try_from(name.len()).unwrap()];
    bytes.extend(name.as_bytes());
    bytes.push(STRING);
    bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    bytes.extend(value.as_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 }
        })
    })
}
