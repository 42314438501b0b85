//! The fuzz corpus, replayed: every text that a fuzz target ever found interesting keeps to the invariants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use odoo_gateway::{language, value};

#[path = "../fuzz/src/invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod invariants;

fn replay(corpus: &str, holds: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut texts = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            holds(text);
            texts += 1;
        }
    }
    assert!(texts >= 10, "{texts} texts are no corpus");
}

#[test]
fn the_corpus_of_literals_keeps_to_the_invariants() {
    replay("literal", invariants::literal);
}

#[test]
fn the_corpus_of_domains_keeps_to_the_invariants() {
    replay("domain", invariants::domain);
}

#[test]
fn the_corpus_of_selections_keeps_to_the_invariants() {
    replay("selection", invariants::selection);
}
