//! Percent-encoding as OAuth 1.0a wants it (RFC 5849 section 3.6), and the way back.
//!
//! In: bytes, as they stand in a query, a form or a header. Out: the one encoded form, or bytes. Must not know: what
//! parameters mean. Bytes stay bytes: what is no UTF-8 is signed as it is (O1-36).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Everything but letters, digits and `-._~` (O1-05).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The one way to write these bytes: upper-case hexadecimal, nothing encoded that need not be.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).collect()
}

/// Adds the encoded form of these bytes to a text.
pub(super) fn encode_onto(text: &mut String, bytes: &[u8]) {
    text.extend(percent_encode(bytes, RESERVED));
}

/// What a header's value says: percent-decoded once, `+` is a plus (O1-06).
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

/// The pairs of a query string or form, decoded once: `+` is a space (O1-04), a bare name has an empty value, empty
/// segments say nothing, a pair is cut at its first `=`, and `;` is no separator (O1-07).
pub(super) fn pairs(encoded: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    encoded.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()).map(pair)
}

fn pair(segment: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let cut = memchr::memchr(b'=', segment).unwrap_or(segment.len());
    let (name, value) = segment.split_at(cut);
    (decode_form(name), decode_form(value.strip_prefix(b"=").unwrap_or_default()))
}

/// The decoded name of one segment of a query or form.
pub(super) fn name_of(segment: &[u8]) -> Vec<u8> {
    pair(segment).0
}

fn decode_form(text: &[u8]) -> Vec<u8> {
    let spaced: Cow<'_, [u8]> = if memchr::memchr(b'+', text).is_some() {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_05_there_is_one_way_to_write_a_byte() {
        assert_eq!(encode("AZaz09-._~".as_bytes()), "AZaz09-._~");
        assert_eq!(encode("☃ +%\0".as_bytes()), "%E2%98%83%20%2B%25%00");
        assert_eq!(encode(b"\xff"), "%FF");
    }

    #[test]
    fn o1_04_o1_06_o1_07_queries_are_read_byte_for_byte() {
        let read = |text: &str| -> Vec<(String, String)> {
            pairs(text.as_bytes())
                .map(|(name, value)| (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap()))
                .collect()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read("a+b=c%2B+d&&e"), [pair("a b", "c+ d"), pair("e", "")]);
        assert_eq!(read("a==b=c&=v&%2541=;"), [pair("a", "=b=c"), pair("", "v"), pair("%41", ";")]);
        assert_eq!(pairs(b"a=%FF").next().unwrap().1, b"\xff");
        assert_eq!(decode(b"a+b%2B%zz"), b"a+b+%zz");
    }
}
