//! What an attacker can do with the store and the master key of applications that sign.

use odoo_gateway::auth::open_consumer_secret;
use odoo_gateway::secret::{DataKey, Token, TokenKind};
use reqwest::Method;

use super::{CALLBACK, Consumer, PARTNERS, REQUEST_TOKEN, get, new_application, parse_token_pair, unthrottled_gateway};
use crate::support::client::send;
use crate::support::{Version, changes_reach_gateways};

#[tokio::test(flavor = "multi_thread")]
async fn s_03_store_and_master_key_give_no_access_to_a_users_credential() {
    let gateway = unthrottled_gateway(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "signs")).await;
    get(&consumer.connect(&client).await.with_fresh_nonce(), &client, PARTNERS).await.ok();
    // An undecided request token, an approved one, and an access token.
    consumer.request_token(&client, CALLBACK).await;
    let (token, _) = consumer.request_token(&client, CALLBACK).await;
    consumer.approve(&token).await;
    let application = admin.find_application("signs").await.unwrap();
    let vault = admin.key_provider.load_existing().await.unwrap().unwrap();
    let signing = open_consumer_secret(&vault.keyring, &application.row).unwrap().unwrap();
    // Every text in the store that could be a token of any kind.
    let mut texts = vec![signing.expose().to_owned(), application.client_id().to_owned()];
    let kinds = TokenKind::ALL;
    let mut rows = Vec::new();
    for kind in kinds {
        rows.extend(admin.store.tokens(kind, admin.clock.now()).await.unwrap());
    }
    assert!(rows.len() >= 5, "application, consumer key, tokens: {}", rows.len());
    for row in &rows {
        texts.extend([row.id.clone(), row.display_prefix.clone(), row.grant.id.clone()]);
        texts.push(row.index.hash.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    let body = signing.expose().trim_start_matches(TokenKind::ConsumerSecret.prefix());
    for row in &rows {
        for text in texts.iter().cloned().chain(kinds.map(|kind| format!("{}{body}", kind.prefix()))) {
            for token in kinds.into_iter().filter_map(|kind| Token::parse(kind, &text)) {
                let terms = row.terms();
                let facts = (row.facts(&terms), row.grant.facts());
                let opened = DataKey::unwrap(&vault.keyring, &token, facts.0, facts.1, &row.wrap);
                assert!(opened.is_err(), "{:?} is opened with {:?}", row.kind, token.kind());
            }
        }
    }
    // An attacker with it and the client id acts as the application, without access to its user.
    let thief = crate::support::signer::Signer::new(application.client_id(), signing.expose());
    let token_request = thief.with_fresh_nonce().with_param("oauth_callback", CALLBACK);
    let (token, _) = parse_token_pair(&send(token_request.sign(client.request(Method::POST, REQUEST_TOKEN))).await);
    let json = client.with_header("accept", "application/json");
    let oauth_error = json.get("/restapi/1.0/common/oauth1/authorize", &[("oauth_token", &token)]).await;
    let oauth_error = oauth_error.problem(401, "person_needed");
    assert!(oauth_error["hint"].as_str().unwrap().contains("consumer key"), "{oauth_error}");
    for wrong in ["", "x", &format!("ogw_ck_{body}")] {
        let key = format!("{}.{wrong}", application.client_id());
        let token_request = crate::support::signer::Signer::new(&key, signing.expose())
            .with_fresh_nonce()
            .with_param("oauth_callback", CALLBACK);
        let requested = send(token_request.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
        requested.problem(401, "credential_invalid");
    }
    assert!(admin.applications_with_shared_secret().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_secret_ends_the_consumer_key_but_disabling_and_enabling_does_not() {
    let gateway = unthrottled_gateway(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo14, "renewed")).await;
    let before = consumer.connect(&client).await;
    admin.set_application_enabled("renewed", false).await.unwrap();
    changes_reach_gateways().await;
    get(&before.with_fresh_nonce(), &client, PARTNERS).await.problem(401, "credential_invalid");
    admin.set_application_enabled("renewed", true).await.unwrap();
    get(&before.with_fresh_nonce(), &client, PARTNERS).await.ok();
    consumer.connect(&client).await;
    let fresh = admin.rotate_secret("renewed", Some("admin".into())).await.unwrap().consumer.unwrap();
    // The old key part with the new secret.
    let key = consumer.signer.key.clone();
    let token_request = crate::support::signer::Signer::new(&key, fresh.secret())
        .with_fresh_nonce()
        .with_param("oauth_callback", CALLBACK);
    let requested = send(token_request.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
    requested.problem(401, "credential_invalid");
    let renewed = consumer.with_credentials(fresh.key(), fresh.secret());
    get(&renewed.connect(&client).await.with_fresh_nonce(), &client, PARTNERS).await.ok();
    admin.add_master_key().await.unwrap();
    admin.rewrap(|_, _| ()).await.unwrap();
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1);
    get(&renewed.connect(&client).await.with_fresh_nonce(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn application_with_a_shared_secret_keeps_working_and_is_reported() {
    let gateway = unthrottled_gateway(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let mut old = new_application(Version::Odoo19, "old");
    old.settings.one_secret = true;
    let consumer = Consumer::new(&gateway, old).await;
    get(&consumer.connect(&client).await.with_fresh_nonce(), &client, PARTNERS).await.ok();
    assert!(admin.applications_with_shared_secret().await.unwrap().is_empty(), "the shared secret is intended");
}
