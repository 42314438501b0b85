//! OAuth libraries in other languages as clients of the gateway: `tests/testbed/oauth_client.py` in Python,
//! `tests/testbed/oauth_client.mjs` in Node.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::testbed::start_tool;

/// A running client process. It exchanges lines with the test over its standard input and output.
pub(crate) struct ForeignClient {
    _child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stdin: ChildStdin,
}

impl ForeignClient {
    pub(crate) fn start(name: &str, facts: &Value) -> Self {
        let tool = if name == "openid-client" { "oauth-node" } else { "oauth" };
        let mut child = start_tool(&[tool, name, &facts.to_string()], Stdio::piped(), Stdio::piped());
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stdin = child.stdin.take().unwrap();
        Self { _child: child, stdout, stdin }
    }

    pub(crate) async fn next_message(&mut self) -> Value {
        let line = self.stdout.next_line().await.unwrap().expect("the client prints a line (its error is above)");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) async fn send_line(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}
