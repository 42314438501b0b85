//! Access tokens of OAuth 2 as JSON Web Tokens (RFC 9068, checked as RFC 8725 says), and the keys that sign them.
//!
//! ```text
//! header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key's id}                       these members and no others
//! claims = {"iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"}
//! ```
//!
//! As in login tokens `jti` is a secret that stands nowhere else: the key that signs opens nothing alone, and no token
//! outlives its row. Others can verify with the public part, Ed25519, which is published.
//!
//! In: claims, texts from outside, the time. Out: tokens, claims that were signed here, public keys. Must not know: users,
//! rows.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::SecretError;
use super::keys::{KeptKey, KeptPair, Keyring, SealedPair};
use super::seal::Sealed;
use super::token::{Token, TokenKind};

const TYPE: &str = "at+jwt";
/// No token of ours is longer; more is not looked at. Scopes may be long.
const LONGEST: usize = 16 * 1024;
/// How much the clocks of two gateways may differ.
const LEEWAY: i64 = 30;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    /// The gateway.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// Whom it is for: the gateway.
    pub aud: String,
    /// The application.
    pub client_id: String,
    /// What it may, in words.
    pub scope: String,
    /// Unix time at which it was made.
    pub iat: i64,
    /// Unix time of its end.
    pub exp: i64,
    /// The secret in it.
    pub jti: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// The keys that sign access tokens: the newest signs, what the one before it signed is still read.
#[derive(Clone)]
pub struct AccessKeys {
    newest: AccessKey,
    before: Option<AccessKey>,
}

#[derive(Clone)]
struct AccessKey {
    id: String,
    /// PKCS #8, version 2.
    private: EncodingKey,
    public: Vec<u8>,
}

/// A public key, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What tells keys apart.
    pub kid: String,
    /// The public part of Ed25519 in base64url: the member `x` of a JSON Web Key (RFC 8037 section 2).
    pub x: String,
}

impl AccessKeys {
    const PURPOSE: &'static str = "access_jwt";

    /// A new key, in the form in which it is kept.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(keyring: &Keyring) -> Result<Sealed, SecretError> {
        Ok(KeptPair::generate(keyring, Self::PURPOSE)?.1)
    }

    /// The key that is kept, with the one before.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        let KeptPair { newest, before } = KeptPair::open(keyring, Self::PURPOSE, sealed)?;
        let before = before.as_ref().map(AccessKey::of).transpose()?;
        Ok(Self { newest: AccessKey::of(&newest)?, before })
    }

    /// The public keys, the newest first.
    #[must_use]
    pub fn public(&self) -> Vec<PublicKey> {
        let public = |key: &AccessKey| PublicKey { kid: key.id.clone(), x: URL_SAFE_NO_PAD.encode(&key.public) };
        self.all().map(public).collect()
    }

    /// Writes and signs.
    ///
    /// # Errors
    /// None that claims could cause.
    pub fn sign(&self, claims: &AccessClaims) -> Result<Zeroizing<String>, SecretError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.newest.id.clone());
        let signed = jsonwebtoken::encode(&header, claims, &self.newest.private);
        signed.map(Zeroizing::new).map_err(|_| SecretError::Altered)
    }

    /// The claims and the secret of a token that was signed with one of the keys by and for `issuer` and is neither of the
    /// future nor of the past; `None` for every other text.
    #[must_use]
    pub fn verify(&self, text: &str, issuer: &str, now: OffsetDateTime) -> Option<(AccessClaims, Token)> {
        let kid = kid_of(text)?;
        let key = self.all().find(|key| key.id == kid)?;
        let claims = strict::<AccessClaims>(text.split('.').nth(1)?)?;
        let signed =
            jsonwebtoken::decode::<AccessClaims>(text, &DecodingKey::from_ed_der(&key.public), &validation(issuer));
        let claims = signed.ok().map(|signed| signed.claims).filter(|signed| *signed == claims)?;
        let now = now.unix_timestamp();
        let in_time = claims.iat <= now.saturating_add(LEEWAY) && now < claims.exp && claims.iat < claims.exp;
        let token = Token::parse(TokenKind::OAuthAccess, &claims.jti)?;
        in_time.then_some((claims, token))
    }

    fn all(&self) -> impl Iterator<Item = &AccessKey> {
        std::iter::once(&self.newest).chain(&self.before)
    }
}

impl AccessKey {
    fn of(kept: &KeptKey) -> Result<Self, SecretError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(kept.expose()).map_err(|_| SecretError::Altered)?;
        let private = pair.to_pkcs8().map_err(|_| SecretError::Altered)?;
        let private = EncodingKey::from_ed_der(private.as_ref());
        Ok(Self { id: kept.id().to_string(), private, public: pair.public_key().as_ref().to_vec() })
    }
}

impl std::fmt::Debug for AccessKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.all().map(|key| &key.id)).finish()
    }
}

/// The key that a text names, when it says of itself to be an access token of ours; nothing is verified.
fn kid_of(text: &str) -> Option<String> {
    let right_size = (text.len() <= LONGEST && text.split('.').count() == 3).then_some(text)?;
    let header = strict::<StrictHeader>(right_size.split('.').next()?)?;
    (header.alg == "EdDSA" && header.typ == TYPE).then_some(header.kid)
}

/// Times are compared with the gateway's own clock, not with the library's.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

/// A part's members: no unknown ones, none twice.
fn strict<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(part).ok()?);
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::secret::MasterKey;

    const ISSUER: &str = "https://gateway.example";

    fn key() -> AccessKeys {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let sealed = AccessKeys::generate(&keyring).unwrap();
        AccessKeys::open(&keyring, SealedPair { newest: &sealed, before: None }).unwrap()
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

    /// Header and claims as they stand here, signed with the right key.
    fn signed(key: &AccessKeys, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.newest.private, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    #[test]
    fn what_was_signed_is_read_until_its_end() {
        let (key, claims) = (key(), claims());
        let text = key.sign(&claims).unwrap();
        let (read, token) = key.verify(&text, ISSUER, at(1_000)).unwrap();
        assert_eq!((&read, token.expose()), (&claims, claims.jti.as_str()));
        assert!(key.verify(&text, ISSUER, at(1_999)).is_some() && key.verify(&text, ISSUER, at(2_000)).is_none());
        assert!(key.verify(&text, ISSUER, at(969)).is_none(), "made in the future");
        assert!(key.verify(&text, "https://other.example", at(1_000)).is_none());
        assert!(self::key().verify(&text, ISSUER, at(1_000)).is_none(), "signed with another key");
    }

    #[test]
    fn what_the_key_before_signed_is_read_until_that_key_is_gone() {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let [old, new] = [(), ()].map(|()| AccessKeys::generate(&keyring).unwrap());
        let open = |newest, before| AccessKeys::open(&keyring, SealedPair { newest, before }).unwrap();
        let text = open(&old, None).sign(&claims()).unwrap();
        assert!(open(&new, Some(&old)).verify(&text, ISSUER, at(1_000)).is_some());
        assert!(open(&new, None).verify(&text, ISSUER, at(1_000)).is_none());
        assert_eq!(open(&new, Some(&old)).public().len(), 2);
        assert!(open(&new, None).verify(&open(&new, Some(&old)).sign(&claims()).unwrap(), ISSUER, at(1_000)).is_some());
    }

    #[test]
    fn no_header_but_ours_is_taken() {
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
    fn the_public_key_signs_nothing() {
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
    fn no_claims_but_ours_are_taken() {
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
        assert!(kid_of(&"x".repeat(LONGEST + 1)).is_none() && kid_of("a.b").is_none() && kid_of("").is_none());
    }
}
