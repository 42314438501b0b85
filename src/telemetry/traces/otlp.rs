//! Spans as the bytes of OTLP: the message `ExportTraceServiceRequest` in the encoding of Protocol Buffers.
//!
//! In: spans, the attributes of this process. Out: the body of an export request. Must not know: where it is sent.
//!
//! Only the fields that the gateway fills are written. Their numbers are those of `opentelemetry/proto/trace/v1` and
//! never change.

use super::finished_span::{AttributeValue, FinishedSpan, SpanKind};

/// Wire types of Protocol Buffers.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

/// `STATUS_CODE_ERROR`.
const STATUS_ERROR: u64 = 2;
/// The flags of a span: sampled, "it is known whether the parent is remote", and "the parent is remote".
const FLAGS_SAMPLED: u32 = 0x1;
const FLAGS_HAS_IS_REMOTE: u32 = 0x100;
const FLAGS_IS_REMOTE: u32 = 0x200;

/// The bytes of one message.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint((field << 3) | wire_type);
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        self.tag(field, VARINT);
        self.varint(number);
        self
    }

    fn fixed64(mut self, field: u64, number: u64) -> Self {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn fixed32(mut self, field: u64, number: u32) -> Self {
        self.tag(field, FIXED32);
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.tag(field, LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, &message.0)
    }
}

/// The body of an export request.
pub(super) fn export_request(resource: &[(String, String)], spans: &[FinishedSpan]) -> Vec<u8> {
    let resource = resource.iter().fold(Message::default(), |message, (name, value)| {
        message.message(1, attribute(name, Message::default().text(1, value)))
    });
    let scope = Message::default().text(1, env!("CARGO_PKG_NAME")).text(2, env!("CARGO_PKG_VERSION"));
    let scope_spans =
        spans.iter().fold(Message::default().message(1, scope), |message, span| message.message(2, encode_span(span)));
    let resource_spans = Message::default().message(1, resource).message(2, scope_spans);
    Message::default().message(1, resource_spans).0
}

fn encode_span(span: &FinishedSpan) -> Message {
    let mut flags = FLAGS_SAMPLED | FLAGS_HAS_IS_REMOTE;
    if span.is_parent_remote {
        flags |= FLAGS_IS_REMOTE;
    }
    let mut message = Message::default()
        .bytes(1, &span.trace_id.0.to_be_bytes())
        .bytes(2, &span.span_id.0.to_be_bytes())
        .text(5, &span.name)
        .number(6, kind_number(span.kind))
        .fixed64(7, span.start)
        .fixed64(8, span.end)
        .fixed32(16, flags);
    if let Some(state) = &span.state {
        message = message.text(3, state);
    }
    if let Some(parent) = span.parent {
        message = message.bytes(4, &parent.0.to_be_bytes());
    }
    for (name, value) in &span.attributes {
        message = message.message(9, attribute(name, any_value(value)));
    }
    if span.is_error { message.message(15, Message::default().number(3, STATUS_ERROR)) } else { message }
}

fn kind_number(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
    }
}

fn attribute(name: &str, value: Message) -> Message {
    Message::default().text(1, name).message(2, value)
}

fn any_value(value: &AttributeValue) -> Message {
    match value {
        AttributeValue::Text(text) => Message::default().text(1, text),
        AttributeValue::Boolean(is_true) => Message::default().number(2, (*is_true).into()),
        // Negative numbers are written as their two's complement.
        AttributeValue::Integer(number) => Message::default().number(3, number.cast_unsigned()),
    }
}
