//! What a thief gets who has the store and the master key of applications that sign.

use odoo_gateway::auth::open_consumer_secret;
use odoo_gateway::secret::{DataKey, Token, TokenKind};
use reqwest::Method;

use super::{CALLBACK, Consumer, PARTNERS, REQUEST_TOKEN, get, pair, quick, wanted};
use crate::support::Version;
use crate::support::client::send;

#[tokio::test(flavor = "multi_thread")]
async fn s_03_the_store_and_the_master_key_open_no_credential_of_a_user() {
    let gateway = quick(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "signs")).await;
    get(&consumer.connect(&client).await.now(), &client, PARTNERS).await.ok();
    // A request token that waits, one that is approved, and an access token.
    consumer.ask(&client, CALLBACK).await;
    let (token, _) = consumer.ask(&client, CALLBACK).await;
    consumer.approve(&token).await;
    let application = admin.application("signs").await.unwrap();
    let vault = admin.vaults.existing().await.unwrap().unwrap();
    let signing = open_consumer_secret(&vault.keyring, &application.row).unwrap().unwrap();
    // Everything in the store that could be taken for a token of any kind.
    let mut texts = vec![signing.expose().to_owned(), application.client_id().to_owned()];
    let kinds = TokenKind::ALL;
    let mut rows = Vec::new();
    for kind in kinds {
        rows.extend(admin.store.tokens(kind, admin.clock.now()).await.unwrap());
    }
    assert!(rows.len() >= 5, "application, consumer key, tokens: {}", rows.len());
    for row in &rows {
        texts.extend([row.id.clone(), row.shown.clone(), row.grant.id.clone()]);
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
    // Whoever signs with it and knows the client id is the application, and gets nothing of its user.
    let thief = crate::support::signer::Signer::new(application.client_id(), signing.expose());
    let ask = thief.now().saying("oauth_callback", CALLBACK);
    let (token, _) = pair(&send(ask.sign(client.request(Method::POST, REQUEST_TOKEN))).await);
    let json = client.with_header("accept", "application/json");
    let refused = json.get("/restapi/1.0/common/oauth1/authorize", &[("oauth_token", &token)]).await;
    let refused = refused.refused(401, "person_needed");
    assert!(refused["hint"].as_str().unwrap().contains("consumer key"), "{refused}");
    for wrong in ["", "x", &format!("ogw_ck_{body}")] {
        let key = format!("{}.{wrong}", application.client_id());
        let ask = crate::support::signer::Signer::new(&key, signing.expose()).now().saying("oauth_callback", CALLBACK);
        let asked = send(ask.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
        asked.refused(401, "credential_invalid");
    }
    assert!(admin.exposed_applications().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_ends_the_consumer_key_too_and_switching_off_and_on_does_not() {
    let gateway = quick(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo14, "renewed")).await;
    let before = consumer.connect(&client).await;
    admin.switch_application("renewed", false).await.unwrap();
    get(&before.now(), &client, PARTNERS).await.refused(401, "credential_invalid");
    admin.switch_application("renewed", true).await.unwrap();
    get(&before.now(), &client, PARTNERS).await.ok();
    consumer.connect(&client).await;
    let fresh = admin.rotate_secret("renewed", Some("admin".into())).await.unwrap().consumer.unwrap();
    // The old opening part with the new secret.
    let key = consumer.signer.key.clone();
    let ask = crate::support::signer::Signer::new(&key, fresh.secret()).now().saying("oauth_callback", CALLBACK);
    let asked = send(ask.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
    asked.refused(401, "credential_invalid");
    let renewed = consumer.renewed(fresh.key(), fresh.secret());
    get(&renewed.connect(&client).await.now(), &client, PARTNERS).await.ok();
    admin.add_master_key().await.unwrap();
    admin.rewrap().await.unwrap();
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1);
    get(&renewed.connect(&client).await.now(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_of_one_secret_works_on_and_is_told_of() {
    let gateway = quick(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let mut old = wanted(Version::Odoo19, "old");
    old.settings.one_secret = true;
    let consumer = Consumer::new(&gateway, old).await;
    get(&consumer.connect(&client).await.now(), &client, PARTNERS).await.ok();
    assert!(admin.exposed_applications().await.unwrap().is_empty(), "it was meant so");
}
