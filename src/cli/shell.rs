//! `odoo-gateway completions` and `odoo-gateway man`: what shells and `man` read.
//!
//! In: the definition of the command line. Out: a script, a manual page. Must not know: what a command does.

use std::io::{self, Write};

use clap::{Args, Command, ValueEnum, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::build_info;

/// Arguments of `completions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct CompletionsCommand {
    /// The shell
    shell: CompletedShell,
}

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CompletedShell {
    /// source <(odoo-gateway completions bash)
    Bash,
    /// odoo-gateway completions zsh > "${fpath[1]}/_odoo-gateway"
    Zsh,
    /// odoo-gateway completions fish > ~/.config/fish/completions/odoo-gateway.fish
    Fish,
}

impl From<CompletedShell> for Shell {
    fn from(shell: CompletedShell) -> Self {
        match shell {
            CompletedShell::Bash => Self::Bash,
            CompletedShell::Zsh => Self::Zsh,
            CompletedShell::Fish => Self::Fish,
        }
    }
}

/// `odoo-gateway completions`: prints the script that completes commands and options.
///
/// # Errors
/// Fails if `out` cannot be written.
pub fn print_completions(
    CompletionsCommand { shell }: CompletionsCommand,
    mut root: Command,
    out: &mut impl Write,
) -> io::Result<()> {
    // `generate` panics if its writer fails, for example because the reader has closed the pipe.
    let (mut script, name) = (Vec::new(), root.get_name().to_owned());
    clap_complete::generate(Shell::from(shell), &mut root, name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        CompletedShell::Bash => correct_labels(&root, &[], &mut script),
        CompletedShell::Zsh => {}
        CompletedShell::Fish => complete_for_fish(&root, &mut script),
    }
    out.write_all(script.as_bytes())
}

/// In scripts for bash, `clap_complete` 4.6 writes the labels of names with a hyphen in two ways: `a-b c` is
/// `a__b__subcmd__c` where it is set, and `a__subcmd__b__subcmd__c` where it is used, so nothing is completed.
fn correct_labels(command: &Command, above: &[&str], script: &mut String) {
    let mut path = above.to_vec();
    path.push(command.get_name());
    let label = |hyphen: &str| path.iter().map(|name| name.replace('-', hyphen)).collect::<Vec<_>>().join("__subcmd__");
    *script = script.replace(&format!(" {})\n", label("__subcmd__")), &format!(" {})\n", label("__")));
    command.get_subcommands().for_each(|command| correct_labels(command, &path, script));
}

/// In scripts for fish, `clap_complete` 4.6 offers files where a command takes other values or none, and no values for
/// an option before the first command, because the option still has no value when it looks for the command.
fn complete_for_fish(root: &Command, script: &mut String) {
    let check = "    argparse -s (__fish_odoo_gateway_global_optspecs) -- $cmd 2>/dev/null\n";
    let again = format!("{check}    or begin\n    set -e cmd[-1]\n{check}    end\n");
    *script = script.replace(check, &again);
    for command in subcommands(root) {
        complete_arguments(command, &format!("__fish_odoo_gateway_using_subcommand {}", command.get_name()), script);
    }
}

fn complete_arguments(command: &Command, condition: &str, script: &mut String) {
    for command in subcommands(command) {
        let condition = format!("{condition}; and __fish_seen_subcommand_from {}", command.get_name());
        complete_arguments(command, &condition, script);
    }
    let takes_file = command.get_positionals().any(|argument| argument.get_value_hint() == ValueHint::AnyPath);
    if command.has_subcommands() || takes_file {
        return;
    }
    let values = command.get_positionals().flat_map(clap::Arg::get_possible_values);
    let values: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
    script.push_str(&format!("complete -c odoo-gateway -n \"{condition}\" -f -a \"{}\"\n", values.join(" ")));
}

/// `odoo-gateway man`: prints one manual page (section 1) with all commands.
///
/// # Errors
/// Fails if `out` cannot be written.
pub fn print_manual(mut root: Command, out: &mut impl Write) -> io::Result<()> {
    root.build();
    let mut page = Vec::new();
    write_manual(&root, &mut page)?;
    out.write_all(portable(&String::from_utf8_lossy(&page)).as_bytes())
}

