//! Fields that depend on hidden fields, and models that delegate to other models.

use super::*;
use crate::names::FieldName;
use crate::plan::Values;

/// Contacts, fields computed from them, and a model of an add-on that delegates to attachments.
struct Addons;

fn texts(paths: &[&'static str]) -> Value<'static> {
    paths.iter().map(|path| Value::from(*path)).collect()
}

impl Metadata for Addons {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        let plain = |name: &'static str| field(name, "char", &[]);
        let computed = |name, paths: &[&'static str]| field(name, "char", &[("depends", texts(paths))]);
        let to = |name, model: &'static str| {
            field(name, "many2one", &[("relation", model.into()), ("required", true.into())])
        };
        let related = |name, path: &'static str| field(name, "char", &[("related", path.into())]);
        let fields = match model.as_str() {
            "res.partner" => vec![
                plain("email"),
                plain("phone"),
                to("parent_id", "res.partner"),
                to("category_id", "res.partner.category"),
                computed("normalized", &["email"]),
                computed("blocked", &["phone", "normalized"]),
                computed("of_parent", &["parent_id.email"]),
                computed("display_name", &["phone", "email"]),
                computed("of_name", &["display_name"]),
            ],
            "calendar.attendee" => vec![
                to("partner_id", "res.partner"),
                field("mail", "char", &[("related", texts(&["partner_id", "email"]))]),
                related("normal", "partner_id.normalized"),
                related("phone", "partner_id.phone"),
                computed("far", &["event_id.user_id.email"]),
            ],
            "ir.attachment" => vec![plain("name"), plain("datas"), plain("res_model")],
            "x.file" => vec![
                to("file_id", "ir.attachment"),
                related("name", "file_id.name"),
                related("datas", "file_id.datas"),
                field("res_model", "char", &[("related", "file_id.res_model".into())]),
            ],
            "x.log" => vec![to("file_id", "ir.attachment"), related("name", "file_id.name"), plain("datas")],
            _ => vec![plain("name")],
        };
        Some(schema(model.as_str(), [field("id", "integer", &[])].into_iter().chain(fields).collect()))
    }

    fn default_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(19, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Some(UserDefaults::default())
    }
}

const NO_MAIL: &str = r#"[
    {"models": "*", "operations": ["read", "create", "update"]},
    {"models": "res.partner", "operations": ["read", "update"], "fields": {"except": ["email"]}}
]"#;

fn planned(scope: &str, name: &str, action: Action) -> Result<Plan, String> {
    let scope = Scope::from_json(scope).unwrap();
    let mut intent =
        Intent { model: model(name), action, many2one_display: Many2oneDisplay::Named, domain_parameter: "domain" };
    plan(&mut intent, &RequestedContext::default(), &scope, &Addons).map_err(|error| format!("{error:?}"))
}

fn read(fields: FieldSet) -> Action {
    Action::ReadOne { id: RecordId::new(1).unwrap(), fields }
}

fn visible(scope: &str, name: &str) -> String {
    match planned(scope, name, read(FieldSet::All)).unwrap() {
        Plan::Read { read, .. } => {
            read.columns.visible.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_computed_from_a_hidden_field_are_hidden() {
    assert_eq!(visible(NO_MAIL, "res.partner"), "id,phone,parent_id,category_id,display_name,of_name");
    assert_eq!(visible(NO_MAIL, "calendar.attendee"), "id,partner_id,phone");
    for (name, hidden) in [
        ("res.partner", "normalized"),
        ("res.partner", "blocked"),
        ("res.partner", "of_parent"),
        ("calendar.attendee", "mail"),
        ("calendar.attendee", "normal"),
        ("calendar.attendee", "far"),
    ] {
        let rejected =
            planned(NO_MAIL, name, read(FieldSet::Named(vec![FieldName::parse(hidden).unwrap()]))).unwrap_err();
        assert!(rejected.contains(&format!("`read` on the field `{hidden}` of `{name}`")), "{rejected}");
    }
}

#[test]
fn a_field_listed_in_only_is_visible_despite_its_dependencies() {
    let naming = format!(
        "{},{}",
        NO_MAIL.trim_end().trim_end_matches(']'),
        r#"{"models": "res.partner", "operations": ["read"], "fields": {"only": ["normalized"]}}]"#
    );
    assert!(visible(&naming, "res.partner").contains("normalized"));
    assert!(!visible(&naming, "res.partner").contains("email"));
}

#[test]
fn writes_are_only_rejected_for_fields_related_to_a_hidden_field() {
    let write = |name: &str, values: &str| {
        let target = RecordSet::One(RecordId::new(1).unwrap());
        planned(
            NO_MAIL,
            name,
            Action::Update { target, values: Values::from_tree("vals", tree(values)), returning: Returning::Ids },
        )
    };
    write("res.partner", "{'blocked': 'x'}").unwrap();
    write("calendar.attendee", "{'phone': 'x'}").unwrap();
    assert!(write("calendar.attendee", "{'mail': 'x'}").unwrap_err().contains("`update` on the field `mail`"));
    assert!(write("res.partner", "{'email': 'x'}").unwrap_err().contains("`update` on the field `email`"));
}

#[test]
fn delegation_to_attachments_is_detected_by_fields() {
    let all = |action: Action| planned(r#"[{"models": "x.*", "operations": ["read", "create"]}]"#, "x.file", action);
    let count = Action::Count { domain: Domain::default() };
    let make = Action::CreateOne { values: Values::from_tree("vals", tree("{}")), returning: Returning::Ids };
    for (action, operation) in [(read(FieldSet::All), "read"), (count, "read"), (make, "create")] {
        let rejected = all(action).unwrap_err();
        assert!(rejected.contains(&format!("`{operation}` on `ir.attachment`")), "{rejected}");
    }
    let call = call_of("read", "[[1],['datas']]", "{}");
    assert!(all(call).unwrap_err().contains("`read` on `ir.attachment`"));
    let both = r#"[{"models": "*", "operations": ["read"]}, {"models": "ir.attachment", "operations": ["read"]}]"#;
    planned(both, "x.file", read(FieldSet::All)).unwrap();
    planned(r#"[{"models": "x.*", "operations": ["read"]}]"#, "x.log", read(FieldSet::All)).unwrap();
}
