//! Reads what can be read when something in records cannot.
//!
//! Some values make Odoo's answer fail as a whole: bytes that are no text, integers over 32 bits, `None`, a computed
//! field that raises whatever it likes. For one that misses another record, Odoo drops the record that it is of. Such a
//! value costs only itself: the read is halved, first by columns, then by records, until the culprits stand alone; they
//! are left out, named and remembered. Who has asked for one by name is refused.
//!
//! In: a read, what came of it and what failed. Out: its records without the culprits. Must not know: why a value
//! cannot be read.

use std::collections::{HashMap, HashSet, VecDeque};

use indexmap::{IndexMap, IndexSet};

use super::error::Failure;
use super::executor::{Records, Run, Source};
use super::read_quirks::Failing;
use super::reads::lacking;
use crate::error::Problem;
use crate::names::{FieldName, RecordId};
use crate::plan::{Column, Columns, Read};
use crate::value::{Member, Value};

/// Calls that one salvage may make. A culprit costs about log2(columns) + log2(records) of them. What still fails then
/// is left out as a whole.
const MOST_CALLS: usize = 256;

/// After so many calls by which nothing at all could be read it is not a field that fails.
const VAIN_CALLS: usize = 24;

/// A column that fails in so many pieces of the records and works in none fails for all of them: the halves, the
/// quarters and the eighths.
const VAIN_PIECES: usize = 14;

/// A read under repair.
pub(super) struct Salvage<'r> {
    odoo: Run<'r>,
    read: &'r Read,
    records: HashMap<RecordId, Vec<Member<'static>>>,
    culprits: IndexMap<FieldName, Culprit>,
    omitted: IndexSet<FieldName>,
    untried: Vec<Read>,
    /// Several columns, then one.
    wide: Vec<(Read, Failure)>,
    narrow: VecDeque<(Read, Failure)>,
    calls: usize,
    tried: HashMap<FieldName, Tried>,
}

/// How often a column by itself failed.
#[derive(Default)]
struct Tried {
    failed: usize,
    worked: bool,
}

/// A column that failed.
struct Culprit {
    records: HashSet<RecordId>,
    failure: Failure,
}

impl<'r> Salvage<'r> {
    pub(super) fn of(odoo: Run<'r>, read: &'r Read) -> Self {
        Self {
            odoo,
            read,
            records: HashMap::new(),
            culprits: IndexMap::new(),
            omitted: IndexSet::new(),
            untried: Vec::new(),
            wide: Vec::new(),
            narrow: VecDeque::new(),
            calls: 0,
            tried: HashMap::new(),
        }
    }

    /// These records came, perhaps in part.
    pub(super) fn collect(&mut self, piece: Value<'_>) {
        let Value::List(found) = piece.into_owned() else { return };
        for record in found {
            let id = record.get("id").and_then(Value::as_int).and_then(RecordId::new);
            if let (Some(id), Value::Map(members)) = (id, record) {
                let known = self.records.entry(id).or_default();
                let news = members.into_iter().filter(|(key, _)| key != "id");
                let news: Vec<_> = news.filter(|(key, _)| !known.iter().any(|(name, _)| name == key)).collect();
                known.extend(news);
            }
        }
    }

    /// This was asked for, of records that are there, and failed.
    pub(super) fn failed(&mut self, piece: Read, failure: Failure) {
        if piece.ids.is_empty() {
            return;
        }
        for id in &piece.ids {
            self.records.entry(*id).or_default();
        }
        match columns(&piece).count() {
            0 => {}
            1 => self.narrow.push_back((piece, failure)),
            _ => self.wide.push((piece, failure)),
        }
    }

    /// Columns that are known to fail were not asked for: they will be of records for which they are not.
    pub(super) fn spare(&mut self, failing: &Failing, was_left_out: impl Fn(&Column) -> bool) {
        let known = self.read.columns.shown.iter().filter(|column| failing.knows(&column.name));
        for column in known.filter(|column| was_left_out(column)) {
            let spared = failing.spares(&column.name, &self.read.ids);
            if spared.len() < self.read.ids.len() {
                self.omitted.insert(column.name.clone());
            }
            if !spared.is_empty() {
                let columns = Columns { shown: vec![column.clone()], ..self.read.columns.clone() };
                self.untried.push(self.read.of(spared).with(columns));
            }
        }
    }

