//! Periodic tasks: deletes expired tokens, credentials without tokens, stored responses and old usage, and reloads keys
//! that another process rotated.
//!
//! In: the store, the time. Out: fewer rows, current keys. Must not know: what tokens are for. Several gateways may
//! run the tasks at the same time.

use std::time::Duration;

use time::OffsetDateTime;

use crate::auth::KeyProvider;
use crate::clock::Clock;
use crate::secret::TokenKind;
use crate::store::{Store, StoreError};

/// The interval between clean-ups.
const PURGE_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Maximum number of rows per statement, so that other writes can run in between.
const BATCH: u32 = 500;
/// How far the clock may be ahead of the right time. What has expired is deleted only after this time: a nonce that was
/// deleted too early could be used again once the clock is right, and a token would be lost.
const MAX_CLOCK_STEP: Duration = Duration::from_secs(15 * 60);
/// How long expired API keys and applications are still listed, so that administrators see why a program fails.
const EXPIRED_KEYS_LISTED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long the usage of keys and applications is kept: the 30 days that are displayed, and the day that is not over.
const USAGE_KEPT: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The maximum of `oauth.refresh_grace`.
const MAX_REFRESH_GRACE: Duration = Duration::from_secs(60);

/// How long this gateway may use keys that another gateway or an administrator has rotated.
const KEY_INTERVAL: Duration = Duration::from_secs(10);

/// Reloads rotated keys at regular intervals until the task is aborted. A request with an unknown token reloads them
/// itself; this is for forms, codes and signatures, which are found without them.
pub(super) async fn reload_keys(key_provider: KeyProvider) {
    loop {
        tokio::time::sleep(KEY_INTERVAL).await;
        let result = match key_provider.load_existing().await {
            Ok(Some(known)) => key_provider.reload_if_changed(&known).await.map(drop),
            other => other.map(drop),
        };
        if let Err(cause) = result {
            tracing::warn!(%cause, "cannot check for rotated keys");
        }
    }
}

/// Deletes expired rows at regular intervals until the task is aborted.
pub(super) async fn run(store: Store, clock: Clock) {
    loop {
        match purge(&store, clock.now()).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "deleted expired tokens"),
            Err(cause) => tracing::warn!(%cause, "cannot delete expired tokens"),
        }
        tokio::time::sleep(PURGE_INTERVAL).await;
    }
}

async fn purge(store: &Store, time: OffsetDateTime) -> Result<u64, StoreError> {
    let now = time - MAX_CLOCK_STEP;
    let mut purged = 0;
    for kind in TokenKind::ALL {
        let is_listed = matches!(kind, TokenKind::ApiKey | TokenKind::ClientSecret);
        let before = if is_listed { now - EXPIRED_KEYS_LISTED } else { now };
        loop {
            let batch = store.purge_tokens(kind, before, BATCH).await?;
            purged += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
    }
    while store.delete_spent_wraps((time - MAX_REFRESH_GRACE).unix_timestamp(), BATCH).await? >= u64::from(BATCH) {}
    while store.purge_nonces(now.unix_timestamp(), BATCH).await? >= u64::from(BATCH) {}
    while store.purge_grants(BATCH).await? >= u64::from(BATCH) {}
    let usage_before = (now - USAGE_KEPT).unix_timestamp();
    while store.purge_usage(usage_before, BATCH).await? >= u64::from(BATCH) {}
    while store.purge_idempotency_keys(now, BATCH).await? >= u64::from(BATCH) {}
    Ok(purged)
}
