//! The lifecycle of an API key on both databases, with a manual clock and without Odoo.

use std::path::Path;
use std::time::Duration;

use odoo_gateway::admin::{Administration, InstallationKeyKind, PrunedInstallationKeys};
use odoo_gateway::auth::{NewToken, KeyProvider, KeySetError, issue};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::{Config, StoreConfig};
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::{Databases, Uid};
use odoo_gateway::secret::{DataKey, KeySources, LoginClaims, SecretError, Token, TokenKind};
use odoo_gateway::store::{AuditEvent, KeyRate, KeyTerms, Store, StoreError, StoredToken, RollbackDetector};
use secrecy::ExposeSecret as _;
use sqlx::{AnyConnection, Connection as _};

/// A store, its keys, and a manual clock.
struct Scene {
    store: Store,
    sources: KeySources,
    clock: Clock,
    instance: String,
    url: String,
}

fn configured(url: &str) -> StoreConfig {
    Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store
}

impl Scene {
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
        self.store.find_tokens([index, index], self.clock.now()).await.unwrap().pop()
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
        secret: format!("the password behind {name}").into(),
        scope: "\"all\"".to_owned(),
        not_after,
        idle_seconds: None,
        key: Some(KeyTerms {
            name: name.to_owned(),
            needs_login_token: false,
            may_mint_for_others: true,
            networks: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            rate: Some(KeyRate { requests: 100, seconds: 60, burst: 20 }),
            concurrent: Some(9),
        }),
    }
}

async fn run_lifecycle(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(url, folder.path()).await;
    keys_are_created_on_first_use(&scene).await;
    fifty_concurrent_gateways_share_one_key(&scene).await;
    row_is_read_back_unchanged(&scene).await;
    names_are_unique(&scene).await;
    use_is_stored_once_per_minute(&scene).await;
    one_of_many_concurrent_switches_takes_effect(&scene).await;
    expiry_is_exact_to_the_second_and_expired_tokens_are_purged(&scene).await;
    deleted_secrets_are_erased(&scene).await;
    audit_log_is_append_only(&scene).await;
    index_key_rotation_keeps_every_token(&scene).await;
    signing_key_is_kept_while_its_tokens_are_active(&scene).await;
    rollback_of_the_store_is_detected(&mut scene, folder.path()).await;
    restore_revokes_all_issued_tokens(&scene, folder.path()).await;
    missing_master_key_is_not_recreated(&scene).await;
}

async fn keys_are_created_on_first_use(scene: &Scene) {
    assert!(scene.key_provider().load_existing().await.unwrap().is_none());
    assert!(!scene.sources.file.exists());
    let never = KeyProvider::new(scene.store.clone(), "i".into(), scene.sources.clone(), false, scene.clock.clone());
    let refused = never.for_sealing().await.unwrap_err();
    assert!(matches!(refused, KeySetError::Secret(SecretError::NoKey(_))), "{refused}");
    assert!(!scene.sources.file.exists());
}

