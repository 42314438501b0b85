//! Errors of requests whose signature cannot be verified.
//!
//! In: what is wrong. Out: [`MalformedSignature`], a [`Problem`] with status 400. Must not know: requests.

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// Names and values, decoded.
pub type ParamPairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Why the signature of a request cannot be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedSignature {
    /// What is wrong.
    pub detail: String,
    /// The parameter that is wrong.
    pub parameter: String,
    code: ErrorCode,
}

impl MalformedSignature {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), parameter: "Authorization".to_owned(), code: ErrorCode::MalformedRequest }
    }

    pub(super) fn with_parameter(self, parameter: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), ..self }
    }

    pub(super) fn missing(name: &str) -> Self {
        let error = Self::new(format!("The parameter `{name}` of the signed request is missing.")).with_parameter(name);
        Self { code: ErrorCode::MissingParameter, ..error }
    }

    pub(super) fn repeated(name: &[u8]) -> Self {
        let name: String = String::from_utf8_lossy(name).chars().take(64).collect();
        let error = Self::new(format!("The parameter `{name}` is sent more than once.")).with_parameter(name);
        Self { code: ErrorCode::RepeatedParameter, ..error }
    }
}

impl From<MalformedSignature> for Problem {
    fn from(error: MalformedSignature) -> Self {
        Self::new(error.code, error.detail).parameter(error.parameter)
    }
}
