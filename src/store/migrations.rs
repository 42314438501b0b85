//! Schema migrations, with the same versions, names and columns for both databases.
//!
//! In: a [`Backend`]. Out: the schema that this binary needs. Must not know: what the tables are for.

use sqlx::migrate::{MigrateError, Migrator};

use super::connect::Backend;
use super::error::{StoreError, StoreLocation};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Applies missing migrations, one gateway at a time. On PostgreSQL, sqlx locks; the lock ends with the connection.
pub(super) async fn run(backend: &Backend) -> Result<(), StoreError> {
    let migrator = match backend.location() {
        StoreLocation::Sqlite { .. } => &SQLITE,
        StoreLocation::Postgres { .. } => &POSTGRES,
    };
    let _lock = backend.exclusive_lock().await?;
    let mut connection = backend.connect().await?;
    migrator.run_direct(None, &mut connection, false).await.map_err(|cause| to_store_error(backend.location(), cause))
}

fn to_store_error(location: &StoreLocation, cause: MigrateError) -> StoreError {
    match cause {
        MigrateError::VersionMissing(version) => StoreError::NewerSchema { version },
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
