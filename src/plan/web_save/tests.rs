//! Which writes become one call.

use std::sync::Arc;

use super::*;
use crate::language::domain::Domain;
use crate::language::literal::Limits;
use crate::language::selection::Selection;
use crate::names::ModelName;
use crate::plan::samples::{Samples, field, schema};
use crate::plan::{
    Action, FieldSet, Intent, Many2oneDisplay, Plan, RecordSet, RequestedContext, Returning, Scope, UserDefaults,
    Values, VersionNumber, plan,
};

/// Partners as in the samples, of this version of Odoo; and another model.
struct Versioned(u8);

impl Metadata for Versioned {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        match model.as_str() {
            "iap.account" => Some(schema("iap.account", vec![field("name", "char", &[]), created()])),
            "a.view" => Some(schema("a.view", vec![field("name", "char", &[])])),
            "a.price" => Some(schema(
                "a.price",
                vec![
                    field("name", "char", &[]),
                    field("display_name", "char", &[("store", false.into())]),
                    field("weight", "float", &[]),
                    field("amount", "monetary", &[]),
                    field("parent_id", "many2one", &[("relation", "a.price".into())]),
                    created(),
                ],
            )),
            "a.company" => {
                let per_company = field("code", "char", &[("company_dependent", true.into())]);
                Some(schema("a.company", vec![field("name", "char", &[]), per_company, created()]))
            }
            _ => Samples.schema(model),
        }
    }

    fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        Samples.default_order(model)
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(self.0, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Some(UserDefaults::default())
    }
}

fn created() -> crate::value::Member<'static> {
    field("create_date", "datetime", &[])
}

/// The specification as JSON, and what the result is used for.
type Planned = Option<(String, &'static str)>;

fn web_save(major: u8, model: &str, action: Action) -> Option<WebSave> {
    let mut intent = Intent {
        model: ModelName::parse(model).unwrap(),
        action,
        many2one_display: Many2oneDisplay::Named,
        domain_parameter: "domain",
    };
    match plan(&mut intent, &RequestedContext::default(), &Scope::All, &Versioned(major)).unwrap() {
        Plan::Update(update) => update.web_save,
        other => panic!("{other:?}"),
    }
}

fn planned(major: u8, model: &str, action: Action) -> Planned {
    let web_save = web_save(major, model, action)?;
    let purpose = match (web_save.shows_existence, web_save.reads_back) {
        (true, true) => "both",
        (true, false) => "existence",
        (false, true) => "columns",
        (false, false) => "nothing",
    };
    Some((serde_json::to_string(&web_save.specification).unwrap(), purpose))
}

fn names(text: &str) -> Returning {
    Returning::Records(FieldSet::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect()))
}

fn selected(text: &str) -> Returning {
    Returning::Records(FieldSet::Selected(Selection::parse(text, Limits::query()).unwrap()))
}

fn values(field: &'static str, value: impl Into<Value<'static>>) -> Values {
    Values::from_tree("vals", Value::Map(vec![(field.into(), value.into())]))
}

fn id(id: i64) -> RecordId {
    RecordId::new(id).unwrap()
}

fn update(values: Values, returning: Returning) -> Planned {
    planned(19, "res.partner", Action::Update { target: RecordSet::One(id(7)), values, returning })
}

