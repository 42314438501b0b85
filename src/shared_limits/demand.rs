//! The greatest demand of the last second: a gateway that is busy does not return slots in each short pause.
//!
//! In: samples of the demand. Out: the greatest recent one. Must not know: what is demanded.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a sample counts.
const WINDOW: Duration = Duration::from_secs(1);

/// Samples of the last second.
#[derive(Debug, Clone, Default)]
pub struct RecentDemand(VecDeque<(Instant, u32)>);

impl RecentDemand {
    /// Adds a sample, and returns the greatest one of the last second.
    pub fn greatest(&mut self, now: Instant, demand: u32) -> u32 {
        self.0.retain(|(at, earlier)| now.saturating_duration_since(*at) < WINDOW && *earlier > demand);
        self.0.push_back((now, demand));
        self.0.iter().map(|(_, demand)| *demand).max().unwrap_or(demand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_counts_for_a_second() {
        let (mut demand, start) = (RecentDemand::default(), Instant::now());
        let mut greatest = |ms, sample| demand.greatest(start + Duration::from_millis(ms), sample);
        assert_eq!([greatest(0, 5), greatest(500, 2), greatest(900, 0)], [5, 5, 5]);
        assert_eq!([greatest(1100, 0), greatest(1600, 0), greatest(1700, 7)], [2, 0, 7]);
    }
}
