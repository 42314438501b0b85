//! CPU-heavy work that does not block other requests.
//!
//! In: the size of the input in bytes, the work. Out: its result. Must not know: what the work does.

use tokio::runtime::{Handle, RuntimeFlavor};

/// From this size on, in bytes, parsing a body or rendering a response delays other requests noticeably.
pub const LARGE: u64 = 256 * 1024;

/// Runs CPU work on `bytes` of input. From [`LARGE`] on, the worker thread hands its other tasks to another thread
/// before it starts; a single-threaded runtime has no other thread, so the work runs in place.
pub fn run_cpu_work<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    let has_other_threads =
        || Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes >= LARGE && has_other_threads() { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn large_work_does_not_block_other_tasks_of_a_single_worker() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let other = tokio::spawn(async move { sender.send(()) });
        // The other task runs while this one blocks; otherwise this one would wait forever.
        let received = run_cpu_work(LARGE, || receiver.recv_timeout(Duration::from_secs(30)));
        assert!(received.is_ok() && other.await.is_ok());
    }
}
