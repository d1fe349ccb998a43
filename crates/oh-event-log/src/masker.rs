//! Secrets are masked in a text that comes in pieces, however it is cut.

use std::sync::Arc;

use crate::redaction::{SECRET_MASK, forms_of};

/// Masks secrets in one stream of text.
///
/// It holds back what may be the beginning of a secret, which is always shorter than the longest one.
#[derive(Clone, Default)]
pub struct Masker {
    secrets: Arc<Forms>,
    /// The end of the stream so far, if it may be the beginning of a secret.
    held: String,
    /// Bytes at the beginning of `held` for which the mask was given already.
    masked: usize,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").field("secrets", &self.secrets.all.len()).finish_non_exhaustive()
    }
}

impl Masker {
    /// Returns a masker for a stream that has not begun.
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets = Arc::new(Forms::new(secrets.into_iter().collect()));
        Self { secrets, held: String::new(), masked: 0 }
    }

    /// Masks more values in what comes from now on.
    pub fn add<'a>(&mut self, values: impl IntoIterator<Item = &'a String>) {
        let forms = values.into_iter().flat_map(|value| forms_of(value));
        self.secrets =
            Arc::new(Forms::new(self.secrets.all.iter().cloned().chain(forms).collect()));
    }

    /// Takes the next piece and returns what can be shown now.
    #[must_use]
    pub fn push(&mut self, piece: &str) -> String {
        if self.secrets.all.is_empty() {
            return piece.to_owned();
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let (shown, at) = self.mask(&text, |secret, rest| secret.starts_with(rest));
        self.held = text[at..].to_owned();
        shown
    }

    /// Returns what was held back; the stream has ended.
    #[must_use]
    pub fn finish(&mut self) -> String {
        let text = std::mem::take(&mut self.held);
        let (shown, _) = self.mask(&text, |_, _| false);
        self.masked = 0;
        shown
    }

    /// Masks `text` up to where `may_begin` says that a secret may begin that is not all there;
    /// returns what to show and where it stopped.
    fn mask(&mut self, text: &str, may_begin: impl Fn(&str, &str) -> bool) -> (String, usize) {
        let mut shown = String::new();
        let mut masked_until = self.masked;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let length = self
                .secrets
                .alike(rest)
                .filter(|secret| rest.starts_with(secret))
                .map(str::len)
                .max();
            if let Some(length) = length {
                if at >= masked_until {
                    shown.push_str(SECRET_MASK);
                }
                masked_until = masked_until.max(at + length);
            }
            let is_cut = |secret: &str| secret.len() > rest.len() && may_begin(secret, rest);
            if self.secrets.alike(rest).any(is_cut) {
                break;
            }
            let next = at + self.secrets.next_candidate(rest);
            shown.push_str(text.get(at.max(masked_until)..next).unwrap_or_default());
            at = next;
        }
        self.masked = masked_until.saturating_sub(at);
        (shown, at)
    }
}

/// What is masked, in order.
struct Forms {
    all: Vec<String>,
    /// The bytes that one of them begins with.
    firsts: [bool; 256],
}

impl Default for Forms {
    fn default() -> Self {
        Self { all: Vec::new(), firsts: [false; 256] }
    }
}

impl Forms {
    fn new(mut all: Vec<String>) -> Self {
        all.retain(|form| !form.is_empty());
        all.sort_unstable();
        all.dedup();
        let mut firsts = [false; 256];
        for form in &all {
            firsts[usize::from(form.as_bytes()[0])] = true;
        }
        Self { all, firsts }
    }

    /// Returns those that begin as `text` does.
    fn alike<'a>(&'a self, text: &str) -> impl Iterator<Item = &'a str> {
        let first = text.as_bytes().first().copied();
        let begin = self.all.partition_point(|form| form.as_bytes().first().copied() < first);
        let same = move |form: &&String| form.as_bytes().first().copied() == first;
        self.all[begin..].iter().take_while(same).map(String::as_str)
    }

    /// Returns where in `text`, after its first character, the next secret may begin.
    fn next_candidate(&self, text: &str) -> usize {
        let first = text.chars().next().map_or(0, char::len_utf8);
        let begins = |byte: &u8| self.firsts[usize::from(*byte)];
        // No form begins in the middle of a character.
        let found = text.as_bytes()[first..].iter().position(begins);
        found.map_or(text.len(), |found| first + found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(secrets: &[&str], pieces: &[&str]) -> String {
        let mut masker = Masker::new(secrets.iter().map(|&secret| secret.to_owned()));
        let mut shown: String = pieces.iter().map(|piece| masker.push(piece)).collect();
        shown.push_str(&masker.finish());
        shown
    }

    #[test]
    fn a_secret_is_masked_wherever_it_is_cut() {
        let text = "a=sekret-1, ü sekret-12; sekretsekret-1\nsekret";
        let expected = format!("a={SECRET_MASK}, ü {SECRET_MASK}; sekret{SECRET_MASK}\nsekret");
        let secrets = ["sekret-1", "sekret-12"];
        assert_eq!(masked(&secrets, &[text]), expected);
        let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for &first in &bounds {
            for &second in bounds.iter().filter(|second| **second >= first) {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(masked(&secrets, &pieces), expected, "{pieces:?}");
            }
        }
        let single: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        assert_eq!(masked(&secrets, &single), expected);
    }

    #[test]
    fn nothing_of_overlapping_secrets_is_shown() {
        let secrets = ["abcdef", "defghi", "hihihi"];
        assert_eq!(masked(&secrets, &["xabcdefghiy"]), format!("x{SECRET_MASK}y"));
        assert_eq!(masked(&secrets, &["xabcd", "efg", "hi", "y"]), format!("x{SECRET_MASK}y"));
        assert_eq!(masked(&secrets, &["abcdefabcdef"]), SECRET_MASK.repeat(2));
        assert_eq!(masked(&secrets, &["hihihihihi!"]), format!("{SECRET_MASK}!"));
        assert_eq!(masked(&[], &["abc", "def"]), "abcdef");
    }

    #[test]
    fn only_what_may_become_a_secret_is_held_back() {
        let mut masker = Masker::new(["secret-value".to_owned()]);
        assert_eq!(masker.push("plain sec"), "plain ");
        assert_eq!(masker.push("ond"), "second");
        assert_eq!(masker.push("secret-valu"), "");
        assert_eq!(masker.push("e!"), format!("{SECRET_MASK}!"));
        assert_eq!(masker.push("secret-valu"), "");
        assert_eq!(masker.finish(), "secret-valu");
    }

    proptest! {
        /// However the stream is cut: the same is shown, no secret is, and little is held back.
        #[test]
        fn pieces_show_what_the_whole_shows(
            text in "[abc]{0,60}",
            secrets in prop::collection::vec("[abc]{3,7}", 1..4),
            cuts in prop::collection::vec(0usize..60, 0..6),
        ) {
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            let shown = masked(&secrets, &pieces);
            prop_assert_eq!(&shown, &masked(&secrets, &[&text]));
            let rest: Vec<&str> = shown.split(SECRET_MASK).collect();
            prop_assert!(secrets.iter().all(|secret| rest.iter().all(|part| !part.contains(secret))));
            let longest = secrets.iter().map(|secret| secret.len()).max().unwrap_or(0);
            let mut masker = Masker::new(secrets.iter().map(|&secret| secret.to_owned()));
            for piece in pieces {
                let _ = masker.push(piece);
                prop_assert!(masker.held.len() < longest);
            }
        }
    }
}
