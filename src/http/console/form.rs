//! Submitted forms: their values, after the check that they are from a page of this gateway.
//!
//! ```text
//! form = "guard" CSRF token, bound to the browser's session and to the path that the form is sent to; other fields
//! ```
//!
//! In: a request with a form. Out: [`ConsoleForm`], or 403 for a form that is from another site, another session, for
//! another path, or was already sent. Must not know: what the fields mean.

use std::fmt;

use bytes::Bytes;

use super::user::ConsoleUser;
use crate::auth::{CsrfBinding, CsrfToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::ENGLISH;
use crate::http::request::content_type::ContentType;
use crate::http::request::{ApiRequest, unauthenticated_body};

/// The largest number of fields. A scope with many rules has several hundred.
const MAX_FIELDS: usize = 5000;

/// The fields of a form. Some contain passwords, so they are not printed.
#[derive(Default)]
pub(in crate::http) struct ConsoleForm(Vec<(String, String)>);

impl fmt::Debug for ConsoleForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ConsoleForm({} fields)", self.0.len())
    }
}

impl ConsoleForm {
    /// Parses the form of a logged-in user. It can be submitted once.
    ///
    /// # Errors
    /// 403 if the CSRF token is missing, used, expired, or for another session or path; 415 and 413 for a body that is
    /// no form.
    pub(in crate::http) async fn from_user(request: &mut ApiRequest, user: &ConsoleUser) -> Result<Self, Problem> {
        let body = read_form(request).await?;
        let form = Self::parse(&body)?;
        let token = form.verify(request, user.cookie()).await?.ok_or_else(form_outdated)?;
        if request.state.tokens.csrf.consume(&token).await? { Ok(form) } else { Err(form_outdated()) }
    }

    /// Parses the form of a browser without a user, whose cookie has this value.
    ///
    /// # Errors
    /// As [`from_user`](Self::from_user).
    pub(super) async fn from_anonymous(request: &mut ApiRequest, cookie: &str) -> Result<Self, Problem> {
        require_form(request)?;
        let body = unauthenticated_body::body(request).await?;
        let form = Self::parse(&body)?;
        form.verify(request, cookie).await?.ok_or_else(form_outdated)?;
        Ok(form)
    }

    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        if memchr::memchr_iter(b'&', body).nth(MAX_FIELDS - 1).is_some() {
            let detail = format!("The form has more than {MAX_FIELDS} fields.");
            return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("body"));
        }
        Ok(Self(url::form_urlencoded::parse(body).into_owned().collect()))
    }

    async fn verify(&self, request: &ApiRequest, cookie: &str) -> Result<Option<CsrfToken>, Problem> {
        if cookie.is_empty() || !request.state.site.is_same_origin(&request.head.headers) {
            return Ok(None);
        }
        let binding = CsrfBinding { cookie, request: request.head.uri.path().as_bytes() };
        request.state.tokens.csrf.verify(binding, self.value("guard")).await
    }

    /// The value of a field; empty if it is missing. The first one counts.
    pub(in crate::http) fn value(&self, name: &str) -> &str {
        self.values(name).next().unwrap_or_default()
    }

    /// All values of a field.
    pub(in crate::http) fn values<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The CSRF token for a form that is sent to `path`, which is absolute and without the base path.
///
/// # Errors
/// 503 without the store or its keys.
pub(super) async fn csrf_token(request: &ApiRequest, cookie: &str, path: &str) -> Result<String, Problem> {
    request.state.tokens.csrf.issue(CsrfBinding { cookie, request: path.as_bytes() }).await
}

async fn read_form(request: &mut ApiRequest) -> Result<Bytes, Problem> {
    require_form(request)?;
    request.read_body().await
}

fn require_form(request: &ApiRequest) -> Result<(), Problem> {
    if ContentType::parse(&request.head.headers) == ContentType::Form {
        return Ok(());
    }
    let detail = "The Content-Type of the body must be application/x-www-form-urlencoded.";
    Err(Problem::new(ErrorCode::UnsupportedMediaType, detail).parameter("Content-Type"))
}

fn form_outdated() -> Problem {
    Problem::new(ErrorCode::FormOutdated, ENGLISH.outdated_lead)
        .hint("Go back, reload the page, and send the form from there.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_their_number_is_limited() {
        let form = ConsoleForm::parse(b"a=x+%26&b=1&b=2&c").unwrap();
        assert_eq!((form.value("a"), form.value("c"), form.value("d")), ("x &", "", ""));
        assert_eq!(form.values("b").collect::<Vec<_>>(), ["1", "2"]);
        assert!(ConsoleForm::parse(vec!["a"; MAX_FIELDS].join("&").as_bytes()).is_ok());
        assert!(ConsoleForm::parse(vec!["a"; MAX_FIELDS + 1].join("&").as_bytes()).is_err());
    }
}
