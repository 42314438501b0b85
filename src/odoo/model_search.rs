//! Finds models by name or label.
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
        let call = Call {
            model: ModelName::from_static("ir.model"),
            method: MethodName::from_static("get_available_models"),
            args: Vec::new(),
            kwargs: Vec::new(),
            effect: Effect::Read,
        };
        let reply = self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        let mut found = found_models(&reply.value()?, "display_name").ok_or_else(|| unexpected_form(&call))?;
        let text = text.to_lowercase();
        found.retain(|one| one.model.as_str().contains(&text) || one.label.to_lowercase().contains(&text));
        found.sort_by(|one, other| one.model.cmp(&other.model));
        found.truncate(usize::try_from(MAX_FOUND).unwrap_or_default());
        Ok(found)
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
