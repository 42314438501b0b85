//! A listing ends with the credential that it is read with: the credential is checked again for each page.

use odoo_gateway::admin::{Administration, ApplicationSettings, GrantType, WantedApplication};
use reqwest::Method;
use serde_json::{Value, json};

use super::flow::{LIST, contact, listing, never_end, until_broken};
use super::{CSV, NDJSON, PARTNERS, lines};
use crate::credentials::wanted_by;
use crate::oauth1::Consumer;
use crate::oauth2::TOKEN;
use crate::support::client::send;
use crate::support::stub::PASSWORD;
use crate::support::{Act, Client, Gateway, Stub};

struct Scene {
    stub: Stub,
    gateway: Gateway,
    admin: Administration,
}

impl Scene {
    async fn new() -> Self {
        let stub = Stub::start().await;
        let text = |name: &str, text: &str| {
            format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
        };
        let user = [text("name", "Ada"), text("lang", "en_US"), text("tz", "UTC")].concat();
        let users = format!("<array><data><value><struct>{user}</struct></value></data></array>");
        stub.when("res.users.read", Act::value(&users));
        let gateway = Gateway::before_stub(&stub, &[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
        gateway
            .client()
            .with_password("admin", PASSWORD)
            .get(PARTNERS, &[("limit", "1"), ("fields", "name")])
            .await
            .ok();
        never_end(&stub);
        let admin = gateway.administration().await;
        Self { stub, gateway, admin }
    }

    async fn key(&self, name: &str) -> Client {
        let (_, key) = self.admin.create_key(wanted_by("stub", name, "admin", PASSWORD)).await.unwrap();
        self.gateway.client().with_header("api-key", key.expose())
    }

    /// Reads the first page, lets the second wait at Odoo until `end` is done, and answers what came of the listing.
    async fn read(&self, first: reqwest::RequestBuilder, end: impl AsyncFnOnce()) -> String {
        self.stub.once(LIST, contact("First"));
        self.stub.when(LIST, Act::Hold);
        let before = self.stub.asked(LIST);
        let mut answer = first.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut text = answer.chunk().await.unwrap().expect("a first piece").to_vec();
        self.stub.until_asked(LIST, before + 2).await;
        end().await;
        self.stub.let_go(LIST);
        self.stub.when(LIST, contact("Later"));
        let rest = tokio::time::timeout(std::time::Duration::from_secs(20), until_broken(answer)).await;
        text.extend(rest.expect("the listing ends"));
        assert_eq!(self.stub.asked(LIST), before + 2, "nothing more is asked of Odoo");
        self.stub.let_go(LIST);
        String::from_utf8(text).unwrap()
    }

    async fn ends(&self, what: &str, client: &Client, end: impl AsyncFnOnce()) {
        let request = client.with_header("Accept", NDJSON).request(Method::GET, PARTNERS).query(&[("fields", "name")]);
        self.is_over(what, &self.read(request, end).await);
    }

    fn is_over(&self, what: &str, text: &str) {
        let all = lines(text);
        let error = &all.last().unwrap()["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!("credential_invalid"), &json!(401)), "{what}: {text}");
        assert_eq!((all.len(), &all[0]["name"]), (2, &Value::from("First")), "{what}: {text}");
    }

    /// The id of the newest token.
    async fn newest_token(&self) -> String {
        let tokens = self.admin.tokens().await.unwrap();
        tokens.iter().max_by_key(|token| (token.created_at, token.id.clone())).unwrap().id.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_ends_with_the_api_key_or_login_token_that_reads_it() {
    let scene = Scene::new().await;
    let admin = &scene.admin;
    let key = scene.key("off").await;
    scene.ends("switched off", &key, async || assert!(admin.switch_key("off", false).await.unwrap())).await;
    let key = scene.key("gone").await;
    scene.ends("deleted", &key, async || drop(admin.delete_key("gone").await.unwrap())).await;
    let mut wanted = wanted_by("stub", "ends", "admin", PASSWORD);
    let end = admin.clock.now() + std::time::Duration::from_secs(3);
    wanted.not_after = Some(end);
    let (_, key) = admin.create_key(wanted).await.unwrap();
    let key = scene.gateway.client().with_header("api-key", key.expose());
    let until_end = async || {
        while admin.clock.now().unix_timestamp() < end.unix_timestamp() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    scene.ends("at its end", &key, until_end).await;
    let key = scene.key("mints").await;
    for what in ["revoked", "its key is off"] {
        let minted = key.post("/api/generate_token", &json!({})).await.ok();
        let client = scene.gateway.client().with_header("login-token", minted["login_token"].as_str().unwrap());
        let id = scene.newest_token().await;
        let end = async || match what {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.switch_key("mints", false).await.unwrap()),
        };
        scene.ends(what, &client, end).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_ends_with_the_token_that_reads_it() {
    let scene = Scene::new().await;
    let (admin, client) = (&scene.admin, scene.gateway.client());
    let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
    let given = client.post("/rest/api/login/token", &login).await.ok();
    let with_token = client.with_header("access-token", given["access_token"].as_str().unwrap());
    let log_out = async || drop(with_token.delete("/rest/api/logout/token", &[]).await.ok());
    scene.ends("logged out", &with_token, log_out).await;

    let settings =
        ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..ApplicationSettings::default() };
    let server = |name: &str| WantedApplication {
        database: None,
        bound: Some(("admin".to_owned(), PASSWORD.into())),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: wanted_by("stub", name, "admin", PASSWORD).terms,
        settings: settings.clone(),
    };
    let (application, secrets) = admin.create_application(server("server")).await.unwrap();
    for (form, what) in [("opaque", "revoked"), ("jwt", "revoked"), ("opaque", "its application is off")] {
        let ask = [
            ("grant_type", "client_credentials"),
            ("client_id", application.client_id()),
            ("client_secret", secrets.client.as_ref().unwrap().expose()),
            ("token_format", form),
        ];
        let given = send(client.request(Method::POST, TOKEN).form(&ask)).await.ok();
        let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
        let id = scene.newest_token().await;
        let end = async || match what {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.switch_application("server", false).await.unwrap()),
        };
        scene.ends(&format!("OAuth 2, {form}, {what}"), &client.with_header("authorization", &bearer), end).await;
    }

    let mut wanted = server("signs");
    wanted.settings = ApplicationSettings {
        trusted: true,
        oauth1: [odoo_gateway::admin::SignatureMethod::HmacSha256].into(),
        ..ApplicationSettings::default()
    };
    let private = scene.gateway.client();
    let signer = Consumer::of(scene.gateway.administration().await, wanted).await.connect(&private).await;
    for what in ["its application is off", "revoked"] {
        let id = scene.newest_token().await;
        let request = signer
            .now()
            .sign(client.with_header("Accept", NDJSON).request(Method::GET, PARTNERS).query(&[("fields", "name")]));
        let end = async || match what {
            "revoked" => admin.revoke_token(&id).await.unwrap(),
            _ => assert!(admin.switch_application("signs", false).await.unwrap()),
        };
        scene.is_over(what, &scene.read(request, end).await);
        admin.switch_application("signs", true).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_ends_with_the_password_that_odoo_no_longer_takes() {
    let scene = Scene::new().await;
    let client = scene.gateway.client().with_password("admin", PASSWORD);
    let end = async || {
        // Another request meets the refusal, and the user is no longer remembered.
        scene.stub.once("res.partner.search_count", Act::fault("AccessDenied", "Access Denied"));
        scene.stub.when("authenticate", Act::value("<boolean>0</boolean>"));
        client.get(&format!("{PARTNERS}/search_count"), &[]).await.refused(401, "credential_invalid");
    };
    scene.ends("another password", &client, end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_place_for_the_error_break_off_and_a_good_credential_reads_on() {
    let scene = Scene::new().await;
    let key = scene.key("rows").await;
    let request = key.with_header("Accept", CSV).request(Method::GET, PARTNERS).query(&[("fields", "name")]);
    let text = scene.read(request, async || drop(scene.admin.delete_key("rows").await.unwrap())).await;
    assert_eq!(text, "id,name\r\n7,First\r\n");
    // Sealed anew, a key means what it meant.
    let key = scene.key("rewrapped").await;
    scene.stub.once(LIST, contact("First"));
    scene.stub.when(LIST, Act::Hold);
    let before = scene.stub.asked(LIST);
    let answer = listing(&key, NDJSON).await;
    scene.stub.until_asked(LIST, before + 2).await;
    scene.admin.add_master_key().await.unwrap();
    assert!(scene.admin.rewrap().await.unwrap().done > 0);
    scene.stub.when("res.partner.search_count", Act::value("<int>0</int>"));
    scene.stub.when(LIST, super::flow::nobody());
    scene.stub.let_go(LIST);
    let text = answer.text().await.unwrap();
    assert_eq!(lines(&text).len(), 2, "{text}");
}
