//! Records as the caller asked for them.
//!
//! In: an [`Outcome`]. Out: [`Shaped`]. Must not know: media types, labels.

use std::collections::{HashMap, HashSet};

use super::style::{Style, four_digit_year, link};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{ModelName, RecordId};
use crate::odoo::{Behind, Level, Outcome, Records, ids_in, require_all};
use crate::plan::schema::FieldType;
use crate::plan::{Column, Within};
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
    /// A list of records and how many there are in all.
    Page {
        /// The records.
        records: Vec<Value<'a>>,
        /// How many the domain finds.
        total: i64,
    },
    /// One record was written.
    WrittenOne(RecordId),
    /// These records were written.
    Written(&'a [RecordId]),
    /// Descriptions of fields, by name.
    Fields(Value<'a>),
    /// These records are gone.
    Deleted(&'a [RecordId]),
    /// What a method answered, unchanged.
    Result(Value<'a>),
}

/// Shapes an outcome.
///
/// # Errors
/// 404 when a record that was asked for by id does not exist; 502 when Odoo's answer has another form.
pub fn shape<'a>(outcome: &'a Outcome, model: &str, style: Style) -> Result<Shaped<'a>, Problem> {
    Ok(match outcome {
        Outcome::Rights(granted) => Shaped::Rights(*granted),
        Outcome::Count(count) => Shaped::Count(*count),
        Outcome::Deleted(ids) => Shaped::Deleted(ids),
        Outcome::Written { ids, one: false } => Shaped::Written(ids),
        Outcome::Written { ids, one: true } => Shaped::WrittenOne(*ids.first().ok_or_else(|| unexpected(model))?),
        Outcome::Ids(ids) => Shaped::Ids(ids.iter().map(|id| Value::Int(id.get())).collect()),
        Outcome::Fields(reply) => Shaped::Fields(reply.value()?),
        Outcome::Result(reply) => Shaped::Result(reply.value()?),
        Outcome::Records(records) => shape_records(records, model, style)?,
    })
}

fn shape_records<'a>(records: &'a Records, model: &str, style: Style) -> Result<Shaped<'a>, Problem> {
    let answered = Value::List(records.list()?);
    if let Some(asked) = &records.asked {
        let found: HashSet<RecordId> = ids_in(&answered).ok_or_else(|| unexpected(model))?.into_iter().collect();
        require_all(asked, &found, model)?;
    }
    let Value::List(answered) = answered else { return Err(unexpected(model)) };
    let shaper = Shaper { style, levels: levels(&records.behind)? };
    let mut shaped = answered.into_iter().map(|record| shaper.record(record, &records.columns.shown, 0));
    if records.one {
        let record = shaped.next().flatten().ok_or_else(|| unexpected(model))?;
        return Ok(Shaped::Record(record));
    }
    let list = shaped.collect::<Option<Vec<_>>>().ok_or_else(|| unexpected(model))?;
    Ok(match records.total {
        Some(total) => Shaped::Page { records: list, total },
        None => Shaped::Records(Value::List(list)),
    })
}

/// The records of a level by model and id.
type LevelById<'a> = HashMap<&'a ModelName, HashMap<RecordId, Value<'a>>>;

fn levels(behind: &Behind) -> Result<Vec<LevelById<'_>>, Problem> {
    let Behind::Levels(levels) = behind else { return Ok(Vec::new()) };
    let level = |level| Level::iter(level).map(|(model, records)| Ok((model, by_id(records)?))).collect();
    levels.iter().map(level).collect()
}

fn by_id(records: &Records) -> Result<HashMap<RecordId, Value<'_>>, Problem> {
    let known = |record: Value<'_>| record.get("id").and_then(Value::as_int).and_then(RecordId::new);
    Ok(records.list()?.into_iter().filter_map(|record| Some((known(record.clone())?, record))).collect())
}

struct Shaper<'a> {
    style: Style,
    /// What stands behind relations, where it stands apart.
    levels: Vec<LevelById<'a>>,
}

