//! Records in the shape that the client requested.
//!
//! In: an [`Outcome`]. Out: [`Shaped`]. Must not know: media types, labels.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::style::{Style, link};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{ModelName, RecordId};
use crate::odoo::{Outcome, Records, RelatedLevel, RelatedRecords, record_ids, require_all};
use crate::plan::model_schema::FieldType;
use crate::plan::{Column, NestedColumns};
use crate::value::{Member, Value};

/// The content of a response, before a dialect renders its envelope.
#[derive(Debug, PartialEq)]
pub enum Shaped<'a> {
    /// Whether the user has the requested access rights.
    Rights(bool),
    /// Ids of records.
    Ids(Value<'a>),
    /// A number of records.
    Count(i64),
    /// One record.
    Record(Value<'a>),
    /// A list of records.
    Records(Value<'a>),
    /// A list of records and their total number.
    Page {
        /// The records.
        records: Vec<Value<'a>>,
        /// The number of records that the domain matches.
        total: i64,
    },
    /// One record was written.
    WrittenOne(RecordId),
    /// These records were written.
    Written(&'a [RecordId]),
    /// Descriptions of fields, by name.
    Fields(Value<'a>),
    /// These records were deleted.
    Deleted(&'a [RecordId]),
    /// The result of a method, unchanged.
    Result(Value<'a>),
}

impl<'a> Shaped<'a> {
    /// The value without an envelope. Written and deleted records are represented by their ids.
    #[must_use]
    pub fn into_value(self) -> Value<'a> {
        match self {
            Self::Record(value) | Self::Records(value) | Self::Ids(value) => value,
            Self::Fields(value) | Self::Result(value) => value,
            Self::Page { records, .. } => Value::List(records),
            Self::Count(count) => Value::Int(count),
            Self::Rights(granted) => Value::Bool(granted),
            Self::WrittenOne(id) => Value::Int(id.get()),
            Self::Written(ids) | Self::Deleted(ids) => ids.iter().map(|id| Value::Int(id.get())).collect(),
        }
    }
}

/// Shapes an outcome.
///
/// # Errors
/// 404 for a requested id that does not exist; 502 if Odoo's response has an unexpected form.
pub fn shape<'a>(outcome: &'a Outcome, model: &str, style: Style) -> Result<Shaped<'a>, Problem> {
    Ok(match outcome {
        Outcome::Access(granted) => Shaped::Rights(*granted),
        Outcome::Count(count) => Shaped::Count(*count),
        Outcome::Deleted(ids) => Shaped::Deleted(ids),
        Outcome::Written { ids, one: false } => Shaped::Written(ids),
        Outcome::Written { ids, one: true } => Shaped::WrittenOne(*ids.first().ok_or_else(|| unexpected(model))?),
        Outcome::Ids(ids) => Shaped::Ids(ids.iter().map(|id| Value::Int(id.get())).collect()),
        Outcome::Fields(reply) => Shaped::Fields(reply.value()?),
        Outcome::Result(reply) => Shaped::Result(reply.value()?),
        Outcome::Groups(reply, rows) => Shaped::Result(rows.convert(reply.value()?)),
        Outcome::Records(records) => shape_records(records, model, style)?,
    })
}

fn shape_records<'a>(records: &'a Records, model: &str, style: Style) -> Result<Shaped<'a>, Problem> {
    let value = Value::List(records.list()?);
    if let Some(requested) = records.requested.as_ref().filter(|requested| !has_ids_in_order(&value, requested)) {
        let found: HashSet<RecordId> = record_ids(&value).ok_or_else(|| unexpected(model))?.into_iter().collect();
        require_all(requested, &found, model)?;
    }
    let Value::List(value) = value else { return Err(unexpected(model)) };
    let shaper = Shaper { style, levels: levels(&records.related)? };
    let mut shaped = value.into_iter().map(|record| shaper.record(record, &records.columns.visible, 0));
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

/// Whether the records are exactly the requested ones, in their order, as usual.
fn has_ids_in_order(records: &Value<'_>, requested: &[RecordId]) -> bool {
    let has_id = |(record, id): (&Value<'_>, &RecordId)| record.get("id") == Some(&Value::Int(id.get()));
    records
        .as_list()
        .is_some_and(|records| records.len() == requested.len() && records.iter().zip(requested).all(has_id))
}

/// The records of a level by model and id.
type LevelById<'a> = HashMap<&'a ModelName, HashMap<RecordId, Value<'a>>>;

fn levels(related: &RelatedRecords) -> Result<Vec<LevelById<'_>>, Problem> {
    let RelatedRecords::Levels(levels) = related else { return Ok(Vec::new()) };
    let level = |level| RelatedLevel::iter(level).map(|(model, records)| Ok((model, by_id(records)?))).collect();
    levels.iter().map(level).collect()
}

fn by_id(records: &Records) -> Result<HashMap<RecordId, Value<'_>>, Problem> {
    let record_id = |record: &Value<'_>| record.get("id").and_then(Value::as_int).and_then(RecordId::new);
    Ok(records.list()?.into_iter().filter_map(|record| Some((record_id(&record)?, record))).collect())
}

struct Shaper<'a> {
    style: Style,
    /// The related records that were read separately, level by level.
    levels: Vec<LevelById<'a>>,
}

