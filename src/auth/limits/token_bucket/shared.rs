//! Token buckets that all gateways share.
//!
//! Each bucket that was used in the last seconds is part of each renewal: what was taken here since the last one is
//! reported, and the common level is returned. Gateways that take tokens at the same time can take more than there
//! are. Then the level is negative, and all of them wait until it is refilled.
//!
//! In: what was taken, the common levels. Out: the level that this gateway may use. Must not know: what is limited, the
//! store.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::{Bucket, Refill, TokenBuckets};
use crate::shared_limits::{BucketLevel, BucketUse, Renewals};

/// A bucket that was not used for this long is no longer reported, and its tokens are for the other gateways.
const REPORTED_AFTER_USE: Duration = Duration::from_secs(5);

/// The part of the tokens of a minute that a gateway may use before it knows the common level.
const UNKNOWN_PART: f64 = 0.05;

/// The longest wait for the common level. Then the decision is made with what is known.
pub(in crate::auth::limits) const MAX_WAIT: Duration = Duration::from_millis(250);

/// How the tokens are divided among the gateways that use a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth::limits) enum Division {
    /// Equally, so that together they take no more than there are, however fast.
    Parts,
    /// Each may use all of them, and reports each use at once. For slow uses of small buckets.
    Whole,
}

/// What the other gateways know of a bucket.
#[derive(Debug, Default)]
pub(super) struct BucketReport {
    /// The tokens that were taken and are not known to have been reported.
    pub(super) unreported: f64,
    /// Those of them that are part of the renewal under way.
    reporting: f64,
    /// Whether the level is that of a renewal.
    pub(super) is_known: bool,
    /// Whether the last renewal left nothing for this gateway.
    is_exhausted: bool,
    is_listed: bool,
    refill: Option<Refill>,
    used_at: Option<OffsetDateTime>,
}

/// The buckets that are reported.
#[derive(Debug)]
pub(super) struct SharedBuckets<K> {
    division: Division,
    name: fn(&K) -> String,
    renewals: Renewals,
    gateways: AtomicU32,
    /// Whether the last renewal failed, so that this gateway decides alone.
    is_alone: AtomicBool,
    listed: Mutex<HashMap<String, Arc<Mutex<Bucket>>>>,
}

impl<K: Hash + Eq + Clone> SharedBuckets<K> {
    /// The level of a bucket about which nothing is known.
    pub(super) fn first_level(&self, refill: Refill) -> f64 {
        let burst = f64::from(refill.burst);
        match self.division {
            Division::Whole => burst,
            Division::Parts => {
                let others = f64::from(self.gateways.load(Ordering::Relaxed).max(2) - 1);
                (refill.per_second() * 60.0 * UNKNOWN_PART / others).floor().min(burst)
            }
        }
    }

    /// What may be used of a bucket with this level. The tokens that were added here may have been taken elsewhere, so
    /// they count only if the level is known, or cannot become known.
    pub(super) fn usable_level(&self, bucket: &Bucket, refill: Refill, level: f64) -> f64 {
        if bucket.report.is_known || self.is_alone.load(Ordering::Relaxed) {
            return level;
        }
        level.min(self.first_level(refill).max(1.0))
    }

    /// Records that tokens were taken or, if negative, returned.
    pub(super) fn record<Q>(&self, key: &Q, found: &Arc<Mutex<Bucket>>, bucket: &mut Bucket, refill: Refill, taken: f64)
    where
        K: Borrow<Q>,
        Q: ToOwned<Owned = K> + ?Sized,
    {
        let used_at = bucket.at;
        let report = &mut bucket.report;
        report.unreported += taken;
        report.refill = Some(refill);
        report.used_at = Some(used_at);
        let is_new = !std::mem::replace(&mut report.is_listed, true);
        if is_new {
            lock(&self.listed).insert((self.name)(&key.to_owned()), Arc::clone(found));
        }
        if is_new || (self.division == Division::Whole && taken != 0.0) {
            self.renewals.request();
        }
    }

