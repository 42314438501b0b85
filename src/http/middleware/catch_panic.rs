//! A panic below becomes an answer.
//!
//! In: a future. Out: its result, or the panic's text. Must not know: requests. No panic is meant to be
//! reachable from outside; should one be, it costs its request and no other.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What a panic said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Panicked(pub(super) String);

/// The future's result, unless it panics.
pub(super) async fn catch<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(Panicked(text(&*payload)))),
    })
    .await
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_passes_and_a_panic_is_told() {
        assert_eq!(catch(async { 1 }).await, Ok(1));
        let panicking = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "oops");
        };
        assert_eq!(catch(panicking).await, Err(Panicked("oops".to_owned())));
    }
}
