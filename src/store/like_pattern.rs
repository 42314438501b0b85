//! Searches for texts of users in any case, and patterns of `LIKE … ESCAPE '!'`.
//!
//! ```text
//! PostgreSQL   lower(column) LIKE lower(pattern)
//! SQLite       column GLOB pattern, with [aA] for each letter: its lower() and LIKE change only ASCII letters
//! ```
//!
//! In: text, a column. Out: conditions, and patterns that match exactly this text. Must not know: tables.

use super::connect::Backend;

/// SQLite rejects patterns of more than 50,000 bytes. A character needs up to 10 bytes.
const MAX_CHARACTERS: usize = 4000;

/// The condition that a column contains the text whose [`pattern`](containing) is bound to `placeholder`, in any case.
pub(super) fn is_containing(backend: &Backend, column: &str, placeholder: &str) -> String {
    if backend.has_server() {
        format!("lower({column}) LIKE lower({placeholder}) ESCAPE '!'")
    } else {
        format!("{column} GLOB {placeholder}")
    }
}

/// The pattern for [`is_containing`].
pub(super) fn containing(backend: &Backend, text: &str) -> String {
    if backend.has_server() { format!("%{}%", escape_pattern(text)) } else { glob_containing(text) }
}

fn glob_containing(text: &str) -> String {
    let mut pattern = "*".to_owned();
    for character in text.chars().take(MAX_CHARACTERS) {
        match (single(character.to_lowercase()), single(character.to_uppercase())) {
            (Some(lower), Some(upper)) if lower != upper => pattern.extend(['[', lower, upper, ']']),
            _ if matches!(character, '*' | '?' | '[') => pattern.extend(['[', character, ']']),
            _ => pattern.push(character),
        }
    }
    pattern.push('*');
    pattern
}

/// The character, if it is one: some letters are several in the other case.
fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// The text, in which no character is a placeholder of `LIKE`.
pub(super) fn escape_pattern(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_users_are_characters() {
        assert_eq!(escape_pattern("50%_OK!"), "50!%!_OK!!");
        assert_eq!(glob_containing("5*[?]"), "*5[*][[][?]]*");
        assert_eq!(glob_containing(""), "**");
    }

    #[test]
    fn letters_match_in_both_cases() {
        assert_eq!(glob_containing("aÜß1"), "*[aA][üÜ]ß1*");
        assert!(glob_containing(&"Ü".repeat(100_000)).len() < 50_000);
    }
}
