//! Every kind of credential on every family: who calls does not depend on how he asks (contract section 0).

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::credentials::wanted;
use crate::oauth1::{self, Consumer};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Client, Gateway, Version, stand, unique};

const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";

/// Some records of each family, and a new tag in each.
const FAMILIES: [(&str, &str, &str); 4] = [
    ("A", "/restapi/1.0/object/res.partner?limit=1&fields=name", "/restapi/1.0/object/res.partner.category"),
    ("B", "/api/res.partner/search?limit=1&fields=name", "/api/res.partner.category/create"),
    ("C", "/restful/api/v1/res.partner?limit=1&fields=name", "/restful/api/v1/res.partner.category"),
    ("D", "/api/v1/res.partner?limit=1&query=%7Bname%7D", "/api/v1/res.partner.category"),
];

/// How somebody shows who he is.
enum Shown {
    In(Client),
    By(Signer, Client),
}

impl Shown {
    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> RequestBuilder {
        let client = match self {
            Self::In(client) | Self::By(_, client) => client,
        };
        let request = client.request(method, path);
        let request = body.into_iter().fold(request, |request, body| request.json(body));
        match self {
            Self::In(_) => request,
            Self::By(signer, _) => signer.now().sign(request),
        }
    }
}

/// The body of a new tag, as the family wants it.
fn tag(family: &str) -> Value {
    let values = json!({"name": unique("tag")});
    match family {
        "A" => json!({"vals": values}),
        "D" => json!({"data": values}),
        _ => values,
    }
}

/// Administrators of this Odoo, each with another kind of credential.
async fn administrators(gateway: &Gateway, version: Version) -> Vec<(&'static str, Shown)> {
    let client = gateway.client().on(version);
    let (admin, name) = (gateway.administration().await, version.database());
    let mut key = wanted(version, &format!("of the table on {name}"));
    (key.login, key.secret) = ("admin".to_owned(), "admin".into());
    let (_, key) = admin.create_key(key).await.unwrap();
    let with_key = client.with_header("api-key", key.expose());
    let minted = with_key.post("/api/generate_token", &json!({})).await.ok();
    let login_token = minted["login_token"].as_str().unwrap();
    let login = json!({"login": "admin", "password": "admin", "db": name});
    let access = client.post("/rest/api/login/token", &login).await.ok();
    let access = access["access_token"].as_str().unwrap();
    let (opaque, jwt) = bearers(gateway, version).await;
    let signing = Consumer::new(gateway, oauth1::wanted(version, &format!("signing on {name}"))).await;
    let signer = signing.connect(&client).await;
    let bearer = |token: &str| Shown::In(client.with_header("Authorization", &format!("Bearer {token}")));
    vec![
        ("password", Shown::In(client.as_user("admin"))),
        ("API key as header", Shown::In(with_key.clone())),
        ("API key as bearer", bearer(key.expose())),
        ("API key and login token", Shown::In(with_key.with_header("token", login_token))),
        ("login token as header", Shown::In(client.with_header("login-token", login_token))),
        ("login token as bearer", bearer(login_token)),
        ("access token as header", Shown::In(client.with_header("access-token", access))),
        ("access token as bearer", bearer(access)),
        ("OAuth 2, opaque", bearer(&opaque)),
        ("OAuth 2, JWT", bearer(&jwt)),
        ("OAuth 1.0a", Shown::By(signer, client.clone())),
    ]
}

/// Access tokens of an application that speaks for the administrator, in both forms.
async fn bearers(gateway: &Gateway, version: Version) -> (String, String) {
    let mut wanted = oauth1::wanted(version, &format!("a server on {}", version.database()));
    wanted.settings.oauth1.clear();
    wanted.settings.grants = [odoo_gateway::admin::GrantType::ClientCredentials].into();
    let (application, secret) = gateway.administration().await.create_application(wanted).await.unwrap();
    let secret = secret.client.unwrap();
    let ask = async |form: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", application.client_id()),
            ("client_secret", secret.expose()),
            ("token_format", form),
        ];
        let answer = send(gateway.client().request(Method::POST, TOKEN).form(&form)).await.ok();
        answer["access_token"].as_str().unwrap().to_owned()
    };
    (ask("").await, ask("jwt").await)
}

#[tokio::test]
async fn every_kind_of_credential_reads_and_writes_on_every_family() {
    for version in Version::BOTH {
        let gateway = oauth1::quick(&EVERY_MODEL).await;
        for (kind, shown) in administrators(&gateway, version).await {
            for (family, read, write) in FAMILIES {
                let answer = send(shown.request(Method::GET, read, None)).await;
                assert_eq!(answer.status, 200, "{version:?}, {kind}, family {family}: {}", answer.text);
                let answer = send(shown.request(Method::POST, write, Some(&tag(family)))).await;
                assert_eq!(answer.status, 200, "{version:?}, {kind}, family {family}: {}", answer.text);
            }
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn odoos_own_keys_open_every_family_too() {
    let gateway = oauth1::quick(&EVERY_MODEL).await;
    for version in Version::BOTH {
        let key = stand().api_key(version);
        let client = gateway.client().on(version);
        let mut ways = vec![client.with_password("internal", key)];
        // Older ones cannot tell whose a key is; there it has to be linked first.
        if version == Version::Odoo19 {
            ways.push(client.with_header("Authorization", &format!("Bearer {key}")));
        }
        for (family, read, _) in FAMILIES {
            for client in &ways {
                let answer = client.get(read, &[]).await;
                assert_eq!(answer.status, 200, "{version:?}, family {family}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_opens_no_family() {
    let gateway = oauth1::quick(&EVERY_MODEL).await;
    let client = gateway.client();
    let wrong = [
        client.clone(),
        client.with_password("admin", "wrong"),
        client.with_header("api-key", "ogw_key_wrong"),
        client.with_header("token", "a.b.c"),
        client.with_header("access-token", "access_token_wrong"),
        client.with_header("Authorization", "Bearer ogw_at_wrong"),
        client.with_header("Authorization", &format!("Bearer {}", "0".repeat(40))),
    ];
    for (family, read, write) in FAMILIES {
        for (n, client) in wrong.iter().enumerate() {
            let (read, written) = (client.get(read, &[]).await, client.post(write, &tag(family)).await);
            assert_eq!((read.status, written.status), (401, 401), "family {family}, {n}: {}", read.text);
            assert!(!read.header("www-authenticate").is_empty());
        }
    }
}

const EVERY_MODEL: [(&str, &str); 1] = [("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")];
