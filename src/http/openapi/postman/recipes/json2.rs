//! The requests of `json2`: the life of a record, one method each.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{METHODS, RECORD_ID, RECORDS};
use crate::http::openapi::postman::folder::PostmanFolder::Json2;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

const SERVER: &str = "Server";
const REFERENCE: &str = "Reference";
const CALL: &str = "/json/2/{model}/{method}";

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("get", "/web/version", Json2, SERVER),
    Recipe::new("get", "/json/version", Json2, SERVER),
    Recipe::new("get", "/doc-bearer/index.json", Json2, REFERENCE),
    Recipe {
        checks: &[("It describes a field", "body.fields.name.type", "\"char\"")],
        ..Recipe::new("get", "/doc-bearer/{document}", Json2, REFERENCE)
    },
    Recipe {
        variant: Some(("create", "create a record")),
        values: &[("model", "res.partner"), ("method", "create")],
        body: RecipeBody::Json("{\n    \"vals_list\": [{\"name\": \"Azure Interior\", \"is_company\": true}]\n}"),
        saves: &[("recordId", "body[0]")],
        ..Recipe::new("post", CALL, Json2, RECORDS)
    },
    Recipe {
        variant: Some(("read", "read a record")),
        values: &[("model", "res.partner"), ("method", "read")],
        body: RecipeBody::Json("{\n    \"ids\": [{{recordId}}],\n    \"fields\": [\"name\", \"country_id\"]\n}"),
        checks: &[("It is the created record", "body[0].id", RECORD_ID)],
        ..Recipe::new("post", CALL, Json2, RECORDS)
    },
    Recipe {
        variant: Some(("write", "update a record")),
        values: &[("model", "res.partner"), ("method", "write")],
        body: RecipeBody::Json("{\n    \"ids\": [{{recordId}}],\n    \"vals\": {\"comment\": \"Over JSON-2\"}\n}"),
        checks: &[("It was updated", "body", "true")],
        ..Recipe::new("post", CALL, Json2, RECORDS)
    },
    Recipe {
        variant: Some(("unlink", "delete a record")),
        values: &[("model", "res.partner"), ("method", "unlink")],
        body: RecipeBody::Json("{\n    \"ids\": [{{recordId}}]\n}"),
        checks: &[("It was deleted", "body", "true")],
        ..Recipe::new("post", CALL, Json2, RECORDS)
    },
    Recipe::new("post", CALL, Json2, METHODS),
    Recipe {
        variant: Some(("error", "an unknown argument")),
        values: &[("model", "res.partner"), ("method", "search")],
        body: RecipeBody::Json("{\n    \"domain\": [],\n    \"unknown\": 1\n}"),
        accepts: &[422],
        ..Recipe::new("post", CALL, Json2, METHODS)
    },
];
