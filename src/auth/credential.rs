//! The one credential of a request that counts.
//!
//! In: the request's headers. Out: [`Credential`], parsed once and not yet verified. Must not know: Odoo, the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use zeroize::Zeroize as _;

use super::oauth1::of_scheme;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{Token, TokenKind};

/// A longer secret is no password: Odoo would spend its time hashing it.
const LONGEST_SECRET: usize = 4096;

/// Odoo 14..19 make keys of 20 random bytes, written in hexadecimal.
const ODOO_KEY_LENGTH: usize = 40;

/// What the caller shows.
#[derive(Debug)]
pub enum Credential {
    /// HTTP Basic: a login and a password or an Odoo API key.
    Basic {
        /// As given: no folding that would make two users one.
        login: String,
        /// The password or key.
        secret: SecretString,
    },
    /// An Odoo API key alone, as bearer.
    OdooKey(SecretString),
    /// A key or token of the gateway's own.
    Own(Shown),
    /// A signature as OAuth 1.0a has it; it is read with the whole request.
    Signature,
}

/// A key or token of the gateway's own, as it was shown.
#[derive(Debug)]
pub enum Shown {
    /// The gateway cannot have made it.
    Unknown,
    /// A key or token that is looked up as it is.
    Token(Token),
    /// A JSON Web Token as bearer, of whatever kind it says of itself to be.
    Jwt(SecretString),
    /// A login token, yet to be read.
    Login {
        /// A JSON Web Token, perhaps.
        token: SecretString,
        /// The API key beside it.
        key: Option<Token>,
    },
}

impl From<Option<Token>> for Shown {
    fn from(parsed: Option<Token>) -> Self {
        parsed.map_or(Self::Unknown, Self::Token)
    }
}

/// The headers that carry a token; `-` and `_` are the same in them.
const API_KEY: &[&str] = &["api-key", "x-api-key"];
const ACCESS_TOKEN: &[&str] = &["access-token"];
const LOGIN_TOKEN: &[&str] = &["token", "login-token", "x-login-token"];

/// Finds and parses the credential: the first one found counts, good or bad.
///
/// ```text
/// api-key (and token)  before  access-token  before  token  before  Authorization
/// ```
///
/// # Errors
/// 401 without one or with one of an unknown form; 400 for two, and for one that could never be right.
pub fn credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let of = |names| of_headers(headers, names);
    let own = |parsed: Option<Token>| Ok(Credential::Own(parsed.into()));
    match (of(API_KEY)?, of(ACCESS_TOKEN)?, of(LOGIN_TOKEN)?) {
        (Some(key), _, Some(login)) => match Token::parse(TokenKind::ApiKey, key) {
            Some(key) => Ok(Credential::Own(Shown::Login { token: login.into(), key: Some(key) })),
            None => own(None),
        },
        (Some(key), _, None) => own(Token::parse(TokenKind::ApiKey, key)),
        (None, Some(token), _) => own(Token::parse(TokenKind::AccessToken, token)),
        (None, None, Some(login)) => Ok(Credential::Own(Shown::Login { token: login.into(), key: None })),
        (None, None, None) => of_authorization(headers),
    }
}

/// Whether a header of the gateway's own is there, which counts before `Authorization`.
#[must_use]
pub fn shows_own(headers: &HeaderMap) -> bool {
    [API_KEY, ACCESS_TOKEN, LOGIN_TOKEN].into_iter().any(|names| !matches!(of_headers(headers, names), Ok(None)))
}

