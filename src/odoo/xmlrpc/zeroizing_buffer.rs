//! A growing byte buffer that leaves no copy of a password in memory.
//!
//! In: the bytes of a call. Out: the same bytes, in memory that is wiped when it is freed, also when the buffer moves
//! to a larger allocation, which a plain `Vec` does not do. Must not know: XML.

use zeroize::Zeroizing;

/// Bytes that are wiped on drop, at most `max` of them.
pub(in crate::odoo) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    max: usize,
    is_full: bool,
}

impl Buffer {
    pub(in crate::odoo) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(capacity)), max: usize::MAX, is_full: false }
    }

    /// Limits the number of bytes.
    pub(in crate::odoo) fn at_most(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// The limit, if more bytes were pushed than it allows; then the buffer is empty.
    pub(in crate::odoo) fn overflow(&self) -> Option<usize> {
        self.is_full.then_some(self.max)
    }

    #[inline]
    pub(in crate::odoo) fn push(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() && !self.grow(bytes.len()) {
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Reserves memory for expected bytes, so that they are not moved while the buffer grows.
    pub(in crate::odoo) fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len().saturating_add(more).min(self.max);
        if wanted > self.bytes.capacity() {
            self.move_to(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> bool {
        let needed = self.bytes.len().saturating_add(more);
        if self.is_full || needed > self.max {
            self.is_full = true;
            self.bytes = Zeroizing::default();
            return false;
        }
        self.move_to(needed.max(self.bytes.capacity() * 2).min(self.max));
        true
    }

    fn move_to(&mut self, capacity: usize) {
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.bytes);
        // The smaller allocation is wiped here, when it is replaced.
        self.bytes = Zeroizing::new(larger);
    }

    pub(in crate::odoo) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_preserves_the_content() {
        let mut buffer = Buffer::with_capacity(1);
        for _ in 0..1000 {
            buffer.push(b"abc");
        }
        assert_eq!(buffer.into_bytes().as_slice(), "abc".repeat(1000).as_bytes());
    }

    #[test]
    fn overflowing_buffer_is_emptied() {
        let mut buffer = Buffer::with_capacity(1).at_most(8);
        buffer.reserve(1000);
        buffer.push(b"12345678");
        assert_eq!(buffer.overflow(), None);
        for _ in 0..3 {
            buffer.push(b"9");
        }
        assert_eq!((buffer.overflow(), buffer.into_bytes().capacity()), (Some(8), 0));
    }
}
