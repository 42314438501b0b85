//! The scripts of requests: tests of the response, and variables for the requests after it.
//!
//! In: an operation and its recipe. Out: lines of JavaScript for Postman's sandbox. Must not know: how requests are
//! built.

use std::fmt::Write as _;

use super::super::json_text::to_json_text;
use super::document::{DocumentedContent, DocumentedOperation};
use super::recipe::{Recipe, RecipeBody};
use super::response_schema::inline;

/// The script after every request of the collection.
pub(super) const AFTER_EACH: &[&str] =
    &["pm.test(\"The response has a request id\", () => pm.response.to.have.header(\"X-Request-Id\"));"];

/// The script before every request of the collection.
pub(super) const BEFORE_EACH: &[&str] = &[
    "const database = pm.variables.get(\"db\");",
    "if (database) {",
    "    pm.request.headers.upsert({ key: \"X-Odoo-Database\", value: database });",
    "}",
];

/// The variables with the ids of created records.
const CREATED_RECORDS: [&str; 2] = ["recordId", "recordIds"];
/// The variable with the model of these records, in a collection of several models.
const RECORD_MODEL: &str = "recordModel";

/// The script before the request, in lines.
///
/// All models share the variables of created records. The first request of another `model` and each request that
/// creates records clear them, and a request that may change a record is not sent without an id. So neither a failed
/// creation nor a missing one leads to a change of the record of another model, which has the same id by chance.
pub(super) fn before(recipe: &Recipe, model: Option<&str>) -> Vec<String> {
    let mut script: Vec<String> = recipe.before.iter().map(|line| (*line).to_owned()).collect();
    let clear = CREATED_RECORDS.map(|variable| format!("pm.collectionVariables.unset(\"{variable}\");"));
    if let Some(model) = model {
        script.push(format!("if (pm.collectionVariables.get(\"{RECORD_MODEL}\") !== \"{model}\") {{"));
        script.extend(clear.iter().map(|line| format!("    {line}")));
        script.push(format!("    pm.collectionVariables.set(\"{RECORD_MODEL}\", \"{model}\");"));
        script.push("}".to_owned());
    }
    if recipe.saves.iter().any(|(variable, _)| CREATED_RECORDS.contains(variable)) {
        script.extend(clear);
    }
    let body = if let RecipeBody::Json(text) = recipe.body { text } else { "" };
    let is_used = |variable: &&str| {
        let reference = format!("{{{{{variable}}}}}");
        recipe.values.iter().any(|(_, value)| *value == reference) || body.contains(&reference)
    };
    if recipe.method != "get" {
        for variable in CREATED_RECORDS.into_iter().filter(is_used) {
            script.push(format!("if (!pm.collectionVariables.get(\"{variable}\")) {{"));
            script.push("    // No record was created, so there is none to change.".to_owned());
            script.push("    pm.execution.skipRequest();".to_owned());
            script.push("}".to_owned());
        }
    }
    script
}