/// The value of the one header with one of these names.
fn of_headers<'h>(headers: &'h HeaderMap, names: &[&'static str]) -> Result<Option<&'h str>, Problem> {
    let is_named = |name: &HeaderName, wanted: &str| {
        let same = |(one, other): (u8, u8)| one == other || (one == b'_' && other == b'-');
        name.as_str().len() == wanted.len() && name.as_str().bytes().zip(wanted.bytes()).all(same)
    };
    let mut found = headers.iter().filter(|(name, _)| names.iter().any(|wanted| is_named(name, wanted)));
    let Some((name, value)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        let detail = format!("There are two headers like {name}.");
        return Err(Problem::new(Code::MalformedRequest, detail).parameter(name.as_str()));
    }
    // What is no text is no token either.
    Ok(Some(value.to_str().unwrap_or_default().trim()))
}

fn of_authorization(headers: &HeaderMap) -> Result<Credential, Problem> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = shown.next() else {
        return Err(Problem::new(Code::CredentialMissing, "This address answers only to known callers.").hint(
            "Send an API key as `api-key`, or HTTP Basic with your Odoo login and your password or an Odoo API key.",
        ));
    };
    if shown.next().is_some() {
        return Err(
            Problem::new(Code::MalformedRequest, "There are two Authorization headers.").parameter("Authorization")
        );
    }
    if of_scheme(value.as_bytes()).is_some() {
        return Ok(Credential::Signature);
    }
    let text = value.to_str().map_err(|_| unreadable("The header holds bytes that are no ASCII."))?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        basic(rest.trim_matches(' '))
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Ok(bearer(rest.trim_matches(' ')))
    } else {
        Err(unreadable("The scheme is not known here."))
    }
}

/// Told apart by form: a JSON Web Token has dots, our other tokens have prefixes, Odoo's keys are 40 hexadecimal digits.
fn bearer(text: &str) -> Credential {
    if text.len() == ODOO_KEY_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Credential::OdooKey(text.into())
    } else if text.contains('.') {
        Credential::Own(Shown::Jwt(text.into()))
    } else {
        Credential::Own(Token::parse_any(text).into())
    }
}

fn basic(encoded: &str) -> Result<Credential, Problem> {
    let mut decoded = STANDARD.decode(encoded).map_err(|_| unreadable("What follows Basic is no base64."))?;
    let pair = std::str::from_utf8(&decoded).ok().and_then(|pair| pair.split_once(':'));
    let parsed = match pair {
        Some((login, secret)) => checked(login, secret),
        None => Err(unreadable("What follows Basic is no login:password in UTF-8.")),
    };
    decoded.zeroize();
    parsed
}

fn checked(login: &str, secret: &str) -> Result<Credential, Problem> {
    if login.is_empty() || secret.is_empty() {
        let what = if login.is_empty() { "The login is empty." } else { "The password is empty." };
        return Err(unreadable(what));
    }
    let malformed = |detail| Err(Problem::new(Code::MalformedRequest, detail).parameter("Authorization"));
    if secret.len() >= LONGEST_SECRET || login.len() >= LONGEST_SECRET {
        return malformed("The login or password is too long.");
    }
    if login.chars().chain(secret.chars()).any(char::is_control) {
        return malformed("The login or password holds a control character.");
    }
    Ok(Credential::Basic { login: login.to_owned(), secret: secret.into() })
}

