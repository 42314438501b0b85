//! The schemas of family C beside what the Odoos have.
//!
//! In: the configuration and a user who may look. Out: a sentence for each wish that a database does not meet. Must not
//! know: how it is printed.

use secrecy::SecretString;

use crate::config::{RestfulConfig, RestfulModelConfig};
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{Caller, Database, Known};
use crate::plan::{PlanError, unmet};

/// A user whose eyes are lent: what he may not see is not there.
#[derive(Debug)]
pub struct Reader {
    /// The login at Odoo, the same for every database.
    pub login: String,
    /// The password or Odoo API key.
    pub secret: SecretString,
}

/// Whether there is anything to compare.
pub(super) fn has_schemas(config: &RestfulConfig) -> bool {
    config.models.iter().any(|(name, entry)| name != "*" && entry.schemas().next().is_some())
}

/// What the database does not meet, as `restful.models.sale.order.read: there is no field …`.
pub(super) async fn compare(
    database: &Database,
    config: &RestfulConfig,
    reader: &Reader,
) -> Result<Vec<String>, String> {
    let told = |problem: Problem| problem.detail;
    let uid = database.client.authenticate(&reader.login, &reader.secret).await;
    let uid = uid.map_err(|failure| told(failure.into_problem()))?;
    let uid = uid.ok_or_else(|| format!("Odoo does not take {} with this password or key", reader.login))?;
    let caller = Caller { uid, secret: reader.secret.clone() };
    let mut found = Vec::new();
    for (name, entry) in &config.models {
        let Ok(model) = ModelName::parse(name) else { continue };
        match of_model(database, &caller, &model, entry).await {
            Ok(sentences) => found.extend(sentences.into_iter().map(|said| format!("restful.models.{name}.{said}"))),
            Err(problem) => found.push(format!("restful.models.{name}: {}", problem.detail)),
        }
    }
    Ok(found)
}

async fn of_model(
    database: &Database,
    caller: &Caller,
    model: &ModelName,
    entry: &RestfulModelConfig,
) -> Result<Vec<String>, Problem> {
    let mut known = Known::of(&database.knowledge, caller, model).await?;
    let mut found = Vec::new();
    for (key, schema) in entry.schemas() {
        let unmet = loop {
            match unmet(schema, model, &known) {
                Ok(unmet) => break unmet,
                Err(PlanError::Lacking(lack)) => known.learn(lack).await?,
                Err(PlanError::Refused(problem)) => return Err(*problem),
            }
        };
        found.extend(unmet.iter().map(|unmet| format!("{key}: {unmet}")));
    }
    Ok(found)
}
