//! Percent-encoding of OAuth 1.0a (RFC 5849 section 3.6), and decoding.
//!
//! Everything is bytes: text that is not valid UTF-8 is signed as it is (O1-36).
//!
//! In: bytes of a query, a form or a header. Out: their encoding, or decoded bytes. Must not know: what parameters
//! mean.

use memchr::{memchr, memchr2};
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
    percent_encode(bytes, RESERVED).map(str::len).sum()
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

/// The same for a form that can be as large as a body. A value that makes up more than half of it is decoded in the
/// memory of the form, so that the form and its value are not in memory at the same time.
#[must_use]
pub fn pairs_of_form(mut form: Vec<u8>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut pairs, mut largest, mut offset) = (Vec::new(), None, 0);
    for segment in form.split(|byte| *byte == b'&') {
        let end = offset + segment.len();
        offset = end + 1;
        let (name, value) = split_pair(segment);
        if 2 * value.len() > form.len() {
            largest = Some((pairs.len(), end - value.len()..end));
            pairs.push((decode_form(name), Vec::new()));
        } else if !segment.is_empty() {
            pairs.push(pair(segment));
        }
    }
    let largest = largest.and_then(|(index, range)| Some((pairs.get_mut(index)?, range)));
    if let Some(((_, value), range)) = largest {
        form.truncate(range.end);
        form.drain(..range.start);
        decode_in_place(&mut form);
        *value = form;
    }
    pairs
}

fn split_pair(segment: &[u8]) -> (&[u8], &[u8]) {
    let (name, value) = segment.split_at(memchr(b'=', segment).unwrap_or(segment.len()));
    (name, value.strip_prefix(b"=").unwrap_or_default())
}

fn pair(segment: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (name, value) = split_pair(segment);
    (decode_form(name), decode_form(value))
}

/// The decoded name of one segment of a query or form.
pub(super) fn decode_name(segment: &[u8]) -> Vec<u8> {
    pair(segment).0
}

/// Decodes a name or value of a query or form, once; `+` is a space.
#[must_use]
pub fn decode_form(text: &[u8]) -> Vec<u8> {
    let mut decoded = text.to_vec();
    decode_in_place(&mut decoded);
    decoded
}

/// Decodes a name or value of a query or form, which never becomes longer, run by run.
fn decode_in_place(text: &mut Vec<u8>) {
    let (mut read, mut written) = (0, 0);
    while let Some(rest) = text.get(read..).filter(|rest| !rest.is_empty()) {
        let run = memchr2(b'+', b'%', rest).unwrap_or(rest.len());
        let (byte, length) = match rest.get(run..).unwrap_or_default() {
            [b'+', ..] => (Some(b' '), 1),
            [b'%', high, low, ..] => decode_hexadecimal(*high, *low).map_or((Some(b'%'), 1), |byte| (Some(byte), 3)),
            other => (other.first().copied(), 1),
        };
        text.copy_within(read..read + run, written);
        written += run;
        if let Some((byte, place)) = byte.zip(text.get_mut(written)) {
            *place = byte;
            written += 1;
        }
        read += run + length;
    }
    text.truncate(written);
    if 2 * text.len() <= text.capacity() {
        text.shrink_to_fit();
    }
}

fn decode_hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decoding_in_place_equals_the_decoder_of_the_library(text in "([+%&=a-fA-F0-9é]|%[0-9a-fA-F]{2}){0,40}") {
            let spaced: Vec<u8> = text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
            prop_assert_eq!(decode_form(text.as_bytes()), percent_decode(&spaced).collect::<Vec<_>>());
            let one_by_one: Vec<_> = pairs(text.as_bytes()).collect();
            prop_assert_eq!(pairs_of_form(text.into_bytes()), one_by_one);
        }
    }

    #[test]
    fn largest_value_of_a_form_uses_the_memory_of_the_form() {
        let form = format!("a=1&args=[+{}%5D&&b=2", "0,".repeat(1000)).into_bytes();
        let memory = form.as_ptr();
        let pairs = pairs_of_form(form);
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_slice()).collect();
        assert_eq!(names, [b"a".as_slice(), b"args", b"b"]);
        let (_, value) = &pairs[1];
        assert_eq!(value, format!("[ {}]", "0,".repeat(1000)).as_bytes());
        assert_eq!(value.as_ptr(), memory);
    }

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
