//! What the process says about itself: log lines here, numbers in [`metrics`].
//!
//! In: a filter and a format. Out: structured lines on standard error, one an event. Must not know: requests,
//! routes, Odoo. Text from outside is escaped by the formatters, ANSI sequences included (H-07).

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
    #[error("the log filter {filter:?} is not understood: {cause}")]
    Filter {
        /// As configured.
        filter: String,
        /// What the parser says.
        cause: ParseError,
    },
    /// Something in this process logs already.
    #[error("logging is set up already")]
    AlreadySetUp(#[from] TryInitError),
}

/// Sets up logging for the whole process. Once.
///
/// # Errors
/// [`TelemetryError`]: a filter that does not parse, or a second call.
pub fn init(settings: &LogConfig) -> Result<(), TelemetryError> {
    let on_terminal = std::io::stderr().is_terminal();
    let lines = lines(settings.format, on_terminal, std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter(&settings.filter)?)).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A panic is a log line like others, not text between JSON objects.
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
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(format: LogFormat, say: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::registry().with(lines(format, false, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_is_one_object_with_the_fields_at_the_top() {
        let line = said(LogFormat::Json, || tracing::info!(user = "a\nb\u{1b}[31m", "request"));
        assert_eq!(line.lines().count(), 1, "{line}");
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&object["message"], &object["user"]), (&"request".into(), &"a\nb\u{1b}[31m".into()));
    }

    #[test]
    fn escape_sequences_do_not_reach_a_text_log() {
        let line = said(LogFormat::Text, || tracing::info!("from outside: {}", "\u{1b}[31mred"));
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }

    #[test]
    fn a_filter_that_does_not_parse_is_quoted() {
        assert!(filter("info,odoo_gateway=debug").is_ok());
        let error = filter("info,x=loud").unwrap_err().to_string();
        assert!(error.contains("\"info,x=loud\""), "{error}");
    }
}
