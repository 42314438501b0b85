//! Fields that are made of hidden ones, and models that are made of others.

use super::*;
use crate::names::FieldName;
use crate::plan::Values;

/// Contacts, what is computed of them, and a model of some add-on that delegates to attachments.
struct Addons;

fn texts(paths: &[&'static str]) -> Value<'static> {
    paths.iter().map(|path| Value::from(*path)).collect()
}

impl Known for Addons {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        let plain = |name: &'static str| field(name, "char", &[]);
        let made_of = |name, paths: &[&'static str]| field(name, "char", &[("depends", texts(paths))]);
        let to = |name, model: &'static str| {
            field(name, "many2one", &[("relation", model.into()), ("required", true.into())])
        };
        let shown = |name, path: &'static str| field(name, "char", &[("related", path.into())]);
        let fields = match model.as_str() {
            "res.partner" => vec![
                plain("email"),
                plain("phone"),
                to("parent_id", "res.partner"),
                to("category_id", "res.partner.category"),
                made_of("normalized", &["email"]),
                made_of("blocked", &["phone", "normalized"]),
                made_of("of_parent", &["parent_id.email"]),
                made_of("display_name", &["phone", "email"]),
                made_of("of_name", &["display_name"]),
            ],
            "calendar.attendee" => vec![
                to("partner_id", "res.partner"),
                field("mail", "char", &[("related", texts(&["partner_id", "email"]))]),
                shown("normal", "partner_id.normalized"),
                shown("phone", "partner_id.phone"),
                made_of("far", &["event_id.user_id.email"]),
            ],
            "ir.attachment" => vec![plain("name"), plain("datas"), plain("res_model")],
            "x.file" => vec![
                to("file_id", "ir.attachment"),
                shown("name", "file_id.name"),
                shown("datas", "file_id.datas"),
                field("res_model", "char", &[("related", "file_id.res_model".into())]),
            ],
            "x.log" => vec![to("file_id", "ir.attachment"), shown("name", "file_id.name"), plain("datas")],
            _ => vec![plain("name")],
        };
        Some(schema(model.as_str(), [field("id", "integer", &[])].into_iter().chain(fields).collect()))
    }

    fn own_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn major_version(&self) -> u8 {
        19
    }

    fn user_defaults(&self) -> UserDefaults {
        UserDefaults::default()
    }
}

const NO_MAIL: &str = r#"[
    {"models": "*", "operations": ["read", "create", "update"]},
    {"models": "res.partner", "operations": ["read", "update"], "fields": {"except": ["email"]}}
]"#;

fn planned(scope: &str, name: &str, deed: Deed) -> Result<Plan, String> {
    let scope = Scope::from_json(scope).unwrap();
    let mut wish = Wish { model: model(name), deed, links: Links::Named, domain_parameter: "domain" };
    plan(&mut wish, &ContextAsked::default(), &scope, &Addons).map_err(|error| format!("{error:?}"))
}

fn read(fields: Fields) -> Deed {
    Deed::ReadOne { id: RecordId::new(1).unwrap(), fields }
}

fn shown(scope: &str, name: &str) -> String {
    match planned(scope, name, read(Fields::All)).unwrap() {
        Plan::Read { read, .. } => {
            read.columns.shown.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_made_of_a_hidden_field_is_hidden_with_it() {
    assert_eq!(shown(NO_MAIL, "res.partner"), "id,phone,parent_id,category_id,display_name,of_name");
    assert_eq!(shown(NO_MAIL, "calendar.attendee"), "id,partner_id,phone");
    for (name, hidden) in [
        ("res.partner", "normalized"),
        ("res.partner", "blocked"),
        ("res.partner", "of_parent"),
        ("calendar.attendee", "mail"),
        ("calendar.attendee", "normal"),
        ("calendar.attendee", "far"),
    ] {
        let told = planned(NO_MAIL, name, read(Fields::Named(vec![FieldName::parse(hidden).unwrap()]))).unwrap_err();
        assert!(told.contains(&format!("may not read the field {hidden} of {name}")), "{told}");
    }
}

#[test]
fn a_field_that_only_names_is_shown_whatever_it_is_made_of() {
    let naming = format!(
        "{},{}",
        NO_MAIL.trim_end().trim_end_matches(']'),
        r#"{"models": "res.partner", "operations": ["read"], "fields": {"only": ["normalized"]}}]"#
    );
    assert!(shown(&naming, "res.partner").contains("normalized"));
    assert!(!shown(&naming, "res.partner").contains("email"));
}

#[test]
fn what_is_written_is_hidden_only_where_it_stands_for_a_hidden_field() {
    let write = |name: &str, values: &str| {
        let target = Target::One(RecordId::new(1).unwrap());
        planned(NO_MAIL, name, Deed::Update { target, values: Values::tree("vals", tree(values)), back: Back::Ids })
    };
    write("res.partner", "{'blocked': 'x'}").unwrap();
    write("calendar.attendee", "{'phone': 'x'}").unwrap();
    assert!(write("calendar.attendee", "{'mail': 'x'}").unwrap_err().contains("may not update the field mail"));
    assert!(write("res.partner", "{'email': 'x'}").unwrap_err().contains("may not update the field email"));
}

#[test]
fn a_model_of_another_add_on_is_known_by_its_fields_to_be_made_of_attachments() {
    let all = |deed: Deed| planned(r#"[{"models": "x.*", "operations": ["read", "create"]}]"#, "x.file", deed);
    let count = Deed::Count { domain: Domain::default() };
    let make = Deed::CreateOne { values: Values::tree("vals", tree("{}")), back: Back::Ids };
    for (deed, operation) in [(read(Fields::All), "read"), (count, "read"), (make, "create")] {
        let told = all(deed).unwrap_err();
        assert!(told.contains(&format!("may not {operation} ir.attachment")), "{told}");
    }
    let call = call_of("read", "[[1],['datas']]", "{}");
    assert!(all(call).unwrap_err().contains("may not read ir.attachment"));
    let both = r#"[{"models": "*", "operations": ["read"]}, {"models": "ir.attachment", "operations": ["read"]}]"#;
    planned(both, "x.file", read(Fields::All)).unwrap();
    planned(r#"[{"models": "x.*", "operations": ["read"]}]"#, "x.log", read(Fields::All)).unwrap();
}
