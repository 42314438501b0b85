//! One accepted connection, from its first byte to its last.
//!
//! In: a socket, a handler, the signal to stop. Out: why it ended. Must not know: routes.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::OptionFuture;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, Sleep, sleep, sleep_until, timeout};

use super::deadline::Watch;
use super::exchange::{Exchanges, Handler};
use super::settings::EdgeSettings;
use super::shutdown::{Stop, StopSignal};
use super::stream::{Protocol, Stream};

/// More than the scanner of heads lets pass.
const HEADERS: usize = 128;
/// More than the scanner of heads lets pass: a target of 64 KiB and 48 KiB of headers.
const HEAD_BUFFER: usize = 128 * 1024;
/// Exchanges at a time on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// Decoded headers of one HTTP/2 request, target included: more than the edge takes on either protocol, so that the
/// refusal has a body; beyond, the protocol refuses without one.
const HEADER_LIST: u32 = 256 * 1024;
/// How often an HTTP/2 peer is asked whether it lives, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// Serves one connection to its end; the word says why it ended.
pub(super) async fn serve(
    socket: TcpStream,
    address: SocketAddr,
    handler: Handler,
    settings: Arc<EdgeSettings>,
    mut stop: StopSignal,
) -> &'static str {
    let watch = Arc::new(Watch::new(&settings, Instant::now()));
    let mut stream = Stream::new(socket, Arc::clone(&watch));
    let protocol = tokio::select! {
        biased;
        sniffed = timeout(settings.first_byte, stream.sniff()) => match sniffed {
            Ok(Ok(Some(protocol))) => protocol,
            Ok(Ok(None)) => return "done",
            Ok(Err(_)) => return "error",
            Err(_) => return "first_byte",
        },
        _ = stop.changed() => return "shutdown",
    };
    let exchanges = Exchanges { handler, address, watch: Arc::clone(&watch) };
    match protocol {
        Protocol::Http1 => serve_http1(stream, exchanges, &watch, &settings, stop).await,
        Protocol::Http2 => serve_http2(stream, exchanges, &watch, stop).await,
    }
}

async fn serve_http1(
    stream: Stream,
    exchanges: Exchanges,
    watch: &Watch,
    settings: &EdgeSettings,
    mut stop: StopSignal,
) -> &'static str {
    let mut connection = http1::Builder::new()
        .max_buf_size(HEAD_BUFFER)
        .max_headers(HEADERS)
        // Heads have their deadline in the watch, which knows them apart from idle connections.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), exchanges);
    let mut overdue = pin!(OverdueTimer::new(watch));
    let mut farewell = pin!(OptionFuture::from(None));
    let ended = loop {
        tokio::select! {
            biased;
            ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => break word(&ended),
            why = overdue.as_mut() => return why,
            stage = stop.changed() => {
                if stage == Stop::Now {
                    return "shutdown";
                }
                // A client that uses the connection again finds it open, and is told to take another one.
                watch.drain();
                farewell.set(Some(sleep(settings.farewell)).into());
            }
            Some(()) = farewell.as_mut() => {
                if watch.is_idle() {
                    return "shutdown";
                }
                if watch.is_answering() {
                    Pin::new(&mut connection).graceful_shutdown();
                }
                farewell.set(None.into());
            }
        }
    };
    connection.into_parts().io.into_inner().close(settings.linger).await;
    ended
}

async fn serve_http2(stream: Stream, exchanges: Exchanges, watch: &Watch, mut stop: StopSignal) -> &'static str {
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADER_LIST)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .serve_connection(TokioIo::new(stream), exchanges)
    );
    let mut overdue = pin!(OverdueTimer::new(watch));
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return word(&ended),
            why = overdue.as_mut() => return why,
            stage = stop.changed() => {
                if stage == Stop::Now {
                    return "shutdown";
                }
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn word(ended: &hyper::Result<()>) -> &'static str {
    match ended {
        Ok(()) => "done",
        Err(error) => {
            tracing::debug!(%error, "connection ended with an error");
            "error"
        }
    }
}

/// Ready when the watch says that the connection is overdue. Every event wakes the connection's task and with
/// it this future, so one timer is enough: it is set anew only for a deadline that comes sooner.
struct OverdueTimer<'a> {
    watch: &'a Watch,
    timer: Pin<Box<Sleep>>,
}

impl<'a> OverdueTimer<'a> {
    fn new(watch: &'a Watch) -> Self {
        let first = watch.deadline().map_or_else(Instant::now, |(at, _)| at);
        Self { watch, timer: Box::pin(sleep_until(first)) }
    }
}

impl Future for OverdueTimer<'_> {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        while let Some((at, why)) = self.watch.deadline() {
            if at < self.timer.deadline() || self.timer.is_elapsed() {
                if at <= Instant::now() {
                    return Poll::Ready(why.as_str());
                }
                self.timer.as_mut().reset(at);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                break;
            }
        }
        Poll::Pending
    }
}
