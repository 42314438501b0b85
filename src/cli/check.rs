//! `odoo-gateway check`: whose eyes are lent to it.
//!
//! In: arguments, a secret from standard input or a file. Out: a login and its secret. Must not know: what is compared.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::secret_input::read_secret;

/// Who may look at the fields of models.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct CheckCommand {
    /// Compare the schemas of [restful.models] with the fields that this user of Odoo sees; his password or an Odoo API
    /// key is read from standard input
    #[arg(long)]
    login: Option<String>,
    /// The file that holds the password or Odoo API key, instead of standard input
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
}

impl CheckCommand {
    /// The login and its secret, when one was named.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub fn reader(&self) -> Result<Option<(String, SecretString)>, String> {
        let secret = |login: &String| read_secret(self.secret_file.as_deref(), login);
        self.login.as_ref().map(|login| Ok((login.clone(), secret(login)?))).transpose()
    }
}
