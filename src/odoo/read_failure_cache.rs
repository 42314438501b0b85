//! What earlier calls have shown about models: fields that cannot be read, short pages that are not the last, writes
//! that cannot read in the same call, and a method that Odoo removed.
//!
//! In: the outcomes of calls, by user and model. Out: the same, for later reads. Must not know: how the outcomes are
//! determined, what is read. Everything expires, and the number of models is bounded like that of schemas.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::user::Uid;
use crate::names::{FieldName, ModelName, RecordId};

/// How long a field that failed is not requested again, and writes that failed in one call are made in separate ones.
const FAILURE_TTL: Duration = Duration::from_secs(300);

/// A field that fails for more records than this counts as failing for all.
const MAX_RECORDS: usize = 1000;

/// What a page that is shorter than requested means for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ShortPage {
    /// Not known yet.
    #[default]
    Unknown,
    /// It is the last page.
    Last,
    /// Nothing: the model filters records after Odoo has cut the page.
    Inconclusive,
}

/// The fields of a model that cannot be read, for one user.
#[derive(Debug, Clone, Default)]
pub(super) struct FailingFields(HashMap<FieldName, FieldFailure>);

#[derive(Debug, Clone)]
struct FieldFailure {
    /// The records for which it failed.
    records: HashSet<RecordId>,
    /// Whether it could be read for other records.
    works_elsewhere: bool,
    until: Instant,
}

impl FieldFailure {
    /// Whether it failed for several records and worked for none.
    fn is_for_all(&self) -> bool {
        (!self.works_elsewhere && self.records.len() > 1) || self.records.len() > MAX_RECORDS
    }
}

impl FailingFields {
    fn failure(&self, field: &FieldName) -> Option<&FieldFailure> {
        self.0.get(field).filter(|failure| failure.until > Instant::now())
    }

    /// Whether the field failed for any record.
    pub(super) fn contains(&self, field: &FieldName) -> bool {
        self.failure(field).is_some()
    }

    /// Whether the field fails for every record.
    pub(super) fn fails_for_all(&self, field: &FieldName) -> bool {
        self.failure(field).is_some_and(FieldFailure::is_for_all)
    }

    /// Whether the field is known to fail for one of these records.
    pub(super) fn fails_for_any(&self, field: &FieldName, ids: &[RecordId]) -> bool {
        let fails = |failure: &FieldFailure| failure.is_for_all() || ids.iter().any(|id| failure.records.contains(id));
        !ids.is_empty() && self.failure(field).is_some_and(fails)
    }

    /// The records for which the field is not known to fail.
    pub(super) fn unaffected(&self, field: &FieldName, ids: &[RecordId]) -> Vec<RecordId> {
        match self.failure(field) {
            None => ids.to_vec(),
            Some(failure) if failure.is_for_all() => Vec::new(),
            Some(failure) => ids.iter().filter(|id| !failure.records.contains(id)).copied().collect(),
        }
    }

    fn add(&mut self, field: &FieldName, failed: &HashSet<RecordId>, works_elsewhere: bool) {
        let (now, until) = (Instant::now(), Instant::now() + FAILURE_TTL);
        self.0.retain(|_, failure| failure.until > now);
        let new = || FieldFailure { records: HashSet::new(), works_elsewhere: false, until };
        let failure = self.0.entry(field.clone()).or_insert_with(new);
        failure.records.extend(failed);
        failure.works_elsewhere |= works_elsewhere;
    }
}

/// The store, by user and model: access rules can make a field fail for some users only.
#[derive(Debug)]
pub(super) struct ReadQuirks {
    models: Mutex<HashMap<(Uid, ModelName), ModelQuirks>>,
    ttl: Duration,
    capacity: usize,
}

#[derive(Debug, Default)]
struct ModelQuirks {
    short_page: Option<(ShortPage, Instant)>,
    /// Until when writes are made in separate calls.
    separate_writes_until: Option<Instant>,
    /// Since when the model is known to have no `toggle_active`.
    without_toggle: Option<Instant>,
    /// Fields that were read with a page which, according to a count, was complete.
    verified: HashSet<FieldName>,
    failing: Arc<FailingFields>,
}

