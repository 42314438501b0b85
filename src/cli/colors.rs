//! Colors on terminals: `--color`, `NO_COLOR`, and the styles of texts.
//!
//! Texts are written with their styles; the streams of `anstream` remove these unless a terminal can display them.
//!
//! In: arguments. Out: the choice for all streams of the process, styles. Must not know: what is printed.

use std::ffi::OsString;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

/// Headings of tables and names of properties.
pub(super) const HEADING: Style = Style::new().bold();

/// What works.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();

/// What needs attention.
pub(super) const ATTENTION: Style = AnsiColor::Yellow.on_default();

/// What does not work.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// The text in this style.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Applies the parsed `--color`.
pub(super) fn apply(choice: clap::ColorChoice) {
    let choice = match choice {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Applies `--color` before the arguments are parsed, because parsing may print help or an error. An invalid value is
/// reported later.
pub(super) fn choose(arguments: impl Iterator<Item = OsString>) {
    choice(arguments).write_global();
}

fn choice(arguments: impl Iterator<Item = OsString>) -> ColorChoice {
    let (mut choice, mut is_value) = (ColorChoice::Auto, false);
    for argument in arguments.map(|argument| argument.to_string_lossy().into_owned()) {
        let value = if is_value { Some(argument.as_str()) } else { argument.strip_prefix("--color=") };
        match value {
            Some("always") => choice = ColorChoice::Always,
            Some("never") => choice = ColorChoice::Never,
            Some("auto") => choice = ColorChoice::Auto,
            _ => {}
        }
        is_value = argument == "--color";
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_can_be_chosen_before_and_after_the_command() {
        for (line, expected) in [
            ("key list", ColorChoice::Auto),
            ("--color always key list", ColorChoice::Always),
            ("key list --color=never", ColorChoice::Never),
            ("key list --color", ColorChoice::Auto),
            ("key list always", ColorChoice::Auto),
        ] {
            assert_eq!(choice(line.split(' ').map(OsString::from)), expected, "{line}");
        }
    }
}
