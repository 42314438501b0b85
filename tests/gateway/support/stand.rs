//! The servers that all tests share: `tests/stand/stand run`, started by the first test that needs it.
//!
//! The stand ends when its standard input does, so it ends with this process, however that ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

/// An Odoo that the tests run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    /// Odoo 14.0
    Odoo14,
    /// Odoo 19.0
    Odoo19,
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::Odoo19, Self::Odoo14];

    /// The name of its shared database at the gateway.
    pub(crate) fn database(self) -> &'static str {
        match self {
            Self::Odoo14 => "odoo14",
            Self::Odoo19 => "odoo19",
        }
    }
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Stand {
    facts: HashMap<String, String>,
    _servers: Child,
}

impl Stand {
    fn fact(&self, name: &str) -> &str {
        self.facts.get(name).unwrap_or_else(|| panic!("the stand does not tell {name}"))
    }

    fn of(&self, version: Version, name: &str) -> &str {
        self.fact(&format!("{}_{name}", version.database().to_uppercase()))
    }

    /// Where Odoo answers.
    pub(crate) fn url(&self, version: Version) -> &str {
        self.of(version, "URL")
    }

    /// A database like the shared one that nobody uses: copy it.
    pub(crate) fn template(&self, version: Version) -> &str {
        self.of(version, "TEMPLATE")
    }

    /// Where Odoo keeps the files of its databases.
    pub(crate) fn filestore(&self, version: Version) -> PathBuf {
        self.of(version, "FILESTORE").into()
    }

    /// An API key of the user `internal`.
    pub(crate) fn api_key(&self, version: Version) -> &str {
        self.of(version, "APIKEY")
    }

    /// The PostgreSQL server, as its superuser.
    pub(crate) fn postgres(&self) -> &str {
        self.fact("POSTGRES_URL")
    }
}

/// The stand, started when it is not yet.
pub(crate) fn stand() -> &'static Stand {
    static STAND: OnceLock<Stand> = OnceLock::new();
    STAND.get_or_init(start)
}

/// What a tool of the stand says: `validate FILE`, `browse URL`, or `install browser`.
pub(crate) async fn tool(arguments: &[&str]) -> Output {
    tokio::process::Command::new(SCRIPT).args(arguments).stdin(Stdio::null()).output().await.unwrap()
}

/// A tool of the stand that is talked with: `oauth CLIENT FACTS`.
pub(crate) fn start_tool(arguments: &[&str], stdin: Stdio, stdout: Stdio) -> tokio::process::Child {
    let mut tool = tokio::process::Command::new(SCRIPT);
    tool.args(arguments).stdin(stdin).stdout(stdout).kill_on_drop(true).spawn().unwrap()
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand/stand");

fn start() -> Stand {
    let mut servers = Command::new(SCRIPT)
        .args(["run", "postgres", "odoo19", "odoo14"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/stand/stand can be run");
    let facts = BufReader::new(servers.stdout.take().expect("it is piped"));
    let facts = facts.lines().map_while(Result::ok).take_while(|line| line != "READY");
    let facts: HashMap<_, _> =
        facts.filter_map(|line| line.split_once('=').map(|(name, fact)| (name.to_owned(), fact.to_owned()))).collect();
    assert!(!facts.is_empty(), "the stand did not start; its own words stand above");
    Stand { facts, _servers: servers }
}
