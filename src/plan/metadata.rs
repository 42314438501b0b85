//! What planning may use: metadata of the database and of the user.
//!
//! In: cached metadata. Out: answers from memory; what is missing becomes a [`MissingMetadata`], which the pipeline
//! fetches before it plans again. Must not know: how metadata is fetched or how old it is.

use std::sync::Arc;

use super::error::{MissingMetadata, PlanError};
use super::model_schema::Schema;
use super::version_number::VersionNumber;
use crate::names::{FieldName, ModelName};

/// What is known about the user's Odoo, answered from memory. `None` means: not fetched yet.
pub trait Metadata {
    /// The fields of a model, as the user sees them.
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>>;

    /// The default order (`_order`) of a model, as Odoo writes it; empty if the user may not read it.
    fn default_order(&self, model: &ModelName) -> Option<Arc<str>>;

    /// The codes of the installed languages, such as `fr_FR`.
    fn languages(&self) -> Option<Arc<[String]>>;

    /// The version of the server.
    fn version(&self) -> VersionNumber;

    /// The major version of the server. What changed between two yearly versions needs [`Metadata::version`].
    fn major_version(&self) -> u8 {
        self.version().major
    }

    /// The language and time zone of the user's Odoo preferences.
    fn user_defaults(&self) -> Option<UserDefaults>;

    /// Records that a configured schema names a field which the model does not have. Called each time the field is
    /// left out of a response.
    fn record_missing_field(&self, _model: &ModelName, _field: &FieldName) {}
}

/// The preferences of a user. `None` if they are not set in Odoo.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserDefaults {
    /// A language code, such as `fr_FR`.
    pub lang: Option<String>,
    /// A time zone, such as `Europe/Paris`.
    pub tz: Option<String>,
}

/// Returns the default order of `model`, or the error that it is missing.
pub(super) fn require_default_order(metadata: &dyn Metadata, model: &ModelName) -> Result<Arc<str>, PlanError> {
    metadata.default_order(model).ok_or_else(|| PlanError::NeedsMetadata(MissingMetadata::DefaultOrder(model.clone())))
}

/// Returns the schema of `model`, or the error that it is missing.
pub(super) fn require_schema(metadata: &dyn Metadata, model: &ModelName) -> Result<Arc<Schema>, PlanError> {
    metadata.schema(model).ok_or_else(|| PlanError::NeedsMetadata(MissingMetadata::Schema(model.clone())))
}
