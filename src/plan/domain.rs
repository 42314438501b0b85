//! A domain checked against the schemas of the models that its paths touch.
//!
//! In: a well-formed domain. Out: the same with dates in Odoo's form, or the first term that cannot be meant. Must not
//! know: how the domain was written. Odoo 14..18 answer every record for a field that they cannot search, and 14
//! ignores the offset of a datetime: neither gets past here.

use std::fmt;

use super::datetime::{to_odoo_date, to_odoo_datetime};
use super::guard::Guard;
use super::known::{Known, PlanError};
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use crate::error::Problem;
use crate::explain::Code;
use crate::language::TreeError;
use crate::language::domain::{DatePart, Domain, Operator, Term, TermValue};
use crate::names::ModelName;
use crate::value::Value;

/// Checks every term and converts the dates, in place. A check that lacked a schema can be made again.
///
/// # Errors
/// 400 naming the term and what is wrong with it, 403 when it reaches beyond the scope; or a schema that is lacking.
pub(super) fn check(
    domain: &mut Domain<'static>,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<(), PlanError> {
    Check { known, guard, way: &[], path: "" }.domain(domain, schema)
}

#[derive(Clone, Copy)]
struct Check<'c> {
    known: &'c dyn Known,
    guard: Guard<'c>,
    /// The child indexes that lead to the domain at hand.
    way: &'c [usize],
    /// The whole path of the term at hand.
    path: &'c str,
}

/// `domain[0][0]: partner_id.email`; printed only in a refusal.
impl fmt::Display for Check<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place(0), self.path)
    }
}

/// What a path leads to.
enum Goal {
    /// A field of this type, and the model behind it.
    Field(FieldType, Option<ModelName>),
    /// A number taken from a date, or a property: nothing more is known.
    Unknown,
}

