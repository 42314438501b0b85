//! Percent-encoding of OAuth 1.0a (RFC 5849 section 3.6), and decoding.
//!
//! Everything is bytes: text that is not valid UTF-8 is signed as it is (O1-36).
//!
//! In: bytes of a query, a form or a header. Out: their encoding, or decoded bytes. Must not know: what parameters
//! mean.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// All bytes except letters, digits and `-._~` (O1-05).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The encoding of these bytes: upper-case hexadecimal, only reserved bytes encoded.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes));
    push_encoded(&mut text, bytes);
    text
}

/// The length of the encoding of these bytes: a form can be as large as a body, and must not be moved while it grows.
pub(super) fn encoded_len(bytes: &[u8]) -> usize {
    let is_reserved = |byte: &&u8| !(byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'.' | b'_' | b'~'));
    bytes.len() + 2 * bytes.iter().filter(is_reserved).count()
}

/// Appends the encoding of these bytes to a text.
pub(super) fn push_encoded(text: &mut String, bytes: &[u8]) {
    text.extend(percent_encode(bytes, RESERVED));
}

/// Decodes a value of the `Authorization` header, once; `+` is a plus (O1-06).
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

/// The pairs of a query string or form, decoded once: `+` is a space (O1-04), a name without `=` has an empty value,
/// empty segments are ignored, a pair is split at its first `=`, and `;` is not a separator (O1-07).
pub fn pairs(encoded: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    encoded.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()).map(pair)
}

fn pair(segment: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let split = memchr::memchr(b'=', segment).unwrap_or(segment.len());
    let (name, value) = segment.split_at(split);
    (decode_form(name), decode_form(value.strip_prefix(b"=").unwrap_or_default()))
}

/// The decoded name of one segment of a query or form.
pub(super) fn decode_name(segment: &[u8]) -> Vec<u8> {
    pair(segment).0
}

/// Decodes a name or value of a query or form, once; `+` is a space.
#[must_use]
pub fn decode_form(text: &[u8]) -> Vec<u8> {
    let spaced: Cow<'_, [u8]> = if memchr::memchr(b'+', text).is_some() {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    // The iterator announces a third of the length, and a text can be as large as a body.
    let mut decoded = Vec::with_capacity(spaced.len());
    decoded.extend(percent_decode(&spaced));
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_05_each_byte_has_one_encoding() {
        assert_eq!(encode("AZaz09-._~".as_bytes()), "AZaz09-._~");
        assert_eq!(encode("☃ +%\0".as_bytes()), "%E2%98%83%20%2B%25%00");
        assert_eq!(encode(b"\xff"), "%FF");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&all).len(), encoded_len(&all));
    }

    #[test]
    fn o1_04_o1_06_o1_07_queries_are_decoded_byte_for_byte() {
        let decoded = |text: &str| -> Vec<(String, String)> {
            pairs(text.as_bytes())
                .map(|(name, value)| (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap()))
                .collect()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(decoded("a+b=c%2B+d&&e"), [pair("a b", "c+ d"), pair("e", "")]);
        assert_eq!(decoded("a==b=c&=v&%2541=;"), [pair("a", "=b=c"), pair("", "v"), pair("%41", ";")]);
        assert_eq!(pairs(b"a=%FF").next().unwrap().1, b"\xff");
        assert_eq!(decode(b"a+b%2B%zz"), b"a+b+%zz");
    }
}
