//! Finished spans that wait for the exporter. Nobody waits for space: if there is none, spans are dropped and counted.
//!
//! In: finished spans. Out: batches. Must not know: who exports them, how.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::finished_span::FinishedSpan;
use crate::telemetry::metrics::{Metrics, count_by};

/// The maximum number of spans that wait.
pub(super) const MAX_WAITING: usize = 8192;
/// The maximum number of spans in one batch. A full batch is exported at once.
pub(super) const MAX_BATCH: usize = 512;

/// Why spans are dropped, in the metric.
pub(super) const QUEUE_FULL: &str = "queue_full";
pub(super) const EXPORT_FAILED: &str = "export_failed";

/// The queue; clones share it.
#[derive(Debug, Clone)]
pub(super) struct SpanQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<VecDeque<FinishedSpan>>,
    /// A batch is full, or the exporter has to stop.
    urgent: Notify,
    metrics: Arc<Metrics>,
}

impl SpanQueue {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared { waiting: Mutex::default(), urgent: Notify::new(), metrics }))
    }

    /// Adds a span, or drops it if the queue is full.
    pub(super) fn push(&self, span: FinishedSpan) {
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            drop(waiting);
            return self.count_dropped(QUEUE_FULL, 1);
        }
        waiting.push_back(span);
        let is_full = waiting.len() == MAX_BATCH;
        drop(waiting);
        if is_full {
            self.wake();
        }
    }

    /// Waits until a batch is full, at most for this time, and takes what there is.
    pub(super) async fn take_batch(&self, at_most: Duration) -> Vec<FinishedSpan> {
        if self.waiting().len() < MAX_BATCH {
            // A timeout is as good as a full batch.
            let _ = tokio::time::timeout(at_most, self.0.urgent.notified()).await;
        }
        let mut waiting = self.waiting();
        let length = waiting.len().min(MAX_BATCH);
        waiting.drain(..length).collect()
    }

    /// Ends the waiting for a batch.
    pub(super) fn wake(&self) {
        self.0.urgent.notify_one();
    }

    pub(super) fn count_dropped(&self, why: &'static str, spans: usize) {
        count_by(&self.0.metrics.trace_spans_dropped, why, spans as u64);
    }

    pub(super) fn count_exported(&self, spans: usize) {
        self.0.metrics.trace_spans_exported.inc_by(spans as u64);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<FinishedSpan>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
