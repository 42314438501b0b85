//! A growing buffer that leaves no copy of a password behind.
//!
//! In: bytes of a call. Out: the same, in memory that is wiped when it is given back - also each time the buffer
//! outgrows its place, which a plain `Vec` does not do. Must not know: XML.

use zeroize::Zeroizing;

/// Bytes that are wiped on drop, at most `most` of them.
pub(in crate::odoo) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    most: usize,
    is_full: bool,
}

impl Buffer {
    pub(in crate::odoo) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(capacity)), most: usize::MAX, is_full: false }
    }

    /// The most bytes that it takes.
    pub(in crate::odoo) fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Why it holds less than was pushed: there was no room for more than so many bytes.
    pub(in crate::odoo) fn overflow(&self) -> Option<usize> {
        self.is_full.then_some(self.most)
    }

    #[inline]
    pub(in crate::odoo) fn push(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() && !self.grow(bytes.len()) {
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes room for what is to come, as far as it is known: so the bytes need not move while they grow.
    pub(in crate::odoo) fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len().saturating_add(more).min(self.most);
        if wanted > self.bytes.capacity() {
            self.move_to(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> bool {
        let needed = self.bytes.len().saturating_add(more);
        if self.is_full || needed > self.most {
            self.is_full = true;
            self.bytes = Zeroizing::default();
            return false;
        }
        self.move_to(needed.max(self.bytes.capacity() * 2).min(self.most));
        true
    }

    fn move_to(&mut self, capacity: usize) {
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.bytes);
        // The smaller one is wiped here, by the drop of what is replaced.
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
    fn it_grows_and_keeps_what_it_holds() {
        let mut buffer = Buffer::with_capacity(1);
        for _ in 0..1000 {
            buffer.push(b"abc");
        }
        assert_eq!(buffer.into_bytes().as_slice(), "abc".repeat(1000).as_bytes());
    }

    #[test]
    fn what_is_too_much_is_not_held() {
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
