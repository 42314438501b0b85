//! What came of a call: an answer that is no fault.
//!
//! In: the text that Odoo sent. Out: a [`Reply`] that owns it and lends its values. Must not know: HTTP, what was called.

use std::time::Duration;

use super::failure::unreadable;
use super::xmlrpc::answer::{self, Answer};
use crate::error::Problem;
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

/// An answer that is no fault.
#[derive(Debug, Clone)]
pub struct Reply {
    /// `None` where the method returned `None`, which Odoo says by a fault.
    pub(super) text: Option<String>,
    /// How long it took; the last attempt, where there were two.
    pub timing: Timing,
}

impl Reply {
    /// The result. Its texts borrow from the reply.
    ///
    /// # Errors
    /// When the answer is not XML-RPC.
    pub fn value(&self) -> Result<Value<'_>, Problem> {
        match self.text.as_deref().map(answer::read) {
            None => Ok(Value::Null),
            Some(Ok(Answer::Value(value))) => Ok(value),
            Some(Ok(Answer::Fault(_))) => Err(unreadable("a fault where a result was announced")),
            Some(Err(error)) => Err(unreadable(error)),
        }
    }

    /// Whether the answer is `None`.
    pub(super) fn is_nothing(&self) -> bool {
        self.text.is_none()
    }

    /// How many bytes Odoo's answer has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.as_ref().map_or(0, String::len)
    }
}
