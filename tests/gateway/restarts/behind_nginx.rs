//! Two gateways behind nginx, as in `deploy/nginx.conf`, on one PostgreSQL and in front of a real Odoo, under a mixed
//! load. `RESILIENCE_SECONDS` is the duration of the load; `make prove` uses five minutes.

use std::time::{Duration, Instant};

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::mixed_load::{Answer, Credentials, MixedLoad, Sent, TAG};
use super::wait_until;
use crate::credentials::{administration_of, new_key_of};
use crate::oauth1::new_application;
use crate::support::binary::Process;
use crate::support::odoo::fresh_database;
use crate::support::restartable_postgres::RestartablePostgres;
use crate::support::reverse_proxy::{ReverseProxy, fixed_port, free_ports};
use crate::support::{Client, Version, testbed, unique};

/// How long nginx uses only the other gateway after one has refused connections (`fail_timeout`), and a moment.
const TRIED_AGAIN: Duration = Duration::from_millis(2500);
/// How long PostgreSQL is down: longer than `store.acquire_timeout`, and shorter than `store.outage_grace`.
const OUTAGE: Duration = Duration::from_secs(4);

fn duration() -> Option<Duration> {
    let seconds = std::env::var("RESILIENCE_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

fn phase() -> Duration {
    duration().unwrap_or(Duration::from_secs(15)) / 3
}

/// How long after PostgreSQL accepts connections everything works again. Other tests may run at the same time, unless
/// the duration is given.
fn recovery() -> Duration {
    Duration::from_secs(if duration().is_some() { 2 } else { 5 })
}

struct Fixture {
    gateways: Vec<Process>,
    settings: Vec<(&'static str, String)>,
    credentials: Credentials,
    postgres: RestartablePostgres,
    _proxy: ReverseProxy,
    _keys: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let (postgres, database) = tokio::join!(RestartablePostgres::start(), fresh_database(Version::Odoo19));
        let keys = tempfile::tempdir().unwrap();
        let [http, https] = free_ports();
        let settings = vec![
            ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19).to_owned()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", database.clone()),
            ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", String::new()),
            ("ODOO_GATEWAY__STORE__URL", postgres.url().to_owned()),
            ("ODOO_GATEWAY__STORE__ACQUIRE_TIMEOUT", "2s".to_owned()),
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", keys.path().join("master.key").display().to_string()),
            ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always".to_owned()),
            ("ODOO_GATEWAY__SERVER__PUBLIC_URL", format!("https://api.example.com:{https}")),
            ("ODOO_GATEWAY__SERVER__PUBLIC_HOSTS", "api.example.com".to_owned()),
            ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ];
        let administration = administration_of(&borrowed(&settings)).await;
        let key = new_key_of(&database, "load", "admin", "admin");
        let (_, api_key) = administration.create_key(key).await.unwrap();
        let application = NewApplication {
            database: Some(database),
            settings: ApplicationSettings {
                grants: [GrantType::ClientCredentials].into(),
                ..ApplicationSettings::default()
            },
            ..new_application(Version::Odoo19, "robot")
        };
        let (application, secret) = administration.create_application(application).await.unwrap();

        let mut gateways = Vec::new();
        for _ in 0..2 {
            gateways.push(serve(&settings, &format!("127.0.0.1:{}", fixed_port())).await);
        }
        let addresses: Vec<&str> = gateways.iter().map(Process::address).collect();
        let proxy = ReverseProxy::start("nginx", &addresses, http, https).await;
        let mut credentials = Credentials {
            http: proxy.client(),
            base: format!("https://api.example.com:{https}"),
            api_key: api_key.expose().to_owned(),
            client_id: application.client_id().to_owned(),
            client_secret: secret.client.unwrap().expose().to_owned(),
            record: 0,
        };
        // Each gateway knows the key and the fields before anything fails.
        for gateway in &gateways {
            credentials.record = first_record(&gateway.client(), &credentials.api_key).await;
        }
        Self { gateways, settings, credentials, postgres, _proxy: proxy, _keys: keys }
    }

    /// Stops the first gateway. Returns its address and its output.
    async fn stop(&mut self, signal: &str) -> (String, String) {
        let gateway = self.gateways.remove(0);
        let address = gateway.address().to_owned();
        let (_, output, _) = gateway.stop_with(signal).await;
        (address, output)
    }

    /// Starts the gateway that was stopped, as the last one, and waits until nginx uses it again.
    async fn start(&mut self, address: &str) {
        self.gateways.push(serve(&self.settings, address).await);
        sleep(TRIED_AGAIN).await;
    }

    /// Every record that was confirmed exists once, and no record exists twice, also after requests are repeated.
    async fn check_records(&self, answers: &[Answer]) {
        let creates = answers.iter().filter(|answer| matches!(answer.sent, Sent::Create(..)));
        let (confirmed, failed): (Vec<_>, Vec<_>) = creates.partition(|answer| answer.status == 200);
        assert!(!confirmed.is_empty());
        for answer in failed.iter().chain(confirmed.iter().take(20)) {
            let repeated = self.credentials.send(answer.sent.clone(), 0).await;
            // Executed now, or replayed; or it is not known whether it was executed. Also of a confirmed request the
            // response is not stored if the store fails at that moment: then a repetition is rejected.
            assert!(matches!(repeated.status, 200 | 409 | 504), "{answer:?} {repeated:?}");
        }
        let created = self.credentials.created().await;
        for answer in confirmed.iter().chain(&failed) {
            let Sent::Create(name, _) = &answer.sent else { continue };
            let count = created.get(name).copied().unwrap_or_default();
            assert!(count <= 1, "{name} was created {count} times: {answer:?}");
            assert!(count == 1 || answer.status != 200, "{name} is missing: {answer:?}");
        }
    }
}

fn borrowed<'s>(settings: &'s [(&'static str, String)]) -> Vec<(&'static str, &'s str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn serve(settings: &[(&'static str, String)], address: &str) -> Process {
    let mut settings = borrowed(settings);
    settings.push(("ODOO_GATEWAY__SERVER__LISTEN", address));
    let gateway = Process::serve(&settings).await;
    let ops = gateway.ops_client();
    wait_until("it is ready", async || ops.get("/readyz", &[]).await.status == 200).await;
    gateway
}

