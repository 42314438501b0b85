//! Odoo's system parameters (`ir.config_parameter`), which only administrators of Odoo may read.
//!
//! In: a user, a key. Out: the value, as Odoo returns it to this user. Must not know: what it means.

use super::client::OdooClient;
use super::user::OdooUser;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::plan::{Call, Effect};
use crate::value::Value;

/// A system parameter, as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemParameter {
    /// Its value.
    Value(String),
    /// It does not exist or is empty.
    Unset,
    /// The user may not read system parameters.
    Hidden,
}

impl OdooClient {
    /// Reads a system parameter with the rights of the user.
    ///
    /// # Errors
    /// If Odoo rejects the credential, cannot be reached, or does not respond as expected.
    pub async fn system_parameter(&self, user: &OdooUser, key: &'static str) -> Result<SystemParameter, Problem> {
        let domain = Value::List(vec![Value::List(vec!["key".into(), "=".into(), key.into()])]);
        let args = vec![domain, Value::List(vec!["value".into()])];
        let call = system_parameter_call("search_read", args, Effect::Read);
        match self.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call)) {
            Ok(reply) => Ok(from_records(&reply.value()?)),
            Err(problem) if problem.code == ErrorCode::AccessDenied => Ok(SystemParameter::Hidden),
            Err(problem) => Err(problem),
        }
    }
}

/// A call of the model of system parameters.
pub(super) fn system_parameter_call(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
    Call {
        model: ModelName::from_static("ir.config_parameter"),
        method: MethodName::from_static(method),
        args,
        kwargs: Vec::new(),
        effect,
    }
}

fn from_records(found: &Value<'_>) -> SystemParameter {
    let value = found.as_list().and_then(|records| records.first()?.get("value")?.as_text());
    match value.filter(|value| !value.is_empty()) {
        Some(value) => SystemParameter::Value(value.to_owned()),
        None => SystemParameter::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_nonempty_value_counts() {
        let found = |value: Value<'static>| {
            Value::List(vec![Value::Map(vec![("id".into(), Value::Int(1)), ("value".into(), value)])])
        };
        let url = "https://erp.example";
        assert_eq!(from_records(&found(url.into())), SystemParameter::Value(url.to_owned()));
        for unset in [found(false.into()), found("".into()), Value::List(Vec::new())] {
            assert_eq!(from_records(&unset), SystemParameter::Unset);
        }
    }
}