    /// Finds the culprits, remembers them and puts the rest together.
    ///
    /// # Errors
    /// A failure that is no field's; a culprit that was asked for by name.
    pub(super) async fn finish(mut self, one: bool) -> Result<Records, Problem> {
        for piece in std::mem::take(&mut self.untried) {
            self.attempt(piece).await?;
        }
        while let Some((piece, failure)) = self.wide.pop().or_else(|| self.narrow.pop_front()) {
            match piece.halves() {
                Some(_) if self.calls >= VAIN_CALLS && self.is_empty() => return Err(failure.explain(&piece.call())),
                Some(halves) if self.calls < MOST_CALLS && !self.is_vain(&piece) => {
                    for half in halves {
                        self.attempt(half).await?;
                    }
                }
                _ => self.give_up(&piece, &failure),
            }
        }
        if let Some(culprit) = self.culprits.values().next().filter(|_| self.is_empty()) {
            // Where nothing at all can be read it is no field that fails.
            if !self.read.columns.named {
                return Err(culprit.failure.clone().explain(&self.read.call()));
            }
        }
        self.remember();
        if let Some(problem) = self.refusal() {
            return Err(problem);
        }
        self.omitted.extend(self.culprits.into_keys());
        let ids = self.read.ids.iter();
        let pieces = ids.filter_map(|id| Some(whole(*id, self.records.get(id)?))).collect();
        let asked = Some(self.read.ids.clone());
        let records = Records::new(Source::Pieces(pieces), asked, self.read.columns.clone(), one);
        Ok(Records { omitted: self.omitted.iter().map(FieldName::to_string).collect(), ..records })
    }

    async fn attempt(&mut self, piece: Read) -> Result<(), Problem> {
        self.calls += 1;
        match self.odoo.try_read(&piece.call()).await {
            Ok(reply) => {
                let records = reply.value()?;
                let lacking: Vec<RecordId> =
                    lacking(&piece.ids, &records)?.into_iter().filter(|id| self.records.contains_key(id)).collect();
                self.note(&piece, lacking.len() < piece.ids.len());
                self.collect(records);
                self.failed(piece.of(lacking), Failure::record_dropped());
            }
            Err(failure) if failure.may_be_a_field() => {
                self.note(&piece, false);
                self.failed(piece, failure);
            }
            Err(failure) => return Err(failure.explain(&piece.call())),
        }
        Ok(())
    }

    /// Whether nothing at all could be read.
    fn is_empty(&self) -> bool {
        self.records.values().all(Vec::is_empty)
    }

    fn note(&mut self, piece: &Read, worked: bool) {
        let mut columns = columns(piece);
        if let (Some(column), None) = (columns.next(), columns.next()) {
            let tried = self.tried.entry(column.name.clone()).or_default();
            tried.worked |= worked;
            tried.failed += usize::from(!worked);
        }
    }

    fn is_vain(&self, piece: &Read) -> bool {
        let mut tried = columns(piece).filter_map(|column| self.tried.get(&column.name));
        columns(piece).count() == 1 && tried.any(|tried| !tried.worked && tried.failed > VAIN_PIECES)
    }

    fn give_up(&mut self, piece: &Read, failure: &Failure) {
        for column in columns(piece) {
            let fresh = || Culprit { records: HashSet::new(), failure: failure.clone() };
            let culprit = self.culprits.entry(column.name.clone()).or_insert_with(fresh);
            culprit.records.extend(&piece.ids);
        }
    }

    fn remember(&self) {
        let (odoo, model) = (self.odoo, &self.read.model);
        for (field, culprit) in &self.culprits {
            let works = self.records.keys().any(|id| !culprit.records.contains(id));
            odoo.learned().note_failing(odoo.uid(), model, field, &culprit.records, works);
        }
    }

    /// What is told who asked for a culprit by name.
    fn refusal(&self) -> Option<Problem> {
        let (_, culprit) = self.culprits.first().filter(|_| self.read.columns.named)?;
        let fields = self.culprits.keys().take(5).map(FieldName::as_str).collect::<Vec<_>>().join(", ");
        Some(culprit.failure.clone().of_fields(&self.read.model, &fields))
    }
}

/// The columns that a piece is about.
fn columns(piece: &Read) -> impl Iterator<Item = &Column> {
    piece.columns.shown.iter().filter(|column| column.name.as_str() != "id")
}

fn whole(id: RecordId, members: &[Member<'static>]) -> Value<'static> {
    let mut all = vec![("id".into(), Value::Int(id.get()))];
    all.extend(members.iter().cloned());
    Value::Map(all)
}
