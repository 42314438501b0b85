//! What a span contains.
//!
//! In: nothing. Out: [`FinishedSpan`]. Must not know: how spans are measured or exported.

use std::borrow::Cow;
use std::sync::Arc;

use super::trace_context::{SpanId, TraceId};

/// What a span describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Work of the gateway.
    Internal,
    /// A request to the gateway.
    Server,
    /// A request of the gateway to another server.
    Client,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
}

impl From<&'static str> for AttributeValue {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u16> for AttributeValue {
    fn from(number: u16) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for AttributeValue {
    fn from(is_true: bool) -> Self {
        Self::Boolean(is_true)
    }
}

/// A span with its end.
#[derive(Debug)]
pub(super) struct FinishedSpan {
    pub(super) trace_id: TraceId,
    /// The `tracestate`.
    pub(super) state: Option<Arc<str>>,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// Whether the parent is a span of another process.
    pub(super) is_parent_remote: bool,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: SpanKind,
    /// Nanoseconds since 1970.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: Vec<(&'static str, AttributeValue)>,
    pub(super) is_error: bool,
}
