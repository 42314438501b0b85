//! The binary: reads the command line, does what it says, tells what went wrong.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use odoo_gateway::app::Verdict;
use odoo_gateway::cli::{self, Cli, Command, Output};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::{app, http, telemetry};
use secrecy::SecretString;

/// Gives back to the system what a large request needed. The C library keeps it: its threads' arenas never shrink while
/// anything above lives.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Output::new(io::stdout());
    let done = run(&cli, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match done {
        Ok(code) => code,
        // Whoever read the answer has seen enough.
        Err(_) if out.is_abandoned() => ExitCode::SUCCESS,
        Err(cause) => {
            // Where even this cannot be said, the exit code has to do.
            let _ = writeln!(io::stderr(), "{}", cli::error_text(cause.as_ref(), cli.json()));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli, out: &mut impl Write) -> Result<ExitCode, Box<dyn Error>> {
    let (command, json) = (cli.command(), cli.json());
    if command == Command::Openapi {
        writeln!(out, "{}", http::openapi().to_pretty_json()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = cli.config()?;
    match command {
        Command::Config => cli::print_config(&config, json, out)?,
        Command::Health => cli::print_health(&config, json, out)?,
        Command::Migrate => runtime()?.block_on(cli::migrate(&config, &Clock::system(), json, out))?,
        Command::Check(command) => return check(&config, command.reader()?, json, out),
        Command::App(_)
        | Command::Key(_)
        | Command::User(_)
        | Command::Token(_)
        | Command::Keys(_)
        | Command::Restore { .. } => {
            telemetry::init(&config.log)?;
            close_memory();
            runtime()?.block_on(administer(command, &config, json, out))?;
        }
        Command::Serve | Command::Openapi => {
            telemetry::init(&config.log)?;
            close_memory();
            runtime()?.block_on(app::serve(&config, Clock::system()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(
    config: &Config,
    reader: Option<(String, SecretString)>,
    json: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Box<dyn Error>> {
    let reader = reader.map(|(login, secret)| app::Reader { login, secret });
    let findings = runtime()?.block_on(app::check(config, reader.as_ref(), &Clock::system()));
    let whole = findings.iter().all(|finding| finding.status != Verdict::Failed);
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&serde_json::json!({"ok": whole, "parts": findings}))?)?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn administer(command: Command, config: &Config, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let admin = app::administration(config, Clock::system()).await?;
    let done = cli::administer(command, &admin, json, out).await;
    if let Err(cause) = admin.witness.renew().await {
        tracing::warn!("{cause}");
    }
    admin.store.close().await;
    done
}

/// Before anything secret is in it.
fn close_memory() {
    if let Err(cause) = app::close_memory() {
        tracing::warn!("{cause}");
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
