//! OAuth 1.0a from the outside: tokens for applications, signed requests, and who is refused.
//!
//! ```text
//! story     from an application to its users' records, on every family
//! refusals  what is wrong with a request, one thing at a time
//! exchange  request tokens: callbacks, verifiers, tries
//! replays   nonces: races, kill -9, replicas
//! proxies   by which URL the gateway was reached, and what is not done in the open
//! theft     what the store and the master key open
//! manual    the exchange as the vendor prints it
//! clients   libraries as anybody has them
//! rust_client the crate oauth1-request
//! bodies    oauth_body_hash
//! ```

mod bodies;
mod clients;
mod exchange;
mod manual;
mod proxies;
mod refusals;
mod replays;
mod rust_client;
mod story;
mod theft;

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::admin::{Administration, ApplicationSettings, SignatureMethod, WantedApplication};
use odoo_gateway::auth::oauth1::{Decided, OAuth1, OAuth1Settings};
use odoo_gateway::auth::{OAuthSettings, Rate, Throttle, ThrottleSettings, TokenSettings, Tokens};
use odoo_gateway::store::KeyTerms;
use reqwest::Method;

use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Answer, Client, Gateway, Version};

pub(crate) const REQUEST_TOKEN: &str = "/restapi/1.0/common/oauth1/request_token";
pub(crate) const ACCESS_TOKEN: &str = "/restapi/1.0/common/oauth1/access_token";
pub(crate) const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
pub(crate) const CALLBACK: &str = "https://client.example/back?keep=%7e+1";

/// Nothing in it is encoded.
pub(crate) const PLAIN_CALLBACK: &str = "https://client.example/plain?keep=1";

/// Refusals leave at once and as often as they come.
pub(crate) const QUICK: [(&str, &str); 5] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
];

/// A gateway before both Odoos that refuses quickly.
pub(crate) async fn quick(more: &[(&str, &str)]) -> Gateway {
    let settings: Vec<_> = QUICK.iter().chain(more).copied().collect();
    Gateway::before_odoo(&settings).await
}

/// An application for the user `admin` that signs in every way but those with RSA, and is trusted.
pub(crate) fn wanted(version: Version, name: &str) -> WantedApplication {
    use SignatureMethod::{HmacSha1, HmacSha256, HmacSha512, Plaintext};
    WantedApplication {
        database: Some(version.database().to_owned()),
        bound: Some(("admin".to_owned(), "admin".into())),
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
            redirect_uris: vec![CALLBACK.to_owned(), PLAIN_CALLBACK.to_owned()],
            trusted: true,
            oauth1: [HmacSha1, HmacSha256, HmacSha512, Plaintext].into(),
            ..ApplicationSettings::default()
        },
    }
}

/// An application that signs, and the user who approves for it without a page.
pub(crate) struct Consumer {
    pub(crate) signer: Signer,
    provider: OAuth1,
}

impl Consumer {
    pub(crate) async fn new(gateway: &Gateway, wanted: WantedApplication) -> Self {
        Self::of(gateway.administration().await, wanted).await
    }

    pub(crate) async fn of(admin: Administration, wanted: WantedApplication) -> Self {
        let (_, secrets) = admin.create_application(wanted).await.unwrap();
        let consumer = secrets.consumer.unwrap();
        let signer = Signer::new(consumer.key(), consumer.secret());
        Self { signer, provider: provider(&admin) }
    }

    /// The same application with another key and secret.
    pub(crate) fn renewed(self, key: &str, secret: &str) -> Self {
        Self { signer: Signer::new(key, secret), ..self }
    }

    /// What the page does when the bound user agrees.
    pub(crate) async fn approve(&self, token: &str) -> Decided {
        let request = self.provider.find_request_token(token).await.unwrap().expect("it waits for a user");
        self.provider.approve_headless(request).await.unwrap()
    }

    /// What the page does when he does not.
    pub(crate) async fn deny(&self, token: &str) -> Decided {
        let request = self.provider.find_request_token(token).await.unwrap().expect("it waits for a user");
        self.provider.deny(request, "admin").await.unwrap()
    }

    /// Whether the page would show anything for it.
    pub(crate) async fn is_waiting(&self, token: &str) -> bool {
        self.provider.find_request_token(token).await.unwrap().is_some()
    }

    /// A request token and its secret.
    pub(crate) async fn ask(&self, client: &Client, callback: &str) -> (String, String) {
        let signer = self.signer.now().saying("oauth_callback", callback);
        pair(&send(signer.sign(client.request(Method::POST, REQUEST_TOKEN))).await)
    }

    /// All the way to an access token.
    pub(crate) async fn connect(&self, client: &Client) -> Signer {
        let (token, secret) = self.ask(client, "oob").await;
        let decided = self.approve(&token).await;
        let verifier = decided.verifier.unwrap();
        let signer = self.signer.with_token(&token, &secret).now().saying("oauth_verifier", verifier.expose());
        let (token, secret) = pair(&send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await);
        self.signer.with_token(&token, &secret)
    }
}

/// The room that knows tokens, as the pages use it, over the gateway's own store.
fn provider(admin: &Administration) -> OAuth1 {
    let second = Duration::from_secs(1);
    let rate = Rate { burst: 1000, per_minute: 1000 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let throttle = Arc::new(Throttle::new(rates, admin.clock.clone()));
    let oauth = OAuthSettings::default();
    let settings = TokenSettings { failure_floor: second, access_token_idle: second, oauth };
    let tokens = Tokens::new(admin.store.clone(), admin.vaults.clone(), settings, throttle, admin.clock.clone());
    OAuth1::new(Arc::new(tokens), OAuth1Settings::default())
}

/// The token and its secret in an answer.
#[track_caller]
pub(crate) fn pair(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let members: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(answer.text.as_bytes()).into_owned().collect();
    (members["oauth_token"].clone(), members["oauth_token_secret"].clone())
}

/// A signed GET.
pub(crate) async fn get(signer: &Signer, client: &Client, path: &str) -> Answer {
    send(signer.sign(client.request(Method::GET, path))).await
}
