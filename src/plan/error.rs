//! Why there is no plan: metadata must be fetched first, or the intent is rejected.
//!
//! In: what a stage of planning found. Out: [`PlanError`]. Must not know: how metadata is fetched.

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::ModelName;

/// Metadata that is missing for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingMetadata {
    /// The fields of this model.
    Schema(ModelName),
    /// The default order of this model.
    DefaultOrder(ModelName),
    /// The installed languages.
    Languages,
    /// The user's language and time zone.
    UserDefaults,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanError {
    /// Metadata must be fetched first.
    NeedsMetadata(MissingMetadata),
    /// The intent cannot be executed.
    Rejected(Box<Problem>),
}

/// The problem of a required argument that the caller did not send, in Odoo's words.
pub(super) fn missing_argument(name: &str) -> Problem {
    Problem::new(ErrorCode::MissingParameter, format!("missing a required argument: '{name}'")).parameter(name)
}

impl From<Problem> for PlanError {
    fn from(problem: Problem) -> Self {
        Self::Rejected(Box::new(problem))
    }
}
