//! Catches panics of handlers.
//!
//! In: a future. Out: its result, or the message of its panic. Must not know: requests. No input should ever cause a
//! panic; if one does, it fails its own request and no other.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The message of a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PanicMessage(pub(super) String);

/// The result of the future.
///
/// # Errors
/// The message of the panic, if the future panics.
pub(super) async fn catch<T>(future: impl Future<Output = T>) -> Result<T, PanicMessage> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(PanicMessage(message(&*payload)))),
    })
    .await
}

fn message(payload: &(dyn Any + Send)) -> String {
    let message =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_is_returned_and_a_panic_becomes_its_message() {
        assert_eq!(catch(async { 1 }).await, Ok(1));
        let panicking = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "oops");
        };
        assert_eq!(catch(panicking).await, Err(PanicMessage("oops".to_owned())));
    }
}
