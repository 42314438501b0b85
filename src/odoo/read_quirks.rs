//! What reading has taught of a database's models: fields that fail, pages that mislead.
//!
//! In: what came of reads, by user and model. Out: the same, for the next read. Must not know: how it was found out,
//! what is read. It is kept for a bounded time, and as much of it as of schemas.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::user::Uid;
use crate::names::{FieldName, ModelName, RecordId};

/// For how long a field that failed is not asked for again.
const FAILING_FOR: Duration = Duration::from_secs(300);

/// A field that fails for more records than this counts as failing for all.
const MOST_RECORDS: usize = 1000;

/// What a page that is shorter than it was asked to be says of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Paging {
    /// Nobody knows yet.
    #[default]
    Unknown,
    /// It is the last one.
    Telling,
    /// Nothing: the model takes records away after Odoo has counted off the page.
    Late,
}

/// Fields of a model that could not be read, for one user.
#[derive(Debug, Clone, Default)]
pub(super) struct Failing(HashMap<FieldName, Trouble>);

#[derive(Debug, Clone)]
struct Trouble {
    /// For which records it failed.
    records: HashSet<RecordId>,
    /// Whether it could be read of others.
    works_elsewhere: bool,
    until: Instant,
}

impl Trouble {
    /// It failed for several records and worked for none.
    fn is_everywhere(&self) -> bool {
        (!self.works_elsewhere && self.records.len() > 1) || self.records.len() > MOST_RECORDS
    }
}

impl Failing {
    fn trouble(&self, field: &FieldName) -> Option<&Trouble> {
        self.0.get(field).filter(|trouble| trouble.until > Instant::now())
    }

    /// Whether the field failed for any record.
    pub(super) fn knows(&self, field: &FieldName) -> bool {
        self.trouble(field).is_some()
    }

    /// Whether the field fails for every record.
    pub(super) fn fails_everywhere(&self, field: &FieldName) -> bool {
        self.trouble(field).is_some_and(Trouble::is_everywhere)
    }

    /// Those of the records for which the field is not known to fail.
    pub(super) fn spares(&self, field: &FieldName, ids: &[RecordId]) -> Vec<RecordId> {
        match self.trouble(field) {
            None => ids.to_vec(),
            Some(trouble) if trouble.is_everywhere() => Vec::new(),
            Some(trouble) => ids.iter().filter(|id| !trouble.records.contains(id)).copied().collect(),
        }
    }

    fn note(&mut self, field: &FieldName, failed: &HashSet<RecordId>, works_elsewhere: bool) {
        let (now, until) = (Instant::now(), Instant::now() + FAILING_FOR);
        self.0.retain(|_, trouble| trouble.until > now);
        let fresh = || Trouble { records: HashSet::new(), works_elsewhere: false, until };
        let trouble = self.0.entry(field.clone()).or_insert_with(fresh);
        trouble.records.extend(failed);
        trouble.works_elsewhere |= works_elsewhere;
    }
}

/// The memory, by user and model: access rules make fields fail for some users only.
#[derive(Debug)]
pub(super) struct Learned {
    models: Mutex<HashMap<(Uid, ModelName), OfModel>>,
    ttl: Duration,
    capacity: usize,
}

#[derive(Debug, Default)]
struct OfModel {
    paging: Option<(Paging, Instant)>,
    /// Fields that stood in a page of which a count has shown that no record lacked.
    proven: HashSet<FieldName>,
    failing: Arc<Failing>,
}

impl Learned {
    /// Remembers so many models, and of pages for so long.
    pub(super) fn new(ttl: Duration, capacity: u64) -> Self {
        Self { models: Mutex::default(), ttl, capacity: usize::try_from(capacity).unwrap_or(usize::MAX).max(1) }
    }

    pub(super) fn paging(&self, uid: Uid, model: &ModelName) -> Paging {
        let learned = self.models().get(&(uid, model.clone())).and_then(|known| known.paging);
        learned.filter(|(_, at)| at.elapsed() < self.ttl).map_or(Paging::Unknown, |(paging, _)| paging)
    }

    pub(super) fn note_paging(&self, uid: Uid, model: &ModelName, paging: Paging) {
        self.change(uid, model, |known| known.paging = Some((paging, Instant::now())));
    }

