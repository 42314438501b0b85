//! What is done now and then. What has ended is deleted: tokens, the credentials that no token opens any more, answers
//! under idempotency keys. Keys that were exchanged elsewhere are opened.
//!
//! In: the store, the time. Out: fewer rows, newer keys. Must not know: what tokens are for. Several gateways may do it at
//! once.

use std::time::Duration;

use time::OffsetDateTime;

use crate::auth::Vaults;
use crate::clock::Clock;
use crate::secret::TokenKind;
use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_secs(10 * 60);
/// Rows that one statement deletes: others write in between.
const BATCH: u32 = 500;
/// API keys and applications are listed for a while after their end, so that people see why a program fails.
const KEYS_ARE_SHOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most that `oauth.refresh_grace` may be.
const LONGEST_GRACE: Duration = Duration::from_secs(60);

/// How long a gateway may not know that another one, or an administrator, has exchanged keys.
const KEYS_EVERY: Duration = Duration::from_secs(10);

/// Looks after the keys, now and then, until it is dropped. Who meets a token that he does not find looks by himself; this
/// is for what is found without: forms, codes, signatures.
pub(super) async fn follow_keys(vaults: Vaults) {
    loop {
        tokio::time::sleep(KEYS_EVERY).await;
        let followed = match vaults.existing().await {
            Ok(Some(known)) => vaults.changed_since(&known).await.map(drop),
            other => other.map(drop),
        };
        if let Err(cause) = followed {
            tracing::warn!(%cause, "the keys of this installation were not looked at");
        }
    }
}

/// Deletes, now and then, until it is dropped.
pub(super) async fn run(store: Store, clock: Clock) {
    loop {
        match purge(&store, clock.now()).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "deleted tokens that have ended"),
            Err(cause) => tracing::warn!(%cause, "tokens that have ended were not deleted"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn purge(store: &Store, now: OffsetDateTime) -> Result<u64, StoreError> {
    let mut purged = 0;
    for kind in TokenKind::ALL {
        let shown = matches!(kind, TokenKind::ApiKey | TokenKind::ClientSecret);
        let before = if shown { now - KEYS_ARE_SHOWN } else { now };
        loop {
            let batch = store.purge_tokens(kind, before, BATCH).await?;
            purged += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
    }
    while store.shred_spent((now - LONGEST_GRACE).unix_timestamp(), BATCH).await? >= u64::from(BATCH) {}
    while store.purge_seen(now.unix_timestamp(), BATCH).await? >= u64::from(BATCH) {}
    while store.purge_grants(BATCH).await? >= u64::from(BATCH) {}
    while store.purge_repeats(now, BATCH).await? >= u64::from(BATCH) {}
    Ok(purged)
}
