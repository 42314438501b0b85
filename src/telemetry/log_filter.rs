//! Which events are logged, and how that changes while the gateway runs.
//!
//! In: filters in the syntax of `tracing-subscriber`. Out: the filter in effect. Must not know: who changes it.
//!
//! ```text
//! configured   from the start, or from a reloaded configuration
//! temporary    replaces the configured filter for a while, so that a forgotten `trace` does not fill a disk
//! ```

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::Level;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Registry, reload};

use super::TelemetryError;

/// The filter of this process; set when logging is initialized.
static INSTALLED: OnceLock<LogFilter> = OnceLock::new();

/// The filter of the log; clones share it.
#[derive(Debug, Clone)]
pub struct LogFilter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    handle: reload::Handle<EnvFilter, Registry>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    configured: String,
    temporary: Option<Temporary>,
    /// Distinguishes temporary filters: the end of one must not end its successor.
    changes: u64,
}

#[derive(Debug)]
struct Temporary {
    filter: String,
    until: Instant,
    /// The task that waits for the end.
    end: AbortHandle,
}

impl Drop for Temporary {
    /// The task would wait up to a day for nothing.
    fn drop(&mut self) {
        self.end.abort();
    }
}

/// What is in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilterState {
    /// The filter in effect.
    pub filter: String,
    /// The configured filter.
    pub configured: String,
    /// When the configured filter is in effect again; `None` if it is.
    pub reset_in: Option<Duration>,
}

/// Parses a filter. Regular expressions for values of fields are not supported: they would be matched for each event.
pub(super) fn parse(text: &str) -> Result<EnvFilter, TelemetryError> {
    let parsed = EnvFilter::builder().with_regex(false).parse(text);
    parsed.map_err(|cause| TelemetryError::Filter { filter: text.to_owned(), cause })
}

/// Whether warnings of the gateway pass a filter. The change of a filter is one of them.
fn shows_warnings(filter: EnvFilter) -> bool {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(filter), || {
        tracing::enabled!(target: "odoo_gateway", Level::WARN) && tracing::enabled!(Level::WARN)
    })
}

impl LogFilter {
    /// The filter `configured`, and the layer that applies it.
    pub(super) fn new(configured: &str) -> Result<(Self, reload::Layer<EnvFilter, Registry>), TelemetryError> {
        let (layer, handle) = reload::Layer::new(parse(configured)?);
        let state = Mutex::new(State { configured: configured.to_owned(), temporary: None, changes: 0 });
        Ok((Self(Arc::new(Shared { handle, state })), layer))
    }

    /// A filter of its own that no events pass.
    #[cfg(test)]
    pub(crate) fn for_tests(configured: &str) -> Self {
        let (filter, layer) = Self::new(configured).unwrap();
        // Reloading fails without the layer.
        std::mem::forget(layer);
        filter
    }

    /// Makes this the filter of the process.
    pub(super) fn install(&self) {
        // Logging is initialized once, so there is no other.
        let _ = INSTALLED.set(self.clone());
    }

    /// The filter of this process; `None` before logging is initialized.
    #[must_use]
    pub fn installed() -> Option<Self> {
        INSTALLED.get().cloned()
    }

    /// Replaces the configured filter, and ends a temporary one.
    ///
    /// # Errors
    /// If the filter is invalid; then nothing changes.
    pub fn set_configured(&self, text: &str) -> Result<(), TelemetryError> {
        let filter = parse(text)?;
        let mut state = self.state();
        if state.configured != text || state.temporary.is_some() {
            // Before the change and as a warning, because the new filter may hide it, and no temporary one does.
            tracing::warn!(filter = text, "the log filter has changed");
        }
        self.apply(filter)?;
        text.clone_into(&mut state.configured);
        state.temporary = None;
        state.changes += 1;
        Ok(())
    }

    /// Replaces the filter in effect for this time. Must be called on a runtime.
    ///
    /// # Errors
    /// If the filter is invalid, or hides warnings of the gateway; then nothing changes.
    pub fn set_temporarily(&self, text: &str, time: Duration) -> Result<(), TelemetryError> {
        let new = parse(text)?;
        if !shows_warnings(parse(text)?) {
            return Err(TelemetryError::HidesWarnings { filter: text.to_owned() });
        }
        let mut state = self.state();
        self.apply(new)?;
        state.changes += 1;
        let (change, filter) = (state.changes, self.clone());
        let end = tokio::spawn(async move {
            tokio::time::sleep(time).await;
            filter.reset_after(change);
        });
        let (until, end) = (Instant::now() + time, end.abort_handle());
        state.temporary = Some(Temporary { filter: text.to_owned(), until, end });
        drop(state);
        // After the change: the filter before may hide it, the new one does not.
        tracing::warn!(filter = text, seconds = time.as_secs(), "the log filter has changed for a while");
        Ok(())
    }

