//! A growing buffer that leaves no copy of a password behind.
//!
//! In: bytes of a call. Out: the same, in memory that is wiped when it is given back - also each time the buffer
//! outgrows its place, which a plain `Vec` does not do. Must not know: XML.

use zeroize::Zeroizing;

/// Bytes that are wiped on drop.
pub(in crate::odoo) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(in crate::odoo) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    #[inline]
    pub(in crate::odoo) fn push(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            self.grow(bytes.len());
        }
        self.0.extend_from_slice(bytes);
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let mut larger = Vec::with_capacity((self.0.len() + more).max(self.0.capacity() * 2));
        larger.extend_from_slice(&self.0);
        // The smaller one is wiped here, by the drop of what is replaced.
        self.0 = Zeroizing::new(larger);
    }

    pub(in crate::odoo) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
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
}
