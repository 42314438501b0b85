//! The books of a request: one log line and its metrics, written when the last byte of the answer is out of the
//! gateway's hands, however the request ends.
//!
//! In: the request's beginning, its answer. Out: an event, counters. Must not know: what is asked.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::http::request::request_id::RequestId;
use crate::http::request::request_log::RequestLog;
use crate::serve::{ArrivedAt, ClientAddress};
use crate::telemetry::metrics::{Metrics, RequestLabels};

/// A request that is being answered. Dropped, it writes the books.
#[derive(Debug)]
pub(super) struct Account {
    began: Instant,
    method: &'static str,
    id: RequestId,
    client: Option<ClientAddress>,
    log: RequestLog,
    metrics: Arc<Metrics>,
    status: Option<StatusCode>,
    bytes: u64,
    complete: bool,
}

/// What is logged for a caller who left before there was an answer, as nginx does.
const CLIENT_LEFT: u16 = 499;

impl Account {
    pub(super) fn open<B>(request: &Request<B>, id: RequestId, log: RequestLog, metrics: Arc<Metrics>) -> Self {
        metrics.requests_in_flight.inc();
        let extensions = request.extensions();
        let began = extensions.get().map_or_else(Instant::now, |ArrivedAt(at)| *at);
        let (method, client) = (method_word(request.method()), extensions.get().copied());
        Self { began, method, id, client, log, metrics, status: None, bytes: 0, complete: false }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// The answer has begun; the account closes with its body.
    pub(super) fn close_with(mut self, answer: Response<Body>) -> Response<Body> {
        self.status = Some(answer.status());
        answer.map(|body| {
            self.complete = http_body::Body::is_end_stream(&body);
            Body::new(Accounted { body, account: self })
        })
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let noted = self.log.take();
        let status = self.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        tracing::info!(
            target: "odoo_gateway::request",
            request_id = self.id.as_str(),
            method = self.method,
            route = noted.route.as_deref(),
            status,
            ms = took.as_secs_f64() * 1e3,
            bytes = self.bytes,
            complete = self.complete,
            peer = self.client.map(|ClientAddress(address)| tracing::field::display(address.ip().to_canonical())),
            database = noted.database,
            user = noted.user,
            credential = noted.credential,
            code = noted.code,
            odoo_ms = (noted.odoo_calls > 0).then_some(noted.odoo.as_secs_f64() * 1e3),
            odoo_calls = (noted.odoo_calls > 0).then_some(noted.odoo_calls),
            "request"
        );
        let route = noted.route.unwrap_or_else(|| "unmatched".to_owned());
        let labels = RequestLabels { method: self.method, route, status };
        self.metrics.request_answered(&labels, took);
        self.metrics.requests_in_flight.dec();
    }
}

/// One of few words, whatever token the caller invents.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The body of an answer, counted.
#[derive(Debug)]
struct Accounted {
    body: Body,
    account: Account,
}

impl http_body::Body for Accounted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.account.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.account.complete = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.account.complete = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::http::request::request_id::RequestIds;

    fn open(method: &str) -> (Account, RequestLog, Arc<Metrics>) {
        let request = Request::builder().method(method).uri("/secret?token=secret").body(()).unwrap();
        let (log, metrics) = (RequestLog::default(), Arc::new(Metrics::new()));
        let id = RequestIds::default().assign(request.headers());
        (Account::open(&request, id, log.clone(), Arc::clone(&metrics)), log, metrics)
    }

    fn counted(metrics: &Metrics, method: &'static str, route: &str, status: u16) -> u64 {
        metrics.requests.get_or_create(&RequestLabels { method, route: route.to_owned(), status }).get()
    }

    #[tokio::test]
    async fn the_books_are_written_when_the_body_is_out() {
        let (account, log, metrics) = open("GET");
        log.route("/x/{id}");
        let answer = account.close_with(Response::new(Body::from("hello")));
        assert_eq!(metrics.requests_in_flight.get(), 1);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
        assert_eq!((counted(&metrics, "GET", "/x/{id}", 200), metrics.requests_in_flight.get()), (1, 0));
    }

    #[test]
    fn a_caller_who_left_is_counted_too() {
        let (account, _, metrics) = open("BREW");
        drop(account);
        assert_eq!((counted(&metrics, "other", "unmatched", 499), metrics.requests_in_flight.get()), (1, 0));
    }
}
