//! Login tokens of the `api` dialect: JSON Web Tokens (RFC 7519, checked as RFC 8725 requires).
//!
//! ```text
//! token  = part "." part "." part       part = base64url without padding
//! header = {"alg": "HS256", "typ": "ogw-login+jwt", "kid": key id}                     exactly these members
//! claims = {"iss", "aud", "user_id", "username", "webservice_account_id", "webservice_name", "iat", "exp", "jti"}
//! ```
//!
//! `jti` is a secret of 256 random bits that is not stored: it finds the row in the store and opens the credential.
//! So a forged token opens nothing, even with the signing key, and no token is valid without its row. The gateway
//! chooses the key and the algorithm; the header only has to match them.
//!
//! In: claims, texts from clients, the time. Out: tokens, claims that were signed here. Must not know: users, rows.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::SecretError;
use super::keys::{Keyring, RotatingKey, SealedPair, StoredKey};
use super::seal::{KeyId, Sealed};
use super::strict_jwt;
use super::token::{Token, TokenKind};

const TYPE: &str = "ogw-login+jwt";
/// Longer texts are rejected without parsing.
const MAX_LENGTH: usize = 4096;

/// Whether a text has the header of a login token. Nothing is verified.
pub(super) fn has_header(text: &str) -> bool {
    key_id(text).is_some()
}

fn key_id(text: &str) -> Option<String> {
    strict_jwt::key_id(text, MAX_LENGTH, "HS256", TYPE)
}

/// The claims of a login token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginClaims {
    /// The installation that issued it.
    pub iss: String,
    /// The installation that accepts it.
    pub aud: String,
    /// The user's id in Odoo.
    pub user_id: i64,
    /// The user's login.
    pub username: String,
    /// The id of the API key it was issued with.
    pub webservice_account_id: String,
    /// The name of that key.
    pub webservice_name: String,
    /// The Unix time at which it was issued.
    pub iat: i64,
    /// The Unix time at which it expires.
    pub exp: i64,
    /// The secret that finds the row of the token and opens the credential.
    pub jti: String,
}

/// The key that signs login tokens. Tokens that the previous key signed are still valid.
#[derive(Debug, Clone)]
pub struct LoginTokenKey(RotatingKey);

impl LoginTokenKey {
    const PURPOSE: &'static str = "login_token";

