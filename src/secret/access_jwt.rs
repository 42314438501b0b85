//! OAuth 2 access tokens as JSON Web Tokens (RFC 9068, checked as RFC 8725 requires), and the keys that sign them.
//!
//! ```text
//! header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key id}                          exactly these members
//! claims = {"iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"}
//! ```
//!
//! As in login tokens, `jti` is a secret that is not stored: the signing key alone opens nothing, and no token is
//! valid without its row. The public key (Ed25519) is published, so that resource servers can verify tokens.
//!
//! In: claims, texts from clients, the time. Out: tokens, claims that were signed here, public keys. Must not know:
//! users, rows.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::SecretError;
use super::keys::{Keyring, RotatingKey, SealedPair, StoredKey};
use super::seal::Sealed;
use super::strict_jwt;
use super::token::{Token, TokenKind};

const TYPE: &str = "at+jwt";
/// Longer texts are rejected without parsing. A scope can be long.
const MAX_LENGTH: usize = 16 * 1024;

/// Whether a text has the header of an access token. Nothing is verified.
pub(super) fn has_header(text: &str) -> bool {
    key_id(text).is_some()
}

fn key_id(text: &str) -> Option<String> {
    strict_jwt::key_id(text, MAX_LENGTH, "EdDSA", TYPE)
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    /// The gateway.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// The audience: the gateway.
    pub aud: String,
    /// The client id of the application.
    pub client_id: String,
    /// The OAuth scope.
    pub scope: String,
    /// The Unix time at which it was issued.
    pub iat: i64,
    /// The Unix time at which it expires.
    pub exp: i64,
    /// The secret that finds the row of the token and opens the credential.
    pub jti: String,
}

/// The keys that sign access tokens. The newest one signs; tokens that the previous one signed are still valid.
#[derive(Clone)]
pub struct AccessTokenKeys {
    newest: AccessKey,
    previous: Option<AccessKey>,
}

#[derive(Clone)]
struct AccessKey {
    id: String,
    /// PKCS #8, version 2.
    private: EncodingKey,
    public: Vec<u8>,
}

/// A public key, as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The key id.
    pub kid: String,
    /// The public Ed25519 key in base64url: the member `x` of a JSON Web Key (RFC 8037 section 2).
    pub x: String,
}

impl AccessTokenKeys {
    const PURPOSE: &'static str = "access_jwt";

    /// A new key, sealed for the store.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub fn generate(keyring: &Keyring) -> Result<Sealed, SecretError> {
        Ok(RotatingKey::generate(keyring, Self::PURPOSE)?.1)
    }

    /// Opens the stored key and the previous one.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        let RotatingKey { newest, previous } = RotatingKey::open(keyring, Self::PURPOSE, sealed)?;
        let previous = previous.as_ref().map(AccessKey::from_stored).transpose()?;
        Ok(Self { newest: AccessKey::from_stored(&newest)?, previous })
    }

    /// The public keys, newest first.
    #[must_use]
    pub fn public(&self) -> Vec<PublicKey> {
        let public = |key: &AccessKey| PublicKey { kid: key.id.clone(), x: URL_SAFE_NO_PAD.encode(&key.public) };
        self.all().map(public).collect()
    }

    /// Encodes and signs the claims.
    ///
    /// # Errors
    /// Never because of the claims.
    pub fn sign(&self, claims: &AccessClaims) -> Result<Zeroizing<String>, SecretError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.newest.id.clone());
        let signed = jsonwebtoken::encode(&header, claims, &self.newest.private);
        signed.map(Zeroizing::new).map_err(|_| SecretError::Altered)
    }

    /// The claims and the secret of a token that was signed with one of the keys by and for `issuer` and is valid
    /// now; `None` for every other text.
    #[must_use]
    pub fn verify(&self, text: &str, issuer: &str, now: OffsetDateTime) -> Option<(AccessClaims, Token)> {
        let key_id = key_id(text)?;
        let key = self.all().find(|key| key.id == key_id)?;
        let key = DecodingKey::from_ed_der(&key.public);
        let claims: AccessClaims = strict_jwt::verify(text, &key, Algorithm::EdDSA, issuer)?;
        let token = Token::parse(TokenKind::OAuthAccess, &claims.jti)?;
        strict_jwt::is_in_time(claims.iat, claims.exp, now).then_some((claims, token))
    }

    fn all(&self) -> impl Iterator<Item = &AccessKey> {
        std::iter::once(&self.newest).chain(&self.previous)
    }
}

impl AccessKey {
    fn from_stored(stored: &StoredKey) -> Result<Self, SecretError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(stored.expose()).map_err(|_| SecretError::Altered)?;
        let private = pair.to_pkcs8().map_err(|_| SecretError::Altered)?;
        let private = EncodingKey::from_ed_der(private.as_ref());
        Ok(Self { id: stored.id().to_string(), private, public: pair.public_key().as_ref().to_vec() })
    }
}

