//! The parameters of a request to an OAuth 2 endpoint.
//!
//! They are in a form body (RFC 6749 section 4.1.3) or, as the vendor's manual shows, in a header
//! `Authorization: OAuth client_id='…', client_secret='…' …` whose values count as parameters. Secrets are never
//! accepted in the query, because proxies and servers log it.
//!
//! In: an [`ApiRequest`]. Out: [`OAuth2Params`]. Must not know: grant types.

use http::HeaderMap;

use crate::auth::oauth1::parse_parameters;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::authorization::Authorization;
use crate::http::request::content_type::{ContentType, FORM};
use crate::http::request::params::parse_pairs;
use crate::http::request::unauthenticated_body;

/// Parameters by name. No name is repeated and no value is empty.
#[derive(Default)]
pub(in crate::http) struct OAuth2Params(Vec<(String, String)>);

/// Parameters that are rejected in a query.
const SECRETS: [&str; 7] =
    ["client_secret", "code", "code_verifier", "refresh_token", "token", "client_assertion", "password"];

impl OAuth2Params {
    /// Parses header and body.
    ///
    /// # Errors
    /// `invalid_request` for a body that is not a form or is too large, a repeated parameter, or a secret in the query.
    pub(in crate::http) async fn from_request(request: &mut ApiRequest) -> Result<Self, Problem> {
        reject_secrets_in_query(request.head.uri.query().unwrap_or_default())?;
        let body = unauthenticated_body::body(request).await?;
        let mut parameters = Self::from_header(&request.head.headers)?;
        if !body.is_empty() {
            check_content_type(&request.head.headers)?;
            unauthenticated_body::check_parameters(&body, "The form")?;
            for (name, value) in parse_pairs(&body, "the form")? {
                parameters.add(name, value)?;
            }
        }
        Ok(parameters)
    }

    /// The parameters of the vendor's `Authorization: OAuth` header.
    ///
    /// # Errors
    /// `invalid_request` if the header is malformed or sent twice.
    pub(in crate::http) fn from_header(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut parameters = Self::default();
        let Some(Authorization::OAuth(text)) = Authorization::parse(headers)? else { return Ok(parameters) };
        for (name, value) in parse_parameters(text)? {
            let not_utf8 = "The Authorization header is not valid UTF-8 after percent-decoding.";
            let text = |bytes| String::from_utf8(bytes).map_err(|_| invalid(not_utf8));
            parameters.add(text(name)?, text(value)?)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Problem> {
        // An empty value counts as omitted (RFC 6749 section 3.1).
        if value.is_empty() {
            return Ok(());
        }
        if self.get(&name).is_some() {
            let name: String = name.chars().take(64).collect();
            let detail = format!("The parameter {name} is repeated. Send it once.");
            return Err(Problem::new(ErrorCode::RepeatedParameter, detail).parameter(name));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of an optional parameter.
    pub(in crate::http) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a required parameter.
    ///
    /// # Errors
    /// `invalid_request` if it is missing.
    pub(in crate::http) fn require(&self, name: &'static str) -> Result<&str, Problem> {
        let missing =
            || Problem::new(ErrorCode::MissingParameter, format!("The parameter {name} is missing.")).parameter(name);
        self.get(name).ok_or_else(missing)
    }
}

fn reject_secrets_in_query(query: &str) -> Result<(), Problem> {
    unauthenticated_body::check_parameters(query.as_bytes(), "The query string")?;
    let parameters = parse_pairs(query.as_bytes(), "the query string")?;
    match parameters.into_iter().find(|(name, _)| SECRETS.contains(&name.as_str())) {
        Some((name, _)) => {
            let detail = format!("The query contains {name}, and queries are logged. Send it in a form in the body.");
            Err(invalid(&detail).parameter(name))
        }
        None => Ok(()),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    if ContentType::parse(headers) == ContentType::Form {
        return Ok(());
    }
    Err(invalid(&format!("The Content-Type of the body must be {FORM}.")).parameter("Content-Type"))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, detail)
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn header_of_the_vendors_manual_is_parsed_although_a_comma_is_missing() {
        let header = "OAuth client_id='uwCr', client_secret='FtHz',redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', \
                      code='dcee' grant_type='authorization_code', state=''";
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
        let parameters = OAuth2Params::from_header(&headers).unwrap();
        for (name, value) in [
            ("client_id", "uwCr"),
            ("client_secret", "FtHz"),
            ("redirect_uri", "https://127.0.0.1/callback"),
            ("code", "dcee"),
            ("grant_type", "authorization_code"),
        ] {
            assert_eq!(parameters.get(name), Some(value), "{name}");
        }
        assert_eq!(parameters.get("state"), None, "an empty value counts as omitted");
    }

    #[test]
    fn secrets_in_the_query_are_rejected() {
        for query in ["client_secret=x", "a=1&code=", "refresh%5Ftoken=x"] {
            assert!(reject_secrets_in_query(query).is_err(), "{query}");
        }
        assert!(reject_secrets_in_query("client_id=x&grant_type=y").is_ok());
    }
}
