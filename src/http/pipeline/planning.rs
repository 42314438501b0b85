//! The plan stage: plans, and fetches the metadata that the plan lacks.
//!
//! In: a user, and a function that plans with the metadata in memory. Out: what it plans. Must not know: what is
//! planned.

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{MetadataCache, MetadataSnapshot, OdooUser};
use crate::plan::PlanError;

/// Plans, and fetches the metadata that the plan needs. An unknown field may have been added to Odoo after the
/// metadata was cached, so the schemas are fetched again once.
///
/// # Errors
/// Why the intent is rejected, or why Odoo does not respond.
pub(in crate::http) async fn plan_with_metadata<P: Send>(
    cache: &MetadataCache,
    user: &OdooUser,
    mut plan: impl FnMut(&MetadataSnapshot<'_>) -> Result<P, PlanError> + Send,
) -> Result<P, Problem> {
    let mut metadata = MetadataSnapshot::load(cache, user).await?;
    let mut is_refreshed = false;
    loop {
        let error = match plan(&metadata) {
            Ok(plan) => return Ok(plan),
            Err(error) => error,
        };
        match error {
            // Boxed, because it is rare and large.
            PlanError::NeedsMetadata(missing) => Box::pin(metadata.fetch(missing)).await?,
            PlanError::Rejected(problem) if problem.code == ErrorCode::UnknownField && !is_refreshed => {
                is_refreshed = true;
                if !Box::pin(metadata.refresh_schemas()).await? {
                    return Err(*problem);
                }
            }
            PlanError::Rejected(problem) => return Err(*problem),
        }
    }
}
