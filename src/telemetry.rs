//! Sets up logging. Metrics are in [`metrics`].
//!
//! In: a filter and a format. Out: structured lines on standard error, one per event. Must not know: requests,
//! routes, Odoo. The formatters escape text from clients, including ANSI sequences (H-07).

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogConfig, LogFormat};

pub mod metrics;
mod process;
pub mod text_format;

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
    /// Logging was initialized before.
    #[error("logging is already initialized")]
    AlreadyInitialized(#[from] TryInitError),
}

/// Initializes logging for the process.
///
/// # Errors
/// Fails if the filter is invalid or logging is already initialized.
pub fn init(settings: &LogConfig) -> Result<(), TelemetryError> {
    let on_terminal = std::io::stderr().is_terminal();
    let lines = lines(settings.format, on_terminal, std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter(&settings.filter)?)).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Logs a panic as an event, so that it is not plain text between JSON objects.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let at = panic.location().map(tracing::field::display);
    tracing::error!(at, text = panic.payload_as_str(), "panic");
}

fn filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder().parse(text).map_err(|cause| TelemetryError::Filter { filter: text.to_owned(), cause })
}

fn lines<W>(format: LogFormat, on_terminal: bool, to: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(to);
    match format {
        LogFormat::Text => layer.with_ansi(on_terminal).boxed(),
        LogFormat::Auto if on_terminal => layer.with_ansi(true).boxed(),
        LogFormat::Json | LogFormat::Auto => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

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
    fn an_invalid_filter_is_quoted() {
        assert!(filter("info,odoo_gateway=debug").is_ok());
        let error = filter("info,x=loud").unwrap_err().to_string();
        assert!(error.contains("\"info,x=loud\""), "{error}");
    }
}
