//! Distributed traces: spans of requests, of their stages, and of calls to Odoo, for a collector that speaks OTLP.
//!
//! ```text
//! trace_context  the W3C headers traceparent and tracestate
//! sampling       which traces are recorded
//! span           spans, and which one a task is in
//! finished_span  what a span contains
//! span_queue     finished spans that wait for the exporter
//! otlp           spans as the bytes of OTLP
//! exporter       sends them to the collector
//! ```
//!
//! In: the trace context of requests, spans. Out: OTLP over HTTP, trace contexts for Odoo. Must not know: routes, what
//! is called. Off by default: then there is no [`Tracer`], and a task is in no span.
//!
//! Why not the OpenTelemetry SDK: its queue runs on a thread that needs another, blocking HTTP client, it does not say
//! how many spans were dropped, and it adds seven crates for what is a page of code here. The tests decode the spans
//! with its implementation of the protocol.

mod exporter;
mod finished_span;
mod otlp;
mod sampling;
mod span;
mod span_queue;
#[cfg(test)]
mod tests;
mod trace_context;

pub use self::exporter::{SpanExporter, TraceError, TraceSettings};
pub use self::finished_span::{AttributeValue, SpanKind};
pub use self::span::{ActiveSpan, CurrentSpan, InSpan, Tracer, current_span, in_span, start_child};
pub use self::trace_context::TraceHeaders;
