//! The requests of `restful`. Each login is followed by a logout, so no token remains.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{CREATED, RECORD_ID, RECORDS};
use crate::http::openapi::postman::folder::PostmanFolder::Restful;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

const LOG_IN: &str = "Log in";
const LOG_OUT: &str = "Log out";

/// The arguments of `read`.
const NAME_ONLY: RecipeBody = RecipeBody::OfModel("{\n    \"fields\": [\"display_name\"]\n}");

/// Gets another token, because the logout before this one ended the last.
const LOG_IN_FIRST: &[&str] = &[
    "// The logout before this one ended the token, so this request logs in first.",
    "const login = {",
    "    login: pm.variables.get(\"login\"),",
    "    password: pm.variables.get(\"password\"),",
    "    db: pm.variables.get(\"db\"),",
    "};",
    "pm.sendRequest(",
    "    {",
    "        url: pm.variables.get(\"baseUrl\") + \"/rest/api/login/token\",",
    "        method: \"POST\",",
    "        header: { \"Content-Type\": \"application/json\" },",
    "        body: { mode: \"raw\", raw: JSON.stringify(login) },",
    "    },",
    "    (error, response) => {",
    "        if (!error && response.code === 200) {",
    "            pm.collectionVariables.set(\"accessToken\", response.json().access_token);",
    "        }",
    "    },",
    ");",
];

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        body: RecipeBody::Json(
            "{\n    \"login\": \"{{login}}\",\n    \"password\": \"{{password}}\",\n    \"db\": \"{{db}}\"\n}",
        ),
        saves: &[("accessToken", "body.access_token")],
        ..Recipe::new("post", "/rest/api/login/token", Restful, LOG_IN)
    },
    Recipe {
        values: &[("login", "{{login}}"), ("password", "{{password}}"), ("db", "{{db}}")],
        saves: &[("spareAccessToken", "body.access_token")],
        ..Recipe::new("get", "/rest/api/login/token", Restful, LOG_IN)
    },
    Recipe::new("get", "/restful/api/v1/{model}", Restful, RECORDS),
    Recipe { saves: &[("recordId", "body.id")], ..Recipe::new("post", "/restful/api/v1/{model}", Restful, RECORDS) },
    Recipe {
        values: CREATED,
        checks: &[("It is the created record", "body.id", RECORD_ID)],
        ..Recipe::new("get", "/restful/api/v1/{model}/{id}", Restful, RECORDS)
    },
    Recipe { values: CREATED, ..Recipe::new("put", "/restful/api/v1/{model}/{id}", Restful, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("patch", "/restful/api/v1/{model}/{id}", Restful, RECORDS) },
    Recipe {
        values: CREATED,
        body: NAME_ONLY,
        ..Recipe::new("patch", "/restful/api/v1/{model}/{id}/{method}", Restful, RECORDS)
    },
    Recipe {
        values: CREATED,
        body: NAME_ONLY,
        ..Recipe::new("post", "/restful/api/v1/{model}/{id}/{method}", Restful, RECORDS)
    },
    Recipe { values: CREATED, ..Recipe::new("delete", "/restful/api/v1/{model}/{id}", Restful, RECORDS) },
    Recipe {
        saves: &[("accessToken", "pm.collectionVariables.get(\"spareAccessToken\")")],
        ..Recipe::new("delete", "/rest/api/logout/token", Restful, LOG_OUT)
    },
    Recipe::new("post", "/rest/api/logout/token", Restful, LOG_OUT),
    Recipe { before: LOG_IN_FIRST, ..Recipe::new("delete", "/rest/api/logout", Restful, LOG_OUT) },
    Recipe { before: LOG_IN_FIRST, ..Recipe::new("post", "/rest/api/logout", Restful, LOG_OUT) },
];
