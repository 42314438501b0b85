//! What was last seen of the store is remembered outside of it, again and again.
//!
//! In: a [`Witness`]. Out: nothing but log lines, when there is something to say. Must not know: what is seen.

use std::time::Duration;

use crate::store::{StoreError, Witness};

/// What was revoked within this time before all breaks down may be forgotten.
const EVERY: Duration = Duration::from_secs(10);

/// Looks, now and then, until it is dropped.
pub(super) async fn run(witness: Witness) {
    let mut said = None;
    loop {
        let seen = witness.renew().await.err();
        if seen != said {
            seen.iter().for_each(say);
            said = seen;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Looks once.
pub(super) async fn look(witness: &Witness) {
    witness.renew().await.err().iter().for_each(say);
}

fn say(cause: &StoreError) {
    match cause {
        StoreError::OlderThanSeen { .. } => tracing::error!(%cause, "the store was exchanged for an older one"),
        _ => tracing::warn!(%cause, "what was seen of the store is not remembered"),
    }
}
