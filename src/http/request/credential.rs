//! The credential of a request, from its headers.
//!
//! In: the request's headers. Out: [`Credential`], parsed once and not verified yet. Must not know: Odoo, the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use zeroize::Zeroize as _;

use super::authorization::Authorization;
use super::headers::has_name;
use crate::auth::{Credential, PresentedToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{Token, TokenKind};

/// The maximum length of a login or password. Odoo would spend its time hashing a longer one.
pub(in crate::http) const MAX_LENGTH: usize = 4096;

/// The length of an Odoo API key: Odoo generates 20 random bytes, written in hexadecimal.
const ODOO_KEY_LENGTH: usize = 40;

/// Precedes the digits of a key that may only read, after Odoo 20.
const READ_ONLY_PREFIX: &str = "ro-";

/// The headers that contain a token. `-` and `_` are equivalent in their names.
const API_KEY: &[&str] = &["api-key", "x-api-key"];
const ACCESS_TOKEN: &[&str] = &["access-token"];
const LOGIN_TOKEN: &[&str] = &["token", "login-token", "x-login-token"];

/// Parses the credential of a request. The first one in this order counts, valid or not:
///
/// ```text
/// api-key (with token)   access-token   token   Authorization
/// ```
///
/// # Errors
/// 401 without a credential, or with a malformed one; 400 for a repeated header, and for a login or password that can
/// never be valid.
pub fn parse_credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let value = |names| single_value(headers, names);
    let token = |parsed: Option<Token>| Ok(Credential::GatewayToken(parsed.into()));
    match (value(API_KEY)?, value(ACCESS_TOKEN)?, value(LOGIN_TOKEN)?) {
        (Some(key), _, Some(login_token)) => match Token::parse(TokenKind::ApiKey, key) {
            Some(key) => Ok(login(login_token, Some(key))),
            None => token(None),
        },
        (Some(key), _, None) => token(Token::parse(TokenKind::ApiKey, key)),
        (None, Some(access_token), _) => token(Token::parse(TokenKind::AccessToken, access_token)),
        (None, None, Some(login_token)) => Ok(login(login_token, None)),
        (None, None, None) => parse_authorization(headers),
    }
}

fn login(token: &str, api_key: Option<Token>) -> Credential {
    Credential::GatewayToken(PresentedToken::Login { token: token.into(), api_key })
}

/// Whether a token header is present, which takes precedence over `Authorization`.
pub(in crate::http) fn has_gateway_token(headers: &HeaderMap) -> bool {
    [API_KEY, ACCESS_TOKEN, LOGIN_TOKEN].into_iter().any(|names| !matches!(single_value(headers, names), Ok(None)))
}

/// The value of the only header with one of these names.
fn single_value<'h>(headers: &'h HeaderMap, names: &[&str]) -> Result<Option<&'h str>, Problem> {
    let is_wanted = |name: &HeaderName| names.iter().any(|wanted| has_name(name, wanted));
    let mut found = headers.iter().filter(|(name, _)| is_wanted(name));
    let Some((name, value)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        let detail = format!("The header `{name}` is sent more than once. All spellings of its name count together.");
        let problem = Problem::new(ErrorCode::MalformedRequest, detail).parameter(name.as_str());
        return Err(problem.hint("Send it once, in one spelling."));
    }
    // A value that is not ASCII is never a token.
    Ok(Some(value.to_str().unwrap_or_default().trim()))
}

fn parse_authorization(headers: &HeaderMap) -> Result<Credential, Problem> {
    match Authorization::parse(headers)? {
        None => Err(Problem::new(ErrorCode::CredentialMissing, "Authentication is required.").hint(
            "Send an API key as `api-key`, or HTTP Basic with your Odoo login and your password or an Odoo API key.",
        )),
        Some(Authorization::OAuth(_)) => Ok(Credential::OAuth1Signature),
        Some(Authorization::Basic(encoded)) => parse_basic(encoded),
        Some(Authorization::Bearer(token)) => Ok(parse_bearer(token)),
        Some(Authorization::UnknownScheme) => {
            Err(malformed("The authentication scheme of the Authorization header is not supported."))
        }
        Some(Authorization::NotAscii) => Err(malformed("The Authorization header contains bytes that are not ASCII.")),
    }
}

