//! Reads a password or API key from a file, a pipe or the terminal. Arguments would be visible to all users of the
//! machine.
//!
//! In: a file, or standard input. Out: its first line. Must not know: what the secret is for.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Maximum length of a secret, in bytes.
const MAX_LENGTH: u64 = 4096;

/// Reads the secret of `login`. A terminal does not echo it.
pub(super) fn read_secret(file: Option<&Path>, login: &str) -> Result<SecretString, String> {
    let read = match file {
        Some(file) => File::open(file).and_then(first_line),
        None if io::stdin().is_terminal() => prompt(login),
        None => first_line(io::stdin()),
    };
    let source = file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    match read {
        Ok(secret) if secret.is_empty() => {
            Err(format!("the first line of {source} is empty: expected a password or key"))
        }
        Ok(secret) => Ok(secret.as_str().into()),
        Err(cause) => Err(format!("cannot read the password or key from {source}: {cause}")),
    }
}

fn first_line(source: impl Read) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(source.take(MAX_LENGTH)).read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

fn prompt(login: &str) -> io::Result<Zeroizing<String>> {
    write!(io::stderr(), "Odoo password or API key of {login}: ")?;
    let original = tcgetattr(io::stdin())?;
    let mut hidden = original.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
    let line = first_line(io::stdin());
    tcsetattr(io::stdin(), OptionalActions::Flush, &original)?;
    writeln!(io::stderr())?;
    line
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_first_line_is_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (text, secret) in [("a b ", Some("a b ")), ("a\r\nb", Some("a")), ("\na", None), ("", None)] {
            std::fs::write(&file, text).unwrap();
            let read = read_secret(Some(&file), "x").ok();
            assert_eq!(read.as_ref().map(|secret| secret.expose_secret()), secret, "{text:?}");
        }
    }
}
