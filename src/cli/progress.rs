//! The progress of work that takes longer than a second: one line on standard error that is drawn again and again.
//!
//! In: a description, counts. Out: the line, removed at the end; nothing if standard error is not a terminal. Must not
//! know: what the work is.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Work that is faster has no line.
const DELAY: Duration = Duration::from_secs(1);

const INTERVAL: Duration = Duration::from_millis(200);

/// Erases the line.
const ERASE: &str = "\r\u{1b}[K";

/// The progress of one piece of work. The line is removed when it is dropped.
#[derive(Debug)]
pub struct ProgressLine {
    line: Arc<Mutex<Line>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Line {
    description: &'static str,
    /// How much is done, and of how much.
    count: Option<(u64, u64)>,
    is_drawn: bool,
    has_ended: bool,
}

impl ProgressLine {
    /// Begins. `json`: nothing is drawn.
    #[must_use]
    pub fn start(description: &'static str, json: bool) -> Self {
        let is_shown = !json && io::stderr().is_terminal();
        Self::start_on(description, is_shown.then(io::stderr))
    }

    /// Draws on this writer.
    fn start_on(description: &'static str, out: Option<impl Write + Send + 'static>) -> Self {
        let line = Arc::new(Mutex::new(Line { description, count: None, is_drawn: false, has_ended: false }));
        let task = out.map(|out| tokio::spawn(draw_repeatedly(line.clone(), out)));
        Self { line, task }
    }

    /// Reports that `done` of `total` is done.
    pub(super) fn set(&self, done: u64, total: u64) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).count = Some((done, total));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        let Some(task) = &self.task else { return };
        task.abort();
        // The task may be about to draw.
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.has_ended = true;
        if line.is_drawn {
            let _ = write!(io::stderr(), "{ERASE}");
        }
    }
}

async fn draw_repeatedly(line: Arc<Mutex<Line>>, mut out: impl Write) {
    let start = Instant::now();
    tokio::time::sleep(DELAY).await;
    loop {
        {
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            if line.has_ended {
                return;
            }
            line.is_drawn = true;
            let text = text(line.description, line.count, start.elapsed());
            // Without the line the work goes on.
            let _ = write!(out, "{ERASE}{text}").and_then(|()| out.flush());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The line, for example `Rewrapping: 200 of 1000 (20 %), 4 s`.
fn text(description: &str, count: Option<(u64, u64)>, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match count.filter(|(_, total)| *total > 0) {
        Some((done, total)) => {
            let percent = done.saturating_mul(100) / total;
            format!("{description}: {done} of {total} ({percent} %), {seconds} s")
        }
        None => format!("{description}: {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_appears_after_a_second() {
        let screen = Screen::default();
        let progress = ProgressLine::start_on("Working", Some(screen.clone()));
        tokio::time::sleep(DELAY - Duration::from_millis(1)).await;
        assert_eq!(screen.text(), "");
        progress.set(200, 1000);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(screen.text(), format!("{ERASE}Working: 200 of 1000 (20 %), 1 s"));
        drop(progress);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(screen.text().matches("Working").count(), 1, "nothing is drawn after the end");
    }

    #[test]
    fn work_without_a_count_has_a_time() {
        assert_eq!(text("Working", None, Duration::from_secs(3)), "Working: 3 s");
        assert_eq!(text("Working", Some((0, 0)), Duration::from_secs(3)), "Working: 3 s");
    }
}
