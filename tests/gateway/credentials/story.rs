//! The life of a key, told to both databases, with a clock of its own and without any Odoo.

use std::path::Path;
use std::time::Duration;

use odoo_gateway::admin::{Administration, KeptKeyKind, PrunedKeptKeys};
use odoo_gateway::auth::{Issue, VaultError, Vaults, issue};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::{Config, StoreConfig};
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::{Databases, Uid};
use odoo_gateway::secret::{DataKey, KeySources, LoginClaims, SecretError, Token, TokenKind};
use odoo_gateway::store::{Act, KeyRate, KeyTerms, Store, StoreError, StoredToken, Witness};
use secrecy::ExposeSecret as _;
use sqlx::{AnyConnection, Connection as _};

/// A store, its keys, and a clock that is told.
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

    /// As a gateway that has just started.
    fn vaults(&self) -> Vaults {
        Vaults::new(self.store.clone(), self.instance.clone(), self.sources.clone(), true, self.clock.clone())
    }

    fn act(&self, act: &str) -> Act {
        Act::new(self.clock.now(), "test", act, "subject", "")
    }

    async fn add(&self, issued: Issue) -> (StoredToken, Token) {
        let (row, token) = issue(&self.vaults(), &self.clock, issued).await.unwrap();
        self.store.add_token(&row, &self.act("key.create")).await.unwrap();
        (row, token)
    }

    async fn find(&self, token: &Token) -> Option<StoredToken> {
        let vault = self.vaults().existing().await.unwrap().unwrap();
        let index = token.index(&vault.index);
        self.store.tokens_by_index([index, index], self.clock.now()).await.unwrap().pop()
    }

    /// The credential behind a token.
    async fn open(&self, token: &Token) -> Result<String, SecretError> {
        let row = self.find(token).await.unwrap();
        let vault = self.vaults().existing().await.unwrap().unwrap();
        let terms = row.terms();
        let key = DataKey::unwrap(&vault.keyring, token, row.facts(&terms), row.grant.facts(), &row.wrap)?;
        key.open_credential(row.grant.facts(), &row.grant.credential).map(|secret| secret.expose_secret().to_owned())
    }

    async fn execute(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        Ok(sqlx::query(statement).execute(&mut connection).await?.rows_affected())
    }
}