impl Check<'_> {
    fn domain(self, domain: &mut Domain<'static>, schema: &Schema) -> Result<(), PlanError> {
        for (index, term) in domain.terms_mut() {
            let way = [self.way, &[index]].concat();
            Check { way: &way, ..self }.term(term, schema)?;
        }
        Ok(())
    }

    fn term(self, term: &mut Term<'static>, schema: &Schema) -> Result<(), PlanError> {
        let major = self.known.major_version();
        if !term.operator.available_in(major) {
            let operator = term.operator.as_str();
            let expected = format!("an operator of Odoo {major} ({operator} came with {})", term.operator.since());
            return Err(self.refuse(Code::InvalidDomain, 1, &expected, operator));
        }
        let here = Check { path: term.path.as_str(), ..self };
        let goal = here.walk(here.path, schema)?;
        here.look_beyond(term.operator, &term.value, &goal)?;
        match (&mut term.value, goal) {
            (TermValue::Sub(domain), Goal::Field(kind, Some(model))) if kind.is_relation() => {
                let way = [self.way, &[2]].concat();
                let schema = self.guard.schema(self.known, &model, Operation::Read, &here)?;
                Check { way: &way, ..self }.domain(domain, &schema)
            }
            (TermValue::Sub(_), _) => {
                Err(self.refuse(Code::InvalidDomain, 0, "a relation before any and not any", term.path.as_str()))
            }
            (TermValue::Value(value), Goal::Field(FieldType::Date, _)) if compares(term.operator) => {
                self.moments(value, to_odoo_date)
            }
            (TermValue::Value(value), Goal::Field(FieldType::Datetime, _)) if compares(term.operator) => {
                self.moments(value, to_odoo_datetime)
            }
            (TermValue::Value(_), _) => Ok(()),
        }
    }

    /// A relation that is compared by text is searched by name; one compared by its place in a tree is climbed.
    fn look_beyond(self, operator: Operator, value: &TermValue<'_>, goal: &Goal) -> Result<(), PlanError> {
        let Goal::Field(_, Some(model)) = goal else { return Ok(()) };
        let asks = match value {
            TermValue::Sub(_) => true,
            TermValue::Value(value) => !compares(operator) || holds_text(value),
        };
        if !asks {
            return Ok(());
        }
        self.guard.model(model, Operation::Read, &self)?;
        if compares_names(operator, value) { self.guard.names(model, &self) } else { Ok(()) }
    }

    fn walk(self, path: &str, schema: &Schema) -> Result<Goal, PlanError> {
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
            // Odoo climbs a tree from an id as it does from a relation to the model itself.
            None if name == "id" => Ok(Goal::Field(field.kind, Some(schema.model.clone()))),
            None => Ok(Goal::Field(field.kind, field.relation.clone())),
            Some((_, rest)) => self.walk_on(field, rest, path),
        }
    }

    fn walk_on(self, field: &Field, rest: &str, path: &str) -> Result<Goal, PlanError> {
        let major = self.known.major_version();
        match (field.kind, &field.relation) {
            (kind, Some(model)) if kind.is_relation() => {
                self.guard.model(model, Operation::Read, &self)?;
                self.walk(rest, &*self.guard.schema(self.known, model, Operation::Read, &self)?)
            }
            (FieldType::Date | FieldType::Datetime, _) if is_date_part(field.kind, rest, major) => Ok(Goal::Unknown),
            (FieldType::Date | FieldType::Datetime, _)
                if DatePart::parse(rest).is_some() && !DatePart::available_in(major) =>
            {
                Err(self.refuse(Code::InvalidDomain, 0, "Odoo 18 or later for parts of dates", path))
            }
            (FieldType::Properties, _) if major >= 16 => Ok(Goal::Unknown),
            _ => Err(self.refuse(Code::InvalidDomain, 0, "a relation before each dot", path)),
        }
    }

    fn moments(
        self,
        value: &mut Value<'static>,
        convert: fn(&str) -> Result<String, &'static str>,
    ) -> Result<(), PlanError> {
        match value {
            Value::List(items) => items.iter_mut().try_for_each(|item| self.moments(item, convert)),
            Value::Text(text) if self.is_date_expression(text) => Ok(()),
            Value::Text(text) => {
                *text = match convert(text) {
                    Ok(odoo) => odoo.into(),
                    Err(reason) => {
                        let expected = reason.strip_prefix("expected ").unwrap_or(reason);
                        return Err(self.refuse(Code::InvalidValue, 2, expected, &format!("{text:?}")));
                    }
                };
                Ok(())
            }
            Value::Bool(false) => Ok(()),
            other => Err(self.refuse(Code::InvalidValue, 2, "a date as text, or false", &other.excerpt(60))),
        }
    }

    /// From 19 on Odoo reads `today`, `-3d`, `=monday -1w` and the like; it refuses what it cannot read.
    fn is_date_expression(self, text: &str) -> bool {
        self.known.major_version() >= 19 && !text.starts_with(|first: char| first.is_ascii_digit())
    }

    fn unknown(self, schema: &Schema, name: &str) -> PlanError {
        self.guard.unknown(schema, name, &self.place(0))
    }

    fn refuse(self, code: Code, child: usize, expected: &str, found: &str) -> PlanError {
        let at = [self.way, &[child]].concat();
        let error = TreeError { at, expected: expected.to_owned(), found: found.to_owned(), hint: None };
        let problem: Problem = error.into_problem(code, "domain");
        problem.into()
    }

    fn place(self, child: usize) -> String {
        let steps = [self.way, &[child]].concat();
        steps.iter().fold("domain".to_owned(), |place, step| format!("{place}[{step}]"))
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
        TermValue::Value(value) => {
            let climbs = matches!(operator, Operator::ChildOf | Operator::ParentOf);
            holds_text(value) || !(climbs || compares(operator))
        }
    }
}

