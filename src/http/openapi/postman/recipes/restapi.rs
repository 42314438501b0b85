//! The requests of `restapi`, and the OAuth endpoints below its prefix.
//!
//! A trusted application is authorized without a page, so the OAuth requests run unattended for it. For any other
//! application the authorization returns 401, and the requests that need its result return 400.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{METHODS, MODEL, RECORDS};
use crate::http::openapi::postman::auth::{OAuth1Step, PostmanAuth};
use crate::http::openapi::postman::folder::PostmanFolder::Restapi;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

const OAUTH2: &str = "OAuth 2";
const OAUTH1: &str = "OAuth 1";
const SERVER: &str = "Server";
const REPORTS: &str = "Reports";

/// The parameters that name the record that was created last.
const CREATED: &[(&str, &str)] = &[MODEL, ("key", "{{recordId}}")];
const CREATED_IDS: &[(&str, &str)] = &[MODEL, ("ids", "{{recordIds}}")];
const ACCEPT_JSON: &[(&str, &str)] = &[("Accept", "application/json")];
/// The ids of the records in a response.
const IDS: &str = "Object.values(body)[0].map((record) => record.id).join(\",\")";

/// Makes the secrets of PKCE (RFC 7636 section 4).
const MAKE_CODE_VERIFIER: &[&str] = &[
    "const crypto = require(\"crypto-js\");",
    "const random = (bytes) => crypto.lib.WordArray.random(bytes).toString();",
    "const base64url = (words) =>",
    "    words.toString(crypto.enc.Base64).replace(/\\+/g, \"-\").replace(/\\//g, \"_\").replace(/=+$/, \"\");",
    "const verifier = random(32);",
    "pm.collectionVariables.set(\"codeVerifier\", verifier);",
    "pm.collectionVariables.set(\"codeChallenge\", base64url(crypto.SHA256(verifier)));",
    "pm.collectionVariables.set(\"state\", random(16));",
];

