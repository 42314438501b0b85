//! An export ends if its credential is revoked: the credential is checked again for each page.

use std::collections::HashSet;

use odoo_gateway::admin::{Administration, ApplicationSettings, GrantType, NewApplication};
use reqwest::Method;
use serde_json::{Value, json};

use super::backpressure::{LIST, contact, make_endless, read_until_broken, start_export};
use super::{CSV, NDJSON, PARTNERS, lines};
use crate::credentials::new_key_of;
use crate::oauth1::Consumer;
use crate::oauth2::TOKEN;
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, StubReply, changes_reach_gateways};

/// A gateway in front of a stub with an endless list of contacts, and its administration.
struct Fixture {
    stub: StubOdoo,
    gateway: Gateway,
    admin: Administration,
}

impl Fixture {
    async fn new() -> Self {
        let stub = StubOdoo::start().await;
        let text = |name: &str, text: &str| {
            format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
        };
        let user = [text("name", "Ada"), text("lang", "en_US"), text("tz", "UTC")].concat();
        let users = format!("<array><data><value><struct>{user}</struct></value></data></array>");
        stub.when("res.users.read", StubReply::value(&users));
        let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
        gateway
            .client()
            .with_password("admin", PASSWORD)
            .get(PARTNERS, &[("limit", "1"), ("fields", "name")])
            .await
            .ok();
        make_endless(&stub);
        let admin = gateway.administration().await;
        Self { stub, gateway, admin }
    }

    async fn key(&self, name: &str) -> Client {
        let (_, key) = self.admin.create_key(new_key_of("stub", name, "admin", PASSWORD)).await.unwrap();
        self.gateway.client().with_header("api-key", key.expose())
    }

    /// Reads the first page, holds the second at Odoo until `revoke` is done, and returns the text of the export.
    async fn export(&self, first: reqwest::RequestBuilder, revoke: impl AsyncFnOnce()) -> String {
        self.stub.once(LIST, contact("First"));
        self.stub.when(LIST, StubReply::Hold);
        let before = self.stub.call_count(LIST);
        let mut response = first.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut text = response.chunk().await.unwrap().expect("a first chunk").to_vec();
        self.stub.wait_for_calls(LIST, before + 2).await;
        revoke().await;
        changes_reach_gateways().await;
        self.stub.release(LIST);
        self.stub.when(LIST, contact("Later"));
        let rest = tokio::time::timeout(std::time::Duration::from_secs(20), read_until_broken(response)).await;
        text.extend(rest.expect("the export ends"));
        assert_eq!(self.stub.call_count(LIST), before + 2, "no further call to Odoo");
        self.stub.release(LIST);
        String::from_utf8(text).unwrap()
    }

    async fn assert_export_ends(&self, name: &str, client: &Client, revoke: impl AsyncFnOnce()) {
        let request = client.with_header("Accept", NDJSON).request(Method::GET, PARTNERS).query(&[("fields", "name")]);
        self.assert_revoked(name, &self.export(request, revoke).await);
    }