async fn fifty_concurrent_gateways_share_one_key(scene: &Scene) {
    let openings: Vec<_> = (0..50)
        .map(|_| {
            let key_provider = scene.key_provider();
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

async fn row_is_read_back_unchanged(scene: &Scene) {
    let (row, token) = scene.add(issued("first", Some(1_900_000_000))).await;
    assert_eq!(scene.find(&token).await.unwrap(), row);
    assert_eq!(scene.decrypt(&token).await.unwrap(), "the password of first");
    assert!(scene.find(&Token::generate(TokenKind::ApiKey).unwrap()).await.is_none());
}

async fn names_are_unique(scene: &Scene) {
    let mut tries = Vec::new();
    for _ in 0..50 {
        let (row, _) = issue(&scene.key_provider(), &scene.clock, issued("only", None)).await.unwrap();
        let (store, event) = (scene.store.clone(), scene.event("key.create"));
        tries.push(tokio::spawn(async move { store.add_token(&row, &event).await }));
    }
    let mut created = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(()) => created += 1,
            Err(refused) => assert_eq!(refused, StoreError::NameTaken { name: "only".to_owned() }),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(scene.store.purge_grants(1000).await.unwrap(), 0, "rejected requests left nothing");
}

async fn use_is_stored_once_per_minute(scene: &Scene) {
    let (row, token) = scene.add(issued("used", None)).await;
    for minute in 0..2 {
        let uses: Vec<_> = (0..50)
            .map(|_| {
                let (store, id, now) = (scene.store.clone(), row.id.clone(), scene.clock.now());
                tokio::spawn(async move { store.touch_token(&id, now).await.unwrap() })
            })
            .collect();
        let mut written = 0;
        for used in uses {
            written += u32::from(used.await.unwrap());
        }
        assert_eq!(written, 1, "minute {minute}");
        let found = scene.find(&token).await.unwrap();
        assert_eq!(found.last_used_at, Some(scene.clock.now().unix_timestamp()));
        assert!(!found.is_touch_due(scene.clock.now()));
        scene.clock.advance(Duration::from_secs(60));
        assert!(found.is_touch_due(scene.clock.now()));
    }
}

async fn one_of_many_concurrent_switches_takes_effect(scene: &Scene) {
    let (row, token) = scene.add(issued("switched", None)).await;
    for on in [false, true] {
        let switches: Vec<_> = (0..50)
            .map(|_| {
                let (store, id, event) = (scene.store.clone(), row.id.clone(), scene.event("key.switch"));
                tokio::spawn(async move { store.set_token_enabled(&id, on, &[], &event).await.unwrap() })
            })
            .collect();
        let mut switched = 0;
        for switch in switches {
            switched += u32::from(switch.await.unwrap());
        }
        assert_eq!(switched, 1);
        assert_eq!(scene.find(&token).await.unwrap().is_active(scene.clock.now()), on);
    }
}

async fn expiry_is_exact_to_the_second_and_expired_tokens_are_purged(scene: &Scene) {
    let end = scene.clock.now().unix_timestamp() + 10;
    let mut tokens = Vec::new();
    for name in ["ends 1", "ends 2", "ends 3"] {
        tokens.push(scene.add(issued(name, Some(end))).await.1);
    }
    let idle = NewToken { idle_seconds: Some(10), kind: TokenKind::AccessToken, key: None, ..issued("", None) };
    let (idle_row, idle) = scene.add(idle).await;
    scene.clock.advance(Duration::from_secs(9));
    assert!(scene.find(&tokens[0]).await.unwrap().is_active(scene.clock.now()));
    assert!(scene.store.touch_token(&idle_row.id, scene.clock.now()).await.unwrap());
    scene.clock.advance(Duration::from_secs(1));
    assert!(!scene.find(&tokens[0]).await.unwrap().is_active(scene.clock.now()));
    assert!(scene.find(&idle).await.unwrap().is_active(scene.clock.now()), "using it extends the idle timeout");
    let purge = async |kind, batch| scene.store.purge_tokens(kind, scene.clock.now(), batch).await.unwrap();
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 2, "in bounded batches");
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 1);
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 0);
    scene.clock.advance(Duration::from_secs(10));
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 1);
    assert_eq!(scene.store.purge_grants(1000).await.unwrap(), 4, "the grants are purged with them");
}

async fn deleted_secrets_are_erased(scene: &Scene) {
    let (row, token) = scene.add(issued("deleted", None)).await;
    let deletions: Vec<_> = (0..50)
        .map(|_| {
            let (store, id, event) = (scene.store.clone(), row.id.clone(), scene.event("key.delete"));
            tokio::spawn(async move { store.delete_token(&id, &event).await.unwrap() })
        })
        .collect();
    let mut deleted = 0;
    for deletion in deletions {
        deleted += u32::from(deletion.await.unwrap());
    }
    assert_eq!(deleted, 1);
    assert!(scene.find(&token).await.is_none());
    for table in ["UPDATE grants SET uid = uid", "UPDATE wraps SET kid = kid", "UPDATE api_keys SET name = name"] {
        assert_eq!(scene.execute(table).await.unwrap(), 4, "first, only, used, switched: {table}");
    }
}

async fn audit_log_is_append_only(scene: &Scene) {
    let events = scene.store.audit_events(1000).await.unwrap();
    assert_eq!(events.first().unwrap().action, "key.delete");
    assert_eq!(events.iter().filter(|event| event.action == "key.switch").count(), 2);
    for statement in ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"] {
        let refused = scene.execute(statement).await.unwrap_err();
        assert!(refused.to_string().contains("the audit log is not changed"), "{refused}");
    }
    assert_eq!(scene.store.audit_events(1000).await.unwrap(), events);
}

