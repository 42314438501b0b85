//! Spans, and which one a task is in.
//!
//! In: names and attributes. Out: finished spans, in the queue of the exporter; the headers for requests within a span.
//! Must not know: how spans are exported. Attributes never contain values of records or secrets.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use rand::TryRng as _;

use super::finished_span::{AttributeValue, FinishedSpan, SpanKind};
use super::sampling::Sampler;
use super::span_queue::SpanQueue;
use super::trace_context::{SpanId, TraceContext, TraceHeaders, TraceId};
use crate::clock::Clock;

tokio::task_local! {
    static CURRENT: CurrentSpan;
}

/// Starts the spans of requests; clones share the queue.
#[derive(Debug, Clone)]
pub struct Tracer {
    pub(super) queue: SpanQueue,
    pub(super) sampler: Sampler,
    /// Whether the trace of the caller is continued.
    pub(super) accepts_parent: bool,
    pub(super) clock: Clock,
}

/// What all spans of a request share.
#[derive(Debug)]
struct Trace {
    queue: SpanQueue,
    id: TraceId,
    is_sampled: bool,
    state: Option<Arc<str>>,
    /// The same moment on both clocks. Spans are measured by the one that nobody sets.
    started: (u64, Instant),
    next_span: AtomicU64,
}

/// The span that a task is in; the parent of spans that the task starts.
#[derive(Clone)]
pub struct CurrentSpan {
    trace: Arc<Trace>,
    span_id: SpanId,
}

/// A span that ends when it is dropped. If its trace is not sampled, it is only passed on to other servers.
#[derive(Debug)]
pub struct ActiveSpan {
    trace: Arc<Trace>,
    span_id: SpanId,
    /// `None` if the trace is not sampled.
    recorded: Option<Box<FinishedSpan>>,
}

/// The ids of a new trace and of its first span.
struct NewIds {
    trace: TraceId,
    span: u64,
}

impl NewIds {
    /// Random ids: one request to the operating system. Without random numbers, ids are unique only within the trace; a
    /// gateway that lacks them issues no tokens.
    fn generate() -> Self {
        let mut random = [0; 24];
        let _ = rand::rngs::SysRng.try_fill_bytes(&mut random);
        let (trace, span) = random.split_at(16);
        Self {
            trace: TraceId(trace.try_into().map_or(1, u128::from_ne_bytes).max(1)),
            span: span.try_into().map_or(1, u64::from_ne_bytes),
        }
    }
}

impl Tracer {
    /// Starts the span of a request with these `traceparent` and `tracestate` headers.
    #[must_use]
    pub fn start_request<'h>(
        &self,
        parents: impl IntoIterator<Item = &'h [u8]>,
        states: impl IntoIterator<Item = &'h [u8]>,
    ) -> ActiveSpan {
        let parent = if self.accepts_parent { TraceContext::parse(parents, states) } else { None };
        let new = NewIds::generate();
        let id = parent.as_ref().map_or(new.trace, |parent| parent.trace_id);
        let is_sampled = self.sampler.is_sampled(id, parent.as_ref().map(|parent| parent.is_sampled));
        let parent_id = parent.as_ref().map(|parent| parent.span_id);
        let now = u64::try_from(self.clock.now().unix_timestamp_nanos()).unwrap_or_default();
        let trace = Arc::new(Trace {
            queue: self.queue.clone(),
            id,
            is_sampled,
            state: parent.and_then(|parent| parent.state),
            started: (now, Instant::now()),
            next_span: AtomicU64::new(new.span),
        });
        ActiveSpan::new(trace, parent_id, true, Cow::Borrowed("request"), SpanKind::Server)
    }
}

