//! Login tokens: JSON Web Tokens (RFC 7519, checked as RFC 8725 says), as family B hands them out.
//!
//! ```text
//! token  = part "." part "." part       part = base64url without padding
//! header = {"alg": "HS256", "typ": "ogw-login+jwt", "kid": key's id}                  these members and no others
//! claims = {"iss", "aud", "user_id", "username", "webservice_account_id", "webservice_name", "iat", "exp", "jti"}
//! ```
//!
//! `jti` is a secret of 256 random bits that stands nowhere else: it is what the row in the store is found by and what
//! opens the credential. So a forged token opens nothing even for who has the signing key, and none outlives its row.
//! The key and the algorithm are the gateway's choice; what a header says of them has to be the same.
//!
//! In: claims, texts from outside, the time. Out: tokens, claims that were signed here. Must not know: users, rows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::SecretError;
use super::keys::{KeptKey, KeptPair, Keyring, SealedPair};
use super::seal::{KeyId, Sealed};
use super::token::{Token, TokenKind};

const TYPE: &str = "ogw-login+jwt";
/// No token of ours is longer; more is not looked at.
const LONGEST: usize = 4096;
/// How much the clocks of two gateways may differ.
const LEEWAY: i64 = 30;

/// What a login token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginClaims {
    /// The installation that made it.
    pub iss: String,
    /// The installation it is for.
    pub aud: String,
    /// The user at Odoo.
    pub user_id: i64,
    /// His login.
    pub username: String,
    /// The API key it was made with, by its id.
    pub webservice_account_id: String,
    /// That key's name.
    pub webservice_name: String,
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

/// The key that signs login tokens. What the one before it signed is still read.
#[derive(Debug, Clone)]
pub struct SigningKey(KeptPair);

impl SigningKey {
    const PURPOSE: &'static str = "login_token";

    /// A new one, with the form in which it is kept.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(keyring: &Keyring) -> Result<(Self, Sealed), SecretError> {
        let (key, sealed) = KeptPair::generate(keyring, Self::PURPOSE)?;
        Ok((Self(key), sealed))
    }

    /// The one that is kept, with the one before.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        KeptPair::open(keyring, Self::PURPOSE, sealed).map(Self)
    }

    /// Writes and signs.
    ///
    /// # Errors
    /// None that claims could cause.
    pub fn sign(&self, claims: &LoginClaims) -> Result<Zeroizing<String>, SecretError> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.id().to_string());
        let signed = jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(self.0.newest.expose()));
        signed.map(Zeroizing::new).map_err(|_| SecretError::Altered)
    }

    /// The claims and the secret of a token that was signed with this key for `issuer` and is neither of the future
    /// nor of the past; `None` for every other text.
    #[must_use]
    pub fn verify(&self, text: &str, issuer: &str, now: OffsetDateTime) -> Option<(LoginClaims, Token)> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = text.split('.');
        let (header, claims) = (strict::<StrictHeader>(parts.next()?)?, strict::<LoginClaims>(parts.next()?)?);
        let key = self.named(&header.kid).filter(|_| header.alg == "HS256" && header.typ == TYPE)?;
        let key = DecodingKey::from_secret(key.expose());
        let signed = jsonwebtoken::decode::<LoginClaims>(text, &key, &validation(issuer));
        let claims = signed.ok().map(|signed| signed.claims).filter(|signed| *signed == claims)?;
        let now = now.unix_timestamp();
        let in_time = claims.iat <= now.saturating_add(LEEWAY) && now < claims.exp && claims.iat < claims.exp;
        let token = Token::parse(TokenKind::LoginToken, &claims.jti)?;
        in_time.then_some((claims, token))
    }

    fn named(&self, kid: &str) -> Option<&KeptKey> {
        [Some(&self.0.newest), self.0.before.as_ref()].into_iter().flatten().find(|key| key.id().to_string() == kid)
    }

    fn id(&self) -> KeyId {
        self.0.newest.id()
    }
}

/// Times are compared with the gateway's own clock, not with the library's.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
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

    const ISSUER: &str = "odoo-gateway/i";

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_000).unwrap()
    }

    fn key() -> SigningKey {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let (key, sealed) = SigningKey::generate(&keyring).unwrap();
        let kept = SealedPair { newest: &sealed, before: None };
        assert_eq!(SigningKey::open(&keyring, kept).unwrap().id(), key.id());
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

    /// Header and claims as they stand here, signed with the right key.
    fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let key = EncodingKey::from_secret(key.0.newest.expose());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    fn header(key: &SigningKey) -> Value {
        json!({"alg": "HS256", "typ": TYPE, "kid": key.id().to_string()})
    }

    #[test]
    fn what_was_signed_is_read_until_its_end() {
        let (key, claims) = (key(), claims());
        let text = key.sign(&claims).unwrap();
        let at = |seconds| key.verify(&text, ISSUER, OffsetDateTime::from_unix_timestamp(seconds).unwrap());
        let (read, token) = at(1_000).unwrap();
        assert_eq!((&read, token.expose()), (&claims, claims.jti.as_str()));
        assert!(at(1_999).is_some() && at(970).is_some());
        assert!(at(2_000).is_none(), "to the second");
        assert!(at(969).is_none(), "made in the future");
    }

    #[test]
    fn what_the_key_before_signed_is_read_until_that_key_is_gone() {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let ((old_key, old), (_, new)) =
            (SigningKey::generate(&keyring).unwrap(), SigningKey::generate(&keyring).unwrap());
        let open = |before| SigningKey::open(&keyring, SealedPair { newest: &new, before }).unwrap();
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
    fn no_header_but_ours_is_taken() {
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
    fn no_claims_but_ours_are_taken() {
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
    fn a_token_is_written_in_one_way_only() {
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
