//! Client authentication: which application sends the request (RFC 6749 section 2.3).
//!
//! In: HTTP Basic with form-encoded parts, or the parameters `client_id` and `client_secret`, never both. Out: an
//! [`AuthenticatedClient`]. Must not know: what the client requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::parameters::OAuth2Params;
use crate::auth::{AuthenticatedClient, CredentialOwner};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::authorization::Authorization;

/// Verifies the credentials of the application.
///
/// # Errors
/// `invalid_request` if the request contains client credentials in two places, `invalid_client` if they are missing or
/// wrong.
pub(super) async fn authenticate_client(
    request: &ApiRequest,
    parameters: &OAuth2Params,
) -> Result<AuthenticatedClient, Problem> {
    let address = request.client_ip();
    let (id, secret) = match parse_basic(&request.head.headers)? {
        Some((id, _)) if parameters.get("client_id").is_some_and(|other| *id != *other) => {
            return Err(multiple_methods("client_id"));
        }
        Some(_) if parameters.get("client_secret").is_some() => return Err(multiple_methods("client_secret")),
        Some((id, secret)) => (id, Some(secret)),
        None => {
            let id = parameters.get("client_id").ok_or_else(client_id_missing)?;
            let secret = parameters.get("client_secret").map(|secret| Zeroizing::new(secret.to_owned()));
            (Zeroizing::new(id.to_owned()), secret)
        }
    };
    // A public application has no secret. With HTTP Basic it sends an empty one.
    let secret = secret.as_ref().map(|secret| secret.as_str()).filter(|secret| !secret.is_empty());
    let client = request.state.tokens.oauth2.authenticate_client(&id, secret, address).await?;
    request.log.usage(client.usage.clone());
    request.log.database(&client.application.row.grant.database);
    request.log.credential("client_secret");
    request.log.credential_owner(CredentialOwner::Application(client.application.client_id().to_owned()));
    Ok(client)
}

fn client_id_missing() -> Problem {
    let problem = Problem::new(ErrorCode::InvalidClient, "The request does not identify the application.");
    problem.hint("Send client_id and client_secret in the form, or use HTTP Basic.")
}

fn multiple_methods(parameter: &'static str) -> Problem {
    let detail = format!(
        "The request authenticates the application twice: with HTTP Basic and with the parameter {parameter}. Use one."
    );
    Problem::new(ErrorCode::InvalidParameter, detail).parameter(parameter)
}

/// A client id and a client secret.
type ClientCredentials = (Zeroizing<String>, Zeroizing<String>);

/// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined with a colon.
fn parse_basic(headers: &HeaderMap) -> Result<Option<ClientCredentials>, Problem> {
    let Some(Authorization::Basic(encoded)) = Authorization::parse(headers)? else { return Ok(None) };
    let malformed = || {
        let detail = "The value after Basic is not the base64 encoding of client_id:client_secret.";
        Problem::new(ErrorCode::InvalidClient, detail)
    };
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).map_err(|_| malformed())?);
    let pair = std::str::from_utf8(&decoded).ok().and_then(|pair| pair.split_once(':'));
    let (id, secret) = pair.ok_or_else(malformed)?;
    Ok(form_decode(id).zip(form_decode(secret)))
}

fn form_decode(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| Zeroizing::new(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn both_parts_of_basic_are_form_decoded() {
        let parse = |pair: &str| {
            let value = format!("bAsic {}", STANDARD.encode(pair)).parse().unwrap();
            let pair = parse_basic(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
            pair.map(|pair| pair.map(|(id, secret)| (id.to_string(), secret.to_string())))
                .map_err(|problem| problem.code)
        };
        assert_eq!(parse("a%3Ab:c+%2B%25%C3%A4"), Ok(Some(("a:b".into(), "c +%ä".into()))));
        assert_eq!(parse("a:"), Ok(Some(("a".into(), String::new()))));
        assert_eq!(parse("a"), Err(ErrorCode::InvalidClient));
        let bearer = HeaderMap::from_iter([(AUTHORIZATION, "Bearer x".parse().unwrap())]);
        assert!(parse_basic(&bearer).unwrap().is_none() && parse_basic(&HeaderMap::new()).unwrap().is_none());
    }
}
