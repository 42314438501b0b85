//! `odoo-gateway openapi --models`: the OpenAPI document of certain models.
//!
//! In: a configuration, a user, the parameters of the document. Out: the document. Must not know: how it is printed,
//! other credentials. The store is not used: the user's password or key goes to Odoo.

use std::error::Error;
use std::sync::Arc;

use secrecy::SecretString;

use super::settings_from_config;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Problem;
use crate::http::typed_openapi;
use crate::odoo::OdooUser;
use crate::telemetry::metrics::Metrics;

/// The user for whom a document is made.
#[derive(Debug)]
pub struct DocumentUser {
    /// The Odoo login.
    pub login: String,
    /// The password or Odoo API key.
    pub secret: SecretString,
    /// The configured name of the database; `None`: the first one.
    pub database: Option<String>,
}

/// Returns the document that `GET /openapi.json?` with `query` returns to the user.
///
/// # Errors
/// Fails if Odoo rejects the login or does not respond, or if a model cannot be described.
pub async fn typed_document(
    config: &Config,
    user: DocumentUser,
    query: &str,
    clock: &Clock,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let DocumentUser { login, secret, database } = user;
    let databases = super::databases(config, clock, &Arc::new(Metrics::new()))?;
    let database = databases.pick(database.as_deref()).map_err(text)?;
    let uid = database.client.authenticate(&login, &secret).await.map_err(|error| text(error.into_problem()))?;
    let uid = uid.ok_or_else(|| format!("Odoo rejected the login {login} with this password or key"))?;
    let odoo_user = OdooUser { uid, secret: secret.into() };
    let restful_models = Arc::new(settings_from_config::restful(&config.restful));
    let public_url = config.server.public_url.as_ref();
    let document = typed_openapi(database, &odoo_user, restful_models, public_url, query).await;
    Ok(document.map_err(text)?)
}

/// What is wrong, and what to do.
fn text(problem: Problem) -> String {
    problem.detail_with_hint().into_owned()
}
