//! Comparison of durations.
//!
//! In: alternating durations of the same operation, done directly and through the gateway. Out: a row of a table.
//! Must not know: what was measured.

use std::fmt;
use std::time::Duration;

/// Durations of the same operation, directly and through the gateway.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    direct: Vec<Duration>,
    gateway: Vec<Duration>,
}

/// The percentiles that are printed for each side.
const PERCENTILES: [usize; 3] = [10, 50, 90];

impl Pairs {
    pub(crate) fn add(&mut self, direct: Duration, gateway: Duration) {
        self.direct.push(direct);
        self.gateway.push(gateway);
    }

    pub(crate) fn len(&self) -> usize {
        self.direct.len()
    }

    pub(crate) const HEAD: &str = "                                   direct, ms                gateway, ms           gateway / direct\n                              \
                                   p10     p50     p90       p10     p50     p90       p10   p50   p90    pairs";
}

impl fmt::Display for Pairs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direct, gateway) = (quantiles(&self.direct), quantiles(&self.gateway));
        for times in [direct, gateway] {
            let [low, middle, high] = times;
            write!(out, "{low:8.2}{middle:8.2}{high:8.2}  ")?;
        }
        for (direct, gateway) in direct.into_iter().zip(gateway) {
            write!(out, "{:6.3}", gateway / direct)?;
        }
        write!(out, "{:9}", self.len())
    }
}

/// The percentiles in milliseconds.
fn quantiles(times: &[Duration]) -> [f64; 3] {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    PERCENTILES.map(|percent| {
        let time = sorted.get(sorted.len().saturating_sub(1) * percent / 100);
        time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    })
}
