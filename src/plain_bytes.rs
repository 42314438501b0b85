//! Finds the beginning of a text that is written without escapes.
//!
//! In: bytes, and which of them are special. Out: the number of bytes before the first special one. Must not know: how
//! the special bytes are written.

/// The bytes that are special in a format.
pub(crate) struct SpecialBytes<const N: usize> {
    /// All bytes below this one; at most 0x80.
    pub(crate) below: u8,
    /// And each of these.
    pub(crate) bytes: [u8; N],
}

/// Eight bytes are compared at a time.
const BLOCK: usize = 8;
/// In a block that consists of this byte only.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

impl<const N: usize> SpecialBytes<N> {
    /// The number of bytes before the first special one.
    #[inline]
    pub(crate) fn plain_length(&self, text: &[u8]) -> usize {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut length = 0;
        for block in blocks {
            if self.is_in_block(*block) {
                return length + self.plain_length_of_few(block);
            }
            length += BLOCK;
        }
        match last_block(text) {
            Some(last) if !self.is_in_block(last) => text.len(),
            _ => length + self.plain_length_of_few(rest),
        }
    }

    fn plain_length_of_few(&self, bytes: &[u8]) -> usize {
        bytes.iter().position(|byte| *byte < self.below || self.bytes.contains(byte)).unwrap_or(bytes.len())
    }

    /// Whether one of the bytes is special. A byte is below `n` if subtracting `n` sets its highest bit, which was not
    /// set before; it is equal to another byte if the two differ in no bit, so that the difference is below 1. A borrow
    /// from a lower byte can set the bit of a higher byte only if the lower one is special itself.
    #[inline]
    fn is_in_block(&self, word: [u8; BLOCK]) -> bool {
        let word = u64::from_le_bytes(word);
        let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = self.bytes.iter().fold(below(word, self.below), |found, byte| found | equal(*byte));
        found & HIGH_BITS != 0
    }
}

/// The last bytes as a word, some of them twice or together with earlier ones; `None` if there are fewer than four.
fn last_block(text: &[u8]) -> Option<[u8; BLOCK]> {
    if let Some(last) = text.last_chunk() {
        return Some(*last);
    }
    let ([a, b, c, d], [e, f, g, h]) = (*text.first_chunk()?, *text.last_chunk()?);
    Some([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: SpecialBytes<2> = SpecialBytes { below: b' ', bytes: [b'"', 0xef] };

    #[test]
    fn first_special_byte_is_found_at_every_position() {
        for special in [0, 0x1f, b'"', 0xef] {
            for length in 0..40 {
                let mut bytes = vec![b'a'; length];
                assert_eq!(SPECIAL.plain_length(&bytes), length);
                for at in (0..length).rev() {
                    bytes[at] = special;
                    assert_eq!(SPECIAL.plain_length(&bytes), at, "{special} in {length}");
                }
            }
        }
    }

    #[test]
    fn each_byte_is_special_or_not_among_any_others() {
        for byte in 0..=u8::MAX {
            let is_special = byte < b' ' || byte == b'"' || byte == 0xef;
            for other in [b' ', b'!', b'#', 0x7f, 0x80, 0xee, 0xf0, 0xff] {
                for at in 0..9 {
                    let mut bytes = [other; 9];
                    bytes[at] = byte;
                    let expected = if is_special { at } else { bytes.len() };
                    assert_eq!(SPECIAL.plain_length(&bytes), expected, "{byte} at {at} among {other}");
                }
            }
        }
    }
}
