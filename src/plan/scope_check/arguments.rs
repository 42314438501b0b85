//! The arguments of the ORM's methods, walked by what they say.
//!
//! In: an argument, the model it speaks of. Out: the argument in the form that was checked. Must not know: methods.
//!
//! ```text
//! specification = { field: { "fields"?: specification, "order"?, "context"?, "limit"?, "offset"? }, … }
//! ```

use super::Guard;
use super::columns::Way;
use super::context::check_block;
use super::signature::Says;
use crate::error_code::Code;
use crate::language::domain::{Domain, FieldPath};
use crate::language::lists;
use crate::language::order::Order;
use crate::names::ModelName;
use crate::plan::domain;
use crate::plan::fields::{is_kept_back, total_order};
use crate::plan::metadata::{Known, PlanError};
use crate::plan::schema::{Field, FieldType, Schema};
use crate::plan::scope::Operation;
use crate::plan::values::{EmptyList, Purpose, check_record, check_records};
use crate::value::{Member, Value};

/// Where a walk stands.
#[derive(Clone, Copy)]
pub(super) struct Walk<'w> {
    pub(super) model: &'w ModelName,
    pub(super) operation: Operation,
    pub(super) guard: Guard<'w>,
    pub(super) known: &'w dyn Known,
}

impl Walk<'_> {
    /// Checks one argument.
    pub(super) fn argument(self, says: Says, value: &mut Value<'static>) -> Result<(), PlanError> {
        match says {
            Says::Plain => Ok(()),
            _ if value.is_empty_word() => Ok(()),
            Says::Unset => Err(self.unclear("args", value)),
            Says::Domain => self.domain(value),
            Says::Order => self.order(value),
            Says::Fields => self.fields(value),
            Says::Names(operation) => self.names(operation, value),
            Says::FieldsOrSpecification if !matches!(value, Value::Map(_)) => self.fields(value),
            Says::FieldsOrSpecification | Says::Specification => self.specification(value),
            Says::FormFields => self.form_fields(value),
            Says::Aggregates => self.groups(value, false),
            Says::GroupBy => self.groups(value, true),
            Says::GroupOrder => self.group_order(value),
            Says::Having => self.having(value),
            Says::ProgressBar => self.progress_bar(value),
            Says::NewValues => self.values(value, Purpose::Create),
            Says::ManyNewValues => self.many_values(value, Purpose::Create),
            Says::Values => self.values(value, self.purpose()),
            Says::ManyValues => self.many_values(value, self.purpose()),
            // The form's own notation of new lines stays as it came: nothing of it is written.
            Says::FormValues => self.values(&mut value.clone(), Purpose::Try),
            Says::ExportColumns => self.columns(value, Way::Out),
            Says::ImportColumns => self.columns(value, Way::In),
        }
    }

    /// The names of the fields that may be shown; `id` at least, for a list without names means all.
    pub(super) fn shown_fields(self) -> Result<Value<'static>, PlanError> {
        let schema = self.schema()?;
        self.guard.look_at(&schema)?;
        let shown = schema.fields().map(|(name, _)| name).filter(|name| self.guard.shows(&schema, name));
        let shown = shown.filter(|name| !is_kept_back(self.model, name));
        let shown: Vec<Value<'static>> = shown.map(|name| Value::from(name.as_str().to_owned())).collect();
        Ok(Value::List(if shown.is_empty() { vec!["id".into()] } else { shown }))
    }

    pub(super) fn schema(self) -> Result<std::sync::Arc<Schema>, PlanError> {
        self.guard.schema(self.known, self.model, self.operation, &"model")
    }

    fn purpose(self) -> Purpose {
        if self.operation == Operation::Create { Purpose::Create } else { Purpose::Update }
    }

    pub(super) fn unclear(self, at: &str, value: &Value<'_>) -> PlanError {
        self.guard.unclear(&at, &format!("may not send {}: what it touches cannot be told", value.excerpt(60)))
    }

    fn domain(self, value: &mut Value<'static>) -> Result<(), PlanError> {
        let domain = Domain::from_value(value.clone())
            .map_err(|error| -> PlanError { error.into_problem(Code::InvalidDomain, "domain").into() })?;
        if !domain.is_all() {
            let domain = domain::to_odoo(&domain, "domain", &*self.schema()?, self.known, self.guard)?;
            *value = domain.into_value();
        }
        Ok(())
    }

    pub(super) fn order(self, value: &mut Value<'static>) -> Result<(), PlanError> {
        let order = Order::from_value(value)
            .map_err(|error| -> PlanError { error.into_problem(Code::InvalidOrder, "order").into() })?;
        if !order.is_empty() {
            total_order(&order, &*self.schema()?, self.known.major_version(), self.guard)?;
        }
        *value = Value::from(order.to_odoo());
        Ok(())
    }

    /// A text of one name stays one: some arguments are a field's name, and Odoo looks for letters in a text of several.
    fn names(self, operation: Operation, value: &mut Value<'static>) -> Result<(), PlanError> {
        let names = lists::names_in(value).map_err(|_| self.unclear("fields", value))?.unwrap_or_default();
        for name in &names {
            self.guard.field(self.model, operation, name, &"fields")?;
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
        check_record("vals", value, purpose, &*self.schema()?, self.known, self.guard)
    }

    fn many_values(self, value: &mut Value<'static>, purpose: Purpose) -> Result<(), PlanError> {
        match value {
            Value::List(records) if purpose == Purpose::Create => {
                check_records("vals", records, &*self.schema()?, self.known, self.guard, EmptyList::Nothing)
            }
            Value::List(records) => records.iter_mut().try_for_each(|values| self.values(values, purpose)),
            one => self.values(one, purpose),
        }
    }

    fn specification(self, value: &Value<'static>) -> Result<(), PlanError> {
        let blocks = value.as_map().ok_or_else(|| self.unclear("specification", value))?;
        if blocks.is_empty() {
            return Ok(());
        }
        self.guard.model(self.model, Operation::Read, &"specification")?;
        for (name, block) in blocks {
            let at = format!("specification.{}", name.chars().take(64).collect::<String>());
            self.guard.field(self.model, Operation::Read, name, &at)?;
            match block {
                Value::Map(members) if members.is_empty() => {}
                Value::Map(members) => self.block(&at, name, members)?,
                other if other.is_empty_word() => {}
                other => return Err(self.unclear(&at, other)),
            }
        }
        Ok(())
    }

    /// What is read behind a relation. The name of a many2one, and which one it is, need nothing more.
    fn block(self, at: &str, name: &str, members: &[Member<'static>]) -> Result<(), PlanError> {
        let schema = self.schema()?;
        let field = schema.field(name).ok_or_else(|| self.guard.unknown(&schema, name, "specification"))?;
        let beyond = field.relation.as_ref().map(|model| Walk { model, ..self });
        for (key, said) in members {
            match (key.as_ref(), said, beyond) {
                ("limit" | "offset", Value::Int(_), _) => {}
                ("context", Value::Map(context), _) => check_block(self.guard, context)?,
                ("fields" | "order" | "context" | "limit" | "offset", said, _) if said.is_empty_word() => {}
                ("fields", Value::Map(fields), _) if is_name_of_many2one(field, fields) => {}
                ("fields", _, Some(beyond)) => beyond.specification(said)?,
                ("order", _, Some(beyond)) => {
                    beyond.guard.model(beyond.model, Operation::Read, &at)?;
                    beyond.order(&mut said.clone())?;
                }
                _ => return Err(self.unclear(at, &Value::Map(members.to_vec()))),
            }
        }
        Ok(())
    }

    fn form_fields(self, value: &Value<'static>) -> Result<(), PlanError> {
        let fields = value.as_map().ok_or_else(|| self.unclear("fields_spec", value))?;
        for member in fields {
            match &member.1 {
                Value::Map(_) => self.specification(&Value::Map(vec![member.clone()]))?,
                _ => self.path("field_onchange", &member.0, false)?,
            }
        }
        Ok(())
    }

    /// Walks a path with dots. `lands` asks for the model behind a relation at its end too.
    pub(super) fn path(self, at: &str, path: &str, lands: bool) -> Result<(), PlanError> {
        let spot = || format!("{at}: {}", path.chars().take(128).collect::<String>());
        let whole = FieldPath::parse(path).map_err(|_| self.unclear(at, &Value::from(path.to_owned())))?;
        let name = whole.first();
        self.guard.field(self.model, Operation::Read, name, &spot())?;
        let rest = path.split_once('.').map(|(_, rest)| rest);
        if rest.is_none() && !lands {
            return Ok(());
        }
        let schema = self.schema()?;
        let field = schema.field(name).ok_or_else(|| self.guard.unknown(&schema, name, at))?;
        match (&field.relation, rest) {
            (Some(model), rest) if field.kind.is_relation() => {
                self.guard.model(model, Operation::Read, &spot())?;
                rest.map_or(Ok(()), |rest| Walk { model, ..self }.path(at, rest, lands))
            }
            (_, Some(_)) if !is_a_field_with_parts(field) => Err(self.unclear(at, &Value::from(path.to_owned()))),
            _ => Ok(()),
        }
    }
}

fn is_name_of_many2one(field: &Field, fields: &[Member<'static>]) -> bool {
    let is_plain = |block: &Value<'_>| block.is_empty_word() || block.as_map().is_some_and(<[_]>::is_empty);
    let is_name = |(name, block): &Member<'static>| matches!(name.as_ref(), "id" | "display_name") && is_plain(block);
    field.kind == FieldType::Many2one && fields.iter().all(is_name)
}

/// Properties have names behind the dot, dates have parts there.
fn is_a_field_with_parts(field: &Field) -> bool {
    matches!(field.kind, FieldType::Properties | FieldType::Date | FieldType::Datetime)
}
