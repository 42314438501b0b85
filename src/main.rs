//! The binary: reads the command line, does what it says, tells what went wrong.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use odoo_gateway::cli::{self, Cli, Command};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::{app, http, telemetry};
use secrecy::SecretString;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(cause) => {
            // Where even this cannot be said, the exit code has to do.
            let _ = writeln!(io::stderr(), "odoo-gateway: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, Box<dyn Error>> {
    let command = cli.command();
    if command == Command::Openapi {
        writeln!(io::stdout(), "{}", http::openapi().to_pretty_json()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = cli.config()?;
    match command {
        Command::Config => cli::print_config(&config, &mut io::stdout().lock())?,
        Command::Health => cli::health(config.ops.listen)?,
        Command::Migrate => runtime()?.block_on(cli::migrate(&config, &Clock::system(), &mut io::stdout()))?,
        Command::Check(command) => return check(&config, command.reader()?),
        Command::App(_)
        | Command::Key(_)
        | Command::User(_)
        | Command::Token(_)
        | Command::Keys(_)
        | Command::Restore { .. } => {
            telemetry::init(&config.log)?;
            close_memory();
            runtime()?.block_on(administer(command, &config, cli.json()))?;
        }
        Command::Serve | Command::Openapi => {
            telemetry::init(&config.log)?;
            close_memory();
            runtime()?.block_on(app::serve(&config, Clock::system()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(config: &Config, reader: Option<(String, SecretString)>) -> Result<ExitCode, Box<dyn Error>> {
    let reader = reader.map(|(login, secret)| app::Reader { login, secret });
    let whole = runtime()?.block_on(app::check(config, reader.as_ref(), &Clock::system(), &mut io::stdout()))?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn administer(command: Command, config: &Config, json: bool) -> Result<(), Box<dyn Error>> {
    let admin = app::administration(config, Clock::system()).await?;
    let done = cli::administer(command, &admin, json, &mut io::stdout()).await;
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
