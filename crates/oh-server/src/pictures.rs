//! Pictures beside the log: each is kept once, as a file, and events name it by its address.
//!
//! Clients of OpenHands expect the picture itself in the event. They get it: the address is replaced
//! when an event is sent, unless the client asked for addresses.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use oh_event::ConversationId;
use oh_llm::PictureSource;

use crate::compose::folder_name;

/// Largest picture that is kept, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most pictures of one conversation.
const MAX_PICTURES: usize = 5000;
/// What stands between the two changing parts of an address.
const MIDDLE: &str = "/pictures/";
const BEGIN: &str = "/api/conversations/";

/// The kinds of pictures that are kept: what they begin with, their extension and type. None of them
/// can hold a script.
const KINDS: [(&[u8], &str, &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"GIF8", "gif", "image/gif"),
    (b"RIFF", "webp", "image/webp"),
];

/// Keeps and finds pictures. Clones share the place.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    root: Arc<Path>,
}

/// A picture that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
}

impl Pictures {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("pictures").into() }
    }

    /// Returns where the pictures of a conversation are.
    pub(crate) fn folder(&self, id: &ConversationId) -> PathBuf {
        self.root.join(folder_name(id))
    }

    /// Keeps a picture and returns its address.
    pub(crate) async fn keep(&self, id: &ConversationId, bytes: Vec<u8>) -> io::Result<String> {
        let Some((_, extension, _)) = kind(&bytes) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no known picture"));
        };
        if bytes.len() > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the picture is too large"));
        }
        let folder = self.folder(id);
        let name = format!("{}.{extension}", digest(&bytes));
        let address = format!("{BEGIN}{}{MIDDLE}{name}", id.as_str());
        tokio::task::spawn_blocking(move || write(&folder, &name, &bytes))
            .await
            .map_err(io::Error::other)??;
        Ok(address)
    }

    /// Keeps a picture that is written as a `data:` address; anything else is returned as it is.
    pub(crate) async fn keep_url(&self, id: &ConversationId, url: String) -> String {
        let Some(bytes) = decode(&url) else { return url };
        match self.keep(id, bytes).await {
            Ok(address) => address,
            Err(error) => {
                tracing::warn!(%error, "a picture could not be kept beside the log");
                url
            }
        }
    }

    /// Returns a picture by the last part of its address.
    pub(crate) async fn read(&self, id: &ConversationId, name: &str) -> Option<Picture> {
        let (_, _, media_type) = KINDS.into_iter().find(|(_, ext, _)| is_name(name, ext))?;
        let bytes = tokio::fs::read(self.folder(id).join(name)).await.ok()?;
        Some(Picture { bytes, media_type })
    }

    /// Returns the picture at an address as a `data:` address.
    pub(crate) async fn data_url(&self, address: &str) -> Option<String> {
        let (id, name) = address.strip_prefix(BEGIN)?.split_once(MIDDLE)?;
        let Picture { bytes, media_type } =
            self.read(&ConversationId::parse(id).ok()?, name).await?;
        Some(format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes)))
    }

    /// Returns what finds pictures for models.
    pub(crate) fn source(&self) -> PictureSource {
        let pictures = self.clone();
        Arc::new(move |address| {
            let pictures = pictures.clone();
            Box::pin(async move { pictures.data_url(&address).await })
        })
    }

    /// Puts pictures in the places of their addresses, in the text of an event; `None` if it has none.
    pub(crate) async fn expand(&self, event: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = event;
        while let Some(at) = next_address(rest) {
            let (before, from) = rest.split_at(at);
            // An address ends with the quote of its string.
            let end = from.find('"').unwrap_or(from.len());
            let (address, after) = from.split_at(end);
            out.push_str(before);
            // A picture that is gone leaves its address.
            out.push_str(self.data_url(address).await.as_deref().unwrap_or(address));
            rest = after;
        }
        if out.is_empty() {
            return None;
        }
        out.push_str(rest);
        Some(out)
    }
}