fn issued(name: &str, not_after: Option<i64>) -> Issue {
    Issue {
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

async fn tell(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(url, folder.path()).await;
    nothing_is_made_before_it_is_needed(&scene).await;
    fifty_gateways_that_seal_at_once_share_one_key(&scene).await;
    a_row_comes_back_as_it_went(&scene).await;
    a_name_is_given_once(&scene).await;
    a_use_is_written_once_a_minute(&scene).await;
    a_key_is_switched_off_and_on_by_one_of_many(&scene).await;
    an_end_is_an_end_to_the_second_and_is_purged(&scene).await;
    what_is_deleted_is_shredded(&scene).await;
    the_audit_log_is_only_added_to(&scene).await;
    the_index_key_is_exchanged_and_every_token_is_found(&scene).await;
    the_key_that_signs_is_kept_while_what_it_signed_lives(&scene).await;
    an_older_store_is_told_from_the_one_that_was_seen(&mut scene, folder.path()).await;
    after_a_restore_nothing_works_that_was_issued(&scene, folder.path()).await;
    the_master_key_is_never_made_again(&scene).await;
}

async fn nothing_is_made_before_it_is_needed(scene: &Scene) {
    assert!(scene.vaults().existing().await.unwrap().is_none());
    assert!(!scene.sources.file.exists());
    let never = Vaults::new(scene.store.clone(), "i".into(), scene.sources.clone(), false, scene.clock.clone());
    let refused = never.for_sealing().await.unwrap_err();
    assert!(matches!(refused, VaultError::Secret(SecretError::NoKey(_))), "{refused}");
    assert!(!scene.sources.file.exists());
}

async fn fifty_gateways_that_seal_at_once_share_one_key(scene: &Scene) {
    let openings: Vec<_> = (0..50)
        .map(|_| {
            let vaults = scene.vaults();
            tokio::spawn(async move { vaults.for_sealing().await.unwrap() })
        })
        .collect();
    let token = Token::generate(TokenKind::ApiKey).unwrap();
    let mut indexes = std::collections::HashSet::new();
    for opening in openings {
        indexes.insert(token.index(&opening.await.unwrap().index));
    }
    assert_eq!(indexes.len(), 1);
}

async fn a_row_comes_back_as_it_went(scene: &Scene) {
    let (row, token) = scene.add(issued("first", Some(1_900_000_000))).await;
    assert_eq!(scene.find(&token).await.unwrap(), row);
    assert_eq!(scene.open(&token).await.unwrap(), "the password behind first");
    assert!(scene.find(&Token::generate(TokenKind::ApiKey).unwrap()).await.is_none());
}

async fn a_name_is_given_once(scene: &Scene) {
    let mut tries = Vec::new();
    for _ in 0..50 {
        let (row, _) = issue(&scene.vaults(), &scene.clock, issued("only", None)).await.unwrap();
        let (store, act) = (scene.store.clone(), scene.act("key.create"));
        tries.push(tokio::spawn(async move { store.add_token(&row, &act).await }));
    }
    let mut made = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(()) => made += 1,
            Err(refused) => assert_eq!(refused, StoreError::NameTaken { name: "only".to_owned() }),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(scene.store.purge_grants(1000).await.unwrap(), 0, "what was refused left nothing behind");
}

async fn a_use_is_written_once_a_minute(scene: &Scene) {
    let (row, token) = scene.add(issued("used", None)).await;
    for minute in 0..2 {
        let uses: Vec<_> = (0..50)
            .map(|_| {
                let (store, id, now) = (scene.store.clone(), row.id.clone(), scene.clock.now());
                tokio::spawn(async move { store.note_use(&id, now).await.unwrap() })
            })
            .collect();
        let mut written = 0;
        for used in uses {
            written += u32::from(used.await.unwrap());
        }
        assert_eq!(written, 1, "minute {minute}");
        let found = scene.find(&token).await.unwrap();
        assert_eq!(found.last_used_at, Some(scene.clock.now().unix_timestamp()));
        assert!(!found.is_use_due(scene.clock.now()));
        scene.clock.advance(Duration::from_secs(60));
        assert!(found.is_use_due(scene.clock.now()));
    }
}

async fn a_key_is_switched_off_and_on_by_one_of_many(scene: &Scene) {
    let (row, token) = scene.add(issued("switched", None)).await;
    for on in [false, true] {
        let switches: Vec<_> = (0..50)
            .map(|_| {
                let (store, id, act) = (scene.store.clone(), row.id.clone(), scene.act("key.switch"));
                tokio::spawn(async move { store.switch_token(&id, on, &[], &act).await.unwrap() })
            })
            .collect();
        let mut switched = 0;
        for switch in switches {
            switched += u32::from(switch.await.unwrap());
        }
        assert_eq!(switched, 1);
        assert_eq!(scene.find(&token).await.unwrap().is_alive(scene.clock.now()), on);
    }
}

async fn an_end_is_an_end_to_the_second_and_is_purged(scene: &Scene) {
    let end = scene.clock.now().unix_timestamp() + 10;
    let mut tokens = Vec::new();
    for name in ["ends 1", "ends 2", "ends 3"] {
        tokens.push(scene.add(issued(name, Some(end))).await.1);
    }
    let idle = Issue { idle_seconds: Some(10), kind: TokenKind::AccessToken, key: None, ..issued("", None) };
    let (idle_row, idle) = scene.add(idle).await;
    scene.clock.advance(Duration::from_secs(9));
    assert!(scene.find(&tokens[0]).await.unwrap().is_alive(scene.clock.now()));
    assert!(scene.store.note_use(&idle_row.id, scene.clock.now()).await.unwrap());
    scene.clock.advance(Duration::from_secs(1));
    assert!(!scene.find(&tokens[0]).await.unwrap().is_alive(scene.clock.now()));
    assert!(scene.find(&idle).await.unwrap().is_alive(scene.clock.now()), "its use put its end off");
    let purge = async |kind, batch| scene.store.purge_tokens(kind, scene.clock.now(), batch).await.unwrap();
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 2, "in bounded batches");
    assert_eq!(purge(TokenKind::ApiKey, 2).await, 1);
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 0);
    scene.clock.advance(Duration::from_secs(10));
    assert_eq!(purge(TokenKind::AccessToken, 2).await, 1);
    assert_eq!(scene.store.purge_grants(1000).await.unwrap(), 4, "and the credentials with them");
}

