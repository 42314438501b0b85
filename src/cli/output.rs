//! Standard output, whose reader may leave before the end: `odoo-gateway openapi | head`.
//!
//! In: bytes. Out: the same bytes on the descriptor, and whether anybody still reads them. Must not know: what they say.

use std::io::{self, Write};

/// A writer that remembers that its reader has left.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    abandoned: bool,
}

impl<W: Write> Output<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, abandoned: false }
    }

    /// Whether the reader has left: what failed for that reason needs no words.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    fn noted<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        self.abandoned |= outcome.as_ref().is_err_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
        outcome
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.noted(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_leaves_is_told_from_a_full_disk() {
        struct Failing(io::ErrorKind);
        impl Write for Failing {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, abandoned) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut out = Output::new(Failing(kind));
            assert!(out.write(b"x").is_err());
            assert_eq!(out.is_abandoned(), abandoned);
        }
    }
}
