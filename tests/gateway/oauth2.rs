//! OAuth 2: tokens for applications, their use and their end, on both stores and in front of a stub Odoo.

mod bearer;
mod client;
mod codes;
mod command_line;
mod consents;
mod crash_recovery;
mod libraries;
mod metadata;
mod races;
mod refresh;
mod rust_client;
mod theft;

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::admin::{Administration, Application, ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::app::token_settings;
use odoo_gateway::auth::{
    CodeRequest, CredentialKind, Principal, ResourceOwner, Throttle, ThrottleRate, ThrottleSettings, TokenServices,
    TokenSettings,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::odoo::{OdooUser, Uid};
use odoo_gateway::plan::Scope;
use odoo_gateway::store::KeyTerms;
use reqwest::Method;
use serde_json::Value;
use sqlx::Connection as _;

use crate::oauth1::new_application;
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, Response, StubOdoo, Version};

pub(crate) const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
pub(crate) const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";
pub(crate) const REVOKE: &str = "/restapi/1.0/common/oauth2/revoke";
pub(crate) const INTROSPECT: &str = "/restapi/1.0/common/oauth2/introspect";
pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// Failed authentications are neither delayed nor throttled.
const UNTHROTTLED: [(&str, &str); 6] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
    ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
];

/// A trusted confidential application with PKCE and every grant type, bound to the administrator of this Odoo.
fn library_application(version: Version) -> NewApplication {
    let settings = ApplicationSettings {
        grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
        redirect_uris: vec![CALLBACK.to_owned()],
        trusted: true,
        pkce_required: true,
        ..ApplicationSettings::default()
    };
    NewApplication { settings, ..new_application(version, version.database()) }
}

/// A gateway in front of a stub, with direct access to its store.
pub(crate) struct Fixture {
    pub(crate) gateway: Gateway,
    pub(crate) admin: Administration,
    /// The token services, which issue codes as the pages do.
    pub(crate) tokens: TokenServices,
    store: String,
    _stub: StubOdoo,
}

impl Fixture {
    /// One fixture on SQLite and one on PostgreSQL.
    pub(crate) async fn on_both_stores() -> [Self; 2] {
        Self::on_both_stores_with(&[]).await
    }

    /// The same, with more settings.
    pub(crate) async fn on_both_stores_with(settings: &[(&str, &str)]) -> [Self; 2] {
        let postgres = crate::support::odoo::empty_database().await;
        let store = ("ODOO_GATEWAY__STORE__URL", postgres.as_str());
        [Self::with(settings).await, Self::with(&[settings, &[store]].concat()).await]
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let stub = StubOdoo::start().await;
        let mut all = UNTHROTTLED.to_vec();
        all.retain(|(name, _)| !settings.iter().any(|(other, _)| other == name));
        all.extend(settings);
        let gateway = Gateway::start_with_stub(&stub, &all).await;
        let admin = gateway.administration().await;
        let tokens = tokens(&gateway, &admin);
        let of_settings = settings.iter().find(|(name, _)| *name == "ODOO_GATEWAY__STORE__URL");
        let of_file = || format!("sqlite:{}", gateway.folder().join("gateway.db").display());
        let store = of_settings.map_or_else(of_file, |(_, url)| (*url).to_owned());
        Self { gateway, admin, tokens, store, _stub: stub }
    }

    /// Creates an application that needs the user's approval. Returns it and its secret.
    pub(crate) async fn application(
        &self,
        name: &str,
        change: impl FnOnce(&mut NewApplication),
    ) -> (Application, String) {
        let mut new_application = NewApplication {
            database: None,
            bound: Some(("admin".to_owned(), PASSWORD.into())),
            scope: "\"all\"".to_owned(),
            not_after: None,
            terms: KeyTerms::unlimited(name),
            settings: ApplicationSettings {
                grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
                redirect_uris: vec![CALLBACK.to_owned()],
                ..ApplicationSettings::default()
            },
            origins: Vec::new(),
        };
        change(&mut new_application);
        let (application, secret) = self.admin.create_application(new_application).await.unwrap();
        (application, secret.client.map_or_else(String::new, |secret| secret.expose().to_owned()))
    }

