//! The media type of a file.
//!
//! In: the bytes of the file, or a text that claims to be a media type. Out: a media type and the extension of its
//! files. Must not know: responses.

const UNKNOWN: &str = "application/octet-stream";

/// Returns the media type by the first bytes, and the extension of its files. Unknown text is plain text.
pub(super) fn sniff(content: &[u8]) -> (&'static str, &'static str) {
    if let Some(kind) = infer::get(content) {
        return (kind.mime_type(), kind.extension());
    }
    match std::str::from_utf8(content) {
        Ok(text) if text.contains('\0') => (UNKNOWN, ""),
        Ok(text) if is_svg(text) => ("image/svg+xml", "svg"),
        Ok(_) => ("text/plain; charset=utf-8", "txt"),
        Err(_) => (UNKNOWN, ""),
    }
}

fn is_svg(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<')
        && text.char_indices().nth(1024).map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).contains("<svg")
}

/// `type "/" subtype`, without parameters (RFC 9110 section 8.3.1).
pub(super) fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn first_bytes_determine_the_media_type() {
        for (content, media_type, extension) in [
            (PNG, "image/png", "png"),
            (b"%PDF-1.7", "application/pdf", "pdf"),
            ("Grüße".as_bytes(), "text/plain; charset=utf-8", "txt"),
            (b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "text/xml", "xml"),
            (b"\n<svg xmlns='x'/>", "image/svg+xml", "svg"),
            (b"<html><script>", "text/html", "html"),
            (b"\x01\xff\x00", "application/octet-stream", ""),
            (b"a\0b", "application/octet-stream", ""),
        ] {
            assert_eq!(sniff(content), (media_type, extension), "{content:?}");
        }
    }

    #[test]
    fn media_type_is_two_tokens() {
        for (text, expected) in [
            ("image/png", true),
            ("a/b+c", true),
            ("image", false),
            ("a/b;c=d", false),
            ("a/b\r\nc", false),
            ("/", false),
        ] {
            assert_eq!(is_media_type(text), expected, "{text}");
        }
    }
}
