//! Why there is no answer, and what that says about what was done.
//!
//! In: how an exchange with Odoo broke off, and whether it could have changed anything. Out: a [`Problem`]. Must not
//! know: reqwest, models.
//!
//! The question that decides is whether Odoo can have begun. It cannot where no connection was made or a proxy says it
//! has no Odoo: 503, try again. It can everywhere else: 504, and nobody repeats a write on his own. A read may always
//! be repeated.

use std::fmt::Display;
use std::time::Duration;

use super::call_queue::NoPlace;
use super::faults::{Addressed, Fault, FaultClass};
use super::xmlrpc::write::Unencodable;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::ModelName;
use crate::plan::{Call, Effect};
use crate::value::Value;

/// When it is worth trying again, where Odoo itself does not say.
const AGAIN: Duration = Duration::from_secs(5);

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Odoo spoke.
    Fault(Fault),
    /// Odoo did not speak, or nobody could understand it.
    Problem(Problem),
}

impl Failure {
    /// An answer that has a `None` somewhere, which XML-RPC does not carry.
    pub(super) fn none_inside() -> Self {
        Self::Fault(Fault {
            class: FaultClass::ResultNotRepresentable,
            exception: "TypeError".to_owned(),
            message: String::new(),
            missing: None,
        })
    }

    /// A record that is there lacks in an answer: so Odoo writes one of whose fields misses another record.
    pub(super) fn record_dropped() -> Self {
        Self::Fault(Fault {
            class: FaultClass::MissingRecord,
            exception: "MissingError".to_owned(),
            message: String::new(),
            missing: None,
        })
    }

    /// Whether a read may have failed for one field of one record: whatever the code behind a field raises looks as if
    /// the whole call had failed so. Not where Odoo, its database or the user's credential is the trouble.
    #[must_use]
    pub fn may_be_a_field(&self) -> bool {
        use FaultClass::{
            Busy, ConcurrentUpdate, CredentialRefused, DatabaseDown, InvalidContext, PrivateMethod, TooManyLogins,
            UnknownDatabase, UnknownMethod, UnknownUser,
        };
        let never = |fault: &Fault| {
            matches!(
                fault.class,
                Busy | ConcurrentUpdate
                    | CredentialRefused
                    | DatabaseDown
                    | InvalidContext
                    | PrivateMethod
                    | TooManyLogins
                    | UnknownDatabase
                    | UnknownMethod
                    | UnknownUser
            )
        };
        matches!(self, Self::Fault(fault) if !never(fault))
    }

    /// Whether Odoo says that the user may not.
    #[must_use]
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::AccessForbidden)
    }

    /// Whether Odoo does not know the method.
    #[must_use]
    pub(super) fn is_of_unknown_method(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::UnknownMethod)
    }

    /// The problem of who asked for fields by name that cannot be read, for this reason.
    #[must_use]
    pub(super) fn of_fields(self, model: &ModelName, fields: &str) -> Problem {
        let fault = match self {
            Self::Fault(fault) => fault,
            Self::Problem(problem) => return problem,
        };
        // Without its module, which may be the database driver's.
        let exception = fault.exception.rsplit('.').next().unwrap_or_default();
        let (code, detail) = match fault.class {
            FaultClass::AccessForbidden => (
                Code::AccessDenied,
                format!("{fields} of {model} cannot be read: there is something behind that this user may not see."),
            ),
            FaultClass::ResultNotRepresentable | FaultClass::NoResult => (
                Code::ResultNotRepresentable,
                format!("{fields} of {model} cannot be read: XML-RPC cannot carry a value that is there."),
            ),
            _ => (
                Code::OdooInternalError,
                format!("{fields} of {model} cannot be read: Odoo failed with {exception} on the way."),
            ),
        };
        Problem::new(code, detail)
            .parameter("fields")
            .hint("Read the other fields; where no field is named, those that cannot be read are left out.")
            .odoo(exception, fault.words_for_people())
    }

    /// The problem that whoever wished for this call is told.
    #[must_use]
    pub fn explain(self, call: &Call) -> Problem {
        let ids = ids_in(call);
        self.problem(&Addressed {
            model: call.model.as_str(),
            method: call.method.as_str(),
            ids: &ids,
            effect: call.effect,
        })
    }

    /// The problem that whoever called a method by its name is told: what goes wrong in it may be the caller's mistake.
    #[must_use]
    pub fn explain_method(self, call: &Call) -> Problem {
        let ids: Vec<i64> = ids_in(call);
        let addressed =
            Addressed { model: call.model.as_str(), method: call.method.as_str(), ids: &ids, effect: call.effect };
        match self {
            Self::Fault(fault) => fault.problem_of_method(&addressed),
            Self::Problem(problem) => problem,
        }
    }

    /// The problem of a question that is about no model.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        self.problem(&Addressed { model: "", method: "", ids: &[], effect: Effect::Read })
    }

    fn problem(self, addressed: &Addressed<'_>) -> Problem {
        match self {
            Self::Fault(fault) => fault.problem(addressed),
            Self::Problem(problem) => problem,
        }
    }
}

