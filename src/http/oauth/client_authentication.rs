//! Which application asks (RFC 6749 section 2.3).
//!
//! In: HTTP Basic, whose parts are form-encoded, or `client_id` and `client_secret` among the parameters. Never both. Out: a
//! [`Client`]. Must not know: what is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::parameters::Parameters;
use crate::auth::Client;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;

/// Verifies the application.
///
/// # Errors
/// `invalid_request` when it shows itself in two ways, `invalid_client` when it is not known so.
pub(super) async fn identify(arrival: &Arrival, parameters: &Parameters) -> Result<Client, Problem> {
    let address = arrival.client();
    let (id, secret) = match of_basic(&arrival.head.headers)? {
        Some((id, _)) if parameters.get("client_id").is_some_and(|other| *id != *other) => {
            return Err(two_ways("client_id"));
        }
        Some(_) if parameters.get("client_secret").is_some() => return Err(two_ways("client_secret")),
        Some((id, secret)) => (id, Some(secret)),
        None => {
            let missing = || Problem::new(Code::InvalidClient, "The application does not say which it is.");
            let id = parameters.get("client_id").ok_or_else(missing)?;
            let secret = parameters.get("client_secret").map(|secret| Zeroizing::new(secret.to_owned()));
            (Zeroizing::new(id.to_owned()), secret)
        }
    };
    // A public application that uses Basic has nothing behind the colon.
    let secret = secret.as_ref().map(|secret| secret.as_str()).filter(|secret| !secret.is_empty());
    let client = arrival.gateway.tokens.client(&id, secret, address).await?;
    arrival.log.database(&client.application.row.grant.database);
    arrival.log.credential("client_secret");
    Ok(client)
}

fn two_ways(parameter: &'static str) -> Problem {
    let detail = format!("The application shows itself in two ways: by HTTP Basic, and by {parameter} as parameter.");
    Problem::new(Code::InvalidParameter, detail).parameter(parameter)
}

type Pair = (Zeroizing<String>, Zeroizing<String>);

/// RFC 6749 section 2.3.1: both parts are encoded as in forms before they are put together.
fn of_basic(headers: &HeaderMap) -> Result<Option<Pair>, Problem> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let Some(text) = shown.next().and_then(|shown| shown.to_str().ok()) else { return Ok(None) };
    if shown.next().is_some() {
        let detail = "There are two Authorization headers.";
        return Err(Problem::new(Code::MalformedRequest, detail).parameter("Authorization"));
    }
    let (scheme, encoded) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let unreadable = || Problem::new(Code::InvalidClient, "What follows Basic is no client_id:client_secret.");
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).map_err(|_| unreadable())?);
    let pair = std::str::from_utf8(&decoded).ok().and_then(|pair| pair.split_once(':'));
    let (id, secret) = pair.ok_or_else(unreadable)?;
    Ok(form_decoded(id).zip(form_decoded(secret)))
}

fn form_decoded(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| Zeroizing::new(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_basic_are_form_encoded() {
        let of = |pair: &str| {
            let value = format!("bAsic {}", STANDARD.encode(pair)).parse().unwrap();
            let pair = of_basic(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
            pair.map(|pair| pair.map(|(id, secret)| (id.to_string(), secret.to_string()))).map_err(|wrong| wrong.code)
        };
        assert_eq!(of("a%3Ab:c+%2B%25%C3%A4"), Ok(Some(("a:b".into(), "c +%ä".into()))));
        assert_eq!(of("a:"), Ok(Some(("a".into(), String::new()))));
        assert_eq!(of("a"), Err(Code::InvalidClient));
        let bearer = HeaderMap::from_iter([(AUTHORIZATION, "Bearer x".parse().unwrap())]);
        assert!(of_basic(&bearer).unwrap().is_none() && of_basic(&HeaderMap::new()).unwrap().is_none());
    }
}
