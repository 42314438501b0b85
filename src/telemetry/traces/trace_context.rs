//! The trace context of W3C: which trace a request belongs to.
//!
//! In: the headers `traceparent` and `tracestate`. Out: [`TraceContext`], and both headers for the next server. Must
//! not know: spans. The headers come from clients, so an invalid `traceparent` is ignored with its `tracestate`, as the
//! specification requires, and an oversized `tracestate` is dropped.

use std::fmt;
use std::sync::Arc;

/// The largest `tracestate`, in bytes and in members, that servers have to pass on.
const MAX_STATE: usize = 512;
const MAX_STATE_MEMBERS: usize = 32;
/// The flag of a trace whose spans are recorded.
const SAMPLED: u8 = 1;

/// The id of a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceId(pub(super) u128);

/// The id of a span; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanId(pub(super) u64);

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// What a caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceContext {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) is_sampled: bool,
    pub(super) state: Option<Arc<str>>,
}

impl TraceContext {
    /// The context in these headers; `None` without exactly one valid `traceparent`.
    pub(super) fn parse<'h>(
        parents: impl IntoIterator<Item = &'h [u8]>,
        states: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<Self> {
        let mut parents = parents.into_iter();
        let (Some(parent), None) = (parents.next(), parents.next()) else { return None };
        let (trace_id, span_id, flags) = parse_parent(parent)?;
        Some(Self { trace_id, span_id, is_sampled: flags & SAMPLED != 0, state: parse_state(states) })
    }
}

/// `VERSION-TRACE-SPAN-FLAGS`. A later version may append fields.
fn parse_parent(text: &[u8]) -> Option<(TraceId, SpanId, u8)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut fields = text.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let version = u8::try_from(parse_hex(version, 2)?).ok().filter(|version| *version != u8::MAX)?;
    if version == 0 && fields.next().is_some() {
        return None;
    }
    let trace_id = parse_hex(trace, 32).filter(|id| *id != 0)?;
    let span_id = u64::try_from(parse_hex(span, 16)?).ok().filter(|id| *id != 0)?;
    Some((TraceId(trace_id), SpanId(span_id), u8::try_from(parse_hex(flags, 2)?).ok()?))
}

/// Exactly this many digits, in lower case as the specification requires.
fn parse_hex(text: &str, digits: usize) -> Option<u128> {
    let is_valid = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_valid.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// The members of all headers, which other servers understand; they are only checked and passed on.
fn parse_state<'h>(headers: impl IntoIterator<Item = &'h [u8]>) -> Option<Arc<str>> {
    let mut state = String::new();
    for header in headers {
        let text = std::str::from_utf8(header).ok()?;
        for member in text.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|text| !text.is_empty()) {
            let (key, value) = member.split_once('=')?;
            let is_value = value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=');
            if !is_key(key) || value.is_empty() || !is_value {
                return None;
            }
            if !state.is_empty() {
                state.push(',');
            }
            state.push_str(member);
            if state.len() > MAX_STATE {
                return None;
            }
        }
    }
    let members = state.split(',').count();
    (!state.is_empty() && members <= MAX_STATE_MEMBERS).then(|| state.into())
}

fn is_key(key: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    key.bytes().next().is_some_and(|first| matches!(first, b'a'..=b'z' | b'0'..=b'9')) && key.bytes().all(is_allowed)
}

/// The headers of a request that belongs to a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceHeaders {
    /// The value of `traceparent`.
    pub parent: String,
    /// The value of `tracestate`: printable ASCII.
    pub state: Option<Arc<str>>,
}

impl TraceHeaders {
    pub(super) fn new(trace_id: TraceId, span_id: SpanId, is_sampled: bool, state: Option<Arc<str>>) -> Self {
        let flags = if is_sampled { SAMPLED } else { 0 };
        Self { parent: format!("00-{trace_id}-{span_id}-{flags:02x}"), state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
        TraceContext::parse(parents.iter().map(|text| text.as_bytes()), states.iter().map(|text| text.as_bytes()))
    }

    #[test]
    fn valid_parent_is_written_as_it_was_read() {
        for (text, is_sampled) in [(PARENT, true), (&PARENT.replace("-01", "-00"), false)] {
            let context = parse(&[text], &["a=1", "b@c=x y , d/e=2"]).unwrap();
            assert_eq!(context.is_sampled, is_sampled);
            let headers = TraceHeaders::new(context.trace_id, context.span_id, is_sampled, context.state);
            assert_eq!((headers.parent.as_str(), headers.state.as_deref()), (text, Some("a=1,b@c=x y,d/e=2")));
        }
    }

    #[test]
    fn later_versions_and_unknown_flags_are_accepted() {
        assert!(parse(&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more"], &[]).unwrap().is_sampled);
        assert!(!parse(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02"], &[]).unwrap().is_sampled);
    }

    #[test]
    fn invalid_parents_are_ignored() {
        let zero_trace = format!("00-{:032x}-00f067aa0ba902b7-01", 0);
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{:016x}-01", 0);
        let upper = PARENT.to_uppercase();
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-é",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            &upper,
            &zero_trace,
            &zero_span,
        ] {
            assert_eq!(parse(&[text], &["a=1"]), None, "{text}");
        }
        assert_eq!(parse(&[PARENT, PARENT], &[]), None, "two parents");
        assert_eq!(parse(&[], &["a=1"]), None, "no parent");
    }

    #[test]
    fn invalid_state_is_dropped_and_the_parent_is_used() {
        let many = (0..33).map(|number| format!("k{number}=1")).collect::<Vec<_>>().join(",");
        let long = format!("a={}", "x".repeat(512));
        for state in ["", ",", "a", "=1", "A=1", "a=", "a=é", "a=1=2", "a=\u{1}", &many, &long] {
            let context = parse(&[PARENT], &[state]);
            assert_eq!(context.map(|context| context.state), Some(None), "{state}");
        }
    }
}