    /// Whether pages with these fields were found to have all their records. A field that raises `MissingError` takes its
    /// record out of the page, so what is known of other fields says nothing of it.
    pub(super) fn are_proven<'f>(
        &self,
        uid: Uid,
        model: &ModelName,
        mut fields: impl Iterator<Item = &'f FieldName>,
    ) -> bool {
        self.models().get(&(uid, model.clone())).is_some_and(|known| fields.all(|field| known.proven.contains(field)))
    }

    /// A page with these fields had all its records.
    pub(super) fn note_proven<'f>(&self, uid: Uid, model: &ModelName, fields: impl Iterator<Item = &'f FieldName>) {
        self.change(uid, model, |known| known.proven.extend(fields.cloned()));
    }

    pub(super) fn failing(&self, uid: Uid, model: &ModelName) -> Arc<Failing> {
        self.models().get(&(uid, model.clone())).map(|known| known.failing.clone()).unwrap_or_default()
    }

    /// The field failed for these records, and perhaps not for others that were read with them.
    pub(super) fn note_failing(
        &self,
        uid: Uid,
        model: &ModelName,
        field: &FieldName,
        failed: &HashSet<RecordId>,
        works_elsewhere: bool,
    ) {
        self.change(uid, model, |known| Arc::make_mut(&mut known.failing).note(field, failed, works_elsewhere));
    }

    pub(super) fn forget(&self) {
        self.models().clear();
    }

    /// Who learns too much forgets the rest: it is soon learned again.
    fn change(&self, uid: Uid, model: &ModelName, change: impl FnOnce(&mut OfModel)) {
        let mut models = self.models();
        let key = (uid, model.clone());
        if models.len() >= self.capacity && !models.contains_key(&key) {
            models.clear();
        }
        change(models.entry(key).or_default());
    }

    fn models(&self) -> MutexGuard<'_, HashMap<(Uid, ModelName), OfModel>> {
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
    async fn a_field_is_left_alone_where_it_failed_and_for_a_bounded_time() {
        let (learned, uid) = (Learned::new(Duration::from_secs(60), 8), Uid::new(2).unwrap());
        let (model, field) = (ModelName::parse("a.b").unwrap(), FieldName::parse("x").unwrap());
        let fails = |failed: &[i64], elsewhere| {
            learned.note_failing(uid, &model, &field, &ids(failed).into_iter().collect(), elsewhere);
        };
        let spared = || learned.failing(uid, &model).spares(&field, &ids(&[1, 2, 3]));
        assert_eq!(spared(), ids(&[1, 2, 3]));
        fails(&[1], false);
        assert_eq!(spared(), ids(&[2, 3]), "one record says nothing of others");
        fails(&[2], false);
        assert_eq!(spared(), [], "several do, as long as it worked for none");
        fails(&[2], true);
        assert_eq!(spared(), ids(&[3]));
        assert_eq!(learned.failing(Uid::new(3).unwrap(), &model).spares(&field, &ids(&[1])), ids(&[1]));
        tokio::time::advance(FAILING_FOR + Duration::from_secs(1)).await;
        assert_eq!(spared(), ids(&[1, 2, 3]));
    }

    #[test]
    fn a_field_is_proven_only_where_it_stood_in_the_page() {
        let (learned, uid) = (Learned::new(Duration::from_secs(60), 8), Uid::new(2).unwrap());
        let (model, other) = (ModelName::parse("a.b").unwrap(), ModelName::parse("a.c").unwrap());
        let (name, color) = (FieldName::parse("name").unwrap(), FieldName::parse("color").unwrap());
        assert!(!learned.are_proven(uid, &model, std::iter::once(&name)));
        learned.note_proven(uid, &model, std::iter::once(&name));
        assert!(learned.are_proven(uid, &model, std::iter::once(&name)));
        assert!(!learned.are_proven(uid, &model, [&name, &color].into_iter()));
        assert!(!learned.are_proven(uid, &other, std::iter::once(&name)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_pages_say_is_believed_for_a_while() {
        let (learned, uid) = (Learned::new(Duration::from_secs(60), 2), Uid::new(2).unwrap());
        let model = |name| ModelName::parse(name).unwrap();
        learned.note_paging(uid, &model("a.a"), Paging::Late);
        assert_eq!(learned.paging(uid, &model("a.a")), Paging::Late);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(learned.paging(uid, &model("a.a")), Paging::Unknown);
        for name in ["a.b", "a.c", "a.d"] {
            learned.note_paging(uid, &model(name), Paging::Telling);
            assert_eq!(learned.paging(uid, &model(name)), Paging::Telling);
        }
        assert!(learned.models().len() <= 2);
    }
}
