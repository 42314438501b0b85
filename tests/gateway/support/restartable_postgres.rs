//! A PostgreSQL of one test, which may stop and start it.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

use super::testbed::start_tool;

/// An empty server. It ends when it is dropped.
pub(crate) struct RestartablePostgres {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl RestartablePostgres {
    pub(crate) async fn start() -> Self {
        let mut process = start_tool(&["restartable-postgres"], Stdio::piped(), Stdio::piped());
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next_line().await.unwrap().expect("its log is above");
        let url = url.strip_prefix("POSTGRES_URL=").unwrap().to_owned();
        Self { process, lines, url }
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server without a shutdown, as a crash does. It keeps what was committed.
    pub(crate) async fn kill(&mut self) {
        self.command("stop").await;
    }

    /// Starts the server again. It accepts connections afterwards.
    pub(crate) async fn start_again(&mut self) {
        self.command("start").await;
    }

    async fn command(&mut self, command: &str) {
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        stdin.flush().await.unwrap();
        let done = timeout(Duration::from_secs(60), self.lines.next_line()).await.expect("the command ends");
        assert_eq!(done.unwrap().as_deref(), Some("DONE"), "its log is above");
    }
}
