//! A signed request works once, regardless of the sender, the time and the gateway of the replay.

use futures_util::future::join_all;
use reqwest::Method;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use super::exchange::gateway_on;
use super::{Consumer, PARTNERS, UNTHROTTLED, get, new_application, unthrottled_gateway};
use crate::support::binary::Process;
use crate::support::{Client, Version, testbed};

/// Creates the database of this URL.
pub(super) async fn create_database(url: &str) {
    sqlx::any::install_default_drivers();
    let name = url.rsplit('/').next().unwrap();
    let mut connection = AnyConnection::connect(testbed().postgres()).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_18_one_of_fifty_identical_concurrent_requests_succeeds_on_both_stores() {
    let postgres =
        format!("{}/oauth1_replays_{}", testbed().postgres().rsplit_once('/').unwrap().0, std::process::id());
    for store in [None, Some(postgres.as_str())] {
        let (gateway, client) = gateway_on(store).await;
        let signer = Consumer::new(&gateway, new_application(Version::Odoo19, "fifty")).await.connect(&client).await;
        let replica = gateway.replica().await;
        let elsewhere = Client::new(format!("http://{}", replica.api));
        for _ in 0..3 {
            let header = signer
                .with_fresh_nonce()
                .with_base_uri("http://gw.example")
                .header(client.request(Method::GET, PARTNERS));
            let send = |client: &Client| {
                let client = client.with_header("authorization", &header).with_header("host", "gw.example");
                async move { client.get(PARTNERS, &[]).await.status }
            };
            // Half of them to another gateway over the same store.
            let responses = join_all((0..50).map(|at| send(if at % 2 == 0 { &client } else { &elsewhere }))).await;
            let served = responses.iter().filter(|status| **status == 200).count();
            assert_eq!(served, 1, "{responses:?}");
            assert!(responses.iter().all(|status| matches!(status, 200 | 401)), "{responses:?}");
        }
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_16_o1_17_nonce_is_unique_per_client_token_and_timestamp() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "nonces")).await;
    let (signer, second) = (consumer.connect(&client).await, consumer.connect(&client).await);
    let other = Consumer::new(&gateway, new_application(Version::Odoo19, "other nonces")).await.connect(&client).await;
    let now = odoo_gateway::clock::Clock::system().now().unix_timestamp();
    let at = |signer: &crate::support::signer::Signer, offset: i64| {
        signer.with_param("oauth_nonce", "the same").with_param("oauth_timestamp", &(now + offset).to_string())
    };
    get(&at(&signer, 0), &client, PARTNERS).await.ok();
    get(&at(&signer, 0), &client, PARTNERS).await.problem(401, "credential_invalid");
    // same-nonce-other-timestamp (also an earlier one); another token; same-nonce-other-client
    for signer in [at(&signer, -1), at(&signer, 1), at(&second, 0), at(&other, 0)] {
        get(&signer, &client, PARTNERS).await.ok();
    }
    // query-reordered: the same request according to the RFC, so a replay; a new one is valid.
    let path = |query: &str| format!("{PARTNERS}?{query}");
    let header = signer.with_fresh_nonce().header(client.request(Method::GET, &path("domain=[]&context={}")));
    let replayed = client.with_header("authorization", &header);
    replayed.get(&path("context={}&domain=[]"), &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_18_replay_after_kill_9_is_rejected() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let mut settings = vec![
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://gw.example"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    settings.extend(UNTHROTTLED);
    let mut gateway = Process::serve(&settings).await;
    let admin = crate::credentials::administration(gateway.folder.path(), &settings).await;
    let mut consumer = Consumer::with_administration(admin, new_application(Version::Odoo19, "killed")).await;
    consumer.signer = consumer.signer.with_base_uri("https://gw.example");
    let signer = consumer.connect(&gateway.client()).await;
    for _ in 0..3 {
        let header = signer.with_fresh_nonce().header(gateway.client().request(Method::GET, PARTNERS));
        gateway.client().with_header("authorization", &header).get(PARTNERS, &[]).await.ok();
        let (_, _, folder) = gateway.stop_with("KILL").await;
        gateway = Process::serve_in(folder, &settings).await;
        let again = gateway.client().with_header("authorization", &header).get(PARTNERS, &[]).await;
        again.problem(401, "credential_invalid");
        get(&signer.with_fresh_nonce(), &gateway.client(), PARTNERS).await.ok();
    }
}
