//! The names of ports: one label in front of `localhost` or of the configured host.

use oh_event::ConversationId;

/// What stands behind the label on this machine.
const HERE: &str = "localhost";
/// Length of the ids that we make.
const ID_LENGTH: usize = 32;
/// Stands before a digest, which is no hexadecimal digit: no id looks like one.
const DIGEST: char = 'x';

/// A port of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) port: u16,
    /// What stands for the conversation in a name.
    pub(crate) conversation: String,
}

impl Target {
    pub(crate) fn new(conversation: &ConversationId, port: u16) -> Self {
        Self { port, conversation: short(conversation) }
    }

    /// Returns the label of a name: at most 40 letters, digits and a hyphen.
    fn label(&self) -> String {
        format!("p{}-{}", self.port, self.conversation)
    }

    fn parse(label: &str) -> Option<Self> {
        let (port, conversation) = label.strip_prefix('p')?.split_once('-')?;
        let is_known = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let digits = conversation.strip_prefix(DIGEST).unwrap_or(conversation);
        let is_proper = digits.len() == ID_LENGTH && digits.chars().all(is_known);
        is_proper.then_some(())?;
        Some(Self { port: parse_port(port)?, conversation: conversation.to_owned() })
    }
}

/// Reads a port: decimal, without a sign or leading zeros.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Returns what stands for a conversation in names: its id, or a digest of it if it is no label.
pub(super) fn short(conversation: &ConversationId) -> String {
    let id = conversation.as_str();
    let is_label = id.len() == ID_LENGTH
        && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_label {
        return id.to_owned();
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
    let hex = digest.as_ref()[..ID_LENGTH / 2].iter().map(|byte| format!("{byte:02x}"));
    std::iter::once(DIGEST.to_string()).chain(hex).collect()
}

/// Says whether a host is below one that names of ports are below, be it such a name or not.
pub(crate) fn is_name(host: &str, preview_host: Option<&str>) -> bool {
    label(host, preview_host).is_some()
}

/// Returns the port that a host names; `None` if it names none.
pub(super) fn target(host: &str, preview_host: Option<&str>) -> Option<Target> {
    Target::parse(&label(host, preview_host)?)
}

/// Returns the host and port of a name that a browser can use which asked for `host`.
///
/// On this machine every browser finds names below `localhost`; elsewhere there has to be a host.
pub(crate) fn host_of(target: &Target, host: &str, preview_host: Option<&str>) -> Option<String> {
    Some(format!("{}.{}", target.label(), above(host, preview_host)?))
}

/// Returns all such names as a policy of a page writes them.
pub(crate) fn names_for(host: &str, preview_host: Option<&str>) -> Option<String> {
    Some(format!("*.{}", above(host, preview_host)?))
}

/// Returns the host that names are below for a browser which asked for `host`.
fn above(host: &str, preview_host: Option<&str>) -> Option<String> {
    let (name, port) = split(host)?;
    let with_port = |name: &str| match port {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    if matches!(name.to_ascii_lowercase().as_str(), HERE | "127.0.0.1" | "[::1]") {
        return Some(with_port(HERE));
    }
    let preview_host = preview_host?;
    Some(match split(preview_host)? {
        (name, None) => with_port(name),
        (_, Some(_)) => preview_host.to_owned(),
    })
}

/// Returns what stands in front of the host that names are below.
fn label(host: &str, preview_host: Option<&str>) -> Option<String> {
    let name = host.rfind(':').map_or(host, |at| &host[..at]);
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let above = preview_host.and_then(split).map(|(name, _)| name.to_ascii_lowercase());
    [Some(HERE.to_owned()), above]
        .into_iter()
        .flatten()
        .find_map(|above| Some(name.strip_suffix(&above)?.strip_suffix('.')?.to_owned()))
}

/// Splits a host and a port that is one.
fn split(host: &str) -> Option<(&str, Option<u16>)> {
    let end_of_name = host.rfind(']').map_or(0, |at| at + 1);
    match host[end_of_name..].find(':') {
        None => Some((host, None)),
        Some(at) => {
            let at = end_of_name + at;
            Some((&host[..at], Some(parse_port(&host[at + 1..])?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn id(text: &str) -> ConversationId {
        ConversationId::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        for (conversation, port) in [(ID, 3000), ("x", 1), ("Größe", 65_535), (&ID[1..], 80)] {
            let target = Target::new(&id(conversation), port);
            assert!(target.label().len() <= 40);
            let host = host_of(&target, "localhost:12000", None).unwrap();
            assert_eq!(super::target(&host, None), Some(target));
        }
        assert_eq!(Target::new(&id(ID), 3000).label(), format!("p3000-{ID}"));
        // Whoever chooses an id cannot choose the digest of another one.
        let digest = short(&id("x"));
        assert_ne!(short(&id(&digest)), digest);
        assert_ne!(short(&id(&ID.to_uppercase())), ID);
    }

    #[test]
    fn only_whole_names_name_a_port() {
        let own = Some("preview.example.org");
        let check = |host: &str, is_one: bool, port: Option<u16>| {
            assert_eq!(is_name(host, own), is_one, "{host}");
            assert_eq!(target(host, own).map(|target| target.port), port, "{host}");
        };
        check(&format!("p3000-{ID}.localhost:12000"), true, Some(3000));
        check(&format!("P3000-{}.LOCALHOST.", ID.to_uppercase()), true, Some(3000));
        check(&format!("p3000-{ID}.preview.example.org"), true, Some(3000));
        for (odd, host) in [
            ("p03000", "localhost"),
            ("p0xbb8", "localhost"),
            ("p+80", "localhost"),
            ("p0", "localhost"),
            ("p65536", "localhost"),
            ("p2130706433", "localhost"),
            ("p80.p80", "localhost"),
            ("80", "preview.example.org"),
        ] {
            check(&format!("{odd}-{ID}.{host}"), true, None);
        }
        check("anything.localhost:12000", true, None);
        check(&format!("p80-{}.localhost", &ID[1..]), true, None);
        check(&format!("a.p80-{ID}.localhost"), true, None);
        check(".localhost", true, None);
        for other in ["localhost:12000", "127.0.0.1", "preview.example.org", "[::1]:80", ""] {
            check(other, false, None);
        }
        check(&format!("p80-{ID}.localhost.evil.com"), false, None);
        check(&format!("p80-{ID}.evilpreview.example.org"), false, None);
        check(&format!("p80-{ID}.[::ffff:127.0.0.1]"), false, None);
    }

    #[test]
    fn the_name_is_one_that_the_browser_finds() {
        let target = Target::new(&id(ID), 80);
        let check = |host: &str, own: Option<&str>, expected: Option<&str>| {
            let expected = expected.map(|rest| format!("p80-{ID}.{rest}"));
            assert_eq!(host_of(&target, host, own), expected, "{host}");
        };
        check("localhost:12000", None, Some("localhost:12000"));
        check("127.0.0.1:12001", Some("preview.example.org"), Some("localhost:12001"));
        check("[::1]", None, Some("localhost"));
        check("server.lan:12000", None, None);
        check("192.0.2.1:12000", None, None);
        check("example.org", Some("preview.example.org"), Some("preview.example.org"));
        check("example.org:8443", Some("preview.example.org"), Some("preview.example.org:8443"));
        check("example.org:1", Some("preview.example.org:2"), Some("preview.example.org:2"));
        check("localhost:x", None, None);
    }
}
