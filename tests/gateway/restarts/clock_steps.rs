//! A clock that is ten minutes ahead, set back, and ten minutes behind: nothing is lost, and nothing works twice.

use std::path::Path;

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _, Row as _};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Cluster, read, wait_until};
use crate::credentials::{administration_of, new_key_of};
use crate::oauth1::{Consumer, PARTNERS, UNTHROTTLED, new_application};
use crate::oauth2::TOKEN;
use crate::support::binary::Process;
use crate::support::client::send;
use crate::support::reverse_proxy::fixed_port;
use crate::support::signer::Signer;
use crate::support::stub_odoo::PASSWORD;
use crate::support::testbed::tool;
use crate::support::{Client, Response, StubOdoo, StubReply, Version};

const TEN_MINUTES: i64 = 600;
const CREATE: &str = "res.partner.create";
const RENEWED: &str = "odoo_gateway_limit_renewals_total{outcome=\"renewed\"}";
const FAILED: &str = "odoo_gateway_limit_renewals_total{outcome=\"failed\"}";
const RECORDS: &str = "/restapi/1.0/object/res.partner";

/// The clock of a process: the right time and a difference in seconds.
struct FakeClock {
    folder: TempDir,
    library: String,
}

impl FakeClock {
    async fn new() -> Self {
        let output = tool(&["faketime"]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let library = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let clock = Self { folder: tempfile::tempdir().unwrap(), library };
        clock.set(0);
        clock
    }

    fn file(&self) -> String {
        self.folder.path().join("difference").display().to_string()
    }

    /// Sets the difference. Timers go on as before.
    fn set(&self, seconds: i64) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(next, self.file()).unwrap();
    }

    /// The environment of a process with this clock.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let values = [("LD_PRELOAD", self.library.clone()), ("FAKETIME_TIMESTAMP_FILE", self.file())];
        let switches = ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_DISABLE_SHM", "NO_FAKE_STAT"];
        values.into_iter().chain(switches.map(|name| (name, "1".to_owned()))).collect()
    }
}

