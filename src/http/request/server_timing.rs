//! How long each stage of a request took.
//!
//! In: durations, noted by the pipeline. Out: the `Server-Timing` header (W3C). Must not know: the stages.
//! Refusals that depend on a credential tell nothing: their time would say whether a login exists (F4).

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Extensions, HeaderName, HeaderValue, Response, StatusCode};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The stages of one request; in the request's extensions. Clones note into the same list.
#[derive(Debug, Clone, Default)]
pub struct Stages(Arc<Mutex<Vec<(&'static str, Duration)>>>);

impl Stages {
    /// The stages of the request with these extensions. Without the layer they are kept nowhere.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Notes one stage. `name` is an RFC 9110 token; noted again, the times add up.
    pub fn note(&self, name: &'static str, took: Duration) {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stages.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += took,
            None => stages.push((name, took)),
        }
    }

    /// Waits for one stage and notes it.
    pub async fn time<T>(&self, name: &'static str, stage: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = stage.await;
        self.note(name, began.elapsed());
        done
    }

    /// Runs one stage that waits for nothing and notes it.
    pub fn run<T>(&self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = stage();
        self.note(name, began.elapsed());
        done
    }

    /// Tells the caller, with the total.
    pub(in crate::http) fn tell<B>(&self, total: Duration, answer: &mut Response<B>) {
        if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) {
            return;
        }
        if let Ok(value) = HeaderValue::try_from(self.header(total)) {
            answer.headers_mut().insert(SERVER_TIMING, value);
        }
    }

    fn header(&self, total: Duration) -> String {
        let mut text = String::with_capacity(96);
        let stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, took) in stages.iter().chain([&("total", total)]) {
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing into a string does not fail.
            let _written = write!(text, "{separator}{name};dur={:.2}", took.as_secs_f64() * 1e3);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_in_order_with_the_total_last() {
        let stages = Stages::default();
        stages.note("parse", Duration::from_micros(120));
        stages.clone().note("odoo", Duration::from_millis(5));
        stages.note("odoo", Duration::from_millis(1));
        assert_eq!(stages.header(Duration::from_millis(7)), "parse;dur=0.12, odoo;dur=6.00, total;dur=7.00");
    }

    #[test]
    fn a_refused_credential_is_told_no_times() {
        for (status, told) in [(200, true), (404, true), (401, false), (429, false)] {
            let mut answer = Response::builder().status(status).body(()).unwrap();
            Stages::default().tell(Duration::from_millis(1), &mut answer);
            assert_eq!(answer.headers().contains_key(SERVER_TIMING), told, "{status}");
        }
    }
}
