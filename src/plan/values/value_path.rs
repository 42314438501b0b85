//! The place of a value in the request, such as `vals.order_line[0].product_id`.
//!
//! In: names and indexes, step by step. Out: an error with the place. Must not know: fields. Nothing is allocated or
//! printed before an error occurs.

use std::fmt;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::error::PlanError;
use crate::value::Value;

/// A step of the path to a value, and the steps before it.
#[derive(Clone, Copy)]
pub(in crate::plan) struct ValuePath<'p> {
    within: Option<&'p ValuePath<'p>>,
    step: PathStep<'p>,
}

#[derive(Clone, Copy)]
enum PathStep<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'p> ValuePath<'p> {
    pub(in crate::plan) fn root(parameter: &'p str) -> Self {
        ValuePath { within: None, step: PathStep::Name(parameter) }
    }

    pub(super) fn name(&'p self, name: &'p str) -> ValuePath<'p> {
        ValuePath { within: Some(self), step: PathStep::Name(name) }
    }

    pub(super) fn index(&'p self, index: usize) -> ValuePath<'p> {
        ValuePath { within: Some(self), step: PathStep::Index(index) }
    }

    /// The error for a value that does not fit.
    pub(super) fn mismatch(&self, expected: &str, found: &Value<'_>) -> PlanError {
        self.invalid(&format!("{expected}, found {} {}", found.kind(), found.excerpt(60)))
    }

    /// The error with a message of its own.
    pub(super) fn invalid(&self, message: &str) -> PlanError {
        Problem::new(ErrorCode::InvalidValue, format!("{self}: {message}")).parameter(self.to_string()).into()
    }
}

impl fmt::Display for ValuePath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.within, self.step) {
            (None, PathStep::Name(name)) => out.write_str(name),
            (Some(within), PathStep::Name(name)) => write!(out, "{within}.{name}"),
            (None, PathStep::Index(index)) => write!(out, "[{index}]"),
            (Some(within), PathStep::Index(index)) => write!(out, "{within}[{index}]"),
        }
    }
}
