//! Master keys from a command, for example one that queries a vault, a key service or a smart card.
//!
//! The command is started once, without a shell, and prints what a key file would contain. It inherits standard
//! error.
//!
//! In: a program with arguments. Out: its output. Must not know: keys. No message contains an argument or the output.

use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::SecretError;
use super::master_key_sources::MAX_BYTES;

/// The time limit of the command.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Runs the command and returns its output.
///
/// # Errors
/// If it cannot be started, fails, takes too long, or its output is not UTF-8.
pub async fn run_key_command(command: &[String]) -> Result<SecretString, SecretError> {
    let (program, arguments) = command.split_first().map_or(("", command), |(first, rest)| (first.as_str(), rest));
    let output = tokio::time::timeout(TIME_LIMIT, run(program, arguments)).await;
    let output = output.unwrap_or_else(|_| Err(format!("it did not finish within {} s", TIME_LIMIT.as_secs())));
    output.map_err(|wrong| SecretError::KeyCommand { program: program.to_owned(), wrong })
}

async fn run(program: &str, arguments: &[String]) -> Result<SecretString, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|cause| cause.to_string())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default()));
    if let Some(output) = child.stdout.take() {
        output.take(MAX_BYTES).read_to_end(&mut bytes).await.map_err(|cause| cause.to_string())?;
    }
    let status = child.wait().await.map_err(|cause| cause.to_string())?;
    if !status.success() {
        return Err(format!("it exited with {status}"));
    }
    std::str::from_utf8(&bytes).map(SecretString::from).map_err(|_| "its output is not valid UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn output_is_returned_unchanged_and_no_shell_interprets_the_arguments() {
        let text = run_key_command(&command(&["printf", "%s\n", "$HOME; `id`"])).await.unwrap();
        assert_eq!(text.expose_secret(), "$HOME; `id`\n");
    }

    #[tokio::test]
    async fn failing_command_is_reported_without_its_arguments() {
        for (words, wrong) in [
            (&["false", "hunter2"][..], "exit status: 1"),
            (&["/nowhere/at/all", "hunter2"], "No such file"),
            (&[], ""),
        ] {
            let error = run_key_command(&command(words)).await.unwrap_err().to_string();
            assert!(error.contains(wrong) && !error.contains("hunter2"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn command_is_stopped_after_the_time_limit() {
        let error = run_key_command(&command(&["sleep", "600"])).await.unwrap_err().to_string();
        assert!(error.contains("within 30 s"), "{error}");
    }
}
