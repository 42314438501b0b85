//! Why a request is none that could be verified.
//!
//! In: what is wrong. Out: [`Malformed`], a [`Problem`] of status 400. Must not know: requests.

use crate::error::Problem;
use crate::error_code::Code;

/// Names and values, decoded.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Why a request is none that could be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub detail: String,
    /// The parameter to blame.
    pub parameter: String,
    code: Code,
}

impl Malformed {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), parameter: "Authorization".to_owned(), code: Code::MalformedRequest }
    }

    pub(super) fn of(self, parameter: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), ..self }
    }

    pub(super) fn missing(name: &str) -> Self {
        let wrong = Self::new(format!("A signed request needs {name}.")).of(name);
        Self { code: Code::MissingParameter, ..wrong }
    }

    pub(super) fn twice(name: &[u8]) -> Self {
        let name: String = String::from_utf8_lossy(name).chars().take(64).collect();
        let wrong = Self::new(format!("The parameter {name} is given twice.")).of(name);
        Self { code: Code::RepeatedParameter, ..wrong }
    }
}

impl From<Malformed> for Problem {
    fn from(wrong: Malformed) -> Self {
        Self::new(wrong.code, wrong.detail).parameter(wrong.parameter)
    }
}
