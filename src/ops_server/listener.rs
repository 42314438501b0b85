//! Runs the listener for operators on its own thread, so that it responds while the API is busy.
//!
//! In: a bound listener, its service, the shutdown signal. Out: a thread with its own runtime. Must not know: the
//! endpoints. On the runtime of the API a probe would wait for requests that compute, and an orchestrator would
//! restart a gateway that is only busy.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::serve::{self, Handler, ServerSettings};
use crate::telemetry::metrics::Metrics;

/// Serves on a new thread until `shutdown` resolves. The receiver resolves when the thread has finished.
///
/// # Errors
/// Fails if the thread or its runtime cannot be created.
pub fn serve_on_thread(
    listener: TcpListener,
    handler: Handler,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
    metrics: Arc<Metrics>,
) -> io::Result<oneshot::Receiver<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, finished) = oneshot::channel();
    std::thread::Builder::new().name("operators".to_owned()).spawn(move || {
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(serve::run(listener, handler, settings, shutdown, metrics).await),
                Err(error) => tracing::error!(%error, "cannot serve the listener for operators"),
            }
        });
        // Sending fails if the receiver was dropped, which is not an error.
        let _ = done.send(());
    })?;
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;
    use crate::ops_server::{Health, handler};

    #[tokio::test]
    async fn operators_are_served_while_the_runtime_of_the_api_is_blocked() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = handler(Arc::new(Health::new()), metrics.clone());
        let shutdown = async { drop(stopped.await) };
        let finished = serve_on_thread(listener, handler, ServerSettings::for_tests(), shutdown, metrics).unwrap();
        // This blocks the only thread of the test's runtime until the response arrives.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("ok\n"), "{response}");
        stop.send(()).unwrap();
        finished.await.unwrap();
    }
}
