//! A typed document of the generic document of this gateway and a sample model.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use super::samples::{field, model, partner};
use super::*;
use crate::names::FieldName;
use crate::odoo::FieldDescription;

fn base() -> Value {
    serde_json::to_value(crate::http::openapi()).unwrap()
}

fn document(models: &[TypedModel], query: &str) -> Value {
    typed_document(&base(), models, &DocumentQuery::parse(Some(&format!("models=res.partner{query}"))).unwrap())
}

fn operation_ids(document: &Value) -> Vec<String> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    operations.filter_map(|operation| Some(operation.get("operationId")?.as_str()?.to_owned())).collect()
}

fn schema<'d>(document: &'d Value, name: &str) -> &'d Value {
    document.pointer(&format!("/components/schemas/{name}")).unwrap_or_else(|| panic!("no schema {name}"))
}

/// Every `$ref` in a value.
fn references(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_typed_operation_exists_and_has_the_types_of_the_model() {
    let generic = operation_ids(&base());
    for row in operations::OPERATIONS {
        assert!(generic.iter().any(|id| id == row.id), "{} does not exist", row.id);
    }
    let document = document(&[partner()], "");
    let ids = operation_ids(&document);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "ids are unique");
    let typed = ids.iter().filter(|id| id.contains("ResPartner")).count();
    assert_eq!(typed, operations::OPERATIONS.len());
    for name in operations::OPERATIONS.iter().flat_map(|row| [row.response, row.request]).flatten() {
        let mut inner = HashSet::new();
        references(schema(&document, &format!("ResPartner{}", name.name)), &mut inner);
        let has_type = inner.iter().any(|name| name.starts_with("#/components/schemas/ResPartner"));
        let has_none = name.name.is_empty() || name.content == operations::TypedContent::LabeledIds;
        assert!(has_type || has_none, "{}", name.name);
    }
}

#[test]
fn every_reference_leads_to_a_component_and_every_component_is_used() {
    for query in ["", "&dialect=api", "&empty=null"] {
        let document = document(&[partner()], query);
        let mut used = HashSet::new();
        references(&document, &mut used);
        for pointer in &used {
            assert!(document.pointer(pointer.trim_start_matches('#')).is_some(), "{pointer}{query}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/schemas/{name}")), "{name}{query}");
        }
    }
}

#[test]
fn paths_contain_the_name_of_the_model_and_generic_ones_are_left_out() {
    let document = document(&[partner()], "");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.keys().all(|path| !path.contains("{model}")));
    for path in ["/api/v1/res.partner/{id}", "/restapi/1.0/object/res.partner/search", "/api/v1/health"] {
        assert!(paths.contains_key(path), "{path}");
    }
    let get = &paths["/api/v1/res.partner/{id}"]["get"];
    assert_eq!(get["operationId"], "getResPartner");
    let schema_of = |operation: &Value| operation["responses"]["200"]["content"]["application/json"]["schema"].clone();
    assert_eq!(schema_of(get), json!({"$ref": "#/components/schemas/ResPartnerResponse"}));
    let data = &schema(&document, "ResPartnerResponse")["properties"]["data"];
    assert_eq!(*data, json!({"$ref": "#/components/schemas/ResPartner"}));
    let page = &schema(&document, "ResPartnerPage")["properties"]["data"]["properties"]["records"];
    assert_eq!(*page, json!({"type": "array", "items": {"$ref": "#/components/schemas/ResPartner"}}));
    assert_eq!(schema(&document, "ResPartnerRestapiRecord")["required"], json!(["Contact"]));
}

#[test]
fn one_dialect_has_only_its_own_operations_and_those_that_issue_tokens() {
    let document = document(&[partner()], "&dialect=api_v1");
    let ids = operation_ids(&document);
    assert!(ids.iter().any(|id| id == "listResPartner") && ids.iter().any(|id| id == "oauth2_token"));
    for other in ["Restapi", "ResPartnerApi", "Restful", "restapi_version"] {
        assert!(ids.iter().all(|id| !id.contains(other)), "{other}: {ids:?}");
    }
}