/// The ids that a method of records is called on.
fn ids_in(call: &Call) -> Vec<i64> {
    match call.args.first() {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_int).collect(),
        Some(Value::Int(id)) => vec![*id],
        _ => Vec::new(),
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Unencodable> for Failure {
    fn from(error: Unencodable) -> Self {
        Self::Problem(error.into())
    }
}

/// How an exchange broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// No connection was made: nothing was sent.
    NotConnected,
    /// The connection was found closed before anything was sent on it.
    NotSent,
    /// The connection ended before an answer began.
    CutBeforeAnswer,
    /// The connection ended in the middle of an answer.
    CutInAnswer,
    /// The answer did not come, or did not end, in time.
    TimedOut,
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// Another status than 200, from Odoo or from what stands before it.
    Status { status: u16, retry_after: Option<Duration> },
    /// Too many large answers are held already.
    NoRoom,
    /// Something that is no answer of Odoo's; the rest of a sentence.
    Unreadable(&'static str),
}

impl Broken {
    /// The problem that it means for a call with this effect.
    pub(super) fn problem(self, effect: Effect) -> Problem {
        match self {
            Self::NotConnected => unreachable_odoo("The gateway could not connect to Odoo.", None),
            Self::NotSent => unreachable_odoo("Odoo closed the connection before the request was sent.", None),
            Self::CutBeforeAnswer => outcome_unknown("Odoo closed the connection before it answered.", effect),
            Self::CutInAnswer => outcome_unknown("Odoo's answer broke off.", effect),
            Self::TimedOut => outcome_unknown("Odoo did not answer in time.", effect),
            Self::TooLarge(cap) => too_large(cap, effect),
            Self::NoRoom => {
                Problem::new(Code::OdooBusy, "Too many large answers of Odoo are under way.").retry_after(AGAIN)
            }
            Self::Status { status, retry_after } => of_status(status, retry_after, effect),
            Self::Unreadable(what) => unreadable_after(what, effect),
        }
    }
}

fn of_status(status: u16, retry_after: Option<Duration>, effect: Effect) -> Problem {
    match (status, effect) {
        (413, _) => Problem::new(Code::BodyTooLarge, "Odoo does not take a request of this size."),
        (429, _) => Problem::new(Code::OdooBusy, "What stands before Odoo lets no more requests through.")
            .retry_after(retry_after.unwrap_or(AGAIN)),
        (503, _) | (500 | 502, Effect::Read) => unreachable_odoo(&format!("Odoo answered HTTP {status}."), retry_after),
        (500 | 502, Effect::Write) | (408 | 504 | 520..=527, _) => {
            outcome_unknown(&format!("Instead of Odoo's answer came HTTP {status}."), effect)
        }
        (404, _) => unreadable("HTTP 404").hint("Odoo's XML-RPC is not served at the configured address."),
        (300..400, _) => unreadable("a redirect").hint("The configured address is not the one that Odoo answers at."),
        _ => unreadable_after(format_args!("HTTP {status}"), effect),
    }
}

/// An answer nobody can use, to a call that may have done something.
pub(super) fn unreadable_after(what: impl Display, effect: Effect) -> Problem {
    let problem = unreadable(what);
    match effect {
        Effect::Read => problem,
        Effect::Write => Problem { detail: format!("{} {MAYBE_DONE}", problem.detail), ..problem }.hint(READ_FIRST),
    }
}

/// What is said wherever a write may have happened.
const MAYBE_DONE: &str = "What was asked may have been done.";
const READ_FIRST: &str = "Read the records before you try again.";

/// An answer nobody can use. `what` is said, never the answer.
pub(super) fn unreadable(what: impl Display) -> Problem {
    Problem::new(Code::OdooUnreadable, format!("What came from Odoo is not an answer to the call: {what}."))
}

fn unreachable_odoo(detail: &str, retry_after: Option<Duration>) -> Problem {
    Problem::new(Code::OdooUnreachable, format!("{detail} Nothing was done.")).retry_after(retry_after.unwrap_or(AGAIN))
}

/// Odoo was down a moment ago.
pub(super) fn circuit_open(left: Duration) -> Problem {
    unreachable_odoo("Odoo could not be reached a moment ago.", Some(left.max(Duration::from_secs(1))))
}

/// No place at Odoo.
pub(super) fn busy(reason: NoPlace) -> Problem {
    Problem::new(Code::OdooBusy, reason.to_string()).retry_after(AGAIN)
}

fn outcome_unknown(detail: &str, effect: Effect) -> Problem {
    match effect {
        Effect::Read => Problem::new(Code::OutcomeUnknown, detail).retry_after(AGAIN),
        Effect::Write => Problem::new(Code::OutcomeUnknown, format!("{detail} {MAYBE_DONE}")).hint(READ_FIRST),
    }
}

fn too_large(cap: usize, effect: Effect) -> Problem {
    match effect {
        Effect::Read => Problem::new(Code::AnswerTooLarge, format!("Odoo's answer is larger than {cap} bytes."))
            .hint("Ask for fewer records with limit, for fewer fields, or for any number of records as CSV or NDJSON."),
        Effect::Write => Problem::new(
            Code::ResultNotRepresentable,
            format!("It was done and its changes are kept, but its result is larger than {cap} bytes."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_decides_the_status() {
        let status = |status| Broken::Status { status, retry_after: None };
        for (broken, read, write) in [
            (Broken::NotConnected, 503, 503),
            (Broken::NotSent, 503, 503),
            (Broken::CutBeforeAnswer, 504, 504),
            (Broken::CutInAnswer, 504, 504),
            (Broken::TimedOut, 504, 504),
            (Broken::TooLarge(1), 400, 502),
            (Broken::Unreadable("HTML"), 502, 502),
            (status(301), 502, 502),
            (status(404), 502, 502),
            (status(413), 413, 413),
            (status(429), 503, 503),
            (status(500), 503, 504),
            (status(502), 503, 504),
            (status(503), 503, 503),
            (status(504), 504, 504),
            (status(418), 502, 502),
        ] {
            let of = |effect| broken.problem(effect).class().status();
            assert_eq!((of(Effect::Read), of(Effect::Write)), (read, write), "{broken:?}");
        }
    }

    #[test]
    fn a_write_of_unknown_outcome_invites_nobody_to_repeat_it() {
        assert_eq!(Broken::TimedOut.problem(Effect::Write).retry_after, None);
        assert!(Broken::TimedOut.problem(Effect::Read).retry_after.is_some());
    }
}
