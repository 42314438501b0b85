//! The body of a listing: the first page, and what a task fetches while it is read.
//!
//! In: a [`Listing`] with its first page written. Out: an HTTP body. Must not know: how pages are fetched and written.
//!
//! ```text
//! Unasked ──first read: the task begins──► Coming ──page──► Coming ──end──► Ended
//!                                            └──failure, last words──► Breaking ──► Broken: the connection ends
//! ```

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;
use tracing::{Instrument as _, Span};

use super::Listing;

/// What the task tells the body.
#[derive(Debug)]
enum Told {
    Page(Bytes),
    End,
    /// There will be no more; perhaps some last words.
    Broken(Bytes),
}

/// Fetches while somebody wants it.
async fn produce(mut listing: Listing, to: mpsc::Sender<Told>) {
    while let Ok(room) = to.reserve().await {
        let next = tokio::select! {
            next = listing.next() => next,
            // What was sent to Odoo ends there; nothing more is sent.
            () = to.closed() => return,
        };
        match next {
            Ok(Some(page)) => room.send(Told::Page(page)),
            Ok(None) => return room.send(Told::End),
            Err(problem) => return room.send(Told::Broken(listing.broken(&problem))),
        }
    }
}

/// The body.
pub(super) struct Streamed {
    first: Option<Bytes>,
    rest: Rest,
}

enum Rest {
    /// Nobody reads yet; after a HEAD nobody ever does.
    Unasked(Box<Listing>, Span),
    Coming(mpsc::Receiver<Told>),
    /// All is said, and goes out before the connection breaks.
    Breaking,
    Broken,
    Ended,
}

/// Why a body ends without its end.
#[derive(Debug, thiserror::Error)]
#[error("the listing broke off")]
pub(super) struct BrokeOff;

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        self.ask();
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.rest {
            Rest::Coming(coming) => {
                // A task that ends without a word has panicked.
                let told = ready!(coming.poll_recv(cx)).unwrap_or(Told::Broken(Bytes::new()));
                self.tell(told, cx)
            }
            Rest::Breaking => {
                self.rest = Rest::Broken;
                cx.waker().wake_by_ref();
                // Who compresses passes on what he holds when nothing comes for a moment.
                Poll::Pending
            }
            Rest::Broken => Poll::Ready(Some(Err(BrokeOff))),
            Rest::Ended | Rest::Unasked(..) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && matches!(self.rest, Rest::Ended)
    }
}

impl Streamed {
    /// The first page, and whatever comes behind it.
    pub(super) fn of(first: Vec<u8>, rest: Listing) -> Self {
        Self { first: Some(first.into()), rest: Rest::Unasked(Box::new(rest), Span::current()) }
    }

    /// All there is.
    pub(super) fn whole(first: Vec<u8>) -> Self {
        Self { first: Some(first.into()), rest: Rest::Ended }
    }

    /// The first to read sets the task going.
    fn ask(&mut self) {
        if !matches!(self.rest, Rest::Unasked(..)) {
            return;
        }
        let (to, coming) = mpsc::channel(1);
        if let Rest::Unasked(listing, span) = std::mem::replace(&mut self.rest, Rest::Coming(coming)) {
            tokio::spawn(produce(*listing, to).instrument(span));
        }
    }

    fn tell(&mut self, told: Told, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let bytes = match told {
            Told::Page(bytes) => bytes,
            Told::End => {
                self.rest = Rest::Ended;
                return Poll::Ready(None);
            }
            Told::Broken(bytes) => {
                self.rest = Rest::Breaking;
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
