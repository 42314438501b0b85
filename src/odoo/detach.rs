//! A future that runs to completion, even if its caller is dropped.
//!
//! In: a future. Out: the same future; if it is dropped after it has started, it continues in a task of its own. Must
//! not know: what it does.
//!
//! Why not `tokio::spawn(work).await`: a spawned task can wake another worker thread twice, once to start and once to
//! return its result, on every call to Odoo. Here the work runs in the caller's task, and a task is spawned only in the
//! rare case that the caller goes away. The caller also needs no `JoinError`: a panic stays a panic of its own task.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::telemetry::log_context::LogContext;

/// A future that [`run_to_completion`] returns. If it was never polled, dropping it does not start it.
pub(super) struct RunToCompletion<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    future: Option<Pin<Box<F>>>,
    started: bool,
}

/// Runs `work` to completion. Its log lines belong to the request of the caller, also after the caller was dropped.
pub(super) fn run_to_completion<F>(work: F) -> RunToCompletion<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    RunToCompletion { future: Some(Box::pin(work)), started: false }
}

impl<F> Future for RunToCompletion<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.started = true;
        // Taken out, so that work that has panicked is not polled again.
        let Some(mut work) = self.future.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.future = Some(work);
        }
        polled
    }
}

impl<F> Drop for RunToCompletion<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        let future = self.future.take().filter(|_| self.started);
        // Without a runtime there is nothing to continue on.
        if let (Some(work), Ok(runtime)) = (future, Handle::try_current()) {
            runtime.spawn(LogContext::current().attach_to(async move { drop(work.await) }));
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

    fn work(done: &Arc<AtomicBool>) -> RunToCompletion<impl Future<Output = u8> + Send + use<>> {
        let done = done.clone();
        run_to_completion(async move {
            sleep(Duration::from_secs(2)).await;
            done.store(true, Ordering::Relaxed);
            7
        })
    }

    #[tokio::test(start_paused = true)]
    async fn result_is_returned() {
        assert_eq!(work(&Arc::default()).await, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn started_work_continues_after_a_drop_and_other_work_does_not_start() {
        let (started, other) = (Arc::default(), Arc::default());
        assert!(timeout(Duration::from_secs(1), work(&started)).await.is_err());
        drop(work(&other));
        sleep(Duration::from_secs(5)).await;
        assert!(started.load(Ordering::Relaxed) && !other.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn continued_work_keeps_the_log_context() {
        let context = LogContext::of_request("r-1".into());
        let found = Arc::new(std::sync::Mutex::new(None));
        let work = run_to_completion({
            let found = Arc::clone(&found);
            async move {
                sleep(Duration::from_secs(2)).await;
                *found.lock().unwrap() = Some(LogContext::current());
            }
        });
        assert!(timeout(Duration::from_secs(1), context.clone().attach_to(work)).await.is_err());
        sleep(Duration::from_secs(5)).await;
        assert_eq!(*found.lock().unwrap(), Some(context));
    }

    #[tokio::test]
    async fn panicked_work_is_not_continued() {
        let mut panics = run_to_completion(async { panic!("on purpose") });
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _polled = Pin::new(&mut panics).poll(&mut Context::from_waker(std::task::Waker::noop()));
        }));
        assert!(polled.is_err() && panics.future.is_none());
    }
}
