//! A domain, checked against the schemas of the models that its paths reach, and normalized for every version of
//! Odoo.
//!
//! ```text
//! compared_field   the field at the end of a path
//! comparison       the operators and values that fit each field type
//! datetime_bounds  comparisons of datetimes with the same meaning on every version
//! condition        the result of a term: one comparison, or several
//! ```
//!
//! In: a well-formed domain. Out: the domain to send, or an error for the first invalid term. Must not know: the
//! syntax that the domain was written in. Odoo 14-18 return every record for a field that they cannot search, and 14
//! ignores the offset of a datetime: both are handled here.

mod compared_field;
mod comparison;
mod condition;
mod datetime_bounds;
#[cfg(test)]
mod tests;

use std::fmt;

use self::compared_field::{ComparedField, ComparedKind};
use self::comparison::{Comparison, Mismatch};
use self::condition::Condition;
use super::error::PlanError;
use super::metadata::Metadata;
use super::model_schema::{DATAS, Field, FieldType, RAW, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::TreeError;
use crate::language::domain::{DatePart, Domain, FieldPath, Operand, Operator, Term, TermValue};
use crate::names::ModelName;
use crate::value::Value;

/// Checks every term and normalizes it, so that it has the same meaning on every version of Odoo.
///
/// # Errors
/// 400 with the parameter, the term and what is wrong; 403 outside the scope; or metadata is missing.
pub(super) fn normalize(
    domain: &Domain<'static>,
    parameter: &str,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<Domain<'static>, PlanError> {
    DomainCheck { metadata, scope_check, parameter, position: &[], path: "", x2many_len: 0, has_alias: false }
        .domain(domain, schema)
}

#[derive(Clone, Copy)]
struct DomainCheck<'c> {
    metadata: &'c dyn Metadata,
    scope_check: ScopeCheck<'c>,
    /// The name of the parameter that contains the domain.
    parameter: &'c str,
    /// The child indexes that lead to the current domain.
    position: &'c [usize],
    /// The complete path of the current term.
    path: &'c str,
    /// The length of the path up to its last x2many field; 0 without one.
    x2many_len: usize,
    /// Whether the path leads to a field that has another name in Odoo.
    has_alias: bool,
}

/// `domain[0][0]: partner_id.email`, only formatted for errors.
impl fmt::Display for DomainCheck<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.location(0), self.path)
    }
}

/// The end of a path.
enum PathTarget<'p> {
    /// A field, and the model that it belongs to.
    Field(&'p str, &'p Field, &'p Schema),
    /// A part of a date, as a number.
    DatePart,
    /// A property, of an unknown type.
    Property,
    /// The size of a file, as a number.
    FileSize,
    /// The name of a file.
    FileName,
}

/// The first version that compares sizes and names of files.
const FILE_PARTS_FROM: (u8, u8) = (20, 0);

impl<'p> PathTarget<'p> {
    fn kind(&self) -> ComparedKind<'p> {
        match self {
            Self::Field("id", ..) => ComparedKind::Id,
            Self::Field(_, field, _) => ComparedKind::Field(field),
            Self::DatePart => ComparedKind::DatePart,
            Self::Property => ComparedKind::Property,
            Self::FileSize => ComparedKind::FileSize,
            Self::FileName => ComparedKind::FileName,
        }
    }

    /// The related model.
    fn relation(&self) -> Option<&'p ModelName> {
        match self {
            Self::Field(_, field, _) => field.relation.as_ref(),
            _ => None,
        }
    }

    /// The model whose names and hierarchy are searched: from an id, Odoo searches the model itself.
    fn searched(&self) -> Option<&'p ModelName> {
        match self {
            Self::Field("id", _, schema) => Some(&schema.model),
            _ => self.relation(),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Field("id", ..) => "the record's id",
            Self::Field(_, field, _) => field.kind.as_str(),
            Self::DatePart => "part of a date",
            Self::Property => "property",
            Self::FileSize => "size of a file",
            Self::FileName => "name of a file",
        }
    }
}