fn unreadable(detail: &str) -> Problem {
    Problem::new(Code::CredentialInvalid, detail).parameter("Authorization")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn of(value: &str) -> Result<(String, String), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        match credential(&headers) {
            Ok(Credential::Basic { login, secret }) => Ok((login, secret.expose_secret().to_owned())),
            Ok(other) => Ok((format!("{other:?}"), String::new())),
            Err(problem) => Err(problem.class().status()),
        }
    }

    fn basic(pair: &str) -> Result<(String, String), u16> {
        of(&format!("Basic {}", STANDARD.encode(pair)))
    }

    #[test]
    fn basic_credentials_are_read_as_rfc_7617_writes_them() {
        assert_eq!(basic("admin:admin"), Ok(("admin".into(), "admin".into())));
        assert_eq!(basic("a:b:c"), Ok(("a".into(), "b:c".into())));
        assert_eq!(basic("ä:ö"), Ok(("ä".into(), "ö".into())));
        assert_eq!(of("bAsIc  YTpi"), Ok(("a".into(), "b".into())));
    }

    #[test]
    fn what_cannot_be_a_credential_never_reaches_odoo() {
        for (value, status) in [("Basic", 401), ("Basic !", 401), ("Basic YWRtaW4=", 401), ("Digest x", 401), ("", 401)]
        {
            assert_eq!(of(value), Err(status), "{value}");
        }
        for pair in [":x", "x:", ":"] {
            assert_eq!(basic(pair), Err(401), "{pair:?}");
        }
        for pair in ["x:a\0b", "x:a\nb"] {
            assert_eq!(basic(pair), Err(400), "{pair:?}");
        }
        assert_eq!(basic(&format!("x:{}", "p".repeat(5000))), Err(400));
    }

    /// Which kind counts among these headers.
    fn chosen(headers: &[(&str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        match credential(&map) {
            Ok(Credential::Basic { .. }) => "basic".to_owned(),
            Ok(Credential::OdooKey(_)) => "odoo_key".to_owned(),
            Ok(Credential::Signature) => "signature".to_owned(),
            Ok(Credential::Own(Shown::Token(token))) => token.kind().as_str().to_owned(),
            Ok(Credential::Own(Shown::Unknown)) => "bad".to_owned(),
            Ok(Credential::Own(Shown::Jwt(_))) => "jwt".to_owned(),
            Ok(Credential::Own(Shown::Login { key, .. })) => {
                if key.is_some() { "key and login" } else { "login" }.into()
            }
            Err(problem) => problem.class().status().to_string(),
        }
    }

    #[test]
    fn tokens_are_found_under_all_their_names() {
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
            assert_eq!(chosen(&[(name, value)]), "bad", "{name}: {value}");
        }
        for name in ["token", "login-token", "login_token", "X-Login-Token", "x_login_token"] {
            assert_eq!(chosen(&[(name, "a.b.c")]), "login", "{name}");
        }
        assert_eq!(chosen(&[("authorization", "Bearer a.b.c")]), "jwt");
        assert_eq!(chosen(&[("apikey", key.expose())]), "401", "that is no name of it");
        assert_eq!(chosen(&[("api-key", access.expose())]), "bad", "one kind does not stand in for another");
    }

    #[test]
    fn forty_hexadecimal_digits_are_a_key_of_odoos_and_nothing_else_is() {
        let bearer = |text: &str| chosen(&[("authorization", &format!("Bearer {text}"))]);
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(bearer(key), "odoo_key");
        assert_eq!(bearer(&format!(" {key} ")), "odoo_key");
        assert_eq!(bearer(&key.to_uppercase()), "odoo_key");
        for other in [&format!("{key}0"), key.get(1..).unwrap(), &key.replace('f', "g"), &key.replace("01", "é")] {
            assert_ne!(bearer(other), "odoo_key", "{other}");
        }
        assert_eq!(bearer(&key.replace("5", ".")), "jwt");
        let access = Token::generate(TokenKind::AccessToken).unwrap();
        assert_eq!(bearer(access.expose()), "access_token", "it holds 40 such digits behind its prefix");
        for name in ["api-key", "access-token"] {
            assert_eq!(chosen(&[(name, key)]), "bad", "{name}");
        }
    }

    #[test]
    fn the_first_one_counts_even_when_another_is_good() {
        let [key, access] = [TokenKind::ApiKey, TokenKind::AccessToken].map(|kind| Token::generate(kind).unwrap());
        let (key, access, basic) = (("api-key", key.expose()), ("access-token", access.expose()), "Basic YTpi");
        let basic = ("authorization", basic);
        assert_eq!(chosen(&[basic, access, key]), "api_key");
        assert_eq!(chosen(&[basic, access, ("token", "x")]), "access_token");
        assert_eq!(chosen(&[basic, ("token", "x")]), "login");
        assert_eq!(chosen(&[basic, access, ("api-key", "x")]), "bad");
        assert_eq!(chosen(&[key, ("token", "x")]), "key and login");
        assert_eq!(chosen(&[("api-key", "x"), ("token", "x")]), "bad");
        assert_eq!(chosen(&[key, ("x-api-key", key.1)]), "400");
        assert_eq!(chosen(&[access, ("access_token", access.1)]), "400");
    }

    #[test]
    fn two_credentials_are_refused_and_none_is_told_what_to_send() {
        let mut headers = HeaderMap::new();
        assert_eq!(credential(&headers).unwrap_err().code, Code::CredentialMissing);
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert_eq!(credential(&headers).unwrap_err().code, Code::MalformedRequest);
    }
}
