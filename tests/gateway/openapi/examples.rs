//! Every operation has an example, and every example works when it is sent as it stands, with the scope that the
//! operation names. Only credentials are replaced by real ones.

use reqwest::Method;
use serde_json::{Value, json};

use super::{LOGIN, Operation, operations};
use crate::credentials::new_key_of;
use crate::oauth2::TOKEN;
use crate::support::client::send;
use crate::support::odoo::fresh_database;
use crate::support::{Client, Gateway, Response, Version};

/// Operations that need an OAuth 1 signature or a browser with a session. The tests `oauth1` and `pages` send them.
const NOT_SENT: [&str; 6] = [
    "restapi_oauth1_request_token",
    "restapi_oauth1_access_token",
    "restapi_authorize_oauth1",
    "restapi_answer_oauth1",
    "restapi_authorize_oauth2",
    "restapi_answer_oauth2",
];

/// The issuer has the path of the example.
const SETTINGS: [(&str, &str); 4] = [
    ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/gateway"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ("ODOO_GATEWAY__DEMO__LOGIN", "admin"),
    ("ODOO_GATEWAY__DEMO__PASSWORD", "admin"),
];

#[tokio::test]
async fn every_read_example_works() {
    for version in Version::each() {
        let admin = Gateway::shared().client().on(version).as_user("admin");
        for operation in
            operations().iter().filter(|operation| operation.can_be_tried() && operation.method == Method::GET)
        {
            let result = operation.send_example(&admin).await;
            assert_eq!(result.status, 200, "{version:?} {}: {}", operation.name(), result.text);
        }
    }
}

/// Sends all other examples to an Odoo of their own.
#[tokio::test]
async fn every_write_call_and_token_example_works() {
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &SETTINGS).await;
    let credentials = Credentials::issue(&gateway, &database).await;
    let (mut sent, mut reads) = (0, 0);
    for operation in operations() {
        if operation.can_be_tried() && operation.method == Method::GET {
            reads += 1;
        } else if !NOT_SENT.contains(&operation.id()) {
            sent += 1;
            let result = credentials.send_example(&operation, &gateway.client()).await;
            assert_eq!(result.status, 200, "{}: {}", operation.name(), result.text);
        }
    }
    assert_eq!(reads + sent + NOT_SENT.len(), operations().len());
}

/// Real credentials in place of those in the examples.
struct Credentials {
    database: String,
    api_key: String,
    application: Value,
}

impl Credentials {
    async fn issue(gateway: &Gateway, database: &str) -> Self {
        let key = new_key_of(database, "examples", "admin", "admin");
        let (_, api_key) = gateway.administration().await.create_key(key).await.unwrap();
        let application = gateway.client().get("/start", &[]).await.ok();
        Self { database: database.to_owned(), api_key: api_key.expose().to_owned(), application }
    }

    async fn send_example(&self, operation: &Operation, client: &Client) -> Response {
        match operation.id() {
            "rest_login" => client.post(LOGIN, &self.login()).await,
            "rest_login_by_get" => {
                client.get(LOGIN, &[("login", "admin"), ("password", "admin"), ("db", &self.database)]).await
            }
            id if id.starts_with("rest_") => {
                let token = client.post(LOGIN, &self.login()).await.ok();
                let token = token["access_token"].as_str().unwrap();
                operation.send_example(&client.with_header("access-token", token)).await
            }
            id if id.starts_with("api_generate_token") => {
                operation.send_example(&client.with_header("api-key", &self.api_key)).await
            }
            _ if operation.authenticates_by_form() => self.send_form(operation, client).await,
            _ if operation.is_open() => operation.send_example(client).await,
            _ => {
                let authorization = self.authorization(operation.scope(), client).await;
                operation.send_example(&client.with_header("authorization", &authorization)).await
            }
        }
    }

    /// A token that has only this scope. Which scope a method call needs depends on the method.
    async fn authorization(&self, scope: &str, client: &Client) -> String {
        let scope = if scope == "execute" { "all" } else { scope };
        let mut form = json!({"grant_type": "client_credentials", "scope": scope});
        for name in ["client_id", "client_secret"] {
            form[name] = self.application[name].clone();
        }
        let token = send(client.request(Method::POST, TOKEN).form(&form)).await.ok();
        format!("Bearer {}", token["access_token"].as_str().unwrap())
    }

    fn login(&self) -> Value {
        json!({"login": "admin", "password": "admin", "db": self.database})
    }

    async fn send_form(&self, operation: &Operation, client: &Client) -> Response {
        let mut form = operation.body_example().expect("a form has an example");
        for (name, value) in form.as_object_mut().unwrap() {
            if let Some(real) = self.application.get(name) {
                *value = real.clone();
            }
        }
        send(client.request(operation.method.clone(), &operation.path).form(&form)).await
    }
}
