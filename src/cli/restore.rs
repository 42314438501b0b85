//! `odoo-gateway restore`: what is done after a backup of the store was put back.
//!
//! In: an administrator's word. Out: what was ended. Must not know: how it is done.

use std::error::Error;
use std::io::Write;

use super::table;
use crate::admin::Administration;

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    keep_tokens: bool,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let said = if keep_tokens {
        admin.keep_everything().await?;
        "The store is taken as it is.".to_owned()
    } else {
        let ended = admin.end_everything().await?;
        format!(
            "{} API keys are switched off, {} tokens have ended. `key enable NAME` switches those on again that were not \
             revoked since the backup.",
            ended.keys, ended.tokens
        )
    };
    Ok(table::done(out, json, &said)?)
}
