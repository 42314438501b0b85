//! Arguments of `odoo-gateway check`.
//!
//! In: arguments, a secret from standard input or a file. Out: a login and its secret. Must not know: what is
//! checked.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::colors;
use super::secret_input::read_secret;

/// The user whose access rights apply to the fields of models.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct CheckCommand {
    /// Also check what this Odoo user can see, best an administrator: web.base.url, Odoo API keys that end soon, the
    /// fields in the schemas of [restful.models]; the user's password or Odoo API key is read from standard input
    #[arg(long)]
    login: Option<String>,
    /// Read the password or Odoo API key from this file, not from standard input
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
}

/// Colors the first word of a finding: `ok`, `skipped`, `warning` or `FAILED`.
#[must_use]
pub fn color_finding(finding: &str) -> String {
    let (status, rest) = finding.split_once(' ').unwrap_or((finding, ""));
    let style = match status {
        "ok" => colors::GOOD,
        "skipped" => colors::HEADING,
        "warning" => colors::ATTENTION,
        _ => colors::BAD,
    };
    format!("{} {rest}", colors::paint(style, status))
}

impl CheckCommand {
    /// Returns the login and its secret, if a login was given.
    ///
    /// # Errors
    /// Fails if the secret cannot be read.
    pub fn user(&self) -> Result<Option<(String, SecretString)>, String> {
        let secret = |login: &String| read_secret(self.secret_file.as_deref(), login);
        self.login.as_ref().map(|login| Ok((login.clone(), secret(login)?))).transpose()
    }
}
