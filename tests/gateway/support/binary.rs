//! The binary, in a folder of its own and with an empty environment: all settings come from the test.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::Client;

/// The timeout of every step, generous enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

const BINARY: &str = env!("CARGO_BIN_EXE_odoo-gateway");

/// Runs a command with the socket that is its standard input as systemd passes it on: as descriptor 3.
const PASS_SOCKET: &str = "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" \"$@\"";

/// The program in `folder`. It listens on free ports unless the settings name an address.
fn command(program: &str, arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().kill_on_drop(true);
    command.env("ODOO_GATEWAY__SERVER__LISTEN", "127.0.0.1:0").env("ODOO_GATEWAY__OPS__LISTEN", "127.0.0.1:0");
    command.envs(settings.iter().copied());
    command
}

/// Runs the binary to its end. Returns its output and exit status.
pub(crate) async fn run(arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Output {
    let output = command(BINARY, arguments, folder, settings).stdin(Stdio::null()).output();
    timeout(TIMEOUT, output).await.expect("the command ends in time").unwrap()
}

/// A gateway in a process of its own.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: [JoinHandle<()>; 2],
    /// Locked for a moment before each line. A test that locks it keeps the readers from reading.
    reading: Arc<tokio::sync::Mutex<()>>,
    listening: Value,
    pub(crate) folder: TempDir,
}

impl Process {
    /// `odoo-gateway serve`, once it listens.
    pub(crate) async fn serve(settings: &[(&str, &str)]) -> Self {
        Self::serve_in(tempfile::tempdir().unwrap(), settings).await
    }

    /// Like [`serve`](Self::serve), in the folder of an earlier process.
    pub(crate) async fn serve_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        Self::serve_with(BINARY, folder, settings).await
    }

    /// Like [`serve_in`](Self::serve_in), with another binary.
    pub(crate) async fn serve_with(binary: &str, folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut command = command(binary, &["serve"], folder.path(), settings);
        command.stdin(Stdio::null());
        Self::spawn(command, folder).await
    }

    /// Like [`serve`](Self::serve), on a socket that this process has opened.
    pub(crate) async fn serve_on(socket: &TcpListener, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command("/bin/sh", &["-c", PASS_SOCKET, BINARY, "serve"], folder.path(), settings);
        command.stdin(OwnedFd::from(socket.try_clone().unwrap()));
        Self::spawn(command, folder).await
    }

    async fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (output, reading) = (Arc::new(Mutex::new(String::new())), Arc::new(tokio::sync::Mutex::new(())));
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = [
            tokio::spawn(collect_output(out, output.clone(), reading.clone(), None)),
            tokio::spawn(collect_output(err, output.clone(), reading.clone(), Some(sender))),
        ];
        let listening = timeout(TIMEOUT, receiver).await;
        let listening = listening.ok().and_then(Result::ok).unwrap_or_else(|| panic!("{}", output.lock().unwrap()));
        Self { child, output, readers, reading, listening, folder }
    }

    /// The output is not read, except for one line, until the result is dropped.
    pub(crate) async fn pause_reading(&self) -> OwnedMutexGuard<()> {
        self.reading.clone().lock_owned().await
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub(crate) fn address(&self) -> &str {
        self.listening["api_address"].as_str().unwrap()
    }

    pub(crate) fn ops_address(&self) -> &str {
        self.listening["ops_address"].as_str().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(format!("http://{}", self.address()))
    }

    pub(crate) fn ops_client(&self) -> Client {
        Client::new(format!("http://{}", self.ops_address()))
    }

    /// Resident memory in MiB: now (`VmRSS`) or at the peak (`VmHWM`).
    pub(crate) fn memory(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().expect("it runs"))).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel reports it");
        let kib: f64 = line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    }

    /// Makes the present resident memory the peak.
    pub(crate) fn reset_peak_memory(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id().expect("it runs")), "5").unwrap();
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        assert!(Command::new("sh").args(["-c", "kill -$1 $2", "kill", signal, &pid]).status().await.unwrap().success());
    }

    /// Waits for a line of the output that contains this text, and returns it.
    pub(crate) async fn line_with(&self, text: &str) -> String {
        let found = async {
            loop {
                if let Some(line) = self.output.lock().unwrap().lines().find(|line| line.contains(text)) {
                    return line.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(TIMEOUT, found).await.unwrap_or_else(|_| panic!("{text:?} is missing: {}", self.output.lock().unwrap()))
    }

    /// Sends a signal and waits for the process to end. Returns its exit status, all of its output, and its folder.
    pub(crate) async fn stop_with(self, signal: &str) -> (ExitStatus, String, TempDir) {
        self.signal(signal).await;
        self.ended().await
    }

    /// Waits for the process to end. Returns its exit status, all of its output, and its folder.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String, TempDir) {
        let status = timeout(TIMEOUT, self.child.wait()).await.expect("it ends").unwrap();
        for reader in self.readers {
            timeout(TIMEOUT, reader).await.expect("the output ends").unwrap();
        }
        let output = self.output.lock().unwrap().clone();
        (status, output, self.folder)
    }
}

/// Collects the lines of a stream, and sends the event that contains the listening addresses.
async fn collect_output(
    stream: impl AsyncRead + Unpin,
    output: Arc<Mutex<String>>,
    reading: Arc<tokio::sync::Mutex<()>>,
    mut listening: Option<tokio::sync::oneshot::Sender<Value>>,
) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        drop(reading.lock().await);
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "listening"
            && let Some(listening) = listening.take()
        {
            let _ = listening.send(event);
        }
        let mut output = output.lock().unwrap();
        output.push_str(&line);
        output.push('\n');
    }
}
