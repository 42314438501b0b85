//! Has the crate built anew when a migration is added: `sqlx::migrate!` embeds the folders and cannot watch them.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
