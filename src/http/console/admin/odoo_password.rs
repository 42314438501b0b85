//! Verifies the password of an Odoo user in a form of administrators.
//!
//! In: a database, a login and a secret. Out: whether Odoo accepts them. Must not know: what the user is for.

use secrecy::SecretString;

use crate::admin::AdminError;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;

/// Verifies the secret of an Odoo user. Attempts count as those of a login, so that nobody guesses passwords here.
///
/// # Errors
/// Fails if Odoo rejects the secret, if there were too many attempts, or if Odoo cannot be asked.
pub(super) async fn verify_password(
    request: &ApiRequest,
    database: &str,
    login: &str,
    secret: &SecretString,
) -> Result<(), AdminError> {
    let database = request.state.databases.pick(Some(database)).map_err(AdminError::Odoo)?;
    let authenticator = &request.state.odoo_authenticator;
    match authenticator.authenticate(database, login.to_owned(), secret.clone(), request.client_ip()).await {
        Ok(_) => Ok(()),
        Err(problem) if problem.code == ErrorCode::CredentialInvalid => Err(AdminError::CredentialRejected),
        Err(problem) => Err(AdminError::Odoo(problem)),
    }
}
