//! Invariants of the OAuth 1.0a header parser, checked by the fuzz target and by `tests/language_corpus.rs`.
//!
//! In: any bytes. Out: nothing, or a panic that names the violated invariant. Must not know: how the bytes are
//! generated.

use super::oauth1::{encode, normalize_parameters, parse_parameters};

/// A header either is parsed, and parsed to the same pairs after it is written as the RFC writes it, or is rejected with a
/// short message.
pub fn oauth_header(bytes: &[u8]) {
    match parse_parameters(bytes) {
        Ok(pairs) => {
            let written: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{}=\"{}\"", encode(name), encode(value))).collect();
            let names: std::collections::HashSet<_> = pairs.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), pairs.len(), "no name is repeated");
            let parsed = parse_parameters(written.join(", ").as_bytes());
            assert_eq!(parsed.as_ref(), Ok(&pairs), "written");
            assert!(normalize_parameters(pairs.into_iter()).is_ok(), "signed");
        }
        Err(error) => assert!(error.detail.len() < 500 && !error.detail.is_empty(), "a short message"),
    }
}
