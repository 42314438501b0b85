//! The records that a method is called on.
//!
//! In: a call of a method by its name. Out: the ids that have to be proven first, or why there are none. Must not know:
//! which dialect asked.
//!
//! Odoo's own methods of records answer `True` for ids that do not exist and act on the others (`write` and `unlink` on
//! most models of 14..19). So their ids are proven as those of the routes that do the same.

use super::call::Call;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::RecordId;
use crate::value::Value;

/// The methods of every model that change or copy the records they are called on.
const PROVEN: [&str; 9] = [
    "action_archive",
    "action_unarchive",
    "copy",
    "toggle_active",
    "unlink",
    "update_field_translations",
    "web_save",
    "web_save_multi",
    "write",
];

/// The ids of a call that must exist. `None` for other methods and for no record at all, where Odoo does nothing, or
/// makes a new record (`web_save`).
///
/// # Errors
/// 400 where the first argument is missing or no ids.
pub(super) fn proven_ids(call: &Call) -> Result<Option<Vec<RecordId>>, Problem> {
    let (model, method) = (call.model.as_str(), call.method.as_str());
    if !PROVEN.contains(&method) {
        return Ok(None);
    }
    let first = call.args.first().ok_or_else(|| no_records(model, method))?;
    if is_no_record(first) {
        return Ok(None);
    }
    let ids: Option<Vec<RecordId>> = match first {
        Value::Int(id) => RecordId::new(*id).map(|id| vec![id]),
        Value::List(ids) => ids.iter().map(|id| id.as_int().and_then(RecordId::new)).collect(),
        _ => None,
    };
    let wrong = || {
        let detail = format!("The first argument of {method} is the id of a record or a list of ids.");
        let problem = Problem::new(Code::InvalidValue, format!("{detail} Found {}.", first.excerpt(60)));
        problem.parameter("args").hint(hint(method))
    };
    ids.map(Some).ok_or_else(wrong)
}

/// Whatever is false in Python is no record.
fn is_no_record(ids: &Value<'_>) -> bool {
    match ids {
        Value::Null => true,
        Value::Bool(some) => !some,
        Value::Int(id) => *id == 0,
        Value::Float(id) => *id == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::List(ids) => ids.is_empty(),
        Value::Map(members) => members.is_empty(),
    }
}

/// A method of records was called without any.
#[must_use]
pub fn no_records(model: &str, method: &str) -> Problem {
    let detail = format!("The method {method} works on records of {model}, and no ids are given.");
    Problem::new(Code::MissingParameter, detail).parameter("args").hint(hint(method))
}

fn hint(method: &str) -> String {
    format!("Give the list of ids as the first of args. For example {method} with {{\"args\": [[7]]}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{MethodName, ModelName};
    use crate::plan::Effect;

    fn proven(method: &'static str, args: Vec<Value<'static>>) -> Result<Option<Vec<i64>>, Code> {
        let (model, method) = (ModelName::of_literal("res.partner"), MethodName::of_literal(method));
        let call = Call { model, method, args, kwargs: Vec::new(), effect: Effect::Write };
        let ids = proven_ids(&call).map_err(|problem| problem.code)?;
        Ok(ids.map(|ids| ids.into_iter().map(RecordId::get).collect()))
    }

    #[test]
    fn ids_of_methods_that_change_records_are_proven() {
        let list = |ids: &[i64]| ids.iter().map(|id| Value::Int(*id)).collect::<Value<'static>>();
        assert_eq!(proven("write", vec![list(&[7, 7, 9]), Value::Map(Vec::new())]), Ok(Some(vec![7, 7, 9])));
        assert_eq!(proven("unlink", vec![Value::Int(7)]), Ok(Some(vec![7])));
        for none in [Value::Bool(false), Value::Null, Value::Int(0), "".into(), Value::Map(Vec::new()), list(&[])] {
            assert_eq!(proven("unlink", vec![none]), Ok(None));
        }
        assert_eq!(proven("read", vec![list(&[7])]), Ok(None));
        assert_eq!(proven("action_confirm", vec![list(&[7])]), Ok(None));
        assert_eq!(proven("unlink", Vec::new()), Err(Code::MissingParameter));
        for wrong in [list(&[0]), list(&[1 << 31]), "7".into(), Value::Bool(true), Value::List(vec![list(&[7])])] {
            assert_eq!(proven("write", vec![wrong.clone()]), Err(Code::InvalidValue), "{wrong:?}");
        }
    }
}
