//! Credentials in memory: no query for a known token, one for many concurrent requests, and what the time decides.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use odoo_gateway::admin::Administration;
use odoo_gateway::app::token_settings;
use odoo_gateway::auth::{
    NewToken, PresentedToken, Throttle, ThrottleRate, ThrottleSettings, TokenServices, TokenSettings, issue,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::Uid;
use odoo_gateway::secret::{Token, TokenKind};
use odoo_gateway::store::AuditEvent;
use serde_json::json;
use sqlx::{AnyConnection, Connection as _};

use super::new_key_of;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, StubReply, changes_reach_gateways};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The store of a gateway, and a manual clock.
struct Fixture {
    stub: StubOdoo,
    gateway: Gateway,
    admin: Administration,
    clock: Clock,
}

impl Fixture {
    async fn new() -> Self {
        let stub = StubOdoo::start().await;
        let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
        let admin = gateway.administration().await;
        let clock = Clock::manual(admin.clock.now());
        Self { stub, gateway, admin, clock }
    }

    /// Token services with nothing in memory.
    fn services(&self) -> TokenServices {
        let rate = ThrottleRate { burst: 100_000, per_minute: 100_000 };
        let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
        let settings = TokenSettings {
            min_failure_time: Duration::ZERO,
            ..token_settings(&Config::load(None, []).unwrap(), self.gateway.address())
        };
        let throttle = Arc::new(Throttle::new(rates, self.clock.clone()));
        let (store, key_provider) = (self.admin.store.clone(), self.admin.key_provider.clone());
        TokenServices::new(store, key_provider, settings, throttle, self.clock.clone())
    }

    /// A token that expires if it is not used for this long.
    async fn access_token(&self, idle_seconds: i64) -> Token {
        let new_token = NewToken {
            kind: TokenKind::AccessToken,
            database: DatabaseName::parse("stub").unwrap(),
            uid: Uid::new(2).unwrap(),
            login: "admin".to_owned(),
            secret: PASSWORD.into(),
            scope: "\"all\"".to_owned(),
            not_after: None,
            idle_seconds: Some(idle_seconds),
            key: None,
        };
        let (row, token) = issue(&self.admin.key_provider, &self.clock, new_token).await.unwrap();
        let event = AuditEvent::new(self.clock.now(), "test", "access_token.create", &row.id, "");
        self.admin.store.add_token(&row, &event).await.unwrap();
        token
    }

    /// Asks the store for changes, as a gateway does at short intervals.
    async fn poll(&self) {
        self.admin.store.credential_poll().poll().await.unwrap();
    }

    async fn accepts(&self, services: &TokenServices, presented: &PresentedToken) -> bool {
        let databases = &self.admin.databases;
        services.gateway_tokens.authenticate(presented, None, databases, LOCALHOST).await.is_ok()
    }

    async fn accepts_after_poll(&self, services: &TokenServices, presented: &PresentedToken) -> bool {
        self.poll().await;
        self.accepts(services, presented).await
    }

    /// The stored time of the last use of the only access token.
    async fn last_use(&self) -> Option<i64> {
        let tokens = self.admin.store.tokens(TokenKind::AccessToken, self.clock.now()).await.unwrap();
        tokens.first().unwrap().last_used_at
    }

    /// Waits until a use at this time is stored, in the background.
    async fn wait_for_use_now(&self) {
        let now = self.clock.now().unix_timestamp();
        let stored = async {
            while self.last_use().await != Some(now) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), stored).await.expect("the use is stored");
    }

    /// Rows that were read since the last call.
    fn reads(&self) -> u64 {
        self.admin.store.credential_changes().take_counts().reads
    }
}

#[tokio::test]
async fn known_token_needs_no_query_and_concurrent_requests_share_one() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let token = PresentedToken::Opaque(fixture.access_token(1000).await);
    fixture.poll().await;
    fixture.reads();
    let accepted = join_all((0..50).map(|_| fixture.accepts(&services, &token))).await;
    assert_eq!((accepted, fixture.reads()), (vec![true; 50], 1));
    for _ in 0..20 {
        assert!(fixture.accepts_after_poll(&services, &token).await);
    }
    assert_eq!(fixture.reads(), 0);
    let unknown = PresentedToken::Opaque(Token::generate(TokenKind::AccessToken).unwrap());
    for reads in [1, 0, 0] {
        assert!(!fixture.accepts_after_poll(&services, &unknown).await);
        assert_eq!(fixture.reads(), reads);
    }
}

#[tokio::test]
async fn without_a_poll_every_request_reads_the_row() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let token = PresentedToken::Opaque(fixture.access_token(1000).await);
    fixture.reads();
    for _ in 0..3 {
        assert!(fixture.accepts(&services, &token).await);
        assert_eq!(fixture.reads(), 1);
    }
}

#[tokio::test]
async fn revocation_in_this_process_is_effective_at_once() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let token = fixture.access_token(1000).await;
    let presented = PresentedToken::Opaque(token.clone());
    assert!(fixture.accepts_after_poll(&services, &presented).await);
    services.access_tokens.log_out(Some(&token), LOCALHOST).await.unwrap();
    assert!(!fixture.accepts(&services, &presented).await);
}

