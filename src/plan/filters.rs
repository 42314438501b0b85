//! Filters: parameters that are fields of the model, as conditions of a domain (contract section 3).
//!
//! ```text
//! field=value               field = value
//! field=value&field=other   field in (value, other)
//! field=                    the field is empty; of a text field: it is the empty text
//! field_start=value         field >= value, unless there is a field of this very name
//! field_end=value           field <= value, unless there is a field of this very name
//! ```
//!
//! In: names and values as they stand in a request, and the model's schema. Out: a domain, or a refusal that names the
//! parameter. Must not know: which other parameters there are.

mod comparand;
#[cfg(test)]
mod tests;

use super::metadata::PlanError;
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::Guard;
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::domain::{Domain, FieldPath, Operator, Term, TermValue};
use crate::value::Value;
use comparand::comparand;

/// A parameter that is not one of the route's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Its name.
    pub parameter: String,
    /// What it says: a text where it stands in a query or form, several where it is repeated.
    pub values: Vec<Value<'static>>,
    /// The parameter of the route that was probably meant, where no field has this name.
    pub meant: Option<String>,
}

/// The condition that all filters hold.
///
/// # Errors
/// 400 for what is no field, cannot be searched, or does not fit the field's type; 403 beyond the scope.
pub(super) fn condition(filters: &[Filter], schema: &Schema, guard: Guard<'_>) -> Result<Domain<'static>, PlanError> {
    filters.iter().try_fold(Domain::default(), |domain, filter| {
        let term = Meant::by(filter, schema, guard)?.term()?;
        Ok(domain.and(Domain::of(term)))
    })
}

/// A filter and the field it is about.
struct Meant<'f> {
    filter: &'f Filter,
    name: &'f str,
    field: &'f Field,
    /// `>=` or `<=`; `None`: equality.
    bound: Option<Operator>,
}

impl<'f> Meant<'f> {
    fn by(filter: &'f Filter, schema: &'f Schema, guard: Guard<'_>) -> Result<Self, PlanError> {
        let (name, bound) = name_and_bound(&filter.parameter, schema, guard);
        guard.field(&schema.model, Operation::Read, name, &shown(&filter.parameter))?;
        match schema.field(name) {
            Some(field) if !field.searchable => {
                let detail = format!(
                    "{}: the field {name} of {} cannot be searched, Odoo computes it on the fly.",
                    filter.parameter, schema.model
                );
                Err(Problem::new(Code::FieldNotSearchable, detail).parameter(filter.parameter.clone()).into())
            }
            Some(field) => Ok(Self { filter, name, field, bound }),
            None => match &filter.meant {
                Some(meant) => {
                    let parameter = shown(&filter.parameter);
                    let detail = format!(
                        "The model {} has no field {parameter}, and there is no such parameter. The parameter {meant} is the one to use.",
                        schema.model
                    );
                    let hint = format!("Did you mean {meant}?");
                    Err(Problem::new(Code::UnknownField, detail).parameter(parameter).hint(hint).into())
                }
                None => Err(guard.unknown(schema, name, &shown(&filter.parameter))),
            },
        }
    }

    fn term(self) -> Result<Term<'static>, PlanError> {
        let path = FieldPath::parse(self.name.to_owned()).map_err(|_| self.refuse("expected a field", &Value::Null))?;
        let (operator, value) = match (self.bound, self.filter.values.as_slice()) {
            (Some(operator), [value]) => (operator, self.limit(value)?),
            (Some(_), _) => return Err(self.repeated()),
            (None, [value]) if !matches!(value, Value::List(_)) => (Operator::Equal, self.comparand(value)?),
            (None, values) => (Operator::In, self.members(values)?),
        };
        Ok(Term { path, operator, value: TermValue::Value(value) })
    }

    /// A JSON body may hold a list where a query repeats the parameter.
    fn members(&self, values: &[Value<'static>]) -> Result<Value<'static>, PlanError> {
        let each = values.iter().flat_map(|value| value.as_list().unwrap_or(std::slice::from_ref(value)));
        each.map(|value| self.comparand(value)).collect()
    }

    fn limit(&self, value: &Value<'static>) -> Result<Value<'static>, PlanError> {
        use FieldType::{Char, Date, Datetime, Float, Integer, Monetary, Text};
        if !matches!(self.field.kind, Char | Date | Datetime | Float | Integer | Monetary | Text) {
            return Err(self.refuse("expected a field of numbers, dates or texts before _start and _end", value));
        }
        match self.comparand(value)? {
            Value::Bool(_) => Err(self.refuse("expected a value to compare with", value)),
            comparand => Ok(comparand),
        }
    }

    fn comparand(&self, value: &Value<'static>) -> Result<Value<'static>, PlanError> {
        comparand(value, self.field).map_err(|expected| self.refuse(&expected, value))
    }

    fn refuse(&self, expected: &str, found: &Value<'_>) -> PlanError {
        let parameter = &self.filter.parameter;
        let detail = format!("{parameter}: {expected}, found {} {}", found.kind(), found.excerpt(60));
        Problem::new(Code::InvalidValue, detail).parameter(parameter.clone()).into()
    }

    fn repeated(&self) -> PlanError {
        let parameter = &self.filter.parameter;
        let detail = format!("The parameter {parameter} is given twice, but it is one end of a range.");
        Problem::new(Code::RepeatedParameter, detail).parameter(parameter.clone()).into()
    }
}

/// The field that a parameter is about. A field that the scope hides does not stand before one that it shows.
fn name_and_bound<'p>(parameter: &'p str, schema: &Schema, guard: Guard<'_>) -> (&'p str, Option<Operator>) {
    let visible = |name: &str| schema.entry(name).is_some_and(|(name, _)| guard.shows(schema, name));
    if visible(parameter) {
        return (parameter, None);
    }
    let ends = [("_start", Operator::GreaterOrEqual), ("_end", Operator::LessOrEqual)];
    let ended = ends.into_iter().find_map(|(end, operator)| Some((parameter.strip_suffix(end)?, Some(operator))));
    ended.unwrap_or((parameter, None))
}

/// A parameter's name as errors show it: it comes from outside, and may be anything.
fn shown(parameter: &str) -> String {
    parameter.chars().take(64).collect()
}
