//! The texts and files of a form, as the values that their fields take.
//!
//! | field | text |
//! |---|---|
//! | char, text, html | as it stands |
//! | selection | one of the keys, else as below |
//! | any other | nothing, `false`, `null` and `None` empty the field |
//! | boolean | `true`, `1`, `on` and `false`, `0`, `off` |
//! | integer, many2one | an integer; a many2one also a literal `[id, name]` or `{"id": id, "name": name}` |
//! | one2many, many2many, properties, json | a JSON or Python literal |
//! | binary | base64; or a file, which is its own content |
//!
//! In: entries. Out: a tree for the checks of the other files, which say what does not fit. Must not know: HTTP.

use super::entry::{Entry, Said};
use super::{Place, Purpose};
use crate::error_code::Code;
use crate::language::literal::{self, Limits};
use crate::language::scalars;
use crate::plan::metadata::PlanError;
use crate::plan::schema::{Field, FieldType, Schema};
use crate::plan::scope_check::Guard;
use crate::value::Value;

/// The tree in `said`, made from the entries when it is a form. Names are looked at before anything is consumed: an unknown one may
/// become known when the schema is read again.
pub(super) fn tree_of<'s>(
    said: &'s mut Said,
    place: Place<'_>,
    purpose: Purpose,
    schema: &Schema,
    guard: Guard<'_>,
) -> Result<&'s mut Value<'static>, PlanError> {
    if let Said::Form(entries) = said {
        for (name, _) in entries.iter() {
            guard.field(&schema.model, purpose.operation(), name, &place.name(name))?;
            schema.field(name).ok_or_else(|| guard.unknown(schema, name, &place.to_string()))?;
        }
        let member = |(name, entry): (String, Entry)| {
            let value = match schema.field(&name) {
                Some(field) => value_of(place.name(&name), entry, field)?,
                None => Value::Null,
            };
            Ok((name.into(), value))
        };
        *said =
            Said::Tree(Value::Map(std::mem::take(entries).into_iter().map(member).collect::<Result<_, PlanError>>()?));
    }
    match said {
        Said::Tree(tree) => Ok(tree),
        Said::Form(_) => Err(place.complain("expected values")),
    }
}

fn value_of(place: Place<'_>, entry: Entry, field: &Field) -> Result<Value<'static>, PlanError> {
    match entry {
        Entry::File(base64) if field.kind == FieldType::Binary => Ok(Value::from(base64)),
        Entry::File(_) => Err(place.complain("expected a text, found a file: only binary fields take files")),
        Entry::Text(text) => of_text(place, text, field),
    }
}

fn of_text(place: Place<'_>, text: String, field: &Field) -> Result<Value<'static>, PlanError> {
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
        FieldType::Boolean => Ok(boolean(word).map_or_else(|| Value::from(word.to_owned()), Value::Bool)),
        FieldType::Many2one if word.starts_with(['[', '(', '{']) => literal(place, word),
        FieldType::Integer | FieldType::Many2one => {
            Ok(word.parse().map_or_else(|_| Value::from(word.to_owned()), Value::Int))
        }
        FieldType::One2many | FieldType::Many2many | FieldType::Properties => literal(place, word),
        FieldType::Json | FieldType::Other => Ok(literal(place, word).unwrap_or_else(|_| Value::from(word.to_owned()))),
        _ => Ok(Value::from(word.to_owned())),
    }
}

/// `on` is what a browser says of a ticked box.
fn boolean(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        word => scalars::boolean(word).ok(),
    }
}

fn literal(place: Place<'_>, text: &str) -> Result<Value<'static>, PlanError> {
    let read = literal::read(text, Limits::body());
    read.map(Value::into_owned).map_err(|error| error.into_problem(Code::InvalidLiteral, &place.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema::samples::{Samples, partner};
    use crate::plan::scope::Scope;
    use crate::plan::values::{Values, check_given};

    fn checked(name: &str, entry: Entry) -> Result<String, String> {
        let mut values = Values::form(vec![(name.to_owned(), entry)]);
        let guard = Guard::new(&Scope::All, &[]);
        match check_given(&mut values, Purpose::Update, &partner(), &Samples, guard) {
            Ok(tree) => Ok(serde_json::to_string(tree.get(name).unwrap()).unwrap()),
            Err(PlanError::Refused(problem)) => Err(problem.detail),
            Err(PlanError::Lacking(lack)) => Err(format!("{lack:?}")),
        }
    }

    #[test]
    fn a_text_is_what_its_field_takes() {
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
            assert_eq!(checked(name, Entry::Text(text.into())).as_deref(), Ok(sent), "{name}={text}");
        }
        assert_eq!(checked("image_1920", Entry::File("aGVsbG8=".into())).as_deref(), Ok(r#""aGVsbG8=""#));
    }

    #[test]
    fn what_its_field_does_not_take_is_refused_by_name() {
        for (name, entry, start) in [
            ("active", Entry::Text("maybe".into()), "body.active: expected true or false, found a text \"maybe\""),
            ("color", Entry::Text("1.5".into()), "body.color: expected an integer"),
            ("country_id", Entry::Text("Belgium".into()), "body.country_id: expected a record id"),
            ("category_id", Entry::Text("[1".into()), "body.category_id: "),
            ("name", Entry::File("aGVsbG8=".into()), "body.name: expected a text, found a file"),
            ("nmae", Entry::Text("x".into()), "The model res.partner has no field nmae"),
        ] {
            let refused = checked(name, entry).unwrap_err();
            assert!(refused.starts_with(start), "{name}: {refused}");
        }
    }

    #[test]
    fn a_form_with_an_unknown_name_stays_whole_to_be_planned_again() {
        let entries =
            vec![("active".to_owned(), Entry::Text("on".into())), ("nmae".to_owned(), Entry::Text("x".into()))];
        let mut values = Values::form(entries);
        let whole = values.clone();
        check_given(&mut values, Purpose::Create, &partner(), &Samples, Guard::new(&Scope::All, &[])).unwrap_err();
        assert_eq!(values, whole);
    }
}