impl<'a> Shaper<'a> {
    /// The columns in the requested order, without the one that only showed existence. Odoo returns `id` first and
    /// then the columns in the order of the request, so that usually nothing is moved.
    fn record(&self, record: Value<'a>, columns: &[Column], depth: usize) -> Option<Value<'a>> {
        let Value::Map(mut members) = record else { return None };
        if is_in_order(&members, columns) {
            members.truncate(columns.len());
            self.format_members(&mut members, columns.iter(), depth);
            return Some(Value::Map(members));
        }
        let (mut members, columns) = reordered(members, columns);
        self.format_members(&mut members, columns.iter().copied(), depth);
        Some(Value::Map(members))
    }

    /// Formats each member as the column at the same place.
    fn format_members<'c>(
        &self,
        members: &mut [Member<'a>],
        columns: impl Iterator<Item = &'c Column> + Clone,
        depth: usize,
    ) {
        let values = members.iter_mut().map(|(_, value)| value);
        if self.style.is_odoo_default() && columns.clone().all(|column| column.nested.is_none()) {
            return values.zip(columns).for_each(|(value, column)| self.format_unusual(value, column));
        }
        for (value, column) in values.zip(columns) {
            let raw = std::mem::take(value);
            *value = match &column.nested {
                None => self.style.format(raw, column.kind),
                Some(nested) => self.related(raw, column, nested, depth),
            };
        }
    }

    /// Formats what is not always as Odoo's `read` returns it: a date before the year 1000, a many2one that was read
    /// with its name as a record, and a file as an object. The other values need no work.
    fn format_unusual(&self, value: &mut Value<'a>, column: &Column) {
        let is_unusual = match value {
            Value::Map(_) => matches!(column.kind, FieldType::Many2one | FieldType::Binary),
            Value::Text(_) => matches!(column.kind, FieldType::Date | FieldType::Datetime),
            _ => false,
        };
        if is_unusual {
            *value = self.style.format(std::mem::take(value), column.kind);
        }
    }

    fn related(&self, value: Value<'a>, column: &Column, nested: &NestedColumns, depth: usize) -> Value<'a> {
        let visible = nested.columns.visible.as_slice();
        let shape = |record| self.record(record, visible, depth + 1);
        match value {
            Value::Bool(false) => self.style.empty(),
            one if column.needs_only_id_and_name() => shape(link_record(one)).unwrap_or_default(),
            map @ Value::Map(_) => shape(map).unwrap_or_default(),
            Value::List(items) if column.kind.is_x2many() => {
                items.into_iter().filter_map(|item| self.item(item, nested, depth)).collect()
            }
            one => self.item(link(one).id, nested, depth).unwrap_or_default(),
        }
    }

    /// An embedded record, or one of the level by its id; `None` if it no longer exists.
    fn item(&self, item: Value<'a>, nested: &NestedColumns, depth: usize) -> Option<Value<'a>> {
        let record = match item {
            map @ Value::Map(_) => map,
            id => self.levels.get(depth)?.get(&nested.model)?.get(&RecordId::new(id.as_int()?)?)?.clone(),
        };
        self.record(record, &nested.columns.visible, depth + 1)
    }
}

/// A many2one value as a record.
fn link_record(value: Value<'_>) -> Value<'_> {
    let link = link(value);
    Value::Map(vec![("id".into(), link.id), ("display_name".into(), link.name.unwrap_or_default())])
}

fn is_in_order(members: &[Member<'_>], columns: &[Column]) -> bool {
    members.len() >= columns.len()
        && columns.iter().zip(members).all(|(column, (name, _))| column.name.as_str() == name)
}

/// The members in the order of the columns, and their columns: a column can be missing.
fn reordered<'a, 'c>(members: Vec<Member<'a>>, columns: &'c [Column]) -> (Vec<Member<'a>>, Vec<&'c Column>) {
    let mut left: HashMap<_, _> = members.into_iter().collect();
    if columns.iter().any(|column| column.alias_of.is_some()) {
        return renamed(&left, columns);
    }
    columns.iter().filter_map(|column| Some((left.remove_entry(column.name.as_str())?, column))).unzip()
}

/// The same, with the names of the columns. Several columns can have the same value.
fn renamed<'a, 'c>(
    members: &HashMap<Cow<'a, str>, Value<'a>>,
    columns: &'c [Column],
) -> (Vec<Member<'a>>, Vec<&'c Column>) {
    let member = |column: &'c Column| {
        let value = members.get(column.odoo_name())?.clone();
        Some(((Cow::Owned(column.name.as_str().to_owned()), value), column))
    };
    columns.iter().filter_map(member).unzip()
}

fn unexpected(model: &str) -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("Odoo's response with records of {model} has an unexpected form."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FieldName;
    use crate::odoo::RecordSource;
    use crate::plan::Columns;
    use crate::plan::model_schema::FieldType;
    use crate::shape::style::{EmptyFormat, Many2oneFormat};

    fn records(pieces: Vec<Value<'static>>, requested: &[i64]) -> Records {
        Records {
            source: RecordSource::Assembled(pieces),
            requested: Some(requested.iter().map(|id| RecordId::new(*id).unwrap()).collect()),
            columns: Columns {
                visible: vec![
                    column("id", FieldType::Integer),
                    column("name", FieldType::Char),
                    column("active", FieldType::Boolean),
                ],
                named: true,
                existence_column: Some(FieldName::parse("write_date").unwrap()),
            },
            omitted: Vec::new(),
            one: false,
            total: None,
            related: RelatedRecords::Nothing,
        }
    }

    fn column(name: &str, kind: FieldType) -> Column {
        Column { name: FieldName::parse(name).unwrap(), kind, nested: None, alias_of: None }
    }

    fn record(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
        Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    fn shaped(records: Records, empty: EmptyFormat) -> Result<String, ErrorCode> {
        match shape(&Outcome::Records(records), "res.partner", Style { empty, ..Style::default() }) {
            Ok(Shaped::Records(list)) => Ok(serde_json::to_string(&list).unwrap()),
            Ok(other) => panic!("{other:?}"),
            Err(problem) => Err(problem.code),
        }
    }

    #[test]
    fn records_contain_id_and_the_requested_columns_in_order() {
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
        assert_eq!(shaped(records(pieces.clone(), &[7, 8]), EmptyFormat::False).as_deref(), Ok(plain));
        let null = r#"[{"id":7,"name":null,"active":false},{"id":8,"name":"B","active":true}]"#;
        assert_eq!(shaped(records(pieces.clone(), &[7, 8]), EmptyFormat::Null).as_deref(), Ok(null));
        assert_eq!(shaped(records(pieces, &[7, 9]), EmptyFormat::False), Err(ErrorCode::RecordNotFound));
    }

    #[test]
    fn a_many2one_reads_the_same_whether_odoo_returned_a_pair_or_a_record() {
        let (pair, record_of) = (
            |id, name: &'static str| Value::List(vec![Value::Int(id), name.into()]),
            |id, name: &'static str| record(&[("id", Value::Int(id)), ("display_name", name.into())]),
        );
        let shaped_with = |link: Value<'static>, style: Style| {
            let row = record(&[("id", Value::Int(7)), ("parent_id", link), ("date", "1-02-03".into())]);
            let visible = vec![
                column("id", FieldType::Integer),
                column("hidden", FieldType::Char),
                column("parent_id", FieldType::Many2one),
                column("date", FieldType::Date),
            ];
            let columns = Columns { visible, named: false, existence_column: None };
            let outcome = Outcome::Records(Records { columns, ..records(vec![row], &[7]) });
            serde_json::to_string(&shape(&outcome, "res.partner", style).unwrap().into_value()).unwrap()
        };
        let odoo = Style::default();
        assert_eq!(
            shaped_with(record_of(3, "A < B"), odoo),
            r#"[{"id":7,"parent_id":[3,"A < B"],"date":"0001-02-03"}]"#,
            "a column before it is omitted"
        );
        let object = Style { many2one: Many2oneFormat::Object, ..odoo };
        for style in [odoo, object, Style { many2one: Many2oneFormat::Id, ..odoo }] {
            for name in ["Azure", ""] {
                assert_eq!(shaped_with(record_of(3, name), style), shaped_with(pair(3, name), style));
            }
            let unnamed = record(&[("id", Value::Int(3)), ("display_name", false.into())]);
            let unnamed_pair = Value::List(vec![Value::Int(3), false.into()]);
            assert_eq!(shaped_with(unnamed, style), shaped_with(unnamed_pair, style));
        }
    }

    /// The JSON of one record with these columns.
    fn shaped_record(row: &[(&'static str, Value<'static>)], visible: Vec<Column>, style: Style) -> String {
        let columns = Columns { visible, named: true, existence_column: None };
        let outcome = Outcome::Records(Records { columns, one: true, ..records(vec![record(row)], &[7]) });
        serde_json::to_string(&shape(&outcome, "ir.attachment", style).unwrap().into_value()).unwrap()
    }

    #[test]
    fn a_file_reads_the_same_whether_odoo_returned_a_text_or_an_object() {
        let object = record(&[("content", "aGk=".into()), ("size", Value::Int(2)), ("filename", "a".into())]);
        for value in [Value::from("aGk="), object] {
            let row = [("id", Value::Int(7)), ("image_128", value)];
            for many2one in [Many2oneFormat::Pair, Many2oneFormat::Id] {
                let visible = vec![column("id", FieldType::Integer), column("image_128", FieldType::Binary)];
                let shaped = shaped_record(&row, visible, Style { many2one, ..Style::default() });
                assert_eq!(shaped, r#"{"id":7,"image_128":"aGk="}"#);
            }
        }
    }

    #[test]
    fn a_column_with_another_name_in_odoo_has_its_own_name() {
        let object = record(&[("size", Value::Int(2)), ("checksum", "a".into())]);
        let row = [("id", Value::Int(7)), ("name", "x".into()), ("raw", object)];
        let alias = || Column { alias_of: Some("raw"), ..column("datas", FieldType::Binary) };
        let named = |more: Vec<Column>| [column("id", FieldType::Integer)].into_iter().chain(more).collect();
        for (visible, expected) in [
            (named(vec![alias(), column("name", FieldType::Char)]), r#"{"id":7,"datas":"2.00 bytes","name":"x"}"#),
            (
                named(vec![column("raw", FieldType::Binary), alias()]),
                r#"{"id":7,"raw":"2.00 bytes","datas":"2.00 bytes"}"#,
            ),
        ] {
            assert_eq!(shaped_record(&row, visible, Style::default()), expected);
        }
    }

    #[test]
    fn an_omitted_column_is_missing_from_the_record() {
        let pieces = vec![record(&[("id", Value::Int(7)), ("active", true.into())])];
        assert_eq!(shaped(records(pieces, &[7]), EmptyFormat::False).as_deref(), Ok(r#"[{"id":7,"active":true}]"#));
    }
}