    /// Ends a temporary filter.
    pub fn reset(&self) {
        self.reset_if(|_| true);
    }

    /// What is in effect.
    #[must_use]
    pub fn current(&self) -> LogFilterState {
        let state = self.state();
        let temporary = state.temporary.as_ref();
        LogFilterState {
            filter: temporary.map_or(&state.configured, |temporary| &temporary.filter).clone(),
            configured: state.configured.clone(),
            reset_in: temporary.map(|temporary| temporary.until.saturating_duration_since(Instant::now())),
        }
    }

    /// Ends the temporary filter that this change has set.
    fn reset_after(&self, change: u64) {
        self.reset_if(|state| state.changes == change);
    }

    fn reset_if(&self, is_due: impl FnOnce(&State) -> bool) {
        let mut state = self.state();
        if state.temporary.is_none() || !is_due(&state) {
            return;
        }
        state.temporary = None;
        state.changes += 1;
        let configured = state.configured.clone();
        let applied = parse(&configured).and_then(|filter| self.apply(filter));
        drop(state);
        match applied {
            Ok(()) => tracing::info!(filter = configured, "the configured log filter is in effect again"),
            Err(error) => tracing::error!(%error, "the configured log filter cannot be restored"),
        }
    }

    fn apply(&self, filter: EnvFilter) -> Result<(), TelemetryError> {
        self.0.handle.reload(filter).map_err(TelemetryError::Reload)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Layer as _, fmt};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A filter that is in effect for the current thread.
    fn filter_in_effect(configured: &str) -> (LogFilter, tracing::subscriber::DefaultGuard) {
        let (filter, layer) = LogFilter::new(configured).unwrap();
        let lines = fmt::layer().with_writer(std::io::sink).with_filter(layer);
        (filter, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines)))
    }

    fn is_debug_logged() -> bool {
        tracing::enabled!(target: "odoo_gateway::test_of_the_filter", tracing::Level::DEBUG)
    }

    #[tokio::test(start_paused = true)]
    async fn temporary_filter_ends_by_itself() {
        let (filter, _guard) = filter_in_effect("info");
        assert!(!is_debug_logged());
        filter.set_temporarily("debug", MINUTE).unwrap();
        let state = filter.current();
        assert_eq!((state.filter.as_str(), state.configured.as_str(), state.reset_in), ("debug", "info", Some(MINUTE)));
        assert!(is_debug_logged());
        tokio::time::sleep(MINUTE + Duration::from_millis(1)).await;
        assert!(!is_debug_logged());
        assert_eq!(filter.current().reset_in, None);
    }

    #[tokio::test(start_paused = true)]
    async fn end_of_a_temporary_filter_does_not_end_its_successor() {
        let (filter, _guard) = filter_in_effect("info");
        filter.set_temporarily("debug", MINUTE).unwrap();
        filter.set_temporarily("info,odoo_gateway=debug", 3 * MINUTE).unwrap();
        tokio::time::sleep(2 * MINUTE).await;
        assert!(is_debug_logged());
        filter.reset();
        assert!(!is_debug_logged());
        filter.set_configured("debug").unwrap();
        tokio::time::sleep(2 * MINUTE).await;
        assert!(is_debug_logged(), "the configured filter stays");
    }

    #[tokio::test(start_paused = true)]
    async fn equal_configured_filter_ends_a_temporary_one_and_its_task() {
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let (filter, _guard) = filter_in_effect("info");
        filter.set_temporarily("debug", MINUTE).unwrap();
        filter.set_temporarily("info,odoo_gateway=debug", MINUTE).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(tasks(), 1);
        filter.set_configured("info").unwrap();
        assert!(!is_debug_logged());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!((tasks(), filter.current().reset_in), (0, None));
    }

    #[tokio::test]
    async fn temporary_filter_cannot_hide_warnings_of_the_gateway() {
        let (filter, _guard) = filter_in_effect("info");
        let own = concat!("info,", module_path!(), "=off").replace("::tests", "");
        for hidden in ["off", "error", "hyper=debug", "info,odoo_gateway=error", own.as_str()] {
            let error = filter.set_temporarily(hidden, MINUTE).unwrap_err().to_string();
            assert!(error.contains("odoo_gateway=warn"), "{hidden}: {error}");
            assert_eq!(filter.current().reset_in, None);
        }
        for shown in ["warn", "off,odoo_gateway=warn", "info,hyper=off"] {
            filter.set_temporarily(shown, MINUTE).unwrap();
        }
    }

    #[tokio::test]
    async fn invalid_filter_changes_nothing() {
        let (filter, _guard) = filter_in_effect("info");
        let before = filter.current();
        assert!(filter.set_temporarily("info,x=loud", MINUTE).is_err());
        assert!(filter.set_configured("info,x=loud").is_err());
        assert_eq!(filter.current(), before);
        assert!(!is_debug_logged());
    }
}
