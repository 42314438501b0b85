//! How much of Odoo's words a caller may see.
//!
//! In: the message of an exception. Out: the part of it that was made for people and holds no traceback, SQL, path or
//! row of a table. Must not know: classes, statuses.

/// What follows these is the database's: rows, statements, positions in them.
const MACHINE_TALK: &[&str] = &["\nDETAIL:", "\nLINE ", "\nCONTEXT:", "\nHINT:", "Traceback (most recent call last)"];

/// What no line for a caller may contain.
const INSIDES: &[&str] = &[
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

/// A message made for people: whole, but for what the database adds to it.
pub(super) fn to_people(message: &str) -> String {
    cut(before_machine_talk(message).trim(), 2000)
}

/// The first line of any other message, or nothing where it shows Odoo's insides.
pub(super) fn one_line(message: &str) -> String {
    let line = before_machine_talk(message).trim().lines().next().unwrap_or_default();
    let line = without_modules(line.trim_end().trim_end_matches(" while evaluating"));
    if INSIDES.iter().any(|inside| line.contains(inside)) || names_a_file(&line) {
        return String::new();
    }
    cut(&line, 300)
}

/// `<class 'odoo.exceptions.UserError'>` as `UserError`.
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

/// Whether a word is a path from the root, as `/var/lib/odoo`.
fn names_a_file(line: &str) -> bool {
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '(' | '`' | '='));
    words.filter_map(|word| word.strip_prefix('/')).any(|path| path.contains('/') && !path.ends_with('/'))
}

fn before_machine_talk(message: &str) -> &str {
    let begins = |talk: &&&str| message.starts_with(talk.trim_start());
    let end = match MACHINE_TALK.iter().find(begins) {
        Some(_) => Some(0),
        None => MACHINE_TALK.iter().filter_map(|talk| message.find(talk)).min(),
    };
    end.and_then(|end| message.get(..end)).unwrap_or(message)
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_was_made_for_them() {
        for (message, expected) in [
            ("No.\n\n- Because\n", "No.\n\n- Because"),
            ("violates check\nDETAIL:  Failing row contains (1, secret)", "violates check"),
            ("LINE 1: select secret from x", ""),
            ("It failed:\nTraceback (most recent call last):\n  File", "It failed:"),
        ] {
            assert_eq!(to_people(message), expected);
        }
        assert_eq!(to_people(&"é".repeat(2001)).chars().count(), 2001);
    }

    #[test]
    fn of_other_messages_one_line_is_shown_if_it_is_clean() {
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
