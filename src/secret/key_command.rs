//! Master keys from a command: a program that asks a vault, a key service or a smart card.
//!
//! It is started once, without a shell, and prints what would stand in a key file. Its own words on standard error go
//! where the gateway's go.
//!
//! In: a program with its arguments. Out: what it printed. Must not know: keys. No message quotes an argument, nor what
//! was printed.

use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::SecretError;
use super::key_file::LONGEST;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What the command prints.
///
/// # Errors
/// When it cannot be started, fails, takes too long or prints no text.
pub async fn run_key_command(command: &[String]) -> Result<SecretString, SecretError> {
    let (program, arguments) = command.split_first().map_or(("", command), |(first, rest)| (first.as_str(), rest));
    let printed = tokio::time::timeout(LIMIT, printed(program, arguments)).await;
    let text = printed.unwrap_or_else(|_| Err(format!("it did not end within {} s", LIMIT.as_secs())));
    text.map_err(|wrong| SecretError::KeyCommand { program: program.to_owned(), wrong })
}

async fn printed(program: &str, arguments: &[String]) -> Result<SecretString, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|cause| cause.to_string())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or_default()));
    if let Some(output) = child.stdout.take() {
        output.take(LONGEST).read_to_end(&mut bytes).await.map_err(|cause| cause.to_string())?;
    }
    let ended = child.wait().await.map_err(|cause| cause.to_string())?;
    if !ended.success() {
        return Err(format!("it ended with {ended}"));
    }
    std::str::from_utf8(&bytes).map(SecretString::from).map_err(|_| "what it prints is no text".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn what_it_prints_is_taken_as_it_is_and_no_shell_reads_the_arguments() {
        let text = run_key_command(&command(&["printf", "%s\n", "$HOME; `id`"])).await.unwrap();
        assert_eq!(text.expose_secret(), "$HOME; `id`\n");
    }

    #[tokio::test]
    async fn a_command_that_does_not_work_is_named_without_its_arguments() {
        for (words, wrong) in [
            (&["false", "hunter2"][..], "exit status: 1"),
            (&["/nowhere/at/all", "hunter2"], "No such file"),
            (&[], ""),
        ] {
            let said = run_key_command(&command(words)).await.unwrap_err().to_string();
            assert!(said.contains(wrong) && !said.contains("hunter2"), "{said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_is_not_waited_for_longer_than_its_time() {
        let said = run_key_command(&command(&["sleep", "600"])).await.unwrap_err().to_string();
        assert!(said.contains("within 30 s"), "{said}");
    }
}
