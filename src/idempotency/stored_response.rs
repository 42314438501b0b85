//! The stored response of a request.
//!
//! ```text
//! bytes = length of head: 4 bytes, big-endian   head: JSON   body
//! ```
//!
//! In: the parts of a response. Out: bytes, and back. Must not know: how they are sealed.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The largest body that is stored, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The response of a request, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResponse(pub StoredOutcome);

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredOutcome {
    /// The request was executed.
    Response {
        /// The status.
        status: u16,
        /// The stored headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The request was executed, but its body is too large to be stored.
    TooLarge {
        /// The status.
        status: u16,
        /// The size of the body, in bytes.
        size: u64,
    },
    /// The request failed.
    Failed(Box<Problem>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredHead {
    #[serde(rename = "answer")]
    Response {
        status: u16,
        headers: Vec<(String, String)>,
    },
    TooLarge {
        status: u16,
        size: u64,
    },
    Failed {
        code: String,
        detail: String,
        hint: Option<String>,
        parameter: Option<String>,
        odoo: Option<[String; 2]>,
        /// The class of the exception with its module.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        odoo_class: Option<String>,
    },
}

impl StoredResponse {
    /// A response, without its body if that is too large.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>, body: &[u8]) -> Self {
        if body.len() > MAX_BODY {
            return Self(StoredOutcome::TooLarge { status, size: body.len() as u64 });
        }
        Self(StoredOutcome::Response { status, headers, body: body.to_vec() })
    }

    /// The response as bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (head, body) = match &self.0 {
            StoredOutcome::Response { status, headers, body } => {
                (StoredHead::Response { status: *status, headers: headers.clone() }, body.as_slice())
            }
            StoredOutcome::TooLarge { status, size } => {
                (StoredHead::TooLarge { status: *status, size: *size }, &[][..])
            }
            StoredOutcome::Failed(problem) => (StoredHead::from_problem(problem), &[][..]),
        };
        // Strings and numbers always serialize.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), head.as_slice(), body].concat()
    }

    /// Parses the bytes of [`to_bytes`](Self::to_bytes); `None` if they are malformed.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some(Self(match serde_json::from_slice(head).ok()? {
            StoredHead::Response { status, headers } => {
                StoredOutcome::Response { status, headers, body: body.to_vec() }
            }
            StoredHead::TooLarge { status, size } => StoredOutcome::TooLarge { status, size },
            StoredHead::Failed { code, detail, hint, parameter, odoo, odoo_class } => {
                let mut problem = Problem::new(ErrorCode::parse(&code)?, detail);
                (problem.hint, problem.parameter) = (hint, parameter);
                StoredOutcome::Failed(Box::new(match odoo {
                    Some([exception, message]) => problem.odoo(exception, message).odoo_class(odoo_class),
                    None => problem,
                }))
            }
        }))
    }
}

impl StoredHead {
    fn from_problem(problem: &Problem) -> Self {
        let odoo = problem.odoo.as_ref().map(|odoo| [odoo.exception.clone(), odoo.message.clone()]);
        Self::Failed {
            code: problem.code.as_str().to_owned(),
            detail: problem.detail.clone(),
            hint: problem.hint.clone(),
            parameter: problem.parameter.clone(),
            odoo,
            odoo_class: problem.odoo.as_ref().and_then(|odoo| odoo.qualified.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_bytes_inverts_to_bytes() {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let problem = Problem::new(ErrorCode::OdooRefused, "No.").hint("h").parameter("p").odoo("UserError", "Nope");
        let problem = problem.odoo_class(Some("odoo.exceptions.ValidationError".to_owned()));
        for stored in [
            StoredResponse::new(200, headers.clone(), b"{\"x\": 1}"),
            StoredResponse::new(204, Vec::new(), b""),
            StoredResponse::new(200, headers, &vec![0; MAX_BODY + 1]),
            StoredResponse(StoredOutcome::Failed(Box::new(problem))),
            StoredResponse(StoredOutcome::Failed(Box::new(Problem::new(ErrorCode::OutcomeUnknown, "?")))),
        ] {
            assert_eq!(StoredResponse::from_bytes(&stored.to_bytes()), Some(stored));
        }
    }

    #[test]
    fn a_body_that_is_too_large_is_stored_as_its_size() {
        let stored = StoredResponse::new(200, Vec::new(), &vec![0; MAX_BODY + 1]);
        assert_eq!(stored.0, StoredOutcome::TooLarge { status: 200, size: (1 << 20) + 1 });
        assert!(stored.to_bytes().len() < 100);
    }

    #[test]
    fn malformed_bytes_are_rejected() {
        for bytes in [&b""[..], b"\0\0\0", b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}", b"\0\0\0\x02[]x"] {
            assert_eq!(StoredResponse::from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
