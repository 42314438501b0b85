//! A selection, checked level by level against the schemas of the models that it reaches.
//!
//! In: a [`Selection`]. Out: [`Columns`] with [`NestedColumns`] for relations. Must not know: how nested records are
//! fetched or rendered.
//!
//! ```text
//! {a, b}     a, b                                    nothing else, not even id
//! {*, r{…}}  id and every readable field, r with its nested fields
//! {-a}       id and every readable field except a
//! ```
//!
//! "Every readable field" excludes binary fields: they are only read by name.

use indexmap::IndexMap;

use super::all_fields::{is_unreadable, readable_columns};
use super::column_tree::{Column, Columns, NestedColumns};
use super::error::PlanError;
use super::metadata::Metadata;
use super::model_schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::selection::{Selection, SelectionItem};
use crate::names::FieldName;

/// Checks a selection of fields of `schema`'s model.
///
/// # Errors
/// 400 for a field that does not exist and for nested fields of something that is not a relation, with the path; 403
/// outside the scope; or metadata is missing.
pub(super) fn columns(
    selection: &Selection,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<Columns, PlanError> {
    SelectionLevel { selection, schema, metadata, scope_check, path: "" }.columns()
}

#[derive(Clone, Copy)]
struct SelectionLevel<'l> {
    selection: &'l Selection,
    schema: &'l Schema,
    metadata: &'l dyn Metadata,
    scope_check: ScopeCheck<'l>,
    /// The path of the relation that leads here, followed by a dot; empty at the top.
    path: &'l str,
}

impl SelectionLevel<'_> {
    fn columns(self) -> Result<Columns, PlanError> {
        let mut visible: IndexMap<FieldName, Column> = IndexMap::new();
        let named = self.selection.items.iter().all(|item| matches!(item, SelectionItem::Field { .. }));
        if !named {
            self.scope_check.require_dependencies(self.schema)?;
            visible.extend(self.every().map(|column| (column.name.clone(), column)));
        }
        for item in &self.selection.items {
            match item {
                SelectionItem::All => {}
                SelectionItem::Except(name) => {
                    self.field(name)?;
                    visible.shift_remove(name);
                }
                SelectionItem::Field { name, nested } => {
                    if let Some(field) = self.field(name)? {
                        visible.insert(name.clone(), self.column(name, field, nested.as_ref())?);
                    }
                }
            }
        }
        Ok(Columns::new(visible.into_values().collect(), named, self.schema))
    }

    fn every(&self) -> impl Iterator<Item = Column> {
        let readable = readable_columns(self.schema, self.scope_check);
        let is_included = |column: &Column| column.kind != FieldType::Binary && column.name.as_str() != "id";
        std::iter::once(Column::id()).chain(readable.filter(is_included))
    }

    /// The field of this name; `None` if it does not exist and the selection is lenient.
    fn field(&self, name: &FieldName) -> Result<Option<&Field>, PlanError> {
        let path = format_args!("{}{name}", self.path);
        let (model, found) = (&self.schema.model, self.schema.field(name.as_str()));
        self.scope_check.require_field(model, Operation::Read, name.as_str(), &path)?;
        match found {
            Some(_) if is_unreadable(self.schema, name) => {
                let instead = "Read `datas`, which contains the same content in base64.";
                let detail = format!("{path}: the field cannot be read. {instead}");
                Err(Problem::new(ErrorCode::UnknownField, detail).parameter(path.to_string()).into())
            }
            None if !self.selection.lenient => {
                Err(self.scope_check.unknown_field(self.schema, name.as_str(), &path.to_string()))
            }
            None => {
                self.metadata.record_missing_field(model, name);
                Ok(None)
            }
            found => Ok(found),
        }
    }

    fn column(self, name: &FieldName, field: &Field, nested: Option<&Selection>) -> Result<Column, PlanError> {
        let plain = Column::for_field(name.clone(), field);
        let Some(selection) = nested else { return Ok(plain) };
        let path = format!("{}{name}.", self.path);
        let at = path.trim_end_matches('.');
        let Some(model) = field.relation.as_ref().filter(|_| field.kind.is_relation()) else {
            let detail = format!("{at}: the field is not a relation and has no nested fields.");
            return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter(at).into());
        };
        let links_only = || selection.items.iter().all(is_in_link);
        if field.kind == FieldType::Many2one && links_only() && !self.scope_check.allows(model, Operation::Read) {
            // The name that Odoo returns in a many2one needs no permission on the related model.
            return Ok(Column {
                nested: Some(NestedColumns { model: model.clone(), columns: link(selection) }),
                ..plain
            });
        }
        self.scope_check.require_model(model, Operation::Read, &at)?;
        let schema = self.scope_check.checked_schema(self.metadata, model, Operation::Read, &at)?;
        let columns = SelectionLevel { selection, schema: &schema, path: &path, ..self }.columns()?;
        Ok(Column { nested: Some(NestedColumns { model: model.clone(), columns }), ..plain })
    }
}

