//! Escapes text for XML.
//!
//! In: a text. Out: the text with `&`, `<`, `>`, and the carriage return escaped, or the character that XML 1.0
//! forbids. Must not know: tags.
//!
//! ```text
//! Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]
//! ```

use super::zeroizing_buffer::Buffer;

/// How a byte of a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Plain,
    Escaped(&'static [u8]),
    Forbidden,
    /// 0xEF: the first byte of U+FFFE and U+FFFF, which XML forbids, and of thousands of allowed characters.
    Suspect,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Plain; 256];
    let mut control = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    {
        while control < 0x20 {
            bytes[control] = Byte::Forbidden;
            control += 1;
        }
        bytes[b'\t' as usize] = Byte::Plain;
        bytes[b'\n' as usize] = Byte::Plain;
        bytes[b'\r' as usize] = Byte::Escaped(b"&#13;");
        bytes[b'&' as usize] = Byte::Escaped(b"&amp;");
        bytes[b'<' as usize] = Byte::Escaped(b"&lt;");
        bytes[b'>' as usize] = Byte::Escaped(b"&gt;");
        bytes[0xef] = Byte::Suspect;
    }
    bytes
};

#[inline]
fn byte_kind(byte: u8) -> Byte {
    BYTES.get(usize::from(byte)).copied().unwrap_or(Byte::Plain)
}

/// The first character that XML forbids.
pub(super) fn forbidden(text: &str) -> Option<char> {
    let suspect = |byte: u8| matches!(byte_kind(byte), Byte::Forbidden | Byte::Suspect);
    text.bytes().any(suspect).then(|| text.chars().find(|c| is_forbidden(*c))).flatten()
}

/// Whether XML forbids a character.
pub(super) fn is_forbidden(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}') || (c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
}

/// Writes `text`, or returns the first character that XML forbids.
pub(super) fn write(out: &mut Buffer, text: &str) -> Result<(), char> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| byte_kind(*byte) != Byte::Plain) {
        let (plain, tail) = rest.split_at(at);
        let Some((special, tail)) = tail.split_first() else { break };
        out.push(plain);
        match byte_kind(*special) {
            Byte::Escaped(entity) => out.push(entity),
            Byte::Forbidden => return Err(char::from(*special)),
            Byte::Suspect if tail.starts_with(&[0xbf, 0xbe]) => return Err('\u{fffe}'),
            Byte::Suspect if tail.starts_with(&[0xbf, 0xbf]) => return Err('\u{ffff}'),
            Byte::Suspect | Byte::Plain => out.push(&[*special]),
        }
        rest = tail;
    }
    out.push(rest);
    Ok(())
}
