//! The top folders of the collection, one for each dialect.
//!
//! In: nothing. Out: [`PostmanFolder`]. Must not know: operations.

use serde_json::{Value, json};

use super::auth::PostmanAuth;

/// A folder with its own kind of credential. The order is the order in the collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PostmanFolder {
    ApiV1,
    Restapi,
    Api,
    Restful,
    Json2,
    Rpc,
    /// Operations outside of all dialects.
    Gateway,
}

impl PostmanFolder {
    /// The folder of an operation for which there is no recipe.
    pub(super) fn from_path(path: &str) -> Self {
        let prefixes = [
            ("/api/v1/", Self::ApiV1),
            ("/restapi/", Self::Restapi),
            ("/api/", Self::Api),
            ("/restful/", Self::Restful),
            ("/rest/", Self::Restful),
            ("/json/", Self::Json2),
            ("/doc-bearer/", Self::Json2),
            ("/web/version", Self::Json2),
            ("/web/webclient/", Self::Rpc),
            ("/jsonrpc", Self::Rpc),
        ];
        let found = prefixes.iter().find(|(prefix, _)| path.starts_with(prefix));
        found.map_or(Self::Gateway, |(_, folder)| *folder)
    }

    /// The name, which is also the tag of the dialect in the document.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ApiV1 => "api_v1",
            Self::Restapi => "restapi",
            Self::Api => "api",
            Self::Restful => "restful",
            Self::Json2 => "json2",
            Self::Rpc => "rpc",
            Self::Gateway => "gateway",
        }
    }

    /// How the requests of the folder authenticate.
    pub(super) fn auth(self) -> PostmanAuth {
        match self {
            Self::ApiV1 | Self::Gateway => PostmanAuth::Basic,
            Self::Restapi => PostmanAuth::OAuth2,
            Self::Api => PostmanAuth::Header { name: "api-key", value: "{{apiKey}}" },
            Self::Restful => PostmanAuth::Header { name: "access-token", value: "{{accessToken}}" },
            Self::Json2 => PostmanAuth::Header { name: "Authorization", value: "Bearer {{apiKey}}" },
            Self::Rpc => PostmanAuth::None,
        }
    }

    /// How a user of the folder gets its credential.
    pub(super) fn instructions(self) -> &'static str {
        match self {
            Self::ApiV1 => {
                "The requests authenticate with HTTP Basic: set `login` and `password` (or an Odoo API key as \
                 `password`)."
            }
            Self::Restapi => {
                "The requests authenticate with an OAuth 2 access token. For an application that is bound to a user, \
                 set `clientId` and `clientSecret`, and send the requests of *OAuth 2*: they store the token. For any \
                 other application, choose *Get New Access Token* in the tab *Authorization* of this folder; a page \
                 opens on which you log in. *OAuth 1* needs `consumerKey` and `consumerSecret`."
            }
            Self::Api => {
                "The requests authenticate with an API key of the gateway: set `apiKey`. `generate_token` stores a \
                 login token in `loginToken`, and the requests after it send it in the header `token`."
            }
            Self::Restful => {
                "The requests authenticate with an access token: set `login`, `password` and `db`, and send the \
                 requests of *Log in*, which store the token. The administrator decides which models this dialect \
                 serves."
            }
            Self::Json2 => {
                "The requests authenticate with a bearer token: set `apiKey` to an API key of the gateway or of Odoo."
            }
            Self::Rpc => {
                "The credential is in the body: set `db`, `login` and `password`, and send *Log in*, which stores the id \
                 of the user. `password` can also be an API key of the gateway or of Odoo."
            }
            Self::Gateway => "The requests authenticate with HTTP Basic, if at all.",
        }
    }

    /// The script before each request of a subfolder, in lines.
    pub(super) fn script_before(self, group: &str) -> &'static [&'static str] {
        match (self, group) {
            (Self::Api, group) if group != TOKENS => &[
                "// An API key is accepted together with a login token.",
                "const token = pm.variables.get(\"loginToken\");",
                "if (token) {",
                "    pm.request.headers.upsert({ key: \"token\", value: token });",
                "}",
            ],
            _ => &[],
        }
    }
}

/// The subfolder with requests for login tokens.
pub(super) const TOKENS: &str = "Login tokens";

/// A script that runs before (`prerequest`) or after (`test`) a request.
pub(super) fn event(listen: &str, lines: &[impl AsRef<str>]) -> Value {
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    json!({"listen": listen, "script": {"type": "text/javascript", "exec": lines}})
}
