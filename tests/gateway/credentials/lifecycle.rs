//! The lifecycle of an API key on both databases, with a manual clock and without Odoo.

use std::path::Path;
use std::time::Duration;

use odoo_gateway::admin::{Administration, InstallationKeyKind, OdooKeySettings, PrunedInstallationKeys};
use odoo_gateway::auth::{KeyProvider, KeySetError, LoginTokenLimits, NewToken, issue};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::{Config, StoreConfig};
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::{Databases, Uid};
use odoo_gateway::secret::{DataKey, KeySources, LoginClaims, SecretError, Token, TokenKind};
use odoo_gateway::store::{AuditEvent, KeyRate, KeyTerms, RollbackDetector, Store, StoreError, StoredToken, TokenUse};
use secrecy::ExposeSecret as _;
use sqlx::{AnyConnection, Connection as _};

/// A store, its keys, and a manual clock.
struct Fixture {
    store: Store,
    sources: KeySources,
    clock: Clock,
    instance: String,
    url: String,
}

fn configured(url: &str) -> StoreConfig {
    Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store
}

impl Fixture {
    async fn new(url: &str, keys: &Path) -> Self {
        let store = Store::open(&configured(url)).await.unwrap();
        store.migrate().await.unwrap();
        let clock = Clock::manual(time::OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap());
        let instance = store.instance(&clock).await.unwrap().id;
        let sources =
            KeySources { credential: None, file: keys.join("keys/master.key"), command: None, environment: None };
        Self { store, sources, clock, instance, url: url.to_owned() }
    }

    async fn reopen(&mut self) {
        self.store = Store::open(&configured(&self.url)).await.unwrap();
    }

    /// A key provider with an empty cache, as after a start.
    fn key_provider(&self) -> KeyProvider {
        KeyProvider::new(self.store.clone(), self.instance.clone(), self.sources.clone(), true, self.clock.clone())
    }

    fn event(&self, action: &str) -> AuditEvent {
        AuditEvent::new(self.clock.now(), "test", action, "subject", "")
    }

    async fn add(&self, issued: NewToken) -> (StoredToken, Token) {
        let (row, token) = issue(&self.key_provider(), &self.clock, issued).await.unwrap();
        self.store.add_token(&row, &self.event("key.create")).await.unwrap();
        (row, token)
    }

    async fn find(&self, token: &Token) -> Option<StoredToken> {
        let vault = self.key_provider().load_existing().await.unwrap().unwrap();
        let index = token.index(&vault.index);
        self.store.find_token(index, self.clock.now()).await.unwrap()
    }

    /// The decrypted credential of a token.
    async fn decrypt(&self, token: &Token) -> Result<String, SecretError> {
        let row = self.find(token).await.unwrap();
        let vault = self.key_provider().load_existing().await.unwrap().unwrap();
        let terms = row.terms();
        let key = DataKey::unwrap(&vault.keyring, token, row.facts(&terms), row.grant.facts(), &row.wrap)?;
        key.open_credential(row.grant.facts(), &row.grant.credential).map(|secret| secret.expose_secret().to_owned())
    }

    async fn execute(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        Ok(sqlx::query(statement).execute(&mut connection).await?.rows_affected())
    }
}

fn issued(name: &str, not_after: Option<i64>) -> NewToken {
    NewToken {
        kind: TokenKind::ApiKey,
        database: DatabaseName::parse("odoo").unwrap(),
        uid: Uid::new(7).unwrap(),
        login: "ada".to_owned(),
        secret: format!("the password of {name}").into(),
        scope: "\"all\"".to_owned(),
        not_after,
        idle_seconds: None,
        key: Some(KeyTerms {
            name: name.to_owned(),
            needs_login_token: false,
            may_mint_for_others: true,
            open_to_all_users: true,
            login_token_days: Some(90),
            networks: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            rate: Some(KeyRate { requests: 100, seconds: 60, burst: 20 }),
            concurrent: Some(9),
        }),
    }
}

