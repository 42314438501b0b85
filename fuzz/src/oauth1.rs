//! The parser of OAuth 1.0a headers, compiled without the rest of `auth`.
//!
//! In: the source files of the gateway, included by path. Out: the parser and its counterpart. Must not know:
//! credentials, HTTP.

#[path = "../../src/auth/oauth1/base_string.rs"]
pub mod base_string;
#[expect(dead_code, reason = "forms are parsed elsewhere")]
#[path = "../../src/auth/oauth1/encoding.rs"]
pub mod encoding;
#[path = "../../src/auth/oauth1/header.rs"]
pub mod header;
#[expect(dead_code, reason = "missing parameters are reported elsewhere")]
#[path = "../../src/auth/oauth1/malformed.rs"]
pub mod malformed;

pub use base_string::normalize_parameters;
pub use encoding::encode;
pub use header::parse_parameters;
