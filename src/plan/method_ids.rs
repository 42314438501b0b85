//! The records that a method is called on.
//!
//! In: a call of a method by its name. Out: the ids whose existence must be checked, or why there are none. Must not
//! know: which dialect the call came from.
//!
//! Odoo's own record methods return `True` for ids that do not exist and change the others (`write` and `unlink` on
//! most models of 14-19). So their ids are checked like those of the routes that do the same.

use super::call::Call;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::value::Value;

/// The methods of every model that change or copy their records.
const VERIFIED_METHODS: [&str; 10] = [
    "action_archive",
    "action_unarchive",
    "copy",
    "toggle_active",
    "unlink",
    "update_field_translations",
    "web_save",
    "web_save_multi",
    "web_unlink",
    "write",
];

/// The ids of a call that must exist. `None` for other methods, and for a call without records, where Odoo does
/// nothing or creates a record (`web_save`).
///
/// # Errors
/// 400 if the first argument is missing or does not contain ids.
pub(super) fn ids_to_verify(call: &Call) -> Result<Option<Vec<RecordId>>, Problem> {
    let (model, method) = (call.model.as_str(), call.method.as_str());
    if !VERIFIED_METHODS.contains(&method) {
        return Ok(None);
    }
    let first = call.args.first().ok_or_else(|| ids_required(model, method))?;
    if first.is_falsy() {
        return Ok(None);
    }
    let ids: Option<Vec<RecordId>> = match first {
        Value::Int(id) => RecordId::new(*id).map(|id| vec![id]),
        Value::List(ids) => ids.iter().map(|id| id.as_int().and_then(RecordId::new)).collect(),
        _ => None,
    };
    let invalid = || {
        let detail = format!("The first argument of `{method}` must be a record id or a list of ids.");
        let problem = Problem::new(ErrorCode::InvalidValue, format!("{detail} Found {}.", first.excerpt(60)));
        problem.parameter("args").hint(hint(method))
    };
    ids.map(Some).ok_or_else(invalid)
}

/// The error for a record method that was called without ids.
#[must_use]
pub fn ids_required(model: &str, method: &str) -> Problem {
    let detail = format!("The method `{method}` of `{model}` needs record ids.");
    Problem::new(ErrorCode::MissingParameter, detail).parameter("args").hint(hint(method))
}

fn hint(method: &str) -> String {
    format!("Send the list of ids as the first element of `args`, for example {{\"args\": [[7]]}} for {method}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{MethodName, ModelName};
    use crate::plan::Effect;

    fn checked(method: &'static str, args: Vec<Value<'static>>) -> Result<Option<Vec<i64>>, ErrorCode> {
        let (model, method) = (ModelName::from_static("res.partner"), MethodName::from_static(method));
        let call = Call { model, method, args, kwargs: Vec::new(), effect: Effect::Write };
        let ids = ids_to_verify(&call).map_err(|problem| problem.code)?;
        Ok(ids.map(|ids| ids.into_iter().map(RecordId::get).collect()))
    }

    #[test]
    fn ids_of_methods_that_change_records_are_checked() {
        let list = |ids: &[i64]| ids.iter().map(|id| Value::Int(*id)).collect::<Value<'static>>();
        assert_eq!(checked("write", vec![list(&[7, 7, 9]), Value::Map(Vec::new())]), Ok(Some(vec![7, 7, 9])));
        assert_eq!(checked("unlink", vec![Value::Int(7)]), Ok(Some(vec![7])));
        assert_eq!(checked("web_unlink", vec![Value::Int(7)]), Ok(Some(vec![7])));
        for none in [Value::Bool(false), Value::Null, Value::Int(0), "".into(), Value::Map(Vec::new()), list(&[])] {
            assert_eq!(checked("unlink", vec![none]), Ok(None));
        }
        assert_eq!(checked("read", vec![list(&[7])]), Ok(None));
        assert_eq!(checked("action_confirm", vec![list(&[7])]), Ok(None));
        assert_eq!(checked("unlink", Vec::new()), Err(ErrorCode::MissingParameter));
        for invalid in [list(&[0]), list(&[1 << 31]), "7".into(), Value::Bool(true), Value::List(vec![list(&[7])])] {
            assert_eq!(checked("write", vec![invalid.clone()]), Err(ErrorCode::InvalidValue), "{invalid:?}");
        }
    }
}
