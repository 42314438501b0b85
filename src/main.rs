//! The binary: parses the command line, runs the command, and reports errors.
//!
//! In: arguments, the environment. Out: output, an exit code. Must not know: how a command works.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::app::FindingStatus;
use odoo_gateway::cli::{self, Cli, Command, OpenapiCommand, Output, PostmanCommand};
use odoo_gateway::cli::{ProgressLine, TypedDocumentRequest};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::http::openapi::{OpenApiVersion, postman, to_json_text, to_version};
use odoo_gateway::{app, http, telemetry};
use secrecy::SecretString;

/// Returns memory to the system after large requests and after many clients, from a thread of its own: the arenas of
/// the C library do not shrink while any allocation above is in use. `.cargo/config.toml` configures it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    app::use_small_pages();
    let cli = Cli::from_arguments();
    let mut out = Output::new(anstream::stdout());
    let result = run(&cli, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => code,
        // The reader has closed the pipe, for example `head`.
        Err(_) if out.is_abandoned() => ExitCode::SUCCESS,
        Err(cause) => {
            // If standard error is closed too, only the exit code remains.
            let _ = writeln!(anstream::stderr(), "{}", cli::error_text(cause.as_ref(), cli.json()));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli, out: &mut impl Write) -> Result<ExitCode, Box<dyn Error>> {
    let (command, json) = (cli.command(), cli.json());
    if let Command::Openapi(command) = &command {
        // It may read a password.
        disable_core_dumps();
        writeln!(out, "{}", openapi_text(cli, command)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Postman(command) = &command {
        writeln!(out, "{}", postman_text(command)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    match command {
        Command::Completions(command) => {
            cli::print_completions(command, Cli::definition(), out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man => {
            cli::print_manual(Cli::definition(), out)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let config = cli.config()?;
    match command {
        Command::Config => cli::print_config(&config, json, out)?,
        Command::Health => cli::print_health(&config, json, out)?,
        Command::Migrate => runtime()?.block_on(cli::migrate(&config, &Clock::system(), json, out))?,
        Command::Backup { file } => back_up(&config, &file, json, out)?,
        Command::Restore { file: Some(file), keep_tokens } => restore(&config, &file, keep_tokens, json, out)?,
        Command::Check(command) => return check(&config, command.user()?, json, out),
        Command::App(_)
        | Command::Key(_)
        | Command::User(_)
        | Command::Consent(_)
        | Command::Token(_)
        | Command::Keys(_)
        | Command::Audit(_)
        | Command::Restore { .. } => {
            let _log = telemetry::init_for_command(&config.log)?;
            disable_core_dumps();
            runtime()?.block_on(administer(command, &config, json, out))?;
        }
        Command::Serve | Command::Openapi(_) | Command::Postman(_) | Command::Completions(_) | Command::Man => {
            // Before other threads exist.
            let inherited = app::InheritedSockets::from_environment()?;
            let _log = telemetry::init(&config.log)?;
            disable_core_dumps();
            let load = Arc::new(cli.config_loader());
            runtime()?.block_on(app::serve(&config, load, inherited, Clock::system()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The OpenAPI document: of all models alike, or of certain models for one user.
fn openapi_text(cli: &Cli, command: &OpenapiCommand) -> Result<String, Box<dyn Error>> {
    let document = match command.typed()? {
        Some(TypedDocumentRequest { login, secret, database, query }) => {
            let user = app::DocumentUser { login, secret, database };
            runtime()?.block_on(app::typed_document(&cli.config()?, user, &query, &Clock::system()))?
        }
        None => {
            let version = OpenApiVersion::from_str(command.version()).map_err(|problem| problem.detail)?;
            to_version(serde_json::to_value(http::openapi())?, version).document
        }
    };
    Ok(to_json_text(&document)?)
}

/// The Postman collection of all operations or of a given document, or an environment for it.
fn postman_text(command: &PostmanCommand) -> Result<String, Box<dyn Error>> {
    let document = match command.document()? {
        Some(document) => document,
        None => serde_json::to_value(http::openapi())?,
    };
    let base_url = postman::base_url(&document);
    let file =
        if command.environment() { postman::environment(base_url) } else { postman::collection(&document, base_url) };
    Ok(to_json_text(&file)?)
}

fn check(
    config: &Config,
    user: Option<(String, SecretString)>,
    json: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Box<dyn Error>> {
    let user = user.map(|(login, secret)| app::CheckUser { login, secret });
    let findings = runtime()?.block_on(app::check(config, user.as_ref(), &Clock::system()));
    let ok = findings.iter().all(|finding| finding.status != FindingStatus::Failed);
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&serde_json::json!({"ok": ok, "parts": findings}))?)?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{}", cli::color_finding(&finding.to_string())))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn back_up(config: &Config, file: &Path, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let _log = telemetry::init_for_command(&config.log)?;
    let bytes = runtime()?.block_on(async {
        let _progress = ProgressLine::start("Copying the store", json);
        app::back_up(config, file, &Clock::system()).await
    })?;
    Ok(cli::print_backup(file, bytes, json, out)?)
}

fn restore(
    config: &Config,
    file: &Path,
    keep_tokens: bool,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let _log = telemetry::init_for_command(&config.log)?;
    disable_core_dumps();
    let restored = runtime()?.block_on(async {
        let _progress = ProgressLine::start("Restoring the backup", json);
        app::restore_backup(config, file, keep_tokens, Clock::system()).await
    })?;
    let app::RestoredBackup { revoked, replaced, key_problem } = restored;
    let restored = cli::RestoredStore { backup: file, revoked, replaced, key_problem };
    Ok(cli::print_restored(&restored, json, out)?)
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
