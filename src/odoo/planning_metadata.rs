//! The metadata for one plan, collected before planning so that the planner does no I/O.
//!
//! In: a [`MetadataCache`] and a user. Out: an implementation of [`plan::Metadata`](crate::plan::Metadata). Must not
//! know: intents.

use std::sync::Arc;

use super::metadata_cache::{CachedSchema, MetadataCache};
use super::user::OdooUser;
use crate::error::Problem;
use crate::names::{FieldName, ModelName};
use crate::plan::model_schema::Schema;
use crate::plan::{self, MissingMetadata, UserDefaults};

/// The metadata for one plan.
#[derive(Debug)]
pub struct MetadataSnapshot<'k> {
    cache: &'k MetadataCache,
    user: &'k OdooUser,
    major_version: u8,
    defaults: UserDefaults,
    languages: Option<Arc<[String]>>,
    schemas: Vec<CachedSchema>,
    orders: Vec<(ModelName, Arc<str>)>,
}

impl<'k> MetadataSnapshot<'k> {
    /// The version and the user's settings, which every plan needs, and the cached schema of the model, which is
    /// fetched only if the plan needs it. The calls run one after the other: the first call with a secret costs Odoo
    /// a full password hash, and concurrent calls would each cost one.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn load(cache: &'k MetadataCache, user: &'k OdooUser, model: &ModelName) -> Result<Self, Problem> {
        let major_version = cache.cached_version().await?.major;
        let defaults = cache.user_defaults(user).await?;
        let schemas = cache.cached_schema(user, model).await.into_iter().collect();
        Ok(Self { cache, user, major_version, defaults, languages: None, schemas, orders: Vec::new() })
    }

    /// Fetches what the planner needs.
    ///
    /// # Errors
    /// If Odoo does not respond, or the model does not exist.
    pub async fn fetch(&mut self, missing: MissingMetadata) -> Result<(), Problem> {
        match missing {
            MissingMetadata::Languages => self.languages = Some(self.cache.languages(self.user).await?),
            MissingMetadata::DefaultOrder(model) => {
                let order = self.cache.default_order(self.user, &model).await?;
                self.orders.push((model, order));
            }
            MissingMetadata::Schema(model) => self.schemas.push(self.cache.schema(self.user, &model).await?),
        }
        Ok(())
    }

    /// Fetches schemas again that are old enough to be outdated; returns whether there were any.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn refresh_schemas(&mut self) -> Result<bool, Problem> {
        let (old, young): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.schemas).into_iter().partition(CachedSchema::is_worth_rechecking);
        self.schemas = young;
        for CachedSchema { schema, .. } in &old {
            self.cache.invalidate_schema(self.user, &schema.model).await;
            self.fetch(MissingMetadata::Schema(schema.model.clone())).await?;
        }
        Ok(!old.is_empty())
    }
}

impl plan::Metadata for MetadataSnapshot<'_> {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        self.schemas.iter().find(|known| known.schema.model == *model).map(|known| known.schema.clone())
    }

    fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        self.orders.iter().find(|(known, _)| known == model).map(|(_, order)| order.clone())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        self.languages.clone()
    }

    fn major_version(&self) -> u8 {
        self.major_version
    }

    fn user_defaults(&self) -> UserDefaults {
        self.defaults.clone()
    }

    fn record_missing_field(&self, model: &ModelName, field: &FieldName) {
        self.cache.log_missing_field(model, field);
    }
}
