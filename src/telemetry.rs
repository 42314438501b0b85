//! Sets up logging. Metrics are in [`metrics`], distributed traces in [`traces`].
//!
//! In: a filter and a format. Out: structured lines on standard error, one per event. Must not know: requests,
//! routes, Odoo. The formatters escape text from clients, including ANSI sequences (H-07).
//!
//! ```text
//! event ──► json_lines, text_lines (+ log_context) ──► log_writer ──► standard error
//! ```

use std::io::{self, IsTerminal};
use std::time::Duration;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt, reload};

use self::json_lines::JsonLines;
use self::log_filter::LogFilter;
use self::log_writer::LogWriter;
use self::text_lines::TextLines;
use crate::config::{LogConfig, LogFormat};

mod json_lines;
pub mod log_context;
pub mod log_filter;
pub mod log_writer;
pub mod metrics;
pub mod odoo_call_metrics;
mod process;
pub mod text_format;
mod text_lines;
mod timestamp;
pub mod traces;

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("the log filter {filter:?} is invalid: {cause}")]
    Filter {
        /// The configured filter.
        filter: String,
        /// The error of the parser.
        cause: ParseError,
    },
    /// The change of the filter could not be seen in the log.
    #[error("the log filter {filter:?} hides warnings of the gateway: add odoo_gateway=warn or a lower level")]
    HidesWarnings {
        /// The filter.
        filter: String,
    },
    /// The filter cannot be replaced.
    #[error("the log filter cannot be replaced: {0}")]
    Reload(reload::Error),
    /// Logging was initialized before.
    #[error("logging is already initialized")]
    AlreadyInitialized(#[from] TryInitError),
    /// The thread that writes the log cannot be started.
    #[error("the log cannot be written: {0}")]
    Thread(#[from] io::Error),
}

/// How long the end of the process waits for the log, if standard error accepts no more bytes.
const FLUSH_AT_END: Duration = Duration::from_secs(5);
/// How long a panic waits for the log: the process may end without running destructors.
const FLUSH_AT_PANIC: Duration = Duration::from_millis(200);

/// Writes the rest of the log when it is dropped, at the end of the process.
#[derive(Debug)]
#[must_use = "the log is flushed when this is dropped"]
pub struct LogGuard(LogWriter);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.flush(FLUSH_AT_END);
    }
}

/// The target of the log lines that are also rows of the audit log.
const AUDIT: &str = "odoo_gateway::audit";

/// As [`init`], for a command that prints its result. On a terminal its output would be between log lines that say the
/// same, so the lines of the audit log are left out, unless the filter names their target. The rows are written as
/// always.
///
/// # Errors
/// As [`init`].
pub fn init_for_command(settings: &LogConfig) -> Result<LogGuard, TelemetryError> {
    let filter = command_filter(&settings.filter, io::stderr().is_terminal());
    init(&LogConfig { filter, ..settings.clone() })
}

fn command_filter(configured: &str, on_terminal: bool) -> String {
    if on_terminal && !configured.contains(AUDIT) {
        format!("{configured},{AUDIT}=warn")
    } else {
        configured.to_owned()
    }
}

/// Initializes logging for the process.
///
/// # Errors
/// Fails if the filter is invalid or logging is already initialized.
pub fn init(settings: &LogConfig) -> Result<LogGuard, TelemetryError> {
    let ((filter, filter_layer), on_terminal) = (LogFilter::new(&settings.filter)?, io::stderr().is_terminal());
    let writer = LogWriter::start(io::stderr())?;
    let lines = lines(settings.format, on_terminal, writer.clone());
    tracing_subscriber::registry().with(lines.with_filter(filter_layer)).try_init()?;
    filter.install();
    let panics = writer.clone();
    std::panic::set_hook(Box::new(move |panic| {
        log_panic(panic);
        panics.flush(FLUSH_AT_PANIC);
    }));
    Ok(LogGuard(writer))
}

/// Logs a panic as an event, so that it is not plain text between JSON objects.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let at = panic.location().map(tracing::field::display);
    tracing::error!(at, text = panic.payload_as_str(), "panic");
}

