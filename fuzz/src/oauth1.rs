//! The reader of OAuth 1.0a's header, out of its room.

#[path = "../../src/auth/oauth1/base_string.rs"]
pub mod base_string;
#[expect(dead_code, reason = "forms are read elsewhere")]
#[path = "../../src/auth/oauth1/encoding.rs"]
pub mod encoding;
#[path = "../../src/auth/oauth1/header.rs"]
pub mod header;
#[expect(dead_code, reason = "what is missing is told elsewhere")]
#[path = "../../src/auth/oauth1/malformed.rs"]
pub mod malformed;

pub use encoding::encode;
pub use base_string::normalize;
pub use header::parse;
