//! A selection, checked level by level against the schemas of the models it reaches.
//!
//! In: a [`Selection`]. Out: [`Columns`] with what stands [`Within`] relations. Must not know: how nested records are
//! fetched, how they are written.
//!
//! ```text
//! {a, b}     a, b                                    nothing else, not even id
//! {*, r{…}}  id and every readable field, r with what stands behind it
//! {-a}       id and every readable field but a
//! ```
//!
//! "Every readable field" leaves out binaries: they come when they are named.

use indexmap::IndexMap;

use super::fields::{Column, Columns, Within, is_raw_content, readable};
use super::metadata::{Known, PlanError};
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::Guard;
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::selection::{Item, Selection};
use crate::names::FieldName;

/// Checks a selection of the fields of `schema`'s model.
///
/// # Errors
/// 400 for a field that is not there and for a block on what is no relation, each with its path; 403 beyond the scope;
/// a lacking schema.
pub(super) fn columns(
    selection: &Selection,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<Columns, PlanError> {
    Level { selection, schema, known, guard, path: "" }.columns()
}

#[derive(Clone, Copy)]
struct Level<'l> {
    selection: &'l Selection,
    schema: &'l Schema,
    known: &'l dyn Known,
    guard: Guard<'l>,
    /// Of the relation that leads here, with a dot behind; empty at the top.
    path: &'l str,
}

impl Level<'_> {
    fn columns(self) -> Result<Columns, PlanError> {
        let mut shown: IndexMap<FieldName, Column> = IndexMap::new();
        let named = self.selection.items.iter().all(|item| matches!(item, Item::Field { .. }));
        if !named {
            self.guard.look_at(self.schema)?;
            shown.extend(self.every().map(|column| (column.name.clone(), column)));
        }
        for item in &self.selection.items {
            match item {
                Item::All => {}
                Item::Except(name) => {
                    self.field(name)?;
                    shown.shift_remove(name);
                }
                Item::Field { name, within } => {
                    if let Some(field) = self.field(name)? {
                        shown.insert(name.clone(), self.column(name, field, within.as_ref())?);
                    }
                }
            }
        }
        Ok(Columns::new(shown.into_values().collect(), named, self.schema))
    }

    fn every(&self) -> impl Iterator<Item = Column> {
        let readable = readable(self.schema, self.guard);
        let wanted = |column: &Column| column.kind != FieldType::Binary && column.name.as_str() != "id";
        std::iter::once(Column::id()).chain(readable.filter(wanted))
    }

    /// The field of this name; `None` where it may lack and does.
    fn field(&self, name: &FieldName) -> Result<Option<&Field>, PlanError> {
        let path = format_args!("{}{name}", self.path);
        let (model, found) = (&self.schema.model, self.schema.field(name.as_str()));
        self.guard.field(model, Operation::Read, name.as_str(), &path)?;
        match found {
            Some(_) if is_raw_content(model, name) => {
                let detail = format!("{path}: the content of an attachment is in the field datas, in base64.");
                Err(Problem::new(Code::UnknownField, detail).parameter(path.to_string()).into())
            }
            None if !self.selection.lenient => Err(self.guard.unknown(self.schema, name.as_str(), &path.to_string())),
            None => {
                self.known.note_lacking(model, name);
                Ok(None)
            }
            found => Ok(found),
        }
    }

    fn column(self, name: &FieldName, field: &Field, within: Option<&Selection>) -> Result<Column, PlanError> {
        let plain = Column::plain(name.clone(), field.kind);
        let Some(selection) = within else { return Ok(plain) };
        let path = format!("{}{name}.", self.path);
        let at = path.trim_end_matches('.');
        let Some(model) = field.relation.as_ref().filter(|_| field.kind.is_relation()) else {
            let detail = format!("{at}: the field is no relation, so nothing can be selected behind it.");
            return Err(Problem::new(Code::InvalidParameter, detail).parameter(at).into());
        };
        let links_only = || selection.items.iter().all(is_in_link);
        if field.kind == FieldType::Many2one && links_only() && !self.guard.allows(model, Operation::Read) {
            // The name that Odoo writes into a many2one needs no permission (contract section 2).
            return Ok(Column { within: Some(Within { model: model.clone(), columns: link(selection) }), ..plain });
        }
        self.guard.model(model, Operation::Read, &at)?;
        let schema = self.guard.schema(self.known, model, Operation::Read, &at)?;
        let columns = Level { selection, schema: &schema, path: &path, ..self }.columns()?;
        Ok(Column { within: Some(Within { model: model.clone(), columns }), ..plain })
    }
}

