//! The variables of the collection, and the environment, which contains those that a user sets.
//!
//! In: the URL of the gateway. Out: variables in Postman's format. Must not know: operations.

use serde_json::{Value, json};

/// A variable: name, description, whether its value is secret.
type Variable = (&'static str, &'static str, bool);

/// What a user sets. They are in the collection and in the environment.
const INPUTS: [Variable; 9] = [
    ("baseUrl", "The URL of the gateway, without a slash at its end.", false),
    ("db", "The name of a configured database. Optional, except for `restful` and `rpc`.", false),
    ("login", "The login of an Odoo user (`api_v1`, `restful`, `rpc`).", false),
    ("password", "The password of the Odoo user, or an Odoo API key.", true),
    ("apiKey", "An API key of the gateway, from `odoo-gateway key create` (`api`, `json2`).", true),
    ("clientId", "The client id of an application, from `odoo-gateway app create` (`restapi`, OAuth 2).", false),
    ("clientSecret", "The client secret of the application.", true),
    ("consumerKey", "The consumer key of an application that was created with `--oauth1` (OAuth 1).", false),
    ("consumerSecret", "The consumer secret of the application.", true),
];

/// What the requests store for those after them. Not in the environment, whose values would hide them.
const RESULTS: [Variable; 17] = [
    ("loginToken", "Stored by `generate_token` (`api`).", true),
    ("accessToken", "Stored by the login (`restful`).", true),
    ("spareAccessToken", "Stored by the second login (`restful`).", true),
    ("oauth2AccessToken", "Stored by the token requests (OAuth 2).", true),
    ("oauth2RefreshToken", "Stored by the token requests (OAuth 2).", true),
    ("oauth2Code", "Stored by the authorization of a trusted application (OAuth 2).", true),
    ("codeVerifier", "PKCE: made before the authorization (OAuth 2).", true),
    ("codeChallenge", "PKCE: the hash of `codeVerifier` (OAuth 2).", false),
    ("oauth1RequestToken", "Stored by `request_token` (OAuth 1).", true),
    ("oauth1RequestTokenSecret", "Stored by `request_token` (OAuth 1).", true),
    ("oauth1Verifier", "Stored by the authorization of a trusted application (OAuth 1).", true),
    ("oauth1AccessToken", "Stored by `access_token` (OAuth 1).", true),
    ("oauth1AccessTokenSecret", "Stored by `access_token` (OAuth 1).", true),
    ("recordId", "The id of the record that the last create request made.", false),
    ("recordIds", "The ids of the records that the last request made which creates several.", false),
    ("uid", "The id of the user: stored by the login (`rpc`).", false),
    ("state", "Returned by the authorization as it was sent (OAuth 2).", false),
];

/// The variables of the collection.
pub(super) fn collection_variables(base_url: &str) -> Value {
    let variable = |(key, description, _): &Variable| {
        let value = if *key == BASE_URL { base_url } else { "" };
        json!({"key": key, "value": value, "type": "string", "description": description})
    };
    INPUTS.iter().chain(&RESULTS).map(variable).collect()
}

/// The environment. Its values win over those of the collection.
pub(super) fn environment(base_url: &str) -> Value {
    let value = |(key, _, is_secret): &Variable| {
        let value = if *key == BASE_URL { base_url } else { "" };
        json!({"key": key, "value": value, "type": if *is_secret { "secret" } else { "default" }, "enabled": true})
    };
    json!({
        "id": ENVIRONMENT_ID,
        "name": "odoo-gateway",
        "values": INPUTS.iter().map(value).collect::<Value>(),
        "_postman_variable_scope": "environment",
    })
}

/// The variables that users set, in Markdown.
pub(super) fn instructions() -> String {
    INPUTS.iter().map(|(key, description, _)| format!("- `{key}`: {description}\n")).collect()
}

const BASE_URL: &str = "baseUrl";

/// Constant, so that importing the environment again replaces it.
const ENVIRONMENT_ID: &str = "0d00a7e0-0002-4000-8000-0d00a7e0a9e1";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn environment_contains_only_variables_that_no_request_stores() {
        let names = |values: &Value| -> HashSet<String> {
            values.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
        };
        let (collection, environment) = (names(&collection_variables("http://a")), environment("http://a"));
        let inputs = names(&environment["values"]);
        assert!(inputs.is_subset(&collection));
        assert!(RESULTS.iter().all(|(key, ..)| !inputs.contains(*key)));
        let base_url = json!({"key": "baseUrl", "value": "http://a", "type": "default", "enabled": true});
        assert_eq!(environment["values"][0], base_url);
    }
}
