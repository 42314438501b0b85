//! Where in the request a value stands, as `vals.order_line[0].product_id`.
//!
//! In: names and indexes, one step after another. Out: a refusal that says where. Must not know: fields. Nothing is
//! printed, nor allocated, before something is wrong.

use std::fmt;

use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::metadata::PlanError;
use crate::value::Value;

/// A step on the way to a value, and the steps before it.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Place<'p> {
    within: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(in crate::plan) fn root(parameter: &'p str) -> Self {
        Place { within: None, step: Step::Name(parameter) }
    }

    pub(super) fn name(&'p self, name: &'p str) -> Place<'p> {
        Place { within: Some(self), step: Step::Name(name) }
    }

    pub(super) fn index(&'p self, index: usize) -> Place<'p> {
        Place { within: Some(self), step: Step::Index(index) }
    }

    /// The refusal of what was found here.
    pub(super) fn refuse(&self, expected: &str, found: &Value<'_>) -> PlanError {
        self.complain(&format!("{expected}, found {} {}", found.kind(), found.excerpt(60)))
    }

    /// The refusal of something that cannot be shown.
    pub(super) fn complain(&self, complaint: &str) -> PlanError {
        Problem::new(Code::InvalidValue, format!("{self}: {complaint}")).parameter(self.to_string()).into()
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.within, self.step) {
            (None, Step::Name(name)) => out.write_str(name),
            (Some(within), Step::Name(name)) => write!(out, "{within}.{name}"),
            (None, Step::Index(index)) => write!(out, "[{index}]"),
            (Some(within), Step::Index(index)) => write!(out, "{within}[{index}]"),
        }
    }
}
