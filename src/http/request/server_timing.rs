//! The duration of each stage of a request.
//!
//! In: durations, added by the pipeline. Out: the `Server-Timing` header (W3C). Must not know: which stages exist.
//! 401 and 429 responses have no timing: it would reveal whether a login exists (F4).

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Extensions, HeaderName, HeaderValue, Response, StatusCode};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The stages of one request; in the request's extensions. Clones share the list.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct ServerTiming(Arc<Mutex<Vec<(&'static str, Duration)>>>);

impl ServerTiming {
    /// The stages in the extensions of a request. Without the middleware, what is added is dropped.
    #[must_use]
    pub(in crate::http) fn from_extensions(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Adds the duration of a stage; durations under the same name are summed. `name` is an RFC 9110 token.
    pub(in crate::http) fn add(&self, name: &'static str, elapsed: Duration) {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stages.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += elapsed,
            None => stages.push((name, elapsed)),
        }
    }

    /// Awaits a stage and adds its duration.
    pub(in crate::http) async fn time<T>(&self, name: &'static str, stage: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = stage.await;
        self.add(name, started.elapsed());
        result
    }

    /// Runs a synchronous stage and adds its duration.
    pub(in crate::http) fn run<T>(&self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = stage();
        self.add(name, started.elapsed());
        result
    }

    /// Sets the header, with the total at its end.
    pub(in crate::http) fn write_header<B>(&self, total: Duration, response: &mut Response<B>) {
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) {
            return;
        }
        if let Ok(value) = HeaderValue::try_from(self.header_value(total)) {
            response.headers_mut().insert(SERVER_TIMING, value);
        }
    }

    fn header_value(&self, total: Duration) -> String {
        let mut text = String::with_capacity(96);
        let stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, elapsed) in stages.iter().chain([&("total", total)]) {
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing to a string never fails.
            let _written = write!(text, "{separator}{name};dur={:.2}", elapsed.as_secs_f64() * 1e3);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_in_order_with_the_total_last() {
        let stages = ServerTiming::default();
        stages.add("parse", Duration::from_micros(120));
        stages.clone().add("odoo", Duration::from_millis(5));
        stages.add("odoo", Duration::from_millis(1));
        assert_eq!(stages.header_value(Duration::from_millis(7)), "parse;dur=0.12, odoo;dur=6.00, total;dur=7.00");
    }

    #[test]
    fn rejected_credentials_get_no_timing() {
        for (status, has_timing) in [(200, true), (404, true), (401, false), (429, false)] {
            let mut response = Response::builder().status(status).body(()).unwrap();
            ServerTiming::default().write_header(Duration::from_millis(1), &mut response);
            assert_eq!(response.headers().contains_key(SERVER_TIMING), has_timing, "{status}");
        }
    }
}
