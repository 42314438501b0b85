//! The keys of the installation are exchanged while two gateways answer, and nobody who calls notices.

use odoo_gateway::admin::KeptKeyKind;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::key;
use crate::support::{Client, Gateway, Version};

const MINT: &str = "/api/generate_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Callers who ask without end, until they are told; what they were answered.
struct Load {
    stop: watch::Sender<bool>,
    callers: Vec<JoinHandle<Vec<u16>>>,
    answers: watch::Receiver<usize>,
}

impl Load {
    fn begin(clients: &[Client]) -> Self {
        let (stop, _) = watch::channel(false);
        let (count, answers) = watch::channel(0);
        let caller = |client: &Client| {
            let (client, stopped, count) = (client.clone(), stop.subscribe(), count.clone());
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                while !*stopped.borrow() {
                    statuses.push(client.get(PARTNERS, &[]).await.status);
                    count.send_modify(|count| *count += 1);
                }
                statuses
            })
        };
        let callers = clients.iter().map(caller).collect();
        Self { stop, callers, answers }
    }

    /// Waits until so many more were answered.
    async fn until_more(&mut self, more: usize) {
        let wanted = *self.answers.borrow() + more;
        drop(self.answers.wait_for(|answers| *answers >= wanted).await.unwrap());
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        for caller in self.callers {
            let statuses = caller.await.unwrap();
            assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 200), "{statuses:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn index_and_signing_keys_are_exchanged_while_requests_go_on() {
    let store = crate::support::odoo::empty_database().await;
    for settings in [
        &[][..],
        &[("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")],
    ] {
        let gateway = Gateway::before_odoo(settings).await;
        let other = gateway.replica().await;
        let (here, there) = (gateway.client(), Client::new(format!("http://{}", other.api)));
        let admin = gateway.administration().await;
        let (_, key) = key(&admin, Version::Odoo19, "rotated").await;
        let mint = async |client: &Client| {
            let minted = client.with_header("api-key", &key).post(MINT, &json!({})).await.ok();
            minted["login_token"].as_str().unwrap().to_owned()
        };
        let token = mint(&here).await;
        let with = |client: &Client, token: &str| client.with_header("api-key", &key).with_header("token", token);
        let mut load = Load::begin(&[
            here.with_header("api-key", &key),
            there.with_header("api-key", &key),
            here.with_header("token", &token),
            with(&there, &token),
        ]);
        for kind in [KeptKeyKind::Index, KeptKeyKind::Signing] {
            load.until_more(20).await;
            admin.rotate_kept_key(kind).await.unwrap();
            load.until_more(20).await;
        }
        // Made by the one with the new keys, and shown to the other.
        for (maker, reader) in [(&here, &there), (&there, &here)] {
            let token = mint(maker).await;
            reader.with_header("token", &token).get(PARTNERS, &[]).await.ok();
            with(reader, &token).get(PARTNERS, &[]).await.ok();
        }
        load.until_more(20).await;
        load.end().await;
        let moved = admin.prune_kept_keys().await.unwrap();
        assert_eq!(moved.tokens_left, 0, "what was used has moved");
        let fresh = gateway.replica().await;
        let client = Client::new(format!("http://{}", fresh.api));
        client.with_header("token", &token).get(PARTNERS, &[]).await.ok();
        fresh.stop().await;
        other.stop().await;
    }
}
