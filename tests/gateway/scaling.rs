//! Several gateways on one PostgreSQL: the limits hold over all of them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use odoo_gateway::admin::NewApiKey;
use odoo_gateway::app::RunningGateway;
use odoo_gateway::store::{KeyRate, KeyTerms};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::streams::NDJSON;
use crate::streams::backpressure::{LIST, make_endless, start_export};
use crate::support::binary::Process;
use crate::support::odoo::empty_database;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply, changes_reach_gateways, testbed};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const READ: &str = "res.partner.read";

/// Two gateways on one store, in front of a stub.
struct Pair {
    stub: StubOdoo,
    store: String,
    first: Gateway,
    second: RunningGateway,
}

/// No lease expires, although the machine may be busy.
const LONG: &str = "20s";
/// For tests that wait until leases expire.
const SHORT: &str = "5s";

fn settings<'s>(store: &'s str, outage_grace: &'s str) -> [(&'s str, &'s str); 8] {
    [
        ("ODOO_GATEWAY__STORE__URL", store),
        ("ODOO_GATEWAY__STORE__OUTAGE_GRACE", outage_grace),
        ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100"),
        ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "4"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE_WAIT", "30s"),
        ("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false"),
    ]
}

impl Pair {
    async fn start() -> Self {
        Self::with_grace(LONG).await
    }

    async fn with_grace(outage_grace: &str) -> Self {
        let (stub, store) = (StubOdoo::start().await, empty_database().await);
        let first = Gateway::start_with_stub(&stub, &settings(&store, outage_grace)).await;
        let second = first.replica().await;
        Self { stub, store, first, second }
    }

    /// A client of each gateway.
    fn clients(&self) -> [Client; 2] {
        [self.first.client(), Client::new(format!("http://{}", self.second.api))]
    }

    /// Clients with a password that both gateways have verified, and with their caches filled.
    async fn users(&self) -> [Client; 2] {
        let clients = self.clients().map(|client| client.with_password("admin", PASSWORD));
        for client in &clients {
            read(client).await.ok();
        }
        clients
    }

    /// Clients with a key that has these limits.
    async fn with_key(&self, limit: impl FnOnce(&mut KeyTerms)) -> [Client; 2] {
        let mut terms = KeyTerms::unlimited("shared");
        limit(&mut terms);
        let new = NewApiKey {
            database: Some("stub".to_owned()),
            login: "admin".to_owned(),
            secret: PASSWORD.into(),
            scope: "\"all\"".to_owned(),
            not_after: None,
            terms,
        };
        let (_, key) = self.first.administration().await.create_key(new).await.unwrap();
        self.clients().map(|client| client.with_header("api-key", key.expose()))
    }
}

async fn read(client: &Client) -> Response {
    client.get(PARTNER, &[("fields", "name")]).await
}

/// Reads that run until they are released.
fn begin_reads(client: &Client, count: usize) -> Vec<tokio::task::JoinHandle<Response>> {
    let read_one = |client: Client| tokio::spawn(async move { read(&client).await });
    (0..count).map(|_| read_one(client.clone())).collect()
}

/// Many clients that read one after the other.
async fn read_often(client: &Client, clients: usize, times: usize) {
    let one = async || {
        for _ in 0..times {
            read(client).await.ok();
        }
    };
    join_all((0..clients).map(|_| one())).await;
}

/// Reads again and again. Returns how often that was admitted by the rate.
async fn use_up(client: &Client, until: Instant) -> u32 {
    let mut admitted = 0;
    while Instant::now() < until {
        let response = read(client).await;
        match response.status {
            200 => admitted += 1,
            _ => drop(response.problem(429, "rate_limited")),
        }
    }
    admitted
}

/// Reads an export that never ends.
async fn read_to_the_end(client: Client) {
    let mut response = start_export(&client, NDJSON).await;
    while response.chunk().await.unwrap().is_some() {}
}

