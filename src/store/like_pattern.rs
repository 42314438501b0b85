//! Patterns of `LIKE … ESCAPE '!'` from texts of users.
//!
//! In: text. Out: a pattern that matches exactly this text. Must not know: columns.

/// A pattern for texts that contain `text`. To find them in any case, the store lowers both sides with its own
/// `lower()`: that of SQLite changes only ASCII letters.
pub(super) fn containing(text: &str) -> String {
    format!("%{}%", escape_pattern(text))
}

/// The text, in which no character is a placeholder.
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
        assert_eq!(containing("50%_OK!"), "%50!%!_OK!!%");
        assert_eq!(containing(""), "%%");
    }
}