/// The administrator's operations on this store.
fn administration(scene: &Scene) -> Administration {
    Administration {
        store: scene.store.clone(),
        key_provider: scene.key_provider(),
        sources: scene.sources.clone(),
        rollback_detector: RollbackDetector::new(scene.store.clone(), scene.sources.file.parent().unwrap(), &scene.instance),
        databases: Databases::new(Vec::new()),
        clock: scene.clock.clone(),
        actor: "test".to_owned(),
    }
}

async fn index_key_rotation_keeps_every_token(scene: &Scene) {
    let (used, unused) = (scene.add(issued("of before", None)).await, scene.add(issued("of before too", None)).await);
    let admin = administration(scene);
    admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap();
    let refused = admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap_err();
    assert!(refused.to_string().contains("keys prune"), "{refused}");
    let new = scene.add(issued("of after", None)).await;
    let all = [&used, &unused, &new];
    for (row, token) in all {
        assert_eq!(scene.find(token).await.unwrap().id, row.id);
        scene.decrypt(token).await.unwrap();
    }
    let of_before = 6;
    assert_eq!(admin.prune_installation_keys().await.unwrap().index_key_tokens, of_before, "all except the newest");
    let index = used.1.index(&scene.key_provider().load_existing().await.unwrap().unwrap().index);
    for _ in 0..2 {
        scene.store.reindex_token(index).await.unwrap();
        assert_eq!(scene.find(&used.1).await.unwrap().index.hash, index.hash);
    }
    scene.clock.advance(Duration::from_secs(61));
    assert_eq!(admin.prune_installation_keys().await.unwrap().index_key_tokens, of_before - 1, "tokens that are not reindexed keep the key in use");
    for (row, _) in [&unused, &used] {
        assert!(scene.store.delete_token(&row.id, &scene.event("key.delete")).await.unwrap());
    }
    for name in ["first", "only", "used", "switched"] {
        let key = admin.find_key(name).await.unwrap();
        scene.store.delete_token(&key.id, &scene.event("key.delete")).await.unwrap();
    }
    assert_eq!(admin.prune_installation_keys().await.unwrap().deleted, ["index"]);
    assert_eq!(admin.prune_installation_keys().await.unwrap(), PrunedInstallationKeys::default());
    assert_eq!(scene.find(&new.1).await.unwrap().id, new.0.id);
    admin.rotate_installation_key(InstallationKeyKind::Index).await.unwrap();
    assert_eq!(scene.find(&new.1).await.unwrap().id, new.0.id, "and again");
}

async fn signing_key_is_kept_while_its_tokens_are_active(scene: &Scene) {
    let admin = administration(scene);
    let end = scene.clock.now().unix_timestamp() + 600;
    let login = NewToken { kind: TokenKind::LoginToken, key: None, ..issued("", Some(end)) };
    scene.add(login).await;
    let claims = LoginClaims {
        iss: "odoo-gateway".to_owned(),
        aud: "odoo-gateway".to_owned(),
        user_id: 7,
        username: "ada".to_owned(),
        webservice_account_id: "a".to_owned(),
        webservice_name: "shop".to_owned(),
        iat: scene.clock.now().unix_timestamp(),
        exp: end,
        jti: Token::generate(TokenKind::LoginToken).unwrap().expose().to_owned(),
    };
    let vault = async || scene.key_provider().load_existing().await.unwrap().unwrap();
    let before = vault().await;
    let signed = before.login_token_key.sign(&claims).unwrap();
    let reads = async || vault().await.login_token_key.verify(&signed, "odoo-gateway", scene.clock.now()).is_some();
    admin.rotate_installation_key(InstallationKeyKind::Signing).await.unwrap();
    assert!(reads().await);
    let new = vault().await.login_token_key.sign(&claims).unwrap();
    assert!(before.login_token_key.verify(&new, "odoo-gateway", scene.clock.now()).is_none(), "the new key is used for signing");
    scene.clock.advance(Duration::from_secs(599));
    let pruned = admin.prune_installation_keys().await.unwrap();
    assert!(pruned.signing_key_in_use && pruned.deleted.is_empty() && reads().await, "{pruned:?}");
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(admin.prune_installation_keys().await.unwrap().deleted, ["signing"]);
    assert!(!reads().await);
}