/// Waits for this line of `/metrics`.
async fn wait_for_metric(ops: &Client, line: &str) {
    let found = async {
        while !ops.get("/metrics", &[]).await.text.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.unwrap_or_else(|_| panic!("{line}"));
}

/// The part of `/readyz` about shared limits, as soon as its text contains this.
async fn wait_for_limits(ops: &Client, text: &str) -> Value {
    let found = async {
        loop {
            let part = ops.get("/readyz", &[]).await.json()["parts"]["shared limits"].clone();
            if part.to_string().contains(text) {
                return part;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), found).await.expect("the state is reported")
}

#[tokio::test(flavor = "multi_thread")]
async fn odoo_gets_no_more_calls_at_once_than_one_gateway_would_send() {
    let pair = Pair::start().await;
    let [first, second] = pair.users().await;
    pair.stub.set_call_duration(Duration::from_millis(20));
    pair.stub.take_max_concurrent_calls();
    tokio::join!(read_often(&first, 8, 20), read_often(&second, 8, 20));
    assert_eq!(pair.stub.take_max_concurrent_calls(), 4, "both are busy");
    // After a second without calls the other gateway keeps one slot.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    read_often(&first, 8, 10).await;
    assert_eq!(pair.stub.take_max_concurrent_calls(), 3, "one gateway is busy");
    let metrics = pair.first.ops_client().get("/metrics", &[]).await.text;
    for line in ["odoo_gateway_odoo_slots{database=\"stub\"} 3", "odoo_gateway_gateways 2"] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    // A gateway that stops returns its slot at once.
    pair.second.stop().await;
    read_often(&first, 8, 40).await;
    assert_eq!(pair.stub.take_max_concurrent_calls(), 4, "it is alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_one_gateway_leave_their_slots_to_reads_of_the_other() {
    let pair = Pair::start().await;
    let [first, second] = pair.users().await;
    make_endless(&pair.stub);
    pair.stub.set_call_duration(Duration::from_millis(20));
    let exports: Vec<_> = (0..6).map(|_| tokio::spawn(read_to_the_end(second.clone()))).collect();
    let ops = Client::new(format!("http://{}", pair.second.ops));
    wait_for_metric(&ops, "odoo_gateway_odoo_slots{database=\"stub\"} 3").await;
    // With an equal share the readers would have two slots.
    let ops = pair.first.ops_client();
    let grown = wait_for_metric(&ops, "odoo_gateway_odoo_slots{database=\"stub\"} 3");
    tokio::select! {
        () = grown => {}
        () = read_often(&first, 8, usize::MAX) => {}
    }
    // `/metrics` checks Odoo without a slot: that is over after these reads.
    read_often(&first, 8, 5).await;
    pair.stub.take_max_concurrent_calls();
    // The exports have one slot nevertheless.
    let before = pair.stub.call_count(LIST);
    tokio::select! {
        () = pair.stub.wait_for_calls(LIST, before + 5) => {}
        () = read_often(&first, 8, usize::MAX) => {}
    }
    assert!(pair.stub.take_max_concurrent_calls() <= 4);
    exports.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_of_a_killed_gateway_expire() {
    let (stub, store) = (StubOdoo::start().await, empty_database().await);
    let survivor = Gateway::start_with_stub(&stub, &settings(&store, SHORT)).await;
    let (url, key) = (stub.url(), survivor.folder().join("keys/master.key").display().to_string());
    let mut all = settings(&store, SHORT).to_vec();
    all.extend([("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")]);
    all.push(("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key.as_str()));
    let killed = Process::serve(&all).await;
    let users = [survivor.client(), killed.client()].map(|client| client.with_password("admin", PASSWORD));
    for user in &users {
        read(user).await.ok();
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    stub.when(READ, StubReply::Hold);
    let before = stub.call_count(READ);
    let lost = begin_reads(&users[1], 6);
    stub.wait_for_calls(READ, before + 3).await;
    let waiting = begin_reads(&users[0], 4);
    stub.wait_for_calls(READ, before + 4).await;
    assert_eq!(stub.take_max_concurrent_calls(), 4);
    // It is busy with calls that do not end, so it returns nothing while it lives.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stub.call_count(READ), before + 4);
    let died = Instant::now();
    killed.stop_with("KILL").await;
    lost.iter().for_each(tokio::task::JoinHandle::abort);
    stub.wait_for_calls(READ, before + 7).await;
    // Odoo may still work on the calls of the killed gateway, so its slots are not free at once.
    assert!(died.elapsed() > Duration::from_secs(3), "{:?}", died.elapsed());
    stub.release(READ);
    for response in waiting {
        response.await.unwrap().ok();
    }
}

/// The rate is exceeded by at most 5 %. `SHARED_RATE_SECONDS` is the duration.
#[tokio::test(flavor = "multi_thread")]
async fn rate_of_a_key_holds_over_both_gateways() {
    let pair = Pair::start().await;
    let rate = KeyRate { requests: 600, seconds: 60, burst: 20 };
    let clients = pair.with_key(|terms| terms.rate = Some(rate)).await;
    let seconds = std::env::var("SHARED_RATE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let admitted = join_all(clients.iter().cycle().take(8).map(|client| use_up(client, until))).await;
    let admitted = f64::from(admitted.iter().sum::<u32>());
    let allowed = f64::from(rate.burst) + 10.0 * started.elapsed().as_secs_f64();
    assert!(admitted <= 1.05 * allowed + 1.0, "{admitted} of {allowed}");
    assert!(admitted >= 0.85 * allowed, "{admitted} of {allowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrency_of_a_key_holds_over_both_gateways() {
    let pair = Pair::start().await;
    let clients = pair.with_key(|terms| terms.concurrent = Some(2)).await;
    for client in &clients {
        read(client).await.ok();
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    pair.stub.when(READ, StubReply::Hold);
    let before = pair.stub.call_count(READ);
    let running: Vec<_> = clients.iter().flat_map(|client| begin_reads(client, 1)).collect();
    pair.stub.wait_for_calls(READ, before + 2).await;
    for client in &clients {
        read(client).await.problem(429, "too_many_at_once");
    }
    pair.stub.release(READ);
    for response in running {
        response.await.unwrap().ok();
    }
    assert_eq!(pair.stub.call_count(READ), before + 2);
    // What one gateway does not use, the other one may.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    pair.stub.when(READ, StubReply::Hold);
    let both = begin_reads(&clients[1], 2);
    pair.stub.wait_for_calls(READ, before + 4).await;
    read(&clients[0]).await.problem(429, "too_many_at_once");
    pair.stub.release(READ);
    for response in both {
        response.await.unwrap().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_at_a_time_is_never_refused_whichever_gateway_gets_it() {
    let pair = Pair::start().await;
    let clients = pair.with_key(|terms| terms.concurrent = Some(1)).await;
    pair.stub.set_call_duration(Duration::from_millis(20));
    for client in clients.iter().cycle().take(12) {
        read(client).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_at_one_gateway_count_at_the_other() {
    let pair = Pair::start().await;
    let [first, second] = pair.clients();
    for guess in ["a", "b", "c"] {
        let rejected = read(&first.with_password("victim", guess)).await;
        assert_eq!(rejected.status, 401, "{}", rejected.text);
    }
    let checks = pair.stub.call_count("authenticate");
    for client in [&second, &first] {
        let response = read(&client.with_password("victim", "d")).await;
        response.problem(429, "too_many_attempts");
    }
    assert_eq!(pair.stub.call_count("authenticate"), checks, "Odoo is not asked");
    read(&second.with_password("admin", PASSWORD)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn password_checks_at_once_are_limited_over_both_gateways() {
    let pair = Pair::start().await;
    let logins = ["a", "b", "c", "d", "e", "f"];
    for login in logins {
        pair.stub.set_check_duration(login, Duration::from_millis(100));
    }
    let [first, second] = pair.clients();
    let guesses = [&first, &second].into_iter().cycle().zip(logins);
    let guesses = guesses.map(|(client, login)| async move { read(&client.with_password(login, "wrong")).await });
    for rejected in join_all(guesses).await {
        rejected.problem(401, "credential_invalid");
    }
    assert_eq!(pair.stub.max_concurrent_checks(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_checked_although_a_gateway_that_was_killed_had_all_checks() {
    let pair = Pair::start().await;
    let mut store = AnyConnection::connect(&pair.store).await.unwrap();
    for statement in [
        "INSERT INTO gateways (id, expires_at) SELECT 'killed', max(expires_at) + 600 FROM gateways",
        "INSERT INTO leases (budget, gateway_id, held, wanted) VALUES ('checks:stub', 'killed', 2, 2)",
    ] {
        sqlx::query(statement).execute(&mut store).await.unwrap();
    }
    let started = Instant::now();
    pair.users().await;
    assert!(started.elapsed() > Duration::from_secs(2), "each of the two took a check after a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_without_a_store_goes_on_with_what_it_holds_and_then_with_its_minimum() {
    let pair = Pair::with_grace(SHORT).await;
    let [first, _] = pair.users().await;
    let ops = pair.first.ops_client();
    assert_eq!(wait_for_limits(&ops, "true").await, json!({"ok": true}));
    let name = pair.store.rsplit('/').next().unwrap();
    let mut server = AnyConnection::connect(testbed().postgres()).await.unwrap();
    let forbid = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    sqlx::query(AssertSqlSafe(forbid)).execute(&mut server).await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
    sqlx::query(end).bind(name.to_owned()).fetch_one(&mut server).await.unwrap();
    let is_failing = async {
        let line = "odoo_gateway_limit_renewals_total{outcome=\"failed\"} ";
        while !ops.get("/metrics", &[]).await.text.lines().any(|found| found.starts_with(line)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_failing).await.expect("the renewals fail");
    read(&first).await.ok();
    wait_for_limits(&ops, "minimum share").await;
    pair.stub.take_max_concurrent_calls();
    read_often(&first, 4, 2).await;
    assert_eq!(pair.stub.take_max_concurrent_calls(), 1);
    let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    sqlx::query(AssertSqlSafe(allow)).execute(&mut server).await.unwrap();
    wait_for_limits(&ops, "true").await;
    changes_reach_gateways().await;
    pair.stub.set_call_duration(Duration::from_millis(20));
    read_often(&first, 8, 20).await;
    assert!(pair.stub.take_max_concurrent_calls() >= 2, "it grows again");
}
