//! Text files whose bytes outside of an edit stay as they are.

use std::path::Path;

/// How text is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8WithMark,
    Utf16Little,
    Utf16Big,
    Windows1252,
}

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// The text with the line ends of the file.
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
}

/// Windows-1252 from 0x80 to 0x9F; the five bytes without a character stand for themselves.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];
const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Text {
    /// Decodes `bytes`, or returns `None` if they are not text that can be written back unchanged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let decoded = if let Some(rest) = bytes.strip_prefix(MARK) {
            Self {
                text: std::str::from_utf8(rest).ok()?.to_owned(),
                encoding: Encoding::Utf8WithMark,
            }
        } else if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
            Self { text: utf16(rest, u16::from_le_bytes)?, encoding: Encoding::Utf16Little }
        } else if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
            Self { text: utf16(rest, u16::from_be_bytes)?, encoding: Encoding::Utf16Big }
        } else if bytes.contains(&0) {
            return None;
        } else if let Ok(text) = std::str::from_utf8(bytes) {
            Self { text: text.to_owned(), encoding: Encoding::Utf8 }
        } else if bytes.iter().any(|byte| *byte < 0x20 && !b"\t\n\r\x0b\x0c\x1b\x08".contains(byte))
        {
            return None;
        } else {
            let text = bytes.iter().map(|byte| windows_1252(*byte)).collect();
            Self { text, encoding: Encoding::Windows1252 }
        };
        (decoded.encode(&decoded.text) == Ok(bytes.to_vec())).then_some(decoded)
    }

    /// Encodes `text` like this file, or returns a character that its encoding does not have.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u8>, char> {
        Ok(match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf8WithMark => [MARK, text.as_bytes()].concat(),
            Encoding::Utf16Little => {
                let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
                units.flat_map(u16::to_le_bytes).collect()
            }
            Encoding::Utf16Big => {
                let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
                units.flat_map(u16::to_be_bytes).collect()
            }
            Encoding::Windows1252 => {
                text.chars().map(|c| byte_1252(c).ok_or(c)).collect::<Result<_, _>>()?
            }
        })
    }

    /// Returns the line end that most lines have.
    pub(crate) fn line_end(&self) -> &'static str {
        let windows = self.text.matches("\r\n").count();
        if windows * 2 > self.text.matches('\n').count() { "\r\n" } else { "\n" }
    }

    /// Returns `text` with the line ends of this file.
    pub(crate) fn with_line_ends(&self, text: &str) -> String {
        normalize(text).replace('\n', self.line_end())
    }

    /// Returns the text with plain line ends.
    pub(crate) fn normalized(&self) -> String {
        normalize(&self.text)
    }

    /// Returns the place in the text of a place in the normalized text.
    pub(crate) fn offset(&self, normalized: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut seen = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if seen == normalized {
                return index;
            }
            if *byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
                seen += 1;
            }
        }
        bytes.len()
    }
}

/// Returns `text` with plain line ends.
pub(crate) fn normalize(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Returns the MIME type of a file that a viewer shows as it is.
pub(crate) fn media_type(path: &Path) -> Option<&'static str> {
    Some(match extension(path)?.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "bmp" => "image/bmp",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "ogg" => "video/ogg",
        _ => return None,
    })
}

/// Returns the MIME type of a picture that a model may look at, by its first bytes.
pub(crate) fn picture_type(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let mime = media_type(path).filter(|mime| mime.starts_with("image/"))?;
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    // Names lie, and a provider that gets the wrong type refuses the whole request.
    Some(match bytes {
        _ if begins(b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if begins(b"\xFF\xD8\xFF") => "image/jpeg",
        _ if begins(b"GIF87a") || begins(b"GIF89a") => "image/gif",
        _ if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => "image/webp",
        _ if begins(b"BM") && mime == "image/bmp" => "image/bmp",
        _ => return None,
    })
}

/// Returns the lower-case extension of `path`.
pub(crate) fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units: Vec<u16> =
        bytes.chunks(2).map(|pair| Some(unit(pair.try_into().ok()?))).collect::<Option<_>>()?;
    String::from_utf16(&units).ok()
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn byte_1252(c: char) -> Option<u8> {
    if let Some(index) = HIGH.iter().position(|high| *high == c) {
        return u8::try_from(index + 0x80).ok();
    }
    u8::try_from(u32::from(c)).ok().filter(|byte| !(0x80..=0x9F).contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decoding_is_written_back_unchanged() {
        let check = |bytes: &[u8], encoding: Encoding, text: &str| {
            let decoded = Text::decode(bytes).unwrap();
            assert_eq!(decoded, Text { text: text.to_owned(), encoding });
            assert_eq!(decoded.encode(text), Ok(bytes.to_vec()));
        };
        check("grün".as_bytes(), Encoding::Utf8, "grün");
        check(b"\xEF\xBB\xBFa\r\n", Encoding::Utf8WithMark, "a\r\n");
        check(b"\xFF\xFEa\0\n\0", Encoding::Utf16Little, "a\n");
        check(b"\xFE\xFF\0a\0\n", Encoding::Utf16Big, "a\n");
        check(b"gr\xFCn \x80 \x81", Encoding::Windows1252, "grün € \u{81}");
        assert_eq!(Text::decode(b"\x7fELF\x02\x00"), None);
        assert_eq!(Text::decode(b"\xff\x01\x02"), None);
        let latin = Text::decode(b"\xFC").unwrap();
        assert_eq!(latin.encode("→"), Err('→'));
    }

    #[test]
    fn offsets_lead_back_over_windows_line_ends() {
        let file = Text::decode(b"a\r\nb\nc\r\n").unwrap();
        assert_eq!(file.normalized(), "a\nb\nc\n");
        let offsets: Vec<usize> = (0..=6).map(|place| file.offset(place)).collect();
        assert_eq!(offsets, [0, 1, 3, 4, 5, 6, 8]);
        assert_eq!(file.with_line_ends("x\ny\r\n"), "x\r\ny\r\n");
    }
}