impl DomainCheck<'_> {
    fn domain(self, domain: &Domain<'static>, schema: &Schema) -> Result<Domain<'static>, PlanError> {
        domain.try_rewrite(|index, term| {
            let position = [self.position, &[index]].concat();
            let path = term.path.as_str();
            DomainCheck { position: &position, path, x2many_len: 0, has_alias: false, ..self }.term(term, schema)
        })
    }

    fn term(self, term: &Term<'static>, schema: &Schema) -> Result<Operand<'static>, PlanError> {
        let major = self.metadata.major_version();
        if !term.operator.is_available_in(major) {
            let operator = term.operator.as_str();
            let expected =
                format!("an operator of Odoo {major} ({operator} exists since Odoo {})", term.operator.since());
            return Err(self.mismatch(ErrorCode::InvalidDomain, 1, &expected, operator));
        }
        self.resolve(self.path, schema, |here, target| {
            here.check_related_access(term.operator, &term.value, &target)?;
            match (&term.value, target.relation()) {
                (TermValue::Domain(domain), Some(model)) if !matches!(target.kind(), ComparedKind::Id) => {
                    let position = [here.position, &[2]].concat();
                    let schema = here.scope_check.checked_schema(here.metadata, model, Operation::Read, &here)?;
                    let domain = DomainCheck { position: &position, ..here }.domain(domain, &schema)?;
                    Ok(Operand::term(Term { value: TermValue::Domain(domain), ..term.clone() }))
                }
                (TermValue::Domain(_), _) => {
                    Err(here.mismatch(ErrorCode::InvalidDomain, 0, "a relation before any and not any", here.path))
                }
                (TermValue::Value(value), _) => here.comparison(term, value, &target),
            }
        })
    }

    fn comparison(
        self,
        term: &Term<'static>,
        value: &Value<'static>,
        target: &PathTarget<'_>,
    ) -> Result<Operand<'static>, PlanError> {
        let operator = term.operator;
        let field = ComparedField {
            kind: target.kind(),
            crosses_x2many: self.x2many_len > 0,
            major: self.metadata.major_version(),
        };
        let condition = comparison::condition(field, operator, value).map_err(|mismatch| match mismatch {
            Mismatch::Operator(fit) => {
                let expected = format!("one of {fit} for {} ({})", self.path, target.type_name());
                self.mismatch(ErrorCode::InvalidDomain, 1, &expected, operator.as_str())
            }
            Mismatch::Value(expected) => {
                let expected = format!("{expected}, for \"{} {}\"", self.path, operator.as_str());
                self.mismatch(ErrorCode::InvalidValue, 2, &expected, &excerpt(value))
            }
        })?;
        if Comparison::from_operator(operator) == Comparison::Hierarchy {
            self.check_hierarchy(operator, target)?;
        }
        let sent = if self.has_alias { sent_path(&term.path) } else { None };
        Ok(self.operand(condition, sent.as_ref().unwrap_or(&term.path)))
    }

    /// Several comparisons on a path with an x2many field must hold for the same related record.
    fn operand(self, condition: Condition, path: &FieldPath<'static>) -> Operand<'static> {
        let parts = path.as_str().split_at_checked(self.x2many_len).filter(|_| self.x2many_len > 0);
        let parts = parts.and_then(|(many, rest)| Some((many, rest.strip_prefix('.')?)));
        match (&condition, parts) {
            (Condition::All(_) | Condition::Any(_), Some((many, rest)))
                if Operator::Any.is_available_in(self.metadata.major_version()) =>
            {
                let parse = |path: &str| FieldPath::parse(path.to_owned()).ok();
                let (Some(many), Some(rest)) = (parse(many), parse(rest)) else { return condition.into_operand(path) };
                let domain = Domain::from_operand(condition.into_operand(&rest));
                Operand::term(Term { path: many, operator: Operator::Any, value: TermValue::Domain(domain) })
            }
            _ => condition.into_operand(path),
        }
    }

    /// A many2one to its own model is itself the hierarchy; other fields use the parent field of their related model.
    fn check_hierarchy(self, operator: Operator, target: &PathTarget<'_>) -> Result<(), PlanError> {
        let PathTarget::Field(name, field, schema) = target else { return Ok(()) };
        let has_hierarchy = match &field.relation {
            Some(model) if *model == schema.model && field.kind == FieldType::Many2one => true,
            Some(model) => {
                has_parent(&*self.scope_check.checked_schema(self.metadata, model, Operation::Read, &self)?)
            }
            None => has_parent(schema),
        };
        if has_hierarchy {
            return Ok(());
        }
        let model = field.relation.as_ref().filter(|_| *name != "id").unwrap_or(&schema.model);
        let path = self.path;
        let expected = format!("an operator other than child_of and parent_of for {path} ({model} has no hierarchy)");
        Err(self.mismatch(ErrorCode::InvalidDomain, 1, &expected, operator.as_str()))
    }

    /// A relation that is compared by text is searched by name; one that is compared by hierarchy needs its model.
    fn check_related_access(
        self,
        operator: Operator,
        value: &TermValue<'_>,
        target: &PathTarget<'_>,
    ) -> Result<(), PlanError> {
        let Some(model) = target.searched() else { return Ok(()) };
        let compares = matches!(Comparison::from_operator(operator), Comparison::Equality | Comparison::Ordering);
        let needs_access = match value {
            TermValue::Domain(_) => true,
            TermValue::Value(value) => !compares || contains_text(value),
        };
        if !needs_access {
            return Ok(());
        }
        self.scope_check.require_model(model, Operation::Read, &self)?;
        if compares_names(operator, value) { self.scope_check.require_name_search(model, &self) } else { Ok(()) }
    }

    fn resolve<T>(
        self,
        path: &str,
        schema: &Schema,
        then: impl FnOnce(Self, PathTarget<'_>) -> Result<T, PlanError>,
    ) -> Result<T, PlanError> {
        let mut names = path.split('.');
        let name = names.next().unwrap_or_default();
        self.scope_check.require_field(&schema.model, Operation::Read, name, &self)?;
        let field = schema.field(name).ok_or_else(|| self.unknown(schema, name))?;
        if !field.searchable {
            let expected =
                format!("a searchable field (Odoo computes {name} of {} and does not store it)", schema.model);
            return Err(self.mismatch(ErrorCode::FieldNotSearchable, 0, &expected, path));
        }
        if name == "display_name" {
            self.scope_check.require_name_search(&schema.model, &self)?;
        }
        let here = Self { has_alias: field.alias_of.is_some(), ..self };
        match path.split_once('.') {
            None => then(here, PathTarget::Field(name, field, schema)),
            Some((_, rest)) => here.resolve_related(schema, field, (path, rest), then),
        }
    }

    fn resolve_related<T>(
        self,
        schema: &Schema,
        field: &Field,
        (path, rest): (&str, &str),
        then: impl FnOnce(Self, PathTarget<'_>) -> Result<T, PlanError>,
    ) -> Result<T, PlanError> {
        let major = self.metadata.major_version();
        match (field.kind, &field.relation) {
            (kind, Some(model)) if kind.is_relation() => {
                self.scope_check.require_model(model, Operation::Read, &self)?;
                let prefix_len = self.path.len().saturating_sub(rest.len() + 1);
                let x2many_len = if kind.is_x2many() { prefix_len } else { self.x2many_len };
                let schema = self.scope_check.checked_schema(self.metadata, model, Operation::Read, &self)?;
                Self { x2many_len, ..self }.resolve(rest, &schema, then)
            }
            (FieldType::Date | FieldType::Datetime, _) if is_date_part(field.kind, rest, major) => {
                then(self, PathTarget::DatePart)
            }
            (FieldType::Date | FieldType::Datetime, _)
                if DatePart::parse(rest).is_some() && !DatePart::is_available_in(major) =>
            {
                Err(self.mismatch(ErrorCode::InvalidDomain, 0, "Odoo 18 or later for parts of dates", path))
            }
            (FieldType::Properties, _) if major >= 16 => then(self, PathTarget::Property),
            (FieldType::Binary, _) if matches!(rest, "size" | "filename") => {
                if !self.metadata.version().is_at_least(FILE_PARTS_FROM) {
                    let expected = "Odoo 20 or later for sizes and names of files";
                    return Err(self.mismatch(ErrorCode::InvalidDomain, 0, expected, path));
                }
                let (named, target) = match rest {
                    "size" => ("file_size", PathTarget::FileSize),
                    _ => ("name", PathTarget::FileName),
                };
                if field.is_attachment_content() {
                    self.scope_check.require_field(&schema.model, Operation::Read, named, &self)?;
                }
                then(self, target)
            }
            _ => Err(self.mismatch(ErrorCode::InvalidDomain, 0, "a relation before each dot", path)),
        }
    }

    fn unknown(self, schema: &Schema, name: &str) -> PlanError {
        self.scope_check.unknown_field(schema, name, &self.location(0))
    }

    fn mismatch(self, code: ErrorCode, child: usize, expected: &str, found: &str) -> PlanError {
        let path = [self.position, &[child]].concat();
        let error = TreeError { path, expected: expected.to_owned(), found: found.to_owned(), ..TreeError::default() };
        let problem: Problem = error.into_problem(code, self.parameter);
        problem.into()
    }

    fn location(self, child: usize) -> String {
        let steps = [self.position, &[child]].concat();
        steps.iter().fold(self.parameter.to_owned(), |location, step| format!("{location}[{step}]"))
    }
}

/// The path by the names of Odoo.
fn sent_path(path: &FieldPath<'_>) -> Option<FieldPath<'static>> {
    let sent = |step| if step == DATAS { RAW } else { step };
    FieldPath::parse(path.as_str().split('.').map(sent).collect::<Vec<_>>().join(".")).ok()
}

fn is_date_part(kind: FieldType, name: &str, major: u8) -> bool {
    let fits_kind = |part: DatePart| kind == FieldType::Datetime || part.is_part_of_date();
    DatePart::is_available_in(major) && DatePart::parse(name).is_some_and(fits_kind)
}

fn contains_text(value: &Value<'_>) -> bool {
    match value {
        Value::List(items) => items.iter().any(contains_text),
        other => other.as_text().is_some(),
    }
}

/// Whether Odoo searches records by their names. For an operator that compares text, numbers are names too.
fn compares_names(operator: Operator, value: &TermValue<'_>) -> bool {
    match value {
        TermValue::Domain(_) => false,
        TermValue::Value(value) => contains_text(value) || Comparison::from_operator(operator) == Comparison::Pattern,
    }
}

/// The value as errors show it.
fn excerpt(value: &Value<'_>) -> String {
    value.excerpt(60)
}

/// Whether records of the model have a parent. `fields_get` does not return the parent field, but its name contains
/// `parent`.
fn has_parent(schema: &Schema) -> bool {
    let references_itself = |field: &Field| {
        field.stored
            && field.kind == FieldType::Many2one
            && field.relation.as_ref().is_some_and(|model| *model == schema.model)
    };
    schema.field("parent_path").is_some()
        || schema.fields().any(|(name, field)| name.as_str().contains("parent") && references_itself(field))
}
