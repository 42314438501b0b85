//! A domain checked against the schemas of the models that its paths touch, and put as Odoo takes it.
//!
//! ```text
//! comparand  what the fields of each type can be compared with
//! moments    datetimes: the same on every version
//! condition  what comes of a term: one comparison, or several
//! ```
//!
//! In: a well-formed domain. Out: what to send instead, or the first term that cannot be meant. Must not know: how the
//! domain was written. Odoo 14..18 answer every record for a field that they cannot search, and 14 ignores the offset of a
//! datetime: neither gets past here.

mod comparand;
mod condition;
mod datetime_bounds;
#[cfg(test)]
mod tests;

use std::fmt;

use self::comparand::{Comparison, Kind, Misfit, Subject};
use self::condition::Condition;
use super::metadata::{Known, PlanError};
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::Guard;
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::TreeError;
use crate::language::domain::{DatePart, Domain, FieldPath, Operand, Operator, Term, TermValue};
use crate::names::ModelName;
use crate::value::Value;

/// Checks every term, and puts each as all versions of Odoo mean it.
///
/// # Errors
/// 400 naming the term in `parameter` and what is wrong with it, 403 when it reaches beyond the scope; or a schema that is
/// lacking.
pub(super) fn to_odoo(
    domain: &Domain<'static>,
    parameter: &str,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<Domain<'static>, PlanError> {
    Check { known, guard, parameter, way: &[], path: "", through: 0 }.domain(domain, schema)
}

#[derive(Clone, Copy)]
struct Check<'c> {
    known: &'c dyn Known,
    guard: Guard<'c>,
    /// The name that the domain has in the request.
    parameter: &'c str,
    /// The child indexes that lead to the domain at hand.
    way: &'c [usize],
    /// The whole path of the term at hand.
    path: &'c str,
    /// How much of the path leads to any number of records; 0: none of it.
    through: usize,
}

/// `domain[0][0]: partner_id.email`; printed only in a refusal.
impl fmt::Display for Check<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place(0), self.path)
    }
}

/// What a path leads to.
enum Goal<'g> {
    /// A field, and the model that has it.
    Field(&'g str, &'g Field, &'g Schema),
    /// A number taken from a date.
    DatePart,
    /// A property: nothing more is known.
    Property,
}

impl<'g> Goal<'g> {
    fn kind(&self) -> Kind<'g> {
        match self {
            Self::Field("id", ..) => Kind::Id,
            Self::Field(_, field, _) => Kind::Field(field),
            Self::DatePart => Kind::DatePart,
            Self::Property => Kind::Property,
        }
    }

    /// The model behind a relation.
    fn relation(&self) -> Option<&'g ModelName> {
        match self {
            Self::Field(_, field, _) => field.relation.as_ref(),
            _ => None,
        }
    }

    /// The model whose names and tree are searched: Odoo climbs from an id as from a relation to the model itself.
    fn searched(&self) -> Option<&'g ModelName> {
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
        }
    }
}

