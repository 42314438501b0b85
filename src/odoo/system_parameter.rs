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
        let args = vec![has_key(key), Value::List(vec!["value".into()])];
        let call = system_parameter_call("search_read", args, Effect::Read);
        match self.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call)) {
            Ok(reply) => Ok(from_records(&reply.value()?)),
            Err(problem) if problem.code == ErrorCode::AccessDenied => Ok(SystemParameter::Hidden),
            Err(problem) => Err(problem),
        }
    }

    /// Changes a system parameter that exists, with the rights of the user. `set_param` would do so before Odoo 19.1
    /// only.
    ///
    /// # Errors
    /// If there is no such parameter, or as [`system_parameter`](Self::system_parameter).
    pub(super) async fn change_system_parameter(
        &self,
        user: &OdooUser,
        key: &'static str,
        value: String,
    ) -> Result<(), Problem> {
        let search = system_parameter_call("search", vec![has_key(key)], Effect::Read);
        let found = self.execute_kw(user, &search).await.map_err(|error| error.into_call_problem(&search))?;
        let ids = found.value()?.into_owned();
        if ids.as_list().is_none_or(<[_]>::is_empty) {
            let detail = format!("Odoo has no system parameter {key} that this user can read.");
            return Err(Problem::new(ErrorCode::RecordNotFound, detail));
        }
        let args = vec![ids, Value::Map(vec![("value".into(), value.into())])];
        let write = system_parameter_call("write", args, Effect::Write);
        self.execute_kw(user, &write).await.map(drop).map_err(|error| error.into_call_problem(&write))
    }
}

fn has_key(key: &'static str) -> Value<'static> {
    Value::List(vec![Value::List(vec!["key".into(), "=".into(), key.into()])])
}

/// A call of the model of system parameters.
fn system_parameter_call(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
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