    /// The use of this bucket; `None` if it is reported no longer.
    fn report(&self, budget: &str, bucket: &mut Bucket, now: OffsetDateTime) -> Option<BucketUse> {
        let refill = bucket.report.refill?;
        let is_idle = bucket.report.used_at.is_none_or(|used_at| now - used_at > REPORTED_AFTER_USE);
        if is_idle && bucket.report.unreported == 0.0 {
            bucket.report = BucketReport::default();
            if self.division == Division::Parts {
                (bucket.level, bucket.at, bucket.parts) = (self.first_level(refill), now, 1.0);
            }
            return None;
        }
        bucket.report.reporting = bucket.report.unreported;
        Some(BucketUse {
            budget: budget.to_owned(),
            used: bucket.report.unreported,
            burst: f64::from(refill.burst),
            per_second: refill.per_second(),
        })
    }

    fn apply(&self, common: &BucketLevel, bucket: &mut Bucket, now: OffsetDateTime) {
        let parts = match self.division {
            Division::Parts => f64::from(common.users.max(1)),
            Division::Whole => 1.0,
        };
        let report = &mut bucket.report;
        report.unreported -= report.reporting;
        report.reporting = 0.0;
        report.is_known = true;
        // A debt is for all of them: it is not divided.
        let part = if common.level > 0.0 { common.level / parts } else { common.level };
        let level = part - report.unreported;
        report.is_exhausted = level < 1.0;
        (bucket.level, bucket.at, bucket.parts) = (level, now, parts);
    }
}

impl<K: Hash + Eq + Clone> TokenBuckets<K> {
    /// From now on the buckets are shared with other gateways. `name`: the same for the same key in all of them.
    pub(in crate::auth::limits) fn share(&self, division: Division, name: fn(&K) -> String, renewals: Renewals) {
        let (gateways, is_alone, listed) = (AtomicU32::new(1), AtomicBool::new(false), Mutex::default());
        // A second call changes nothing.
        let _ = self.shared.set(SharedBuckets { division, name, renewals, gateways, is_alone, listed });
    }

