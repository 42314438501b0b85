//! Finds models by name or label, and lists models and modules.
//!
//! In: a user, a text. Out: models with their labels. Must not know: what the models are chosen for.

use super::database::Database;
use super::user::OdooUser;
use super::user_client::unexpected_form;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::plan::{Call, Effect, OrmMethod};
use crate::value::Value;

/// The most models that one search returns.
const MAX_FOUND: i64 = 30;

/// A model that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundModel {
    /// The model.
    pub model: ModelName,
    /// Its label.
    pub label: String,
}

impl Database {
    /// Finds models whose name or label contains a text, without wizards and abstract models, by name.
    ///
    /// # Errors
    /// If the user may not read the list of models, or Odoo does not respond.
    pub async fn search_models(&self, user: &OdooUser, text: &str) -> Result<Vec<FoundModel>, Problem> {
        let contains = |field: &'static str| Value::List(vec![field.into(), "ilike".into(), text.to_owned().into()]);
        let is_stored = Value::List(vec!["transient".into(), "=".into(), Value::Bool(false)]);
        let domain = Value::List(vec!["|".into(), contains("model"), contains("name"), is_stored]);
        let call = Call {
            model: ModelName::from_static("ir.model"),
            method: OrmMethod::SearchRead.name(),
            args: vec![domain, Value::List(vec!["model".into(), "name".into()])],
            kwargs: vec![("limit".into(), Value::Int(MAX_FOUND)), ("order".into(), "model".into())],
            effect: Effect::Read,
        };
        match self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call)) {
            Ok(reply) => found_models(&reply.value()?, "name").ok_or_else(|| unexpected_form(&call)),
            // From Odoo 16 on, only administrators may read the list of all models.
            Err(denied) if denied.code == ErrorCode::AccessDenied => {
                self.search_readable_models(user, text).await.map_err(|_| denied)
            }
            Err(problem) => Err(problem),
        }
    }

    /// The same among the models that the user may read. Odoo returns all of them.
    async fn search_readable_models(&self, user: &OdooUser, text: &str) -> Result<Vec<FoundModel>, Problem> {
        let mut found = self.available_models(user).await?;
        let text = text.to_lowercase();
        found.retain(|one| one.model.as_str().contains(&text) || one.label.to_lowercase().contains(&text));
        found.truncate(usize::try_from(MAX_FOUND).unwrap_or_default());
        Ok(found)
    }

    /// The models that the user may read, without wizards and abstract models, by name. Before Odoo 16, Odoo does not
    /// tell which those are: all models whose names the user may read.
    ///
    /// # Errors
    /// If the user may not read the list of models, or Odoo does not respond.
    pub async fn readable_models(&self, user: &OdooUser) -> Result<Vec<FoundModel>, Problem> {
        match self.available_models(user).await {
            Err(problem) if problem.code == ErrorCode::UnknownMethod => {
                let is_stored = Value::List(vec!["transient".into(), "=".into(), Value::Bool(false)]);
                let rows = self.list(user, ModelName::from_static("ir.model"), is_stored, &["model", "name"]).await?;
                let mut models = found_models(&rows, "name").unwrap_or_default();
                models.sort_by(|one, other| one.model.cmp(&other.model));
                Ok(models)
            }
            models => models,
        }
    }

    /// The technical names of the installed modules, in alphabetical order; none if the user may not read them.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn installed_modules(&self, user: &OdooUser) -> Result<Vec<String>, Problem> {
        let is_installed = Value::List(vec!["state".into(), "=".into(), "installed".into()]);
        let modules = self.list(user, ModelName::from_static("ir.module.module"), is_installed, &["name"]).await;
        let name = |row: &Value<'_>| row.get("name").and_then(Value::as_text).map(str::to_owned);
        let mut names: Vec<String> = match modules {
            Ok(modules) => modules.as_list().unwrap_or_default().iter().filter_map(name).collect(),
            Err(denied) if denied.code == ErrorCode::AccessDenied => Vec::new(),
            Err(problem) => return Err(problem),
        };
        names.sort_unstable();
        Ok(names)
    }

    /// The models that the user may read, by name, since Odoo 16.
    async fn available_models(&self, user: &OdooUser) -> Result<Vec<FoundModel>, Problem> {
        let call = Call {
            model: ModelName::from_static("ir.model"),
            method: MethodName::from_static("get_available_models"),
            args: Vec::new(),
            kwargs: Vec::new(),
            effect: Effect::Read,
        };
        let reply = self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        let mut found = found_models(&reply.value()?, "display_name").ok_or_else(|| unexpected_form(&call))?;
        found.sort_by(|one, other| one.model.cmp(&other.model));
        Ok(found)
    }

    /// All records that match one condition.
    async fn list(
        &self,
        user: &OdooUser,
        model: ModelName,
        condition: Value<'static>,
        fields: &[&'static str],
    ) -> Result<Value<'static>, Problem> {
        let fields = fields.iter().map(|field| Value::from(*field)).collect();
        let args = vec![Value::List(vec![condition]), fields];
        let call = Call { model, method: OrmMethod::SearchRead.name(), args, kwargs: Vec::new(), effect: Effect::Read };
        let reply = self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        Ok(reply.value()?.into_owned())
    }
}

/// The models in a list of records with this label.
fn found_models(records: &Value<'_>, label: &str) -> Option<Vec<FoundModel>> {
    let found = |row: &Value<'_>| {
        let text = |name| row.get(name).and_then(Value::as_text);
        let model = ModelName::parse(text("model")?).ok()?;
        Some(FoundModel { label: text(label).unwrap_or_else(|| model.as_str()).to_owned(), model })
    };
    Some(records.as_list()?.iter().filter_map(found).collect())
}
