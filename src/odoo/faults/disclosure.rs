//! How much of a message from Odoo a client may see.
//!
//! In: the message of an exception. Out: the part that is written for users and contains no traceback, SQL, path, or
//! table row. Must not know: classes, statuses.

/// Everything from one of these on comes from the database: rows, statements, positions. Odoo itself writes `Detail:`
/// since Odoo 19.
const DATABASE_OUTPUT: &[&str] =
    &["\nDETAIL:", "\nDetail:", "\nLINE ", "\nCONTEXT:", "\nHINT:", "Traceback (most recent call last)"];

/// Where the database names the values of a row, in every language: `Key (login)=(admin) already exists.`
const ROW_VALUES: &str = ")=(";

/// A line that contains one of these is not shown.
const INTERNALS: &[&str] = &[
    ".py",
    "File \"",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE ",
    " object at 0x",
    "psycopg2",
    "odoo.addons.",
    "odoo.models.",
    "odoo.orm.",
];

/// A message written for users: complete, without what the database appends.
pub(in crate::odoo) fn user_text(message: &str) -> String {
    truncate(before_database_output(message).trim(), 2000)
}

/// The first line of any other message, or nothing if it reveals Odoo's internals.
pub(super) fn one_line(message: &str) -> String {
    let line = before_database_output(message).trim().lines().next().unwrap_or_default();
    let line = without_modules(line.trim_end().trim_end_matches(" while evaluating"));
    if INTERNALS.iter().any(|internal| line.contains(internal)) || contains_path(&line) {
        return String::new();
    }
    truncate(&line, 300)
}

/// Replaces `<class 'odoo.exceptions.UserError'>` by `UserError`.
fn without_modules(line: &str) -> String {
    let mut parts = line.split("<class '");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (class, rest) = part.split_once("'>").unwrap_or((part, ""));
        plain.push_str(class.rsplit('.').next().unwrap_or_default());
        plain.push_str(rest);
    }
    plain
}

/// Whether a word is an absolute path, for example `/var/lib/odoo`.
fn contains_path(line: &str) -> bool {
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '(' | '`' | '='));
    words.filter_map(|word| word.strip_prefix('/')).any(|path| path.contains('/') && !path.ends_with('/'))
}

fn before_database_output(message: &str) -> &str {
    let begins = |output: &&&str| message.starts_with(output.trim_start());
    let end = match DATABASE_OUTPUT.iter().find(begins) {
        Some(_) => Some(0),
        None => DATABASE_OUTPUT.iter().filter_map(|output| message.find(output)).min(),
    };
    before_row_values(end.and_then(|end| message.get(..end)).unwrap_or(message))
}

/// The lines before the first one that contains the values of a row. Odoo translates the word before them.
fn before_row_values(message: &str) -> &str {
    let Some(before) = message.find(ROW_VALUES).and_then(|at| message.get(..at)) else { return message };
    before.rfind('\n').and_then(|end| before.get(..end)).unwrap_or_default()
}

fn truncate(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_messages_lose_only_what_the_database_appends() {
        for (message, expected) in [
            ("No.\n\n- Because\n", "No.\n\n- Because"),
            ("violates check\nDETAIL:  Failing row contains (1, secret)", "violates check"),
            ("LINE 1: select secret from x", ""),
            (
                "The value for 'code' (Code) already exists.\n\nDetail: Key (code)=(secret) already exists.\n",
                "The value for 'code' (Code) already exists.",
            ),
            ("Existe déjà.\n\nDétail : Key (code, name)=(secret, x) already exists.\n", "Existe déjà."),
            ("Detail: Key (code)=(secret) already exists.", ""),
            ("Details follow:\n- (a) = (b)", "Details follow:\n- (a) = (b)"),
            ("It failed:\nTraceback (most recent call last):\n  File", "It failed:"),
        ] {
            assert_eq!(user_text(message), expected);
        }
        assert_eq!(user_text(&"é".repeat(2001)).chars().count(), 2001);
    }

    #[test]
    fn other_messages_are_reduced_to_one_clean_line() {
        for (message, expected) in [
            ("Invalid field 'a'\nmore", "Invalid field 'a'"),
            ("invalid syntax: \"abc\"\nLINE 1: SELECT a", "invalid syntax: \"abc\""),
            ("cannot open /usr/lib/odoo/x.py", ""),
            ("near SELECT * FROM x", ""),
            ("<A object at 0x7f>", ""),
            ("cannot open '/var/lib/odoo/x'", ""),
            ("odoo.addons.sale.models.x", ""),
            ("either / or and 1/2/3", "either / or and 1/2/3"),
            ("<class 'odoo.exceptions.UserError'>: \"No.\" while evaluating\n'code'", "UserError: \"No.\""),
            ("", ""),
        ] {
            assert_eq!(one_line(message), expected);
        }
    }
}
