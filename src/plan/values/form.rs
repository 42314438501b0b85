//! Form fields and files, parsed by the type of the model's field.
//!
//! | field | text |
//! |---|---|
//! | char, text, html | unchanged |
//! | selection | one of the keys, otherwise as below |
//! | any other | an empty text, `false`, `null` and `None` clear the field |
//! | boolean | `true`, `1`, `on` and `false`, `0`, `off` |
//! | integer, many2one | an integer; a many2one also a literal `[id, name]` or `{"id": id, "name": name}` |
//! | one2many, many2many, properties, json | a JSON or Python literal |
//! | binary | base64; or a file |
//!
//! In: form fields. Out: a tree for the checks of the other files, which report values that do not fit. Must not
//! know: HTTP.

use super::input::{FormEntry, ValuesInput};
use super::{Purpose, ValuePath};
use crate::error_code::ErrorCode;
use crate::language::literal::{self, BodyValues, Limits};
use crate::language::{SyntaxError, bool_and_int};
use crate::plan::error::PlanError;
use crate::plan::model_schema::{Field, FieldType, Schema};
use crate::plan::scope_check::ScopeCheck;
use crate::value::Value;

/// Returns the tree of the input, after converting a form. Names are checked before anything is moved: an unknown
/// name can be valid after the schema is fetched again.
pub(super) fn tree_mut<'s>(
    input: &'s mut ValuesInput,
    path: ValuePath<'_>,
    purpose: Purpose,
    schema: &Schema,
    scope_check: ScopeCheck<'_>,
) -> Result<&'s mut Value<'static>, PlanError> {
    if let ValuesInput::Form(entries, body) = input {
        for (name, _) in entries.iter() {
            scope_check.require_field(&schema.model, purpose.operation(), name, &path.name(name))?;
            schema.field(name).ok_or_else(|| scope_check.unknown_field(schema, name, &path.to_string()))?;
        }
        let member = |(name, entry): (String, FormEntry)| {
            let value = match schema.field(&name) {
                Some(field) => value_from_entry(path.name(&name), entry, field, body)?,
                None => Value::Null,
            };
            Ok((name.into(), value))
        };
        *input = ValuesInput::Tree(Value::Map(
            std::mem::take(entries).into_iter().map(member).collect::<Result<_, PlanError>>()?,
        ));
    }
    match input {
        ValuesInput::Tree(tree) => Ok(tree),
        ValuesInput::Form(..) => Err(path.invalid("expected values")),
    }
}

fn value_from_entry(
    path: ValuePath<'_>,
    entry: FormEntry,
    field: &Field,
    body: &BodyValues,
) -> Result<Value<'static>, PlanError> {
    match entry {
        FormEntry::File(base64) if field.kind == FieldType::Binary => Ok(Value::from(base64)),
        FormEntry::File(_) => Err(path.invalid("expected a text, found a file: only binary fields accept files")),
        FormEntry::Text(text) => value_from_text(path, text, field, body),
    }
}

fn value_from_text(
    path: ValuePath<'_>,
    text: String,
    field: &Field,
    body: &BodyValues,
) -> Result<Value<'static>, PlanError> {
    let is_key = || field.selection.as_ref().is_some_and(|keys| keys.contains(&text));
    match field.kind {
        FieldType::Char | FieldType::Text | FieldType::Html => return Ok(Value::from(text)),
        FieldType::Selection if is_key() => return Ok(Value::from(text)),
        _ => {}
    }
    let word = text.trim();
    if matches!(word, "" | "false" | "False" | "null" | "None") {
        return Ok(Value::Bool(false));
    }
    match field.kind {
        FieldType::Boolean => Ok(parse_boolean(word).map_or_else(|| Value::from(word.to_owned()), Value::Bool)),
        FieldType::Many2one if word.starts_with(['[', '(', '{']) => parse_literal(path, word, body),
        FieldType::Integer | FieldType::Many2one => {
            Ok(word.parse().map_or_else(|_| Value::from(word.to_owned()), Value::Int))
        }
        FieldType::One2many | FieldType::Many2many | FieldType::Properties => parse_literal(path, word, body),
        FieldType::Json | FieldType::Other => match literal::parse(word, Limits::body(body)) {
            Err(error) if !error.too_many => Ok(Value::from(word.to_owned())),
            parsed => owned_literal(path, parsed),
        },
        _ => Ok(Value::from(word.to_owned())),
    }
}

/// Browsers send `on` for a checked checkbox.
fn parse_boolean(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        word => bool_and_int::parse_boolean(word).ok(),
    }
}

