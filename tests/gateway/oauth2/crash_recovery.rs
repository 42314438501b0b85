//! The binary is killed repeatedly while applications refresh: no grant has two active refresh tokens, used tokens stay
//! used, and the last token that was returned still works (O2-27).

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _, Row as _};
use tokio::sync::watch;

use super::{Fixture, TOKEN, oauth_error};
use crate::support::Client;
use crate::support::binary::Process;

/// The refresh tokens of one grant from complete responses, oldest first.
type ReceivedTokens = Arc<Mutex<Vec<String>>>;

/// Refreshes until the gateway is gone.
async fn refresh_until_killed(client: Client, form: String, received: ReceivedTokens, refreshes: watch::Sender<usize>) {
    loop {
        let last = received.lock().unwrap().last().unwrap().clone();
        let request = client.request(Method::POST, TOKEN).body(format!("{form}&refresh_token={last}"));
        let sent = request.header("content-type", "application/x-www-form-urlencoded").send().await;
        let Ok(response) = sent else { return };
        let Ok(issued) = response.json::<Value>().await else { return };
        // A lost response ends the grant: the user logs in again.
        let Some(next) = issued["refresh_token"].as_str() else { return };
        received.lock().unwrap().push(next.to_owned());
        refreshes.send_modify(|refreshes| *refreshes += 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_leaves_at_most_one_active_refresh_token_per_grant() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("shop", |_| {}).await;
    let form = format!("grant_type=refresh_token&client_id={}&client_secret={secret}", application.client_id());
    let folder = fixture.gateway.folder().to_owned();
    let store = format!("sqlite:{}", folder.join("gateway.db").display());
    let key = folder.join("keys/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__STORE__URL", store.as_str()),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ];
    for _ in 0..4 {
        let gateway = Process::serve(&settings).await;
        let refreshes = watch::Sender::new(0);
        let mut grants: Vec<ReceivedTokens> = Vec::new();
        let mut callers = Vec::new();
        for _ in 0..6 {
            let code = fixture.code(&application, "", None).await;
            let issued = fixture.redeem(&application, &secret, &code).await.ok();
            let received = ReceivedTokens::new(Mutex::new(vec![super::member(&issued, "refresh_token")]));
            grants.push(received.clone());
            callers.push(tokio::spawn(refresh_until_killed(
                gateway.client(),
                form.clone(),
                received,
                refreshes.clone(),
            )));
        }
        refreshes.subscribe().wait_for(|refreshes| *refreshes >= 30).await.unwrap();
        gateway.stop_with("KILL").await;
        for caller in callers {
            caller.await.unwrap();
        }
        let most = "SELECT CAST(coalesce(max(active), 0) AS BIGINT) FROM (SELECT count(*) AS active FROM tokens t \
                    JOIN oauth_tokens o ON o.token_id = t.id WHERE t.kind = 'oauth2_refresh' AND o.spent_at IS NULL \
                    GROUP BY o.family_id) AS grants";
        let mut connection = AnyConnection::connect(&store).await.unwrap();
        assert_eq!(sqlx::query(most).fetch_one(&mut connection).await.unwrap().get::<i64, _>(0), 1);
        for tokens in grants {
            let tokens = tokens.lock().unwrap().clone();
            let last = fixture.refresh(&application, &secret, tokens.last().unwrap()).await;
            assert!(matches!(last.status, 200 | 400), "{}", last.text);
            oauth_error(&fixture.refresh(&application, &secret, &tokens[0]).await, 400, "invalid_grant");
        }
    }
}