/// Returns where the next string that may be an address begins.
fn next_address(text: &str) -> Option<usize> {
    // Inside of another string the quote has a backslash before it.
    let mut from = 0;
    while let Some(at) = memmem::find(&text.as_bytes()[from..], b"\"/api/conversations/") {
        let begin = from + at + 1;
        let end = text[begin..].find('"').map_or(text.len(), |end| begin + end);
        let is_whole = begin >= 2 && text.as_bytes()[begin - 2] != b'\\';
        if is_whole && text[begin..end].contains(MIDDLE) {
            return Some(begin);
        }
        from = begin;
    }
    None
}

fn kind(bytes: &[u8]) -> Option<(&'static [u8], &'static str, &'static str)> {
    let kind = KINDS.into_iter().find(|(begin, ..)| bytes.starts_with(begin))?;
    (kind.1 != "webp" || bytes.get(8..12) == Some(b"WEBP")).then_some(kind)
}

/// Says whether a name is one that we give: nothing else is ever opened.
fn is_name(name: &str, extension: &str) -> bool {
    name.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.')).is_some_and(|stem| {
        stem.len() == 64 && stem.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn decode(url: &str) -> Option<Vec<u8>> {
    let (_, data) = url.strip_prefix("data:image/")?.split_once(";base64,")?;
    if data.len() > MAX_BYTES * 2 {
        return None;
    }
    BASE64_STANDARD.decode(data.trim()).ok()
}

/// Writes a file that is there as a whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if std::fs::read_dir(folder)?.count() >= MAX_PICTURES {
        let reason = format!("the conversation has {MAX_PICTURES} pictures already");
        return Err(io::Error::new(io::ErrorKind::QuotaExceeded, reason));
    }
    let new = folder.join(format!(".{name}.{}", uuid::Uuid::new_v4()));
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    #[tokio::test]
    async fn a_picture_is_kept_once_and_put_back_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(folder.path());
        let id = ConversationId::parse("abc").unwrap();
        let address = pictures.keep(&id, PNG.to_vec()).await.unwrap();
        assert_eq!(pictures.keep(&id, PNG.to_vec()).await.unwrap(), address);
        assert_eq!(std::fs::read_dir(pictures.folder(&id)).unwrap().count(), 1);
        let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(PNG));
        assert_eq!(pictures.keep_url(&id, url.clone()).await, address);
        assert_eq!(pictures.data_url(&address).await.as_deref(), Some(url.as_str()));

        let event = |picture: &str| {
            format!("{{\"a\":\"{picture}\",\"b\":[\"{picture}\"],\"c\":\"see {picture}\"}}")
        };
        let expected = format!("{{\"a\":\"{url}\",\"b\":[\"{url}\"],\"c\":\"see {address}\"}}");
        assert_eq!(pictures.expand(&event(&address)).await, Some(expected));
        assert_eq!(pictures.expand("{\"a\":\"x\"}").await, None);
        let quoted = format!("{{\"a\":\"\\\"{address}\\\"\"}}");
        assert_eq!(pictures.expand(&quoted).await, None, "a quote inside of a text is no string");
    }

    #[tokio::test]
    async fn nothing_but_pictures_is_kept_or_read() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(folder.path());
        let id = ConversationId::parse("abc").unwrap();
        assert!(pictures.keep(&id, b"<svg onload=alert(1)>".to_vec()).await.is_err());
        let other = "data:image/svg+xml;base64,PHN2Zz4=".to_owned();
        assert_eq!(pictures.keep_url(&id, other.clone()).await, other);
        std::fs::write(folder.path().join("secret.png"), "secret").unwrap();
        for name in ["../secret.png", "secret.png", "/etc/passwd", "", ".png"] {
            assert_eq!(pictures.read(&id, name).await, None, "{name}");
        }
        let outside = "/api/conversations/../pictures/../secret.png";
        assert_eq!(pictures.data_url(outside).await, None);
    }
}
