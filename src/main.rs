//! The binary: reads the command line, does what it says, tells what went wrong.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use odoo_gateway::cli::{self, Cli, Command};
use odoo_gateway::clock::Clock;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            // Where even this cannot be said, the exit code has to do.
            let _ = writeln!(io::stderr(), "odoo-gateway: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let config = cli.config()?;
    match cli.command() {
        Command::Config => Ok(cli::print_config(&config, &mut io::stdout().lock())?),
        Command::Health => Ok(cli::health(config.ops.listen)?),
        Command::Migrate => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(cli::migrate(&config, &Clock::system(), &mut io::stdout()))
        }
        Command::Serve | Command::Check | Command::Openapi => Err("this build lacks that command".into()),
    }
}