fn write_manual(root: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let source = format!("odoo-gateway {}", build_info::VERSION);
    let page = Man::new(root.clone()).date(build_info::DATE).source(source);
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    writeln!(out, ".SH COMMANDS")?;
    subcommands(root).try_for_each(|command| print_command(command, out))?;
    out.write_all(FOOTER.as_bytes())
}

/// The page without characters outside of ASCII, which groff reads as Latin-1, and without line breaks next to an empty
/// line, of which mandoc warns.
fn portable(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let is_empty = |line: Option<&&str>| line.is_some_and(|line| line.is_empty());
    let mut text = String::with_capacity(page.len());
    for (at, line) in lines.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| lines.get(at));
        if *line == ".br" && (is_empty(before) || is_empty(lines.get(at + 1))) {
            continue;
        }
        for character in line.chars() {
            match character {
                ascii if ascii.is_ascii() => text.push(ascii),
                other => text.push_str(&format!("\\[u{:04X}]", u32::from(other))),
            }
        }
        text.push('\n');
    }
    text
}

/// The subcommands, without the help that clap adds.
fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| command.get_name() != "help")
}

/// A command with its arguments, or each of its subcommands.
fn print_command(command: &Command, out: &mut impl Write) -> io::Result<()> {
    if command.has_subcommands() {
        return subcommands(command).try_for_each(|command| print_command(command, out));
    }
    // The options of every command are described once.
    let mut own = command.clone().mut_args(|argument| {
        let is_shared = argument.is_global_set() || matches!(argument.get_id().as_str(), "help" | "version");
        argument.hide(is_shared)
    });
    let usage = own.render_usage().to_string();
    let about = own.get_long_about().or(own.get_about()).map(ToString::to_string).unwrap_or_default();
    writeln!(out, ".SS {}", escape(command.get_bin_name().unwrap_or_default()))?;
    writeln!(out, "{}.", escape(about.trim_end_matches('.')))?;
    writeln!(out, ".PP\n.B {}", escape(usage.trim_start_matches("Usage: ").trim()))?;
    let mut options = Vec::new();
    Man::new(own).render_options_section(&mut options)?;
    let options = String::from_utf8_lossy(&options);
    options.lines().filter(|line| !line.starts_with(".SH ")).try_for_each(|line| writeln!(out, "{line}"))
}

/// A text as roff: a backslash or a hyphen is itself, and no line is a request.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\n', " ");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

const FOOTER: &str = r#".SH EXIT STATUS
.TP
0
Success.
.TP
1
The command failed; standard error contains the reason.
.TP
2
The arguments are invalid.
.SH ENVIRONMENT
.TP
ODOO_URL, ODOO_DB, DATABASE_URL
The address and database of Odoo, and the store.
.TP
ODOO_GATEWAY__SECTION__KEY
Any setting, for example ODOO_GATEWAY__SERVER__LISTEN.
.TP
NO_COLOR
No colors, unless \-\-color always is given.
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    fn manual() -> String {
        let mut out = Vec::new();
        print_manual(Cli::definition(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_manual_contains_every_command_and_option() {
        fn expect(command: &Command, page: &str) {
            for argument in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(page.contains(&escape(&format!("--{argument}"))), "{}: {argument}", command.get_name());
            }
            command.get_subcommands().for_each(|command| expect(command, page));
        }
        let page = manual();
        expect(&Cli::definition(), &page);
        for command in ["odoo\\-gateway serve", "odoo\\-gateway key create", "odoo\\-gateway keys rotate"] {
            assert_eq!(page.matches(&format!(".SS {command}\n")).count(), 1, "{command}: {page}");
        }
    }

    #[test]
    fn options_of_all_commands_are_described_once() {
        assert_eq!(manual().matches("Print JSON").count(), 1);
    }

    #[test]
    fn the_manual_is_ascii() {
        assert!(manual().is_ascii());
        assert_eq!(portable("a…\n.br\n\n.br\nb\n.br\nc"), "a\\[u2026]\n\nb\n.br\nc\n");
    }

    #[test]
    fn no_text_is_a_request_of_roff() {
        assert_eq!(escape(".SH a-b\\c"), "\\&.SH a\\-b\\ec");
    }
}