async fn what_is_deleted_is_shredded(scene: &Scene) {
    let (row, token) = scene.add(issued("deleted", None)).await;
    let deletions: Vec<_> = (0..50)
        .map(|_| {
            let (store, id, act) = (scene.store.clone(), row.id.clone(), scene.act("key.delete"));
            tokio::spawn(async move { store.delete_token(&id, &act).await.unwrap() })
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

async fn the_audit_log_is_only_added_to(scene: &Scene) {
    let acts = scene.store.acts(1000).await.unwrap();
    assert_eq!(acts.first().unwrap().act, "key.delete");
    assert_eq!(acts.iter().filter(|act| act.act == "key.switch").count(), 2);
    for statement in ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"] {
        let refused = scene.execute(statement).await.unwrap_err();
        assert!(refused.to_string().contains("the audit log is not changed"), "{refused}");
    }
    assert_eq!(scene.store.acts(1000).await.unwrap(), acts);
}

/// What an administrator may do here.
fn administration(scene: &Scene) -> Administration {
    Administration {
        store: scene.store.clone(),
        vaults: scene.vaults(),
        sources: scene.sources.clone(),
        witness: Witness::new(scene.store.clone(), scene.sources.file.parent().unwrap(), &scene.instance),
        databases: Databases::new(Vec::new()),
        clock: scene.clock.clone(),
        actor: "test".to_owned(),
    }
}

async fn the_index_key_is_exchanged_and_every_token_is_found(scene: &Scene) {
    let (used, unused) = (scene.add(issued("of before", None)).await, scene.add(issued("of before too", None)).await);
    let admin = administration(scene);
    admin.rotate_kept_key(KeptKeyKind::Index).await.unwrap();
    let refused = admin.rotate_kept_key(KeptKeyKind::Index).await.unwrap_err();
    assert!(refused.to_string().contains("keys prune"), "{refused}");
    let new = scene.add(issued("of after", None)).await;
    let all = [&used, &unused, &new];
    for (row, token) in all {
        assert_eq!(scene.find(token).await.unwrap().id, row.id);
        scene.open(token).await.unwrap();
    }
    let of_before = 6;
    assert_eq!(admin.prune_kept_keys().await.unwrap().tokens_left, of_before, "all but the newest");
    let index = used.1.index(&scene.vaults().existing().await.unwrap().unwrap().index);
    for _ in 0..2 {
        scene.store.move_to_newest_index(index).await.unwrap();
        assert_eq!(scene.find(&used.1).await.unwrap().index.hash, index.hash);
    }
    scene.clock.advance(Duration::from_secs(61));
    assert_eq!(admin.prune_kept_keys().await.unwrap().tokens_left, of_before - 1, "what is not moved keeps the key");
    for (row, _) in [&unused, &used] {
        assert!(scene.store.delete_token(&row.id, &scene.act("key.delete")).await.unwrap());
    }
    for name in ["first", "only", "used", "switched"] {
        let key = admin.key(name).await.unwrap();
        scene.store.delete_token(&key.id, &scene.act("key.delete")).await.unwrap();
    }
    assert_eq!(admin.prune_kept_keys().await.unwrap().gone, ["index"]);
    assert_eq!(admin.prune_kept_keys().await.unwrap(), PrunedKeptKeys::default());
    assert_eq!(scene.find(&new.1).await.unwrap().id, new.0.id);
    admin.rotate_kept_key(KeptKeyKind::Index).await.unwrap();
    assert_eq!(scene.find(&new.1).await.unwrap().id, new.0.id, "and again");
}

async fn the_key_that_signs_is_kept_while_what_it_signed_lives(scene: &Scene) {
    let admin = administration(scene);
    let end = scene.clock.now().unix_timestamp() + 600;
    let login = Issue { kind: TokenKind::LoginToken, key: None, ..issued("", Some(end)) };
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
    let vault = async || scene.vaults().existing().await.unwrap().unwrap();
    let before = vault().await;
    let signed = before.signing.sign(&claims).unwrap();
    let reads = async || vault().await.signing.verify(&signed, "odoo-gateway", scene.clock.now()).is_some();
    admin.rotate_kept_key(KeptKeyKind::Signing).await.unwrap();
    assert!(reads().await);
    let new = vault().await.signing.sign(&claims).unwrap();
    assert!(before.signing.verify(&new, "odoo-gateway", scene.clock.now()).is_none(), "the new key signs");
    scene.clock.advance(Duration::from_secs(599));
    let pruned = admin.prune_kept_keys().await.unwrap();
    assert!(pruned.signed_left && pruned.gone.is_empty() && reads().await, "{pruned:?}");
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(admin.prune_kept_keys().await.unwrap().gone, ["signing"]);
    assert!(!reads().await);
}

/// The store as it is now, as a backup has it.
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
            crate::support::odoo::copy_of_database(&scene.url).await
        }
    };
    (Store::open(&configured(&url)).await.unwrap(), url)
}

