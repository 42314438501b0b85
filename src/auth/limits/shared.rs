//! The limits of credentials that all gateways share: what is reported at a renewal, and what it returns.
//!
//! In: the limits. Out: their use. Must not know: how a limit is applied, the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::throttle::Throttle;
use super::usage_limits::TokenLimits;
use crate::shared_limits::{LimitUses, Renewals, SharedState};

/// The limits of tokens and of failed attempts. Clones share the counts.
#[derive(Debug, Clone)]
pub struct SharedAuthLimits {
    pub(in crate::auth) tokens: TokenLimits,
    pub(in crate::auth) throttle: Arc<Throttle>,
}

impl SharedAuthLimits {
    /// From now on all gateways share the limits.
    pub fn share(&self, renewals: &Renewals) {
        self.tokens.rate.share(renewals.clone());
        self.tokens.concurrency.share(renewals.clone());
        self.throttle.share(renewals.clone());
    }

    /// What is in use.
    #[must_use]
    pub fn uses(&self, now: Instant) -> LimitUses {
        let mut buckets = self.tokens.rate.buckets().uses();
        buckets.extend(self.throttle.uses());
        LimitUses { slots: self.tokens.concurrency.uses(now), buckets }
    }

    /// Applies the result of a renewal. Returns whether this gateway holds less of a limit afterwards.
    pub fn apply(&self, state: &SharedState) -> bool {
        let levels: HashMap<_, _> = state.buckets.iter().map(|level| (level.budget.as_str(), level)).collect();
        self.tokens.rate.buckets().apply(state.gateways, &levels);
        self.throttle.apply(state.gateways, &levels);
        self.tokens.concurrency.apply(state.gateways, &state.slots)
    }

    /// A renewal has failed: until the next one this gateway decides alone.
    pub fn lose_contact(&self) {
        self.tokens.rate.buckets().lose_contact();
        self.tokens.concurrency.lose_contact();
    }
}