fn is_in_link(item: &Item) -> bool {
    matches!(item, Item::Field { name, within: None } if matches!(name.as_str(), "id" | "display_name"))
}

/// The columns of a link alone; nothing is read of the model behind it.
fn link(selection: &Selection) -> Columns {
    let column = |item: &Item| match item {
        Item::Field { name, .. } if name.as_str() == "id" => Some(Column::id()),
        Item::Field { name, .. } => Some(Column::plain(name.clone(), FieldType::Char)),
        Item::All | Item::Except(_) => None,
    };
    Columns { shown: selection.items.iter().filter_map(column).collect(), named: true, proof: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema::samples::{Samples, partner};
    use crate::plan::scope::Scope;

    fn field(name: &str, within: Option<Vec<Item>>) -> Item {
        let within = within.map(|items| Selection { items, lenient: false });
        Item::Field { name: FieldName::parse(name).unwrap(), within }
    }

    fn shown(columns: &Columns) -> String {
        let column = |column: &Column| match &column.within {
            Some(within) => format!("{}{}", column.name, shown(&within.columns)),
            None => column.name.to_string(),
        };
        format!("{{{}}}", columns.shown.iter().map(column).collect::<Vec<_>>().join(","))
    }

    fn of(scope: &str, items: Vec<Item>, lenient: bool) -> Result<String, String> {
        let scope = Scope::from_json(scope).unwrap();
        let selection = Selection { items, lenient };
        match columns(&selection, &partner(), &Samples, Guard::new(&scope, &[])) {
            Ok(columns) => Ok(shown(&columns)),
            Err(PlanError::Refused(problem)) => Err(format!("{}: {}", problem.code.as_str(), problem.detail)),
            Err(lacking) => Err(format!("{lacking:?}")),
        }
    }

    #[test]
    fn what_is_named_comes_in_the_asked_order_and_nothing_else() {
        let items = || vec![field("name", None), field("country_id", Some(vec![field("code", None)]))];
        assert_eq!(of(r#""all""#, items(), false).as_deref(), Ok("{name,country_id{code}}"));
        let every = of(r#""all""#, vec![Item::All, items().remove(1)], false).unwrap();
        assert!(every.starts_with("{id,name,comment,"), "{every}");
        assert!(every.contains(",country_id{code},child_ids,") && !every.contains("image_1920"), "{every}");
        let but = of(r#""all""#, vec![Item::Except(FieldName::parse("name").unwrap())], false).unwrap();
        assert!(but.starts_with("{id,comment,"), "{but}");
    }

    #[test]
    fn what_cannot_be_selected_is_refused_with_its_path() {
        let nested = |name: &str| vec![field("country_id", Some(vec![field(name, None)]))];
        let refused = |items| of(r#""all""#, items, false).unwrap_err();
        assert!(refused(nested("cod")).contains("res.country has no field cod"));
        assert!(refused(vec![field("name", Some(Vec::new()))]).contains("name: the field is no relation"));
        assert_eq!(of(r#""all""#, vec![field("nosuch", None), field("name", None)], true).as_deref(), Ok("{name}"));
    }

    #[test]
    fn what_stands_behind_a_relation_needs_a_permission_of_its_own_except_its_name() {
        let scope = r#"[{"models": "res.partner", "operations": ["read"]}]"#;
        let country = |name: &str| vec![field("country_id", Some(vec![field(name, None)]))];
        assert_eq!(of(scope, country("display_name"), false).as_deref(), Ok("{country_id{display_name}}"));
        let told = of(scope, country("code"), false).unwrap_err();
        assert_eq!(told, "scope_forbidden: country_id: this credential may not read res.country.");
    }
}
