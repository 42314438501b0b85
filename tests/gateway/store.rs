//! The store on SQLite and on PostgreSQL.
//!
//! `check_store` needs an empty database of its own, and leaves it in an unusable state.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use odoo_gateway::clock::Clock;
use odoo_gateway::config::{Config, StoreConfig};
use odoo_gateway::store::{AuditEvent, Store, StoreContact, StoreError};
use sqlx::{AnyConnection, Connection, Row};

/// The store's settings with these environment variables.
fn configured(variables: &[(&str, &str)]) -> StoreConfig {
    let variables = variables.iter().map(|(name, text)| (name.into(), text.into()));
    Config::load(None, variables).unwrap().store
}

/// The tables with their columns.
type Schema = BTreeMap<String, BTreeSet<String>>;

/// Checks the store on an empty database. Returns the schema, to compare both databases.
async fn check_store(url: &str) -> Schema {
    let config = configured(&[("DATABASE_URL", url)]);
    let id = concurrent_starts_share_one_instance(&config).await;
    data_survives_a_restart(&config, &id).await;
    let schema = schema(url).await;
    newer_schema_is_used_unless_it_is_incompatible(&config, url).await;
    schema
}

async fn concurrent_starts_share_one_instance(config: &StoreConfig) -> String {
    let starts = (0..6).map(|_| {
        let config = config.clone();
        tokio::spawn(async move {
            let store = Store::open(&config).await.unwrap();
            store.migrate().await.unwrap();
            store.instance(&Clock::system()).await.unwrap().id
        })
    });
    let mut ids = BTreeSet::new();
    for start in starts.collect::<Vec<_>>() {
        ids.insert(start.await.unwrap());
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids.pop_first().unwrap()
}

async fn data_survives_a_restart(config: &StoreConfig, id: &str) {
    let store = Store::open(config).await.unwrap();
    store.ping().await.unwrap();
    assert!(store.version().await.unwrap().contains(char::is_numeric));
    store.migrate().await.unwrap();
    let later = Clock::manual(Clock::system().now() + Duration::from_secs(9_999));
    let instance = store.instance(&later).await.unwrap();
    assert_eq!((instance.id.as_str(), instance.id.len()), (id, 32));
    assert!(instance.created_at < later.now() - Duration::from_secs(9_000));
    store.close().await;
}

/// A newer version has added a table and a column. This version works until the newer one says that it must not.
async fn newer_schema_is_used_unless_it_is_incompatible(config: &StoreConfig, url: &str) {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                  SELECT 9000, 'future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    sqlx::query(future).execute(&mut connection).await.unwrap();
    for added in ["CREATE TABLE future (id TEXT)", "ALTER TABLE audit_log ADD COLUMN future TEXT"] {
        sqlx::query(added).execute(&mut connection).await.unwrap();
    }
    let store = Store::open(config).await.unwrap();
    store.migrate().await.unwrap();
    let event = AuditEvent::new(Clock::system().now(), "test", "test.event", "subject", "");
    store.audit(&event).await.unwrap();
    let contract = "UPDATE instance SET oldest_schema = 9000";
    sqlx::query(contract).execute(&mut connection).await.unwrap();
    let rejected = store.migrate().await.unwrap_err();
    assert_eq!(rejected, StoreError::NewerSchema { version: 9000 });
    assert!(rejected.to_string().contains("newer gateway"));
    sqlx::query("UPDATE _sqlx_migrations SET checksum = $1").bind(vec![0_u8]).execute(&mut connection).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 9000").execute(&mut connection).await.unwrap();
    assert_eq!(store.migrate().await.unwrap_err(), StoreError::ChangedMigration { version: 1 });
}

async fn schema(url: &str) -> Schema {
    let query = if url.starts_with("sqlite:") {
        "SELECT it.name, own.name FROM sqlite_schema it JOIN pragma_table_info(it.name) own WHERE it.type = 'table'"
    } else {
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
         WHERE table_schema = current_schema()"
    };
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let mut schema = Schema::new();
    for row in sqlx::query(query).fetch_all(&mut connection).await.unwrap() {
        schema.entry(row.get(0)).or_default().insert(row.get(1));
    }
    schema.retain(|table, _| !table.starts_with('_') && !table.starts_with("sqlite_"));
    schema
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn store_works_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let schema = check_store(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
    let tables = [
        "api_keys",
        "application_origins",
        "applications",
        "audit_log",
        "consents",
        "credential_version",
        "gateways",
        "grants",
        "instance",
        "leases",
        "oauth1_nonces",
        "oauth_tokens",
        "odoo_keys",
        "repeats",
        "sealed_keys",
        "shared_buckets",
        "tokens",
        "usage_counts",
        "wraps",
    ];
    assert_eq!(schema.keys().collect::<Vec<_>>(), tables);
}

#[tokio::test]
async fn database_files_are_accessible_only_to_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made by the gateway/data #1 100% é");
    let file = data.join("gate way.db");
    let config = configured(&[("DATABASE_URL", &format!("sqlite:{}", file.display()))]);
    let store = Store::open(&config).await.unwrap();
    store.migrate().await.unwrap();
    store.instance(&Clock::system()).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = data.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "the database, -wal, -shm and .lock: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn permissions_of_an_existing_file_are_restricted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.db");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    Store::open(&configured(&[("DATABASE_URL", &format!("sqlite:{}", file.display()))])).await.unwrap();
    assert_eq!(mode(&file), 0o600);
}