async fn run_lifecycle(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::new(url, folder.path()).await;
    keys_are_created_on_first_use(&fixture).await;
    fifty_concurrent_gateways_share_one_key(&fixture).await;
    row_is_read_back_unchanged(&fixture).await;
    names_are_unique(&fixture).await;
    use_is_stored_once_per_minute(&fixture).await;
    one_of_many_concurrent_switches_takes_effect(&fixture).await;
    key_is_not_enabled_if_it_was_linked_in_the_meantime(&fixture).await;
    expiry_is_exact_to_the_second_and_expired_tokens_are_purged(&fixture).await;
    deleted_secrets_are_erased(&fixture).await;
    audit_log_is_append_only(&fixture).await;
    index_key_rotation_keeps_every_token(&fixture).await;
    signing_key_is_kept_while_its_tokens_are_active(&fixture).await;
    rollback_of_the_store_is_detected(&mut fixture, folder.path()).await;
    restore_revokes_all_issued_tokens(&fixture, folder.path()).await;
    missing_master_key_is_not_recreated(&fixture).await;
}

async fn keys_are_created_on_first_use(fixture: &Fixture) {
    assert!(fixture.key_provider().load_existing().await.unwrap().is_none());
    assert!(!fixture.sources.file.exists());
    let never =
        KeyProvider::new(fixture.store.clone(), "i".into(), fixture.sources.clone(), false, fixture.clock.clone());
    let rejected = never.for_sealing().await.unwrap_err();
    assert!(matches!(rejected, KeySetError::Secret(SecretError::NoKey(_))), "{rejected}");
    assert!(!fixture.sources.file.exists());
}

async fn fifty_concurrent_gateways_share_one_key(fixture: &Fixture) {
    let openings: Vec<_> = (0..50)
        .map(|_| {
            let key_provider = fixture.key_provider();
            tokio::spawn(async move { key_provider.for_sealing().await.unwrap() })
        })
        .collect();
    let token = Token::generate(TokenKind::ApiKey).unwrap();
    let mut indexes = std::collections::HashSet::new();
    for opening in openings {
        indexes.insert(token.index(&opening.await.unwrap().index));
    }
    assert_eq!(indexes.len(), 1);
}

async fn row_is_read_back_unchanged(fixture: &Fixture) {
    let (row, token) = fixture.add(issued("first", Some(1_900_000_000))).await;
    assert_eq!(fixture.find(&token).await.unwrap(), row);
    assert_eq!(fixture.decrypt(&token).await.unwrap(), "the password of first");
    assert!(fixture.find(&Token::generate(TokenKind::ApiKey).unwrap()).await.is_none());
}

async fn names_are_unique(fixture: &Fixture) {
    let mut tries = Vec::new();
    for _ in 0..50 {
        let (row, _) = issue(&fixture.key_provider(), &fixture.clock, issued("only", None)).await.unwrap();
        let (store, event) = (fixture.store.clone(), fixture.event("key.create"));
        tries.push(tokio::spawn(async move { store.add_token(&row, &event).await }));
    }
    let mut created = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(()) => created += 1,
            Err(rejected) => assert_eq!(rejected, StoreError::NameTaken { name: "only".to_owned() }),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(fixture.store.purge_grants(1000).await.unwrap(), 0, "rejected requests left nothing");
}

fn token_use(fixture: &Fixture, token: &str) -> TokenUse {
    let address = Some(std::net::Ipv4Addr::LOCALHOST.into());
    TokenUse { token: token.to_owned(), at: fixture.clock.now().unix_timestamp(), address }
}

async fn use_is_stored_once_per_minute(fixture: &Fixture) {
    let (row, token) = fixture.add(issued("used", None)).await;
    for minute in 0..2 {
        let uses: Vec<_> = (0..50)
            .map(|_| {
                let (store, used) = (fixture.store.clone(), token_use(fixture, &row.id));
                tokio::spawn(async move { store.touch_token(&used).await.unwrap() })
            })
            .collect();
        let mut written = 0;
        for used in uses {
            written += u32::from(used.await.unwrap());
        }
        assert_eq!(written, 1, "minute {minute}");
        let found = fixture.find(&token).await.unwrap();
        assert_eq!(found.last_used_at, Some(fixture.clock.now().unix_timestamp()));
        assert_eq!(found.last_address.as_deref(), Some("127.0.0.1"));
        assert!(!found.is_touch_due(fixture.clock.now()));
        fixture.clock.advance(Duration::from_secs(60));
        assert!(found.is_touch_due(fixture.clock.now()));
    }
}

