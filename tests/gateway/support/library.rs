//! Libraries that others wrote, at work against the gateway: `tests/stand/oauth_client.py`, and in Node
//! `tests/stand/oauth_client.mjs`.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::stand::start_tool;

/// A client at work.
pub(crate) struct Library {
    _child: Child,
    said: Lines<BufReader<ChildStdout>>,
    told: ChildStdin,
}

impl Library {
    pub(crate) fn start(name: &str, facts: &Value) -> Self {
        let tool = if name == "openid-client" { "oauth-node" } else { "oauth" };
        let mut child = start_tool(&[tool, name, &facts.to_string()], Stdio::piped(), Stdio::piped());
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = child.stdin.take().unwrap();
        Self { _child: child, said, told }
    }

    pub(crate) async fn says(&mut self) -> Value {
        let line = self.said.next_line().await.unwrap().expect("its own words stand above");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) async fn tell(&mut self, line: &str) {
        self.told.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}
