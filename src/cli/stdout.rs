//! Standard output, whose reader may close the pipe early: `odoo-gateway openapi | head`.
//!
//! In: bytes. Out: the same bytes on the descriptor, and whether the reader has closed it. Must not know: their
//! content.

use std::io::{self, Write};

/// A writer that records whether its reader has closed the pipe.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    abandoned: bool,
}

impl<W: Write> Output<W> {
    /// Wraps `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, abandoned: false }
    }

    /// Whether the reader has closed the pipe. Errors for this reason are not reported.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    fn record<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.abandoned |= result.as_ref().is_err_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.record(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.record(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_distinguished_from_a_full_disk() {
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