#[tokio::test]
async fn uses_that_are_not_written_yet_extend_the_idle_time() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let token = PresentedToken::Opaque(fixture.access_token(1000).await);
    assert!(fixture.accepts_after_poll(&services, &token).await);
    // The first use is written at once.
    fixture.wait_for_use_now().await;
    let first = fixture.last_use().await;
    fixture.clock.advance(Duration::from_secs(400));
    assert!(fixture.accepts_after_poll(&services, &token).await);
    assert_eq!(fixture.last_use().await, first, "later uses are written in batches");
    fixture.clock.advance(Duration::from_secs(700));
    assert!(fixture.accepts_after_poll(&services, &token).await, "it was used 700 seconds ago");
    // More than half of the idle time has passed.
    fixture.wait_for_use_now().await;
    let second = fixture.last_use().await;
    fixture.clock.advance(Duration::from_secs(400));
    assert!(fixture.accepts_after_poll(&services, &token).await);
    assert_eq!(fixture.last_use().await, second);
    services.recent_uses.write().await.unwrap();
    assert_eq!(fixture.last_use().await, Some(fixture.clock.now().unix_timestamp()));
    assert!(fixture.accepts_after_poll(&fixture.services(), &token).await, "another gateway knows the use");
    fixture.clock.advance(Duration::from_secs(1001));
    assert!(!fixture.accepts_after_poll(&services, &token).await);
}

#[tokio::test]
async fn first_use_that_cannot_be_written_is_in_the_next_batch() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let token = PresentedToken::Opaque(fixture.access_token(1000).await);
    let url = format!("sqlite:{}", fixture.gateway.folder().join("gateway.db").display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let reject = "CREATE TRIGGER rejected BEFORE UPDATE OF last_used_at ON tokens \
                  BEGIN SELECT RAISE(ABORT, 'rejected'); END";
    sqlx::query(reject).execute(&mut connection).await.unwrap();
    assert!(fixture.accepts_after_poll(&services, &token).await);
    let kept = async {
        while services.recent_uses.write().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), kept).await.expect("the use is kept");
    sqlx::query("DROP TRIGGER rejected").execute(&mut connection).await.unwrap();
    services.recent_uses.write().await.unwrap();
    assert_eq!(fixture.last_use().await, Some(fixture.clock.now().unix_timestamp()));
}

/// The user of the stub, whose name is read when a login token is issued.
fn user() -> StubReply {
    let text = |(name, text): (&str, &str)| {
        format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
    };
    let user = [("name", "Ada"), ("lang", "en_US"), ("tz", "UTC")].map(text).concat();
    StubReply::value(&format!("<array><data><value><struct>{user}</struct></value></data></array>"))
}

#[tokio::test]
async fn login_token_in_memory_expires_with_its_api_key() {
    let fixture = Fixture::new().await;
    let services = fixture.services();
    let mut new_key = new_key_of("stub", "ends", "admin", PASSWORD);
    new_key.not_after = Some(fixture.clock.now() + Duration::from_secs(3600));
    let (_, key) = fixture.admin.create_key(new_key).await.unwrap();
    fixture.stub.when("res.users.read", user());
    let with_key = fixture.gateway.client().with_header("api-key", key.expose());
    let minted = with_key.post("/api/generate_token", &json!({})).await.ok();
    let token = PresentedToken::Jwt(minted["login_token"].as_str().unwrap().into());
    assert!(fixture.accepts_after_poll(&services, &token).await);
    fixture.clock.advance(Duration::from_secs(3590));
    assert!(fixture.accepts_after_poll(&services, &token).await);
    fixture.clock.advance(Duration::from_secs(11));
    assert!(!fixture.accepts_after_poll(&services, &token).await);
}

/// K-03.
#[tokio::test(flavor = "multi_thread")]
async fn logout_is_effective_at_once_here_and_within_a_second_elsewhere() {
    let Fixture { stub: _stub, gateway, .. } = Fixture::new().await;
    let replica = gateway.replica().await;
    let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
    let issued = gateway.client().post("/rest/api/login/token", &login).await.ok();
    let token = issued["access_token"].as_str().unwrap();
    let here = gateway.client().with_header("access-token", token);
    let there = Client::new(format!("http://{}", replica.api)).with_header("access-token", token);
    for client in [&here, &there] {
        client.get(PARTNERS, &[]).await.ok();
    }
    here.delete("/rest/api/logout/token", &[]).await.ok();
    here.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    changes_reach_gateways().await;
    there.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    replica.stop().await;
}

/// The value of a counter.
async fn counter(gateway: &Gateway, name: &str) -> u64 {
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("odoo_gateway_{name} ")));
    line.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_known_credentials_do_not_read_the_store() {
    let Fixture { stub, gateway, admin, .. } = Fixture::new().await;
    let (_, key) = admin.create_key(new_key_of("stub", "warm", "admin", PASSWORD)).await.unwrap();
    stub.when("res.users.read", user());
    let with_key = gateway.client().with_header("api-key", key.expose());
    let minted = with_key.post("/api/generate_token", &json!({})).await.ok();
    let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
    let issued = gateway.client().post("/rest/api/login/token", &login).await.ok();
    let clients = [
        with_key.clone(),
        with_key.with_header("token", minted["login_token"].as_str().unwrap()),
        gateway.client().with_header("access-token", issued["access_token"].as_str().unwrap()),
    ];
    for client in &clients {
        client.get(PARTNERS, &[]).await.ok();
    }
    // The counter is updated with the next poll.
    changes_reach_gateways().await;
    let before = counter(&gateway, "credential_reads_total").await;
    assert!(before >= 3, "{before}");
    for _ in 0..20 {
        for client in &clients {
            client.get(PARTNERS, &[]).await.ok();
        }
    }
    changes_reach_gateways().await;
    // A poll that is late on a busy machine lets some requests read their row.
    let reads = counter(&gateway, "credential_reads_total").await - before;
    assert!(reads < 10, "{reads} of 60 requests");
}