fn existence() -> Planned {
    Some((r#"{"create_date":{}}"#.into(), "existence"))
}

#[test]
fn update_of_simple_stored_columns_proves_existence_and_reads_them() {
    let written = r#"{"color":{},"create_date":{}}"#;
    assert_eq!(update(values("color", 1_i64), Returning::Written), Some((written.into(), "both")));
    let nested = r#"{"name":{},"country_id":{"fields":{"name":{}}},"create_date":{}}"#;
    assert_eq!(update(values("color", 1_i64), selected("{name, country_id{name}}")), Some((nested.into(), "both")));
    for returning in
        [Returning::Records(FieldSet::All), names("child_ids"), names("tz_offset"), selected("{child_ids{name}}")]
    {
        assert_eq!(update(values("color", 1_i64), returning.clone()), existence(), "{returning:?}");
    }
    assert_eq!(update(values("comment", "<p>x</p>"), Returning::Written), existence(), "sanitized twice");
    assert_eq!(update(values("color", 1_i64), Returning::Ids), existence());
    assert_eq!(update(values("child_ids", Value::List(vec![Value::Int(8)])), Returning::Ids), None);
}

#[test]
fn update_that_can_change_other_tables_checks_existence_first() {
    let columns = || Some((r#"{"name":{},"create_date":{}}"#.into(), "columns"));
    let children = || values("child_ids", Value::List(vec![Value::Int(8)]));
    for values in [children(), values("tz_offset", "x"), values("image_1920", "aGk=")] {
        assert_eq!(update(values.clone(), names("name")), columns(), "{values:?}");
    }
    assert_eq!(update(children(), Returning::Written), None);
    assert_eq!(update(children(), Returning::Records(FieldSet::All)), None);
    let per_company =
        Action::Update { target: RecordSet::One(id(7)), values: values("code", "x"), returning: names("name") };
    assert_eq!(planned(19, "a.company", per_company), columns());
}

#[test]
fn update_that_creates_related_records_is_not_one_call() {
    let command = |number, id, name: &'static str, value: Value<'static>| {
        let values = Value::Map(vec![(name.into(), value)]);
        Value::List(vec![Value::List(vec![Value::Int(number), Value::Int(id), values])])
    };
    let create = || command(0, 0, "name", "x".into());
    let nested = command(1, 8, "child_ids", create());
    let columns = Some((r#"{"name":{},"create_date":{}}"#.into(), "columns"));
    for (commands, expected) in [(command(1, 8, "name", "x".into()), columns), (create(), None), (nested, None)] {
        assert_eq!(update(values("child_ids", commands.clone()), names("name")), expected, "{commands:?}");
    }
}

#[test]
fn floats_and_amounts_are_returned_from_the_cache_since_odoo_18() {
    let update = |major, values, returning| {
        let target = RecordSet::One(id(7));
        planned(major, "a.price", Action::Update { target, values, returning }).map(|(_, purpose)| purpose)
    };
    for (returning, on_17) in [
        (names("name"), "both"),
        (names("name,weight"), "existence"),
        (names("amount"), "existence"),
        (selected("{name, parent_id{name}}"), "both"),
        (selected("{name, parent_id{weight}}"), "existence"),
        (selected("{name, parent_id{parent_id{amount}}}"), "existence"),
    ] {
        assert_eq!(update(17, values("name", "x"), returning.clone()), Some(on_17), "{returning:?}");
        assert_eq!(update(18, values("name", "x"), returning.clone()), Some("both"), "{returning:?}");
    }
    assert_eq!(update(17, values("weight", Value::Float(1.15)), names("name")), Some("both"), "only written");
    assert_eq!(update(17, values("weight", Value::Float(1.15)), Returning::Written), Some("existence"));
}

#[test]
fn names_are_read_if_a_specification_contains_them_on_any_level() {
    let reads_names = |returning| {
        let target = RecordSet::One(id(7));
        let action = Action::Update { target, values: values("name", "x"), returning };
        web_save(19, "a.price", action).unwrap().reads_display_names()
    };
    assert!(reads_names(names("display_name")));
    assert!(reads_names(names("parent_id")), "the name of the parent");
    assert!(reads_names(selected("{name, parent_id{display_name}}")));
    assert!(!reads_names(names("name")));
    assert!(!reads_names(selected("{name, parent_id{name}}")));
}

#[test]
fn records_model_and_version_decide_what_is_one_call() {
    let purpose = |major, model, target| {
        let action = Action::Update { target, values: values("name", "x"), returning: names("name") };
        planned(major, model, action).map(|(_, purpose)| purpose)
    };
    for (major, model, target, expected) in [
        (19, "res.partner", RecordSet::One(id(7)), Some("both")),
        (17, "res.partner", RecordSet::One(id(7)), Some("both")),
        (16, "res.partner", RecordSet::One(id(7)), None),
        (19, "res.partner", RecordSet::Many(vec![id(7)]), Some("both")),
        (19, "res.partner", RecordSet::Many(vec![id(7), id(7)]), Some("both")),
        (19, "res.partner", RecordSet::Many(vec![id(7), id(8)]), Some("columns")),
        (19, "res.partner", RecordSet::Many(Vec::new()), None),
        (19, "res.partner", RecordSet::Matching(Domain::default()), None),
        (19, "a.view", RecordSet::One(id(7)), None),
        (19, "a.company", RecordSet::One(id(7)), Some("both")),
        (19, "iap.account", RecordSet::One(id(7)), None),
    ] {
        assert_eq!(purpose(major, model, target.clone()), expected, "{major} {model} {target:?}");
    }
}

#[test]
fn values_move_into_the_call_and_back() {
    let target = RecordSet::One(id(7));
    let action = Action::Update { target, values: values("color", 1_i64), returning: Returning::Written };
    let mut intent = Intent {
        model: ModelName::parse("res.partner").unwrap(),
        action,
        many2one_display: Many2oneDisplay::Named,
        domain_parameter: "domain",
    };
    let plan = plan(&mut intent, &RequestedContext::default(), &Scope::All, &Samples).unwrap();
    let Plan::Update(update) = plan else { panic!("{plan:?}") };
    let (web_save, mut write) = (update.web_save.unwrap(), update.write);
    let before = write.clone();
    let call = web_save.call(&mut write, &[id(7)]);
    assert_eq!((call.method.as_str(), call.effect), ("web_save", before.effect));
    assert_eq!(call.kwargs, before.kwargs, "the same context");
    assert_eq!(
        serde_json::to_string(&Value::List(call.args.clone())).unwrap(),
        r#"[[7],{"color":1},{"color":{},"create_date":{}}]"#
    );
    WebSave::restore(call, &mut write);
    assert_eq!(write, before);
}