#[test]
fn a_new_record_needs_what_odoo_requires_and_never_contains_what_is_read_only() {
    let document = document(&[partner()], "");
    let create = schema(&document, "ResPartnerCreate");
    assert_eq!((&create["required"], create["properties"].get("id")), (&json!(["name"]), None));
    assert_eq!(schema(&document, "ResPartnerUpdate").get("required"), None);
    assert_eq!(schema(&document, "ResPartner")["required"], json!(["id"]));
    let selection = schema(&document, "ResPartnerType");
    assert_eq!(selection["enum"], json!(["contact", "other"]));
    assert_eq!(selection["x-enum-descriptions"], json!(["Contact", "Other Address"]));
    let commands = &create["properties"]["child_ids"]["anyOf"][1];
    assert_eq!(*commands, json!({"$ref": "#/components/schemas/ResPartnerCommands"}));
    let generic = &create["properties"]["category_id"]["anyOf"][1];
    assert_eq!(*generic, json!({"$ref": "#/components/schemas/RelationCommands"}));
    // A related record gets its parent from the record that it is created with.
    let commands = schema(&document, "ResPartnerCommands")["properties"]["create"]["items"].clone();
    assert_eq!(commands, json!({"$ref": "#/components/schemas/ResPartnerUpdate"}));
    assert_eq!(schema(&document, "ResPartnerUpdate").get("required"), None);
    let body = &document["paths"]["/api/v1/res.partner"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(body["example"], json!({"data": {"name": "Example"}}));
}

#[test]
fn operations_and_fields_that_are_not_allowed_are_left_out() {
    let mut read_only = partner();
    read_only.access.readable.retain(|name| name.as_str() != "image_1920");
    read_only.access.creatable = None;
    read_only.access.updatable = Some(BTreeSet::from([FieldName::from_static("name")]));
    (read_only.access.delete, read_only.access.execute) = (false, false);
    read_only.restful = None;
    let document = document(&[read_only], "");
    let ids = operation_ids(&document);
    for verb in ["create", "delete", "call", "download"] {
        assert!(ids.iter().all(|id| !id.starts_with(&format!("{verb}ResPartner"))), "{verb}");
    }
    assert!(ids.iter().all(|id| !id.ends_with("ResPartnerRestful")));
    let update = schema(&document, "ResPartnerUpdate")["properties"].as_object().unwrap();
    assert_eq!(update.keys().collect::<Vec<_>>(), ["name"]);
    assert_eq!(schema(&document, "ResPartner")["properties"].get("image_1920"), None);
}

#[test]
fn values_of_related_records_have_a_schema_of_their_own_if_an_update_has_other_fields() {
    let mut few = partner();
    few.access.updatable = Some(BTreeSet::from([FieldName::from_static("name")]));
    let document = document(&[few], "");
    let commands = schema(&document, "ResPartnerCommands")["properties"]["create"]["items"].clone();
    assert_eq!(commands, json!({"$ref": "#/components/schemas/ResPartnerValues"}));
    let values = schema(&document, "ResPartnerValues");
    assert!(values["properties"].get("image_1920").is_some() && values.get("required").is_none());
}

#[test]
fn nothing_that_all_models_or_dialects_share_is_repeated() {
    let help = "Where the partner lives.";
    let mut described = partner();
    let fields = described.description.fields.iter().cloned().map(|field| match field.name.as_str() {
        "country_id" => FieldDescription { help: help.to_owned(), ..field },
        _ => field,
    });
    described.description.fields = fields.collect();
    let models = [described, model("res.country", vec![])];
    let document = document(&models, "");
    // In the records of one dialect, in the values of a new record, and in those of an update.
    assert_eq!(document.to_string().matches(help).count(), 3);
    let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let parameters = items.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
    let mut inline = HashSet::new();
    for parameter in parameters.filter(|parameter| parameter.get("$ref").is_none()) {
        assert!(inline.insert(parameter.to_string()), "{parameter}");
    }
    assert!(document["components"]["parameters"]["filter"].is_object());
}

#[test]
fn objects_among_alternatives_have_names() {
    let kinds = ["properties", "binary", "json", "reference", "many2one"];
    let computed = |kind| FieldDescription { is_stored: false, ..field(&format!("a_{kind}"), kind) };
    let document = document(&[model("res.partner", kinds.map(computed).to_vec())], "");
    let mut alternatives = 0;
    let mut pending: Vec<&Value> = document["components"]["schemas"].as_object().unwrap().values().collect();
    while let Some(value) = pending.pop() {
        for one in value.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            alternatives += 1;
            let named = one.get("items").unwrap_or(one);
            assert!(named["type"] != "object", "{value}");
        }
        match value {
            Value::Object(members) => pending.extend(members.values()),
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(alternatives > 10);
}

#[test]
fn null_for_empty_values_makes_the_preference_required() {
    let document = document(&[partner()], "&empty=null");
    let parameters = document["paths"]["/api/v1/res.partner"]["get"]["parameters"].as_array().unwrap();
    let mut parameters = parameters.iter().map(|parameter| paths::resolve(&document, parameter));
    let prefer = parameters.find(|parameter| parameter["name"] == "Prefer").unwrap();
    assert_eq!((&prefer["required"], &prefer["schema"]["default"]), (&json!(true), &json!("empty=null")));
    let country = &schema(&document, "ResPartner")["properties"]["country_id"]["type"];
    assert_eq!(*country, json!(["integer", "null"]));
}

#[test]
fn a_configured_shape_decides_about_records_of_restful() {
    let mut shaped = partner();
    let selection = |text| Some(Selection::parse_schema(text).unwrap());
    shaped.restful = Some(RestfulShapes {
        read: selection("{id, country_id{name}, child_ids{name}}"),
        create: None,
        update: selection("{*}"),
    });
    let document = document(&[shaped], "");
    let properties = schema(&document, "ResPartnerRestful")["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["id", "country_id", "child_ids"]);
    assert_eq!(properties["child_ids"]["items"], json!({"$ref": "#/components/schemas/RelatedRecord"}));
    assert_eq!(schema(&document, "ResPartnerRestfulUpdated")["properties"].as_object().unwrap().len(), 7);
}

#[test]
fn models_are_independent_of_one_another() {
    let both = document(&[partner(), model("res_partner", vec![])], "");
    assert_eq!(schema(&both, "ResPartner"), schema(&document(&[partner()], ""), "ResPartner"));
    assert!(operation_ids(&both).iter().any(|id| id == "listResPartnerModel"));
}