impl<'a> Shaper<'a> {
    /// The columns in the asked order, without the one that only proved existence. Odoo answers `id` first and then in
    /// the order of the question, so that there is mostly nothing to move.
    fn record(&self, record: Value<'a>, columns: &[Column], depth: usize) -> Option<Value<'a>> {
        let Value::Map(mut members) = record else { return None };
        if !is_arranged(&members, columns) {
            members = rearranged(members, columns);
        }
        members.truncate(columns.len());
        if !self.style.is_odoos() || columns.iter().any(|column| column.within.is_some()) {
            self.write(&mut members, columns, depth);
        } else {
            write_years(&mut members, columns);
        }
        Some(Value::Map(members))
    }

    /// A column may lack, so members and columns are walked side by side by name.
    fn write(&self, members: &mut [Member<'a>], columns: &[Column], depth: usize) {
        let mut columns = columns.iter();
        for (name, value) in members {
            let Some(column) = columns.find(|column| column.name.as_str() == *name) else { return };
            let answered = std::mem::take(value);
            *value = match &column.within {
                None => self.style.write(answered, column.kind),
                Some(within) => self.within(answered, column, within, depth),
            };
        }
    }

    fn within(&self, answered: Value<'a>, column: &Column, within: &Within, depth: usize) -> Value<'a> {
        let shown = within.columns.shown.as_slice();
        let nested = |record| self.record(record, shown, depth + 1);
        match answered {
            Value::Bool(false) => self.style.empty(),
            one if column.is_answered_by_link() => nested(link_record(one)).unwrap_or_default(),
            map @ Value::Map(_) => nested(map).unwrap_or_default(),
            Value::List(items) if column.kind.is_x2many() => {
                items.into_iter().filter_map(|item| self.item(item, within, depth)).collect()
            }
            one => self.item(link(one).id, within, depth).unwrap_or_default(),
        }
    }

    /// A record that stands in its place, or one of the level by its id; `None` when it is gone.
    fn item(&self, item: Value<'a>, within: &Within, depth: usize) -> Option<Value<'a>> {
        let record = match item {
            map @ Value::Map(_) => map,
            id => self.levels.get(depth)?.get(&within.model)?.get(&RecordId::new(id.as_int()?)?)?.clone(),
        };
        self.record(record, &within.columns.shown, depth + 1)
    }
}

/// The one thing that is never written as Odoo writes it.
fn write_years(members: &mut [Member<'_>], columns: &[Column]) {
    for ((name, value), column) in members.iter_mut().zip(columns) {
        let is_date = matches!(column.kind, FieldType::Date | FieldType::Datetime) && column.name.as_str() == *name;
        if let (true, Value::Text(text)) = (is_date, value) {
            *text = four_digit_year(std::mem::take(text));
        }
    }
}

/// The link of a many2one as a record of its own.
fn link_record(value: Value<'_>) -> Value<'_> {
    let link = link(value);
    Value::Map(vec![("id".into(), link.id), ("display_name".into(), link.name.unwrap_or_default())])
}

fn is_arranged(members: &[Member<'_>], columns: &[Column]) -> bool {
    members.len() >= columns.len()
        && columns.iter().zip(members).all(|(column, (name, _))| column.name.as_str() == name)
}

fn rearranged<'a>(members: Vec<Member<'a>>, columns: &[Column]) -> Vec<Member<'a>> {
    let mut left: HashMap<_, _> = members.into_iter().collect();
    columns.iter().filter_map(|column| left.remove_entry(column.name.as_str())).collect()
}

fn unexpected(model: &str) -> Problem {
    Problem::new(Code::OdooUnreadable, format!("Odoo's answer with records of {model} has an unexpected form."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FieldName;
    use crate::odoo::Source;
    use crate::plan::Columns;
    use crate::plan::schema::FieldType;
    use crate::shape::style::Empty;

    fn records(pieces: Vec<Value<'static>>, asked: &[i64]) -> Records {
        let column = |name: &str, kind| Column { name: FieldName::parse(name).unwrap(), kind, within: None };
        Records {
            source: Source::Pieces(pieces),
            asked: Some(asked.iter().map(|id| RecordId::new(*id).unwrap()).collect()),
            columns: Columns {
                shown: vec![
                    column("id", FieldType::Integer),
                    column("name", FieldType::Char),
                    column("active", FieldType::Boolean),
                ],
                named: true,
                proof: Some(FieldName::parse("write_date").unwrap()),
            },
            omitted: Vec::new(),
            one: false,
            total: None,
            behind: Behind::Nothing,
        }
    }

    fn record(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
        Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    fn shaped(records: Records, empty: Empty) -> Result<String, Code> {
        match shape(&Outcome::Records(records), "res.partner", Style { empty, ..Style::default() }) {
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