async fn one_of_many_concurrent_switches_takes_effect(fixture: &Fixture) {
    let (row, token) = fixture.add(issued("switched", None)).await;
    for on in [false, true] {
        let switches: Vec<_> = (0..50)
            .map(|_| {
                let (store, id, event) = (fixture.store.clone(), row.id.clone(), fixture.event("key.switch"));
                tokio::spawn(async move { store.set_token_enabled(&id, on, (&[], 1), &event).await.unwrap().unwrap() })
            })
            .collect();
        let mut switched = 0;
        for switch in switches {
            switched += u32::from(switch.await.unwrap());
        }
        assert_eq!(switched, 1);
        assert_eq!(fixture.find(&token).await.unwrap().is_active(fixture.clock.now()), on);
    }
}

async fn key_is_not_enabled_if_it_was_linked_in_the_meantime(fixture: &Fixture) {
    let (row, token) = fixture.add(issued("linked", None)).await;
    let event = fixture.event("key.enable");
    // What was read before the change had one grant more or less than now: its wraps do not fit.
    let set =
        async |enabled, grants| fixture.store.set_token_enabled(&row.id, enabled, (&[], grants), &event).await.unwrap();
    let is_active = async || fixture.find(&token).await.unwrap().is_active(fixture.clock.now());
    assert_eq!((set(false, 2).await, is_active().await), (Some(true), false), "disabling does not wait");
    assert_eq!((set(true, 2).await, is_active().await), (None, false));
    assert_eq!((set(true, 1).await, is_active().await), (Some(true), true));
    assert!(fixture.store.delete_token(&row.id, &fixture.event("key.delete")).await.unwrap());
}

async fn expiry_is_exact_to_the_second_and_expired_tokens_are_purged(fixture: &Fixture) {
    let end = fixture.clock.now().unix_timestamp() + 10;
    let mut tokens = Vec::new();
    for name in ["ends 1", "ends 2", "ends 3"] {
        tokens.push(fixture.add(issued(name, Some(end))).await.1);
    }
    let idle = NewToken { idle_seconds: Some(10), kind: TokenKind::AccessToken, key: None, ..issued("", None) };
    let (idle_row, idle) = fixture.add(idle).await;
    fixture.clock.advance(Duration::from_secs(9));
    assert!(fixture.find(&tokens[0]).await.unwrap().is_active(fixture.clock.now()));
    assert!(fixture.store.touch_token(&token_use(fixture, &idle_row.id)).await.unwrap());
    fixture.clock.advance(Duration::from_secs(1));
    assert!(!fixture.find(&tokens[0]).await.unwrap().is_active(fixture.clock.now()));
    assert!(fixture.find(&idle).await.unwrap().is_active(fixture.clock.now()), "using it extends the idle timeout");
    let purge = async |kind, batch| fixture.store.purge_tokens(kind, fixture.clock.now(), batch).await.unwrap();
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 2, "in bounded batches");
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 1);
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 0);
    fixture.clock.advance(Duration::from_secs(10));
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 1);
    assert_eq!(fixture.store.purge_grants(1000).await.unwrap(), 4, "the grants are purged with them");
}

async fn deleted_secrets_are_erased(fixture: &Fixture) {
    let (row, token) = fixture.add(issued("deleted", None)).await;
    let deletions: Vec<_> = (0..50)
        .map(|_| {
            let (store, id, event) = (fixture.store.clone(), row.id.clone(), fixture.event("key.delete"));
            tokio::spawn(async move { store.delete_token(&id, &event).await.unwrap() })
        })
        .collect();
    let mut deleted = 0;
    for deletion in deletions {
        deleted += u32::from(deletion.await.unwrap());
    }
    assert_eq!(deleted, 1);
    assert!(fixture.find(&token).await.is_none());
    for table in ["UPDATE grants SET uid = uid", "UPDATE wraps SET kid = kid", "UPDATE api_keys SET name = name"] {
        assert_eq!(fixture.execute(table).await.unwrap(), 4, "first, only, used, switched: {table}");
    }
}

async fn audit_log_is_append_only(fixture: &Fixture) {
    let events = fixture.store.audit_events(1000).await.unwrap();
    assert_eq!(events.first().unwrap().action, "key.delete");
    assert_eq!(events.iter().filter(|event| event.action == "key.switch").count(), 2);
    for statement in ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"] {
        let rejected = fixture.execute(statement).await.unwrap_err();
        assert!(rejected.to_string().contains("the audit log is not changed"), "{rejected}");
    }
    assert_eq!(fixture.store.audit_events(1000).await.unwrap(), events);
}