async fn an_older_store_is_told_from_the_one_that_was_seen(scene: &mut Scene, folder: &Path) {
    let (row, token) = scene.add(issued("revoked later", None)).await;
    let instance = scene.instance.clone();
    let remember = |store: &Store| Witness::new(store.clone(), &folder.join("remembers"), &instance);
    remember(&scene.store).renew().await.unwrap();
    let (older, url) = backup(scene, folder).await;
    scene.reopen().await;
    scene.clock.advance(Duration::from_secs(1));
    scene.store.delete_token(&row.id, &scene.act("key.delete")).await.unwrap();
    remember(&older).check().await.unwrap();
    remember(&scene.store).renew().await.unwrap();
    remember(&scene.store).check().await.unwrap();
    // From here on the older store is the one that gateways have.
    scene.store.close().await;
    (scene.store, scene.url) = (older, url);
    assert!(scene.find(&token).await.is_some(), "what was revoked is back");
    for _ in 0..2 {
        let told = [remember(&scene.store).check().await, remember(&scene.store).renew().await];
        for told in told {
            assert!(matches!(told, Err(StoreError::OlderThanSeen { .. })), "{told:?}");
        }
        // What is done in it since does not make it the one that was seen.
        for _ in 0..3 {
            scene.clock.advance(Duration::from_secs(1));
            scene.store.audit(&scene.act("something")).await.unwrap();
        }
    }
}

async fn after_a_restore_nothing_works_that_was_issued(scene: &Scene, folder: &Path) {
    let (_, key) = scene.add(issued("in the backup", None)).await;
    let (_, token) = scene.add(Issue { kind: TokenKind::AccessToken, key: None, ..issued("", None) }).await;
    let admin = administration(scene);
    let witness = Witness::new(scene.store.clone(), &folder.join("remembers"), &scene.instance);
    witness.check().await.unwrap_err();
    let ended = admin.end_everything().await.unwrap();
    assert_eq!((ended.keys, ended.tokens), (3, 2), "and what was left of the other chapters");
    assert!(scene.find(&token).await.is_none());
    assert!(!scene.find(&key).await.unwrap().is_alive(scene.clock.now()));
    witness.renew().await.unwrap();
    admin.switch_key("in the backup", true).await.unwrap();
    scene.open(&key).await.unwrap();
    admin.keep_everything().await.unwrap();
    assert!(scene.find(&key).await.unwrap().is_alive(scene.clock.now()), "kept as it is");
}

async fn the_master_key_is_never_made_again(scene: &Scene) {
    let (file, away) = (&scene.sources.file, scene.sources.file.with_extension("away"));
    std::fs::rename(file, &away).unwrap();
    let gone = scene.vaults().for_sealing().await.unwrap_err();
    assert!(matches!(gone, VaultError::KeyGone(_)) && !file.exists(), "{gone}");
    scene.sources.create().unwrap();
    let wrong = scene.vaults().for_sealing().await.unwrap_err();
    assert!(matches!(wrong, VaultError::Secret(SecretError::UnknownKey(_))), "{wrong}");
    std::fs::rename(&away, file).unwrap();
    assert!(scene.vaults().existing().await.unwrap().is_some(), "no damage was done");
    scene.execute("DELETE FROM sealed_keys").await.unwrap();
    assert_eq!(scene.vaults().for_sealing().await.unwrap_err(), VaultError::IndexGone);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_live_and_die_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    tell(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_live_and_die_on_postgres() {
    tell(&crate::support::odoo::empty_database().await).await;
}