    /// Waits for the common level of this bucket, if it is shared.
    pub(in crate::auth::limits) async fn refresh<Q>(&self, key: &Q, refill: Refill)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(shared) = self.shared.get() {
            self.add(key, refill, 0.0);
            shared.renewals.renewed(MAX_WAIT).await;
        }
    }

    /// Waits for a part of this bucket, unless the last renewal showed that there is none.
    pub(in crate::auth::limits) async fn wait_for_part<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let Some(shared) = self.shared.get() else { return };
        let is_exhausted = self.buckets.get(key).is_some_and(|bucket| lock(&bucket).report.is_exhausted);
        if !is_exhausted {
            shared.renewals.renewed(MAX_WAIT).await;
        }
    }

    /// What is reported at a renewal.
    pub(in crate::auth::limits) fn uses(&self) -> Vec<BucketUse> {
        let Some(shared) = self.shared.get() else { return Vec::new() };
        let now = self.clock.now();
        let mut uses = Vec::new();
        // A bucket is locked before the list when it is used, so not the other way around here.
        let listed: Vec<_> = lock(&shared.listed).iter().map(|(name, bucket)| (name.clone(), bucket.clone())).collect();
        for (name, bucket) in listed {
            let mut bucket = lock(&bucket);
            match shared.report(&name, &mut bucket, now) {
                Some(used) => uses.push(used),
                None => drop(lock(&shared.listed).remove(&name)),
            }
        }
        uses
    }

    /// Applies the result of a renewal.
    pub(in crate::auth::limits) fn apply(&self, gateways: u32, levels: &HashMap<&str, &BucketLevel>) {
        let Some(shared) = self.shared.get() else { return };
        shared.gateways.store(gateways, Ordering::Relaxed);
        shared.is_alone.store(false, Ordering::Relaxed);
        let now = self.clock.now();
        let listed: Vec<_> = lock(&shared.listed).iter().map(|(name, bucket)| (name.clone(), bucket.clone())).collect();
        for (name, bucket) in listed {
            if let Some(common) = levels.get(name.as_str()) {
                shared.apply(common, &mut lock(&bucket), now);
            }
        }
    }

    /// A renewal has failed: until the next one, buckets are refilled here.
    pub(in crate::auth::limits) fn lose_contact(&self) {
        if let Some(shared) = self.shared.get() {
            shared.is_alone.store(true, Ordering::Relaxed);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const REFILL: Refill = Refill { burst: 100, tokens: 600, seconds: 60 };

    /// The buckets of several gateways, and the common bucket that a store would have.
    struct Gateways {
        clock: Clock,
        buckets: Vec<TokenBuckets<String>>,
        level: f64,
        at: OffsetDateTime,
    }

    impl Gateways {
        fn new(count: usize, division: Division) -> Self {
            let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
            let buckets = || {
                let buckets = TokenBuckets::new(None, clock.clone());
                buckets.share(division, String::clone, Renewals::default());
                buckets
            };
            let buckets = (0..count).map(|_| buckets()).collect();
            Self { buckets, level: f64::from(REFILL.burst), at: clock.now(), clock }
        }

        fn take(&self, gateway: usize) -> bool {
            self.buckets[gateway].take("k", REFILL).is_ok()
        }

        fn renew(&mut self, gateway: usize, users: u32) {
            let now = self.clock.now();
            let refilled = self.level + (now - self.at).as_seconds_f64() * 10.0;
            self.at = now;
            self.level = refilled.min(100.0);
            for used in self.buckets[gateway].uses() {
                self.level = (self.level - used.used).min(100.0);
                let common = BucketLevel { budget: used.budget, level: self.level, users };
                let levels = HashMap::from([(common.budget.as_str(), &common)]);
                self.buckets[gateway].apply(u32::try_from(self.buckets.len()).unwrap(), &levels);
            }
        }
    }

    #[test]
    fn three_gateways_admit_at_most_a_twentieth_too_much_in_a_minute() {
        let mut gateways = Gateways::new(3, Division::Parts);
        let mut admitted = 0_u32;
        for step in 0..240_u32 {
            for gateway in 0..3 {
                admitted += u32::try_from((0..200).filter(|_| gateways.take(gateway)).count()).unwrap();
                if step % 2 == 0 {
                    gateways.renew(gateway, 3);
                }
            }
            gateways.clock.advance(Duration::from_millis(250));
        }
        let allowed = 100 + 600;
        assert!(admitted <= allowed * 105 / 100, "{admitted}");
        assert!(admitted >= allowed * 90 / 100, "{admitted}");
    }

    #[test]
    fn one_client_at_one_gateway_can_use_everything() {
        let mut gateways = Gateways::new(2, Division::Parts);
        let first = (0..200).filter(|_| gateways.take(0)).count();
        gateways.renew(0, 1);
        let rest = (0..200).filter(|_| gateways.take(0)).count();
        assert_eq!((first, first + rest), (30, 100), "5 % of a minute at once, and the rest after the first renewal");
    }

    #[test]
    fn unused_bucket_is_reported_no_longer() {
        let mut gateways = Gateways::new(2, Division::Parts);
        gateways.take(0);
        gateways.renew(0, 1);
        gateways.clock.advance(REPORTED_AFTER_USE + Duration::from_secs(1));
        assert_eq!(gateways.buckets[0].uses(), []);
        let first = (0..200).filter(|_| gateways.take(0)).count();
        assert_eq!(first, 30, "its tokens are for the others");
    }

    #[test]
    fn unused_bucket_is_refilled_here_only_without_contact_to_the_store() {
        let mut gateways = Gateways::new(2, Division::Parts);
        gateways.take(0);
        gateways.renew(0, 1);
        gateways.clock.advance(REPORTED_AFTER_USE + Duration::from_secs(1));
        gateways.renew(0, 1);
        gateways.clock.advance(Duration::from_secs(60));
        assert_eq!((0..200).filter(|_| gateways.take(0)).count(), 30, "the others may have taken what was added");
        gateways.buckets[0].lose_contact();
        gateways.clock.advance(Duration::from_secs(60));
        assert_eq!((0..200).filter(|_| gateways.take(0)).count(), 100);
    }

    #[test]
    fn failures_at_one_gateway_count_at_the_other_after_a_renewal() {
        let mut gateways = Gateways::new(2, Division::Whole);
        assert_eq!((0..200).filter(|_| gateways.take(0)).count(), 100);
        gateways.renew(0, 1);
        gateways.buckets[1].add("k", REFILL, 0.0);
        gateways.renew(1, 2);
        assert!(!gateways.take(1));
        gateways.buckets[0].add("k", REFILL, 1.0);
        gateways.renew(0, 2);
        gateways.renew(1, 2);
        assert!(gateways.take(1), "a token that was returned");
    }
}