/// The format decides: a JSON Web Token has dots, other tokens of the gateway have prefixes, Odoo API keys are 40
/// hexadecimal digits.
fn parse_bearer(text: &str) -> Credential {
    let digits = text.strip_prefix(READ_ONLY_PREFIX).unwrap_or(text);
    if digits.len() == ODOO_KEY_LENGTH && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Credential::OdooApiKey(text.into())
    } else if text.contains('.') {
        Credential::GatewayToken(PresentedToken::Jwt(text.into()))
    } else {
        Credential::GatewayToken(Token::parse_bearer(text).into())
    }
}

fn parse_basic(encoded: &str) -> Result<Credential, Problem> {
    let mut decoded =
        STANDARD.decode(encoded).map_err(|_| malformed("The value after `Basic` is not valid base64."))?;
    let pair = std::str::from_utf8(&decoded).ok().and_then(|pair| pair.split_once(':'));
    let parsed = match pair {
        Some((login, secret)) => check_basic(login, secret),
        None => Err(malformed("The value after `Basic` is not `login:password` in UTF-8.")),
    };
    decoded.zeroize();
    parsed
}

fn check_basic(login: &str, secret: &str) -> Result<Credential, Problem> {
    if login.is_empty() || secret.is_empty() {
        return Err(malformed(if login.is_empty() { "The login is empty." } else { "The password is empty." }));
    }
    let invalid = |detail| Err(Problem::new(ErrorCode::MalformedRequest, detail).parameter("Authorization"));
    if secret.len() >= MAX_LENGTH || login.len() >= MAX_LENGTH {
        return invalid("The login or password is too long.");
    }
    if login.chars().chain(secret.chars()).any(char::is_control) {
        return invalid("The login or password contains a control character.");
    }
    Ok(Credential::Basic { login: login.to_owned(), secret: secret.into() })
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ErrorCode::CredentialInvalid, detail).parameter("Authorization")
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn parse(value: &str) -> Result<(String, String), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        match parse_credential(&headers) {
            Ok(Credential::Basic { login, secret }) => Ok((login, secret.expose_secret().to_owned())),
            Ok(other) => Ok((format!("{other:?}"), String::new())),
            Err(problem) => Err(problem.class().status()),
        }
    }

    fn basic(pair: &str) -> Result<(String, String), u16> {
        parse(&format!("Basic {}", STANDARD.encode(pair)))
    }

    #[test]
    fn basic_credentials_are_parsed_as_in_rfc_7617() {
        assert_eq!(basic("admin:admin"), Ok(("admin".into(), "admin".into())));
        assert_eq!(basic("a:b:c"), Ok(("a".into(), "b:c".into())));
        assert_eq!(basic("ä:ö"), Ok(("ä".into(), "ö".into())));
        assert_eq!(parse("bAsIc  YTpi"), Ok(("a".into(), "b".into())));
    }

    #[test]
    fn malformed_credentials_are_rejected() {
        for (value, status) in [("Basic", 401), ("Basic !", 401), ("Basic YWRtaW4=", 401), ("Digest x", 401), ("", 401)]
        {
            assert_eq!(parse(value), Err(status), "{value}");
        }
        for pair in [":x", "x:", ":"] {
            assert_eq!(basic(pair), Err(401), "{pair:?}");
        }
        for pair in ["x:a\0b", "x:a\nb"] {
            assert_eq!(basic(pair), Err(400), "{pair:?}");
        }
        assert_eq!(basic(&format!("x:{}", "p".repeat(5000))), Err(400));
    }

    /// The kind of credential that counts among these headers.
    fn chosen(headers: &[(&str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        match parse_credential(&map) {
            Ok(Credential::Basic { .. }) => "basic".to_owned(),
            Ok(Credential::OdooApiKey(_)) => "odoo_key".to_owned(),
            Ok(Credential::OAuth1Signature) => "signature".to_owned(),
            Ok(Credential::GatewayToken(PresentedToken::Opaque(token))) => token.kind().as_str().to_owned(),
            Ok(Credential::GatewayToken(PresentedToken::Malformed)) => "malformed".to_owned(),
            Ok(Credential::GatewayToken(PresentedToken::Jwt(_))) => "jwt".to_owned(),
            Ok(Credential::GatewayToken(PresentedToken::Login { api_key, .. })) => {
                if api_key.is_some() { "key and login" } else { "login" }.into()
            }
            Err(problem) => problem.class().status().to_string(),
        }
    }

    #[test]
    fn tokens_are_accepted_under_each_header_name() {
        let [key, access] = [TokenKind::ApiKey, TokenKind::AccessToken].map(|kind| Token::generate(kind).unwrap());
        for name in ["api-key", "API_KEY", "Api-Key", "x-api-key", "X_Api_Key"] {
            assert_eq!(chosen(&[(name, key.expose())]), "api_key", "{name}");
        }
        for name in ["access-token", "access_token", "Access_Token"] {
            assert_eq!(chosen(&[(name, access.expose())]), "access_token", "{name}");
        }
        assert_eq!(chosen(&[("authorization", &format!("bearer {}", key.expose()))]), "api_key");
        assert_eq!(chosen(&[("authorization", &format!("Bearer  {}", access.expose()))]), "access_token");
        for (name, value) in
            [("api-key", "ogw_key_x"), ("api-key", ""), ("access-token", "x"), ("authorization", "Bearer x")]
        {
            assert_eq!(chosen(&[(name, value)]), "malformed", "{name}: {value}");
        }
        for name in ["token", "login-token", "login_token", "X-Login-Token", "x_login_token"] {
            assert_eq!(chosen(&[(name, "a.b.c")]), "login", "{name}");
        }
        assert_eq!(chosen(&[("authorization", "Bearer a.b.c")]), "jwt");
        assert_eq!(chosen(&[("apikey", key.expose())]), "401", "not a name of this header");
        assert_eq!(chosen(&[("api-key", access.expose())]), "malformed", "one kind is not accepted as another");
    }

    #[test]
    fn only_forty_hexadecimal_digits_are_an_odoo_api_key() {
        let bearer = |text: &str| chosen(&[("authorization", &format!("Bearer {text}"))]);
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(bearer(key), "odoo_key");
        assert_eq!(bearer(&format!(" {key} ")), "odoo_key");
        assert_eq!(bearer(&key.to_uppercase()), "odoo_key");
        assert_eq!(bearer(&format!("ro-{key}")), "odoo_key");
        for other in [&format!("{key}0"), key.get(1..).unwrap(), &key.replace('f', "g"), &key.replace("01", "é")] {
            assert_ne!(bearer(other), "odoo_key", "{other}");
        }
        assert_eq!(bearer(&key.replace("5", ".")), "jwt");
        let access = Token::generate(TokenKind::AccessToken).unwrap();
        assert_eq!(bearer(access.expose()), "access_token", "it contains 40 such digits after its prefix");
        for name in ["api-key", "access-token"] {
            assert_eq!(chosen(&[(name, key)]), "malformed", "{name}");
        }
    }

    #[test]
    fn the_first_credential_counts_even_if_another_one_is_valid() {
        let [key, access] = [TokenKind::ApiKey, TokenKind::AccessToken].map(|kind| Token::generate(kind).unwrap());
        let (key, access) = (("api-key", key.expose()), ("access-token", access.expose()));
        let basic = ("authorization", "Basic YTpi");
        assert_eq!(chosen(&[basic, access, key]), "api_key");
        assert_eq!(chosen(&[basic, access, ("token", "x")]), "access_token");
        assert_eq!(chosen(&[basic, ("token", "x")]), "login");
        assert_eq!(chosen(&[basic, access, ("api-key", "x")]), "malformed");
        assert_eq!(chosen(&[key, ("token", "x")]), "key and login");
        assert_eq!(chosen(&[("api-key", "x"), ("token", "x")]), "malformed");
        assert_eq!(chosen(&[key, ("x-api-key", key.1)]), "400");
        assert_eq!(chosen(&[access, ("access_token", access.1)]), "400");
    }

    #[test]
    fn a_missing_credential_and_two_authorization_headers_are_rejected() {
        let mut headers = HeaderMap::new();
        assert_eq!(parse_credential(&headers).unwrap_err().code, ErrorCode::CredentialMissing);
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert_eq!(parse_credential(&headers).unwrap_err().code, ErrorCode::MalformedRequest);
    }
}