const AUTHORIZATION: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("client_id", "{{clientId}}"),
    ("state", "{{state}}"),
    ("scope", "all"),
    ("code_challenge", "{{codeChallenge}}"),
    ("code_challenge_method", "S256"),
];

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("get", "/.well-known/oauth-authorization-server", Restapi, OAUTH2),
    Recipe {
        accepts: &[200, 404],
        ..Recipe::new("get", "/.well-known/oauth-authorization-server/{issuer}", Restapi, OAUTH2)
    },
    Recipe::new("get", "/restapi/1.0/common/oauth2/jwks", Restapi, OAUTH2),
    Recipe {
        values: AUTHORIZATION,
        headers: ACCEPT_JSON,
        accepts: &[200, 401],
        before: MAKE_CODE_VERIFIER,
        checks: &[("The state is returned", "body.state", "pm.collectionVariables.get(\"state\")")],
        saves: &[("oauth2Code", "body.code")],
        ..Recipe::new("get", "/restapi/1.0/common/oauth2/authorize", Restapi, OAUTH2)
    },
    Recipe {
        // Without the token of the page in the form.
        values: AUTHORIZATION,
        body: RecipeBody::Form(&[("login", "{{login}}"), ("password", "{{password}}")]),
        accepts: &[403],
        ..Recipe::new("post", "/restapi/1.0/common/oauth2/authorize", Restapi, OAUTH2)
    },
    Recipe {
        auth: Some(PostmanAuth::Client),
        body: RecipeBody::Form(&[
            ("grant_type", "authorization_code"),
            ("code", "{{oauth2Code}}"),
            ("code_verifier", "{{codeVerifier}}"),
        ]),
        accepts: &[200, 400],
        saves: &[("oauth2AccessToken", "body.access_token"), ("oauth2RefreshToken", "body.refresh_token")],
        ..Recipe::new("post", "/restapi/1.0/common/oauth2/access_token", Restapi, OAUTH2)
    },
    Recipe {
        auth: Some(PostmanAuth::Client),
        body: RecipeBody::Form(&[("grant_type", "client_credentials")]),
        saves: &[("oauth2AccessToken", "body.access_token")],
        ..Recipe::new("post", "/restapi/1.0/common/oauth2/token", Restapi, OAUTH2)
    },
    Recipe {
        auth: Some(PostmanAuth::Client),
        body: RecipeBody::Form(&[("token", "{{oauth2AccessToken}}")]),
        checks: &[("The access token is active", "body.active", "true")],
        ..Recipe::new("post", "/restapi/1.0/common/oauth2/introspect", Restapi, OAUTH2)
    },
    Recipe {
        auth: Some(PostmanAuth::Client),
        body: RecipeBody::Form(&[("token", "{{oauth2RefreshToken}}"), ("token_type_hint", "refresh_token")]),
        accepts: &[200, 400],
        ..Recipe::new("post", "/restapi/1.0/common/oauth2/revoke", Restapi, OAUTH2)
    },
    Recipe {
        auth: Some(PostmanAuth::OAuth1(OAuth1Step::RequestToken)),
        headers: ACCEPT_JSON,
        saves: &[("oauth1RequestToken", "body.oauth_token"), ("oauth1RequestTokenSecret", "body.oauth_token_secret")],
        ..Recipe::new("post", "/restapi/1.0/common/oauth1/request_token", Restapi, OAUTH1)
    },
    Recipe {
        // Without the token of the page in the form.
        values: &[("oauth_token", "{{oauth1RequestToken}}")],
        body: RecipeBody::Form(&[("login", "{{login}}"), ("password", "{{password}}")]),
        accepts: &[403],
        ..Recipe::new("post", "/restapi/1.0/common/oauth1/authorize", Restapi, OAUTH1)
    },
    Recipe {
        values: &[("oauth_token", "{{oauth1RequestToken}}")],
        headers: ACCEPT_JSON,
        accepts: &[200, 401],
        saves: &[("oauth1Verifier", "body.oauth_verifier")],
        ..Recipe::new("get", "/restapi/1.0/common/oauth1/authorize", Restapi, OAUTH1)
    },
    Recipe {
        auth: Some(PostmanAuth::OAuth1(OAuth1Step::AccessToken)),
        headers: ACCEPT_JSON,
        accepts: &[200, 400],
        saves: &[("oauth1AccessToken", "body.oauth_token"), ("oauth1AccessTokenSecret", "body.oauth_token_secret")],
        ..Recipe::new("post", "/restapi/1.0/common/oauth1/access_token", Restapi, OAUTH1)
    },
    Recipe {
        variant: Some(("oauth1", "signed with OAuth 1")),
        auth: Some(PostmanAuth::OAuth1(OAuth1Step::Request)),
        accepts: &[200, 400],
        ..Recipe::new("get", "/restapi/1.0/object/{model}/search_count", Restapi, OAUTH1)
    },
    Recipe::new("get", "/restapi/1.0/common/version", Restapi, SERVER),
    Recipe { accepts: &[200, 404], ..Recipe::new("get", "/start", Restapi, SERVER) },
    Recipe::new("get", "/restapi/1.0/object/{model}/search", Restapi, RECORDS),
    Recipe::new("get", "/restapi/1.0/object/{model}/search_count", Restapi, RECORDS),
    Recipe::new("get", "/restapi/1.0/object/{model}/fields_get", Restapi, RECORDS),
    Recipe::new("get", "/restapi/1.0/object/{model}/check_access_rights", Restapi, RECORDS),
    Recipe::new("get", "/restapi/1.0/object/{model}", Restapi, RECORDS),
    Recipe {
        saves: &[("recordId", "Object.values(body)[0].id")],
        ..Recipe::new("post", "/restapi/1.0/object/{model}", Restapi, RECORDS)
    },
    Recipe {
        values: CREATED,
        checks: &[("It is the created record", "Object.values(body)[0].id", super::RECORD_ID)],
        ..Recipe::new("get", "/restapi/1.0/object/{model}/{key}", Restapi, RECORDS)
    },
    Recipe { values: CREATED, ..Recipe::new("put", "/restapi/1.0/object/{model}/{key}", Restapi, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("post", "/restapi/1.0/object/{model}/{key}/{method}", Restapi, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("delete", "/restapi/1.0/object/{model}/{key}", Restapi, RECORDS) },
    Recipe {
        variant: Some(("several", "several")),
        body: RecipeBody::Twice("/vals"),
        checks: &[("Two records were created", "Object.values(body)[0].length", "2")],
        saves: &[("recordIds", IDS)],
        ..Recipe::new("post", "/restapi/1.0/object/{model}", Restapi, RECORDS)
    },
    Recipe {
        values: CREATED_IDS,
        checks: &[("These records were updated", IDS, "pm.variables.get(\"recordIds\")")],
        ..Recipe::new("put", "/restapi/1.0/object/{model}", Restapi, RECORDS)
    },
    Recipe { values: CREATED_IDS, ..Recipe::new("delete", "/restapi/1.0/object/{model}", Restapi, RECORDS) },
    Recipe::new("post", "/restapi/1.0/object/{model}/{key}", Restapi, METHODS),
    Recipe::new("get", "/restapi/1.0/report/{report_name}/{id}", Restapi, REPORTS),
    Recipe::new("get", "/restapi/1.0/report/{report_name}", Restapi, REPORTS),
];
