//! The positional arguments of a service.
//!
//! In: the arguments as they were sent. Out: one after the other, with their types. Must not know: what they mean.

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::value::{Member, Value};

/// The arguments that were not taken yet.
pub(super) struct Arguments {
    function: &'static str,
    values: std::vec::IntoIter<Value<'static>>,
}

impl Arguments {
    /// The arguments of this function of Odoo, which errors name.
    pub(super) fn of(function: &'static str, values: Vec<Value<'static>>) -> Self {
        Self { function, values: values.into_iter() }
    }

    /// The next argument.
    ///
    /// # Errors
    /// 400 if there is none.
    pub(super) fn next(&mut self, name: &str) -> Result<Value<'static>, Problem> {
        self.values.next().ok_or_else(|| {
            let detail = format!("{}() missing 1 required positional argument: '{name}'", self.function);
            python_error(ErrorCode::MissingParameter, "TypeError", detail)
        })
    }

    /// The next argument, a text.
    ///
    /// # Errors
    /// 400 for another value.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Problem> {
        match self.next(name)? {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(self.type_error(name, "a string", &other)),
        }
    }

    /// The next argument, a list.
    ///
    /// # Errors
    /// 400 for another value.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Value<'static>>, Problem> {
        match self.next(name)? {
            Value::List(items) => Ok(items),
            other => Err(self.type_error(name, "a list", &other)),
        }
    }

    /// The next argument, a dictionary. It is empty if the argument is missing or false.
    ///
    /// # Errors
    /// 400 for another value.
    pub(super) fn optional_map(&mut self, name: &str) -> Result<Vec<Member<'static>>, Problem> {
        match self.values.next() {
            Some(Value::Map(members)) => Ok(members),
            Some(other) if !other.is_falsy() => Err(self.type_error(name, "a dictionary", &other)),
            _ => Ok(Vec::new()),
        }
    }

    /// The arguments that were not taken.
    pub(super) fn rest(self) -> Vec<Value<'static>> {
        self.values.collect()
    }

    /// Checks that all arguments were taken.
    ///
    /// # Errors
    /// 400 if there are more.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.values.len() {
            0 => Ok(()),
            surplus => {
                let detail = format!("{}() takes {surplus} fewer positional arguments than were given", self.function);
                Err(python_error(ErrorCode::InvalidParameter, "TypeError", detail))
            }
        }
    }

    /// The kind of the value is named, and never the value: it can be a secret.
    fn type_error(&self, name: &str, expected: &str, found: &Value<'_>) -> Problem {
        let detail = format!("{}() argument '{name}' must be {expected}, not {}", self.function, found.kind());
        python_error(ErrorCode::InvalidParameter, "TypeError", detail)
    }
}

/// A problem for which Odoo raises this exception with this message.
pub(super) fn python_error(code: ErrorCode, exception: &str, message: impl Into<String>) -> Problem {
    let message = message.into();
    Problem::new(code, message.clone()).odoo(exception, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(values: Vec<Value<'static>>) -> Arguments {
        Arguments::of("execute_kw", values)
    }

    #[test]
    fn arguments_are_taken_in_order() {
        let map = Value::Map(vec![("a".into(), Value::Int(1))]);
        let mut given = arguments(vec!["db".into(), Value::List(vec![Value::Int(1)]), map, Value::Bool(false)]);
        assert_eq!(given.text("db"), Ok("db".to_owned()));
        assert_eq!(given.list("args"), Ok(vec![Value::Int(1)]));
        assert_eq!(given.optional_map("kw").map(|members| members.len()), Ok(1));
        assert_eq!(given.optional_map("kw"), Ok(Vec::new()), "false is no dictionary");
        assert_eq!(given.optional_map("kw"), Ok(Vec::new()), "it is optional");
        assert_eq!(given.finish(), Ok(()));
        assert_eq!(arguments(vec![Value::Null]).rest(), [Value::Null]);
    }

    #[test]
    fn missing_surplus_and_wrong_arguments_are_type_errors_without_their_values() {
        for (problem, detail) in [
            (
                arguments(Vec::new()).text("db").unwrap_err(),
                "execute_kw() missing 1 required positional argument: 'db'",
            ),
            (
                arguments(vec![Value::Int(4711)]).text("passwd").unwrap_err(),
                "execute_kw() argument 'passwd' must be a string, not an integer",
            ),
            (
                arguments(vec!["secret".into()]).list("args").unwrap_err(),
                "execute_kw() argument 'args' must be a list, not a string",
            ),
            (
                arguments(vec![Value::Null, Value::Null]).finish().unwrap_err(),
                "execute_kw() takes 2 fewer positional arguments than were given",
            ),
        ] {
            assert_eq!(problem.detail, detail);
            assert_eq!(problem.odoo.unwrap().exception, "TypeError");
        }
    }
}
