//! What conditions find the records behind a place.

use super::*;
use crate::language::literal::Limits;
use crate::plan::schema::samples::partner;

fn behind(order: &str, place: &[Value<'static>], major: u8) -> String {
    let order = Order::read(order, Limits::query()).unwrap();
    let key = Key::of(Some(&order), &partner(), major).unwrap();
    serde_json::to_string(&Value::List(key.behind(place))).unwrap()
}

#[test]
fn the_place_is_put_as_a_condition() {
    let (name, none, seven) = (Value::from("N"), Value::Bool(false), Value::Int(7));
    for (order, place, domain) in [
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
        assert_eq!(behind(order, &place, 16), domain, "{order}");
    }
}

#[test]
fn an_empty_text_and_none_are_told_apart_where_equality_does_not() {
    for (major, domain) in [
        (17, r#"["|",["name","<","N"],"&",["name","=","N"],["id",">",7]]"#),
        (18, r#"["|","&",["name","<","N"],["name","=like","%"],"&",["name","=","N"],["id",">",7]]"#),
    ] {
        assert_eq!(behind("name desc", &["N".into(), Value::Int(7)], major), domain);
    }
    let empty = r#"["|","|",["name",">",""],["name","not =like","%"],"&","&",["name","=",""],["name","=like","%"],["id",">",7]]"#;
    assert_eq!(behind("name", &["".into(), Value::Int(7)], 19), empty);
}