impl Trace {
    fn new_span_id(&self) -> SpanId {
        SpanId(self.next_span.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn now(&self) -> u64 {
        let (at, instant) = self.started;
        at.saturating_add(u64::try_from(instant.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

impl ActiveSpan {
    fn new(
        trace: Arc<Trace>,
        parent: Option<SpanId>,
        is_parent_remote: bool,
        name: Cow<'static, str>,
        kind: SpanKind,
    ) -> Self {
        let span_id = trace.new_span_id();
        let record = || {
            let start = trace.now();
            Box::new(FinishedSpan {
                trace_id: trace.id,
                state: trace.state.clone(),
                span_id,
                parent,
                is_parent_remote: is_parent_remote && parent.is_some(),
                name,
                kind,
                start,
                end: start,
                attributes: Vec::new(),
                is_error: false,
            })
        };
        let recorded = trace.is_sampled.then(record);
        Self { trace, span_id, recorded }
    }

    /// The span, for tasks that are in it.
    #[must_use]
    pub fn current(&self) -> CurrentSpan {
        CurrentSpan { trace: Arc::clone(&self.trace), span_id: self.span_id }
    }

    /// Whether the span is recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.recorded.is_some()
    }

    /// Replaces the name.
    pub fn rename(&mut self, name: String) {
        if let Some(span) = &mut self.recorded {
            span.name = Cow::Owned(name);
        }
    }

    /// Moves the start to an earlier moment.
    pub fn set_start(&mut self, at: Instant) {
        if let Some(span) = &mut self.recorded {
            let earlier = u64::try_from(at.elapsed().as_nanos()).unwrap_or_default();
            span.start = self.trace.now().saturating_sub(earlier);
        }
    }

    /// Adds an attribute, if the span is recorded.
    pub fn set(&mut self, name: &'static str, value: impl Into<AttributeValue>) {
        if let Some(span) = &mut self.recorded {
            span.attributes.push((name, value.into()));
        }
    }

    /// Marks the span as failed, for this reason.
    pub fn fail(&mut self, error: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.recorded {
            span.is_error = true;
            span.attributes.push(("error.type", AttributeValue::Text(error.into())));
        }
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if let Some(span) = self.recorded.take() {
            self.trace.queue.push(FinishedSpan { end: self.trace.now(), ..*span });
        }
    }
}

impl CurrentSpan {
    /// The headers of a request within this span.
    #[must_use]
    pub fn headers(&self) -> TraceHeaders {
        TraceHeaders::new(self.trace.id, self.span_id, self.trace.is_sampled, self.trace.state.clone())
    }

    /// The id of the trace as text.
    #[must_use]
    pub fn trace_id(&self) -> impl fmt::Display + fmt::Debug + use<> {
        self.trace.id
    }

    /// The id of the span as text.
    #[must_use]
    pub fn span_id(&self) -> impl fmt::Display + fmt::Debug + use<> {
        self.span_id
    }

    /// Runs `work` within this span.
    pub fn scope<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

impl fmt::Debug for CurrentSpan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.trace.id, self.span_id)
    }
}

impl PartialEq for CurrentSpan {
    fn eq(&self, other: &Self) -> bool {
        (self.trace.id, self.span_id) == (other.trace.id, other.span_id)
    }
}

impl Eq for CurrentSpan {}

/// The span that this task is in.
#[must_use]
pub fn current_span() -> Option<CurrentSpan> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Starts a span within the one of this task; `None` if there is none, or if it is not recorded.
#[must_use]
pub fn start_child(kind: SpanKind, name: impl FnOnce() -> Cow<'static, str>) -> Option<ActiveSpan> {
    let started = CURRENT.try_with(|current| {
        let child = || ActiveSpan::new(Arc::clone(&current.trace), Some(current.span_id), false, name(), kind);
        current.trace.is_sampled.then(child)
    });
    started.ok().flatten()
}

/// Runs a future within a span, if there is one.
pub fn in_span<F: Future>(span: Option<CurrentSpan>, future: F) -> InSpan<F> {
    InSpan { span, future: Some(future) }
}

pin_project_lite::pin_project! {
    /// A future whose task is in a span while it runs, and while it is dropped.
    #[derive(Debug)]
    pub struct InSpan<F> {
        span: Option<CurrentSpan>,
        // `None` after it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(span) = this.span.take() {
                span.scope(|| this.future.set(None));
            }
        }
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else { return Poll::Pending };
        match this.span {
            None => future.poll(cx),
            Some(span) => span.clone().scope(|| future.poll(cx)),
        }
    }
}
