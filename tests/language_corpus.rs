//! The fuzz corpus, replayed: every text that a fuzz target ever found interesting keeps to the invariants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use odoo_gateway::auth::oauth1;
use odoo_gateway::{language, value};

#[path = "../fuzz/src/invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod invariants;

#[path = "../fuzz/src/header_invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod header_invariants;

fn replay_texts(corpus: &str, holds: fn(&str)) {
    replay(corpus, |bytes| {
        let text = std::str::from_utf8(bytes);
        text.map(holds).is_ok()
    });
}

fn replay(corpus: &str, holds: impl Fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut texts = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        texts += usize::from(holds(&bytes));
    }
    assert!(texts >= 10, "{texts} texts are no corpus");
}

#[test]
fn the_corpus_of_literals_keeps_to_the_invariants() {
    replay_texts("literal", invariants::literal);
}

#[test]
fn the_corpus_of_domains_keeps_to_the_invariants() {
    replay_texts("domain", invariants::domain);
}

#[test]
fn the_corpus_of_oauth_headers_keeps_to_the_invariants() {
    replay("oauth_header", |bytes| {
        header_invariants::oauth_header(bytes);
        true
    });
}

#[test]
fn the_corpus_of_selections_keeps_to_the_invariants() {
    replay_texts("selection", invariants::selection);
}
