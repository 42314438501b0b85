//! A call of a model's method, and its reply.
//!
//! In: who calls, what is called, with which arguments, and whether that can change anything. Out: a [`Reply`] that
//! owns the answer and lends its values. Must not know: HTTP, schemas, where the credential comes from.

use std::time::Duration;

use secrecy::SecretString;

use super::failure::{Effect, unreadable};
use super::xmlrpc::answer::{self, Answer};
use crate::error::Problem;
use crate::names::RecordId;
use crate::value::{Member, Value};

/// The id of a user: a record of `res.users`.
pub type Uid = RecordId;

/// In whose name a call is made.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub uid: Uid,
    /// Its password or API key.
    pub secret: SecretString,
}

/// A call of a model's method.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The method's name.
    pub method: &'a str,
    /// The arguments by position. Odoo's leading arguments are renamed between versions: pass them here.
    pub args: Vec<Value<'a>>,
    /// The arguments by name, `context` among them.
    pub kwargs: Vec<Member<'a>>,
    /// Whether it can change anything.
    pub effect: Effect,
}

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

    /// How many bytes Odoo's answer has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.as_ref().map_or(0, String::len)
    }
}