async fn first_record(client: &Client, api_key: &str) -> i64 {
    let client = client.with_header("api-key", api_key).with_header("host", "api.example.com");
    let created = client.post(&format!("/api/{TAG}/create"), &json!({"name": unique("read")})).await;
    let id = created.ok()["id"].as_i64().unwrap();
    client.get(&format!("/api/{TAG}/{id}"), &[("fields", "name")]).await.ok();
    id
}

/// Repeats an event under load until the time of a phase is over. Returns all answers.
async fn under_load(fixture: &mut Fixture, mut event: impl AsyncFnMut(&mut Fixture, &MixedLoad)) -> Vec<Answer> {
    let (load, until) = (MixedLoad::start(&fixture.credentials), Instant::now() + phase());
    load.answers(40).await;
    loop {
        event(&mut *fixture, &load).await;
        load.answers(20).await;
        if Instant::now() > until {
            return load.stop().await;
        }
    }
}

fn failures(answers: &[Answer]) -> Vec<&Answer> {
    answers.iter().filter(|answer| answer.status != 200).collect()
}

async fn rolling_restart(fixture: &mut Fixture) {
    let answers = under_load(fixture, async |fixture, load| {
        for _ in 0..2 {
            let (address, output) = fixture.stop("TERM").await;
            let stopped = output.lines().find(|line| line.contains("aborted_connections")).expect("it reports the end");
            assert_eq!(serde_json::from_str::<Value>(stopped).unwrap()["aborted_connections"], 0);
            fixture.start(&address).await;
            load.answers(10).await;
        }
    })
    .await;
    assert!(failures(&answers).is_empty(), "{:?}", failures(&answers));
    fixture.check_records(&answers).await;
}

async fn kill_of_one(fixture: &mut Fixture) {
    let mut kills = Vec::new();
    let answers = under_load(fixture, async |fixture, load| {
        let begun = Instant::now();
        let (address, _) = fixture.stop("KILL").await;
        kills.push((begun, Instant::now()));
        load.answers(20).await;
        fixture.start(&address).await;
    })
    .await;
    for failed in failures(&answers) {
        // Nginx sends a read to the other gateway, but not what may have been executed.
        assert_eq!((failed.status, failed.sent == Sent::Read), (502, false), "{failed:?}");
        let is_in_flight = |(begun, ended): &(Instant, Instant)| failed.begun <= *ended && failed.ended >= *begun;
        assert!(kills.iter().any(is_in_flight), "{failed:?}");
    }
    assert!(failures(&answers).len() <= 8 * kills.len(), "each client had one request in flight");
    fixture.check_records(&answers).await;
}

async fn outage_of_postgres(fixture: &mut Fixture) {
    let mut outages = Vec::new();
    let answers = under_load(fixture, async |fixture, load| {
        let begun = Instant::now();
        fixture.postgres.kill().await;
        sleep(OUTAGE).await;
        fixture.postgres.start_again().await;
        outages.push((begun, Instant::now() + recovery()));
        sleep(recovery()).await;
        load.answers(40).await;
    })
    .await;
    for failed in failures(&answers) {
        assert_eq!((failed.status, failed.sent == Sent::Read), (503, false), "{failed:?}");
        let is_in_outage = |(begun, ended): &(Instant, Instant)| failed.ended >= *begun && failed.begun <= *ended;
        assert!(outages.iter().any(is_in_outage), "{failed:?}");
    }
    let is_during = |answer: &Answer, (begun, _): &(Instant, Instant)| {
        answer.begun > *begun + OUTAGE / 2 && answer.ended < *begun + OUTAGE
    };
    let mut reads = answers.iter().filter(|answer| answer.sent == Sent::Read && answer.status == 200);
    assert!(reads.any(|read| outages.iter().any(|outage| is_during(read, outage))), "reads go on");
    assert!(!failures(&answers).is_empty(), "what needs the store does not wait for it");
    let mut tokens = answers.iter().filter(|answer| answer.sent == Sent::Token && answer.status == 200);
    for issued in [tokens.next(), tokens.next_back()].into_iter().flatten() {
        assert_eq!(fixture.credentials.use_token(&issued.text).await, 200, "a token that was issued is valid");
    }
    fixture.check_records(&answers).await;
}

#[ignore = "needs a machine without other load: `make resilience` runs it"]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_behind_nginx_survive_restarts_a_kill_and_an_outage() {
    let mut fixture = Fixture::new().await;
    rolling_restart(&mut fixture).await;
    kill_of_one(&mut fixture).await;
    outage_of_postgres(&mut fixture).await;
    for gateway in std::mem::take(&mut fixture.gateways) {
        assert!(gateway.stop_with("TERM").await.0.success());
    }
}
