//! Changes to an Odoo that do not go through the gateway: copy databases, delete API keys, insert many records.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection, Row as _};

use super::testbed::{Version, testbed};
use super::upstream;

/// Copies the prepared database, for a test that needs one of its own. Returns its name. It ends with the testbed.
pub(crate) async fn fresh_database(version: Version) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("{}_copy{}", version.database(), COUNT.fetch_add(1, Ordering::Relaxed));
    execute(&format!("CREATE DATABASE {name} TEMPLATE {} OWNER odoo", testbed().template(version))).await;
    let files = testbed().filestore(version);
    let copied =
        Command::new("cp").arg("-a").arg(files.join(version.database())).arg(files.join(&name)).status().unwrap();
    assert!(copied.success());
    name
}

/// Gives the users of a database the API keys of [`upstream::api_key_of`].
pub(crate) async fn insert_keys(database: &str) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    for insertion in upstream::insertions() {
        execute_at(&format!("{server}/{database}"), &insertion).await;
    }
}

/// Creates an empty database for a store. Returns its URL.
pub(crate) async fn empty_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("store{}", COUNT.fetch_add(1, Ordering::Relaxed));
    execute(&format!("CREATE DATABASE {name}")).await;
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// Copies a database that has no connections. Returns the URL of the copy.
pub(crate) async fn copy_database(url: &str) -> String {
    let (server, name) = url.rsplit_once('/').unwrap();
    execute(&format!("CREATE DATABASE {name}_copy TEMPLATE {name}")).await;
    format!("{server}/{name}_copy")
}

/// Deletes all API keys of a database, as its users could.
pub(crate) async fn revoke_api_keys(database: &str) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    execute_at(&format!("{server}/{database}"), "DELETE FROM res_users_apikeys").await;
}

/// The names of the API keys of a database that match a pattern, sorted.
pub(crate) async fn api_key_names(database: &str, pattern: &str) -> Vec<String> {
    sqlx::any::install_default_drivers();
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let mut connection = AnyConnection::connect(&format!("{server}/{database}")).await.unwrap();
    let select = "SELECT name FROM res_users_apikeys WHERE name LIKE $1 ORDER BY name";
    let rows = sqlx::query(select).bind(pattern.to_owned()).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Changes a system parameter of a database, as its administrator could.
pub(crate) async fn set_system_parameter(database: &str, key: &str, value: &str) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let statement = format!("UPDATE ir_config_parameter SET value = '{value}' WHERE key = '{key}'");
    execute_at(&format!("{server}/{database}"), &statement).await;
}

/// Gives all API keys of a database this scope.
pub(crate) async fn set_scope_of_api_keys(database: &str, scope: &str) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let statement = format!("UPDATE res_users_apikeys SET scope = '{scope}'");
    execute_at(&format!("{server}/{database}"), &statement).await;
}

/// Makes the values of a column unique. Odoo has no message for this constraint.
pub(crate) async fn add_unique_constraint(database: &str, table: &str, column: &str) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let statement = format!("ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_added UNIQUE ({column})");
    execute_at(&format!("{server}/{database}"), &statement).await;
}

/// Lets all API keys of a database of Odoo 19 end after this many days.
pub(crate) async fn end_api_keys(database: &str, days: i32) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let end = format!("now() AT TIME ZONE 'utc' + INTERVAL '{days} days'");
    let statement = format!("UPDATE res_users_apikeys SET expiration_date = {end}");
    execute_at(&format!("{server}/{database}"), &statement).await;
}

async fn execute(statement: &str) {
    execute_at(testbed().postgres(), statement).await;
}

async fn execute_at(url: &str, statement: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Inserts this many partners into a database of Odoo 19, as an import would.
pub(crate) async fn insert_partners(database: &str, count: u32) {
    let (server, _) = testbed().postgres().rsplit_once('/').unwrap();
    let insert = format!(
        "INSERT INTO res_partner (name, complete_name, email, phone, street, city, zip, ref, type, autopost_bills, \
         active, lang, create_uid, create_date, write_uid, write_date) \
         SELECT 'Contact ' || n, 'Contact ' || n, 'contact.' || n || '@example.com', '+32 2 290 ' || n, \
         n || ' Rue de la Paix', 'Paris', '75002', 'bulk', 'contact', 'ask', true, 'en_US', 1, now(), 1, now() \
         FROM generate_series(1, {count}) n"
    );
    let server = format!("{server}/{database}");
    execute_at(&server, &insert).await;
    execute_at(&server, "UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL").await;
    execute_at(&server, "ANALYZE res_partner").await;
}