/// The script after the request, in lines.
pub(super) fn after(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Vec<String> {
    let (success, accepted) = (operation.success(), accepted_statuses(operation, recipe));
    let mut script = status_test(&accepted);
    // No request depends on the body of an error.
    if accepted.contains(&success) {
        let tests = body_tests(operation, recipe, success);
        let is_certain = accepted.len() == 1 || tests.is_empty();
        script.push_str(&if is_certain { tests } else { only_for_status(success, &tests) });
    }
    script.lines().map(str::to_owned).collect()
}

fn body_tests(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>, status: u16) -> String {
    // The document describes the response to one value.
    let is_list = recipe.is_some_and(|recipe| matches!(recipe.body, RecipeBody::Twice(_)));
    let mut tests = if is_list { String::new() } else { shape_test(operation, status) };
    if let Some(recipe) = recipe {
        recipe.checks.iter().for_each(|check| write_check(&mut tests, check));
        recipe.saves.iter().for_each(|save| write_save(&mut tests, save));
    }
    tests
}

fn accepted_statuses(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Vec<u16> {
    let accepted = recipe.map(|recipe| recipe.accepts).unwrap_or_default();
    if accepted.is_empty() { vec![operation.success()] } else { accepted.to_vec() }
}

fn status_test(accepted: &[u16]) -> String {
    match accepted {
        [status] => format!("pm.test(\"Status is {status}\", () => pm.response.to.have.status({status}));\n"),
        several => {
            let list: Vec<String> = several.iter().map(u16::to_string).collect();
            let (names, list) = (list.join(" or "), list.join(", "));
            format!("pm.test(\"Status is {names}\", () => pm.expect(pm.response.code).to.be.oneOf([{list}]));\n")
        }
    }
}

/// Checks a body against its schema if it is JSON, else its media type.
fn shape_test(operation: &DocumentedOperation<'_>, status: u16) -> String {
    let contents = operation.response(&status.to_string()).map(|response| operation.contents(response));
    let contents = contents.unwrap_or_default();
    if let Some(json) = contents.iter().find(|content| content.media_type.contains("json")) {
        return json_test(operation, json);
    }
    let Some(first) = contents.first() else { return String::new() };
    if first.media_type == "application/octet-stream" {
        return "pm.test(\"The file is not empty\", () => pm.expect(pm.response.responseSize).to.be.above(0));\n"
            .to_owned();
    }
    let media_type = first.media_type;
    format!(
        "pm.test(\"Body is {media_type}\", () =>\n    \
         pm.expect(pm.response.headers.get(\"Content-Type\")).to.include(\"{media_type}\"));\n"
    )
}

fn json_test(operation: &DocumentedOperation<'_>, content: &DocumentedContent<'_>) -> String {
    let schema = content.schema.map(|schema| inline(operation.document, schema));
    match schema.filter(|schema| schema.as_object().is_some_and(|members| !members.is_empty())) {
        None => "pm.test(\"Body is JSON\", () => pm.response.json());\n".to_owned(),
        Some(schema) => {
            let schema = to_json_text(&schema).unwrap_or_default();
            format!(
                "const schema = {schema};\n\
                 pm.test(\"Body has the documented shape\", () => pm.response.to.have.jsonSchema(schema));\n"
            )
        }
    }
}

fn write_check(script: &mut String, (name, actual, expected): &(&str, &str, &str)) {
    // Writing to a string never fails.
    let _ = write!(
        script,
        "pm.test(\"{name}\", () => {{\n    const body = pm.response.json();\n    \
         pm.expect({actual}).to.eql({expected});\n}});\n"
    );
}

fn write_save(script: &mut String, (variable, value): &(&str, &str)) {
    let _ = write!(
        script,
        "pm.test(\"{variable} is stored for the requests after this one\", () => {{\n    \
         const body = pm.response.json();\n    const value = {value};\n    pm.expect(value).to.be.ok;\n    \
         pm.collectionVariables.set(\"{variable}\", value);\n}});\n"
    );
}

fn only_for_status(status: u16, tests: &str) -> String {
    let indented: String = tests.lines().map(|line| format!("    {line}\n")).collect();
    format!("if (pm.response.code === {status}) {{\n{indented}}}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::operations;
    use super::super::folder::PostmanFolder;
    use super::*;

    #[test]
    fn ids_are_used_for_the_model_of_their_records_only() {
        let recipe = Recipe {
            values: &[("id", "{{recordId}}")],
            ..Recipe::new("delete", "/{model}/{id}", PostmanFolder::ApiV1, "A")
        };
        assert_eq!(
            before(&recipe, Some("sale.order")),
            [
                "if (pm.collectionVariables.get(\"recordModel\") !== \"sale.order\") {",
                "    pm.collectionVariables.unset(\"recordId\");",
                "    pm.collectionVariables.unset(\"recordIds\");",
                "    pm.collectionVariables.set(\"recordModel\", \"sale.order\");",
                "}",
                "if (!pm.collectionVariables.get(\"recordId\")) {",
                "    // No record was created, so there is none to change.",
                "    pm.execution.skipRequest();",
                "}",
            ]
        );
        assert_eq!(before(&recipe, None).len(), 4, "a collection of one model");
    }

    #[test]
    fn tests_check_status_shape_and_chain() {
        let document = json!({"paths": {"/a": {"get": {"responses": {
            "200": {"content": {"application/json": {"schema": {"type": "object", "description": "A."}}}},
            "401": {},
        }}}}});
        let operation = operations(&document)[0];
        let plain = after(&operation, None);
        assert_eq!(
            plain,
            [
                "pm.test(\"Status is 200\", () => pm.response.to.have.status(200));",
                "const schema = {\"type\":\"object\"};",
                "pm.test(\"Body has the documented shape\", () => pm.response.to.have.jsonSchema(schema));",
            ]
        );
        let recipe = Recipe {
            accepts: &[200, 401],
            saves: &[("recordId", "body.id")],
            ..Recipe::new("get", "/a", PostmanFolder::Gateway, "A")
        };
        let script = after(&operation, Some(&recipe)).join("\n");
        assert!(script.contains("oneOf([200, 401])"), "{script}");
        assert!(script.contains("if (pm.response.code === 200) {\n    const schema"), "{script}");
        assert!(script.contains("    pm.collectionVariables.set(\"recordId\", value);"), "{script}");
    }
}
