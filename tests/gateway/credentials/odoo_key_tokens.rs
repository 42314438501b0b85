//! Odoo API keys that tokens of users use: login tokens, OAuth 1.0a tokens, linked users. In front of a stub that is an
//! Odoo 20.

use std::time::Duration;

use odoo_gateway::admin::{Administration, NewApiKey, OdooAccount, PersonalKey};
use odoo_gateway::clock::Clock;
use odoo_gateway::store::{KeyTerms, OdooKeyRecord, StoredToken};

use super::new_key_of;
use super::odoo_key_renewal::{
    DAY, GENERATE, LIFETIME, NEW, NO_GRACE, PARTNER, RENEW, RENEW_BEFORE, REVOKE, REVOKE_AFTER, end_replaced, make_due,
    odoo_20, use_until,
};
use crate::oauth1::{Consumer, get, new_application};
use crate::support::stub_odoo::{KEY, PASSWORD};
use crate::support::{Client, Gateway, StubOdoo, StubReply, Version};

const SETTINGS: [(&str, &str); 5] = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "0s"), NO_GRACE];

/// A gateway in front of an Odoo 20 that creates the key [`NEW`].
async fn gateway() -> (Gateway, StubOdoo, Administration) {
    let stub = odoo_20().await;
    stub.when(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    let gateway = Gateway::start_with_stub(&stub, &SETTINGS).await;
    let admin = gateway.administration().await;
    (gateway, stub, admin)
}

/// An API key that issues login tokens for all users, with a password.
async fn shared_key(admin: &Administration) -> (StoredToken, String) {
    let terms = KeyTerms { may_mint_for_others: true, open_to_all_users: true, ..KeyTerms::unlimited("shared") };
    let new = NewApiKey { terms, ..new_key_of("stub", "shared", "admin", PASSWORD) };
    let (row, token) = admin.create_key(new).await.unwrap();
    (row, token.expose().to_owned())
}

/// What is known about the key of a grant after a use that changes it as `is_done` says.
async fn known_after(
    client: &Client,
    admin: &Administration,
    row: &StoredToken,
    is_done: impl Fn(&OdooKeyRecord) -> bool,
) -> OdooKeyRecord {
    let known = async {
        loop {
            client.get(PARTNER, &[("fields", "id")]).await.ok();
            match admin.odoo_key_of(row).await.unwrap() {
                Some(known) if is_done(&known) => return known,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), known).await.expect("the key was looked at")
}

#[tokio::test(flavor = "multi_thread")]
async fn login_token_renews_the_key_of_its_user_and_leaves_the_one_that_the_user_entered() {
    let (gateway, stub, admin) = gateway().await;
    let (shared, shared_token) = shared_key(&admin).await;
    // From now on it is known that the other grant of the user has a password.
    let with_key = gateway.client().with_header("api-key", &shared_token);
    known_after(&with_key, &admin, &shared, |known| known.next_check_at > 0).await;

    let user = ("stub", "admin", KEY.into());
    let (row, token) = admin.create_login_token(&shared.id, user, 30).await.unwrap();
    let client = gateway.client().with_header("token", &token);
    use_until(&client, &admin, "odoo_key.renew", 1).await;
    client.get(PARTNER, &[("fields", "id")]).await.ok();
    assert!(stub.last_text("res.partner.read").contains(NEW));
    make_due(&format!("sqlite:{}", gateway.folder().join("gateway.db").display())).await;
    let replica = gateway.replica().await;
    let client = Client::new(format!("http://{}", replica.api)).with_header("token", &token);
    let known = known_after(&client, &admin, &row, |known| known.next_check_at > 1).await;
    assert!(known.replaced.is_some() && known.failure.is_none(), "{known:?}");
    assert_eq!((stub.call_count(GENERATE), stub.call_count(REVOKE)), (1, 0), "other programs may have the old key");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_a_user_created_renews_the_odoo_key_and_leaves_the_one_that_the_user_entered() {
    let (gateway, stub, admin) = gateway().await;
    let user = OdooAccount { database: "stub", uid: 2 };
    let not_after = Clock::system().now() + Duration::from_secs(90 * 24 * 60 * 60);
    let scope = "\"all\"".to_owned();
    let new = PersonalKey { user, login: "admin", secret: KEY.into(), name: "sheet", scope, not_after };
    let (row, token) = admin.create_personal_key(new).await.unwrap();
    let client = gateway.client().with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.renew", 1).await;
    // The known end of a key that the user entered is a guess: others that have it may still look for the new one.
    let store = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
    end_replaced(&store).await;
    make_due(&store).await;
    let replica = gateway.replica().await;
    let client = Client::new(format!("http://{}", replica.api)).with_header("api-key", token.expose());
    let known = known_after(&client, &admin, &row, |known| known.next_check_at > 1).await;
    assert!(known.replaced.is_some() && known.failure.is_none(), "{known:?}");
    assert!(known.next_check_at > Clock::system().now().unix_timestamp() + 6 * DAY, "nothing is left to do: {known:?}");
    assert!(admin.odoo_keys().await.unwrap().iter().all(|key| !key.is_previous_left));
    assert_eq!((stub.call_count(GENERATE), stub.call_count(REVOKE)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_1_token_renews_the_key_of_its_grant_for_all_tokens_at_once() {
    let (gateway, stub, admin) = gateway().await;
    let mut new = new_application(Version::Odoo19, "signer");
    (new.database, new.bound) = (Some("stub".to_owned()), Some(("admin".to_owned(), KEY.into())));
    let consumer = Consumer::with_administration(admin.clone(), new).await;
    let (client, path) = (gateway.client(), format!("{PARTNER}?fields=id"));
    let [one, other] = [consumer.connect(&client).await, consumer.connect(&client).await];
    let renewed = async {
        while !admin.store.audit_events(100).await.unwrap().iter().any(|event| event.action == "odoo_key.renew") {
            get(&one.with_fresh_nonce(), &client, &path).await.ok();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), renewed).await.expect("the key was renewed");
    get(&other.with_fresh_nonce(), &client, &path).await.ok();
    assert!(stub.last_text("res.partner.read").contains(NEW), "the other token has the new key, too");
    assert_eq!(stub.call_count(GENERATE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_outlives_its_tokens_is_not_renewed() {
    let (gateway, stub, admin) = gateway().await;
    let end = Clock::system().now() + Duration::from_secs(60 * 60);
    let new = NewApiKey { not_after: Some(end), ..new_key_of("stub", "short", "admin", KEY) };
    let (row, token) = admin.create_key(new).await.unwrap();
    let client = gateway.client().with_header("api-key", token.expose());
    let known = known_after(&client, &admin, &row, |known| known.next_check_at > 0).await;
    assert!(known.ends_at.is_some() && known.failure.is_none(), "{known:?}");
    assert_eq!(stub.call_count(GENERATE), 0);
}
