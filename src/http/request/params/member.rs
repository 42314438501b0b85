//! A member of a JSON body.
//!
//! In: a tree. Out: the same tree. Must not know: the name of the parameter, what the tree means. A list or an object
//! can be taken only once: it can be as large as the body, and a copy would double the memory of the request.

use std::sync::{Mutex, PoisonError};

use crate::error::Problem;
use crate::value::Value;

/// A member of a JSON body.
#[derive(Debug)]
pub(super) struct BodyMember(Content);

#[derive(Debug)]
enum Content {
    Scalar(Value<'static>),
    /// A list or an object; `None` after it was taken.
    Container(Mutex<Option<Value<'static>>>),
}

impl BodyMember {
    pub(super) fn new(tree: Value<'static>) -> Self {
        Self(match tree {
            Value::List(_) | Value::Map(_) => Content::Container(Mutex::new(Some(tree))),
            scalar => Content::Scalar(scalar),
        })
    }

    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Content::Scalar(scalar) => scalar.as_text(),
            Content::Container(_) => None,
        }
    }

    /// The tree. A list or an object can be taken once.
    ///
    /// # Errors
    /// 500 for the second time: a route must not read a parameter twice.
    pub(super) fn take(&self) -> Result<Value<'static>, Problem> {
        match &self.0 {
            Content::Scalar(scalar) => Ok(scalar.clone()),
            Content::Container(tree) => {
                let taken = tree.lock().unwrap_or_else(PoisonError::into_inner).take();
                taken.ok_or_else(|| Problem::internal("a route reads a member of the body twice"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;

    #[test]
    fn list_is_taken_once_and_a_scalar_as_often_as_needed() {
        let list = BodyMember::new(Value::List(vec![Value::Int(1)]));
        assert_eq!(list.take(), Ok(Value::List(vec![Value::Int(1)])));
        assert_eq!(list.take().map_err(|problem| problem.code), Err(ErrorCode::Internal));
        let text = BodyMember::new(Value::from("a"));
        for _ in 0..2 {
            assert_eq!((text.take(), text.as_text()), (Ok(Value::from("a")), Some("a")));
        }
    }
}