impl Check<'_> {
    fn domain(self, domain: &Domain<'static>, schema: &Schema) -> Result<Domain<'static>, PlanError> {
        domain.try_rewrite(|index, term| {
            let way = [self.way, &[index]].concat();
            Check { way: &way, path: term.path.as_str(), through: 0, ..self }.term(term, schema)
        })
    }

    fn term(self, term: &Term<'static>, schema: &Schema) -> Result<Operand<'static>, PlanError> {
        let major = self.known.major_version();
        if !term.operator.available_in(major) {
            let operator = term.operator.as_str();
            let expected = format!("an operator of Odoo {major} ({operator} came with {})", term.operator.since());
            return Err(self.refuse(Code::InvalidDomain, 1, &expected, operator));
        }
        self.walk(self.path, schema, |here, goal| {
            here.look_beyond(term.operator, &term.value, &goal)?;
            match (&term.value, goal.relation()) {
                (TermValue::Sub(domain), Some(model)) if !matches!(goal.kind(), Kind::Id) => {
                    let way = [here.way, &[2]].concat();
                    let schema = here.guard.schema(here.known, model, Operation::Read, &here)?;
                    let domain = Check { way: &way, ..here }.domain(domain, &schema)?;
                    Ok(Operand::term(Term { value: TermValue::Sub(domain), ..term.clone() }))
                }
                (TermValue::Sub(_), _) => {
                    Err(here.refuse(Code::InvalidDomain, 0, "a relation before any and not any", here.path))
                }
                (TermValue::Value(value), _) => here.comparison(term, value, &goal),
            }
        })
    }

    fn comparison(
        self,
        term: &Term<'static>,
        value: &Value<'static>,
        goal: &Goal<'_>,
    ) -> Result<Operand<'static>, PlanError> {
        let operator = term.operator;
        let subject = Subject { kind: goal.kind(), through_many: self.through > 0, major: self.known.major_version() };
        let condition = comparand::condition(subject, operator, value).map_err(|misfit| match misfit {
            Misfit::Operator(fit) => {
                let expected = format!("one of {fit} for {} ({})", self.path, goal.type_name());
                self.refuse(Code::InvalidDomain, 1, &expected, operator.as_str())
            }
            Misfit::Value(expected) => {
                let expected = format!("{expected}, for \"{} {}\"", self.path, operator.as_str());
                self.refuse(Code::InvalidValue, 2, &expected, &found(value))
            }
        })?;
        if Comparison::by(operator) == Comparison::Hierarchy {
            self.check_tree(operator, goal)?;
        }
        Ok(self.operand(condition, &term.path))
    }

    /// Several comparisons behind a path through any number of records must hold for the same of them.
    fn operand(self, condition: Condition, path: &FieldPath<'static>) -> Operand<'static> {
        let parts = path.as_str().split_at_checked(self.through).filter(|_| self.through > 0);
        let parts = parts.and_then(|(many, rest)| Some((many, rest.strip_prefix('.')?)));
        match (&condition, parts) {
            (Condition::All(_) | Condition::Any(_), Some((many, rest)))
                if Operator::Any.available_in(self.known.major_version()) =>
            {
                let parse = |path: &str| FieldPath::parse(path.to_owned()).ok();
                let (Some(many), Some(rest)) = (parse(many), parse(rest)) else { return condition.on(path) };
                let domain = Domain::from_operand(condition.on(&rest));
                Operand::term(Term { path: many, operator: Operator::Any, value: TermValue::Sub(domain) })
            }
            _ => condition.on(path),
        }
    }

    /// A many2one to its own model is climbed itself, everything else by the parent of the model it leads to.
    fn check_tree(self, operator: Operator, goal: &Goal<'_>) -> Result<(), PlanError> {
        let Goal::Field(name, field, schema) = goal else { return Ok(()) };
        let is_tree = match &field.relation {
            Some(model) if *model == schema.model && field.kind == FieldType::Many2one => true,
            Some(model) => has_parent(&*self.guard.schema(self.known, model, Operation::Read, &self)?),
            None => has_parent(schema),
        };
        if is_tree {
            return Ok(());
        }
        let model = field.relation.as_ref().filter(|_| *name != "id").unwrap_or(&schema.model);
        let expected = format!("an operator without a tree for {} ({model} has no parent)", self.path);
        Err(self.refuse(Code::InvalidDomain, 1, &expected, operator.as_str()))
    }

    /// A relation that is compared by text is searched by name; one compared by its place in a tree is climbed.
    fn look_beyond(self, operator: Operator, value: &TermValue<'_>, goal: &Goal<'_>) -> Result<(), PlanError> {
        let Some(model) = goal.searched() else { return Ok(()) };
        let compares = matches!(Comparison::by(operator), Comparison::Equality | Comparison::Ordering);
        let asks = match value {
            TermValue::Sub(_) => true,
            TermValue::Value(value) => !compares || holds_text(value),
        };
        if !asks {
            return Ok(());
        }
        self.guard.model(model, Operation::Read, &self)?;
        if compares_names(operator, value) { self.guard.names(model, &self) } else { Ok(()) }
    }

    fn walk<T>(
        self,
        path: &str,
        schema: &Schema,
        then: impl FnOnce(Self, Goal<'_>) -> Result<T, PlanError>,
    ) -> Result<T, PlanError> {
        let mut names = path.split('.');
        let name = names.next().unwrap_or_default();
        self.guard.field(&schema.model, Operation::Read, name, &self)?;
        let field = schema.field(name).ok_or_else(|| self.unknown(schema, name))?;
        if !field.searchable {
            let expected =
                format!("a field that can be searched (Odoo computes {name} of {} on the fly)", schema.model);
            return Err(self.refuse(Code::FieldNotSearchable, 0, &expected, path));
        }
        if name == "display_name" {
            self.guard.names(&schema.model, &self)?;
        }
        match path.split_once('.') {
            None => then(self, Goal::Field(name, field, schema)),
            Some((_, rest)) => self.walk_on(field, (path, rest), then),
        }
    }

    fn walk_on<T>(
        self,
        field: &Field,
        (path, rest): (&str, &str),
        then: impl FnOnce(Self, Goal<'_>) -> Result<T, PlanError>,
    ) -> Result<T, PlanError> {
        let major = self.known.major_version();
        match (field.kind, &field.relation) {
            (kind, Some(model)) if kind.is_relation() => {
                self.guard.model(model, Operation::Read, &self)?;
                let so_far = self.path.len().saturating_sub(rest.len() + 1);
                let through = if kind.is_x2many() { so_far } else { self.through };
                let schema = self.guard.schema(self.known, model, Operation::Read, &self)?;
                Self { through, ..self }.walk(rest, &schema, then)
            }
            (FieldType::Date | FieldType::Datetime, _) if is_date_part(field.kind, rest, major) => {
                then(self, Goal::DatePart)
            }
            (FieldType::Date | FieldType::Datetime, _)
                if DatePart::parse(rest).is_some() && !DatePart::available_in(major) =>
            {
                Err(self.refuse(Code::InvalidDomain, 0, "Odoo 18 or later for parts of dates", path))
            }
            (FieldType::Properties, _) if major >= 16 => then(self, Goal::Property),
            _ => Err(self.refuse(Code::InvalidDomain, 0, "a relation before each dot", path)),
        }
    }

    fn unknown(self, schema: &Schema, name: &str) -> PlanError {
        self.guard.unknown(schema, name, &self.place(0))
    }

    fn refuse(self, code: Code, child: usize, expected: &str, found: &str) -> PlanError {
        let at = [self.way, &[child]].concat();
        let error = TreeError { at, expected: expected.to_owned(), found: found.to_owned(), ..TreeError::default() };
        let problem: Problem = error.into_problem(code, self.parameter);
        problem.into()
    }

    fn place(self, child: usize) -> String {
        let steps = [self.way, &[child]].concat();
        steps.iter().fold(self.parameter.to_owned(), |place, step| format!("{place}[{step}]"))
    }
}

fn is_date_part(kind: FieldType, name: &str, major: u8) -> bool {
    let of_kind = |part: DatePart| kind == FieldType::Datetime || part.is_of_date();
    DatePart::available_in(major) && DatePart::parse(name).is_some_and(of_kind)
}

fn holds_text(value: &Value<'_>) -> bool {
    match value {
        Value::List(items) => items.iter().any(holds_text),
        other => other.as_text().is_some(),
    }
}

/// Whether Odoo looks records up by their names. Numbers are names too to an operator that compares texts.
fn compares_names(operator: Operator, value: &TermValue<'_>) -> bool {
    match value {
        TermValue::Sub(_) => false,
        TermValue::Value(value) => holds_text(value) || Comparison::by(operator) == Comparison::Pattern,
    }
}

/// What stands there, as refusals show it.
fn found(value: &Value<'_>) -> String {
    value.excerpt(60)
}

/// Whether records of the model have a parent: what Odoo climbs is not among what it tells, but named like this.
fn has_parent(schema: &Schema) -> bool {
    let leads_to_itself = |field: &Field| {
        field.stored
            && field.kind == FieldType::Many2one
            && field.relation.as_ref().is_some_and(|model| *model == schema.model)
    };
    schema.field("parent_path").is_some()
        || schema.fields().any(|(name, field)| name.as_str().contains("parent") && leads_to_itself(field))
}
