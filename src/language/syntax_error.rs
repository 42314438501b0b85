//! Syntax errors: what was expected and found at a position of a text.
//!
//! In: positions and expectations of the parsers. Out: error messages. Must not know: HTTP, the parameter, until it
//! is passed in.

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// How to send a request that exceeds a limit of values or names.
pub(super) const SPLIT_HINT: &str = "split the request: send fewer values at a time";

/// An error at a position of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found} at position {position}")]
pub struct SyntaxError {
    /// The position in characters of the decoded text, from 1; one after the last character if the text ends too
    /// early.
    pub position: usize,
    /// What was expected.
    pub expected: String,
    /// What was found: a short excerpt, quoted.
    pub found: String,
    /// How to fix it.
    pub hint: Option<String>,
    /// The body contains too many values or names: the text is too large, not malformed.
    pub too_many: bool,
}

impl SyntaxError {
    pub(super) fn new(position: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { position, expected: expected.into(), found: found.into(), hint: None, too_many: false }
    }

    /// The error for too many values or names, counted before they are parsed.
    pub(super) fn too_many(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { too_many: true, ..Self::new(1, expected, found) }.with_hint(SPLIT_HINT)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error as the client sees it, with the parameter that caused it.
    #[must_use]
    pub fn into_problem(self, code: ErrorCode, parameter: &str) -> Problem {
        let code = if self.too_many { ErrorCode::BodyTooLarge } else { code };
        located_problem(code, parameter, &self.to_string(), self.hint)
    }
}

pub(super) fn located_problem(code: ErrorCode, parameter: &str, message: &str, hint: Option<String>) -> Problem {
    let problem = Problem::new(code, format!("{parameter}: {message}")).parameter(parameter);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// A byte offset of `text` in characters, from 1.
pub(super) fn position(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).chars().count() + 1
}

/// Quotes the start of `rest` for an error: a word, a character, or the end.
pub(super) fn quote_head(rest: &str) -> String {
    let Some(first) = rest.chars().next() else { return "the end of the text".to_owned() };
    if first.is_alphanumeric() || first == '_' {
        return quote_word(rest);
    }
    match first {
        '"' => "'\"'".to_owned(),
        ' ' => "a space".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        _ if first.is_control() || first.is_whitespace() => format!("the character U+{:04X}", u32::from(first)),
        _ if rest.starts_with("...") => "\"...\"".to_owned(),
        _ => format!("\"{first}\""),
    }
}

/// The word at the start of `rest`, truncated to 24 characters.
fn quote_word(rest: &str) -> String {
    let in_word = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    let mut word: String = rest.chars().take_while(in_word).take(25).collect();
    if let Some((cut, _)) = word.char_indices().nth(24) {
        word.truncate(cut);
        word.push('…');
    }
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_says_expected_found_and_position() {
        assert_eq!(
            SyntaxError::new(12, "a value", quote_head(")")).to_string(),
            "expected a value, found \")\" at position 12"
        );
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        for (rest, quoted) in [
            ("", "the end of the text"),
            ("abc)", "\"abc\""),
            ("\"x\"", "'\"'"),
            ("\u{a0}", "the character U+00A0"),
            ("\0", "the character U+0000"),
            ("\n", "a line break"),
            ("“x”", "\"“\""),
            (&"a".repeat(100), "\"aaaaaaaaaaaaaaaaaaaaaaaa…\""),
        ] {
            assert_eq!(quote_head(rest), quoted);
        }
    }

    #[test]
    fn the_problem_has_the_parameter_and_the_hint() {
        let error = SyntaxError::new(2, "a value", "\"name\"").with_hint("texts need quotes");
        let problem = error.into_problem(ErrorCode::InvalidLiteral, "vals");
        assert_eq!(problem.detail, "vals: expected a value, found \"name\" at position 2");
        assert_eq!(problem.parameter.as_deref(), Some("vals"));
        assert!(problem.hint.is_some());
    }
}