fn lines<W>(format: LogFormat, on_terminal: bool, to: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(to);
    match format {
        LogFormat::Text => layer.with_ansi(on_terminal).event_format(TextLines).boxed(),
        LogFormat::Auto if on_terminal => layer.with_ansi(true).event_format(TextLines).boxed(),
        LogFormat::Json | LogFormat::Auto => layer.event_format(JsonLines).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt as _;

    use super::log_context::LogContext;
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::registry().with(lines(format, false, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// What `tracing-subscriber` writes for an event within the span of a request, and what is written here.
    fn expected_and_written(format: LogFormat, has_colors: bool, log: impl Fn()) -> [String; 2] {
        let buffers = [Buffer::default(), Buffer::default()];
        let [expected, written] = buffers.clone().map(|buffer| move || buffer.clone());
        let reference = fmt::layer().with_writer(expected).with_ansi(has_colors);
        let reference: Box<dyn Layer<Registry> + Send + Sync> = match format {
            LogFormat::Json => reference.json().flatten_event(true).with_span_list(false).boxed(),
            _ => reference.boxed(),
        };
        let subscriber = tracing_subscriber::registry().with(vec![reference, lines(format, has_colors, written)]);
        tracing::subscriber::with_default(subscriber, || {
            log();
            let in_span = async { tracing::error_span!("request", request_id = "r-1").in_scope(&log) };
            LogContext::of_request("r-1".into()).attach_to(in_span).now_or_never().unwrap();
        });
        buffers.map(|buffer| {
            let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
            text.lines().map(without_time).collect::<Vec<_>>().join("\n")
        })
    }

    /// The line after its time, which ends with the first `Z`.
    fn without_time(line: &str) -> &str {
        line.split_once('Z').unwrap().1
    }

    fn log_values_of_all_types() {
        let error = std::io::Error::other("no \"luck\"");
        tracing::info!(
            target: "odoo_gateway::request", text = "a\nb\u{1b}[31m\"\\é", route = None::<&str>, status = 200_u16,
            whole = 12.0, ms = 0.1234, large = 1e300, small = -1e-7, nan = f64::NAN, low = i64::MIN, high = u64::MAX,
            wide = u128::MAX, complete = true, peer = Some(tracing::field::display("a\tb")), "request"
        );
        tracing::warn!(error = &error as &dyn std::error::Error, list = ?["x"], %error, "text {}", "\"quoted\"");
        tracing::error!("");
        tracing::debug!(without = "message");
    }

    #[test]
    fn events_of_the_log_crate_have_the_target_of_their_library() {
        let log = || tracing::info!(target: "log", { log.target = "rustls::client" }, "text");
        let [json, text] = [LogFormat::Json, LogFormat::Text].map(|format| logged(format, log));
        assert!(json.ends_with("\"target\":\"rustls::client\"}\n"), "{json}");
        assert!(text.ends_with(" rustls::client: text\n"), "{text}");
    }

    #[test]
    fn json_lines_are_those_of_tracing_subscriber() {
        let [expected, written] = expected_and_written(LogFormat::Json, false, log_values_of_all_types);
        assert_eq!(written, expected);
        assert!(written.ends_with(r#""span":{"request_id":"r-1","name":"request"}}"#), "{written}");
    }

    #[test]
    fn text_lines_are_those_of_tracing_subscriber() {
        for has_colors in [false, true] {
            let log = || {
                tracing::info!(user = "a\nb\u{1b}[31m", ms = 1.5, "request");
                tracing::trace!(n = 1, "t");
                tracing::debug!("d");
                tracing::warn!("w");
                tracing::error!("e");
            };
            let [expected, written] = expected_and_written(LogFormat::Text, has_colors, log);
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn a_json_line_is_one_object_with_fields_at_the_top_level() {
        let line = logged(LogFormat::Json, || tracing::info!(user = "a\nb\u{1b}[31m", "request"));
        assert_eq!(line.lines().count(), 1, "{line}");
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&object["message"], &object["user"]), (&"request".into(), &"a\nb\u{1b}[31m".into()));
    }

    #[test]
    fn escape_sequences_are_not_written_to_a_text_log() {
        let line = logged(LogFormat::Text, || tracing::info!("from a client: {}", "\u{1b}[31mred"));
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }

    #[test]
    fn events_of_the_audit_log_are_left_out_on_a_terminal_unless_the_filter_names_them() {
        assert_eq!(command_filter("info", true), "info,odoo_gateway::audit=warn");
        for (filter, on_terminal) in [("info", false), ("warn,odoo_gateway::audit=info", true)] {
            assert_eq!(command_filter(filter, on_terminal), filter);
        }
        assert!(LogFilter::new(&command_filter("", true)).is_ok());
    }

    #[test]
    fn an_invalid_filter_is_quoted() {
        assert!(LogFilter::new("info,odoo_gateway=debug").is_ok());
        let error = LogFilter::new("info,x=loud").unwrap_err().to_string();
        assert!(error.contains("\"info,x=loud\""), "{error}");
    }
}
