//! The servers that all tests share: `tests/testbed/testbed run`, started by the first test that needs it.
//!
//! The testbed ends when its standard input does, so it ends with this process, however that ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};

/// An Odoo that the tests run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    /// Odoo 14.0
    Odoo14,
    /// Odoo 19.0
    Odoo19,
    /// A stand-in for Odoo 20: Odoo 19 with patches. The first test that uses it starts it.
    Odoo20,
}

impl Version {
    /// Both real versions. Prints each one, so that the output of a failed test names the version.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        [Self::Odoo19, Self::Odoo14].into_iter().inspect(|version| eprintln!("with {version:?}"))
    }

    /// The name of its shared database.
    pub(crate) fn database(self) -> &'static str {
        match self {
            Self::Odoo14 => "odoo14",
            Self::Odoo19 => "odoo19",
            Self::Odoo20 => "odoo20",
        }
    }
}

/// The addresses and names of the running servers.
#[derive(Debug)]
pub(crate) struct Testbed {
    facts: HashMap<String, String>,
    /// Of the server that is started later.
    facts_of_odoo20: OnceLock<HashMap<String, String>>,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _servers: Child,
}

impl Testbed {
    fn fact(&self, name: &str) -> &str {
        found(&self.facts, name)
    }

    fn fact_of(&self, version: Version, name: &str) -> &str {
        let facts = match version {
            Version::Odoo14 | Version::Odoo19 => &self.facts,
            Version::Odoo20 => self.facts_of_odoo20.get_or_init(|| self.start_later(version)),
        };
        found(facts, &format!("{}_{name}", version.database().to_uppercase()))
    }

    fn start_later(&self, version: Version) -> HashMap<String, String> {
        let (stdin, stdout) = &mut *self.pipes.lock().unwrap();
        writeln!(stdin, "{}", version.database()).unwrap();
        read_facts(stdout)
    }

    /// The URL of Odoo.
    pub(crate) fn url(&self, version: Version) -> &str {
        self.fact_of(version, "URL")
    }

    /// A database with the content of the shared one and no connections, for copies.
    pub(crate) fn template(&self, version: Version) -> &str {
        self.fact_of(version, "TEMPLATE")
    }

    /// The folder with the filestores of Odoo's databases.
    pub(crate) fn filestore(&self, version: Version) -> PathBuf {
        self.fact_of(version, "FILESTORE").into()
    }

    /// An API key of the user `internal`.
    pub(crate) fn api_key(&self, version: Version) -> &str {
        self.fact_of(version, "APIKEY")
    }

    /// The URL of the PostgreSQL server, as its superuser.
    pub(crate) fn postgres(&self) -> &str {
        self.fact("POSTGRES_URL")
    }
}

/// The testbed; the first call starts it.
pub(crate) fn testbed() -> &'static Testbed {
    static TESTBED: OnceLock<Testbed> = OnceLock::new();
    TESTBED.get_or_init(start)
}

/// Runs a tool of the testbed, such as `validate FILE`, `browse URL` or `install browser`, to its end.
pub(crate) async fn tool(arguments: &[&str]) -> Output {
    tokio::process::Command::new(SCRIPT).args(arguments).stdin(Stdio::null()).output().await.unwrap()
}

/// Starts an interactive tool of the testbed: `oauth CLIENT FACTS`.
pub(crate) fn start_tool(arguments: &[&str], stdin: Stdio, stdout: Stdio) -> tokio::process::Child {
    let mut tool = tokio::process::Command::new(SCRIPT);
    tool.args(arguments).stdin(stdin).stdout(stdout).kill_on_drop(true).spawn().unwrap()
}

/// Starts a tool in a folder, with more variables in its environment and with its output piped.
pub(crate) fn start_tool_in(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
    stdin: Stdio,
) -> tokio::process::Child {
    let mut tool = tokio::process::Command::new(SCRIPT);
    tool.args(arguments).current_dir(folder).envs(variables.iter().copied()).stdin(stdin);
    tool.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testbed/testbed");

fn start() -> Testbed {
    let mut servers = Command::new(SCRIPT)
        .args(["run", "postgres", "odoo19", "odoo14"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/testbed/testbed can be run");
    let stdin = servers.stdin.take().expect("it is piped");
    let mut stdout = BufReader::new(servers.stdout.take().expect("it is piped"));
    let facts = read_facts(&mut stdout);
    Testbed { facts, facts_of_odoo20: OnceLock::new(), pipes: Mutex::new((stdin, stdout)), _servers: servers }
}

/// Reads what the testbed prints until its servers are ready.
fn read_facts(stdout: &mut BufReader<ChildStdout>) -> HashMap<String, String> {
    let lines = stdout.lines().map_while(Result::ok).take_while(|line| line != "READY");
    let facts: HashMap<_, _> =
        lines.filter_map(|line| line.split_once('=').map(|(name, fact)| (name.to_owned(), fact.to_owned()))).collect();
    assert!(!facts.is_empty(), "the testbed did not start; its log is above");
    facts
}

fn found<'f>(facts: &'f HashMap<String, String>, name: &str) -> &'f str {
    facts.get(name).unwrap_or_else(|| panic!("the testbed does not print {name}"))
}
