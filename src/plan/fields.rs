//! Names of fields and orders, checked against a schema.
//!
//! In: names as the caller gave them. Out: the columns to ask Odoo for, the order to ask for them in. Must not know:
//! domains, values. Two traps of Odoo are closed here: `read` of nothing but `id` echoes ids that do not exist (19),
//! and `ir.attachment.raw` cannot be sent by any version.

use super::intent::Fields;
use super::metadata::{Known, PlanError};
use super::schema::{Field, FieldType, Schema};
use super::scope::{Operation, delegated_by, is_secret};
use super::scope_check::Guard;
use super::selection;
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::literal::Limits;
use crate::language::order::{Order, OrderTerm};
use crate::names::{FieldName, ModelName};
use crate::value::Value;

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The field.
    pub name: FieldName,
    /// Its type: some families write a type in another form.
    pub kind: FieldType,
    /// What is wanted of the records behind it; `None`: the value as it is.
    pub within: Option<Within>,
}

/// What is wanted of the records behind a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// Their model.
    pub model: ModelName,
    /// What of each.
    pub columns: Columns,
}

/// The columns of a read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// What the caller gets, in this order, `id` among them where he gets it.
    pub shown: Vec<Column>,
    /// Whether the caller named them: a column that cannot be sent is then an error, otherwise it is left out.
    pub named: bool,
    /// A stored column that is read along only to see whether the record exists.
    pub proof: Option<FieldName>,
}

impl Columns {
    /// Every column to ask for. Odoo answers `id` unasked.
    pub fn asked(&self) -> impl Iterator<Item = &FieldName> {
        self.shown.iter().map(|column| &column.name).filter(|name| name.as_str() != "id").chain(&self.proof)
    }

    /// The same, where what cannot be read is left out even if it was named.
    #[must_use]
    pub fn as_far_as_possible(mut self) -> Self {
        self.named = false;
        for within in self.shown.iter_mut().filter_map(|column| column.within.as_mut()) {
            within.columns = std::mem::take(&mut within.columns).as_far_as_possible();
        }
        self
    }

    /// The same without some of the columns that are shown.
    #[must_use]
    pub fn without(&self, is_left_out: impl Fn(&FieldName) -> bool) -> Self {
        let shown = self.shown.iter().filter(|column| !is_left_out(&column.name)).cloned().collect();
        Self { shown, ..self.clone() }
    }

    /// Whether records behind relations are wanted.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.shown.iter().any(|column| column.within.is_some())
    }

    /// `shown`, and what proves existence.
    pub(super) fn new(shown: Vec<Column>, named: bool, schema: &Schema) -> Self {
        let proof = if shown.iter().any(|column| proves(&column.name, schema)) { None } else { proof_column(schema) };
        Self { shown, named, proof }
    }

    /// Reads these fields too, behind all others.
    pub(super) fn read_along<'n>(&mut self, names: impl IntoIterator<Item = &'n FieldName>, schema: &Schema) {
        for name in names {
            if let (false, Some(field)) =
                (self.shown.iter().any(|column| column.name == *name), schema.field(name.as_str()))
            {
                self.shown.push(Column::plain(name.clone(), field.kind));
            }
        }
    }
}

impl Column {
    /// A value as it is.
    pub(super) fn plain(name: FieldName, kind: FieldType) -> Self {
        Self { name, kind, within: None }
    }

    /// The record's id.
    pub(super) fn id() -> Self {
        Self::plain(FieldName::of_literal("id"), FieldType::Integer)
    }

    /// Whether nothing but the id and the name of one record is wanted, which Odoo writes into the relation itself.
    #[must_use]
    pub fn is_answered_by_link(&self) -> bool {
        let within = |within: &Within| within.columns.shown.iter().all(|column| is_in_link(column.name.as_str()));
        self.kind == FieldType::Many2one && self.within.as_ref().is_some_and(within)
    }
}

fn is_in_link(name: &str) -> bool {
    matches!(name, "id" | "display_name")
}

