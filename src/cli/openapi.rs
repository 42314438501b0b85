//! Arguments of `odoo-gateway openapi`.
//!
//! In: arguments, a secret from standard input or a file. Out: the parameters of a document, a login and its secret.
//! Must not know: which models exist, how a document is made.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::secret_input::read_secret;

/// The models that the document describes, and the user for whom it does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct OpenapiCommand {
    /// Describe these models field by field, as an Odoo user may use them: names, separated by commas
    #[arg(long, value_name = "MODELS", requires = "login")]
    models: Option<String>,
    /// Odoo login of the user; the user's password or Odoo API key is read from standard input
    #[arg(long, requires = "models")]
    login: Option<String>,
    /// Read the password or Odoo API key from this file, not from standard input
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
    /// Configured name of the database (default: the first one)
    #[arg(long, requires = "models")]
    database: Option<String>,
    /// Describe only this dialect: api_v1, restapi, api or restful
    #[arg(long, requires = "models")]
    dialect: Option<String>,
    /// Empty values in responses: false, or null for requests with `Prefer: empty=null`
    #[arg(long, requires = "models")]
    empty: Option<String>,
    /// Language of labels, such as fr_FR (default: the language of the user)
    #[arg(long, requires = "models")]
    lang: Option<String>,
    /// Version of the OpenAPI specification: 3.1, 3.0 or 2.0
    #[arg(long, value_name = "VERSION", default_value = "3.1")]
    document_version: String,
}

/// A document of models for one user.
#[derive(Debug)]
pub struct TypedDocumentRequest {
    /// The Odoo login.
    pub login: String,
    /// The password or Odoo API key.
    pub secret: SecretString,
    /// The configured name of the database.
    pub database: Option<String>,
    /// The parameters of `/openapi.json`.
    pub query: String,
}

impl OpenapiCommand {
    /// The version of the OpenAPI specification.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.document_version
    }

    /// The document of models, if models were given.
    ///
    /// # Errors
    /// Fails if the secret cannot be read.
    pub fn typed(&self) -> Result<Option<TypedDocumentRequest>, String> {
        let (Some(models), Some(login)) = (&self.models, &self.login) else { return Ok(None) };
        let optional = [("dialect", &self.dialect), ("empty", &self.empty), ("lang", &self.lang)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("models", models).append_pair("version", &self.document_version);
        query.extend_pairs(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
        Ok(Some(TypedDocumentRequest {
            login: login.clone(),
            secret: read_secret(self.secret_file.as_deref(), login)?,
            database: self.database.clone(),
            query: query.finish(),
        }))
    }
}
