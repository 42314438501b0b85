//! Invariants of the parser of XML-RPC calls, checked by the fuzz target and by `tests/language_corpus.rs`.
//!
//! In: any text. Out: nothing, or a panic that names the violated invariant. Must not know: how the text is
//! generated.

use super::odoo::rpc_codec::MAX_DEPTH;
use super::odoo::xmlrpc::request::{self, has_too_many_values};
use super::value::Value;

/// Enough for every text that a fuzzer generates.
const MANY: usize = 1_000_000;

/// The values of a call are within the limits, with no document type and no expanded entity; and the limit on their
/// number rejects exactly the calls that exceed it. Each error has a position in the text.
pub fn xml_rpc_call(text: &str) {
    let call = match request::parse(text, MANY) {
        Ok(call) => call,
        Err(error) => {
            assert!(text.is_char_boundary(error.at), "the position {error}");
            return;
        }
    };
    let values: usize = call.params.iter().map(count).sum();
    assert!(call.params.iter().all(|param| depth(param) <= MAX_DEPTH), "the depth");
    // Each value has an element of its own. A text can contain the name of the element, too.
    let elements = text.matches("<value").count();
    assert!(values <= elements, "{values} values in {elements} elements");
    assert_eq!(request::parse(text, elements), Ok(call), "the limit");
    if let Some(fewer) = elements.checked_sub(1) {
        assert!(request::parse(text, fewer).is_err_and(has_too_many_values), "fewer values");
    }
}

fn count(value: &Value<'_>) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Map(members) => 1 + members.iter().map(|(_, value)| count(value)).sum::<usize>(),
        _ => 1,
    }
}

fn depth(value: &Value<'_>) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Map(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or_default(),
        _ => 0,
    }
}
