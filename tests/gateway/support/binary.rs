//! The binary itself, with nothing of this machine's environment: in a folder of its own, told all by settings.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::Client;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary in `folder`, listening wherever there is room unless the settings say where.
fn command(arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odoo-gateway"));
    command.args(arguments).current_dir(folder).env_clear().kill_on_drop(true);
    command.env("ODOO_GATEWAY__SERVER__LISTEN", "127.0.0.1:0").env("ODOO_GATEWAY__OPS__LISTEN", "127.0.0.1:0");
    command.envs(settings.iter().copied());
    command
}

/// What the binary says and how it ends.
pub(crate) async fn run(arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Output {
    let output = command(arguments, folder, settings).stdin(Stdio::null()).output();
    timeout(PATIENCE, output).await.expect("the command comes to an end").unwrap()
}

/// A gateway in a process of its own.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    listeners: [JoinHandle<()>; 2],
    listening: Value,
    pub(crate) folder: TempDir,
}

impl Process {
    /// `odoo-gateway serve`, once it listens.
    pub(crate) async fn serve(settings: &[(&str, &str)]) -> Self {
        Self::serve_in(tempfile::tempdir().unwrap(), settings).await
    }

    /// As [`serve`](Self::serve), in the folder that another left behind.
    pub(crate) async fn serve_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut command = command(&["serve"], folder.path(), settings);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (tell, told) = tokio::sync::oneshot::channel();
        let listeners = [
            tokio::spawn(listen(child.stdout.take().unwrap(), said.clone(), None)),
            tokio::spawn(listen(child.stderr.take().unwrap(), said.clone(), Some(tell))),
        ];
        let told = timeout(PATIENCE, told).await;
        let listening = told.ok().and_then(Result::ok).unwrap_or_else(|| panic!("{}", said.lock().unwrap()));
        Self { child, said, listeners, listening, folder }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub(crate) fn address(&self) -> &str {
        self.listening["api_address"].as_str().unwrap()
    }

    pub(crate) fn operators_address(&self) -> &str {
        self.listening["ops_address"].as_str().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(format!("http://{}", self.address()))
    }

    pub(crate) fn operator(&self) -> Client {
        Client::new(format!("http://{}", self.operators_address()))
    }

    /// Megabytes of memory that are resident (`VmRSS`), or were at most (`VmHWM`).
    pub(crate) fn memory(&self, what: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().expect("it runs"))).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("the kernel tells");
        let kilobytes: f64 = line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").parse().unwrap();
        kilobytes / 1024.0
    }

    /// Sends it a signal and waits for its end; how it ended, and everything it said.
    pub(crate) async fn end(mut self, signal: &str) -> (ExitStatus, String, TempDir) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("sh").args(["-c", "kill -$1 $2", "kill", signal, &pid]).status().await.unwrap().success());
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        for listener in self.listeners {
            timeout(PATIENCE, listener).await.expect("its last words are heard").unwrap();
        }
        let said = self.said.lock().unwrap().clone();
        (status, said, self.folder)
    }
}

/// Keeps what is said, and tells of the line that says where it listens.
async fn listen(
    stream: impl AsyncRead + Unpin,
    said: Arc<Mutex<String>>,
    mut tell: Option<tokio::sync::oneshot::Sender<Value>>,
) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "listening"
            && let Some(tell) = tell.take()
        {
            let _ = tell.send(event);
        }
        let mut said = said.lock().unwrap();
        said.push_str(&line);
        said.push('\n');
    }
}
