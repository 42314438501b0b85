//! Schema migrations, with the same versions, names and columns for both databases.
//!
//! While gateways are replaced one after the other, the old version runs on the schema of the new one. So migrations
//! only add (expand), and what the old version does not know is ignored. A later version may remove what no supported
//! version uses (contract): its migration sets `instance.oldest_schema` to the schema version that a binary must at
//! least know, and older binaries refuse the store.
//!
//! In: a [`Backend`]. Out: the schema that this binary needs. Must not know: what the tables are for.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyConnection, Row as _};

use super::connect::Backend;
use super::error::{StoreError, StoreLocation};

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| tolerant(sqlx::migrate!("migrations/sqlite")));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| tolerant(sqlx::migrate!("migrations/postgres")));

/// A migrator that accepts a store to which a newer version has applied migrations.
fn tolerant(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

/// Applies missing migrations, one gateway at a time. On PostgreSQL, sqlx locks; the lock ends with the connection.
pub(super) async fn run(backend: &Backend) -> Result<(), StoreError> {
    let migrator = match backend.location() {
        StoreLocation::Sqlite { .. } => &SQLITE,
        StoreLocation::Postgres { .. } => &POSTGRES,
    };
    let _lock = backend.exclusive_lock().await?;
    let mut connection = backend.connect().await?;
    check_newer_schema(backend, migrator, &mut connection).await?;
    migrator.run_direct(None, &mut connection, false).await.map_err(|cause| to_store_error(backend.location(), cause))
}

/// Checks that this binary may use the store if a newer one has migrated it.
async fn check_newer_schema(
    backend: &Backend,
    migrator: &Migrator,
    connection: &mut AnyConnection,
) -> Result<(), StoreError> {
    if sqlx::query(backend.history_query()).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(());
    }
    let newest = "SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM _sqlx_migrations";
    let applied: i64 = sqlx::query(newest).fetch_one(&mut *connection).await?.try_get(0)?;
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    if applied <= known {
        return Ok(());
    }
    let oldest = sqlx::query("SELECT oldest_schema FROM instance").fetch_optional(&mut *connection).await?;
    let oldest: i64 = oldest.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
    if oldest > known {
        return Err(StoreError::NewerSchema { version: applied });
    }
    tracing::info!(applied, known, "a newer version has migrated the store; this version can use it");
    Ok(())
}

fn to_store_error(location: &StoreLocation, cause: MigrateError) -> StoreError {
    match cause {
        MigrateError::VersionMismatch(version) => StoreError::ChangedMigration { version },
        MigrateError::Execute(cause) => StoreError::while_connecting(location, cause),
        MigrateError::ExecuteMigration(cause, version) => {
            StoreError::Migration { version, cause: StoreError::while_connecting(location, cause).into() }
        }
        other => StoreError::Internal(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The schema of the last release, to which all databases of users conform. 0.1.0 is not released: this is the schema
    /// of the last version of the development branch without `oldest_schema`.
    const RELEASED: i64 = 12;

    /// What the version before could not use, or could not write to.
    const INCOMPATIBLE: &[&str] = &[
        "DROP TABLE",
        "DROP COLUMN",
        "RENAME",
        "ALTER COLUMN",
        "ADD CONSTRAINT",
        "CREATE UNIQUE INDEX",
        "DELETE FROM",
        "TRUNCATE TABLE",
    ];

    /// Why an older version cannot work with a database to which this statement was applied.
    fn incompatibility(statement: &str) -> Option<String> {
        let words = statement.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
        let found = INCOMPATIBLE.iter().find(|text| words.contains(**text));
        let is_required = words.contains("ADD COLUMN") && words.contains("NOT NULL") && !words.contains("DEFAULT");
        found.map(|text| (*text).to_owned()).or_else(|| is_required.then(|| "a required column".to_owned()))
    }

    /// Statements, roughly: bodies of functions contain semicolons, too.
    fn statements(sql: &str) -> Vec<String> {
        let without_comments: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        without_comments.join("\n").split(';').map(|statement| statement.trim().to_owned()).collect()
    }

    #[test]
    fn migrations_since_the_release_only_add_unless_they_say_so() {
        for migrator in [&*SQLITE, &*POSTGRES] {
            for migration in migrator.iter().filter(|migration| migration.version > RELEASED) {
                let sql = migration.sql.as_str();
                if sql.contains("UPDATE instance SET oldest_schema") {
                    continue;
                }
                for statement in statements(sql) {
                    assert_eq!(incompatibility(&statement), None, "{}: {statement}", migration.version);
                }
            }
        }
    }

    #[test]
    fn removal_and_required_columns_are_incompatible() {
        for statement in [
            "ALTER TABLE tokens\n DROP  COLUMN scope",
            "drop table tokens",
            "ALTER TABLE tokens RENAME COLUMN scope TO scopes",
            "ALTER TABLE tokens ADD COLUMN owner TEXT NOT NULL",
        ] {
            assert!(incompatibility(statement).is_some(), "{statement}");
        }
        for statement in ["DROP TRIGGER t ON tokens", "ALTER TABLE tokens ADD COLUMN owner TEXT NOT NULL DEFAULT ''"] {
            assert_eq!(incompatibility(statement), None);
        }
        assert_eq!(statements("-- DROP TABLE a;\nSELECT 1;"), ["SELECT 1", ""]);
    }

    #[test]
    fn both_databases_have_the_same_migrations() {
        assert_eq!(folder("sqlite"), folder("postgres"));
        assert_eq!(SQLITE.iter().count(), folder("sqlite").len());
        let history = |migrator: &Migrator| {
            migrator.iter().map(|migration| (migration.version, migration.description.clone())).collect::<Vec<_>>()
        };
        assert_eq!(history(&SQLITE), history(&POSTGRES));
    }
}
