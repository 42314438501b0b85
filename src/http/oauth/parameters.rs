//! The parameters of a request to the token endpoint and its kin.
//!
//! They stand in a form body (RFC 6749 section 4.1.3), or, as the vendor's manual prints it, in a header
//! `Authorization: OAuth client_id='…', client_secret='…' …` whose values count as parameters. Never in the query: what
//! stands there is logged by everybody on the way.
//!
//! In: an [`Arrival`]. Out: [`Parameters`]. Must not know: which grant there is.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::auth::oauth1::{of_scheme, parse};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::http::request::params::pairs;
use crate::http::request::unauthenticated;

/// Names with values, each once, none empty.
#[derive(Default)]
pub(in crate::http) struct Parameters(Vec<(String, String)>);

/// What must not stand in a query.
const SECRET: [&str; 7] =
    ["client_secret", "code", "code_verifier", "refresh_token", "token", "client_assertion", "password"];

const FORM: &str = "application/x-www-form-urlencoded";

impl Parameters {
    /// Reads header and body.
    ///
    /// # Errors
    /// `invalid_request` for what is no form, is said twice, is too much, or is a secret in the query.
    pub(in crate::http) async fn read(arrival: &mut Arrival) -> Result<Self, Problem> {
        refuse_secrets(arrival.head.uri.query().unwrap_or_default())?;
        let body = unauthenticated::body(arrival).await?;
        let mut parameters = Self::of_header(&arrival.head.headers)?;
        if !body.is_empty() {
            check_type(&arrival.head.headers)?;
            unauthenticated::check_parameters(&body, "The form")?;
            for (name, value) in pairs(&body, "the form")? {
                parameters.add(name, value)?;
            }
        }
        Ok(parameters)
    }

    /// What stands in the vendor's header.
    ///
    /// # Errors
    /// `invalid_request` for what cannot be read.
    pub(in crate::http) fn of_header(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut parameters = Self::default();
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let Some(text) = shown.next().and_then(|shown| of_scheme(shown.as_bytes())) else { return Ok(parameters) };
        if shown.next().is_some() {
            return Err(invalid("There are two Authorization headers.").parameter("Authorization"));
        }
        for (name, value) in parse(text)? {
            let text = |bytes| String::from_utf8(bytes).map_err(|_| invalid("The Authorization header is no UTF-8."));
            parameters.add(text(name)?, text(value)?)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Problem> {
        // Empty is as good as not there (RFC 6749 section 3.1).
        if value.is_empty() {
            return Ok(());
        }
        if self.get(&name).is_some() {
            let shown: String = name.chars().take(64).collect();
            let detail = format!("The parameter {shown} is given twice.");
            return Err(Problem::new(Code::RepeatedParameter, detail).parameter(shown));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// What this parameter says.
    pub(in crate::http) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, when it has to be there.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(in crate::http) fn needed(&self, name: &'static str) -> Result<&str, Problem> {
        let missing = || Problem::new(Code::MissingParameter, format!("{name} is missing.")).parameter(name);
        self.get(name).ok_or_else(missing)
    }
}

fn refuse_secrets(query: &str) -> Result<(), Problem> {
    unauthenticated::check_parameters(query.as_bytes(), "The query string")?;
    let said = pairs(query.as_bytes(), "the query string")?;
    match said.into_iter().find(|(name, _)| SECRET.contains(&name.as_str())) {
        Some((name, _)) => {
            let detail = format!("{name} stands in the query, where it is logged: send a form in the body.");
            Err(invalid(&detail).parameter(name))
        }
        None => Ok(()),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(FORM) {
        return Ok(());
    }
    Err(invalid(&format!("The body has to be {FORM}.")).parameter("Content-Type"))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::InvalidParameter, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_the_manual_is_read_although_a_comma_is_missing() {
        let header = "OAuth client_id='uwCr', client_secret='FtHz',redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', \
                      code='dcee' grant_type='authorization_code', state=''";
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
        let parameters = Parameters::of_header(&headers).unwrap();
        for (name, value) in [
            ("client_id", "uwCr"),
            ("client_secret", "FtHz"),
            ("redirect_uri", "https://127.0.0.1/callback"),
            ("code", "dcee"),
            ("grant_type", "authorization_code"),
        ] {
            assert_eq!(parameters.get(name), Some(value), "{name}");
        }
        assert_eq!(parameters.get("state"), None, "empty is not there");
    }

    #[test]
    fn secrets_in_the_query_are_refused() {
        for query in ["client_secret=x", "a=1&code=", "refresh%5Ftoken=x"] {
            assert!(refuse_secrets(query).is_err(), "{query}");
        }
        assert!(refuse_secrets("client_id=x&grant_type=y").is_ok());
    }
}
