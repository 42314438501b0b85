//! The requests of `api`.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{CREATED, METHODS, RECORD_ID, RECORDS};
use crate::http::openapi::postman::folder::PostmanFolder::Api;
use crate::http::openapi::postman::folder::TOKENS;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

/// A token for the user of the key, for a day.
const FOR_A_DAY: RecipeBody = RecipeBody::Json("{\n    \"expiration_days\": 1\n}");

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        body: FOR_A_DAY,
        saves: &[("loginToken", "body.login_token")],
        ..Recipe::new("post", "/api/generate_token", Api, TOKENS)
    },
    Recipe { body: FOR_A_DAY, ..Recipe::new("post", "/api/{model}/generate_token", Api, TOKENS) },
    Recipe::new("get", "/api/{model}/search", Api, RECORDS),
    Recipe::new("get", "/api/{model}/schema", Api, RECORDS),
    Recipe::new("get", "/api/{model}/record_count", Api, RECORDS),
    Recipe { saves: &[("recordId", "body.id")], ..Recipe::new("post", "/api/{model}/create", Api, RECORDS) },
    Recipe {
        values: CREATED,
        checks: &[("It is the created record", "body.id", RECORD_ID)],
        ..Recipe::new("get", "/api/{model}/{id}", Api, RECORDS)
    },
    Recipe { values: CREATED, ..Recipe::new("put", "/api/{model}/{id}", Api, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("delete", "/api/{model}/{id}", Api, RECORDS) },
    Recipe::new("post", "/api/{model}/execute_kw", Api, METHODS),
];
