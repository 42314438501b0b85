//! The one credential of a request that counts.
//!
//! In: the request's headers. Out: [`Credential`], parsed once and not yet verified. Must not know: Odoo, the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use zeroize::Zeroize as _;

use crate::error::Problem;
use crate::explain::Code;

/// A longer secret is no password: Odoo would spend its time hashing it.
const LONGEST_SECRET: usize = 4096;

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
}

/// Finds and parses the credential.
///
/// # Errors
/// 401 without one or with one of an unknown form; 400 for two, and for one that could never be right.
pub fn credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = shown.next() else {
        return Err(Problem::new(Code::CredentialMissing, "This address answers only to known callers.")
            .hint("Send HTTP Basic with your Odoo login and your password or an Odoo API key."));
    };
    if shown.next().is_some() {
        return Err(
            Problem::new(Code::MalformedRequest, "There are two Authorization headers.").parameter("Authorization")
        );
    }
    let text = value.to_str().map_err(|_| unreadable("The header holds bytes that are no ASCII."))?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        basic(rest.trim_matches(' '))
    } else {
        Err(unreadable("The scheme is not known here."))
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
    let complaint = match (login, secret) {
        ("", _) => "The login is empty.",
        (_, "") => "The password is empty.",
        _ if secret.len() >= LONGEST_SECRET || login.len() >= LONGEST_SECRET => "The login or password is too long.",
        _ if login.chars().chain(secret.chars()).any(char::is_control) => {
            "The login or password holds a control character."
        }
        _ => return Ok(Credential::Basic { login: login.to_owned(), secret: secret.into() }),
    };
    Err(Problem::new(Code::MalformedRequest, complaint).parameter("Authorization"))
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
        for pair in [":x", "x:", "x:a\0b", "x:a\nb"] {
            assert_eq!(basic(pair), Err(400), "{pair:?}");
        }
        assert_eq!(basic(&format!("x:{}", "p".repeat(5000))), Err(400));
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
