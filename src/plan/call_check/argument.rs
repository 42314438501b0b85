//! The arguments of ORM methods, checked by what they contain.
//!
//! In: an argument, the model it refers to. Out: the argument in the form that was checked. Must not know: methods.
//!
//! ```text
//! specification = { field: { "fields"?: specification, "order"?, "context"?, "limit"?, "offset"? }, … }
//! ```

use super::orm_methods::ArgumentKind;
use crate::error_code::ErrorCode;
use crate::language::domain::{Domain, FieldPath};
use crate::language::lists;
use crate::language::order::Order;
use crate::names::ModelName;
use crate::plan::all_fields::is_withheld;
use crate::plan::context_check::check_block;
use crate::plan::domain;
use crate::plan::error::PlanError;
use crate::plan::metadata::Metadata;
use crate::plan::model_schema::{Field, FieldType, Schema};
use crate::plan::order::total_order;
use crate::plan::scope::Operation;
use crate::plan::scope_check::ScopeCheck;
use crate::plan::values::{EmptyList, Purpose, check_record, check_records};
use crate::value::{Member, Value};

/// The model that an argument refers to, and the operation it is checked for.
#[derive(Clone, Copy)]
pub(super) struct ArgumentWalk<'w> {
    pub(super) model: &'w ModelName,
    pub(super) operation: Operation,
    pub(super) scope_check: ScopeCheck<'w>,
    pub(super) metadata: &'w dyn Metadata,
}

