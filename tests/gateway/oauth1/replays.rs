//! A signed request works once: whoever sends it again, whenever, and to whichever gateway.

use futures_util::future::join_all;
use reqwest::Method;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use super::exchange::on;
use super::{Consumer, PARTNERS, QUICK, get, quick, wanted};
use crate::support::binary::Process;
use crate::support::{Client, Version, stand};

/// Makes the database that this URL names.
pub(super) async fn create_database(url: &str) {
    sqlx::any::install_default_drivers();
    let name = url.rsplit('/').next().unwrap();
    let mut connection = AnyConnection::connect(stand().postgres()).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_18_of_fifty_identical_requests_at_once_one_is_served_on_both_stores() {
    let postgres = format!("{}/oauth1_replays_{}", stand().postgres().rsplit_once('/').unwrap().0, std::process::id());
    for store in [None, Some(postgres.as_str())] {
        let (gateway, client) = on(store).await;
        let signer = Consumer::new(&gateway, wanted(Version::Odoo19, "fifty")).await.connect(&client).await;
        let replica = gateway.replica().await;
        let elsewhere = Client::new(format!("http://{}", replica.api));
        for _ in 0..3 {
            let header = signer.now().as_reached_by("http://gw.example").header(client.request(Method::GET, PARTNERS));
            let send = |client: &Client| {
                let client = client.with_header("authorization", &header).with_header("host", "gw.example");
                async move { client.get(PARTNERS, &[]).await.status }
            };
            // Half of them to another gateway over the same store.
            let answers = join_all((0..50).map(|at| send(if at % 2 == 0 { &client } else { &elsewhere }))).await;
            let served = answers.iter().filter(|status| **status == 200).count();
            assert_eq!(served, 1, "{answers:?}");
            assert!(answers.iter().all(|status| matches!(status, 200 | 401)), "{answers:?}");
        }
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_16_o1_17_a_nonce_is_used_up_for_its_client_token_and_time_only() {
    let gateway = quick(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "nonces")).await;
    let (signer, second) = (consumer.connect(&client).await, consumer.connect(&client).await);
    let other = Consumer::new(&gateway, wanted(Version::Odoo19, "other nonces")).await.connect(&client).await;
    let now = odoo_gateway::clock::Clock::system().now().unix_timestamp();
    let at = |signer: &crate::support::signer::Signer, offset: i64| {
        signer.saying("oauth_nonce", "the same").saying("oauth_timestamp", &(now + offset).to_string())
    };
    get(&at(&signer, 0), &client, PARTNERS).await.ok();
    get(&at(&signer, 0), &client, PARTNERS).await.refused(401, "credential_invalid");
    // same-nonce-other-timestamp, also an earlier one; another token; same-nonce-other-client
    for signer in [at(&signer, -1), at(&signer, 1), at(&second, 0), at(&other, 0)] {
        get(&signer, &client, PARTNERS).await.ok();
    }
    // query-reordered: the same request to the RFC, so seen before; a new one is fine.
    let path = |query: &str| format!("{PARTNERS}?{query}");
    let header = signer.now().header(client.request(Method::GET, &path("domain=[]&context={}")));
    let shown = client.with_header("authorization", &header);
    shown.get(&path("context={}&domain=[]"), &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_18_a_request_that_was_served_is_not_served_again_after_kill_9() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let mut settings = vec![
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://gw.example"),
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    settings.extend(QUICK);
    let mut gateway = Process::serve(&settings).await;
    let admin = crate::credentials::administration(gateway.folder.path(), &settings).await;
    let mut consumer = Consumer::of(admin, wanted(Version::Odoo19, "killed")).await;
    consumer.signer = consumer.signer.as_reached_by("https://gw.example");
    let signer = consumer.connect(&gateway.client()).await;
    for _ in 0..3 {
        let header = signer.now().header(gateway.client().request(Method::GET, PARTNERS));
        gateway.client().with_header("authorization", &header).get(PARTNERS, &[]).await.ok();
        let (_, _, folder) = gateway.end("KILL").await;
        gateway = Process::serve_in(folder, &settings).await;
        let again = gateway.client().with_header("authorization", &header).get(PARTNERS, &[]).await;
        again.refused(401, "credential_invalid");
        get(&signer.now(), &gateway.client(), PARTNERS).await.ok();
    }
}
