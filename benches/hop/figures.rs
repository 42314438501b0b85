//! Figures of several rounds.
//!
//! In: one number per round. Out: their median and their spread. Must not know: what was measured.

use std::fmt;

/// One number per round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    /// A figure that was measured once.
    pub(crate) fn once(figure: f64) -> Self {
        Self(vec![figure])
    }

    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// Combines the figures of each round, because both sides of a round met the same load of the machine.
    pub(crate) fn paired(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| combine(*one, *other)).collect())
    }

    pub(crate) fn ratio(&self, other: &Self) -> Self {
        self.paired(other, |one, other| one / other)
    }

    pub(crate) fn median(&self) -> f64 {
        quantile(&self.0, 0.5)
    }
}

/// The median, and the smallest and the largest figure.
impl fmt::Display for Series {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = out.precision().unwrap_or(2);
        let median = self.median();
        if self.0.len() < 2 {
            return write!(out, "{median:.digits$}");
        }
        let (least, most) = (quantile(&self.0, 0.0), quantile(&self.0, 1.0));
        write!(out, "{median:.digits$} ({least:.digits$}..{most:.digits$})")
    }
}

/// The figure below which this part of the figures is. Not a number without any figure.
pub(crate) fn quantile(figures: &[f64], part: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
