//! Instruction counts of the pure parts of a request, compared with those in `benches/instructions.toml`.
//!
//! `make bench-check`; `make bench-check UPDATE=1` stores the counts. In: valgrind. Out: a table; the check fails if a
//! count has grown by more than [`TOLERANCE`]. Unlike durations, the counts do not depend on the load of the machine.
//!
//! Callgrind counts the instructions of a process that executes a unit once, and of one that executes it more often.
//! The difference is the cost of the executions without that of the preparation.

mod baseline;
mod odoo_text;
mod units;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::{Command, ExitCode};

use self::baseline::Baseline;
use self::units::{Unit, units};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The growth that is not reported, as a part of the stored count.
const TOLERANCE: f64 = 0.03;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["execute", unit, times] => execute(unit, times.parse()?)?,
        ["check"] => return check(),
        ["update"] => update()?,
        // `cargo bench` without arguments measures durations only.
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// What valgrind runs.
fn execute(name: &str, times: u64) -> Outcome {
    let mut unit = units()?.into_iter().find(|unit| unit.name == name).ok_or("no such unit")?;
    for _ in 0..times {
        std::hint::black_box((unit.work)()?);
    }
    Ok(())
}

fn check() -> Outcome<ExitCode> {
    let stored = Baseline::load()?;
    for difference in stored.toolchain_differences(&Baseline::for_this_machine()) {
        print_line(&format!("note: {difference}; the counts may differ for this reason"))?;
    }
    let mut grown = Vec::new();
    for unit in units()? {
        let (name, now) = (unit.name, count(&unit)?);
        let Some(before) = stored.count(name) else {
            grown.push(format!("{name}: {now} instructions; benches/instructions.toml has no count"));
            continue;
        };
        let change = now as f64 / before as f64 - 1.0;
        let verdict = if change > TOLERANCE {
            grown.push(format!("{name}: {before} -> {now} instructions ({:+.1} %)", change * 100.0));
            "MORE"
        } else if change < -TOLERANCE {
            "fewer"
        } else {
            ""
        };
        print_line(&format!("{name:24}{before:>14}{now:>14}{:>+8.1} %  {verdict}", change * 100.0))?;
    }
    if grown.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    print_line(&format!("\nmore than {} % more instructions:", TOLERANCE * 100.0))?;
    grown.iter().try_for_each(|line| print_line(&format!("  {line}")))?;
    print_line("`make bench-check UPDATE=1` stores the new counts if the change is intended.")?;
    Ok(ExitCode::FAILURE)
}

fn update() -> Outcome {
    let mut baseline = Baseline::for_this_machine();
    for unit in units()? {
        let now = count(&unit)?;
        print_line(&format!("{:24}{now:>14}", unit.name))?;
        baseline.set(unit.name, now);
    }
    baseline.save()
}

/// The instructions of one execution.
fn count(unit: &Unit) -> Outcome<u64> {
    let (one, several) = (instructions(unit.name, 1)?, instructions(unit.name, 1 + unit.times)?);
    Ok(several.saturating_sub(one) / unit.times)
}

/// The instructions of a process that executes the unit this often.
fn instructions(unit: &str, times: u64) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["execute", unit, &times.to_string()])
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{unit} failed under valgrind: {log}").into());
    }
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    Ok(collected.ok_or_else(|| format!("valgrind printed no count: {log}"))?.1.trim().parse()?)
}

fn print_line(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
