//! Which call returns a list at once.

use super::*;
use crate::names::FieldName;
use crate::plan::column_tree::NestedColumns;
use crate::plan::model_schema::FieldType;
use crate::plan::version_number::VersionNumber;

fn column(name: &'static str, kind: FieldType) -> Column {
    Column::plain(FieldName::from_static(name), kind)
}

fn columns(visible: Vec<Column>) -> Columns {
    Columns { visible, named: true, existence_column: None }
}

/// A list of partners with their name and country.
fn list(major: u8, many2one_display: Many2oneDisplay, context: &[(&'static str, Value<'static>)]) -> ListPlan {
    let context = context.iter().map(|(key, value)| ((*key).into(), value.clone())).collect();
    ListPlan {
        model: ModelName::from_static("res.partner"),
        domain: Value::List(Vec::new()),
        window: vec![("limit".into(), Value::Int(80))],
        columns: columns(vec![
            column("id", FieldType::Integer),
            column("name", FieldType::Char),
            column("country_id", FieldType::Many2one),
        ]),
        options: ReadOptions { context, many2one_display, version: VersionNumber::new(major, 0) },
    }
}

/// The call as text: the method, its arguments, and its named arguments.
fn text(call: Option<Call>) -> Option<String> {
    let call = call?;
    let (args, kwargs) = (Value::List(call.args), Value::Map(call.kwargs));
    let json = |value| serde_json::to_string(&value).unwrap();
    Some(format!("{} {} {}", call.method, json(args), json(kwargs)))
}

