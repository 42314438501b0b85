//! How a failed login of a person is answered, on every login page.
//!
//! In: the problem. Out: the status, a sentence, `Retry-After`. Must not know: which page it is.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::pages::ENGLISH;
use super::response::problem::status;
use crate::error::Problem;
use crate::error_code::{ErrorClass, ErrorCode};

/// The answer to a failed login.
#[derive(Debug)]
pub(super) struct LoginFailure {
    pub status: StatusCode,
    /// Why it failed.
    pub alert: String,
    retry_after: Option<Duration>,
}

impl LoginFailure {
    /// A wrong password is 422, because a browser answers 401 with its own login dialog.
    pub(super) fn new(problem: &Problem) -> Self {
        let (status, alert) = match problem.code {
            ErrorCode::TooManyAttempts => {
                (StatusCode::TOO_MANY_REQUESTS, ENGLISH.throttled(problem.retry_after.unwrap_or_default()))
            }
            code if code.class() == ErrorClass::Unauthorized => {
                (StatusCode::UNPROCESSABLE_ENTITY, ENGLISH.login_wrong.to_owned())
            }
            code => (status(code.class()), ENGLISH.login_unavailable.to_owned()),
        };
        Self { status, alert, retry_after: problem.retry_after }
    }

    /// Adds `Retry-After` to the rendered page.
    pub(super) fn complete(&self, mut page: Response) -> Response {
        if let Some(wait) = self.retry_after {
            page.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
        }
        page
    }
}
