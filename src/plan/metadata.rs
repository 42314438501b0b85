//! What a plan may know, and what it says when it knows too little.
//!
//! In: whatever the gateway has at hand of a database and a user. Out: answers from memory, or a [`Lack`] that the
//! pipeline makes up for before it plans again. Must not know: how knowledge is fetched or how old it is.

use std::sync::Arc;

use super::schema::Schema;
use crate::error::Problem;
use crate::names::{FieldName, ModelName};

/// What is known of the caller's Odoo, answered from memory.
pub trait Known {
    /// The model's fields as the caller sees them.
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>>;

    /// The order that the model gives its records when nobody asks for one, as Odoo writes it; empty where this user may
    /// not know it.
    fn own_order(&self, model: &ModelName) -> Option<Arc<str>>;

    /// The codes of the languages installed there, as `fr_FR`.
    fn languages(&self) -> Option<Arc<[String]>>;

    /// The server's major version: 14..19.
    fn major_version(&self) -> u8;

    /// The language and time zone that the user chose in Odoo.
    fn user_defaults(&self) -> UserDefaults;

    /// Is told of a field that a configured schema names and the model lacks, each time it is left out of an answer.
    fn note_lacking(&self, _model: &ModelName, _field: &FieldName) {}
}

/// A user's own settings. `None` where Odoo has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserDefaults {
    /// As `fr_FR`.
    pub lang: Option<String>,
    /// As `Europe/Paris`.
    pub tz: Option<String>,
}

/// What a plan lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The fields of this model.
    Schema(ModelName),
    /// This model's own order.
    Order(ModelName),
    /// The installed languages.
    Languages,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanError {
    /// Something must be fetched first.
    Lacking(Lack),
    /// The wish cannot be granted.
    Refused(Box<Problem>),
}

impl From<Problem> for PlanError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// The own order of `model`, or the wish for it.
pub(super) fn own_order_of(known: &dyn Known, model: &ModelName) -> Result<Arc<str>, PlanError> {
    known.own_order(model).ok_or_else(|| PlanError::Lacking(Lack::Order(model.clone())))
}

/// The schema of `model`, or the wish for it.
pub(super) fn schema_of(known: &dyn Known, model: &ModelName) -> Result<Arc<Schema>, PlanError> {
    known.schema(model).ok_or_else(|| PlanError::Lacking(Lack::Schema(model.clone())))
}
