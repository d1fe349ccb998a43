//! The query of the Socket.IO handshake: what a viewer asks for.

/// What a viewer asked for when it opened its socket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectQuery {
    /// The conversation, unchecked; `None` if absent or blank.
    pub conversation_id: Option<String>,
    /// The first event id wanted: one more than the last one the viewer has.
    pub next_event_id: u64,
    /// Names of git providers.
    pub providers: Vec<String>,
    /// The session key; `None` if absent, blank, `null` or `undefined`.
    pub session_api_key: Option<String>,
    /// The viewer wants passing notices (`deltas=1`).
    pub wants_deltas: bool,
    /// The viewer wants addresses of pictures instead of the pictures (`pictures=url`).
    pub wants_picture_urls: bool,
}

impl ConnectQuery {
    /// Reads the query by form rules: `+` and `%XX` decoded, blank values dropped, the
    /// first of repeated keys wins. Bad values count as absent.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        let mut latest = None;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if value.is_empty() {
                continue;
            }
            match &*key {
                "conversation_id" if parsed.conversation_id.is_none() => {
                    parsed.conversation_id = Some(value.into_owned());
                }
                "latest_event_id" if latest.is_none() => latest = Some(value.into_owned()),
                "session_api_key" if parsed.session_api_key.is_none() => {
                    parsed.session_api_key = present(&value);
                }
                "providers_set" => {
                    let names = value.split(',').map(str::trim).filter(|name| is_provider(name));
                    parsed.providers.extend(names.map(str::to_owned));
                }
                "pictures" => parsed.wants_picture_urls |= value == "url",
                "deltas" => parsed.wants_deltas |= value == "1",
                _ => {}
            }
        }
        parsed.next_event_id = latest
            .and_then(|text| text.trim().parse::<i64>().ok())
            .and_then(|latest| u64::try_from(latest.saturating_add(1)).ok())
            .unwrap_or(0);
        parsed
    }
}

/// Clients write `null` and `undefined` for a key they do not have.
fn present(value: &str) -> Option<String> {
    let value = value.trim();
    (!matches!(value, "" | "null" | "undefined")).then(|| value.to_owned())
}

fn is_provider(name: &str) -> bool {
    matches!(name, "github" | "gitlab" | "bitbucket" | "enterprise_sso")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_count_as_absent() {
        fn check(query: &str, id: Option<&str>, next: u64, key: Option<&str>) {
            let parsed = ConnectQuery::parse(query);
            assert_eq!(
                (parsed.conversation_id.as_deref(), parsed.next_event_id, parsed.session_api_key),
                (id, next, key.map(str::to_owned)),
                "{query}"
            );
        }
        check("", None, 0, None);
        check("conversation_id=&latest_event_id=", None, 0, None);
        check("conversation_id=a&conversation_id=b&latest_event_id=4", Some("a"), 5, None);
        check("conversation_id=a%20b+c&latest_event_id=+7+", Some("a b c"), 8, None);
        check("latest_event_id=undefined&session_api_key=null", None, 0, None);
        check("latest_event_id=-9&session_api_key=k", None, 0, Some("k"));
        check("latest_event_id=1.5", None, 0, None);
        check("latest_event_id=9223372036854775807", None, 9_223_372_036_854_775_807, None);
    }

    #[test]
    fn unknown_providers_are_ignored() {
        let parsed = ConnectQuery::parse("providers_set=github%2Cnope&providers_set=gitlab, ");
        assert_eq!(parsed.providers, ["github", "gitlab"]);
    }
}
