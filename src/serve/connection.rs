//! Serves one accepted connection from its first byte to its last.
//!
//! In: a socket, a handler, the shutdown signal. Out: why the connection ended, as a metric label. Must not know:
//! routes.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::OptionFuture;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant, Sleep, sleep, sleep_until, timeout};

use super::deadline::ConnectionState;
use super::exchange::{ConnectionService, Handler};
use super::settings::ServerSettings;
use super::shutdown::{ShutdownSignal, ShutdownStage};
use super::stream::{HttpProtocol, Stream};

/// Hyper's limit for the number of headers: more than the head scanner passes on.
const MAX_HEADERS: usize = 128;
/// Hyper's limit for an HTTP/1 head: more than the head scanner passes on (a target of 64 KiB and 48 KiB of headers).
const HEAD_BUFFER: usize = 128 * 1024;
/// Maximum number of concurrent requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// Maximum size of the decoded headers of one HTTP/2 request, including the target. It is larger than the limits for
/// requests, so that the rejection has a body; beyond it, HTTP/2 rejects without one.
const HEADER_LIST: u32 = 256 * 1024;
/// The interval of HTTP/2 pings, and the time for the response to one.
const PING: Duration = Duration::from_secs(20);

/// Serves one connection to its end. Returns the reason, a label of the metric `connections_ended`.
pub(super) async fn serve<S>(
    socket: S,
    address: SocketAddr,
    handler: Handler,
    settings: Arc<ServerSettings>,
    mut shutdown: ShutdownSignal,
) -> &'static str
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let state = Arc::new(ConnectionState::new(&settings, Instant::now()));
    let mut stream = Stream::new(socket, Arc::clone(&state));
    let protocol = match detect_protocol(&mut stream, &settings, &mut shutdown).await {
        Ok(protocol) => protocol,
        Err(outcome) => return outcome,
    };
    let service = ConnectionService { handler, address, state: Arc::clone(&state) };
    match protocol {
        HttpProtocol::Http1 => serve_http1(stream, service, &state, &settings, shutdown).await,
        HttpProtocol::Http2 => serve_http2(stream, service, &state, shutdown).await,
    }
}

/// Waits for the first bytes. A client that has just connected may still send them after the listener was closed.
///
/// # Errors
/// The reason why the connection ended.
async fn detect_protocol<S>(
    stream: &mut Stream<S>,
    settings: &ServerSettings,
    shutdown: &mut ShutdownSignal,
) -> Result<HttpProtocol, &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut detected = pin!(timeout(settings.first_byte, stream.detect_protocol()));
    let mut idle_grace = pin!(OptionFuture::from(None));
    loop {
        tokio::select! {
            biased;
            detected = detected.as_mut() => return match detected {
                Ok(Ok(Some(protocol))) => Ok(protocol),
                Ok(Ok(None)) => Err("done"),
                Ok(Err(_)) => Err("error"),
                Err(_) => Err("first_byte"),
            },
            stage = shutdown.changed() => match stage {
                ShutdownStage::Running | ShutdownStage::Leave => {}
                ShutdownStage::Drain => idle_grace.set(Some(sleep(settings.idle_grace)).into()),
                ShutdownStage::Abort => return Err("shutdown"),
            },
            Some(()) = idle_grace.as_mut() => return Err("shutdown"),
        }
    }
}

async fn serve_http1<S>(
    stream: Stream<S>,
    service: ConnectionService,
    state: &ConnectionState,
    settings: &ServerSettings,
    mut shutdown: ShutdownSignal,
) -> &'static str
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = http1::Builder::new()
        .max_buf_size(HEAD_BUFFER)
        .max_headers(MAX_HEADERS)
        // The connection state has the deadline for heads, because it distinguishes them from idle connections.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let mut timeout = pin!(ConnectionTimeout::new(state));
    let idle_time = |stage| (stage == ShutdownStage::Drain).then(|| sleep(settings.idle_grace));
    let mut idle_grace = pin!(OptionFuture::from(idle_time(shutdown.stage())));
    if shutdown.stage() != ShutdownStage::Running {
        state.start_draining();
    }
    let outcome = loop {
        tokio::select! {
            biased;
            result = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => break label(&result),
            kind = timeout.as_mut() => return kind,
            stage = shutdown.changed() => {
                if stage == ShutdownStage::Abort {
                    return "shutdown";
                }
                // A client that reuses the connection now gets a response with `Connection: close`.
                state.start_draining();
                idle_grace.set(idle_time(stage).into());
            }
            Some(()) = idle_grace.as_mut() => {
                if state.is_idle() {
                    return "shutdown";
                }
                if state.is_responding() {
                    Pin::new(&mut connection).graceful_shutdown();
                }
                idle_grace.set(None.into());
            }
        }
    };
    connection.into_parts().io.into_inner().close(settings.linger).await;
    outcome
}

async fn serve_http2<S>(
    stream: Stream<S>,
    service: ConnectionService,
    state: &ConnectionState,
    mut shutdown: ShutdownSignal,
) -> &'static str
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(HEADER_LIST)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut timeout = pin!(ConnectionTimeout::new(state));
    if shutdown.stage() == ShutdownStage::Drain {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            biased;
            result = connection.as_mut() => return label(&result),
            kind = timeout.as_mut() => return kind,
            stage = shutdown.changed() => match stage {
                // A client that opens a new connection could reach this gateway again.
                ShutdownStage::Running | ShutdownStage::Leave => {}
                ShutdownStage::Drain => connection.as_mut().graceful_shutdown(),
                ShutdownStage::Abort => return "shutdown",
            },
        }
    }
}

fn label(result: &hyper::Result<()>) -> &'static str {
    match result {
        Ok(()) => "done",
        Err(error) => {
            tracing::debug!(%error, "connection ended with an error");
            "error"
        }
    }
}

/// Resolves when the connection has timed out, with the label of the timeout. Every event wakes the task of the
/// connection and therefore this future, so one timer is sufficient: it is reset only for an earlier deadline.
struct ConnectionTimeout<'a> {
    state: &'a ConnectionState,
    timer: Pin<Box<Sleep>>,
}

impl<'a> ConnectionTimeout<'a> {
    fn new(state: &'a ConnectionState) -> Self {
        let first = state.deadline().map_or_else(Instant::now, |(at, _)| at);
        Self { state, timer: Box::pin(sleep_until(first)) }
    }
}

impl Future for ConnectionTimeout<'_> {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        while let Some((at, kind)) = self.state.deadline() {
            if at < self.timer.deadline() || self.timer.is_elapsed() {
                if at <= Instant::now() {
                    return Poll::Ready(kind.as_str());
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