const ARCHIVED: (&str, Value<'static>) = ("active_test", Value::Bool(false));

#[test]
fn a_list_with_its_total_is_one_call_with_or_without_names() {
    use Many2oneDisplay::{Bare, Named};
    for (major, display, columns) in [
        (14, Named, r#"["name","country_id"]"#),
        (16, Bare, r#"["name","country_id"]"#),
        (17, Bare, r#"{"name":{},"country_id":{}}"#),
        (19, Named, r#"{"name":{},"country_id":{"fields":{"display_name":{}}}}"#),
    ] {
        let expected =
            format!(r#"web_search_read [[],{columns}] {{"limit":80,"context":{{"force_search_count":true}}}}"#);
        assert_eq!(text(list(major, display, &[]).flat_call(true)), Some(expected), "{major} {display:?}");
    }
}

#[test]
fn a_list_without_its_total_is_a_search_read() {
    for (major, display, arguments) in [
        (14, Many2oneDisplay::Bare, r#"{"limit":80}"#),
        (19, Many2oneDisplay::Bare, r#"{"load":"","limit":80}"#),
        (19, Many2oneDisplay::Named, r#"{"limit":80}"#),
    ] {
        let expected = format!(r#"search_read [[],["name","country_id"]] {arguments}"#);
        assert_eq!(text(list(major, display, &[]).flat_call(false)), Some(expected), "{major} {display:?}");
    }
}

#[test]
fn a_list_with_archived_records_is_one_call_where_odoo_reads_in_the_same_context() {
    let with = |major, with_total| text(list(major, Many2oneDisplay::Named, &[ARCHIVED]).flat_call(with_total));
    let columns = r#"{"name":{},"country_id":{"fields":{"display_name":{}}}}"#;
    let page =
        format!(r#"web_search_read [[],{columns}] {{"limit":80,"count_limit":1,"context":{{"active_test":false}}}}"#);
    assert_eq!(with(17, false), Some(page));
    let counted = format!(
        r#"web_search_read [[],{columns}] {{"limit":80,"context":{{"active_test":false,"force_search_count":true}}}}"#
    );
    assert_eq!(with(19, true), Some(counted));
    assert_eq!((with(16, false), with(16, true)), (None, None));
    assert_eq!(text(list(19, Many2oneDisplay::Named, &[ARCHIVED]).search_read_call()), None);
}

#[test]
fn web_read_is_not_used_where_it_differs_from_read() {
    use Many2oneDisplay::{Bare, Named};
    let with_model = |model| ListPlan { model: ModelName::from_static(model), ..list(19, Bare, &[]) };
    let with_kind = |kind, display| {
        let main = list(19, display, &[]);
        main.with_columns(columns(vec![column("x", kind), column("country_id", FieldType::Many2one)]))
    };
    let mut nested = list(19, Named, &[]);
    let related = NestedColumns { model: ModelName::from_static("res.country"), columns: columns(Vec::new()) };
    nested.columns.visible.iter_mut().for_each(|column| {
        column.nested = (column.kind == FieldType::Many2one).then(|| related.clone());
    });
    for (list, is_counted) in [
        (with_model("res.partner"), true),
        (with_model("iap.account"), false),
        (with_kind(FieldType::Properties, Named), false),
        (with_kind(FieldType::Properties, Bare), true),
        (with_kind(FieldType::Other, Named), false),
        (with_kind(FieldType::Reference, Named), true),
        (nested, false),
    ] {
        let method = list.flat_call(true).unwrap().method;
        let expected = if is_counted { OrmMethod::WebSearchRead } else { OrmMethod::SearchRead };
        assert_eq!(method, expected.name(), "{} {:?}", list.model, list.columns);
    }
}

#[test]
fn nested_records_are_counted_only_if_the_total_is_requested() {
    let mut nested = list(19, Many2oneDisplay::Bare, &[]);
    let related = NestedColumns {
        model: ModelName::from_static("res.country"),
        columns: columns(vec![column("code", FieldType::Char)]),
    };
    nested.columns.visible.iter_mut().for_each(|column| {
        column.nested = (column.kind == FieldType::Many2one).then(|| related.clone());
    });
    let call = |window| {
        let columns = r#"{"name":{},"country_id":{"fields":{"code":{}}}}"#;
        Some(format!("web_search_read [[],{columns}] {window}"))
    };
    assert_eq!(text(nested.nested_call(true)), call(r#"{"limit":80,"context":{"force_search_count":true}}"#));
    assert_eq!(text(nested.nested_call(false)), call(r#"{"limit":80,"count_limit":1}"#));
}

/// Partners of Odoo 20 with a file.
fn list_with_file(context: &[(&'static str, Value<'static>)], nested: bool) -> ListPlan {
    let mut list = list(20, Many2oneDisplay::Bare, context);
    let file = column("image_128", FieldType::Binary);
    list.columns.visible.push(if nested {
        let nested = NestedColumns { model: ModelName::from_static("res.partner"), columns: columns(vec![file]) };
        Column { nested: Some(nested), ..column("parent_id", FieldType::Many2one) }
    } else {
        file
    });
    list
}

const SIZE: (&str, Value<'static>) = ("bin_size", Value::Bool(true));

#[test]
fn contents_of_files_are_never_requested_as_a_page_from_odoo_20() {
    let fields = r#"["name","country_id","image_128"]"#;
    let expected = format!(r#"search_read [[],{fields}] {{"load":"","limit":80}}"#);
    assert_eq!(text(list_with_file(&[], false).flat_call(true)), Some(expected));
    assert_eq!(text(list_with_file(&[], true).nested_call(true)), None);
    let nested = list_with_file(&[SIZE], true).nested_call(false).unwrap();
    assert_eq!(nested.method, OrmMethod::WebSearchRead.name());
}

#[test]
fn sizes_of_files_are_a_read_of_their_own_on_odoo_20() {
    let (others, sizes) = list_with_file(&[SIZE], false).split_sizes().unwrap();
    assert_eq!(others.columns.requested().collect::<Vec<_>>(), ["name", "country_id"]);
    let call = sizes.with_ids(vec![RecordId::new(7).unwrap()]).call();
    let expected = r#"web_read [[7],{"image_128":{}}] {"context":{"bin_size":true}}"#;
    assert_eq!(text(Some(call)).as_deref(), Some(expected));
    assert!(list_with_file(&[], false).split_sizes().is_none());
    assert!(list(19, Many2oneDisplay::Bare, &[SIZE]).split_sizes().is_none());
}
