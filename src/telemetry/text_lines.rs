//! Log events as text for people, one line per event, with colors on a terminal.
//!
//! ```text
//! 2026-11-27T12:00:00.000000Z  INFO request{request_id="shop-4711"}: odoo_gateway::odoo: message field=value
//! ```
//!
//! In: an event, the [context](super::log_context). Out: a line. Must not know: which events exist. The fields are
//! written by `tracing-subscriber`, which escapes control sequences (H-07).

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::traces::current_span;
use super::{log_context, timestamp};

/// The formatter.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextLines;

// Sequences of ECMA-48 that select how a terminal displays text.
const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const ITALIC: &str = "\u{1b}[3m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BLUE: &str = "\u{1b}[34m";
const PURPLE: &str = "\u{1b}[35m";

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let has_colors = writer.has_ansi_escapes();
        let style = |sequence| if has_colors { sequence } else { "" };
        let (dim, bold, italic, reset) = (style(DIM), style(BOLD), style(ITALIC), style(RESET));
        writer.write_str(dim)?;
        timestamp::write_now(&mut writer)?;
        let level = *event.metadata().level();
        write!(writer, "{reset} {}{:>5}{reset} ", style(color(level)), level.as_str())?;
        log_context::with_request_id(|id| {
            write!(writer, "{bold}request{reset}{bold}{{{reset}{italic}request_id{reset}{dim}={reset}{id:?}")?;
            write!(writer, "{bold}}}{reset}{dim}:{reset} ")
        })?;
        if let Some(span) = current_span() {
            write!(writer, "{dim}trace{{{}-{}}}:{reset} ", span.trace_id(), span.span_id())?;
        }
        write!(writer, "{dim}{}{reset}{dim}:{reset} ", log_context::target(event))?;
        context.format_fields(writer.by_ref(), event)?;
        writer.write_char('\n')
    }
}

fn color(level: Level) -> &'static str {
    match level {
        Level::TRACE => PURPLE,
        Level::DEBUG => BLUE,
        Level::INFO => GREEN,
        Level::WARN => YELLOW,
        Level::ERROR => RED,
    }
}
