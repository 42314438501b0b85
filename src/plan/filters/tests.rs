//! Filters of every field type as domains, and rejected filters.

use super::*;
use crate::plan::samples::{field, partner, schema};
use crate::plan::scope::Scope;

fn filter(parameter: &str, values: &[&str]) -> Filter {
    Filter {
        parameter: parameter.to_owned(),
        values: values.iter().map(|text| Value::from((*text).to_owned())).collect(),
        suggestion: None,
    }
}

fn domain(filters: &[Filter]) -> Result<String, Problem> {
    of(filters, &partner(), &Scope::All)
}

fn of(filters: &[Filter], schema: &Schema, scope: &Scope) -> Result<String, Problem> {
    match condition(filters, schema, ScopeCheck::new(scope, &[])) {
        Ok(domain) => Ok(serde_json::to_string(&domain.into_value()).unwrap()),
        Err(PlanError::Rejected(problem)) => Err(*problem),
        Err(missing) => panic!("{missing:?}"),
    }
}

#[test]
fn a_filter_value_is_converted_to_the_type_of_its_field() {
    for (parameter, values, expected) in [
        ("name", &["Azure"][..], r#"[["name","=","Azure"]]"#),
        ("name", &["7"], r#"[["name","=","7"]]"#),
        ("name", &[""], r#"[["name","=",""]]"#),
        ("comment", &[" <p> "], r#"[["comment","="," <p> "]]"#),
        ("active", &["False"], r#"[["active","=",false]]"#),
        ("active", &["1"], r#"[["active","=",true]]"#),
        ("active", &[""], r#"[["active","=",false]]"#),
        ("color", &["-3"], r#"[["color","=",-3]]"#),
        ("color", &[""], r#"[["color","=",false]]"#),
        ("id", &["7"], r#"[["id","=",7]]"#),
        ("id", &["7", "9"], r#"[["id","in",[7,9]]]"#),
        ("credit", &["1e3"], r#"[["credit","=",1000.0]]"#),
        ("date", &["2026-01-31T10:00:00Z"], r#"[["date","=","2026-01-31"]]"#),
        ("create_date", &["2026-01-31T10:00:00+02:00"], r#"[["create_date","=","2026-01-31T10:00:00+02:00"]]"#),
        ("type", &["contact", "invoice"], r#"[["type","in",["contact","invoice"]]]"#),
        ("country_id", &["21"], r#"[["country_id","=",21]]"#),
        ("country_id", &["", "21"], r#"[["country_id","in",[false,21]]]"#),
        ("category_id", &["3"], r#"[["category_id","=",3]]"#),
        ("ref_to", &["res.partner,7"], r#"[["ref_to","=","res.partner,7"]]"#),
        ("create_date_start", &["2023-12-31"], r#"[["create_date",">=","2023-12-31"]]"#),
        ("create_date_end", &["2024-12-01"], r#"[["create_date","<=","2024-12-01"]]"#),
        ("color_end", &["5"], r#"[["color","<=",5]]"#),
        ("name_start", &["M"], r#"[["name",">=","M"]]"#),
        ("props", &[""], r#"[["props","=",false]]"#),
    ] {
        assert_eq!(domain(&[filter(parameter, values)]).as_deref(), Ok(expected), "{parameter}={values:?}");
    }
}

#[test]
fn all_filters_apply_together() {
    let both = [filter("name", &["a"]), filter("color", &["1"])];
    assert_eq!(domain(&both).as_deref(), Ok(r#"[["name","=","a"],["color","=",1]]"#));
    assert_eq!(domain(&[]).as_deref(), Ok("[]"));
}

#[test]
fn typed_values_are_accepted() {
    let typed = |parameter: &str, value| {
        domain(&[Filter { parameter: parameter.into(), values: vec![value], suggestion: None }])
    };
    assert_eq!(typed("color", Value::Int(4)).as_deref(), Ok(r#"[["color","=",4]]"#));
    assert_eq!(typed("active", Value::Bool(true)).as_deref(), Ok(r#"[["active","=",true]]"#));
    assert_eq!(typed("country_id", Value::Null).as_deref(), Ok(r#"[["country_id","=",false]]"#));
    let list = Value::List(vec![Value::Int(4), Value::from("5")]);
    assert_eq!(typed("id", list).as_deref(), Ok(r#"[["id","in",[4,5]]]"#));
    assert_eq!(typed("name", Value::Int(4)).unwrap_err().detail, "name: expected a string, found an integer 4");
}

#[test]
fn a_field_with_the_exact_name_takes_precedence_over_a_range() {
    let schema =
        schema("x", vec![field("date", "date", &[]), field("date_start", "date", &[]), field("id", "integer", &[])]);
    let day = |parameter| of(&[filter(parameter, &["2026-01-31"])], &schema, &Scope::All);
    assert_eq!(day("date_start").as_deref(), Ok(r#"[["date_start","=","2026-01-31"]]"#));
    assert_eq!(day("date_end").as_deref(), Ok(r#"[["date","<=","2026-01-31"]]"#));
    assert_eq!(day("date_start_end").as_deref(), Ok(r#"[["date_start","<=","2026-01-31"]]"#));
}

#[test]
fn invalid_filters_are_rejected_with_the_parameter_name() {
    for (parameter, values, code, detail) in [
        ("nmae", &["x"][..], ErrorCode::UnknownField, "The model res.partner has no field nmae"),
        (
            "crate_date_start",
            &["2026-01-01"],
            ErrorCode::UnknownField,
            "The model res.partner has no field crate_date,",
        ),
        ("parent_id.name", &["x"], ErrorCode::UnknownField, "The model res.partner has no field parent_id.name"),
        ("_start", &["x"], ErrorCode::UnknownField, "The model res.partner has no field "),
        (
            "tz_offset",
            &["x"],
            ErrorCode::FieldNotSearchable,
            "tz_offset: the field `tz_offset` of `res.partner` cannot be",
        ),
        (
            "color",
            &["red"],
            ErrorCode::InvalidValue,
            "color: expected an integer from -2147483648 to 2147483647, found a st",
        ),
        ("color", &["2147483648"], ErrorCode::InvalidValue, "color: expected an integer from"),
        ("credit", &["inf"], ErrorCode::InvalidValue, "credit: expected a number"),
        ("active", &["maybe"], ErrorCode::InvalidValue, "active: expected true or false"),
        (
            "date",
            &["2026-02-30"],
            ErrorCode::InvalidValue,
            "date: expected a day that exists in the calendar, found a string",
        ),
        ("create_date_start", &["soon"], ErrorCode::InvalidValue, "create_date_start: expected a date and time as"),
        ("create_date_end", &[""], ErrorCode::InvalidValue, "create_date_end: expected a value to compare with"),
        (
            "create_date_end",
            &["2026-01-01", "2026-01-02"],
            ErrorCode::RepeatedParameter,
            "The parameter `create_date_end` is",
        ),
        ("active_start", &["1"], ErrorCode::InvalidValue, "active_start: expected a number, date or text field"),
        ("country_id_end", &["1"], ErrorCode::InvalidValue, "country_id_end: expected a number, date or text field"),
        (
            "country_id",
            &["Belgium"],
            ErrorCode::InvalidValue,
            "country_id: expected a record id, found a string \"Belgium\"",
        ),
        ("country_id", &["0"], ErrorCode::InvalidValue, "country_id: expected a record id"),
        ("type", &["zzz"], ErrorCode::InvalidValue, "type: expected one of contact, invoice, found a string \"zzz\""),
        ("name", &["a\0b"], ErrorCode::InvalidValue, "name: expected a string without control characters"),
        ("ref_to", &["7"], ErrorCode::InvalidValue, "ref_to: expected model,id"),
        ("props", &["x"], ErrorCode::InvalidValue, "props: expected an empty value"),
        ("image_1920", &["x"], ErrorCode::FieldNotSearchable, "image_1920: "),
    ] {
        let problem = domain(&[filter(parameter, values)]).unwrap_err();
        assert_eq!(problem.code, code, "{parameter}: {}", problem.detail);
        assert!(problem.detail.starts_with(detail), "{parameter}: {}", problem.detail);
        assert_eq!(problem.parameter.as_deref(), Some(parameter));
    }
    assert_eq!(domain(&[filter("nmae", &["x"])]).unwrap_err().hint.as_deref(), Some("Did you mean name?"));
}

#[test]
fn a_filter_cannot_use_a_hidden_field() {
    let scope =
        Scope::from_json(r#"[{"models": "res.partner", "operations": ["read"], "fields": {"only": ["name"]}}]"#);
    let scope = scope.unwrap();
    let filtered = |parameter: &str| of(&[filter(parameter, &["1"])], &partner(), &scope);
    assert!(filtered("name").is_ok() && filtered("name_start").is_ok());
    for hidden in ["color", "color_start", "nosuch"] {
        assert_eq!(filtered(hidden).unwrap_err().code, ErrorCode::ScopeForbidden, "{hidden}");
    }
}

#[test]
fn a_parameter_of_another_dialect_is_rejected_with_the_right_name_unless_a_field_has_its_name() {
    let filter = |parameter: &str| Filter { suggestion: Some("domain".to_owned()), ..filter(parameter, &["1"]) };
    assert_eq!(domain(&[filter("filter")]).unwrap_err().hint.as_deref(), Some("Did you mean domain?"));
    assert_eq!(domain(&[filter("color")]).as_deref(), Ok(r#"[["color","=",1]]"#));
}
