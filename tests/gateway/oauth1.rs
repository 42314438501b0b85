//! OAuth 1.0a: tokens for applications, signed requests, and rejected requests.
//!
//! ```text
//! lifecycle    from an application to its users' records, in every dialect
//! rejections   invalid requests, one error at a time
//! exchange     request tokens: callbacks, verifiers, attempts
//! replays      nonces: races, kill -9, replicas
//! proxies      the external URL of the gateway, and what requires TLS
//! theft        what an attacker can do with the store and the master key
//! manual       the exchange as the vendor's manual prints it
//! clients      unmodified client libraries
//! rust_client  the crate oauth1-request
//! bodies       oauth_body_hash
//! ```

mod bodies;
mod clients;
mod exchange;
mod lifecycle;
mod manual;
mod proxies;
mod rejections;
mod replays;
mod rust_client;
mod theft;

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::admin::{Administration, ApplicationSettings, NewApplication, SignatureMethod};
use odoo_gateway::app::token_settings;
use odoo_gateway::auth::oauth1::DecidedRequestToken;
use odoo_gateway::auth::{Throttle, ThrottleRate, ThrottleSettings, TokenServices, TokenSettings};
use odoo_gateway::config::Config;
use odoo_gateway::store::KeyTerms;
use reqwest::Method;

use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Client, Gateway, Response, Version};

pub(crate) const REQUEST_TOKEN: &str = "/restapi/1.0/common/oauth1/request_token";
pub(crate) const ACCESS_TOKEN: &str = "/restapi/1.0/common/oauth1/access_token";
pub(crate) const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
pub(crate) const CALLBACK: &str = "https://client.example/back?keep=%7e+1";

/// A callback without percent-encoding.
pub(crate) const PLAIN_CALLBACK: &str = "https://client.example/plain?keep=1";

/// Failed authentications are neither delayed nor throttled.
pub(crate) const UNTHROTTLED: [(&str, &str); 5] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
];

/// A gateway in front of both Odoos whose rejections are neither delayed nor throttled.
pub(crate) async fn unthrottled_gateway(more: &[(&str, &str)]) -> Gateway {
    let settings: Vec<_> = UNTHROTTLED.iter().chain(more).copied().collect();
    Gateway::start_with_odoo(&settings).await
}

/// A trusted application bound to the user `admin`, with every signature method except RSA.
pub(crate) fn new_application(version: Version, name: &str) -> NewApplication {
    use SignatureMethod::{HmacSha1, HmacSha256, HmacSha512, Plaintext};
    NewApplication {
        database: Some(version.database().to_owned()),
        bound: Some(("admin".to_owned(), "admin".into())),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms::unlimited(name),
        settings: ApplicationSettings {
            redirect_uris: vec![CALLBACK.to_owned(), PLAIN_CALLBACK.to_owned()],
            trusted: true,
            oauth1: [HmacSha1, HmacSha256, HmacSha512, Plaintext].into(),
            ..ApplicationSettings::default()
        },
        origins: Vec::new(),
    }
}

/// An application that signs, and the token services, which approve for its user without a page.
pub(crate) struct Consumer {
    pub(crate) signer: Signer,
    tokens: TokenServices,
}

impl Consumer {
    pub(crate) async fn new(gateway: &Gateway, new_application: NewApplication) -> Self {
        Self::with_administration(gateway.administration().await, new_application).await
    }

    pub(crate) async fn with_administration(admin: Administration, new_application: NewApplication) -> Self {
        let (_, secrets) = admin.create_application(new_application).await.unwrap();
        let consumer = secrets.consumer.unwrap();
        let signer = Signer::new(consumer.key(), consumer.secret());
        Self { signer, tokens: token_services(&admin) }
    }

    /// The same application with this key and secret.
    pub(crate) fn with_credentials(self, key: &str, secret: &str) -> Self {
        Self { signer: Signer::new(key, secret), ..self }
    }

    /// Approves a request token, as the page does for the bound user.
    pub(crate) async fn approve(&self, token: &str) -> DecidedRequestToken {
        let request =
            self.tokens.oauth1.find_request_token(token).await.unwrap().expect("a request token without a decision");
        self.tokens.oauth1.approve_non_interactive(request).await.unwrap()
    }

    /// Denies a request token, as the page does.
    pub(crate) async fn deny(&self, token: &str) -> DecidedRequestToken {
        let request =
            self.tokens.oauth1.find_request_token(token).await.unwrap().expect("a request token without a decision");
        self.tokens.oauth1.deny(request, "admin").await.unwrap()
    }

    /// Whether the request token waits for a decision.
    pub(crate) async fn is_undecided(&self, token: &str) -> bool {
        self.tokens.oauth1.find_request_token(token).await.unwrap().is_some()
    }

    /// Gets a request token and its secret.
    pub(crate) async fn request_token(&self, client: &Client, callback: &str) -> (String, String) {
        let signer = self.signer.with_fresh_nonce().with_param("oauth_callback", callback);
        parse_token_pair(&send(signer.sign(client.request(Method::POST, REQUEST_TOKEN))).await)
    }

    /// Completes the flow. Returns a signer with the access token.
    pub(crate) async fn connect(&self, client: &Client) -> Signer {
        let (token, secret) = self.request_token(client, "oob").await;
        let decided = self.approve(&token).await;
        let verifier = decided.verifier.unwrap();
        let signer =
            self.signer.with_token(&token, &secret).with_fresh_nonce().with_param("oauth_verifier", verifier.expose());
        let (token, secret) = parse_token_pair(&send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await);
        self.signer.with_token(&token, &secret)
    }
}

/// The token services that the pages use, on the gateway's store.
fn token_services(admin: &Administration) -> TokenServices {
    let second = Duration::from_secs(1);
    let rate = ThrottleRate { burst: 1000, per_minute: 1000 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let throttle = Arc::new(Throttle::new(rates, admin.clock.clone()));
    let settings = TokenSettings {
        min_failure_time: second,
        access_token_idle: second,
        ..token_settings(&Config::load(None, []).unwrap(), ([127, 0, 0, 1], 0).into())
    };
    TokenServices::new(admin.store.clone(), admin.key_provider.clone(), settings, throttle, admin.clock.clone())
}

/// The token and its secret in a token response.
#[track_caller]
pub(crate) fn parse_token_pair(response: &Response) -> (String, String) {
    assert_eq!(response.status, 200, "{}", response.text);
    let members: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(response.text.as_bytes()).into_owned().collect();
    (members["oauth_token"].clone(), members["oauth_token_secret"].clone())
}

/// A signed GET.
pub(crate) async fn get(signer: &Signer, client: &Client, path: &str) -> Response {
    send(signer.sign(client.request(Method::GET, path))).await
}