fn parse_literal(path: ValuePath<'_>, text: &str, body: &BodyValues) -> Result<Value<'static>, PlanError> {
    owned_literal(path, literal::parse(text, Limits::body(body)))
}

fn owned_literal(path: ValuePath<'_>, parsed: Result<Value<'_>, SyntaxError>) -> Result<Value<'static>, PlanError> {
    parsed
        .map(Value::into_owned)
        .map_err(|error| error.into_problem(ErrorCode::InvalidLiteral, &path.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::{Samples, partner};
    use crate::plan::scope::Scope;
    use crate::plan::values::{Values, check_input};

    fn checked(name: &str, entry: FormEntry) -> Result<String, String> {
        let mut values = Values::from_form(vec![(name.to_owned(), entry)], BodyValues::at_most(100));
        let scope_check = ScopeCheck::new(&Scope::All, &[]);
        match check_input(&mut values, Purpose::Update, &partner(), &Samples, scope_check) {
            Ok(tree) => Ok(serde_json::to_string(tree.get(name).unwrap()).unwrap()),
            Err(PlanError::Rejected(problem)) => Err(problem.detail),
            Err(PlanError::NeedsMetadata(missing)) => Err(format!("{missing:?}")),
        }
    }

    #[test]
    fn form_fields_are_parsed_by_the_type_of_the_field() {
        for (name, text, sent) in [
            ("name", " Ann ", r#"" Ann ""#),
            ("name", "", r#""""#),
            ("name", "false", r#""false""#),
            ("active", "on", "true"),
            ("active", "0", "false"),
            ("active", "", "false"),
            ("color", " 7", "7"),
            ("color", "", "false"),
            ("credit", "1e3", r#""1e3""#),
            ("date", "2026-01-31T10:00:00Z", r#""2026-01-31""#),
            ("type", "invoice", r#""invoice""#),
            ("type", "null", "false"),
            ("country_id", "5", "5"),
            ("country_id", "[5, 'Belgium']", "5"),
            ("country_id", "None", "false"),
            ("category_id", "[1, 2]", "[[6,0,[1,2]]]"),
            ("category_id", "{'link': 3}", "[[4,3,0]]"),
            ("child_ids", "[(0, 0, {'name': 'B'})]", r#"[[0,0,{"name":"B"}]]"#),
            ("ref_to", "res.partner,7", r#""res.partner,7""#),
            ("image_1920", "aGVsbG8=", r#""aGVsbG8=""#),
        ] {
            assert_eq!(checked(name, FormEntry::Text(text.into())).as_deref(), Ok(sent), "{name}={text}");
        }
        assert_eq!(checked("image_1920", FormEntry::File("aGVsbG8=".into())).as_deref(), Ok(r#""aGVsbG8=""#));
    }

    #[test]
    fn invalid_form_fields_are_rejected_by_name() {
        for (name, entry, start) in [
            (
                "active",
                FormEntry::Text("maybe".into()),
                "body.active: expected true or false, found a string \"maybe\"",
            ),
            ("color", FormEntry::Text("1.5".into()), "body.color: expected an integer"),
            ("country_id", FormEntry::Text("Belgium".into()), "body.country_id: expected a record id"),
            ("category_id", FormEntry::Text("[1".into()), "body.category_id: "),
            ("name", FormEntry::File("aGVsbG8=".into()), "body.name: expected a text, found a file"),
            ("nmae", FormEntry::Text("x".into()), "The model res.partner has no field nmae"),
        ] {
            let rejected = checked(name, entry).unwrap_err();
            assert!(rejected.starts_with(start), "{name}: {rejected}");
        }
    }

    #[test]
    fn a_form_with_an_unknown_field_can_be_planned_again() {
        let entries =
            vec![("active".to_owned(), FormEntry::Text("on".into())), ("nmae".to_owned(), FormEntry::Text("x".into()))];
        let mut values = Values::from_form(entries, BodyValues::at_most(100));
        let full = values.clone();
        check_input(&mut values, Purpose::Create, &partner(), &Samples, ScopeCheck::new(&Scope::All, &[])).unwrap_err();
        assert_eq!(values, full);
    }

    #[test]
    fn literals_of_all_fields_share_the_limit_of_the_body() {
        let entry = |name: &str, text: &str| (name.to_owned(), FormEntry::Text(text.to_owned()));
        let check = |max: usize| {
            let entries = vec![entry("category_id", "[1, 2]"), entry("child_ids", "[(5,)]")];
            let mut values = Values::from_form(entries, BodyValues::at_most(max));
            check_input(&mut values, Purpose::Update, &partner(), &Samples, ScopeCheck::new(&Scope::All, &[])).map(drop)
        };
        assert!(check(6).is_ok());
        let Err(PlanError::Rejected(problem)) = check(5) else { panic!("accepted") };
        assert_eq!((problem.code, problem.parameter.as_deref()), (ErrorCode::BodyTooLarge, Some("body.child_ids")));
    }
}