/// A gateway with its own clock on SQLite, and credentials of every kind.
struct Fixture {
    clock: FakeClock,
    stub: StubOdoo,
    settings: Vec<(&'static str, String)>,
    gateway: Option<Process>,
    signer: Signer,
    client_id: String,
    client_secret: String,
    api_key: String,
}

impl Fixture {
    async fn new() -> Self {
        let (clock, stub) = (FakeClock::new().await, StubOdoo::start().await);
        let folder = clock.folder.path();
        let mut settings = clock.settings();
        settings.extend(UNTHROTTLED.map(|(name, value)| (name, value.to_owned())));
        settings.extend([
            ("ODOO_GATEWAY__ODOO__0__URL", stub.url()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub".to_owned()),
            ("ODOO_GATEWAY__STORE__URL", store(folder)),
            // JWTs name the address as their issuer.
            ("ODOO_GATEWAY__SERVER__LISTEN", format!("127.0.0.1:{}", fixed_port())),
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", folder.join("keys/master.key").display().to_string()),
        ]);
        let gateway = Process::serve(&borrowed(&settings)).await;
        let mut own = borrowed(&settings);
        own.retain(|(name, _)| name.starts_with("ODOO_GATEWAY"));
        let administration = administration_of(&own).await;
        let (_, api_key) = administration.create_key(new_key_of("stub", "k", "admin", PASSWORD)).await.unwrap();
        let application = |name: &str| NewApplication {
            database: Some("stub".to_owned()),
            bound: Some(("admin".to_owned(), PASSWORD.into())),
            ..new_application(Version::Odoo19, name)
        };
        let robot = NewApplication {
            settings: ApplicationSettings {
                grants: [GrantType::ClientCredentials].into(),
                ..ApplicationSettings::default()
            },
            ..application("robot")
        };
        let (robot, secret) = administration.create_application(robot).await.unwrap();
        let consumer = Consumer::with_administration(administration, application("signs")).await;
        Self {
            signer: consumer.connect(&gateway.client()).await,
            client_id: robot.client_id().to_owned(),
            client_secret: secret.client.unwrap().expose().to_owned(),
            api_key: api_key.expose().to_owned(),
            gateway: Some(gateway),
            clock,
            stub,
            settings,
        }
    }

    fn client(&self) -> Client {
        self.gateway.as_ref().unwrap().client().with_header("host", "gw.example")
    }

    /// Sets the clock of the gateway, and checks in its log that it follows.
    async fn set_clock(&self, difference: i64) {
        self.clock.set(difference);
        let response = self.client().get("/nowhere", &[]).await;
        let line = self.gateway.as_ref().unwrap().line_with(response.header("x-request-id")).await;
        let line: Value = serde_json::from_str(&line).unwrap();
        let time = OffsetDateTime::parse(line["timestamp"].as_str().unwrap(), &Rfc3339).unwrap();
        let found = time.unix_timestamp() - Clock::system().now().unix_timestamp();
        assert!((found - difference).abs() < 60, "{found} {difference}");
    }

    /// Starts the gateway again, and waits until it has deleted what has expired.
    async fn restart_and_clean_up(&mut self) {
        let (status, output, _) = self.gateway.take().unwrap().stop_with("TERM").await;
        assert!(status.success(), "{output}");
        let mut store = AnyConnection::connect(&store(self.clock.folder.path())).await.unwrap();
        let insert = "INSERT INTO oauth1_nonces (seen, not_after) VALUES (zeroblob(32), 1)";
        sqlx::query(insert).execute(&mut store).await.unwrap();
        self.gateway = Some(Process::serve(&borrowed(&self.settings)).await);
        let count = "SELECT count(*) FROM oauth1_nonces WHERE not_after = 1";
        wait_until("the clean-up has run", async || {
            sqlx::query(count).fetch_one(&mut store).await.unwrap().get::<i64, _>(0) == 0
        })
        .await;
    }

    async fn log_in(&self) -> (&'static str, String) {
        let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
        let issued = self.client().post("/rest/api/login/token", &login).await.ok();
        ("access-token", issued["access_token"].as_str().unwrap().to_owned())
    }

    async fn issue(&self, format: &str) -> (&'static str, String) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.as_str()),
            ("token_format", format),
        ];
        let issued = send(self.client().request(Method::POST, TOKEN).form(&form)).await.ok();
        ("authorization", format!("Bearer {}", issued["access_token"].as_str().unwrap()))
    }

