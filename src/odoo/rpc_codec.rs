//! What the codecs of XML-RPC and JSON-RPC share.
//!
//! In: nothing. Out: [`RpcResponse`], [`MalformedResponse`], and the checks that both parsers make. Must not know: XML,
//! JSON, HTTP.

use std::collections::HashSet;

use crate::value::{Member, Value};

/// Maximum nesting of arrays and structs in calls and responses. Odoo's own are about ten levels deep.
pub const MAX_DEPTH: usize = 64;

pub(super) const INTEGER: &str = "an integer of at most 64 bits";
pub(super) const DEPTH: &str = "at most 64 nested values";
pub(super) const UNIQUE_NAMES: &str = "members with unique names";

/// The content of a response.
#[derive(Debug, Clone, PartialEq)]
pub enum RpcResponse<'a, F> {
    /// The call returned this value.
    Result(Value<'a>),
    /// The call failed.
    Fault(F),
}

/// A response that cannot be parsed. Contains the position and what was expected there, never a part of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at}")]
pub struct MalformedResponse {
    /// The offset in the response, in bytes.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl MalformedResponse {
    /// Whether the response is valid, but contains something that a [`Value`] cannot represent.
    #[must_use]
    pub fn is_unrepresentable(&self) -> bool {
        [INTEGER, DEPTH, UNIQUE_NAMES].contains(&self.expected)
    }
}

/// Whether a name occurs twice. Compares few names with each other, and puts many into a set, so that the time stays
/// linear.
pub(super) fn has_duplicate_names(members: &[Member<'_>]) -> bool {
    if members.len() > 16 {
        let mut seen = HashSet::with_capacity(members.len());
        return !members.iter().all(|(name, _)| seen.insert(name.as_ref()));
    }
    let mut rest = members;
    while let Some(((name, _), others)) = rest.split_first() {
        if others.iter().any(|(other, _)| other == name) {
            return true;
        }
        rest = others;
    }
    false
}
