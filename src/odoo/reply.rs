//! What came of a call: an answer that is no fault.
//!
//! In: the text that Odoo sent, in either of its languages. Out: a [`Reply`] that owns it and lends its values. Must not know: HTTP, what was called.

use std::sync::Arc;
use std::time::Duration;

use super::error::unreadable;
use super::jsonrpc;
use super::xmlrpc::answer::{self, Answer};
use crate::error::Problem;
use crate::load::Share;
use crate::value::Value;

/// How long the parts of a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// From the wish to call until there was a place at Odoo.
    pub queued: Duration,
    /// From when it was sent until the answer began: Odoo's work.
    pub to_first_byte: Duration,
    /// From when it was sent until the answer was whole.
    pub to_last_byte: Duration,
    /// How often it was sent: 1, or 2 for a read whose first connection was cut.
    pub attempts: u8,
}

/// What a [`Reply`] holds.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// An XML-RPC answer.
    Xml(String),
    /// A JSON-RPC answer.
    Json(String),
    /// The method returned `None`, which Odoo says by a fault over XML-RPC.
    Null,
    /// The method ran and is done, but its result cannot be carried.
    Omitted,
}

/// An answer that is no fault.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) body: Body,
    /// What it takes of the memory for large answers, until nobody needs it any more.
    #[expect(dead_code, reason = "held, never looked at")]
    pub(super) share: Option<Arc<Share>>,
    /// How long it took; the last attempt, where there were two.
    pub timing: Timing,
}

impl Reply {
    /// The result. Its texts borrow from the reply.
    ///
    /// # Errors
    /// When the answer is not one of Odoo's.
    pub fn value(&self) -> Result<Value<'_>, Problem> {
        const FAULT: &str = "a fault where a result was announced";
        match &self.body {
            Body::Null | Body::Omitted => Ok(Value::Null),
            Body::Xml(text) => match answer::read(text).map_err(unreadable)? {
                Answer::Value(value) => Ok(value),
                Answer::Fault(_) => Err(unreadable(FAULT)),
            },
            Body::Json(text) => match jsonrpc::answer::read(text).map_err(unreadable)? {
                jsonrpc::answer::Answer::Value(value) => Ok(value),
                jsonrpc::answer::Answer::Fault(_) => Err(unreadable(FAULT)),
            },
        }
    }

    /// Whether the answer is `None`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    /// Whether the method ran, and its result cannot be carried.
    #[must_use]
    pub fn is_omitted(&self) -> bool {
        matches!(self.body, Body::Omitted)
    }

    /// How many bytes Odoo's answer has.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Xml(text) | Body::Json(text) => text.len(),
            Body::Null | Body::Omitted => 0,
        }
    }
}