impl ReadQuirks {
    /// Stores at most `capacity` models; what it knows of pages is valid for `ttl`.
    pub(super) fn new(ttl: Duration, capacity: u64) -> Self {
        Self { models: Mutex::default(), ttl, capacity: usize::try_from(capacity).unwrap_or(usize::MAX).max(1) }
    }

    pub(super) fn short_page(&self, uid: Uid, model: &ModelName) -> ShortPage {
        let stored = self.models().get(&(uid, model.clone())).and_then(|quirks| quirks.short_page);
        stored.filter(|(_, at)| at.elapsed() < self.ttl).map_or(ShortPage::Unknown, |(short_page, _)| short_page)
    }

    pub(super) fn set_short_page(&self, uid: Uid, model: &ModelName, short_page: ShortPage) {
        self.update(uid, model, |quirks| quirks.short_page = Some((short_page, Instant::now())));
    }

    /// Whether the model is known to have no `toggle_active`.
    pub(super) fn lacks_toggle(&self, uid: Uid, model: &ModelName) -> bool {
        let since = self.models().get(&(uid, model.clone())).and_then(|quirks| quirks.without_toggle);
        since.is_some_and(|since| since.elapsed() < self.ttl)
    }

    /// Records that the model has no `toggle_active`.
    pub(super) fn set_lacks_toggle(&self, uid: Uid, model: &ModelName) {
        self.update(uid, model, |quirks| quirks.without_toggle = Some(Instant::now()));
    }

