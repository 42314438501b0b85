//! What came of a request, as it is kept.
//!
//! ```text
//! kept = length of head:4 head:JSON body
//! ```
//!
//! In: the parts of an answer. Out: bytes, and back. Must not know: how they are sealed.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::error_code::Code;

/// The largest body that is kept.
const LARGEST: usize = 1 << 20;

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(pub Outcome);

/// See [`Kept`].
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An answer.
    Answer {
        /// Its status.
        status: u16,
        /// The headers that belong to it.
        headers: Vec<(String, String)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// It was done, but its answer was too large to be kept.
    TooLarge {
        /// Its status.
        status: u16,
        /// The size of its body.
        size: u64,
    },
    /// A refusal or failure.
    Failed(Box<Problem>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    Answer { status: u16, headers: Vec<(String, String)> },
    TooLarge { status: u16, size: u64 },
    Failed { code: String, detail: String, hint: Option<String>, parameter: Option<String>, odoo: Option<[String; 2]> },
}

impl Kept {
    /// An answer, or that it is too large.
    #[must_use]
    pub fn answer(status: u16, headers: Vec<(String, String)>, body: &[u8]) -> Self {
        if body.len() > LARGEST {
            return Self(Outcome::TooLarge { status, size: body.len() as u64 });
        }
        Self(Outcome::Answer { status, headers, body: body.to_vec() })
    }

    /// As bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let (head, body) = match &self.0 {
            Outcome::Answer { status, headers, body } => {
                (Head::Answer { status: *status, headers: headers.clone() }, body.as_slice())
            }
            Outcome::TooLarge { status, size } => (Head::TooLarge { status: *status, size: *size }, &[][..]),
            Outcome::Failed(problem) => (Head::of(problem), &[][..]),
        };
        // Texts and numbers always serialize.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), head.as_slice(), body].concat()
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some(Self(match serde_json::from_slice(head).ok()? {
            Head::Answer { status, headers } => Outcome::Answer { status, headers, body: body.to_vec() },
            Head::TooLarge { status, size } => Outcome::TooLarge { status, size },
            Head::Failed { code, detail, hint, parameter, odoo } => {
                let mut problem = Problem::new(Code::of_word(&code)?, detail);
                (problem.hint, problem.parameter) = (hint, parameter);
                Outcome::Failed(Box::new(match odoo {
                    Some([exception, message]) => problem.odoo(exception, message),
                    None => problem,
                }))
            }
        }))
    }
}

impl Head {
    fn of(problem: &Problem) -> Self {
        let odoo = problem.odoo.as_ref().map(|said| [said.exception.clone(), said.message.clone()]);
        Self::Failed {
            code: problem.code.as_str().to_owned(),
            detail: problem.detail.clone(),
            hint: problem.hint.clone(),
            parameter: problem.parameter.clone(),
            odoo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let problem = Problem::new(Code::OdooRefused, "No.").hint("h").parameter("p").odoo("UserError", "Nope");
        for kept in [
            Kept::answer(200, headers.clone(), b"{\"x\": 1}"),
            Kept::answer(204, Vec::new(), b""),
            Kept::answer(200, headers, &vec![0; LARGEST + 1]),
            Kept(Outcome::Failed(Box::new(problem))),
            Kept(Outcome::Failed(Box::new(Problem::new(Code::OutcomeUnknown, "?")))),
        ] {
            assert_eq!(Kept::read(&kept.write()), Some(kept));
        }
    }

    #[test]
    fn what_is_too_large_is_remembered_as_done() {
        let kept = Kept::answer(200, Vec::new(), &vec![0; LARGEST + 1]);
        assert_eq!(kept.0, Outcome::TooLarge { status: 200, size: (1 << 20) + 1 });
        assert!(kept.write().len() < 100);
    }

    #[test]
    fn nonsense_is_nothing() {
        for bytes in [&b""[..], b"\0\0\0", b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}", b"\0\0\0\x02[]x"] {
            assert_eq!(Kept::read(bytes), None, "{bytes:?}");
        }
    }
}
