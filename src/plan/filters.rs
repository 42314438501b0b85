//! Filters: request parameters that name fields of the model, as conditions of a domain (docs/dialects/restful.md).
//!
//! ```text
//! field=value               field = value
//! field=value&field=other   field in (value, other)
//! field=                    the field is empty; for a text field: it is the empty string
//! field_start=value         field >= value, unless a field has exactly this name
//! field_end=value           field <= value, unless a field has exactly this name
//! ```
//!
//! In: names and values of a request, and the model's schema. Out: a domain, or an error that names the parameter.
//! Must not know: which other parameters exist.

mod filter_value;
#[cfg(test)]
mod tests;

use super::error::PlanError;
use super::model_schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::domain::{Domain, FieldPath, Operator, Term, TermValue};
use crate::value::Value;
use filter_value::parse_filter_value;

/// A parameter that the route does not define.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The name.
    pub parameter: String,
    /// The values: strings in a query or form; several if the parameter is repeated.
    pub values: Vec<Value<'static>>,
    /// The parameter of the route that was probably intended, if no field has this name.
    pub suggestion: Option<String>,
}

/// The domain in which all filters apply.
///
/// # Errors
/// 400 for an unknown field, a field that cannot be searched, and a value that does not fit the field's type; 403
/// outside the scope.
pub(super) fn condition(
    filters: &[Filter],
    schema: &Schema,
    scope_check: ScopeCheck<'_>,
) -> Result<Domain<'static>, PlanError> {
    filters.iter().try_fold(Domain::default(), |domain, filter| {
        let term = ResolvedFilter::resolve(filter, schema, scope_check)?.into_term()?;
        Ok(domain.and(Domain::from_term(term)))
    })
}

/// A filter and its field.
struct ResolvedFilter<'f> {
    filter: &'f Filter,
    name: &'f str,
    field: &'f Field,
    /// `>=` or `<=`; `None`: equality.
    bound: Option<Operator>,
}

impl<'f> ResolvedFilter<'f> {
    fn resolve(filter: &'f Filter, schema: &'f Schema, scope_check: ScopeCheck<'_>) -> Result<Self, PlanError> {
        let (name, bound) = name_and_bound(&filter.parameter, schema, scope_check);
        scope_check.require_field(&schema.model, Operation::Read, name, &excerpt(&filter.parameter))?;
        match schema.field(name) {
            Some(field) if !field.searchable => {
                let detail = format!(
                    "{}: the field `{name}` of `{}` cannot be searched, because Odoo computes it. Use a stored field.",
                    filter.parameter, schema.model
                );
                Err(Problem::new(ErrorCode::FieldNotSearchable, detail).parameter(filter.parameter.clone()).into())
            }
            Some(field) => Ok(Self { filter, name, field, bound }),
            None => match &filter.suggestion {
                Some(suggestion) => {
                    let parameter = excerpt(&filter.parameter);
                    let detail = format!(
                        "The model {} has no field {parameter}, and the route has no such parameter. \
                         Use the parameter {suggestion} instead.",
                        schema.model
                    );
                    let hint = format!("Did you mean {suggestion}?");
                    Err(Problem::new(ErrorCode::UnknownField, detail).parameter(parameter).hint(hint).into())
                }
                None => Err(scope_check.unknown_field(schema, name, &excerpt(&filter.parameter))),
            },
        }
    }

    fn into_term(self) -> Result<Term<'static>, PlanError> {
        let path =
            FieldPath::parse(self.name.to_owned()).map_err(|_| self.mismatch("expected a field", &Value::Null))?;
        let (operator, value) = match (self.bound, self.filter.values.as_slice()) {
            (Some(operator), [value]) => (operator, self.bound_value(value)?),
            (Some(_), _) => return Err(self.repeated_bound()),
            (None, [value]) if !matches!(value, Value::List(_)) => (Operator::Equal, self.value(value)?),
            (None, values) => (Operator::In, self.list_value(values)?),
        };
        Ok(Term { path, operator, value: TermValue::Value(value) })
    }

    /// A JSON body can contain a list where a query repeats the parameter.
    fn list_value(&self, values: &[Value<'static>]) -> Result<Value<'static>, PlanError> {
        let each = values.iter().flat_map(|value| value.as_list().unwrap_or(std::slice::from_ref(value)));
        each.map(|value| self.value(value)).collect()
    }

    fn bound_value(&self, value: &Value<'static>) -> Result<Value<'static>, PlanError> {
        use FieldType::{Char, Date, Datetime, Float, Integer, Monetary, Text};
        if !matches!(self.field.kind, Char | Date | Datetime | Float | Integer | Monetary | Text) {
            return Err(self.mismatch("expected a number, date or text field before _start or _end", value));
        }
        match self.value(value)? {
            Value::Bool(_) => Err(self.mismatch("expected a value to compare with", value)),
            filter_value => Ok(filter_value),
        }
    }

    fn value(&self, value: &Value<'static>) -> Result<Value<'static>, PlanError> {
        parse_filter_value(value, self.field).map_err(|expected| self.mismatch(&expected, value))
    }

    fn mismatch(&self, expected: &str, found: &Value<'_>) -> PlanError {
        let parameter = &self.filter.parameter;
        let detail = format!("{parameter}: {expected}, found {} {}", found.kind(), found.excerpt(60));
        Problem::new(ErrorCode::InvalidValue, detail).parameter(parameter.clone()).into()
    }

    fn repeated_bound(&self) -> PlanError {
        let parameter = &self.filter.parameter;
        let detail = format!("The parameter `{parameter}` is repeated, but it is one end of a range. Send it once.");
        Problem::new(ErrorCode::RepeatedParameter, detail).parameter(parameter.clone()).into()
    }
}

/// The field that a parameter refers to, and the bound. A hidden field does not take precedence over a visible one.
fn name_and_bound<'p>(parameter: &'p str, schema: &Schema, scope_check: ScopeCheck<'_>) -> (&'p str, Option<Operator>) {
    let visible = |name: &str| schema.entry(name).is_some_and(|(name, _)| scope_check.is_visible(schema, name));
    if visible(parameter) {
        return (parameter, None);
    }
    let ends = [("_start", Operator::GreaterOrEqual), ("_end", Operator::LessOrEqual)];
    let ended = ends.into_iter().find_map(|(end, operator)| Some((parameter.strip_suffix(end)?, Some(operator))));
    ended.unwrap_or((parameter, None))
}

/// A parameter name as errors show it: it comes from the client and may be of any length.
fn excerpt(parameter: &str) -> String {
    parameter.chars().take(64).collect()
}