    /// Whether pages with these fields are known to be complete. A field that raises `MissingError` removes its
    /// record from the page, so every field must have been part of a complete page.
    pub(super) fn are_verified<'f>(
        &self,
        uid: Uid,
        model: &ModelName,
        mut fields: impl Iterator<Item = &'f FieldName>,
    ) -> bool {
        self.models()
            .get(&(uid, model.clone()))
            .is_some_and(|quirks| fields.all(|field| quirks.verified.contains(field)))
    }

    /// Records that a page with these fields was complete.
    pub(super) fn add_verified<'f>(&self, uid: Uid, model: &ModelName, fields: impl Iterator<Item = &'f FieldName>) {
        self.update(uid, model, |quirks| quirks.verified.extend(fields.cloned()));
    }

    pub(super) fn failing_fields(&self, uid: Uid, model: &ModelName) -> Arc<FailingFields> {
        self.models().get(&(uid, model.clone())).map(|quirks| quirks.failing.clone()).unwrap_or_default()
    }

    /// Records that the field failed for these records, and whether it worked for others in the same read.
    pub(super) fn add_failing(
        &self,
        uid: Uid,
        model: &ModelName,
        field: &FieldName,
        failed: &HashSet<RecordId>,
        works_elsewhere: bool,
    ) {
        self.update(uid, model, |quirks| Arc::make_mut(&mut quirks.failing).add(field, failed, works_elsewhere));
    }

    /// Whether writing and reading in one call failed although separate calls worked.
    pub(super) fn needs_separate_writes(&self, uid: Uid, model: &ModelName) -> bool {
        let until = self.models().get(&(uid, model.clone())).and_then(|quirks| quirks.separate_writes_until);
        until.is_some_and(|until| until > Instant::now())
    }

    pub(super) fn set_separate_writes(&self, uid: Uid, model: &ModelName) {
        self.update(uid, model, |quirks| quirks.separate_writes_until = Some(Instant::now() + FAILURE_TTL));
    }

    pub(super) fn clear(&self) {
        self.models().clear();
    }

    /// If the store is full, it is cleared: what it contained is learned again soon.
    fn update(&self, uid: Uid, model: &ModelName, update: impl FnOnce(&mut ModelQuirks)) {
        let mut models = self.models();
        let key = (uid, model.clone());
        if models.len() >= self.capacity && !models.contains_key(&key) {
            models.clear();
        }
        update(models.entry(key).or_default());
    }

    fn models(&self) -> MutexGuard<'_, HashMap<(Uid, ModelName), ModelQuirks>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[i64]) -> Vec<RecordId> {
        ids.iter().filter_map(|id| RecordId::new(*id)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn field_is_skipped_only_for_records_that_failed_and_for_a_limited_time() {
        let (quirks, uid) = (ReadQuirks::new(Duration::from_secs(60), 8), Uid::new(2).unwrap());
        let (model, field) = (ModelName::parse("a.b").unwrap(), FieldName::parse("x").unwrap());
        let fails = |failed: &[i64], elsewhere| {
            quirks.add_failing(uid, &model, &field, &ids(failed).into_iter().collect(), elsewhere);
        };
        let unaffected = || quirks.failing_fields(uid, &model).unaffected(&field, &ids(&[1, 2, 3]));
        let fails_for_any = |among: &[i64]| quirks.failing_fields(uid, &model).fails_for_any(&field, &ids(among));
        assert_eq!((unaffected(), fails_for_any(&[1, 2, 3])), (ids(&[1, 2, 3]), false));
        fails(&[1], false);
        assert_eq!(unaffected(), ids(&[2, 3]), "one failed record does not affect others");
        assert_eq!((fails_for_any(&[3, 1]), fails_for_any(&[2, 3])), (true, false));
        fails(&[2], false);
        assert_eq!((fails_for_any(&[3]), fails_for_any(&[])), (true, false));
        assert_eq!(unaffected(), [], "several failed records do, if the field worked for none");
        fails(&[2], true);
        assert_eq!(unaffected(), ids(&[3]));
        assert_eq!(quirks.failing_fields(Uid::new(3).unwrap(), &model).unaffected(&field, &ids(&[1])), ids(&[1]));
        tokio::time::advance(FAILURE_TTL + Duration::from_secs(1)).await;
        assert_eq!(unaffected(), ids(&[1, 2, 3]));
    }

    #[test]
    fn field_is_verified_only_if_it_was_part_of_the_page() {
        let (quirks, uid) = (ReadQuirks::new(Duration::from_secs(60), 8), Uid::new(2).unwrap());
        let (model, other) = (ModelName::parse("a.b").unwrap(), ModelName::parse("a.c").unwrap());
        let (name, color) = (FieldName::parse("name").unwrap(), FieldName::parse("color").unwrap());
        assert!(!quirks.are_verified(uid, &model, std::iter::once(&name)));
        quirks.add_verified(uid, &model, std::iter::once(&name));
        assert!(quirks.are_verified(uid, &model, std::iter::once(&name)));
        assert!(!quirks.are_verified(uid, &model, [&name, &color].into_iter()));
        assert!(!quirks.are_verified(uid, &other, std::iter::once(&name)));
    }

    #[tokio::test(start_paused = true)]
    async fn writes_are_separate_for_one_user_and_model_and_for_a_limited_time() {
        let (quirks, uid) = (ReadQuirks::new(Duration::from_secs(60), 8), Uid::new(2).unwrap());
        let (model, other) = (ModelName::parse("a.b").unwrap(), ModelName::parse("a.c").unwrap());
        assert!(!quirks.needs_separate_writes(uid, &model));
        quirks.set_separate_writes(uid, &model);
        assert!(quirks.needs_separate_writes(uid, &model));
        assert!(!quirks.needs_separate_writes(uid, &other));
        assert!(!quirks.needs_separate_writes(Uid::new(3).unwrap(), &model));
        tokio::time::advance(FAILURE_TTL + Duration::from_secs(1)).await;
        assert!(!quirks.needs_separate_writes(uid, &model));
    }

    #[tokio::test(start_paused = true)]
    async fn meaning_of_short_pages_expires() {
        let (quirks, uid) = (ReadQuirks::new(Duration::from_secs(60), 2), Uid::new(2).unwrap());
        let model = |name| ModelName::parse(name).unwrap();
        quirks.set_short_page(uid, &model("a.a"), ShortPage::Inconclusive);
        assert_eq!(quirks.short_page(uid, &model("a.a")), ShortPage::Inconclusive);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(quirks.short_page(uid, &model("a.a")), ShortPage::Unknown);
        for name in ["a.b", "a.c", "a.d"] {
            quirks.set_short_page(uid, &model(name), ShortPage::Last);
            assert_eq!(quirks.short_page(uid, &model(name)), ShortPage::Last);
        }
        assert!(quirks.models().len() <= 2);
    }
}