/// The error when the store is opened.
async fn open_error(url: &str) -> StoreError {
    let quick = ("ODOO_GATEWAY__STORE__ACQUIRE_TIMEOUT", "1s");
    Store::open(&configured(&[("DATABASE_URL", url), quick])).await.unwrap_err()
}

#[tokio::test]
async fn file_errors_name_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear database, this is not you. ".repeat(100)).unwrap();
    let not_one = open_error(&format!("sqlite:{}", file.display())).await;
    assert_eq!(not_one, StoreError::NotADatabase { file: file.clone() });
    let below_a_file = open_error(&format!("sqlite:{}/x.db", file.display())).await;
    assert!(matches!(below_a_file, StoreError::Folder { .. }), "{below_a_file}");
    let a_folder = open_error(&format!("sqlite:{}", folder.path().display())).await;
    assert!(matches!(a_folder, StoreError::File { .. }), "{a_folder}");
}

#[tokio::test]
async fn unreachable_server_is_reported_without_the_password() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rejected = open_error(&format!("postgres://me:hunter2@{closed}/gateway")).await;
    assert!(matches!(rejected, StoreError::Unreachable { .. }), "{rejected}");
    assert!(!format!("{rejected} {rejected:?}").contains("hunter2"));
    assert!(rejected.to_string().contains(&closed.to_string()));
}

#[tokio::test]
async fn silent_server_times_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let rejected = open_error(&format!("postgres://me@{}/gateway", silent.local_addr().unwrap())).await;
    assert!(matches!(rejected, StoreError::Unreachable { .. }), "{rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn store_works_on_postgres_with_the_same_schema() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = check_store(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
    let postgres = check_store(&crate::support::odoo::empty_database().await).await;
    assert_eq!(sqlite, postgres);
}

