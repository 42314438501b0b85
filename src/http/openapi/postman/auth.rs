//! The credentials of requests, in Postman's format.
//!
//! In: nothing. Out: [`PostmanAuth`], which serializes to an `auth` object. Must not know: operations.

use serde_json::{Value, json};

/// How a request authenticates. The values are variables of the collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostmanAuth {
    /// Without a credential.
    None,
    /// An Odoo login with its password.
    Basic,
    /// An application with its secret (RFC 6749 section 2.3.1).
    Client,
    /// A header with a token.
    Header { name: &'static str, value: &'static str },
    /// An OAuth 2 access token, which Postman can get in its user interface.
    OAuth2,
    /// A request signed with OAuth 1.0a.
    OAuth1(OAuth1Step),
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OAuth1Step {
    /// The request for a request token.
    RequestToken,
    /// The exchange of the request token for an access token.
    AccessToken,
    /// A request with the access token.
    Request,
}

impl PostmanAuth {
    /// The `auth` object.
    pub(super) fn to_json(self) -> Value {
        match self {
            Self::None => json!({"type": "noauth"}),
            Self::Basic => auth("basic", &[("username", "{{login}}"), ("password", "{{password}}")]),
            Self::Client => auth("basic", &[("username", "{{clientId}}"), ("password", "{{clientSecret}}")]),
            Self::Header { name, value } => auth("apikey", &[("key", name), ("value", value), ("in", "header")]),
            Self::OAuth2 => oauth2(),
            Self::OAuth1(step) => oauth1(step),
        }
    }
}

fn auth(kind: &str, attributes: &[(&str, &str)]) -> Value {
    let attributes = attributes.iter().map(|(key, value)| json!({"key": key, "value": value, "type": "string"}));
    json!({"type": kind, kind: attributes.collect::<Value>()})
}

/// Authorization code with PKCE. `accessToken` is what *Get New Access Token* replaces.
fn oauth2() -> Value {
    let mut auth = auth(
        "oauth2",
        &[
            ("accessToken", "{{oauth2AccessToken}}"),
            ("addTokenTo", "header"),
            ("headerPrefix", "Bearer"),
            ("tokenName", "odoo-gateway"),
            ("grant_type", "authorization_code_with_pkce"),
            ("authUrl", "{{baseUrl}}/restapi/1.0/common/oauth2/authorize"),
            ("accessTokenUrl", "{{baseUrl}}/restapi/1.0/common/oauth2/token"),
            ("refreshTokenUrl", "{{baseUrl}}/restapi/1.0/common/oauth2/token"),
            ("clientId", "{{clientId}}"),
            ("clientSecret", "{{clientSecret}}"),
            ("client_authentication", "header"),
            ("redirect_uri", REDIRECT_URI),
            ("challengeAlgorithm", "S256"),
            ("scope", "all"),
        ],
    );
    if let Some(attributes) = auth.get_mut("oauth2").and_then(Value::as_array_mut) {
        attributes.push(json!({"key": "useBrowser", "value": true, "type": "boolean"}));
    }
    auth
}

/// Where Postman receives authorization codes. It must be registered for the application.
pub(super) const REDIRECT_URI: &str = "https://oauth.pstmn.io/v1/callback";

fn oauth1(step: OAuth1Step) -> Value {
    let own: &[(&str, &str)] = match step {
        OAuth1Step::RequestToken => &[("callback", "oob")],
        OAuth1Step::AccessToken => &[
            ("token", "{{oauth1RequestToken}}"),
            ("tokenSecret", "{{oauth1RequestTokenSecret}}"),
            ("verifier", "{{oauth1Verifier}}"),
        ],
        OAuth1Step::Request => &[("token", "{{oauth1AccessToken}}"), ("tokenSecret", "{{oauth1AccessTokenSecret}}")],
    };
    let shared = [
        ("signatureMethod", "HMAC-SHA256"),
        ("version", "1.0"),
        ("consumerKey", "{{consumerKey}}"),
        ("consumerSecret", "{{consumerSecret}}"),
    ];
    let mut auth = auth("oauth1", &[&shared, own].concat());
    if let Some(attributes) = auth.get_mut("oauth1").and_then(Value::as_array_mut) {
        let flags = [("addParamsToHeader", true), ("addEmptyParamsToSign", false), ("includeBodyHash", false)];
        attributes.extend(flags.map(|(key, value)| json!({"key": key, "value": value, "type": "boolean"})));
    }
    auth
}
