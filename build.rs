//! Rebuilds the crate when a migration is added: `sqlx::migrate!` embeds the folders but cannot watch them.
//!
//! In: the folder `migrations`. Out: a directive for cargo. Must not know: the content of a migration.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
