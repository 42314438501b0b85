//! Writes log lines to an output that can be full for a moment, or fail within a line.
//!
//! In: complete lines. Out: the same bytes, and how many of them were written. Must not know: who logs, threads that
//! wait.

use std::io::{ErrorKind, Write};
use std::thread;
use std::time::Duration;

/// The pause before an output that accepted nothing is tried again.
const FULL_OUTPUT_PAUSE: Duration = Duration::from_millis(10);

/// An output of lines.
pub(super) struct LineOutput<W> {
    output: W,
    /// The last byte that was written did not end a line.
    is_in_line: bool,
}

impl<W: Write> LineOutput<W> {
    /// Nothing was written to `output` yet.
    pub(super) fn new(output: W) -> Self {
        Self { output, is_in_line: false }
    }

    /// Writes lines, the first of them at the beginning of a line. Returns the number of bytes that were written: all,
    /// unless the output fails.
    pub(super) fn write_lines(&mut self, lines: &[u8]) -> usize {
        if self.is_in_line && self.write(b"\n") == 0 {
            return 0;
        }
        let written = self.write(lines);
        // An error would not tell which lines are lost.
        let _flushed = self.output.flush();
        written
    }

    /// Writes until the output fails. One that accepts nothing at the moment has not failed: another process that
    /// shares the terminal or pipe can have made it non-blocking.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.output.write(rest) {
                Ok(0) => break,
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL_OUTPUT_PAUSE),
                Err(_) => break,
            }
        }
        let written = bytes.len() - rest.len();
        if let Some(last) = bytes.get(..written).and_then(<[u8]>::last) {
            self.is_in_line = *last != b'\n';
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;

    use super::*;

    const FULL: Result<usize, ErrorKind> = Err(ErrorKind::WouldBlock);
    const FAILED: Result<usize, ErrorKind> = Err(ErrorKind::BrokenPipe);

    /// Accepts as many bytes as the test says, or fails as it says; in the end, accepts everything.
    struct Script {
        results: VecDeque<Result<usize, ErrorKind>>,
        accepted: Vec<u8>,
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = self.results.pop_front().unwrap_or(Ok(bytes.len()))?;
            self.accepted.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What an output with these results accepts of these batches, and how many bytes of each are reported as written.
    fn write_to(results: &[Result<usize, ErrorKind>], batches: &[&str]) -> (String, Vec<usize>) {
        let results = results.iter().copied().collect();
        let mut output = LineOutput::new(Script { results, accepted: Vec::new() });
        let written = batches.iter().map(|batch| output.write_lines(batch.as_bytes())).collect();
        (String::from_utf8(output.output.accepted).unwrap(), written)
    }

    #[test]
    fn an_output_that_is_full_for_a_moment_gets_every_byte_once() {
        let results = [FULL, Ok(3), FULL, FULL, Err(ErrorKind::Interrupted), Ok(4), FULL];
        let written = write_to(&results, &["first\nsecond\n", "third\n"]);
        assert_eq!(written, ("first\nsecond\nthird\n".to_owned(), vec![13, 6]));
    }

    #[test]
    fn a_line_is_not_appended_to_one_that_was_cut() {
        for (results, accepted, written) in [
            (&[Ok(2), FAILED][..], "fi\nsecond\nthird\n", [2, 7, 6]),
            (&[Ok(2), Ok(0)], "fi\nsecond\nthird\n", [2, 7, 6]),
            (&[Ok(2), FAILED, FAILED], "fi\nthird\n", [2, 0, 6]),
            (&[Ok(2), FAILED, Ok(1), FAILED], "fi\nthird\n", [2, 0, 6]),
            (&[Ok(6), Ok(7), FAILED], "first\nsecond\n", [6, 7, 0]),
            (&[FAILED], "second\nthird\n", [0, 7, 6]),
        ] {
            let outcome = write_to(results, &["first\n", "second\n", "third\n"]);
            assert_eq!(outcome, (accepted.to_owned(), written.to_vec()), "{results:?}");
        }
    }
}