/// Executes statements and checks which of them change the version of credentials.
async fn check_credential_version(url: &str) {
    let store = Store::open(&configured(&[("DATABASE_URL", url)])).await.unwrap();
    store.migrate().await.unwrap();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let grant = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                 VALUES ('g', 'd', 1, 'l', $1, 1)";
    sqlx::query(grant).bind(vec![0_u8]).execute(&mut connection).await.unwrap();
    for (id, kind) in [("k", "api_key"), ("c", "oauth2_code"), ("a", "oauth2_access"), ("s", "console_session")] {
        let token = "INSERT INTO tokens (id, kind, token_index, shown, grant_id, scope, created_at) \
                     VALUES ($1, $2, $3, '', 'g', '', 1)";
        let token = sqlx::query(token).bind(id.to_owned()).bind(kind.to_owned()).bind(id.as_bytes().to_vec());
        token.execute(&mut connection).await.unwrap();
        let wrap = "INSERT INTO wraps (token_id, grant_id, blob, kid) VALUES ($1, 'g', $2, 'm')";
        let wrap = sqlx::query(wrap).bind(id.to_owned()).bind(format!("wrap of {id}").into_bytes());
        wrap.execute(&mut connection).await.unwrap();
        let oauth = "INSERT INTO oauth_tokens (token_id, family_id, headless) VALUES ($1, 'f', 0)";
        sqlx::query(oauth).bind(id.to_owned()).execute(&mut connection).await.unwrap();
    }
    let version = "SELECT version FROM credential_version";
    let mut before: i64 = sqlx::query(version).fetch_one(&mut connection).await.unwrap().get(0);
    for (statement, is_change) in [
        (
            "INSERT INTO api_keys (token_id, name, needs_login_token, may_mint_for_others, networks) \
             VALUES ('k', 'n', 0, 0, '')",
            false,
        ),
        ("INSERT INTO applications (token_id, client_id, settings) VALUES ('k', 'c', '{}')", false),
        ("INSERT INTO application_origins (application_id, origin) VALUES ('k', 'https://a.example')", true),
        ("UPDATE application_origins SET origin = 'https://b.example'", true),
        ("DELETE FROM application_origins", true),
        ("UPDATE tokens SET last_used_at = 5", false),
        ("UPDATE grants SET uid = uid", false),
        ("UPDATE oauth_tokens SET family_id = family_id", false),
        ("UPDATE oauth_tokens SET spent_at = 5 WHERE token_id = 'c'", false),
        ("UPDATE oauth_tokens SET parent_id = 'c', tries = 1 WHERE token_id = 'a'", false),
        ("UPDATE tokens SET not_after = 5 WHERE id = 'c'", false),
        ("DELETE FROM wraps WHERE token_id = 'c'", false),
        ("DELETE FROM tokens WHERE id = 'c'", false),
        ("UPDATE wraps SET kid = 'n' WHERE token_id = 's'", false),
        ("DELETE FROM wraps WHERE token_id = 's'", false),
        ("DELETE FROM tokens WHERE id = 's'", false),
        ("UPDATE tokens SET scope = scope, not_after = not_after", false),
        // A token moves to a newer index key.
        ("UPDATE tokens SET token_index = blob, index_kid = 'n' FROM wraps WHERE id = 'k' AND token_id = id", false),
        ("UPDATE tokens SET token_index = w.blob FROM wraps w WHERE id = 'a' AND token_id = id", true),
        ("UPDATE tokens SET disabled_at = 5 WHERE id = 'k'", true),
        ("UPDATE tokens SET scope = 'x' WHERE id = 'k'", true),
        ("UPDATE api_keys SET networks = '192.0.2.0/24'", true),
        ("UPDATE wraps SET kid = 'n'", true),
        ("UPDATE grants SET login = 'm'", true),
        ("UPDATE oauth_tokens SET headless = 1 WHERE token_id = 'a'", true),
        ("DELETE FROM wraps WHERE token_id = 'a'", true),
        ("DELETE FROM tokens WHERE id = 'a'", true),
        ("DELETE FROM api_keys", true),
        ("DELETE FROM grants", true),
    ] {
        assert!(sqlx::query(statement).execute(&mut connection).await.unwrap().rows_affected() > 0, "{statement}");
        let after: i64 = sqlx::query(version).fetch_one(&mut connection).await.unwrap().get(0);
        assert_eq!(after != before, is_change, "{url}: {statement}");
        before = after;
    }
}

#[tokio::test]
async fn version_changes_with_everything_that_a_token_opens() {
    let folder = tempfile::tempdir().unwrap();
    check_credential_version(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
    check_credential_version(&crate::support::odoo::empty_database().await).await;
}

/// A store in a new PostgreSQL database with 40 access tokens, whose ids are numbers.
async fn postgres_with_tokens() -> (Store, String) {
    let url = crate::support::odoo::empty_database().await;
    let store = Store::open(&configured(&[("DATABASE_URL", &url)])).await.unwrap();
    store.migrate().await.unwrap();
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    for number in 0..40 {
        let grant = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                     VALUES ($1, 'd', 1, 'l', $2, 1)";
        let id = number.to_string();
        sqlx::query(grant).bind(id.clone()).bind(vec![0_u8]).execute(&mut connection).await.unwrap();
        let token = "INSERT INTO tokens (id, kind, token_index, shown, grant_id, scope, created_at) \
                     VALUES ($1, 'access_token', $2, '', $1, '', 1)";
        let token = sqlx::query(token).bind(id.clone()).bind(id.clone().into_bytes());
        token.execute(&mut connection).await.unwrap();
        let wrap = "INSERT INTO wraps (token_id, grant_id, blob, kid) VALUES ($1, $1, $2, 'm')";
        sqlx::query(wrap).bind(id).bind(vec![0_u8]).execute(&mut connection).await.unwrap();
    }
    (store, url)
}

/// All of them change the same row, in addition to their own.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_credentials_cause_no_deadlock() {
    let (store, _) = postgres_with_tokens().await;
    let now = Clock::system().now();
    let deletions = (0..40).map(|number| {
        let store = store.clone();
        let id = number.to_string();
        let event = AuditEvent::new(now, "test", "access_token.end", &id, "");
        tokio::spawn(async move { store.delete_token(&id, &event).await })
    });
    for deletion in deletions.collect::<Vec<_>>() {
        assert_eq!(deletion.await.unwrap(), Ok(true));
    }
}

