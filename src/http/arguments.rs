//! The arguments of a method call: `args` and `kwargs`, in every family the same.
//!
//! In: [`Input`]. Out: values in order, values by name. Must not know: which method.

use super::input::Input;
use crate::error::Problem;
use crate::explain::Code;
use crate::value::{Member, Value};

/// The positional arguments, none without `args`.
///
/// # Errors
/// 400 for anything but a list.
pub(super) fn args(input: &Input) -> Result<Vec<Value<'static>>, Problem> {
    match input.tree("args")? {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(args)) => Ok(args),
        Some(other) => Err(unfit("args", "a list of positional arguments", &other)),
    }
}

/// The named arguments, none without `kwargs`.
///
/// # Errors
/// 400 for anything but an object.
pub(super) fn kwargs(input: &Input) -> Result<Vec<Member<'static>>, Problem> {
    match input.tree("kwargs")? {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Map(kwargs)) => Ok(kwargs),
        Some(other) => Err(unfit("kwargs", "an object of named arguments", &other)),
    }
}

fn unfit(parameter: &str, expected: &str, found: &Value<'_>) -> Problem {
    let detail = format!("{parameter}: expected {expected}, found {} {}", found.kind(), found.excerpt(60));
    Problem::new(Code::InvalidParameter, detail).parameter(parameter)
}