/// Whether the operator compares values; the others compare their text, or places in a tree.
fn compares(operator: Operator) -> bool {
    use Operator::{Equal, EqualIfSet, Greater, GreaterOrEqual, In, Less, LessOrEqual, NotEqual, NotIn};
    matches!(operator, Equal | NotEqual | Greater | GreaterOrEqual | Less | LessOrEqual | EqualIfSet | In | NotIn)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::known::UserDefaults;
    use super::super::schema::samples::{Samples, partner};
    use super::super::scope::Scope;
    use super::*;
    use crate::language::literal::Limits;

    /// The samples, as an older server has them.
    struct Of(u8);

    impl Known for Of {
        fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
            Samples.schema(model)
        }

        fn own_order(&self, model: &ModelName) -> Option<Arc<str>> {
            Samples.own_order(model)
        }

        fn languages(&self) -> Option<Arc<[String]>> {
            Samples.languages()
        }

        fn major_version(&self) -> u8 {
            self.0
        }

        fn user_defaults(&self) -> UserDefaults {
            UserDefaults::default()
        }
    }

    fn checked(major: u8, text: &str) -> Result<String, (&'static str, String)> {
        let mut domain = Domain::read(text, Limits::query()).unwrap().into_owned();
        match check(&mut domain, &partner(), &Of(major), Guard::new(&Scope::All, &[])) {
            Ok(()) => Ok(serde_json::to_string(&domain.into_value()).unwrap()),
            Err(PlanError::Refused(problem)) => Err((problem.code.as_str(), problem.detail)),
            Err(PlanError::Lacking(lack)) => Err(("lacking", format!("{lack:?}"))),
        }
    }

    #[test]
    fn dates_are_converted_through_paths_lists_and_subdomains() {
        for (given, sent) in [
            ("[('create_date','>=','2026-01-31T10:00:00+02:00')]", r#"[["create_date",">=","2026-01-31 08:00:00"]]"#),
            ("[('parent_id.date','=','2026-01-31T10:00:00Z')]", r#"[["parent_id.date","=","2026-01-31"]]"#),
            ("[('date','in',['2026-01-31T10:00:00Z',False])]", r#"[["date","in",["2026-01-31",false]]]"#),
            (
                "[('child_ids','any',[('date','=','2026-01-31T10:00:00Z')])]",
                r#"[["child_ids","any",[["date","=","2026-01-31"]]]]"#,
            ),
            ("[('create_date','like','2026')]", r#"[["create_date","like","2026"]]"#),
            (
                "[('create_date','>','-3d'),('create_date.month_number','=',3)]",
                r#"[["create_date",">","-3d"],["create_date.month_number","=",3]]"#,
            ),
            (
                "['|',('country_id.code','=','BE'),('country_id','=','Belgium')]",
                r#"["|",["country_id.code","=","BE"],["country_id","=","Belgium"]]"#,
            ),
            ("[('props.a1','=','x')]", r#"[["props.a1","=","x"]]"#),
        ] {
            assert_eq!(checked(19, given).as_deref(), Ok(sent), "{given}");
        }
    }

    #[test]
    fn what_odoo_would_answer_wrongly_is_refused_with_its_place() {
        for (major, given, code, detail) in [
            (
                19,
                "[('nmae','=',1)]",
                "unknown_field",
                "The model res.partner has no field nmae, or this user may not see it.",
            ),
            (
                19,
                "[('country_id.nosuch','=',1)]",
                "unknown_field",
                "The model res.country has no field nosuch, or this user may not see it.",
            ),
            (
                19,
                "['!',('tz_offset','=',1)]",
                "field_not_searchable",
                "domain: expected a field that can be searched (Odoo computes tz_offset of res.partner on the fly), found tz_offset at [1][0]",
            ),
            (
                19,
                "[('name.x','=',1)]",
                "invalid_domain",
                "domain: expected a relation before each dot, found name.x at [0][0]",
            ),
            (
                16,
                "[('child_ids','any',[])]",
                "invalid_domain",
                "domain: expected an operator of Odoo 16 (any came with 17), found any at [0][1]",
            ),
            (
                19,
                "[('name','any',[])]",
                "invalid_domain",
                "domain: expected a relation before any and not any, found name at [0][0]",
            ),
            (
                17,
                "[('date.month_number','=',3)]",
                "invalid_domain",
                "domain: expected Odoo 18 or later for parts of dates, found date.month_number at [0][0]",
            ),
            (
                19,
                "[('date.hour_number','=',3)]",
                "invalid_domain",
                "domain: expected a relation before each dot, found date.hour_number at [0][0]",
            ),
            (
                19,
                "[('child_ids','any',[('date','=','2026-02-30')])]",
                "invalid_value",
                "domain: expected a day of the calendar, found \"2026-02-30\" at [0][2][0][2]",
            ),
            (
                14,
                "[('date','=','notadate')]",
                "invalid_value",
                "domain: expected a date as 2026-01-31, found \"notadate\" at [0][2]",
            ),
            (19, "[('date','=',7)]", "invalid_value", "domain: expected a date as text, or false, found 7 at [0][2]"),
        ] {
            let (found_code, found) = checked(major, given).unwrap_err();
            assert_eq!((found_code, found.as_str()), (code, detail), "{given}");
        }
    }
}
