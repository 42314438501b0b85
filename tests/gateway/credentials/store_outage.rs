//! A PostgreSQL that cannot be reached: known credentials are accepted for `store.outage_grace`, and nothing else. One
//! that does not answer: requests do not wait for it. One whose connections break: a revocation is effective in time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use odoo_gateway::store::{StoreError, TokenUse};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use super::new_key_of;
use crate::support::odoo::empty_database;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, changes_reach_gateways, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// A gateway on PostgreSQL, and a client with an API key that was used.
struct Fixture {
    _stub: StubOdoo,
    gateway: Gateway,
    client: Client,
    key: String,
    store: String,
}

impl Fixture {
    async fn new(setting: (&str, &str)) -> Self {
        let (stub, store) = (StubOdoo::start().await, empty_database().await);
        let settings = [
            setting,
            ("ODOO_GATEWAY__STORE__URL", store.as_str()),
            ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
            ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
            // Clients ask again and again until a credential is rejected.
            ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "1000"),
            ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "1000"),
        ];
        let gateway = Gateway::start_with_stub(&stub, &settings).await;
        let admin = gateway.administration().await;
        let (_, key) = admin.create_key(new_key_of("stub", "known", "admin", PASSWORD)).await.unwrap();
        let client = gateway.client().with_header("api-key", key.expose());
        client.get(PARTNERS, &[]).await.ok();
        Self { _stub: stub, gateway, client, key: key.expose().to_owned(), store }
    }

    /// Makes the database of the store accept connections or reject and end them.
    async fn set_reachable(&self, is_reachable: bool) {
        let name = self.store.rsplit('/').next().unwrap();
        let mut connection = AnyConnection::connect(testbed().postgres()).await.unwrap();
        let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {is_reachable}");
        sqlx::query(AssertSqlSafe(allow)).execute(&mut connection).await.unwrap();
        if !is_reachable {
            let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
            sqlx::query(end).bind(name.to_owned()).fetch_one(&mut connection).await.unwrap();
        }
    }

    /// Lets every query that uses this table wait until the returned connection is closed.
    async fn lock(&self, table: &str) -> AnyConnection {
        let mut connection = AnyConnection::connect(&self.store).await.unwrap();
        for statement in ["BEGIN".to_owned(), format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection
    }

    /// Waits until the client gets this status.
    async fn wait_for_status(&self, status: u16) {
        wait_for_status(&self.client, status, Duration::from_secs(30)).await;
    }
}

