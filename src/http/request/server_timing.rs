//! The duration of each stage of a request.
//!
//! In: durations, added by the pipeline. Out: the `Server-Timing` header (W3C); in a trace that is recorded, a span for
//! each stage. Must not know: which stages exist.
//! 401 and 429 responses have no timing: it would reveal whether a login exists (F4).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::telemetry::traces::{ActiveSpan, InSpan, SpanKind, in_span, start_child};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The stages of one request. Clones share the list.
#[derive(Debug, Clone)]
pub(in crate::http) struct ServerTiming(Arc<Mutex<Vec<(&'static str, Duration)>>>);

/// The number of stages that requests usually have, so that the list does not grow.
const USUAL_STAGES: usize = 8;

impl Default for ServerTiming {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Vec::with_capacity(USUAL_STAGES))))
    }
}

impl ServerTiming {
    /// Adds the duration of a stage; durations under the same name are summed. `name` is an RFC 9110 token.
    pub(in crate::http) fn add(&self, name: &'static str, elapsed: Duration) {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stages.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += elapsed,
            None => stages.push((name, elapsed)),
        }
    }

    /// Awaits a stage and adds its duration.
    pub(in crate::http) fn time<'t, F: Future>(
        &'t self,
        name: &'static str,
        stage: F,
    ) -> impl Future<Output = F::Output> + use<'t, F> {
        let span = start_child(SpanKind::Internal, || name.into());
        let stage = in_span(span.as_ref().map(ActiveSpan::current), stage);
        TimedStage { timing: self, name, started: None, span, stage }
    }

    /// Runs a synchronous stage and adds its duration.
    pub(in crate::http) fn run<T>(&self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let _span = start_child(SpanKind::Internal, || name.into());
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
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(name);
            text.push_str(";dur=");
            push_milliseconds(&mut text, *elapsed);
        }
        text
    }
}

/// Appends milliseconds with two digits after the point. Formatting a floating-point number takes several times as
/// long.
fn push_milliseconds(text: &mut String, elapsed: Duration) {
    let hundredths = elapsed.as_secs() * 100_000 + (u64::from(elapsed.subsec_nanos()) + 5_000) / 10_000;
    let mut digits = itoa::Buffer::new();
    text.push_str(digits.format(hundredths / 100));
    text.push_str(if hundredths % 100 < 10 { ".0" } else { "." });
    text.push_str(digits.format(hundredths % 100));
}

pin_project_lite::pin_project! {
    /// A stage whose duration is added when it ends. A future of its own, because an async function would contain the
    /// stage twice: as its argument and as what it awaits.
    struct TimedStage<'t, F> {
        timing: &'t ServerTiming,
        name: &'static str,
        started: Option<Instant>,
        span: Option<ActiveSpan>,
        #[pin]
        stage: InSpan<F>,
    }
}

impl<F: Future> Future for TimedStage<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let started = *this.started.get_or_insert_with(Instant::now);
        let output = ready!(this.stage.poll(cx));
        this.timing.add(this.name, started.elapsed());
        drop(this.span.take());
        Poll::Ready(output)
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
    fn durations_are_rounded_to_two_digits() {
        for (nanoseconds, expected) in [
            (0, "0.00"),
            (4_999, "0.00"),
            (5_001, "0.01"),
            (94_999, "0.09"),
            (999_999, "1.00"),
            (1_050_000, "1.05"),
            (150_000_000_000, "150000.00"),
        ] {
            let mut text = String::new();
            push_milliseconds(&mut text, Duration::from_nanos(nanoseconds));
            assert_eq!(text, expected);
            assert_eq!(text, format!("{:.2}", Duration::from_nanos(nanoseconds).as_secs_f64() * 1e3));
        }
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