    /// Checks that an NDJSON export ends with the error of a revoked credential.
    fn assert_revoked(&self, name: &str, text: &str) {
        let all = lines(text);
        let error = &all.last().unwrap()["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!("credential_invalid"), &json!(401)), "{name}: {text}");
        assert_eq!((all.len(), &all[0]["name"]), (2, &Value::from("First")), "{name}: {text}");
    }

    /// The ids of all listed tokens.
    async fn token_ids(&self) -> HashSet<String> {
        self.admin.list_tokens().await.unwrap().into_iter().map(|token| token.id).collect()
    }

    /// The id of the token that was issued after `known`. Times of issue are whole seconds and do not identify it.
    async fn issued_since(&self, known: &HashSet<String>) -> String {
        self.token_ids().await.difference(known).next().expect("a new token").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_ends_with_its_api_key_or_login_token() {
    let fixture = Fixture::new().await;
    let admin = &fixture.admin;
    let key = fixture.key("off").await;
    fixture
        .assert_export_ends("disabled", &key, async || assert!(admin.set_key_enabled("off", false).await.unwrap()))
        .await;
    let key = fixture.key("gone").await;
    fixture.assert_export_ends("deleted", &key, async || drop(admin.delete_key("gone").await.unwrap())).await;
    let mut new_key = new_key_of("stub", "ends", "admin", PASSWORD);
    let end = admin.clock.now() + std::time::Duration::from_secs(3);
    new_key.not_after = Some(end);
    let (_, key) = admin.create_key(new_key).await.unwrap();
    let key = fixture.gateway.client().with_header("api-key", key.expose());
    let until_end = async || {
        while admin.clock.now().unix_timestamp() < end.unix_timestamp() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    fixture.assert_export_ends("expired", &key, until_end).await;
    let key = fixture.key("mints").await;
    for case in ["revoked", "its key is disabled"] {
        let known = fixture.token_ids().await;
        let minted = key.post("/api/generate_token", &json!({})).await.ok();
        let client = fixture.gateway.client().with_header("login-token", minted["login_token"].as_str().unwrap());
        let id = fixture.issued_since(&known).await;
        let end = async || match case {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.set_key_enabled("mints", false).await.unwrap()),
        };
        fixture.assert_export_ends(case, &client, end).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_ends_with_its_access_token() {
    let fixture = Fixture::new().await;
    let (admin, client) = (&fixture.admin, fixture.gateway.client());
    let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
    let issued = client.post("/rest/api/login/token", &login).await.ok();
    let with_token = client.with_header("access-token", issued["access_token"].as_str().unwrap());
    let log_out = async || drop(with_token.delete("/rest/api/logout/token", &[]).await.ok());
    fixture.assert_export_ends("logged out", &with_token, log_out).await;

    let settings =
        ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..ApplicationSettings::default() };
    let server = |name: &str| NewApplication {
        database: None,
        bound: Some(("admin".to_owned(), PASSWORD.into())),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: new_key_of("stub", name, "admin", PASSWORD).terms,
        settings: settings.clone(),
        origins: Vec::new(),
    };
    let (application, secrets) = admin.create_application(server("server")).await.unwrap();
    for (form, case) in [("opaque", "revoked"), ("jwt", "revoked"), ("opaque", "its application is disabled")] {
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", application.client_id()),
            ("client_secret", secrets.client.as_ref().unwrap().expose()),
            ("token_format", form),
        ];
        let known = fixture.token_ids().await;
        let issued = send(client.request(Method::POST, TOKEN).form(&parameters)).await.ok();
        let bearer = format!("Bearer {}", issued["access_token"].as_str().unwrap());
        let id = fixture.issued_since(&known).await;
        let end = async || match case {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.set_application_enabled("server", false).await.unwrap()),
        };
        fixture
            .assert_export_ends(&format!("OAuth 2, {form}, {case}"), &client.with_header("authorization", &bearer), end)
            .await;
    }

    let mut new_application = server("signs");
    new_application.settings = ApplicationSettings {
        trusted: true,
        oauth1: [odoo_gateway::admin::SignatureMethod::HmacSha256].into(),
        ..ApplicationSettings::default()
    };
    let known = fixture.token_ids().await;
    let private = fixture.gateway.client();
    let signer = Consumer::with_administration(fixture.gateway.administration().await, new_application)
        .await
        .connect(&private)
        .await;
    for case in ["its application is disabled", "revoked"] {
        let id = fixture.issued_since(&known).await;
        let request = signer
            .with_fresh_nonce()
            .sign(client.with_header("Accept", NDJSON).request(Method::GET, PARTNERS).query(&[("fields", "name")]));
        let end = async || match case {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.set_application_enabled("signs", false).await.unwrap()),
        };
        fixture.assert_revoked(case, &fixture.export(request, end).await);
        admin.set_application_enabled("signs", true).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_ends_if_odoo_rejects_the_password() {
    let fixture = Fixture::new().await;
    let client = fixture.gateway.client().with_password("admin", PASSWORD);
    let end = async || {
        // Another request gets the rejection, and the cached identity is dropped.
        fixture.stub.once("res.partner.search_count", StubReply::fault("AccessDenied", "Access Denied"));
        fixture.stub.when("authenticate", StubReply::value("<boolean>0</boolean>"));
        client.get(&format!("{PARTNERS}/search_count"), &[]).await.problem(401, "credential_invalid");
    };
    fixture.assert_export_ends("another password", &client, end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_aborted_on_revocation_and_valid_credentials_continue() {
    let fixture = Fixture::new().await;
    let key = fixture.key("rows").await;
    let request = key.with_header("Accept", CSV).request(Method::GET, PARTNERS).query(&[("fields", "name")]);
    let text = fixture.export(request, async || drop(fixture.admin.delete_key("rows").await.unwrap())).await;
    assert_eq!(text, "id,name\r\n7,First\r\n");
    // Resealing a key does not change it.
    let key = fixture.key("rewrapped").await;
    fixture.stub.once(LIST, contact("First"));
    fixture.stub.when(LIST, StubReply::Hold);
    let before = fixture.stub.call_count(LIST);
    let response = start_export(&key, NDJSON).await;
    fixture.stub.wait_for_calls(LIST, before + 2).await;
    fixture.admin.add_master_key().await.unwrap();
    assert!(fixture.admin.rewrap(|_, _| ()).await.unwrap().rewrapped > 0);
    fixture.stub.when("res.partner.search_count", StubReply::value("<int>0</int>"));
    fixture.stub.when(LIST, super::backpressure::empty_page());
    fixture.stub.release(LIST);
    let text = response.text().await.unwrap();
    assert_eq!(lines(&text).len(), 2, "{text}");
}
