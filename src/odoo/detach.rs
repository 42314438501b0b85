//! A future that runs to its end, even if nobody waits for it any more.
//!
//! In: a future. Out: the same, which moves to a task of its own when it is dropped half done. Must not know: what it
//! does. As long as somebody waits it runs where it is waited for: a task of its own from the start may wake another
//! thread to begin and again to tell that it is done.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// See the module. A future that was never polled is not begun by the drop.
pub(super) struct ToTheEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    waiting: Option<Pin<Box<F>>>,
    begun: bool,
}

/// `work`, to its end.
pub(super) fn to_the_end<F>(work: F) -> ToTheEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    ToTheEnd { waiting: Some(Box::pin(work)), begun: false }
}

impl<F> Future for ToTheEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.begun = true;
        // Taken out, so that work that panics is not gone on with.
        let Some(mut work) = self.waiting.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.waiting = Some(work);
        }
        polled
    }
}

impl<F> Drop for ToTheEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        let left = self.waiting.take().filter(|_| self.begun);
        // Without a runtime everything ends.
        if let (Some(work), Ok(runtime)) = (left, Handle::try_current()) {
            runtime.spawn(async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    fn work(done: &Arc<AtomicBool>) -> ToTheEnd<impl Future<Output = u8> + Send + use<>> {
        let done = done.clone();
        to_the_end(async move {
            sleep(Duration::from_secs(2)).await;
            done.store(true, Ordering::Relaxed);
            7
        })
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_the_result() {
        assert_eq!(work(&Arc::default()).await, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_was_begun_is_finished_and_other_work_is_not_begun() {
        let (begun, other) = (Arc::default(), Arc::default());
        assert!(timeout(Duration::from_secs(1), work(&begun)).await.is_err());
        drop(work(&other));
        sleep(Duration::from_secs(5)).await;
        assert!(begun.load(Ordering::Relaxed) && !other.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn work_that_panics_is_not_gone_on_with() {
        let mut panics = to_the_end(async { panic!("on purpose") });
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _polled = Pin::new(&mut panics).poll(&mut Context::from_waker(std::task::Waker::noop()));
        }));
        assert!(polled.is_err() && panics.waiting.is_none());
    }
}
