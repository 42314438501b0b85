//! Tree errors: what was expected and found at a node of a tree.
//!
//! In: paths and expectations of the parsers. Out: error messages. Must not know: HTTP, the parameter, until it is
//! passed in.

use std::fmt::Write as _;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::literal;
use crate::language::syntax_error::{SyntaxError, located_problem};
use crate::value::Value;

/// An error at a node of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("expected {expected}, found {found}{}", format_path(path))]
pub struct TreeError {
    /// The path from the root to the node, one child index per step: an index of a list, or of the members of a map.
    pub path: Vec<usize>,
    /// What was expected.
    pub expected: String,
    /// What was found: a short excerpt.
    pub found: String,
    /// How to fix it.
    pub hint: Option<String>,
    /// The body contains too many values or names: the text is too large, not malformed.
    pub too_many: bool,
}

impl TreeError {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), ..Self::default() }
    }

    /// The error for a value that does not fit.
    pub(super) fn mismatch(expected: impl Into<String>, value: &Value<'_>) -> Self {
        let found = match value {
            Value::List(_) | Value::Map(_) | Value::Null => value.kind().to_owned(),
            scalar => scalar.excerpt(64),
        };
        Self::new(expected, found)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error relative to the parent node, in which this tree is the child at `index`.
    #[must_use]
    pub fn below(mut self, index: usize) -> Self {
        self.path.insert(0, index);
        self
    }

    /// The same error with its position in `text`, the text that the tree was parsed from with [`literal::parse`].
    #[must_use]
    pub fn in_text(self, text: &str) -> SyntaxError {
        let position = literal::locate(text, &self.path).unwrap_or(1);
        SyntaxError { position, expected: self.expected, found: self.found, hint: self.hint, too_many: self.too_many }
    }

    /// The error as the client sees it, with the parameter or body member that caused it.
    #[must_use]
    pub fn into_problem(self, code: ErrorCode, parameter: &str) -> Problem {
        let code = if self.too_many { ErrorCode::BodyTooLarge } else { code };
        located_problem(code, parameter, &self.to_string(), self.hint)
    }
}

/// The error of a text inside a tree: the node is the place of the error.
impl From<SyntaxError> for TreeError {
    fn from(error: SyntaxError) -> Self {
        Self {
            path: Vec::new(),
            expected: error.expected,
            found: error.found,
            hint: error.hint,
            too_many: error.too_many,
        }
    }
}

/// ` at [0][2]`; nothing for the root.
fn format_path(path: &[usize]) -> String {
    let mut formatted = String::new();
    for (step, index) in path.iter().enumerate() {
        let _ = write!(formatted, "{}[{index}]", if step == 0 { " at " } else { "" });
    }
    formatted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_error_shows_the_path_of_its_node() {
        let error = TreeError::new("an operator", "\"~\"").below(1).below(4);
        assert_eq!(error.to_string(), "expected an operator, found \"~\" at [4][1]");
        assert_eq!(TreeError::new("a list", "null").to_string(), "expected a list, found null");
    }

    #[test]
    fn a_tree_error_has_a_position_in_the_text() {
        let error = TreeError::new("an operator", "\"~\"").below(1).below(1);
        assert_eq!(error.in_text("[('ä', '=', 1), ('b', '~', 2)]").position, 23);
    }
}
