//! Records as the caller asked for them.
//!
//! In: an [`Outcome`]. Out: [`Shaped`]. Must not know: media types, labels.

use std::collections::HashSet;

use crate::error::Problem;
use crate::explain::Code;
use crate::names::RecordId;
use crate::odoo::{Outcome, Records, Source, ids_in, require_all};
use crate::plan::{Column, schema::FieldType};
use crate::value::{Member, Value};

/// What an answer says, before a family puts it into its envelope.
#[derive(Debug, PartialEq)]
pub enum Shaped<'a> {
    /// Whether the caller has the rights he asked about.
    Rights(bool),
    /// Ids of records.
    Ids(Value<'a>),
    /// How many there are.
    Count(i64),
    /// One record.
    Record(Value<'a>),
    /// A list of records.
    Records(Value<'a>),
    /// Descriptions of fields, by name.
    Fields(Value<'a>),
    /// The records are gone.
    Deleted,
    /// What a method answered, unchanged.
    Result(Value<'a>),
}

/// How an empty value of a field that is no boolean is written. Odoo itself says `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Empty {
    /// `false`, as Odoo.
    #[default]
    False,
    /// `null`, as `Prefer: empty=null` asks.
    Null,
}

/// Shapes an outcome.
///
/// # Errors
/// 404 when a record that was asked for by id does not exist; 502 when Odoo's answer has another form.
pub fn shape<'a>(outcome: &'a Outcome, model: &str, empty: Empty) -> Result<Shaped<'a>, Problem> {
    Ok(match outcome {
        Outcome::Rights(granted) => Shaped::Rights(*granted),
        Outcome::Count(count) => Shaped::Count(*count),
        Outcome::Deleted => Shaped::Deleted,
        Outcome::Ids(reply) => Shaped::Ids(reply.value()?),
        Outcome::Fields(reply) => Shaped::Fields(reply.value()?),
        Outcome::Result(reply) => Shaped::Result(reply.value()?),
        Outcome::Records(records) => shape_records(records, model, empty)?,
    })
}

fn shape_records<'a>(records: &'a Records, model: &str, empty: Empty) -> Result<Shaped<'a>, Problem> {
    let answered = match &records.source {
        Source::Reply(reply) => reply.value()?,
        Source::Pieces(pieces) => Value::List(pieces.clone()),
        Source::Written(ids) => ids.iter().map(|id| Value::Map(vec![id_member(*id)])).collect(),
    };
    if let Some(asked) = &records.asked {
        let found: HashSet<RecordId> = ids_in(&answered).ok_or_else(|| unexpected(model))?.into_iter().collect();
        require_all(asked, &found, model)?;
    }
    let Value::List(answered) = answered else { return Err(unexpected(model)) };
    let mut arranged = answered.into_iter().map(|record| arrange(record, &records.columns.shown, empty));
    if records.one {
        let record = arranged.next().flatten().ok_or_else(|| unexpected(model))?;
        return Ok(Shaped::Record(record));
    }
    arranged.collect::<Option<Vec<_>>>().map(|list| Shaped::Records(Value::List(list))).ok_or_else(|| unexpected(model))
}

fn id_member(id: RecordId) -> Member<'static> {
    ("id".into(), Value::Int(id.get()))
}

/// `id` first, then the columns in the asked order, without the column that only proved existence. Odoo answers in
/// this very order, so that there is mostly nothing to move.
fn arrange<'a>(record: Value<'a>, columns: &[Column], empty: Empty) -> Option<Value<'a>> {
    let Value::Map(mut members) = record else { return None };
    if !is_arranged(&members, columns) {
        members = rearranged(members, columns);
    }
    members.truncate(columns.len() + 1);
    if empty == Empty::Null {
        write_empty_as_null(&mut members, columns);
    }
    Some(Value::Map(members))
}

fn is_arranged(members: &[Member<'_>], columns: &[Column]) -> bool {
    let wanted = std::iter::once("id").chain(columns.iter().map(|column| column.name.as_str()));
    members.len() > columns.len() && wanted.zip(members).all(|(wanted, (name, _))| wanted == name)
}

fn rearranged<'a>(members: Vec<Member<'a>>, columns: &[Column]) -> Vec<Member<'a>> {
    let mut left: std::collections::HashMap<_, _> = members.into_iter().collect();
    let wanted = std::iter::once("id").chain(columns.iter().map(|column| column.name.as_str()));
    wanted.filter_map(|name| left.remove_entry(name)).collect()
}

fn write_empty_as_null(members: &mut [Member<'_>], columns: &[Column]) {
    let kind = |name: &str| columns.iter().find(|column| column.name.as_str() == name).map(|column| column.kind);
    for (name, value) in members {
        if *value == Value::Bool(false) && kind(name).is_some_and(|kind| kind != FieldType::Boolean) {
            *value = Value::Null;
        }
    }
}

fn unexpected(model: &str) -> Problem {
    Problem::new(Code::OdooUnreadable, format!("Odoo's answer with records of {model} has an unexpected form."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FieldName;
    use crate::plan::Columns;

    fn records(pieces: Vec<Value<'static>>, asked: &[i64]) -> Records {
        let column = |name: &str, kind| Column { name: FieldName::parse(name).unwrap(), kind };
        Records {
            source: Source::Pieces(pieces),
            asked: Some(asked.iter().map(|id| RecordId::new(*id).unwrap()).collect()),
            columns: Columns {
                shown: vec![column("name", FieldType::Char), column("active", FieldType::Boolean)],
                named: true,
                proof: Some(FieldName::parse("write_date").unwrap()),
            },
            omitted: Vec::new(),
            one: false,
        }
    }

    fn record(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
        Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    fn shaped(records: Records, empty: Empty) -> Result<String, Code> {
        match shape(&Outcome::Records(records), "res.partner", empty) {
            Ok(Shaped::Records(list)) => Ok(serde_json::to_string(&list).unwrap()),
            Ok(other) => panic!("{other:?}"),
            Err(problem) => Err(problem.code),
        }
    }

    #[test]
    fn records_have_id_first_the_asked_order_and_nothing_else() {
        let pieces = vec![
            record(&[
                ("active", false.into()),
                ("write_date", "x".into()),
                ("name", false.into()),
                ("id", Value::Int(7)),
            ]),
            record(&[("id", Value::Int(8)), ("name", "B".into()), ("active", true.into()), ("write_date", "x".into())]),
        ];
        let plain = r#"[{"id":7,"name":false,"active":false},{"id":8,"name":"B","active":true}]"#;
        assert_eq!(shaped(records(pieces.clone(), &[7, 8]), Empty::False).as_deref(), Ok(plain));
        let null = r#"[{"id":7,"name":null,"active":false},{"id":8,"name":"B","active":true}]"#;
        assert_eq!(shaped(records(pieces.clone(), &[7, 8]), Empty::Null).as_deref(), Ok(null));
        assert_eq!(shaped(records(pieces, &[7, 9]), Empty::False), Err(Code::RecordNotFound));
    }

    #[test]
    fn an_omitted_column_is_simply_not_there() {
        let pieces = vec![record(&[("id", Value::Int(7)), ("active", true.into())])];
        assert_eq!(shaped(records(pieces, &[7]), Empty::False).as_deref(), Ok(r#"[{"id":7,"active":true}]"#));
    }
}