/// The administrator's operations on this store.
fn administration(fixture: &Fixture) -> Administration {
    Administration {
        store: fixture.store.clone(),
        key_provider: fixture.key_provider(),
        sources: fixture.sources.clone(),
        rollback_detector: RollbackDetector::new(
            fixture.store.clone(),
            fixture.sources.file.parent().unwrap(),
            &fixture.instance,
        ),
        databases: Databases::new(Vec::new()),
        login_tokens: LoginTokenLimits { max_days: 365, per_user: 20 },
        odoo_keys: OdooKeySettings {
            renew: false,
            renew_before: Duration::from_secs(3600),
            lifetime: Duration::from_secs(24 * 3600),
            revoke_after: Duration::ZERO,
        },
        clock: fixture.clock.clone(),
        actor: "test".to_owned(),
    }
}

async fn index_key_rotation_keeps_every_token(fixture: &Fixture) {
    let (used, unused) =
        (fixture.add(issued("of before", None)).await, fixture.add(issued("of before too", None)).await);
    let admin = administration(fixture);
    admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap();
    let rejected = admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap_err();
    assert!(rejected.to_string().contains("keys prune"), "{rejected}");
    let new = fixture.add(issued("of after", None)).await;
    let all = [&used, &unused, &new];
    for (row, token) in all {
        assert_eq!(fixture.find(token).await.unwrap().id, row.id);
        fixture.decrypt(token).await.unwrap();
    }
    let of_before = 6;
    assert_eq!(admin.prune_installation_keys().await.unwrap().index_key_tokens, of_before, "all except the newest");
    let index = used.1.index(&fixture.key_provider().load_existing().await.unwrap().unwrap().index);
    for _ in 0..2 {
        fixture.store.reindex_token(index).await.unwrap();
        assert_eq!(fixture.find(&used.1).await.unwrap().index.hash, index.hash);
    }
    fixture.clock.advance(Duration::from_secs(61));
    assert_eq!(
        admin.prune_installation_keys().await.unwrap().index_key_tokens,
        of_before - 1,
        "tokens that are not reindexed keep the key in use"
    );
    for (row, _) in [&unused, &used] {
        assert!(fixture.store.delete_token(&row.id, &fixture.event("key.delete")).await.unwrap());
    }
    for name in ["first", "only", "used", "switched"] {
        let key = admin.find_key(name).await.unwrap();
        fixture.store.delete_token(&key.id, &fixture.event("key.delete")).await.unwrap();
    }
    assert_eq!(admin.prune_installation_keys().await.unwrap().deleted, ["index"]);
    assert_eq!(admin.prune_installation_keys().await.unwrap(), PrunedInstallationKeys::default());
    assert_eq!(fixture.find(&new.1).await.unwrap().id, new.0.id);
    admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap();
    assert_eq!(fixture.find(&new.1).await.unwrap().id, new.0.id, "and again");
}

async fn signing_key_is_kept_while_its_tokens_are_active(fixture: &Fixture) {
    let admin = administration(fixture);
    let end = fixture.clock.now().unix_timestamp() + 600;
    let login = NewToken { kind: TokenKind::LoginToken, key: None, ..issued("", Some(end)) };
    fixture.add(login).await;
    let claims = LoginClaims {
        iss: "odoo-gateway".to_owned(),
        aud: "odoo-gateway".to_owned(),
        user_id: 7,
        username: "ada".to_owned(),
        webservice_account_id: "a".to_owned(),
        webservice_name: "shop".to_owned(),
        iat: fixture.clock.now().unix_timestamp(),
        exp: end,
        jti: Token::generate(TokenKind::LoginToken).unwrap().expose().to_owned(),
    };
    let vault = async || fixture.key_provider().load_existing().await.unwrap().unwrap();
    let before = vault().await;
    let signed = before.login_token_key.sign(&claims).unwrap();
    let reads = async || vault().await.login_token_key.verify(&signed, "odoo-gateway", fixture.clock.now()).is_some();
    admin.rotate_installation_key(InstallationKeyKind::Signing).await.unwrap();
    assert!(reads().await);
    let new = vault().await.login_token_key.sign(&claims).unwrap();
    assert!(
        before.login_token_key.verify(&new, "odoo-gateway", fixture.clock.now()).is_none(),
        "the new key is used for signing"
    );
    fixture.clock.advance(Duration::from_secs(599));
    let pruned = admin.prune_installation_keys().await.unwrap();
    assert!(pruned.signing_key_in_use && pruned.deleted.is_empty() && reads().await, "{pruned:?}");
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(admin.prune_installation_keys().await.unwrap().deleted, ["signing"]);
    assert!(!reads().await);
}

