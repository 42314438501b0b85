//! OAuth 1.0a (RFC 5849): who signed a request, and tokens for those who do.
//!
//! ```text
//! encoding     percent-encoding, pairs of queries and forms
//! header       the Authorization header: grammar, quotes of both kinds
//! base_string  what is signed
//! signature    HMAC, RSA, PLAINTEXT: is it theirs?
//! timestamp    when it was signed
//! body_hash    the hash of a body that is no form
//! malformed    why a request is none
//! request      a request as sent → who says so, and what was signed
//! ─────
//! provider     settings, and what is refused before anybody looks who signed
//! consumer     the application that signed; requests that were seen
//! resource     a signed request for something → the user behind it
//! request_token temporary credentials: asked for, approved, denied
//! callback     where the user goes then, and the verifier he brings
//! access_token an approved request token is exchanged, once
//! ```
//!
//! What stands above the line is arithmetic: no store, no clock, nothing to wait for.
//!
//! The arithmetic is our own: oauth1-request, which clients use and which signs the requests of our benchmark, builds a
//! request out of values and cannot read one. It never sees the raw query, where order, duplicates, `+` and bytes that are
//! no UTF-8 count; it knows neither SHA-512 nor RSA; and it verifies nothing.
//!
//! In: requests as they were sent. Out: principals and tokens. Must not know: routes, answers.

mod access_token;
mod authenticate;
mod base_string;
mod body_hash;
mod callback;
mod consumer;
mod encoding;
mod header;
mod malformed;
mod provider;
mod request;
mod request_token;
mod signature;
mod timestamp;
#[cfg(test)]
mod vectors;

pub use base_string::{base_string, normalize, uri};
pub use callback::{Callback, Verifier};
pub use encoding::encode;
pub use header::{of_scheme, parse};
pub use malformed::{Malformed, Pairs};
pub use provider::{OAuth1, OAuth1Settings, Occasion};
pub use request::{Moment, Placement, Sent, Signed, is_signed, without_protocol};
pub use request_token::{Decided, RequestToken, TokenPair};
pub use signature::{RsaKey, Secrets, SignatureMethod, verify_shared};
