//! What was expected, what was found, and where: in a text, or in a tree that was read from one.
//!
//! In: what the readers noticed. Out: sentences for people. Must not know: HTTP, parameters' names until told.

use std::fmt::Write as _;

use crate::error::Problem;
use crate::error_code::Code;
use crate::language::literal;
use crate::value::Value;

/// A mistake at a place of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found} at position {position}")]
pub struct SyntaxError {
    /// Characters of the decoded text, from 1; one behind the last when the text ends too early.
    pub position: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there: a short excerpt, quoted.
    pub found: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The body holds too many values: it is not wrong, but too much.
    pub too_many: bool,
}

impl SyntaxError {
    pub(super) fn new(position: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { position, expected: expected.into(), found: found.into(), hint: None, too_many: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error as the caller of the gateway sees it, with the parameter to blame.
    #[must_use]
    pub fn into_problem(self, code: Code, parameter: &str) -> Problem {
        let code = if self.too_many { Code::BodyTooLarge } else { code };
        blame(code, parameter, &self.to_string(), self.hint)
    }
}

/// A mistake at a node of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("expected {expected}, found {found}{}", place(at))]
pub struct TreeError {
    /// The way from the root to the node, a child index a step: an index of a list, or of a map's members.
    pub at: Vec<usize>,
    /// What could have stood there.
    pub expected: String,
    /// What stands there: a short excerpt.
    pub found: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The body holds too many values: it is not wrong, but too much.
    pub too_many: bool,
}

impl TreeError {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), ..Self::default() }
    }

    /// `expected`, but this value came.
    pub(super) fn unfit(expected: impl Into<String>, value: &Value<'_>) -> Self {
        let found = match value {
            Value::List(_) | Value::Map(_) | Value::Null => value.kind().to_owned(),
            scalar => scalar.excerpt(64),
        };
        Self::new(expected, found)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, seen from the node of which this tree is the child at `index`.
    #[must_use]
    pub fn below(mut self, index: usize) -> Self {
        self.at.insert(0, index);
        self
    }

    /// The same error with its place in `text`, the text from which the tree was read with [`literal::read`].
    #[must_use]
    pub fn in_text(self, text: &str) -> SyntaxError {
        let position = literal::locate(text, &self.at).unwrap_or(1);
        SyntaxError { position, expected: self.expected, found: self.found, hint: self.hint, too_many: self.too_many }
    }

    /// The error as the caller of the gateway sees it, with the parameter or body member to blame.
    #[must_use]
    pub fn into_problem(self, code: Code, parameter: &str) -> Problem {
        let code = if self.too_many { Code::BodyTooLarge } else { code };
        blame(code, parameter, &self.to_string(), self.hint)
    }
}

fn blame(code: Code, parameter: &str, mistake: &str, hint: Option<String>) -> Problem {
    let problem = Problem::new(code, format!("{parameter}: {mistake}")).parameter(parameter);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// A text inside of a tree: its node is the place.
impl From<SyntaxError> for TreeError {
    fn from(error: SyntaxError) -> Self {
        Self {
            at: Vec::new(),
            expected: error.expected,
            found: error.found,
            hint: error.hint,
            too_many: error.too_many,
        }
    }
}

/// ` at [0][2]`; nothing for the root.
fn place(at: &[usize]) -> String {
    let mut place = String::new();
    for (step, index) in at.iter().enumerate() {
        let _ = write!(place, "{}[{index}]", if step == 0 { " at " } else { "" });
    }
    place
}

/// A byte offset of `text` in characters, from 1.
pub(super) fn position(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).chars().count() + 1
}

/// How an error quotes what stands at the head of `rest`: a word, a character, or the end.
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

/// The word at the head of `rest`, cut to 24 characters.
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
    fn a_syntax_error_reads_as_a_sentence() {
        assert_eq!(
            SyntaxError::new(12, "a value", quote_head(")")).to_string(),
            "expected a value, found \")\" at position 12"
        );
    }

    #[test]
    fn a_tree_error_shows_the_way_to_its_node() {
        let error = TreeError::new("an operator", "\"~\"").below(1).below(4);
        assert_eq!(error.to_string(), "expected an operator, found \"~\" at [4][1]");
        assert_eq!(TreeError::new("a list", "null").to_string(), "expected a list, found null");
    }

    #[test]
    fn a_tree_error_finds_its_place_in_the_text() {
        let error = TreeError::new("an operator", "\"~\"").below(1).below(1);
        assert_eq!(error.in_text("[('ä', '=', 1), ('b', '~', 2)]").position, 23);
    }

    #[test]
    fn a_problem_names_the_parameter_and_keeps_the_hint() {
        let error = literal::read("[name]", literal::Limits::query()).unwrap_err();
        let problem = error.into_problem(Code::InvalidLiteral, "vals");
        assert_eq!(problem.detail, "vals: expected a value, found \"name\" at position 2");
        assert_eq!(problem.parameter.as_deref(), Some("vals"));
        assert!(problem.hint.is_some());
    }

    #[test]
    fn what_was_found_is_short_and_visible() {
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
}