impl ArgumentWalk<'_> {
    /// Checks one argument.
    pub(super) fn argument(self, kind: ArgumentKind, value: &mut Value<'static>) -> Result<(), PlanError> {
        match kind {
            ArgumentKind::Plain => Ok(()),
            _ if value.is_null_or_false() => Ok(()),
            ArgumentKind::Uncheckable => Err(self.uncheckable("args", value)),
            ArgumentKind::Domain => self.domain(value),
            ArgumentKind::Order => self.order(value),
            ArgumentKind::Fields => self.fields(value),
            ArgumentKind::Names(operation) => self.names(operation, value),
            ArgumentKind::FieldsOrSpecification if !matches!(value, Value::Map(_)) => self.fields(value),
            ArgumentKind::FieldsOrSpecification | ArgumentKind::Specification => self.specification(value),
            ArgumentKind::FormFields => self.form_fields(value),
            ArgumentKind::Aggregates => self.groups(value, false),
            ArgumentKind::GroupBy => self.groups(value, true),
            ArgumentKind::GroupOrder => self.group_order(value),
            ArgumentKind::Having => self.having(value),
            ArgumentKind::ProgressBar => self.progress_bar(value),
            ArgumentKind::NewValues => self.values(value, Purpose::Create),
            ArgumentKind::ManyNewValues => self.many_values(value, Purpose::Create),
            ArgumentKind::Values => self.values(value, self.purpose()),
            ArgumentKind::ManyValues => self.many_values(value, self.purpose()),
            // The web client's notation of new lines is forwarded unchanged: nothing of it is stored.
            ArgumentKind::FormValues => self.values(&mut value.clone(), Purpose::Preview),
            ArgumentKind::ExportColumns => self.export_columns(value),
            ArgumentKind::ImportColumns => self.import_columns(value),
        }
    }

    /// The visible fields by the names of Odoo; at least `id`, because an empty list means all fields.
    pub(super) fn visible_fields(self) -> Result<Value<'static>, PlanError> {
        let schema = self.schema()?;
        self.scope_check.require_dependencies(&schema)?;
        let visible = schema.fields().filter(|(name, _)| self.scope_check.is_visible(&schema, name));
        let visible = visible.filter(|(name, _)| !is_withheld(self.model, name));
        let names: indexmap::IndexSet<&str> =
            visible.map(|(name, field)| field.alias_of.unwrap_or(name.as_str())).collect();
        let names: Vec<Value<'static>> = names.into_iter().map(|name| Value::from(name.to_owned())).collect();
        Ok(Value::List(if names.is_empty() { vec!["id".into()] } else { names }))
    }

    pub(super) fn schema(self) -> Result<std::sync::Arc<Schema>, PlanError> {
        self.scope_check.checked_schema(self.metadata, self.model, self.operation, &"model")
    }

    fn purpose(self) -> Purpose {
        if self.operation == Operation::Create { Purpose::Create } else { Purpose::Update }
    }

    pub(super) fn uncheckable(self, at: &str, value: &Value<'_>) -> PlanError {
        let value = value.excerpt(60);
        self.scope_check.forbidden(&at, &format!("{value}, because the gateway cannot check which fields it touches"))
    }

    fn domain(self, value: &mut Value<'static>) -> Result<(), PlanError> {
        let domain = Domain::from_value(value.clone())
            .map_err(|error| -> PlanError { error.into_problem(ErrorCode::InvalidDomain, "domain").into() })?;
        if !domain.is_all() {
            let domain = domain::normalize(&domain, "domain", &*self.schema()?, self.metadata, self.scope_check)?;
            *value = domain.into_value();
        }
        Ok(())
    }

    pub(super) fn order(self, value: &mut Value<'static>) -> Result<(), PlanError> {
        let order = Order::from_value(value)
            .map_err(|error| -> PlanError { error.into_problem(ErrorCode::InvalidOrder, "order").into() })?;
        if !order.is_empty() {
            total_order(&order, &*self.schema()?, self.metadata.major_version(), self.scope_check)?;
        }
        *value = Value::from(order.to_odoo());
        Ok(())
    }

    /// A single name stays a string: some arguments are one field name, and in a string of several names Odoo would
    /// match single letters.
    fn names(self, operation: Operation, value: &mut Value<'static>) -> Result<(), PlanError> {
        let names = lists::names_from_value(value).map_err(|_| self.uncheckable("fields", value))?.unwrap_or_default();
        for name in &names {
            self.scope_check.require_field(self.model, operation, name, &"fields")?;
        }
        *value = match (&*value, names.as_slice()) {
            (Value::Text(_), [name]) => Value::from(name.clone()),
            _ => names.into_iter().map(Value::from).collect(),
        };
        Ok(())
    }

    fn fields(self, value: &mut Value<'static>) -> Result<(), PlanError> {
        self.names(Operation::Read, value)?;
        if let Value::Text(_) = value {
            *value = Value::List(vec![std::mem::take(value)]);
        }
        Ok(())
    }

    fn values(self, value: &mut Value<'static>, purpose: Purpose) -> Result<(), PlanError> {
        check_record("vals", value, purpose, &*self.schema()?, self.metadata, self.scope_check)
    }

    fn many_values(self, value: &mut Value<'static>, purpose: Purpose) -> Result<(), PlanError> {
        match value {
            Value::List(records) if purpose == Purpose::Create => {
                check_records("vals", records, &*self.schema()?, self.metadata, self.scope_check, EmptyList::Nothing)
            }
            Value::List(records) => records.iter_mut().try_for_each(|values| self.values(values, purpose)),
            one => self.values(one, purpose),
        }
    }

    fn specification(self, value: &Value<'static>) -> Result<(), PlanError> {
        let blocks = value.as_map().ok_or_else(|| self.uncheckable("specification", value))?;
        if blocks.is_empty() {
            return Ok(());
        }
        self.scope_check.require_model(self.model, Operation::Read, &"specification")?;
        for (name, block) in blocks {
            let at = format!("specification.{}", name.chars().take(64).collect::<String>());
            self.scope_check.require_field(self.model, Operation::Read, name, &at)?;
            match block {
                Value::Map(members) if members.is_empty() => {}
                Value::Map(members) => self.block(&at, name, members)?,
                other if other.is_null_or_false() => {}
                other => return Err(self.uncheckable(&at, other)),
            }
        }
        Ok(())
    }

    /// Checks what is read of the related records. The id and the name of a many2one need no further permission.
    fn block(self, at: &str, name: &str, members: &[Member<'static>]) -> Result<(), PlanError> {
        let schema = self.schema()?;
        let field = schema.field(name).ok_or_else(|| self.scope_check.unknown_field(&schema, name, "specification"))?;
        let related = field.relation.as_ref().map(|model| ArgumentWalk { model, ..self });
        for (key, given) in members {
            match (key.as_ref(), given, related) {
                ("limit" | "offset", Value::Int(_), _) => {}
                ("context", Value::Map(context), _) => check_block(self.scope_check, context)?,
                ("fields" | "order" | "context" | "limit" | "offset", given, _) if given.is_null_or_false() => {}
                ("fields", Value::Map(fields), _) if is_name_of_many2one(field, fields) => {}
                ("fields", _, Some(related)) => related.specification(given)?,
                ("order", _, Some(related)) => {
                    related.scope_check.require_model(related.model, Operation::Read, &at)?;
                    related.order(&mut given.clone())?;
                }
                _ => return Err(self.uncheckable(at, &Value::Map(members.to_vec()))),
            }
        }
        Ok(())
    }

    fn form_fields(self, value: &Value<'static>) -> Result<(), PlanError> {
        let fields = value.as_map().ok_or_else(|| self.uncheckable("fields_spec", value))?;
        for member in fields {
            match &member.1 {
                Value::Map(_) => self.specification(&Value::Map(vec![member.clone()]))?,
                _ => self.path("field_onchange", &member.0, false)?,
            }
        }
        Ok(())
    }

    /// Checks a path with dots. With `include_target`, a relation at the end also needs `read` on the related model.
    pub(super) fn path(self, at: &str, path: &str, include_target: bool) -> Result<(), PlanError> {
        let location = || format!("{at}: {}", path.chars().take(128).collect::<String>());
        let path_names = FieldPath::parse(path).map_err(|_| self.uncheckable(at, &Value::from(path.to_owned())))?;
        let name = path_names.first();
        self.scope_check.require_field(self.model, Operation::Read, name, &location())?;
        let rest = path.split_once('.').map(|(_, rest)| rest);
        if rest.is_none() && !include_target {
            return Ok(());
        }
        let schema = self.schema()?;
        let field = schema.field(name).ok_or_else(|| self.scope_check.unknown_field(&schema, name, at))?;
        match (&field.relation, rest) {
            (Some(model), rest) if field.kind.is_relation() => {
                self.scope_check.require_model(model, Operation::Read, &location())?;
                rest.map_or(Ok(()), |rest| ArgumentWalk { model, ..self }.path(at, rest, include_target))
            }
            (_, Some(_)) if !has_subfields(field) => Err(self.uncheckable(at, &Value::from(path.to_owned()))),
            _ => Ok(()),
        }
    }
}

fn is_name_of_many2one(field: &Field, fields: &[Member<'static>]) -> bool {
    let is_plain = |block: &Value<'_>| block.is_null_or_false() || block.as_map().is_some_and(<[_]>::is_empty);
    let is_name = |(name, block): &Member<'static>| matches!(name.as_ref(), "id" | "display_name") && is_plain(block);
    field.kind == FieldType::Many2one && fields.iter().all(is_name)
}

/// Properties have property names after the dot, dates have date parts.
fn has_subfields(field: &Field) -> bool {
    matches!(field.kind, FieldType::Properties | FieldType::Date | FieldType::Datetime)
}