async fn execute(statement: &'static str, connection: &mut AnyConnection) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

async fn fetch_number(query: &'static str, connection: &mut AnyConnection) -> i64 {
    sqlx::query(query).fetch_one(connection).await.unwrap().get(0)
}

/// Writing it for each row would make a large deletion slow.
#[tokio::test(flavor = "multi_thread")]
async fn every_transaction_on_postgres_changes_the_version_once() {
    const VERSION: &str = "SELECT version FROM credential_version";
    let (_store, url) = postgres_with_tokens().await;
    let mut first = AnyConnection::connect(&url).await.unwrap();
    let mut second = AnyConnection::connect(&url).await.unwrap();
    let before = fetch_number(VERSION, &mut first).await;
    execute("BEGIN", &mut first).await;
    execute("DELETE FROM tokens WHERE id = '0'", &mut first).await;
    // The triggers run now, instead of at the commit.
    execute("SET CONSTRAINTS ALL IMMEDIATE", &mut first).await;
    let changed = fetch_number(VERSION, &mut first).await;
    assert_ne!(changed, before);
    execute("DELETE FROM tokens WHERE id IN ('1', '2')", &mut first).await;
    assert_eq!(fetch_number(VERSION, &mut first).await, changed);
    // Another transaction waits for the row, and changes it again.
    let concurrent = tokio::spawn(async move {
        execute("DELETE FROM tokens WHERE id = '3'", &mut second).await;
        fetch_number(VERSION, &mut second).await
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut observer = AnyConnection::connect(&url).await.unwrap();
    let is_waiting = async {
        while fetch_number(waiting, &mut observer).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_waiting).await.expect("the other transaction waits");
    execute("COMMIT", &mut first).await;
    let last = concurrent.await.unwrap();
    assert!(![before, changed].contains(&last));
    execute("DELETE FROM tokens WHERE id = '4'", &mut first).await;
    assert_ne!(fetch_number(VERSION, &mut first).await, last, "the same connection, another transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_store_counts_as_reachable_and_its_rows_are_read() {
    let url = crate::support::odoo::empty_database().await;
    let store = Store::open(&configured(&[("DATABASE_URL", &url)])).await.unwrap();
    store.migrate().await.unwrap();
    let (mut poll, changes) = (store.credential_poll(), store.credential_changes());
    poll.poll().await.unwrap();
    let mut blocker = AnyConnection::connect(&url).await.unwrap();
    execute("BEGIN", &mut blocker).await;
    execute("LOCK TABLE credential_version IN ACCESS EXCLUSIVE MODE", &mut blocker).await;
    assert_eq!(poll.poll().await, Err(StoreError::TimedOut));
    assert_eq!(changes.contact(Instant::now() + Duration::from_secs(2)), StoreContact::Lost);
    execute("ROLLBACK", &mut blocker).await;
    poll.poll().await.unwrap();
    poll.close().await;
}

/// Terminates every connection to a database except the own one, as a restart of PostgreSQL or of a proxy does.
async fn cut_connections(url: &str) {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(sqlx::query(cut).fetch_one(&mut connection).await.unwrap().get::<i64, _>(0) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_postgres_connections_do_not_affect_requests() {
    let url = crate::support::odoo::empty_database().await;
    let store = Store::open(&configured(&[("DATABASE_URL", &url)])).await.unwrap();
    store.migrate().await.unwrap();
    let now = Clock::system().now();
    let instance = store.instance(&Clock::system()).await.unwrap();
    for round in 0..5_u8 {
        // Uses every connection of the pool once.
        let tasks = (0..32_u8).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store.ping().await?;
                assert!(
                    store.insert_nonce([round, number].repeat(16).try_into().unwrap(), 2_000_000_000).await.is_ok()
                );
                store.sealed_keys().await.map(drop)
            })
        });
        for number in tasks.collect::<Vec<_>>() {
            number.await.unwrap().unwrap();
        }
        cut_connections(&url).await;
        let events = (0..32_u8).map(|number| {
            let (store, event) = (store.clone(), AuditEvent::new(now, "test", "cut", &format!("{round} {number}"), ""));
            tokio::spawn(async move {
                match number % 4 {
                    0 => store.audit(&event).await,
                    1 => store
                        .insert_nonce([200 + round, number].repeat(16).try_into().unwrap(), 2_000_000_000)
                        .await
                        .map(drop),
                    2 => store.instance(&Clock::system()).await.map(drop),
                    _ => store.application("nobody", now).await.map(drop),
                }
            })
        });
        for event in events.collect::<Vec<_>>() {
            event.await.unwrap().unwrap();
        }
    }
    let events = store.audit_events(1000).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.action == "cut").count(), 5 * 8, "each is written once");
    assert_eq!(store.instance(&Clock::system()).await.unwrap(), instance);
}