fn is_in_link(item: &SelectionItem) -> bool {
    matches!(item, SelectionItem::Field { name, nested: None } if matches!(name.as_str(), "id" | "display_name"))
}

/// The columns of a many2one value itself. The related model is not read.
fn link(selection: &Selection) -> Columns {
    let column = |item: &SelectionItem| match item {
        SelectionItem::Field { name, .. } if name.as_str() == "id" => Some(Column::id()),
        SelectionItem::Field { name, .. } => Some(Column::plain(name.clone(), FieldType::Char)),
        SelectionItem::All | SelectionItem::Except(_) => None,
    };
    Columns { visible: selection.items.iter().filter_map(column).collect(), named: true, existence_column: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::{Samples, partner};
    use crate::plan::scope::Scope;

    fn field(name: &str, nested: Option<Vec<SelectionItem>>) -> SelectionItem {
        let nested = nested.map(|items| Selection { items, lenient: false });
        SelectionItem::Field { name: FieldName::parse(name).unwrap(), nested }
    }

    fn visible(columns: &Columns) -> String {
        let column = |column: &Column| match &column.nested {
            Some(nested) => format!("{}{}", column.name, visible(&nested.columns)),
            None => column.name.to_string(),
        };
        format!("{{{}}}", columns.visible.iter().map(column).collect::<Vec<_>>().join(","))
    }

    fn of(scope: &str, items: Vec<SelectionItem>, lenient: bool) -> Result<String, String> {
        let scope = Scope::from_json(scope).unwrap();
        let selection = Selection { items, lenient };
        match columns(&selection, &partner(), &Samples, ScopeCheck::new(&scope, &[])) {
            Ok(columns) => Ok(visible(&columns)),
            Err(PlanError::Rejected(problem)) => Err(format!("{}: {}", problem.code.as_str(), problem.detail)),
            Err(missing) => Err(format!("{missing:?}")),
        }
    }

    #[test]
    fn only_named_fields_are_returned_in_the_requested_order() {
        let items = || vec![field("name", None), field("country_id", Some(vec![field("code", None)]))];
        assert_eq!(of(r#""all""#, items(), false).as_deref(), Ok("{name,country_id{code}}"));
        let every = of(r#""all""#, vec![SelectionItem::All, items().remove(1)], false).unwrap();
        assert!(every.starts_with("{id,name,comment,"), "{every}");
        assert!(every.contains(",country_id{code},child_ids,") && !every.contains("image_1920"), "{every}");
        let but = of(r#""all""#, vec![SelectionItem::Except(FieldName::parse("name").unwrap())], false).unwrap();
        assert!(but.starts_with("{id,comment,"), "{but}");
    }

    #[test]
    fn invalid_fields_are_rejected_with_their_path() {
        let nested = |name: &str| vec![field("country_id", Some(vec![field(name, None)]))];
        let rejected = |items| of(r#""all""#, items, false).unwrap_err();
        assert!(rejected(nested("cod")).contains("res.country has no field cod"));
        assert!(rejected(vec![field("name", Some(Vec::new()))]).contains("name: the field is not a relation"));
        assert_eq!(of(r#""all""#, vec![field("nosuch", None), field("name", None)], true).as_deref(), Ok("{name}"));
    }

    #[test]
    fn nested_fields_need_permission_on_the_related_model_except_its_name() {
        let scope = r#"[{"models": "res.partner", "operations": ["read"]}]"#;
        let country = |name: &str| vec![field("country_id", Some(vec![field(name, None)]))];
        assert_eq!(of(scope, country("display_name"), false).as_deref(), Ok("{country_id{display_name}}"));
        let rejected = of(scope, country("code"), false).unwrap_err();
        assert_eq!(
            rejected,
            "scope_forbidden: country_id: the credential's scope does not allow `read` on `res.country`."
        );
    }
}
