//! A thread of their own for those who watch: they are answered whatever the API does.
//!
//! In: a bound listener, what it serves, a word to stop. Out: a thread with a runtime of its own. Must not know: what is
//! asked. On the runtime of the API a probe would wait behind every request that computes, and a supervisor would kill a
//! gateway that is only busy.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::serve::{self, EdgeSettings, Handler};
use crate::telemetry::metrics::Metrics;

/// Serves until `shutdown` and tells when it is over.
///
/// # Errors
/// When the system has no thread or no runtime for it.
pub fn serve_aside(
    listener: TcpListener,
    handler: Handler,
    settings: EdgeSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
    metrics: Arc<Metrics>,
) -> io::Result<oneshot::Receiver<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (tell, over) = oneshot::channel();
    std::thread::Builder::new().name("operators".to_owned()).spawn(move || {
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(serve::run(listener, handler, settings, shutdown, metrics).await),
                Err(error) => tracing::error!(%error, "operators cannot be answered"),
            }
        });
        // Whoever no longer waits for the end does not miss it.
        let _ = tell.send(());
    })?;
    Ok(over)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;
    use crate::ops::{Health, handler};

    #[tokio::test]
    async fn operators_are_answered_while_the_runtime_of_the_api_is_stuck() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = handler(Arc::new(Health::new()), metrics.clone());
        let shutdown = async { drop(stopped.await) };
        let over = serve_aside(listener, handler, EdgeSettings::default(), shutdown, metrics).unwrap();
        // This blocks the one thread of the test's runtime until the answer is there.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
        stop.send(()).unwrap();
        over.await.unwrap();
    }
}
