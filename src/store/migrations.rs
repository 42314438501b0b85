//! The schema's history: the same numbers, names and columns for both databases.
//!
//! In: a way to the database. Out: a schema that this binary knows. Must not know: what the tables are for.

use sqlx::migrate::{MigrateError, Migrator};

use super::connect::Backend;
use super::error::{Place, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Applies what is missing, one gateway at a time. PostgreSQL's lock is sqlx's own and ends with the connection.
pub(super) async fn run(backend: &Backend) -> Result<(), StoreError> {
    let migrator = match backend.place() {
        Place::Sqlite { .. } => &SQLITE,
        Place::Postgres { .. } => &POSTGRES,
    };
    let _alone = backend.alone().await?;
    let mut connection = backend.connect().await?;
    migrator.run_direct(None, &mut connection, false).await.map_err(|cause| explain(backend.place(), cause))
}

fn explain(place: &Place, cause: MigrateError) -> StoreError {
    match cause {
        MigrateError::VersionMissing(version) => StoreError::NewerSchema { version },
        MigrateError::VersionMismatch(version) => StoreError::ChangedMigration { version },
        MigrateError::Execute(cause) => StoreError::while_connecting(place, cause),
        MigrateError::ExecuteMigration(cause, version) => {
            StoreError::Migration { version, cause: StoreError::while_connecting(place, cause).into() }
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
    fn both_databases_have_the_same_history() {
        assert_eq!(folder("sqlite"), folder("postgres"));
        assert_eq!(SQLITE.iter().count(), folder("sqlite").len());
        let history = |of: &Migrator| of.iter().map(|it| (it.version, it.description.clone())).collect::<Vec<_>>();
        assert_eq!(history(&SQLITE), history(&POSTGRES));
    }
}