/// A copy of the current store, like a backup.
async fn backup(fixture: &Fixture, folder: &Path) -> (Store, String) {
    let url = match fixture.url.strip_prefix("sqlite:") {
        Some(_) => {
            let copy = folder.join("backup.db").display().to_string();
            let mut connection = AnyConnection::connect(&fixture.url).await.unwrap();
            sqlx::query("VACUUM INTO $1").bind(copy.clone()).execute(&mut connection).await.unwrap();
            format!("sqlite:{copy}")
        }
        None => {
            fixture.store.close().await;
            crate::support::odoo::copy_database(&fixture.url).await
        }
    };
    (Store::open(&configured(&url)).await.unwrap(), url)
}

async fn rollback_of_the_store_is_detected(fixture: &mut Fixture, folder: &Path) {
    let (row, token) = fixture.add(issued("revoked later", None)).await;
    let instance = fixture.instance.clone();
    let remember = |store: &Store| RollbackDetector::new(store.clone(), &folder.join("remembers"), &instance);
    remember(&fixture.store).update().await.unwrap();
    let (older, url) = backup(fixture, folder).await;
    fixture.reopen().await;
    fixture.clock.advance(Duration::from_secs(1));
    fixture.store.delete_token(&row.id, &fixture.event("key.delete")).await.unwrap();
    remember(&older).check().await.unwrap();
    remember(&fixture.store).update().await.unwrap();
    remember(&fixture.store).check().await.unwrap();
    // From here on gateways use the older store.
    fixture.store.close().await;
    (fixture.store, fixture.url) = (older, url);
    assert!(fixture.find(&token).await.is_some(), "the revoked token is active again");
    for _ in 0..2 {
        let results = [remember(&fixture.store).check().await, remember(&fixture.store).update().await];
        for results in results {
            assert!(matches!(results, Err(StoreError::RolledBack { .. })), "{results:?}");
        }
        // Later changes do not make it the expected store.
        for _ in 0..3 {
            fixture.clock.advance(Duration::from_secs(1));
            fixture.store.audit(&fixture.event("something")).await.unwrap();
        }
    }
}

async fn restore_revokes_all_issued_tokens(fixture: &Fixture, folder: &Path) {
    let (_, key) = fixture.add(issued("in the backup", None)).await;
    let (_, token) = fixture.add(NewToken { kind: TokenKind::AccessToken, key: None, ..issued("", None) }).await;
    let admin = administration(fixture);
    let detector = RollbackDetector::new(fixture.store.clone(), &folder.join("remembers"), &fixture.instance);
    detector.check().await.unwrap_err();
    let ended = admin.revoke_all().await.unwrap();
    assert_eq!((ended.keys, ended.tokens), (3, 2), "including those left from the other steps");
    assert!(fixture.find(&token).await.is_none());
    assert!(!fixture.find(&key).await.unwrap().is_active(fixture.clock.now()));
    detector.update().await.unwrap();
    admin.set_key_enabled("in the backup", true).await.unwrap();
    fixture.decrypt(&key).await.unwrap();
    admin.accept_store().await.unwrap();
    assert!(fixture.find(&key).await.unwrap().is_active(fixture.clock.now()), "unchanged");
}

async fn missing_master_key_is_not_recreated(fixture: &Fixture) {
    let (file, away) = (&fixture.sources.file, fixture.sources.file.with_extension("away"));
    std::fs::rename(file, &away).unwrap();
    let gone = fixture.key_provider().for_sealing().await.unwrap_err();
    assert!(matches!(gone, KeySetError::MasterKeyMissing(_)) && !file.exists(), "{gone}");
    fixture.sources.create().unwrap();
    let wrong = fixture.key_provider().for_sealing().await.unwrap_err();
    assert!(matches!(wrong, KeySetError::Secret(SecretError::UnknownKey(_))), "{wrong}");
    std::fs::rename(&away, file).unwrap();
    assert!(fixture.key_provider().load_existing().await.unwrap().is_some(), "the master key is unchanged");
    fixture.execute("DELETE FROM sealed_keys").await.unwrap();
    assert_eq!(fixture.key_provider().for_sealing().await.unwrap_err(), KeySetError::IndexKeyMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_lifecycle_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    run_lifecycle(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_lifecycle_on_postgres() {
    run_lifecycle(&crate::support::odoo::empty_database().await).await;
}