    async fn count(&self, (header, credential): &(&'static str, String)) -> Response {
        self.client().with_header(header, credential).get(PARTNERS, &[]).await
    }

    async fn accepts(&self, credentials: &[(&'static str, String)]) {
        for (number, credential) in credentials.iter().enumerate() {
            let response = self.count(credential).await;
            assert_eq!(response.status, 200, "{number} {}: {}", credential.0, response.text);
        }
    }

    /// A header that signs a request with the right time.
    fn signed(&self) -> (&'static str, String) {
        let signer = self.signer.with_fresh_nonce().with_base_uri("http://gw.example");
        ("authorization", signer.header(self.client().request(Method::GET, PARTNERS)))
    }

    /// Creates a record under this idempotency key.
    async fn create(&self, key: &str) -> Response {
        let client = self.client().with_header("api-key", &self.api_key).with_header("Idempotency-Key", key);
        client.post(RECORDS, &json!({"vals": {"name": "Azure"}})).await
    }

    async fn is_replayed(&self, key: &str) {
        let response = self.create(key).await;
        assert_eq!((response.status, response.header("idempotency-replayed")), (200, "true"), "{}", response.text);
    }
}

fn store(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("gateway.db").display())
}

fn borrowed<'s>(settings: &'s [(&'static str, String)]) -> Vec<(&'static str, &'s str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_clock_lose_nothing_and_let_nothing_work_twice() {
    let mut fixture = Fixture::new().await;
    let key = ("api-key", fixture.api_key.clone());
    let stored = [key.clone(), fixture.log_in().await, fixture.issue("opaque").await];
    let jwt = fixture.issue("jwt").await;
    let signed = fixture.signed();
    fixture.accepts(&stored).await;
    fixture.accepts(&[jwt.clone(), signed.clone()]).await;
    fixture.create("once").await.ok();

    // Ten minutes ahead. What is in progress seems to take long, and is not executed again.
    fixture.stub.when(CREATE, StubReply::Hold);
    let before = fixture.stub.call_count(CREATE);
    let (slow, released) = tokio::join!(fixture.create("slow"), async {
        fixture.stub.wait_for_calls(CREATE, before + 1).await;
        fixture.set_clock(TEN_MINUTES).await;
        let unknown = fixture.create("slow").await;
        fixture.stub.release(CREATE);
        unknown
    });
    slow.ok();
    released.problem(504, "outcome_unknown");
    fixture.restart_and_clean_up().await;
    fixture.set_clock(TEN_MINUTES).await;
    fixture.is_replayed("slow").await;
    fixture.is_replayed("once").await;
    fixture.accepts(&stored).await;
    fixture.accepts(std::slice::from_ref(&jwt)).await;
    fixture.count(&fixture.signed()).await.problem(401, "credential_invalid");
    let (issued_ahead, jwt_ahead) = (fixture.issue("opaque").await, fixture.issue("jwt").await);
    fixture.accepts(&[issued_ahead.clone(), jwt_ahead.clone()]).await;
    fixture.create("ahead").await.ok();

    // Set back to the right time.
    fixture.set_clock(0).await;
    fixture.accepts(&stored).await;
    fixture.accepts(&[jwt.clone(), issued_ahead, fixture.signed()]).await;
    let replay = fixture.count(&signed).await.problem(401, "credential_invalid");
    assert_eq!(replay["parameter"], "oauth_nonce", "the nonce is still known: {replay}");
    fixture.count(&jwt_ahead).await.problem(401, "credential_invalid");
    for known in ["once", "slow", "ahead"] {
        fixture.is_replayed(known).await;
    }

    // Ten minutes behind: a JWT seems to be issued in the future. It is not lost.
    fixture.set_clock(-TEN_MINUTES).await;
    fixture.accepts(&stored).await;
    fixture.count(&jwt).await.problem(401, "credential_invalid");
    fixture.count(&fixture.signed()).await.problem(401, "credential_invalid");
    fixture.is_replayed("once").await;
    fixture.create("behind").await.ok();
    fixture.set_clock(0).await;
    fixture.accepts(&stored).await;
    fixture.accepts(&[jwt]).await;
    fixture.is_replayed("behind").await;
    assert_eq!(fixture.stub.call_count(CREATE), 4, "once, slow, ahead, behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_do_not_depend_on_the_clock_of_a_gateway() {
    let (cluster, clock) = (Cluster::new().await, FakeClock::new().await);
    let right = cluster.serve(&[]).await;
    let fake = clock.settings();
    let wrong = cluster.serve(&borrowed(&fake)).await;
    let sample = async |gateway: &Process, name: &str| {
        let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse::<u64>().unwrap())
    };
    for difference in [TEN_MINUTES, 0, -TEN_MINUTES] {
        // On a busy machine a renewal may have failed before.
        let failed = [sample(&right, FAILED).await, sample(&wrong, FAILED).await];
        clock.set(difference);
        for (gateway, failed) in [&right, &wrong].into_iter().zip(failed) {
            let renewed = sample(gateway, RENEWED).await;
            read(&gateway.client()).await.ok();
            wait_until("the leases are renewed", async || sample(gateway, RENEWED).await >= renewed + 3).await;
            assert_eq!(sample(gateway, "odoo_gateway_gateways").await, 2, "{difference}");
            assert_eq!(sample(gateway, FAILED).await, failed);
        }
    }
}