async fn wait_for_status(client: &Client, status: u16, limit: Duration) {
    let reached = async {
        while client.get(PARTNERS, &[]).await.status != status {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(limit, reached).await.expect("the status changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_credentials_are_accepted_for_the_configured_time() {
    let grace = Duration::from_secs(8);
    let fixture = Fixture::new(("ODOO_GATEWAY__STORE__OUTAGE_GRACE", "8s")).await;
    fixture.set_reachable(false).await;
    let down_since = Instant::now();
    changes_reach_gateways().await;
    fixture.client.get(PARTNERS, &[]).await.ok();
    let unknown = odoo_gateway::secret::Token::generate(odoo_gateway::secret::TokenKind::ApiKey).unwrap();
    let with_unknown = fixture.gateway.client().with_header("api-key", unknown.expose());
    with_unknown.get(PARTNERS, &[]).await.problem(503, "store_unavailable");
    let ready = fixture.gateway.ops_client().get("/readyz", &[]).await;
    let report = ready.json();
    assert_eq!((ready.status, &report["ready"]), (200, &json!(true)), "{report:#}");
    assert_eq!(report["parts"]["store"]["ok"], json!(false), "{report:#}");
    assert!(down_since.elapsed() < grace, "the machine is too slow for this test");

    fixture.wait_for_status(503).await;
    // The grace period begins with the last poll before the outage.
    assert!(down_since.elapsed() > grace.saturating_sub(Duration::from_secs(1)), "{:?}", down_since.elapsed());
    fixture.client.get(PARTNERS, &[]).await.problem(503, "store_unavailable");
    let metrics = fixture.gateway.ops_client().get("/metrics", &[]).await.text;
    assert!(metrics.lines().any(|line| line == "odoo_gateway_store_up 0"), "{metrics}");
    let uses = metrics.lines().find_map(|line| line.strip_prefix("odoo_gateway_credential_outage_uses_total "));
    assert!(uses.unwrap().parse::<u64>().unwrap() > 0, "{metrics}");

    fixture.set_reachable(true).await;
    fixture.wait_for_status(200).await;
}

/// K-03.
#[tokio::test(flavor = "multi_thread")]
async fn revocation_is_effective_on_all_gateways_although_the_connections_of_their_polls_break() {
    let fixture = Fixture::new(("ODOO_GATEWAY__STORE__OUTAGE_GRACE", "30s")).await;
    let replica = fixture.gateway.replica().await;
    let there = Client::new(format!("http://{}", replica.api));
    let there = there.with_header("api-key", fixture.key.as_str());
    there.get(PARTNERS, &[]).await.ok();
    let mut killer = AnyConnection::connect(&fixture.store).await.unwrap();
    let (broken, mut breaks) = tokio::sync::watch::channel(0_i64);
    let breaking = tokio::spawn(async move {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
                   AND pid <> pg_backend_pid() AND query LIKE '%FROM credential_version%'";
        while !broken.is_closed() {
            let count = sqlx::query_scalar::<_, i64>(end).fetch_one(&mut killer).await.unwrap();
            broken.send_modify(|broken| *broken += count);
            // Between two polls. If each one were interrupted, that would be an outage, which is bridged.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    let limit = Duration::from_secs(30);
    let again = tokio::time::timeout(limit, breaks.wait_for(|broken| *broken >= 4)).await;
    drop(again.expect("the polls connect again and again").unwrap());
    let mut other = AnyConnection::connect(&fixture.store).await.unwrap();
    sqlx::query("UPDATE tokens SET disabled_at = 5").execute(&mut other).await.unwrap();
    for client in [&fixture.client, &there] {
        // Far less than the time for which an outage is bridged.
        wait_for_status(client, 401, Duration::from_secs(5)).await;
        client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    }
    drop(breaks);
    breaking.await.unwrap();
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_period_requests_fail_until_the_store_can_be_reached() {
    let fixture = Fixture::new(("ODOO_GATEWAY__STORE__OUTAGE_GRACE", "0s")).await;
    fixture.set_reachable(false).await;
    changes_reach_gateways().await;
    fixture.client.get(PARTNERS, &[]).await.problem(503, "store_unavailable");
    fixture.set_reachable(true).await;
    fixture.wait_for_status(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_end_if_the_store_accepts_connections_and_does_not_answer() {
    let fixture = Fixture::new(("ODOO_GATEWAY__STORE__ACQUIRE_TIMEOUT", "2s")).await;
    let admin = fixture.gateway.administration().await;
    let (_, key) = admin.create_key(new_key_of("stub", "new", "admin", PASSWORD)).await.unwrap();
    let client = fixture.gateway.client().with_header("api-key", key.expose());
    let blocker = fixture.lock("wraps").await;
    let requests = join_all((0..3).map(|_| client.get(PARTNERS, &[])));
    for response in tokio::time::timeout(Duration::from_secs(60), requests).await.expect("the requests end") {
        response.problem(503, "store_unavailable");
    }
    blocker.close().await.unwrap();
    client.get(PARTNERS, &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_and_shutdown_do_not_wait_for_a_store_that_does_not_answer() {
    let fixture = Fixture::new(("ODOO_GATEWAY__STORE__ACQUIRE_TIMEOUT", "2s")).await;
    let store = fixture.gateway.administration().await.store;
    let blocker = fixture.lock("tokens").await;
    let limit = Duration::from_secs(60);
    let uses = [TokenUse { token: "t".to_owned(), at: 5, address: None }];
    let written = tokio::time::timeout(limit, store.touch_tokens(&uses)).await.expect("the write ends");
    assert_eq!(written, Err(StoreError::TimedOut));
    tokio::time::timeout(limit, store.close()).await.expect("the store closes");
    blocker.close().await.unwrap();
}
