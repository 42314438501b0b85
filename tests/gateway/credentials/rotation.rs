//! Rotation of the installation keys under load on two gateways, without failed requests.

use odoo_gateway::admin::InstallationKeyKind;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::key;
use crate::support::{Client, Gateway, Version};

const MINT: &str = "/api/generate_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Clients that send requests until they are stopped, and the statuses of the responses.
struct Load {
    stop: watch::Sender<bool>,
    callers: Vec<JoinHandle<Vec<u16>>>,
    responses: watch::Receiver<usize>,
}

impl Load {
    fn start(clients: &[Client]) -> Self {
        let (stop, _) = watch::channel(false);
        let (count, responses) = watch::channel(0);
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
        Self { stop, callers, responses }
    }

    /// Waits until this many more responses arrived.
    async fn wait_for_more(&mut self, more: usize) {
        let target = *self.responses.borrow() + more;
        drop(self.responses.wait_for(|responses| *responses >= target).await.unwrap());
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        for caller in self.callers {
            let statuses = caller.await.unwrap();
            assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 200), "{statuses:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn index_and_signing_key_rotation_does_not_interrupt_requests() {
    let store = crate::support::odoo::empty_database().await;
    for settings in [
        &[][..],
        &[("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")],
    ] {
        let gateway = Gateway::start_with_odoo(settings).await;
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
        let mut load = Load::start(&[
            here.with_header("api-key", &key),
            there.with_header("api-key", &key),
            here.with_header("token", &token),
            with(&there, &token),
        ]);
        for kind in [InstallationKeyKind::Index, InstallationKeyKind::Signing] {
            load.wait_for_more(20).await;
            admin.rotate_installation_key(kind).await.unwrap();
            load.wait_for_more(20).await;
        }
        // Issued by the gateway with the new keys, and used at the other one.
        for (maker, reader) in [(&here, &there), (&there, &here)] {
            let token = mint(maker).await;
            reader.with_header("token", &token).get(PARTNERS, &[]).await.ok();
            with(reader, &token).get(PARTNERS, &[]).await.ok();
        }
        load.wait_for_more(20).await;
        load.stop().await;
        let moved = admin.prune_installation_keys().await.unwrap();
        assert_eq!(moved.index_key_tokens, 0, "used tokens are reindexed");
        let fresh = gateway.replica().await;
        let client = Client::new(format!("http://{}", fresh.api));
        client.with_header("token", &token).get(PARTNERS, &[]).await.ok();
        fresh.stop().await;
        other.stop().await;
    }
}
