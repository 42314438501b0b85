//! Replays the fuzz corpus: the invariants hold for every input that a fuzz target found interesting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use odoo_gateway::auth::oauth1;
use odoo_gateway::{language, odoo, value};

#[path = "../fuzz/src/invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod invariants;

#[path = "../fuzz/src/header_invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod header_invariants;

#[path = "../fuzz/src/call_invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod call_invariants;

fn replay_texts(corpus: &str, check: fn(&str)) {
    replay(corpus, |bytes| {
        let text = std::str::from_utf8(bytes);
        text.map(check).is_ok()
    });
}

fn replay(corpus: &str, check: impl Fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut texts = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        texts += usize::from(check(&bytes));
    }
    assert!(texts >= 10, "the corpus has only {texts} texts");
}

#[test]
fn literal_corpus_satisfies_the_invariants() {
    replay_texts("literal", invariants::literal);
}

#[test]
fn domain_corpus_satisfies_the_invariants() {
    replay_texts("domain", invariants::domain);
}

#[test]
fn oauth_header_corpus_satisfies_the_invariants() {
    replay("oauth_header", |bytes| {
        header_invariants::oauth_header(bytes);
        true
    });
}

#[test]
fn selection_corpus_satisfies_the_invariants() {
    replay_texts("selection", invariants::selection);
}

#[test]
fn xml_rpc_call_corpus_satisfies_the_invariants() {
    replay_texts("xml_rpc_call", call_invariants::xml_rpc_call);
}
