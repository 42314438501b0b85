//! The body of an export: the first page, and the pages that a task fetches while the body is read.
//!
//! In: an [`ExportStream`] whose first page is written. Out: an HTTP body. Must not know: how pages are fetched and
//! written.
//!
//! ```text
//! NotStarted ──first read: spawn the task──► Running ──page──► Running ──end──► Complete
//!                                               └──error, last bytes──► Failing ──► Failed: the connection is aborted
//! ```

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

use super::ExportStream;
use crate::telemetry::log_context::LogContext;

/// What the task sends to the body.
#[derive(Debug)]
enum BodyEvent {
    Page(Bytes),
    End,
    /// The export failed; the last bytes, which may be empty.
    Failed(Bytes),
}

/// Fetches pages as long as the body exists.
async fn fetch_pages(mut export: ExportStream, sender: mpsc::Sender<BodyEvent>) {
    while let Ok(permit) = sender.reserve().await {
        let next = tokio::select! {
            next = export.next() => next,
            // A call that was sent to Odoo ends there by itself; no further call is sent.
            () = sender.closed() => return,
        };
        match next {
            Ok(Some(page)) => permit.send(BodyEvent::Page(page)),
            Ok(None) => return permit.send(BodyEvent::End),
            Err(problem) => return permit.send(BodyEvent::Failed(export.final_error(&problem))),
        }
    }
}

/// The body of an export.
pub(super) struct ExportBody {
    first: Option<Bytes>,
    rest: RemainingPages,
}

enum RemainingPages {
    /// The body was not read yet; after a HEAD it never is.
    NotStarted(Box<ExportStream>, LogContext),
    Running(mpsc::Receiver<BodyEvent>),
    /// The last bytes were returned and have to be sent before the connection is aborted.
    Failing,
    Failed,
    Complete,
}

/// Why a body ends early.
#[derive(Debug, thiserror::Error)]
#[error("the export failed")]
pub(super) struct StreamAborted;

impl http_body::Body for ExportBody {
    type Data = Bytes;
    type Error = StreamAborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamAborted>>> {
        self.start();
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.rest {
            RemainingPages::Running(receiver) => {
                // A task that ends without an event has panicked.
                let event = ready!(receiver.poll_recv(cx)).unwrap_or(BodyEvent::Failed(Bytes::new()));
                self.apply(event, cx)
            }
            RemainingPages::Failing => {
                self.rest = RemainingPages::Failed;
                cx.waker().wake_by_ref();
                // The compression layer flushes its buffer when the body is pending.
                Poll::Pending
            }
            RemainingPages::Failed => Poll::Ready(Some(Err(StreamAborted))),
            RemainingPages::Complete | RemainingPages::NotStarted(..) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && matches!(self.rest, RemainingPages::Complete)
    }
}

impl ExportBody {
    /// The first page, and the pages after it.
    pub(super) fn new(first: Vec<u8>, rest: ExportStream) -> Self {
        Self { first: Some(first.into()), rest: RemainingPages::NotStarted(Box::new(rest), LogContext::current()) }
    }

    /// A body of a single page.
    pub(super) fn complete(first: Vec<u8>) -> Self {
        Self { first: Some(first.into()), rest: RemainingPages::Complete }
    }

    /// The first read spawns the task.
    fn start(&mut self) {
        if !matches!(self.rest, RemainingPages::NotStarted(..)) {
            return;
        }
        let (sender, receiver) = mpsc::channel(1);
        let running = RemainingPages::Running(receiver);
        if let RemainingPages::NotStarted(export, context) = std::mem::replace(&mut self.rest, running) {
            tokio::spawn(context.attach_to(fetch_pages(*export, sender)));
        }
    }

    fn apply(&mut self, event: BodyEvent, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamAborted>>> {
        let bytes = match event {
            BodyEvent::Page(bytes) => bytes,
            BodyEvent::End => {
                self.rest = RemainingPages::Complete;
                return Poll::Ready(None);
            }
            BodyEvent::Failed(bytes) => {
                self.rest = RemainingPages::Failing;
                bytes
            }
        };
        if bytes.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
