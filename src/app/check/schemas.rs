//! Compares the response schemas of `[restful.models]` with the fields of an Odoo database.
//!
//! In: the configuration and a user. Out: a message for each field that the database does not have. Must not know:
//! how the messages are printed.

use crate::config::{RestfulConfig, RestfulModelConfig};
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{Database, MetadataSnapshot, OdooUser};
use crate::plan::{PlanError, unresolved_fields};

/// Whether the configuration contains a schema.
pub(super) fn has_schemas(config: &RestfulConfig) -> bool {
    config.models.iter().any(|(name, entry)| name != "*" && entry.schemas().next().is_some())
}

/// Returns a message for each mismatch, with its key such as `restful.models.sale.order.read`.
pub(super) async fn compare(database: &Database, config: &RestfulConfig, odoo_user: &OdooUser) -> Vec<String> {
    let mut found = Vec::new();
    for (name, entry) in &config.models {
        let Ok(model) = ModelName::parse(name) else { continue };
        match compare_model(database, odoo_user, &model, entry).await {
            Ok(messages) => found.extend(messages.into_iter().map(|text| format!("restful.models.{name}.{text}"))),
            Err(problem) => found.push(format!("restful.models.{name}: {}", problem.detail)),
        }
    }
    found
}

async fn compare_model(
    database: &Database,
    odoo_user: &OdooUser,
    model: &ModelName,
    entry: &RestfulModelConfig,
) -> Result<Vec<String>, Problem> {
    let mut metadata = MetadataSnapshot::load(&database.metadata, odoo_user).await?;
    let mut found = Vec::new();
    for (key, schema) in entry.schemas() {
        let mismatches = loop {
            match unresolved_fields(schema, model, &metadata) {
                Ok(mismatches) => break mismatches,
                Err(PlanError::NeedsMetadata(missing)) => metadata.fetch(missing).await?,
                Err(PlanError::Rejected(problem)) => return Err(*problem),
            }
        };
        found.extend(mismatches.iter().map(|mismatch| format!("{key}: {mismatch}")));
    }
    Ok(found)
}
