//! The requests of `rpc`: log in, and the life of a record. The credential is among the arguments.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{METHODS, RECORD_ID, RECORDS};
use crate::http::openapi::postman::folder::PostmanFolder::Rpc;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

const SERVER: &str = "Server";
const LOG_IN: &str = "Log in";
const PATH: &str = "/jsonrpc";

/// An error has the same status as a result.
const SUCCEEDED: (&str, &str, &str) = ("The call succeeded", "body.error", "undefined");

/// A call of `execute_kw` with these arguments after the credential.
macro_rules! call {
    ($arguments:literal) => {
        RecipeBody::Json(concat!(
            "{\n    \"jsonrpc\": \"2.0\",\n    \"method\": \"call\",\n    \"params\": {\n",
            "        \"service\": \"object\",\n        \"method\": \"execute_kw\",\n",
            "        \"args\": [\"{{db}}\", {{uid}}, \"{{password}}\", ",
            $arguments,
            "]\n    },\n    \"id\": 1\n}"
        ))
    };
}

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe { checks: &[SUCCEEDED], ..Recipe::new("post", "/web/webclient/version_info", Rpc, SERVER) },
    Recipe { checks: &[SUCCEEDED], ..Recipe::new("post", PATH, Rpc, SERVER) },
    Recipe {
        variant: Some(("log_in", "log in")),
        body: RecipeBody::Json(concat!(
            "{\n    \"jsonrpc\": \"2.0\",\n    \"method\": \"call\",\n    \"params\": {\n",
            "        \"service\": \"common\",\n        \"method\": \"authenticate\",\n",
            "        \"args\": [\"{{db}}\", \"{{login}}\", \"{{password}}\", {}]\n    },\n    \"id\": 1\n}"
        )),
        checks: &[("The login succeeded", "typeof body.result", "\"number\"")],
        saves: &[("uid", "body.result")],
        ..Recipe::new("post", PATH, Rpc, LOG_IN)
    },
    Recipe {
        variant: Some(("create", "create a record")),
        body: call!("\"res.partner\", \"create\", [{\"name\": \"Azure Interior\"}]"),
        checks: &[SUCCEEDED],
        saves: &[("recordId", "body.result")],
        ..Recipe::new("post", PATH, Rpc, RECORDS)
    },
    Recipe {
        variant: Some(("read", "read a record")),
        body: call!("\"res.partner\", \"read\", [[{{recordId}}]], {\"fields\": [\"name\"]}"),
        checks: &[("It is the created record", "body.result[0].id", RECORD_ID)],
        ..Recipe::new("post", PATH, Rpc, RECORDS)
    },
    Recipe {
        variant: Some(("write", "update a record")),
        body: call!("\"res.partner\", \"write\", [[{{recordId}}], {\"comment\": \"Over JSON-RPC\"}]"),
        checks: &[("It was updated", "body.result", "true")],
        ..Recipe::new("post", PATH, Rpc, RECORDS)
    },
    Recipe {
        variant: Some(("unlink", "delete a record")),
        body: call!("\"res.partner\", \"unlink\", [[{{recordId}}]]"),
        checks: &[("It was deleted", "body.result", "true")],
        ..Recipe::new("post", PATH, Rpc, RECORDS)
    },
    Recipe {
        variant: Some(("search_read", "search")),
        body: call!("\"res.partner\", \"search_read\", [[]], {\"fields\": [\"name\"], \"limit\": 3}"),
        checks: &[SUCCEEDED],
        ..Recipe::new("post", PATH, Rpc, METHODS)
    },
    Recipe {
        variant: Some(("error", "an unknown method")),
        body: call!("\"res.partner\", \"no_such_method\", []"),
        checks: &[("It is an error of Odoo", "body.error.message", "\"Odoo Server Error\"")],
        ..Recipe::new("post", PATH, Rpc, METHODS)
    },
];
