//! The conditions that find the records after a cursor.

use super::*;
use crate::language::literal::Limits;
use crate::plan::samples::partner;

fn after(order: &str, cursor: &[Value<'static>], major: u8) -> String {
    let order = Order::parse(order, Limits::query()).unwrap();
    let key = KeysetKey::from_order(Some(&order), &partner(), VersionNumber::new(major, 0)).unwrap();
    serde_json::to_string(&Value::List(key.records_after(cursor))).unwrap()
}

#[test]
fn a_cursor_becomes_a_condition() {
    let (name, none, seven) = (Value::from("N"), Value::Bool(false), Value::Int(7));
    for (order, cursor, domain) in [
        ("", vec![seven.clone()], r#"[["id",">",7]]"#),
        ("id desc, name", vec![seven.clone()], r#"[["id","<",7]]"#),
        (
            "date",
            vec!["2020-01-01".into(), seven.clone()],
            r#"["|","|",["date",">","2020-01-01"],["date","=",false],"&",["date","=","2020-01-01"],["id",">",7]]"#,
        ),
        (
            "date desc",
            vec!["2020-01-01".into(), seven.clone()],
            r#"["|",["date","<","2020-01-01"],"&",["date","=","2020-01-01"],["id",">",7]]"#,
        ),
        ("date", vec![none.clone(), seven.clone()], r#"["&",["date","=",false],["id",">",7]]"#),
        (
            "date desc",
            vec![none.clone(), seven.clone()],
            r#"["|",["date","!=",false],"&",["date","=",false],["id",">",7]]"#,
        ),
        (
            "country_id.id desc nulls last, name",
            vec![Value::Int(3), name.clone(), seven.clone()],
            r#"["|","|","|",["country_id","<",3],["country_id","=",false],"&",["country_id","=",3],"|",["name",">","N"],["name","=",false],"&","&",["country_id","=",3],["name","=","N"],["id",">",7]]"#,
        ),
    ] {
        assert_eq!(after(order, &cursor, 16), domain, "{order}");
    }
}

#[test]
fn empty_strings_and_null_are_distinguished_where_equality_does_not() {
    for (major, domain) in [
        (17, r#"["|",["name","<","N"],"&",["name","=","N"],["id",">",7]]"#),
        (18, r#"["|","&",["name","<","N"],["name","=like","%"],"&",["name","=","N"],["id",">",7]]"#),
    ] {
        assert_eq!(after("name desc", &["N".into(), Value::Int(7)], major), domain);
    }
    let empty = r#"["|","|",["name",">",""],["name","not =like","%"],"&","&",["name","=",""],["name","=like","%"],["id",">",7]]"#;
    assert_eq!(after("name", &["".into(), Value::Int(7)], 19), empty);
}

#[test]
fn the_cursor_of_a_many2one_is_its_id_in_every_form_that_odoo_returns() {
    let field = FieldName::from_static("parent_id");
    let term = KeyTerm { field, kind: Kind::Link, descending: false, nulls_first: false };
    let pair = Value::List(vec![Value::Int(7), "Azure".into()]);
    let record = Value::Map(vec![("id".into(), Value::Int(7)), ("display_name".into(), "Azure".into())]);
    for value in [pair, record, Value::Int(7)] {
        assert_eq!(term.value(&value), Some(Value::Int(7)));
    }
    assert_eq!(term.value(&Value::Bool(false)), Some(Value::Bool(false)));
    assert_eq!(term.value(&Value::Map(Vec::new())), None);
}
