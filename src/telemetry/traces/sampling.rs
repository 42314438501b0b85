//! Which traces are recorded.
//!
//! In: the id of a trace, and the decision of the caller. Out: whether its spans are recorded. Must not know: spans.
//!
//! A caller that has decided is followed, so that a trace is complete or missing. A new trace is decided by its id, so
//! that all servers with the same ratio decide alike.

use super::trace_context::TraceId;

/// The sampler: parent-based, with a ratio for new traces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampler {
    /// Ids below this bound are recorded, of 2⁶³.
    bound: u64,
}

impl Sampler {
    /// Records this share of new traces, from 0 to 1.
    pub(super) fn new(ratio: f64) -> Self {
        // The cast saturates.
        Self { bound: (ratio * (1_u64 << 63) as f64) as u64 }
    }

    pub(super) fn is_sampled(self, trace: TraceId, parent: Option<bool>) -> bool {
        // The lower half of an id is random also where the upper half contains a time.
        parent.unwrap_or((trace.0 as u64) >> 1 < self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: TraceId = TraceId((1 << 64) | 5);
    const HIGH: TraceId = TraceId(u64::MAX as u128);

    #[test]
    fn the_ratio_decides_about_new_traces() {
        let sampled = |ratio, id| Sampler::new(ratio).is_sampled(id, None);
        assert_eq!([LOW, HIGH].map(|id| sampled(0.0, id)), [false, false]);
        assert_eq!([LOW, HIGH].map(|id| sampled(0.5, id)), [true, false]);
        assert_eq!([LOW, HIGH].map(|id| sampled(1.0, id)), [true, true]);
        let ids = (0..1000).map(|number: u128| TraceId(number * (u128::from(u64::MAX) / 1000)));
        let recorded = ids.filter(|id| sampled(0.1, *id)).count();
        assert!((99..=101).contains(&recorded), "{recorded}");
    }

    #[test]
    fn the_caller_has_precedence_over_the_ratio() {
        assert!(Sampler::new(0.0).is_sampled(HIGH, Some(true)));
        assert!(!Sampler::new(1.0).is_sampled(LOW, Some(false)));
    }
}
