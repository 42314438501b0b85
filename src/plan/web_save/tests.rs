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
    Values, plan,
};

/// Partners as in the samples, of this version of Odoo; and another model.
struct Versioned(u8);

impl Metadata for Versioned {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        match model.as_str() {
            "iap.account" => Some(schema("iap.account", vec![field("name", "char", &[]), created()])),
            "a.view" => Some(schema("a.view", vec![field("name", "char", &[])])),
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

    fn major_version(&self) -> u8 {
        self.0
    }

    fn user_defaults(&self) -> UserDefaults {
        UserDefaults::default()
    }
}

fn created() -> crate::value::Member<'static> {
    field("create_date", "datetime", &[])
}

/// The specification as JSON, and what the result is used for.
type Planned = Option<(String, &'static str)>;

fn web_save(major: u8, model: &str, action: Action) -> Planned {
    let intent = Intent {
        model: ModelName::parse(model).unwrap(),
        action,
        many2one_display: Many2oneDisplay::Named,
        domain_parameter: "domain",
    };
    let web_save = match plan(intent, &RequestedContext::default(), &Scope::All, &Versioned(major)).unwrap() {
        Plan::Create { web_save, .. } => web_save?,
        Plan::Update(update) => update.web_save?,
        other => panic!("{other:?}"),
    };
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

fn create(returning: Returning) -> Planned {
    web_save(19, "res.partner", Action::CreateOne { values: values("name", "x"), returning })
}

fn id(id: i64) -> RecordId {
    RecordId::new(id).unwrap()
}

fn update(values: Values, returning: Returning) -> Planned {
    web_save(19, "res.partner", Action::Update { target: RecordSet::One(id(7)), values, returning })
}

fn existence() -> Planned {
    Some((r#"{"create_date":{}}"#.into(), "existence"))
}

#[test]
fn creation_is_one_call_if_only_simple_stored_columns_are_returned() {
    let specification = r#"{"name":{},"country_id":{"fields":{"display_name":{}}},"create_date":{}}"#;
    assert_eq!(create(names("name,country_id")), Some((specification.into(), "both")));
    let requested = r#"{"create_date":{},"date":{}}"#;
    assert_eq!(create(names("create_date,date")), Some((requested.into(), "both")), "named once");
    for field in ["child_ids", "category_id", "image_1920", "credit", "tz_offset", "props"] {
        assert_eq!(create(names(&format!("name,{field}"))), None, "{field}");
    }
    assert_eq!(create(Returning::Records(FieldSet::All)), None);
    assert_eq!(create(selected("{name, country_id{name}}")), None, "related records");
    assert_eq!(create(Returning::Ids), None);
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
    assert_eq!(update(values("color", 1_i64), Returning::Ids), None);
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
    assert_eq!(web_save(19, "a.company", per_company), columns());
}

#[test]
fn records_model_and_version_decide_what_is_one_call() {
    let purpose = |major, model, target| {
        let action = Action::Update { target, values: values("name", "x"), returning: names("name") };
        web_save(major, model, action).map(|(_, purpose)| purpose)
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
    let intent = Intent {
        model: ModelName::parse("res.partner").unwrap(),
        action,
        many2one_display: Many2oneDisplay::Named,
        domain_parameter: "domain",
    };
    let plan = plan(intent, &RequestedContext::default(), &Scope::All, &Samples).unwrap();
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
