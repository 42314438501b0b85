//! Figures with the values that they must reach and should reach.
//!
//! In: a figure. Out: a row of a table. Must not know: how the figure was measured.

use std::fmt;

use super::figures::Series;

/// A figure with its targets.
#[derive(Debug)]
pub(crate) struct Target {
    name: String,
    figure: Series,
    must: f64,
    aim: f64,
    better: Better,
}

#[derive(Debug, Clone, Copy)]
enum Better {
    Higher,
    Lower,
}

impl Target {
    pub(crate) fn at_least(name: &str, figure: Series, must: f64, aim: f64) -> Self {
        Self { name: name.to_owned(), figure, must, aim, better: Better::Higher }
    }

    pub(crate) fn at_most(name: &str, figure: Series, must: f64, aim: f64) -> Self {
        Self { name: name.to_owned(), figure, must, aim, better: Better::Lower }
    }

    fn reaches(&self, bound: f64) -> bool {
        match self.better {
            Better::Higher => self.figure.median() >= bound,
            Better::Lower => self.figure.median() <= bound,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.reaches(self.aim) {
            "aim reached"
        } else if self.reaches(self.must) {
            "met"
        } else {
            "**missed**"
        };
        let sign = match self.better {
            Better::Higher => "≥",
            Better::Lower => "≤",
        };
        let Self { name, figure, must, aim, .. } = self;
        write!(out, "| {name} | {figure:.3} | {sign} {must} | {sign} {aim} | {verdict} |")
    }
}
