//! OAuth 1.0a (RFC 5849): verifies signed requests, and issues tokens to the applications that sign.
//!
//! ```text
//! encoding       percent-encoding, pairs of queries and forms
//! header         the Authorization header
//! base_string    the text that is signed
//! signature      verifies HMAC, RSA and PLAINTEXT signatures
//! timestamp      parses timestamps
//! body_hash      the hash of a body that is not a form
//! malformed      errors of requests that cannot be verified
//! request        parses a signed request
//! ─────
//! settings            settings, and the facts about a connection
//! consumer_signature  the application that signed, with its secret or key
//! request_checks checks TLS, the signature method, the timestamp and the nonce; finds the application that signed
//! authenticate   a signed request → the user whose token it was signed with
//! callback       callbacks and verifiers
//! request_token  temporary credentials: issued, approved, denied
//! access_token   token credentials: issued once for an approved request token
//! ```
//!
//! The modules above the line are pure: no store, no clock, no async.
//!
//! Why not the crate oauth1-request: it signs requests (the benchmark uses it), but neither parses nor verifies them.
//! It does not see the raw query, where order, duplicates, `+` and bytes that are not UTF-8 matter, and it supports
//! neither SHA-512 nor RSA.
//!
//! In: requests as they were sent. Out: principals and tokens. Must not know: routes, responses.

mod access_token;
mod authenticate;
mod base_string;
mod body_hash;
mod callback;
mod consumer_signature;
mod encoding;
mod header;
mod malformed;
mod request;
mod request_checks;
mod request_token;
mod settings;
mod signature;
mod timestamp;
#[cfg(test)]
mod vectors;

pub use super::clients::signature_method::SignatureMethod;
pub use base_string::{base_string, base_string_uri, normalize_parameters};
pub use callback::{Callback, Verifier};
pub use encoding::{decode_form, encode, pairs as form_pairs, pairs_of_form};
pub use header::{parse_parameters, strip_oauth_scheme};
pub use malformed::{MalformedSignature, ParamPairs};
pub use request::{Placement, RawRequest, SignedRequest, TimestampNonce, has_signature, strip_protocol_parameters};
pub use request_checks::OAuth1;
pub use request_token::{DecidedRequestToken, RequestToken, TokenCredentials};
pub use settings::{ConnectionInfo, OAuth1Settings};
pub use signature::{RsaKey, SigningSecrets, verify_with_secrets};
