//! The binary: parses the command line, runs the command, and reports errors.
//!
//! In: arguments, the environment. Out: output, an exit code. Must not know: how a command works.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use odoo_gateway::app::Verdict;
use odoo_gateway::cli::{self, Cli, Command, Output};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::{app, http, telemetry};
use secrecy::SecretString;

/// Returns memory to the system after large requests. The arenas of the C library do not shrink while any allocation
/// above is in use.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Output::new(io::stdout());
    let result = run(&cli, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => code,
        // The reader has closed the pipe, for example `head`.
        Err(_) if out.is_abandoned() => ExitCode::SUCCESS,
        Err(cause) => {
            // If standard error is closed too, only the exit code remains.
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
        Command::Check(command) => return check(&config, command.user()?, json, out),
        Command::App(_)
        | Command::Key(_)
        | Command::User(_)
        | Command::Token(_)
        | Command::Keys(_)
        | Command::Restore { .. } => {
            let _log = telemetry::init(&config.log)?;
            disable_core_dumps();
            runtime()?.block_on(administer(command, &config, json, out))?;
        }
        Command::Serve | Command::Openapi => {
            let _log = telemetry::init(&config.log)?;
            disable_core_dumps();
            runtime()?.block_on(app::serve(&config, Clock::system()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(
    config: &Config,
    user: Option<(String, SecretString)>,
    json: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Box<dyn Error>> {
    let user = user.map(|(login, secret)| app::CheckUser { login, secret });
    let findings = runtime()?.block_on(app::check(config, user.as_ref(), &Clock::system()));
    let ok = findings.iter().all(|finding| finding.status != Verdict::Failed);
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&serde_json::json!({"ok": ok, "parts": findings}))?)?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn administer(command: Command, config: &Config, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let admin = app::administration(config, Clock::system()).await?;
    let result = cli::administer(command, &admin, json, out).await;
    if let Err(cause) = admin.rollback_detector.update().await {
        tracing::warn!("{cause}");
    }
    admin.store.close().await;
    result
}

/// Protects the memory of the process before it contains secrets.
fn disable_core_dumps() {
    if let Err(cause) = app::disable_core_dumps() {
        tracing::warn!("{cause}");
    }
}

/// How long a thread without work exists. The memory that it allocated for a large request is returned when it ends.
const IDLE_THREAD: Duration = Duration::from_secs(1);

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(IDLE_THREAD).build()
}
