//! The names of models for people, in the source language.
//!
//! In: a user, models. Out: a name for each model: its technical name if the user may not read the other one. Must not
//! know: what the names are used for.
//!
//! Since Odoo 16, `display_name_for` answers every user. Before, `ir.model` itself is read, which Odoo 15 denies to
//! most users, and every version denies to portal users.

use std::sync::Arc;

use super::{MetadataCache, metadata_call};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::ModelName;
use crate::odoo::user::OdooUser;
use crate::value::Value;

impl MetadataCache {
    /// The name of a model.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn model_label(&self, user: &OdooUser, model: &ModelName) -> Result<Arc<str>, Problem> {
        match self.labels.get(&(user.uid, model.clone())) {
            Some(label) => Ok(label),
            // Boxed, because it is rare and large.
            None => Box::pin(self.load_label(user, model)).await,
        }
    }

    async fn load_label(&self, user: &OdooUser, model: &ModelName) -> Result<Arc<str>, Problem> {
        let fetch = async {
            let label = self.fetch_labels(user, &[model]).await?.pop();
            Ok(label.unwrap_or_else(|| model.as_str().into()))
        };
        self.labels.get_or_load((user.uid, model.clone()), fetch).await
    }

    /// The names of several models, in their order. One call fetches all that are not cached.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn model_labels(&self, user: &OdooUser, models: &[ModelName]) -> Result<Vec<Arc<str>>, Problem> {
        let key = |model: &ModelName| (user.uid, model.clone());
        let cached: Vec<Option<Arc<str>>> = models.iter().map(|model| self.labels.get(&key(model))).collect();
        let is_missing = |(model, label): (_, &Option<Arc<str>>)| label.is_none().then_some(model);
        let missing: Vec<&ModelName> = models.iter().zip(&cached).filter_map(is_missing).collect();
        let fetched = self.fetch_labels(user, &missing).await?;
        for (model, label) in missing.into_iter().zip(&fetched) {
            self.labels.insert(key(model), label.clone());
        }
        let mut fetched = fetched.into_iter();
        Ok(cached.into_iter().filter_map(|label| label.or_else(|| fetched.next())).collect())
    }

    /// Fetches a name for each of the models.
    async fn fetch_labels(&self, user: &OdooUser, models: &[&ModelName]) -> Result<Vec<Arc<str>>, Problem> {
        if models.is_empty() {
            return Ok(Vec::new());
        }
        let names: Value<'static> = models.iter().map(|model| Value::from(model.as_str().to_owned())).collect();
        let (call, key) = if self.cached_version().await?.major >= 16 {
            (metadata_call("ir.model", "display_name_for", vec![names]), "display_name")
        } else {
            let domain = Value::List(vec![Value::List(vec!["model".into(), "in".into(), names])]);
            let fields = Value::List(vec!["model".into(), "name".into()]);
            (metadata_call("ir.model", "search_read", vec![domain, fields]), "name")
        };
        let reply = match self.call(user, &call).await {
            Ok(reply) => Some(reply),
            Err(problem) if problem.code == ErrorCode::AccessDenied => None,
            Err(problem) => return Err(problem),
        };
        let records = reply.as_ref().map(|reply| reply.value()).transpose()?;
        let records = records.as_ref().and_then(Value::as_list).unwrap_or_default();
        let text = |record: &Value<'_>, key: &str| record.get(key).and_then(Value::as_text).map(Arc::<str>::from);
        let label = |model: &&ModelName| {
            let named = records.iter().find(|record| text(record, "model").as_deref() == Some(model.as_str()));
            named.and_then(|record| text(record, key)).unwrap_or_else(|| model.as_str().into())
        };
        Ok(models.iter().map(label).collect())
    }
}
