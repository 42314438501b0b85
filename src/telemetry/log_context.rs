//! What a log line states in addition to the fields of its event: the request and the target.
//!
//! In: the id of a request and its span, for as long as a future runs; an event. Out: these facts, read by the
//! formatters. Must not know: what a request is.
//!
//! Why not a span: a span is formatted, stored and released for every request, also if no event is logged within it.
//! Here the id is read only when an event is. The spans of [`traces`](super::traces) exist only if traces are on.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use tokio::task::futures::TaskLocalFuture;
use tracing::Event;
use tracing::field::{Field, Visit};

use super::traces::{CurrentSpan, InSpan, current_span, in_span};

tokio::task_local! {
    static CURRENT: LogContext;
}

/// The request that log lines belong to, if any, and the span of a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogContext {
    request_id: Option<Arc<str>>,
    span: Option<CurrentSpan>,
}

impl LogContext {
    /// The context of the request with this id.
    #[must_use]
    pub fn of_request(id: Arc<str>) -> Self {
        Self { request_id: Some(id), span: None }
    }

    /// The same context within a span, if there is one.
    #[must_use]
    pub fn in_span(self, span: Option<CurrentSpan>) -> Self {
        Self { span, ..self }
    }

    /// The context of the current task. A new task starts without one.
    #[must_use]
    pub fn current() -> Self {
        Self { span: current_span(), ..CURRENT.try_get().unwrap_or_default() }
    }

    /// Adds the context to every event that is logged while the future runs.
    pub fn attach_to<F: Future>(mut self, future: F) -> TaskLocalFuture<Self, InSpan<F>> {
        let span = self.span.take();
        CURRENT.scope(self, in_span(span, future))
    }
}

/// Calls `write` with the id of the current request, if there is one.
pub(super) fn with_request_id<E>(write: impl FnOnce(&str) -> Result<(), E>) -> Result<(), E> {
    CURRENT.try_with(|context| context.request_id.as_deref().map_or(Ok(()), write)).unwrap_or(Ok(()))
}

/// The target of an event. Events of the `log` crate all have the target `log`, and their own as a field.
pub(super) fn target(event: &Event<'_>) -> Cow<'static, str> {
    let target = event.metadata().target();
    if target != "log" {
        return Cow::Borrowed(target);
    }
    let mut visitor = LogTarget(None);
    event.record(&mut visitor);
    visitor.0.map_or(Cow::Borrowed(target), Cow::Owned)
}

/// Finds the target of an event of the `log` crate.
struct LogTarget(Option<String>);

impl Visit for LogTarget {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current_id() -> Option<String> {
        let mut found = None;
        let read = with_request_id(|id| {
            found = Some(id.to_owned());
            Ok::<(), ()>(())
        });
        assert_eq!(read, Ok(()));
        found
    }

    #[tokio::test]
    async fn the_id_is_known_while_the_future_runs_and_can_be_handed_to_another_task() {
        assert_eq!((current_id(), LogContext::current()), (None, LogContext::default()));
        let within = LogContext::of_request("r-1".into()).attach_to(async {
            tokio::task::yield_now().await;
            let task = LogContext::current().attach_to(async { current_id() });
            let lost = tokio::spawn(async { current_id() }).await.unwrap();
            (current_id(), tokio::spawn(task).await.unwrap(), lost)
        });
        assert_eq!(within.await, (Some("r-1".to_owned()), Some("r-1".to_owned()), None));
        assert_eq!(current_id(), None);
    }
}
