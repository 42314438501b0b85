//! Log events as JSON objects, one per line, with the fields of the event at the top level.
//!
//! In: an event, the [context](super::log_context). Out: a line. Must not know: which events exist. Control
//! characters are escaped, so that text from a client cannot start a line (H-07).
//!
//! Each request logs a line, so the members are written directly, without a serializer.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::traces::current_span;
use super::{log_context, timestamp};

/// The formatter.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writer.write_str(r#"{"timestamp":""#)?;
        timestamp::write_now(&mut writer)?;
        writer.write_str(r#"","level":""#)?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_char('"')?;
        let mut members = Members { writer: writer.by_ref(), result: Ok(()) };
        event.record(&mut members);
        members.result?;
        writer.write_str(r#","target":"#)?;
        write_string(&mut writer, &log_context::target(event))?;
        // The names are those of the OpenTelemetry specification for other formats.
        if let Some(span) = current_span() {
            let (trace_id, span_id) = (span.trace_id(), span.span_id());
            write!(writer, ",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"")?;
        }
        log_context::with_request_id(|id| {
            writer.write_str(r#","span":{"request_id":"#)?;
            write_string(&mut writer, id)?;
            writer.write_str(r#","name":"request"}"#)
        })?;
        writer.write_str("}\n")
    }
}

/// Writes the fields of an event as members of an object.
struct Members<'w> {
    writer: Writer<'w>,
    result: fmt::Result,
}

impl Members<'_> {
    fn write(&mut self, field: &Field, write_value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.write_member(field.name(), write_value);
        }
    }

    fn write_member(&mut self, name: &str, write_value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) -> fmt::Result {
        self.writer.write_char(',')?;
        write_string(&mut self.writer, name)?;
        self.writer.write_char(':')?;
        write_value(&mut self.writer)
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |writer| match serde_json::Number::from_f64(value) {
            Some(number) => write!(writer, "{number}"),
            None => writer.write_str("null"),
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |writer| writer.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |writer| writer.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |writer| write_string(writer, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }
}

fn write_string(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Writes text as the content of a JSON string.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        let mut rest = text;
        while let Some((plain, special)) = rest.bytes().position(is_special).and_then(|at| rest.split_at_checked(at)) {
            self.0.write_str(plain)?;
            let mut characters = special.chars();
            if let Some(character) = characters.next() {
                self.write_escape(character)?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

impl Escaped<'_, '_> {
    fn write_escape(&mut self, character: char) -> fmt::Result {
        match character {
            '"' => self.0.write_str("\\\""),
            '\\' => self.0.write_str("\\\\"),
            '\n' => self.0.write_str("\\n"),
            '\r' => self.0.write_str("\\r"),
            '\t' => self.0.write_str("\\t"),
            '\u{8}' => self.0.write_str("\\b"),
            '\u{c}' => self.0.write_str("\\f"),
            other => write!(self.0, "\\u{:04x}", u32::from(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_by_serde_json() {
        let ascii: String = (0..=127_u8).map(char::from).collect();
        for text in ["", "plain", "é\u{2028}", "\"", "a\"", "\"a", &ascii] {
            let mut written = String::new();
            write_string(&mut Writer::new(&mut written), text).unwrap();
            assert_eq!(written, serde_json::to_string(text).unwrap());
        }
    }
}
