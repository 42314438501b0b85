//! The arguments of a method call in a request.
//!
//! In: [`RequestParams`]. Out: positional and keyword arguments. Must not know: methods.

use super::{ParamValue, RequestParams, file_text};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::value::{Member, Value};

impl RequestParams {
    /// The positional arguments in the parameter `args`.
    ///
    /// # Errors
    /// 400 if it is not a list.
    pub(in crate::http) fn args(&self) -> Result<Vec<Value<'static>>, Problem> {
        match self.tree("args")? {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::List(args)) => Ok(args),
            Some(other) => Err(unexpected("args", "a list of positional arguments", &other)),
        }
    }

    /// The keyword arguments in the parameter `kwargs`.
    ///
    /// # Errors
    /// 400 if it is not an object.
    pub(in crate::http) fn kwargs(&self) -> Result<Vec<Member<'static>>, Problem> {
        match self.tree("kwargs")? {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Map(kwargs)) => Ok(kwargs),
            Some(other) => Err(unexpected("kwargs", "an object of keyword arguments", &other)),
        }
    }

    /// The complete body as keyword arguments; those of a form are texts.
    ///
    /// # Errors
    /// 400 for a file that is not UTF-8, 500 if the body was taken before.
    pub(in crate::http) fn keywords(&self) -> Result<Vec<Member<'static>>, Problem> {
        let keyword = |(name, value): (&String, &ParamValue)| {
            let value = match value {
                ParamValue::Tree(member) => member.take()?,
                ParamValue::Text(text, _) => Value::from(text.clone()),
                ParamValue::File(content) => Value::from(file_text(name, content)?.to_owned()),
            };
            Ok((name.clone().into(), value))
        };
        self.mark_body_read();
        self.body.0.iter().map(keyword).collect()
    }

    /// Whether the body has members, and only members with these names.
    pub(in crate::http) fn body_has_only(&self, names: &[&str]) -> bool {
        !self.body.0.is_empty() && self.body.0.keys().all(|name| names.contains(&name.as_str()))
    }
}

fn unexpected(parameter: &str, expected: &str, found: &Value<'_>) -> Problem {
    let detail = format!("{parameter}: expected {expected}, found {} {}", found.kind(), found.excerpt(60));
    Problem::new(ErrorCode::InvalidParameter, detail).parameter(parameter)
}
