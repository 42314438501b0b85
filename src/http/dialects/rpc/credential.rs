//! The credential among the arguments of a call.
//!
//! In: database, login or user's id, and secret, as the client sent them. Out: the caller. Must not know: the service.
//!
//! ```text
//! secret                              login, or user's id
//! a password or an Odoo API key       must be those of the secret
//! an API key or token of the gateway  the login is ignored; the id must be that of its user
//! ```
//!
//! The form decides what a secret is. What has the form of a token is never sent to Odoo as a password.

use secrecy::SecretString;

use crate::auth::{PresentedToken, Principal};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::authenticate::{ArgumentCredential, authenticate_arguments};
use crate::http::request::ApiRequest;
use crate::http::request::credential::MAX_LENGTH;
use crate::odoo::Uid;
use crate::secret::{Token, has_gateway_jwt_header};
use crate::value::Value;

/// Authenticates a login.
///
/// # Errors
/// 401 if the credential is not valid; those of the authentication.
pub(super) async fn authenticate_login(
    request: &ApiRequest,
    database: &str,
    login: String,
    secret: String,
) -> Result<Principal, Problem> {
    let credential = match gateway_token(&secret) {
        Some(token) => ArgumentCredential::GatewayToken(token),
        None if is_possible(&login) && is_possible(&secret) => ArgumentCredential::Login(login, secret.into()),
        None => return Err(rejected()),
    };
    request.timing.time("auth", authenticate_arguments(request, database, credential)).await
}

/// Authenticates the user's id and secret of a call.
///
/// # Errors
/// As [`authenticate_login`].
pub(super) async fn authenticate_user_id(
    request: &ApiRequest,
    database: &str,
    uid: &Value<'_>,
    secret: String,
) -> Result<Principal, Problem> {
    let uid = parse_uid(uid).ok_or_else(rejected)?;
    let credential = match gateway_token(&secret) {
        Some(token) => ArgumentCredential::GatewayToken(token),
        None if is_possible(&secret) => ArgumentCredential::UserId(uid, SecretString::from(secret)),
        None => return Err(rejected()),
    };
    let caller = request.timing.time("auth", authenticate_arguments(request, database, credential)).await?;
    if caller.odoo_user.uid == uid { Ok(caller) } else { Err(rejected()) }
}

/// An API key or token of the gateway: what it accepts as a bearer token. Any other text is a secret of Odoo.
fn gateway_token(secret: &str) -> Option<PresentedToken> {
    if has_gateway_jwt_header(secret) {
        return Some(PresentedToken::Jwt(secret.into()));
    }
    Token::parse_bearer(secret).map(PresentedToken::Opaque)
}

/// Whether Odoo could accept the login or secret.
fn is_possible(text: &str) -> bool {
    !text.is_empty() && text.len() < MAX_LENGTH && !text.chars().any(char::is_control)
}

/// Odoo accepts the digits of an id, too.
fn parse_uid(uid: &Value<'_>) -> Option<Uid> {
    match uid {
        Value::Int(uid) => Uid::new(*uid),
        Value::Text(digits) => Uid::parse(digits),
        _ => None,
    }
}

/// The same for every reason, as in Odoo.
fn rejected() -> Problem {
    Problem::new(ErrorCode::CredentialInvalid, "The user and the secret do not match.")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::secret::TokenKind;

    fn jwt(header: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn only_complete_tokens_of_the_gateway_are_not_secrets_of_odoo() {
        for kind in [TokenKind::ApiKey, TokenKind::AccessToken, TokenKind::OAuthAccess] {
            let token = Token::generate(kind).unwrap();
            assert!(matches!(gateway_token(token.expose()), Some(PresentedToken::Opaque(_))), "{kind:?}");
            assert!(gateway_token(token.expose().get(1..).unwrap()).is_none(), "{kind:?}");
        }
        for header in [
            r#"{"alg": "EdDSA", "typ": "at+jwt", "kid": "a"}"#,
            r#"{"alg": "HS256", "typ": "ogw-login+jwt", "kid": "a"}"#,
        ] {
            assert!(matches!(gateway_token(&jwt(header)), Some(PresentedToken::Jwt(_))), "{header}");
        }
        // A refresh token opens nothing here, and a password may have dots.
        let refresh = Token::generate(TokenKind::OAuthRefresh).unwrap();
        let foreign = jwt(r#"{"alg": "RS256", "typ": "JWT", "kid": "a"}"#);
        let key = "0123456789abcdef0123456789abcdef01234567";
        for other in ["admin", "", "a.b.c", "ogw_key_", key, refresh.expose(), &foreign] {
            assert!(gateway_token(other).is_none(), "{other}");
        }
    }

    #[test]
    fn impossible_users_and_secrets_are_rejected_without_asking_odoo() {
        for (uid, expected) in [
            (Value::Int(7), Some(7)),
            ("7".into(), Some(7)),
            (Value::Int(0), None),
            (Value::Int(-1), None),
            (Value::Bool(true), None),
            ("admin".into(), None),
            (Value::Null, None),
        ] {
            assert_eq!(parse_uid(&uid).map(Uid::get), expected, "{uid:?}");
        }
        assert!(is_possible("pässword 1"));
        for text in [String::new(), "a\0".to_owned(), "a\n".to_owned(), "a".repeat(MAX_LENGTH)] {
            assert!(!is_possible(&text));
        }
    }
}