impl std::fmt::Debug for AccessTokenKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.all().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::secret::MasterKey;

    const ISSUER: &str = "https://gateway.example";

    fn key() -> AccessTokenKeys {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let sealed = AccessTokenKeys::generate(&keyring).unwrap();
        AccessTokenKeys::open(&keyring, SealedPair { newest: &sealed, previous: None }).unwrap()
    }

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: ISSUER.to_owned(),
            sub: "odoo/7".to_owned(),
            aud: ISSUER.to_owned(),
            client_id: "ogw_app_1".to_owned(),
            scope: "all".to_owned(),
            iat: 1_000,
            exp: 2_000,
            jti: Token::generate(TokenKind::OAuthAccess).unwrap().expose().to_owned(),
        }
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    /// This header and these claims, signed with the right key.
    fn signed(key: &AccessTokenKeys, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.newest.private, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    #[test]
    fn a_signed_token_is_valid_until_it_expires() {
        let (key, claims) = (key(), claims());
        let text = key.sign(&claims).unwrap();
        let (verified, token) = key.verify(&text, ISSUER, at(1_000)).unwrap();
        assert_eq!((&verified, token.expose()), (&claims, claims.jti.as_str()));
        assert!(key.verify(&text, ISSUER, at(1_999)).is_some() && key.verify(&text, ISSUER, at(2_000)).is_none());
        assert!(key.verify(&text, ISSUER, at(969)).is_none(), "issued in the future");
        assert!(key.verify(&text, "https://other.example", at(1_000)).is_none());
        assert!(self::key().verify(&text, ISSUER, at(1_000)).is_none(), "signed with another key");
    }

    #[test]
    fn tokens_of_the_previous_key_are_valid_until_that_key_is_removed() {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let [old, new] = [(), ()].map(|()| AccessTokenKeys::generate(&keyring).unwrap());
        let open = |newest, previous| AccessTokenKeys::open(&keyring, SealedPair { newest, previous }).unwrap();
        let text = open(&old, None).sign(&claims()).unwrap();
        assert!(open(&new, Some(&old)).verify(&text, ISSUER, at(1_000)).is_some());
        assert!(open(&new, None).verify(&text, ISSUER, at(1_000)).is_none());
        assert_eq!(open(&new, Some(&old)).public().len(), 2);
        assert!(open(&new, None).verify(&open(&new, Some(&old)).sign(&claims()).unwrap(), ISSUER, at(1_000)).is_some());
    }

    #[test]
    fn only_the_exact_header_is_accepted() {
        let (key, claims) = (key(), serde_json::to_string(&claims()).unwrap());
        let good = json!({"alg": "EdDSA", "typ": TYPE, "kid": key.newest.id});
        assert!(key.verify(&signed(&key, &good.to_string(), &claims), ISSUER, at(1_000)).is_some());
        for (name, value) in [
            ("alg", Value::from("none")),
            ("alg", "HS256".into()),
            ("alg", "ES256".into()),
            ("typ", "JWT".into()),
            ("typ", "ogw-login+jwt".into()),
            ("kid", "../../dev/null".into()),
            ("kid", json!(["a"])),
            ("crit", json!(["exp"])),
            ("jku", "http://127.0.0.1:1/".into()),
            ("jwk", json!({"kty": "OKP"})),
        ] {
            let mut header = good.clone();
            header[name] = value;
            let header = header.to_string();
            assert!(key.verify(&signed(&key, &header, &claims), ISSUER, at(1_000)).is_none(), "{header}");
        }
    }

    #[test]
    fn a_token_signed_with_the_public_key_is_rejected() {
        let (key, claims) = (key(), claims());
        for (secret, algorithm) in
            [(key.newest.public.clone(), "HS256"), (key.public()[0].x.clone().into_bytes(), "HS256")]
        {
            let header = json!({"alg": algorithm, "typ": TYPE, "kid": key.newest.id}).to_string();
            let message = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(serde_json::to_string(&claims).unwrap())
            );
            let forged = EncodingKey::from_secret(&secret);
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &forged, Algorithm::HS256).unwrap();
            assert!(key.verify(&format!("{message}.{signature}"), ISSUER, at(1_000)).is_none());
        }
    }

    #[test]
    fn only_the_exact_claims_are_accepted() {
        let (key, good) = (key(), serde_json::to_value(claims()).unwrap());
        let header = json!({"alg": "EdDSA", "typ": TYPE, "kid": key.newest.id}).to_string();
        for name in ["iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            assert!(key.verify(&signed(&key, &header, &claims.to_string()), ISSUER, at(1_000)).is_none(), "no {name}");
        }
        for (name, value) in [
            ("aud", json!("https://other.example")),
            ("aud", json!([])),
            ("exp", json!("2000")),
            ("exp", json!(999)),
            ("iat", json!(1_031)),
            ("jti", json!("ogw_at_")),
            ("nbf", json!(5_000)),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(key.verify(&signed(&key, &header, &claims.to_string()), ISSUER, at(1_000)).is_none(), "{claims}");
        }
        let twice = good.to_string().replacen('{', "{\"sub\":\"odoo/2\",", 1);
        assert!(key.verify(&signed(&key, &header, &twice), ISSUER, at(1_000)).is_none());
        for text in ["x".repeat(MAX_LENGTH + 1), "a.b".to_owned(), String::new()] {
            assert!(key.verify(&text, ISSUER, at(1_000)).is_none(), "{text}");
        }
    }
}
