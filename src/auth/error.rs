//! Why a credential was not accepted.
//!
//! In: errors of the store, of the installation's keys and of the checks themselves. Out: [`AuthError`]. Must not know:
//! HTTP.

use std::time::Duration;

use super::key_provider::KeySetError;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::store::StoreError;

/// Why a credential was not accepted.
#[derive(Debug, Clone)]
pub(super) enum AuthError {
    /// The credential is unknown, revoked, expired, altered, or not allowed from this address. The caller must not
    /// learn which of these it is, so every such rejection costs an attempt and takes equally long.
    Rejected,
    /// Any other error. It reveals nothing about the credential and is returned at once.
    Problem(Problem),
}

impl From<Problem> for AuthError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for AuthError {
    fn from(cause: StoreError) -> Self {
        Self::Problem(unavailable(&cause))
    }
}

impl From<KeySetError> for AuthError {
    fn from(cause: KeySetError) -> Self {
        Self::Problem(cause.into())
    }
}

impl AuthError {
    /// The error for a caller that cannot guess anything here: a rejection is returned without delay.
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Rejected => invalid_token(),
        }
    }
}

/// `None` for a rejected credential, for callers that look something up.
///
/// # Errors
/// Every error except a rejection.
pub(super) fn accepted<T>(result: Result<T, AuthError>) -> Result<Option<T>, Problem> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(AuthError::Rejected) => Ok(None),
        Err(AuthError::Problem(problem)) => Err(problem),
    }
}

/// The one response to every rejected API key or token.
pub(super) fn invalid_token() -> Problem {
    let detail = "The API key or token is not valid: it is unknown, revoked or expired, or must not be used from this \
                  address.";
    Problem::new(ErrorCode::CredentialInvalid, detail).hint("Check the key or token, or create a new one.")
}

/// The store does not respond, or its keys cannot be opened.
pub(super) fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%cause, "credentials cannot be verified");
    Problem::new(ErrorCode::StoreUnavailable, "The gateway cannot verify credentials at the moment. Try again later.")
        .retry_after(Duration::from_secs(5))
}