/// A copy of the current store, like a backup.
async fn backup(scene: &Scene, folder: &Path) -> (Store, String) {
    let url = match scene.url.strip_prefix("sqlite:") {
        Some(_) => {
            let copy = folder.join("backup.db").display().to_string();
            let mut connection = AnyConnection::connect(&scene.url).await.unwrap();
            sqlx::query("VACUUM INTO $1").bind(copy.clone()).execute(&mut connection).await.unwrap();
            format!("sqlite:{copy}")
        }
        None => {
            scene.store.close().await;
            crate::support::odoo::copy_database(&scene.url).await
        }
    };
    (Store::open(&configured(&url)).await.unwrap(), url)
}

async fn rollback_of_the_store_is_detected(scene: &mut Scene, folder: &Path) {
    let (row, token) = scene.add(issued("revoked later", None)).await;
    let instance = scene.instance.clone();
    let remember = |store: &Store| RollbackDetector::new(store.clone(), &folder.join("remembers"), &instance);
    remember(&scene.store).update().await.unwrap();
    let (older, url) = backup(scene, folder).await;
    scene.reopen().await;
    scene.clock.advance(Duration::from_secs(1));
    scene.store.delete_token(&row.id, &scene.event("key.delete")).await.unwrap();
    remember(&older).check().await.unwrap();
    remember(&scene.store).update().await.unwrap();
    remember(&scene.store).check().await.unwrap();
    // From here on gateways use the older store.
    scene.store.close().await;
    (scene.store, scene.url) = (older, url);
    assert!(scene.find(&token).await.is_some(), "the revoked token is active again");
    for _ in 0..2 {
        let results = [remember(&scene.store).check().await, remember(&scene.store).update().await];
        for results in results {
            assert!(matches!(results, Err(StoreError::RolledBack { .. })), "{results:?}");
        }
        // Later changes do not make it the expected store.
        for _ in 0..3 {
            scene.clock.advance(Duration::from_secs(1));
            scene.store.audit(&scene.event("something")).await.unwrap();
        }
    }
}

async fn restore_revokes_all_issued_tokens(scene: &Scene, folder: &Path) {
    let (_, key) = scene.add(issued("in the backup", None)).await;
    let (_, token) = scene.add(NewToken { kind: TokenKind::AccessToken, key: None, ..issued("", None) }).await;
    let admin = administration(scene);
    let witness = RollbackDetector::new(scene.store.clone(), &folder.join("remembers"), &scene.instance);
    witness.check().await.unwrap_err();
    let ended = admin.revoke_all().await.unwrap();
    assert_eq!((ended.keys, ended.tokens), (3, 2), "including those left from the other steps");
    assert!(scene.find(&token).await.is_none());
    assert!(!scene.find(&key).await.unwrap().is_active(scene.clock.now()));
    witness.update().await.unwrap();
    admin.set_key_enabled("in the backup", true).await.unwrap();
    scene.decrypt(&key).await.unwrap();
    admin.accept_store().await.unwrap();
    assert!(scene.find(&key).await.unwrap().is_active(scene.clock.now()), "unchanged");
}

async fn missing_master_key_is_not_recreated(scene: &Scene) {
    let (file, away) = (&scene.sources.file, scene.sources.file.with_extension("away"));
    std::fs::rename(file, &away).unwrap();
    let gone = scene.key_provider().for_sealing().await.unwrap_err();
    assert!(matches!(gone, KeySetError::MasterKeyMissing(_)) && !file.exists(), "{gone}");
    scene.sources.create().unwrap();
    let wrong = scene.key_provider().for_sealing().await.unwrap_err();
    assert!(matches!(wrong, KeySetError::Secret(SecretError::UnknownKey(_))), "{wrong}");
    std::fs::rename(&away, file).unwrap();
    assert!(scene.key_provider().load_existing().await.unwrap().is_some(), "the master key is unchanged");
    scene.execute("DELETE FROM sealed_keys").await.unwrap();
    assert_eq!(scene.key_provider().for_sealing().await.unwrap_err(), KeySetError::IndexKeyMissing);
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
