//! Strict decoding of JSON Web Tokens (RFC 7519, checked as RFC 8725 requires).
//!
//! A header contains exactly `alg`, `typ` and `kid`, and a part contains neither unknown nor repeated members. The
//! expected algorithm and type are those of the caller: the header only has to match them.
//!
//! In: texts, keys, issuers, the time. Out: headers and claims. Must not know: what the claims mean.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How much the clocks of two gateways may differ, in seconds.
const LEEWAY: i64 = 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// Decodes a part of a token. Rejects members that `T` rejects, repeated members, and an array in place of an object.
fn decode_part<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(part).ok()?);
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(&json).ok()).flatten()
}

/// The key id of a token of at most `max_length` bytes, if its header has exactly this algorithm and type. Nothing is
/// verified.
pub(super) fn key_id(text: &str, max_length: usize, algorithm: &str, typ: &str) -> Option<String> {
    if text.len() > max_length || text.split('.').count() != 3 {
        return None;
    }
    let header = decode_part::<StrictHeader>(text.split('.').next()?)?;
    (header.alg == algorithm && header.typ == typ).then_some(header.kid)
}

/// The claims of a token that was signed with this key by and for `issuer`. The caller checks the times.
pub(super) fn verify<T: DeserializeOwned + PartialEq>(
    text: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    issuer: &str,
) -> Option<T> {
    let claims = decode_part::<T>(text.split('.').nth(1)?)?;
    let verified = jsonwebtoken::decode::<T>(text, key, &validation(algorithm, issuer)).ok()?;
    (verified.claims == claims).then_some(claims)
}

/// The times are compared with the gateway's clock, not with that of the library.
fn validation(algorithm: Algorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

/// Whether a token with these `iat` and `exp` claims is valid now.
pub(super) fn is_in_time(issued_at: i64, expires_at: i64, now: OffsetDateTime) -> bool {
    let now = now.unix_timestamp();
    issued_at <= now.saturating_add(LEEWAY) && now < expires_at && issued_at < expires_at
}
