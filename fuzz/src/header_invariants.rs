//! What holds for every header of OAuth 1.0a: the fuzz target and `tests/language_corpus.rs` both call this.
//!
//! In: any bytes. Out: nothing, or a panic that names what does not hold.

use super::oauth1::{encode, normalize, parse};

/// A header is read and comes back when it is written as the RFC writes it; or the mistake is told in a few words.
pub fn oauth_header(bytes: &[u8]) {
    match parse(bytes) {
        Ok(pairs) => {
            let written: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{}=\"{}\"", encode(name), encode(value))).collect();
            let names: std::collections::HashSet<_> = pairs.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), pairs.len(), "a name is there twice");
            assert_eq!(parse(written.join(", ").as_bytes()).as_ref(), Ok(&pairs), "written");
            assert!(normalize(pairs.into_iter()).is_ok(), "signed");
        }
        Err(wrong) => assert!(wrong.detail.len() < 500 && !wrong.detail.is_empty(), "a long sentence"),
    }
}