/// Checks the wanted fields, which stand in the parameter `fields`, and puts `id` before them. Names given twice are
/// read once; "all" are those that the scope shows.
///
/// # Errors
/// 400 `unknown_field`, with the name that was perhaps meant; 403 for a name that the scope hides.
pub(super) fn columns(
    fields: &Fields,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<Columns, PlanError> {
    let (mut shown, named) = match fields {
        Fields::All => {
            guard.look_at(schema)?;
            (readable(schema, guard).collect(), false)
        }
        Fields::Named(names) => (readable_of(names, schema, guard)?, true),
        Fields::Selected(selection) => return selection::columns(selection, schema, known, guard),
    };
    shown.retain(|column: &Column| column.name.as_str() != "id");
    shown.insert(0, Column::id());
    Ok(Columns::new(shown, named, schema))
}

/// Checks names of fields that stand in `parameter`; each comes once.
///
/// # Errors
/// As [`columns`].
pub(super) fn named(
    names: &[FieldName],
    schema: &Schema,
    parameter: &str,
    guard: Guard<'_>,
) -> Result<Vec<Column>, PlanError> {
    let mut seen = indexmap::IndexMap::with_capacity(names.len());
    for name in names {
        guard.field(&schema.model, Operation::Read, name.as_str(), &parameter)?;
        let field = schema.field(name.as_str()).ok_or_else(|| guard.unknown(schema, name.as_str(), parameter))?;
        seen.insert(name, field.kind);
    }
    Ok(seen.into_iter().map(|(name, kind)| Column::plain(name.clone(), kind)).collect())
}

/// The columns of what was written, then `id`. What the scope does not show is left out.
///
/// # Errors
/// None that the check of the values has not told already.
pub(super) fn written_columns(values: &Value<'_>, schema: &Schema, guard: Guard<'_>) -> Result<Columns, PlanError> {
    let written = values.as_map().unwrap_or_default().iter().filter_map(|(name, _)| schema.entry(name));
    let visible = written.filter(|(name, _)| guard.shows(schema, name) && !is_raw_content(&schema.model, name));
    let mut shown: Vec<Column> = visible.map(|(name, field)| Column::plain(name.clone(), field.kind)).collect();
    shown.retain(|column| column.name.as_str() != "id");
    shown.push(Column::id());
    Ok(Columns::new(shown, true, schema))
}

/// What says of a record's content what it is called and of which type it is; attachments say both.
const ABOUT_CONTENT: [&str; 3] = ["name", "display_name", "mimetype"];

/// The column of a binary field, and what is said of it as far as the scope shows it.
///
/// # Errors
/// As [`columns`], and 400 for a field that is no binary.
pub(super) fn content_columns(name: &FieldName, schema: &Schema, guard: Guard<'_>) -> Result<Columns, PlanError> {
    let mut shown = readable_of(std::slice::from_ref(name), schema, guard)?;
    if shown.iter().any(|column| column.kind != FieldType::Binary) {
        let detail = format!("The field {name} of {} is no binary field.", schema.model);
        return Err(Problem::new(Code::InvalidParameter, detail).parameter("field").into());
    }
    let texts = |field: &Field| matches!(field.kind, FieldType::Char);
    let said = ABOUT_CONTENT.iter().filter_map(|about| schema.entry(about)).filter(|(_, field)| texts(field));
    let said = said.filter(|(about, _)| guard.shows(schema, about));
    shown.extend(said.map(|(about, field)| Column::plain(about.clone(), field.kind)));
    Ok(Columns::new(shown, true, schema))
}

fn readable_of(names: &[FieldName], schema: &Schema, guard: Guard<'_>) -> Result<Vec<Column>, PlanError> {
    match names.iter().find(|name| is_raw_content(&schema.model, name)) {
        None => named(names, schema, "fields", guard),
        Some(raw) => {
            let detail =
                format!("The field {raw} of {} cannot be read: it is bytes without an encoding.", schema.model);
            let hint = "The content is in the field datas, in base64.";
            Err(Problem::new(Code::UnknownField, detail).parameter("fields").hint(hint).into())
        }
    }
}

/// Odoo 14 sends these bytes as if they were Latin-1, later versions fail.
pub(super) fn is_raw_content(model: &ModelName, field: &FieldName) -> bool {
    let is_attachment = |model: &ModelName| model.as_str() == "ir.attachment";
    field.as_str() == "raw" && (is_attachment(model) || delegated_by(model).any(|to| is_attachment(&to)))
}

/// Every field that the scope shows and Odoo can send, `id` where the schema has it.
pub(super) fn readable<'s>(schema: &'s Schema, guard: Guard<'s>) -> impl Iterator<Item = Column> + 's {
    schema
        .fields()
        .filter(|(name, _)| !is_kept_back(&schema.model, name))
        .filter(move |(name, _)| guard.shows(schema, name))
        .map(|(name, field)| Column::plain(name.clone(), field.kind))
}

/// What is never among "all fields": what cannot be sent, what holds a secret, and of users what belongs to signing in
/// (security API3).
pub(super) fn is_kept_back(model: &ModelName, field: &FieldName) -> bool {
    is_raw_content(model, field)
        || is_secret(model, field.as_str())
        || (model.as_str() == "res.users" && KEPT_BACK_OF_USERS.contains(&field.as_str()))
}

/// From 19 on the groups are called `group_ids`.
const KEPT_BACK_OF_USERS: [&str; 3] = ["api_key_ids", "group_ids", "groups_id"];

/// Reading this column fails, or finds nothing, for a record that does not exist.
fn proves(name: &FieldName, schema: &Schema) -> bool {
    schema.field(name.as_str()).is_some_and(|field| is_plain_column(field) && name.as_str() != "id")
}

fn is_plain_column(field: &Field) -> bool {
    field.stored && !field.kind.is_x2many() && field.kind != FieldType::Binary
}

/// The cheapest column that proves existence. Nearly every model has `write_date`; views of the database need not.
pub(super) fn proof_column(schema: &Schema) -> Option<FieldName> {
    let of_name = |wanted: &str| schema.fields().map(|(name, _)| name).find(|name| name.as_str() == wanted);
    of_name("write_date").or_else(|| schema.fields().map(|(name, _)| name).find(|name| proves(name, schema))).cloned()
}

/// Checks an order and makes it total: pages of an order that does not name `id` would overlap.
///
/// # Errors
/// 400 `invalid_order`, or `unknown_field`; 403 when it reaches beyond the scope.
pub(super) fn total_order(
    order: &Order,
    schema: &Schema,
    major_version: u8,
    guard: Guard<'_>,
) -> Result<Order, PlanError> {
    order.terms.iter().try_for_each(|term| check_order(term, schema, major_version, guard))?;
    Ok(order.clone().with_id_appended())
}

/// The model's own order, made total. What of it this user cannot see or Odoo cannot sort by is passed over, as Odoo 14
/// does by itself: nobody asked for it.
///
/// # Errors
/// A lacking schema.
pub(super) fn own_order(text: &str, schema: &Schema, major_version: u8, guard: Guard<'_>) -> Result<Order, PlanError> {
    let mut order = Order::default();
    for part in text.split(',').filter_map(|part| Order::read(part, Limits::query()).ok()) {
        for term in part.terms {
            match check_order(&term, schema, major_version, guard) {
                Ok(()) => order.terms.push(term),
                Err(PlanError::Refused(_)) => {}
                Err(lacking) => return Err(lacking),
            }
        }
    }
    Ok(order.with_id_appended())
}

fn check_order(term: &OrderTerm, schema: &Schema, major_version: u8, guard: Guard<'_>) -> Result<(), PlanError> {
    let name = term.field.as_str();
    let at = format_args!("order: {name}");
    guard.field(&schema.model, Operation::Read, name, &at)?;
    let field = schema.field(name).ok_or_else(|| guard.unknown(schema, name, "order"))?;
    let complaint = match field {
        field if field.kind.is_x2many() || field.kind == FieldType::Binary => "has no order",
        field if !field.sortable => "is computed, Odoo cannot order by it. Stored fields can be ordered by",
        field if term.sub_id && field.kind != FieldType::Many2one => "is no many2one, so it has no .id",
        _ if term.nulls.is_some() && major_version < 16 => {
            "can be ordered with nulls first or last only from Odoo 16 on"
        }
        _ if term.sub_id => return Ok(()),
        field => return guard.beyond(field, Operation::Read, &at),
    };
    Err(Problem::new(Code::InvalidOrder, format!("order: the field {name} {complaint}.")).parameter("order").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema::samples::{Samples, field, partner, schema};
    use crate::plan::scope::Scope;

    fn names(text: &str) -> Fields {
        Fields::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
    }

    fn shown(fields: &Fields) -> (String, Option<String>) {
        let columns = columns(fields, &partner(), &Samples, Guard::new(&Scope::All, &[])).unwrap();
        let shown = columns.shown.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(",");
        (shown, columns.proof.map(|name| name.to_string()))
    }

    #[test]
    fn secrets_of_users_are_read_only_by_name() {
        let named = |name| field(name, "char", &[]);
        let users =
            schema("res.users", vec![named("login"), named("password"), named("totp_secret"), named("groups_id")]);
        let shown = |fields| {
            let columns = columns(&fields, &users, &Samples, Guard::new(&Scope::All, &[])).unwrap();
            columns.shown.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
        };
        assert_eq!(shown(Fields::All), "id,login");
        assert_eq!(shown(names("login,groups_id")), "id,login,groups_id");
    }

    #[test]
    fn a_models_own_order_is_kept_as_far_as_it_can_be_and_made_total() {
        let of = |text| own_order(text, &partner(), 19, Guard::new(&Scope::All, &[])).unwrap().to_odoo();
        for (text, expected) in [
            ("name", "name, id"),
            ("date DESC, id desc", "date desc, id desc"),
            ("tz_offset, name", "name, id"),
            ("nosuch desc, country_id.name, props.x, color", "color, id"),
            ("child_ids", "id"),
            ("", "id"),
            ("lower(name)", "id"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_read_always_asks_for_a_column_that_proves_existence() {
        assert_eq!(shown(&names("name,country_id,name")), ("id,name,country_id".into(), None));
        assert_eq!(shown(&names("id")), ("id".into(), Some("name".into())));
        assert_eq!(shown(&names("tz_offset,id")), ("id,tz_offset".into(), Some("name".into())));
        assert_eq!(shown(&names("child_ids")), ("id,child_ids".into(), Some("name".into())));
    }
}
