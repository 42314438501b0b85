//! OAuth 2 from the outside: what applications get, how often, and how it ends. On both stores, before a small Odoo.

mod bearer;
mod client;
mod codes;
mod command_line;
mod described;
mod killed;
mod libraries;
mod races;
mod refresh;
mod rust_client;
mod theft;

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::admin::{Administration, Application, ApplicationSettings, GrantType, WantedApplication};
use odoo_gateway::auth::{
    Approver, CodeWish, CredentialKind, OAuthSettings, Principal, Rate, Throttle, ThrottleSettings, TokenSettings,
    Tokens,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::odoo::{Caller, Uid};
use odoo_gateway::plan::Scope;
use odoo_gateway::store::KeyTerms;
use reqwest::Method;
use serde_json::Value;
use sqlx::Connection as _;

use crate::support::client::send;
use crate::support::stub::PASSWORD;
use crate::support::{Answer, Gateway, Stub};

pub(crate) const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
pub(crate) const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";
pub(crate) const REVOKE: &str = "/restapi/1.0/common/oauth2/revoke";
pub(crate) const INTROSPECT: &str = "/restapi/1.0/common/oauth2/introspect";
pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// Lets everybody guess, and quickly.
const PATIENT: [(&str, &str); 6] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
    ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
];

/// A gateway before a small Odoo, with what stands behind its back.
pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) admin: Administration,
    /// The rooms of a gateway that gives codes, as the pages do.
    pub(crate) tokens: Tokens,
    store: String,
    _stub: Stub,
}

impl Scene {
    /// Over a file of SQLite, and over PostgreSQL.
    pub(crate) async fn both() -> [Self; 2] {
        Self::both_with(&[]).await
    }

    /// The same, with more settings.
    pub(crate) async fn both_with(settings: &[(&str, &str)]) -> [Self; 2] {
        let postgres = crate::support::odoo::empty_database().await;
        let store = ("ODOO_GATEWAY__STORE__URL", postgres.as_str());
        [Self::with(settings).await, Self::with(&[settings, &[store]].concat()).await]
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let stub = Stub::start().await;
        let mut all = PATIENT.to_vec();
        all.retain(|(name, _)| !settings.iter().any(|(other, _)| other == name));
        all.extend(settings);
        let gateway = Gateway::before_stub(&stub, &all).await;
        let admin = gateway.administration().await;
        let tokens = tokens(&gateway, &admin);
        let of_settings = settings.iter().find(|(name, _)| *name == "ODOO_GATEWAY__STORE__URL");
        let of_file = || format!("sqlite:{}", gateway.folder().join("gateway.db").display());
        let store = of_settings.map_or_else(of_file, |(_, url)| (*url).to_owned());
        Self { gateway, admin, tokens, store, _stub: stub }
    }

    /// An application that users approve; its secret.
    pub(crate) async fn application(
        &self,
        name: &str,
        change: impl FnOnce(&mut WantedApplication),
    ) -> (Application, String) {
        let mut wanted = WantedApplication {
            database: None,
            bound: Some(("admin".to_owned(), PASSWORD.into())),
            scope: "\"all\"".to_owned(),
            not_after: None,
            terms: KeyTerms {
                name: name.to_owned(),
                needs_login_token: false,
                may_mint_for_others: false,
                networks: Vec::new(),
                rate: None,
                concurrent: None,
            },
            settings: ApplicationSettings {
                grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
                redirect_uris: vec![CALLBACK.to_owned()],
                ..ApplicationSettings::default()
            },
        };
        change(&mut wanted);
        let (application, secret) = self.admin.create_application(wanted).await.unwrap();
        (application, secret.client.map_or_else(String::new, |secret| secret.expose().to_owned()))
    }

    /// What somebody does who may write into the store.
    pub(crate) async fn write(&self, statement: &'static str) {
        let mut connection = sqlx::AnyConnection::connect(&self.store).await.unwrap();
        let written = sqlx::query(statement).execute(&mut connection).await.unwrap();
        assert!(written.rows_affected() > 0, "{statement}");
    }

    /// The user, logged in as in a browser.
    pub(crate) async fn approver(&self) -> Approver {
        let user = Principal {
            database: self.admin.databases.pick(None).unwrap().clone(),
            caller: Caller { uid: Uid::new(2).unwrap(), secret: PASSWORD.into() },
            login: "admin".to_owned(),
            kind: CredentialKind::Basic,
            allowance: None,
            seat: None,
            scope: Scope::All,
            token: None,
        };
        let cookie = self.tokens.begin_session(user).await.unwrap();
        self.tokens.session(cookie.expose()).await.unwrap().unwrap().approver()
    }

    /// A code that the user approved.
    pub(crate) async fn code(&self, application: &Application, words: &str, challenge: Option<&str>) -> String {
        let wish = CodeWish {
            redirect_uri: Some(CALLBACK.to_owned()),
            scope: application.narrowed(Some(words)).unwrap(),
            challenge: challenge.map(str::to_owned),
        };
        let approver = self.approver().await;
        self.tokens.issue_code(application, &approver, wish).await.unwrap().expose().to_owned()
    }

    /// POST of a form.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self.gateway.client().request(Method::POST, path).body(form.join("&"));
        send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Code, exchanged as an ordinary client does it.
    pub(crate) async fn redeem(&self, application: &Application, secret: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", application.client_id()),
            ("client_secret", secret),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.post(TOKEN, &form).await
    }

    pub(crate) async fn refresh(&self, application: &Application, secret: &str, token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", application.client_id()),
            ("client_secret", secret),
            ("refresh_token", token),
        ];
        self.post(TOKEN, &form).await
    }

    /// What a bearer of this token is answered.
    pub(crate) async fn call(&self, token: &str) -> Answer {
        self.gateway.client().with_header("authorization", &format!("Bearer {token}")).get(PARTNERS, &[]).await
    }
}

fn tokens(gateway: &Gateway, admin: &Administration) -> Tokens {
    let rate = Rate { burst: 100_000, per_minute: 100_000 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let settings = TokenSettings {
        failure_floor: Duration::ZERO,
        access_token_idle: Duration::from_secs(60),
        oauth: OAuthSettings { issuer: format!("http://{}", gateway.address()), ..OAuthSettings::default() },
    };
    let throttle = Arc::new(Throttle::new(rates, Clock::system()));
    Tokens::new(admin.store.clone(), admin.vaults.clone(), settings, throttle, Clock::system())
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A refusal in RFC 6749's form.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, error: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("cache-control").contains("no-store") && answer.header("pragma") == "no-cache");
    let body = answer.json();
    assert_eq!(body["error"], error, "{body}");
    body
}

/// A member of a token answer.
#[track_caller]
pub(crate) fn member(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer}")).to_owned()
}