    /// Executes a statement in the store, as an attacker with write access could.
    pub(crate) async fn execute_sql(&self, statement: &'static str) {
        let mut connection = sqlx::AnyConnection::connect(&self.store).await.unwrap();
        let written = sqlx::query(statement).execute(&mut connection).await.unwrap();
        assert!(written.rows_affected() > 0, "{statement}");
    }

    /// The user as a resource owner, logged in as in a browser.
    pub(crate) async fn resource_owner(&self) -> ResourceOwner {
        let user = Principal {
            database: self.admin.databases.pick(None).unwrap().clone(),
            odoo_user: OdooUser { uid: Uid::new(2).unwrap(), secret: secrecy::SecretString::from(PASSWORD).into() },
            login: "admin".into(),
            credential_kind: CredentialKind::Basic,
            rate_limit: None,
            permit: None,
            scope: Scope::All.into(),
            token: None,
            usage: None,
        };
        let cookie = self.tokens.sessions.create(user).await.unwrap();
        self.tokens
            .sessions
            .find(cookie.expose(), std::net::Ipv4Addr::LOCALHOST.into())
            .await
            .unwrap()
            .unwrap()
            .resource_owner()
    }

    /// A code that the user has approved.
    pub(crate) async fn code(&self, application: &Application, words: &str, challenge: Option<&str>) -> String {
        let code_request = CodeRequest {
            redirect_uri: Some(CALLBACK.to_owned()),
            scope: application.narrow_scope(Some(words)).unwrap(),
            challenge: challenge.map(str::to_owned),
        };
        let resource_owner = self.resource_owner().await;
        self.tokens.oauth2.issue_code(application, &resource_owner, code_request).await.unwrap().expose().to_owned()
    }

    /// POST of a form.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self.gateway.client().request(Method::POST, path).body(form.join("&"));
        send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Exchanges a code as an ordinary client does.
    pub(crate) async fn redeem(&self, application: &Application, secret: &str, code: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", application.client_id()),
            ("client_secret", secret),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.post(TOKEN, &form).await
    }

    pub(crate) async fn refresh(&self, application: &Application, secret: &str, token: &str) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", application.client_id()),
            ("client_secret", secret),
            ("refresh_token", token),
        ];
        self.post(TOKEN, &form).await
    }

    /// Calls the API with a bearer token.
    pub(crate) async fn call_api(&self, token: &str) -> Response {
        self.gateway.client().with_header("authorization", &format!("Bearer {token}")).get(PARTNERS, &[]).await
    }
}

fn tokens(gateway: &Gateway, admin: &Administration) -> TokenServices {
    let rate = ThrottleRate { burst: 100_000, per_minute: 100_000 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let settings = TokenSettings {
        min_failure_time: Duration::ZERO,
        access_token_idle: Duration::from_secs(60),
        ..token_settings(&Config::load(None, []).unwrap(), gateway.address())
    };
    let throttle = Arc::new(Throttle::new(rates, Clock::system()));
    TokenServices::new(admin.store.clone(), admin.key_provider.clone(), settings, throttle, Clock::system())
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Checks that a response is an error of RFC 6749 section 5.2, and returns its body.
#[track_caller]
pub(crate) fn oauth_error(response: &Response, status: u16, error: &str) -> Value {
    assert_eq!(response.status, status, "{}", response.text);
    assert_eq!(response.header("content-type"), "application/json");
    assert!(response.header("cache-control").contains("no-store") && response.header("pragma") == "no-cache");
    let body = response.json();
    assert_eq!(body["error"], error, "{body}");
    body
}

/// A member of a token response.
#[track_caller]
pub(crate) fn member(response: &Value, name: &str) -> String {
    response[name].as_str().unwrap_or_else(|| panic!("{name} in {response}")).to_owned()
}
