//! `odoo-gateway restore`: revokes what a restored backup contains, or accepts the store as it is.
//!
//! In: a flag. Out: the number of revoked tokens and disabled keys. Must not know: how they are revoked.

use std::error::Error;
use std::io::Write;

use super::progress::ProgressLine;
use super::table;
use crate::admin::Administration;
use crate::store::RevokedCounts;

/// The message if nothing was revoked.
pub(super) const ACCEPTED: &str = "The store is accepted as it is.";

/// The message if everything was revoked.
pub(super) fn revoked_message(counts: &RevokedCounts) -> String {
    format!(
        "{} API keys and applications were disabled, {} tokens were revoked. Run `key enable NAME` or `app enable \
         NAME` for those that were not revoked since the backup.",
        counts.keys, counts.tokens
    )
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    keep_tokens: bool,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let progress = ProgressLine::start("Revoking tokens", json);
    let message = if keep_tokens {
        admin.accept_store().await?;
        ACCEPTED.to_owned()
    } else {
        revoked_message(&admin.revoke_all().await?)
    };
    drop(progress);
    Ok(table::print_message(out, json, &message)?)
}
