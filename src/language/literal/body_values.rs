//! The number of values that the body of a request expands to.
//!
//! In: the limit, the number of values in each text of the body. Out: how many more values the body may contain. Must
//! not know: the texts. A body can contain many texts that are parsed one after the other, such as the fields of a
//! form. Each of them can be within the limit while all of them together need many times the memory of the body.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The values of one body, counted: all texts in it share one limit.
#[derive(Debug)]
pub struct BodyValues {
    max: usize,
    used: AtomicUsize,
}

impl BodyValues {
    /// A body that may contain `max` values.
    #[must_use]
    pub const fn at_most(max: usize) -> Self {
        Self { max, used: AtomicUsize::new(0) }
    }

    /// The maximum number of values.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// The number of values that the body may still contain.
    pub(super) fn remaining(&self) -> usize {
        self.max.saturating_sub(self.used.load(Relaxed))
    }

    /// Counts values that were parsed.
    pub fn record(&self, values: usize) {
        self.used.fetch_add(values, Relaxed);
    }
}

impl Clone for BodyValues {
    fn clone(&self) -> Self {
        Self { max: self.max, used: AtomicUsize::new(self.used.load(Relaxed)) }
    }
}

impl PartialEq for BodyValues {
    fn eq(&self, other: &Self) -> bool {
        (self.max, self.remaining()) == (other.max, other.remaining())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::literal::{Limits, parse};

    #[test]
    fn texts_of_a_body_share_the_limit() {
        let body = BodyValues::at_most(7);
        assert!(parse("[1, 2]", Limits::body(&body)).is_ok());
        assert!(parse("{'a': [0]}", Limits::body(&body)).is_ok());
        assert_eq!(body.remaining(), 1);
        let error = parse("[1]", Limits::body(&body)).unwrap_err();
        assert_eq!(error.to_string(), "expected at most 7 values in a body, found one more at position 2");
        assert!(error.too_many && error.hint.unwrap().contains("split the request"));
        assert!(parse("1", Limits::body(&body)).is_ok(), "a rejected text does not count");
        assert_eq!(body.remaining(), 0);
    }

    #[test]
    fn text_that_is_tried_in_both_notations_counts_once() {
        let body = BodyValues::at_most(10);
        assert!(parse("[1, 2, 3, (4,)]", Limits::body(&body)).is_ok());
        assert_eq!(body.remaining(), 4);
    }
}
