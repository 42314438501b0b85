//! The stored counts, and the programs that they depend on.
//!
//! In, out: `benches/instructions.toml`. Must not know: what is counted.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::Outcome;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml");
const HEADER: &str =
    "# Instructions per execution. `make bench-check` compares them, `make bench-check UPDATE=1` stores them.\n\n";

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Baseline {
    rustc: String,
    valgrind: String,
    instructions: Table,
}

impl Baseline {
    /// Without counts.
    pub(crate) fn for_this_machine() -> Self {
        Self { rustc: version_of("rustc"), valgrind: version_of("valgrind"), instructions: Table::new() }
    }

    pub(crate) fn load() -> Outcome<Self> {
        let text = fs::read_to_string(FILE)
            .map_err(|error| format!("cannot read {FILE}: {error}. `make bench-check UPDATE=1` writes it."))?;
        Ok(toml::from_str(&text)?)
    }

    pub(crate) fn save(&self) -> Outcome {
        Ok(fs::write(FILE, format!("{HEADER}{}", toml::to_string(self)?))?)
    }

    pub(crate) fn count(&self, unit: &str) -> Option<u64> {
        self.instructions.get(unit)?.as_integer()?.try_into().ok()
    }

    pub(crate) fn set(&mut self, unit: &str, count: u64) {
        self.instructions.insert(unit.to_owned(), toml::Value::Integer(count.cast_signed()));
    }

    /// The programs whose versions differ.
    pub(crate) fn toolchain_differences(&self, now: &Self) -> Vec<String> {
        [(&self.rustc, &now.rustc), (&self.valgrind, &now.valgrind)]
            .into_iter()
            .filter(|(stored, now)| stored != now)
            .map(|(stored, now)| format!("stored with {stored}, measured with {now}"))
            .collect()
    }
}

fn version_of(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(|_| format!("no {program}"), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