    /// A new key, and its sealed form for the store.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub fn generate(keyring: &Keyring) -> Result<(Self, Sealed), SecretError> {
        let (key, sealed) = RotatingKey::generate(keyring, Self::PURPOSE)?;
        Ok((Self(key), sealed))
    }

    /// Opens the stored key and the previous one.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        RotatingKey::open(keyring, Self::PURPOSE, sealed).map(Self)
    }

    /// Encodes and signs the claims.
    ///
    /// # Errors
    /// Never because of the claims.
    pub fn sign(&self, claims: &LoginClaims) -> Result<Zeroizing<String>, SecretError> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.id().to_string());
        let signed = jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(self.0.newest.expose()));
        signed.map(Zeroizing::new).map_err(|_| SecretError::Altered)
    }

    /// The claims and the secret of a token that was signed with this key for `issuer` and is valid now; `None` for
    /// every other text.
    #[must_use]
    pub fn verify(&self, text: &str, issuer: &str, now: OffsetDateTime) -> Option<(LoginClaims, Token)> {
        let key_id = key_id(text)?;
        let key = DecodingKey::from_secret(self.find(&key_id)?.expose());
        let claims: LoginClaims = strict_jwt::verify(text, &key, Algorithm::HS256, issuer)?;
        let token = Token::parse(TokenKind::LoginToken, &claims.jti)?;
        strict_jwt::is_in_time(claims.iat, claims.exp, now).then_some((claims, token))
    }

    fn find(&self, key_id: &str) -> Option<&StoredKey> {
        let keys = [Some(&self.0.newest), self.0.previous.as_ref()];
        keys.into_iter().flatten().find(|key| key.id().to_string() == key_id)
    }

    fn id(&self) -> KeyId {
        self.0.newest.id()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;
    use crate::secret::MasterKey;

    const ISSUER: &str = "odoo-gateway/i";

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_000).unwrap()
    }

    fn key() -> LoginTokenKey {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let (key, sealed) = LoginTokenKey::generate(&keyring).unwrap();
        let kept = SealedPair { newest: &sealed, previous: None };
        assert_eq!(LoginTokenKey::open(&keyring, kept).unwrap().id(), key.id());
        key
    }

    fn claims() -> LoginClaims {
        LoginClaims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            user_id: 7,
            username: "ada".to_owned(),
            webservice_account_id: "a1".to_owned(),
            webservice_name: "shop".to_owned(),
            iat: 1_000,
            exp: 2_000,
            jti: Token::generate(TokenKind::LoginToken).unwrap().expose().to_owned(),
        }
    }

    fn part(value: &str) -> String {
        URL_SAFE_NO_PAD.encode(value)
    }

    /// This header and these claims, signed with the right key.
    fn signed(key: &LoginTokenKey, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let key = EncodingKey::from_secret(key.0.newest.expose());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    fn header(key: &LoginTokenKey) -> Value {
        json!({"alg": "HS256", "typ": TYPE, "kid": key.id().to_string()})
    }

    #[test]
    fn a_signed_token_is_valid_until_it_expires() {
        let (key, claims) = (key(), claims());
        let text = key.sign(&claims).unwrap();
        let at = |seconds| key.verify(&text, ISSUER, OffsetDateTime::from_unix_timestamp(seconds).unwrap());
        let (verified, token) = at(1_000).unwrap();
        assert_eq!((&verified, token.expose()), (&claims, claims.jti.as_str()));
        assert!(at(1_999).is_some() && at(970).is_some());
        assert!(at(2_000).is_none(), "expired to the second");
        assert!(at(969).is_none(), "issued in the future");
    }

    #[test]
    fn tokens_of_the_previous_key_are_valid_until_that_key_is_removed() {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let ((old_key, old), (_, new)) =
            (LoginTokenKey::generate(&keyring).unwrap(), LoginTokenKey::generate(&keyring).unwrap());
        let open = |previous| LoginTokenKey::open(&keyring, SealedPair { newest: &new, previous }).unwrap();
        let signed_before = old_key.sign(&claims()).unwrap();
        assert!(open(Some(&old)).verify(&signed_before, ISSUER, now()).is_some());
        assert!(open(None).verify(&signed_before, ISSUER, now()).is_none());
        let signed_now = open(Some(&old)).sign(&claims()).unwrap();
        assert!(
            open(None).verify(&signed_now, ISSUER, now()).is_some()
                && old_key.verify(&signed_now, ISSUER, now()).is_none()
        );
    }

    #[test]
    fn only_the_exact_header_is_accepted() {
        let (key, claims) = (key(), serde_json::to_string(&claims()).unwrap());
        let good = header(&key);
        assert!(key.verify(&signed(&key, &good.to_string(), &claims), ISSUER, now()).is_some());
        let with = |name: &str, value: Value| {
            let mut header = good.clone();
            header[name] = value;
            header.to_string()
        };
        let headers = [
            with("alg", "none".into()),
            with("alg", "None".into()),
            with("alg", "".into()),
            with("alg", "HS384".into()),
            with("alg", "RS256".into()),
            with("typ", "JWT".into()),
            with("kid", "../../dev/null".into()),
            with("kid", "x".repeat(10_000).into()),
            with("kid", json!(["a"])),
            with("crit", json!(["exp"])),
            with("b64", false.into()),
            with("zip", "DEF".into()),
            with("cty", "JWT".into()),
            with("jku", "http://127.0.0.1:1/".into()),
            with("jwk", json!({"kty": "oct", "k": ""})),
            with("x5c", json!([])),
            good.to_string().replacen('{', "{\"alg\":\"none\",", 1),
            "[]".to_owned(),
            String::new(),
        ];
        for header in headers {
            assert!(key.verify(&signed(&key, &header, &claims), ISSUER, now()).is_none(), "{header}");
        }
    }

    #[test]
    fn only_the_exact_claims_are_accepted() {
        let (key, good) = (key(), serde_json::to_value(claims()).unwrap());
        let header = header(&key).to_string();
        for name in ["iss", "aud", "user_id", "username", "iat", "exp", "jti", "webservice_account_id"] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            assert!(key.verify(&signed(&key, &header, &claims.to_string()), ISSUER, now()).is_none(), "no {name}");
        }
        let wrong = [
            ("iss", json!("odoo-gateway/other")),
            ("aud", json!("odoo-gateway/other")),
            ("aud", json!([])),
            ("exp", json!("2000")),
            ("exp", json!(2000.5)),
            ("exp", json!(-1)),
            ("exp", json!(999)),
            ("iat", json!(1_031)),
            ("iat", json!(null)),
            ("jti", json!("ogw_jti_")),
            ("jti", json!("")),
            ("nbf", json!(5_000)),
        ];
        for (name, value) in wrong {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(key.verify(&signed(&key, &header, &claims.to_string()), ISSUER, now()).is_none(), "{claims}");
        }
        let huge = good.to_string().replace("2000", "1e400");
        let twice = good.to_string().replacen('{', "{\"user_id\":2,", 1);
        for claims in [huge, twice] {
            assert!(key.verify(&signed(&key, &header, &claims), ISSUER, now()).is_none(), "{claims}");
        }
    }

    #[test]
    fn a_token_has_exactly_one_encoding() {
        let key = key();
        let text = key.sign(&claims()).unwrap().to_string();
        let (message, signature) = text.rsplit_once('.').unwrap();
        let mut last = signature.to_owned();
        let final_letter = last.pop().unwrap();
        let next = if final_letter == 'A' { 'B' } else { char::from(u32::from(final_letter) as u8 + 1) };
        let texts = [
            format!("{message}."),
            message.to_owned(),
            format!("{text}."),
            format!("{text}.x"),
            format!("{text}="),
            format!("{text} "),
            format!(" {text}"),
            format!("{message}.{last}{next}"),
            text.replace('.', ".."),
            format!("{}={}", &text[..10], &text[10..]),
            "x".repeat(5_000),
            String::new(),
        ];
        for text in texts {
            assert!(key.verify(&text, ISSUER, now()).is_none(), "{text}");
        }
        assert!(self::key().verify(&text, ISSUER, now()).is_none(), "signed with another key");
    }
}
