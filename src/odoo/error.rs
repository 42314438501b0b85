//! Errors of calls to Odoo, and what they mean for the work that was requested.
//!
//! In: how a call failed, and whether it could have changed anything. Out: a [`Problem`]. Must not know: reqwest,
//! models.
//!
//! What decides is whether Odoo can have started the work. If no connection was made, or a proxy reports that Odoo is
//! down, it cannot: 503, a retry is safe. In all other cases it can: 504, and the gateway never repeats a write. A read
//! may always be repeated.

use std::fmt::Display;
use std::time::Duration;

use secrecy::SecretString;

use super::call_queue::QueueError;
use super::faults::{CallTarget, Fault, FaultClass};
use super::user::may_only_read;
use super::xmlrpc::writer::UnsupportedValue;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::ModelName;
use crate::plan::{Call, Effect};
use crate::value::Value;

/// Default for `Retry-After`, if Odoo sends none.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum OdooError {
    /// Odoo returned a fault.
    Fault(Fault),
    /// There is no response, or it cannot be used.
    Problem(Problem),
}

impl OdooError {
    /// A result that contains `None`, which XML-RPC cannot transmit.
    pub(super) fn none_in_result() -> Self {
        Self::Fault(Fault {
            class: FaultClass::ResultNotRepresentable,
            exception: "TypeError".to_owned(),
            qualified: None,
            message: String::new(),
            missing: None,
            is_after_commit: false,
        })
    }

    /// An existing record is missing in a response: Odoo drops a record if one of its fields refers to a missing
    /// record.
    pub(super) fn record_dropped() -> Self {
        Self::Fault(Fault {
            class: FaultClass::MissingRecord,
            exception: "MissingError".to_owned(),
            qualified: None,
            message: String::new(),
            missing: None,
            is_after_commit: false,
        })
    }

    /// The error of a call with this secret. In a transaction that may only read, writes fail because of the key only
    /// if it may only read; otherwise PostgreSQL accepts none at all.
    #[must_use]
    pub(super) fn with_secret(self, secret: &SecretString) -> Self {
        match self {
            Self::Fault(fault) if fault.class == FaultClass::ReadOnlyCredential && !may_only_read(secret) => {
                Self::Fault(Fault { class: FaultClass::Internal, ..fault })
            }
            error => error,
        }
    }

    /// Whether one field of one record can be the cause: an exception in the code of a computed field looks like a
    /// failure of the call. False for failures of Odoo itself, of its database, and of the user's credential.
    #[must_use]
    pub fn may_be_field_specific(&self) -> bool {
        use FaultClass::{
            Busy, ConcurrentUpdate, CredentialRejected, DatabaseDown, InvalidContext, PrivateMethod,
            ReadOnlyCredential, TooManyLogins, UnknownDatabase, UnknownMethod, UnknownUser,
        };
        let never = |fault: &Fault| {
            matches!(
                fault.class,
                Busy | ConcurrentUpdate
                    | CredentialRejected
                    | DatabaseDown
                    | InvalidContext
                    | PrivateMethod
                    | ReadOnlyCredential
                    | TooManyLogins
                    | UnknownDatabase
                    | UnknownMethod
                    | UnknownUser
            )
        };
        matches!(self, Self::Fault(fault) if !never(fault))
    }

    /// Whether Odoo denies access to this user.
    #[must_use]
    pub(super) fn is_access_error(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::AccessForbidden)
    }

    /// Whether a record method was called without ids. It did not run.
    #[must_use]
    pub(super) fn lacks_ids(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::NoRecords)
    }

    /// Whether the method does not exist.
    #[must_use]
    pub(super) fn is_unknown_method(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::UnknownMethod)
    }

    /// Whether a record does not exist: one of those that the call addresses, or another one.
    #[must_use]
    pub(super) fn is_missing_record(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::MissingRecord)
    }

    /// Whether a write succeeded and only its result is lost.
    #[must_use]
    pub(super) fn is_lost_result(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.class.is_after_commit(),
            Self::Problem(problem) => problem.code == ErrorCode::ResultNotRepresentable,
        }
    }

    /// Whether Odoo rejected what was written; the result does not depend on the called method.
    #[must_use]
    pub(super) fn is_rejection_of_values(&self) -> bool {
        use FaultClass::{ForeignKey, InvalidValue, MissingValue, Rejected, UniqueViolation};
        let classes = [ForeignKey, InvalidValue, MissingValue, Rejected, UniqueViolation];
        matches!(self, Self::Fault(fault) if classes.contains(&fault.class))
    }

    /// Whether code of a model can have rejected values in these words, at any point of the call. The other
    /// [rejections](Self::is_rejection_of_values) come from the constraints of the database.
    #[must_use]
    pub(super) fn is_rejection_by_code(&self) -> bool {
        matches!(self, Self::Fault(fault) if matches!(fault.class, FaultClass::InvalidValue | FaultClass::Rejected))
    }

    /// Whether nothing was done, and another call, or one with fewer fields, can succeed.
    #[must_use]
    pub(super) fn permits_another_call(&self) -> bool {
        let is_committed = |fault: &Fault| fault.is_after_commit || fault.class.is_after_commit();
        let was_rolled_back = matches!(self, Self::Fault(fault) if !is_committed(fault));
        was_rolled_back && (self.may_be_field_specific() || self.is_unknown_method())
    }

    /// Whether another transaction changed the same records.
    #[must_use]
    pub(super) fn is_concurrent_update(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.class == FaultClass::ConcurrentUpdate)
    }

    /// The problem for a request that names fields which cannot be read for this reason.
    #[must_use]
    pub(super) fn into_field_problem(self, model: &ModelName, fields: &str) -> Problem {
        let fault = match self {
            Self::Fault(fault) => fault,
            Self::Problem(problem) => return problem,
        };
        // Without the module, which can be that of the database driver.
        let exception = fault.exception.rsplit('.').next().unwrap_or_default();
        let (code, detail) = match fault.class {
            FaultClass::AccessForbidden => (
                ErrorCode::AccessDenied,
                format!("{fields} of {model} cannot be read: a related record is not accessible to this user."),
            ),
            FaultClass::ResultNotRepresentable | FaultClass::NoResult => (
                ErrorCode::ResultNotRepresentable,
                format!("{fields} of {model} cannot be read: XML-RPC cannot transmit one of the values."),
            ),
            _ => {
                (ErrorCode::OdooInternalError, format!("{fields} of {model} cannot be read: Odoo raised {exception}."))
            }
        };
        Problem::new(code, detail)
            .parameter("fields")
            .hint("Read the other fields. If a request names no fields, those that cannot be read are omitted.")
            .odoo(exception, fault.user_message())
    }

    /// The problem for the caller of one of the gateway's own calls.
    #[must_use]
    pub fn into_call_problem(self, call: &Call) -> Problem {
        let ids = ids_in(call);
        self.problem(&CallTarget {
            model: call.model.as_str(),
            method: call.method.as_str(),
            ids: &ids,
            effect: call.effect,
        })
    }

    /// The problem for a client that called a method by name: the error can be caused by the client's arguments.
    #[must_use]
    pub fn into_method_problem(self, call: &Call) -> Problem {
        let ids: Vec<i64> = ids_in(call);
        let target =
            CallTarget { model: call.model.as_str(), method: call.method.as_str(), ids: &ids, effect: call.effect };
        match self {
            Self::Fault(fault) => fault.method_problem(&target),
            Self::Problem(problem) => problem,
        }
    }

    /// The problem for a call that addresses no model.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        self.problem(&CallTarget { model: "", method: "", ids: &[], effect: Effect::Read })
    }

    fn problem(self, target: &CallTarget<'_>) -> Problem {
        match self {
            Self::Fault(fault) => fault.problem(target),
            Self::Problem(problem) => problem,
        }
    }
}

/// The ids that a record method is called on.
fn ids_in(call: &Call) -> Vec<i64> {
    match call.args.first() {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_int).collect(),
        Some(Value::Int(id)) => vec![*id],
        _ => Vec::new(),
    }
}

impl From<Problem> for OdooError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<UnsupportedValue> for OdooError {
    fn from(error: UnsupportedValue) -> Self {
        Self::Problem(error.into())
    }
}

/// How sending a request or reading its response failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransportError {
    /// No connection was made; nothing was sent.
    NotConnected,
    /// The connection was already closed; nothing was sent.
    NotSent,
    /// The connection was closed before the response began.
    ClosedBeforeResponse,
    /// The connection was closed within the response.
    ClosedInResponse,
    /// The response did not begin or end in time.
    TimedOut,
    /// The response is larger than this many bytes.
    TooLarge(usize),
    /// A status other than 200, from Odoo or from a proxy in front of it.
    Status { status: u16, retry_after: Option<Duration> },
    /// The memory for large responses is in use.
    MemoryInUse,
    /// The response is not one of Odoo's; the text completes a sentence.
    Unreadable(&'static str),
}

impl TransportError {
    /// The problem that this means for a call with this effect.
    pub(super) fn into_problem(self, effect: Effect) -> Problem {
        match self {
            Self::NotConnected => unreachable_odoo("The gateway could not connect to Odoo.", None),
            Self::NotSent => unreachable_odoo("Odoo closed the connection before the request was sent.", None),
            Self::ClosedBeforeResponse => outcome_unknown("Odoo closed the connection before it responded.", effect),
            Self::ClosedInResponse => outcome_unknown("Odoo's response ended early.", effect),
            Self::TimedOut => outcome_unknown("Odoo did not respond in time.", effect),
            Self::TooLarge(cap) => too_large(cap, effect),
            Self::MemoryInUse => memory_in_use(),
            Self::Status { status, retry_after } => status_problem(status, retry_after, effect),
            Self::Unreadable(what) => unreadable_response(what, effect),
        }
    }
}

fn status_problem(status: u16, retry_after: Option<Duration>, effect: Effect) -> Problem {
    match (status, effect) {
        (413, _) => Problem::new(ErrorCode::BodyTooLarge, "Odoo rejects a request of this size.")
            .hint("Split the request, or raise the body limit of Odoo's proxy."),
        (429, _) => Problem::new(ErrorCode::OdooBusy, "The proxy in front of Odoo rejects further requests.")
            .retry_after(retry_after.unwrap_or(RETRY_AFTER)),
        (503, _) | (500 | 502, Effect::Read) => unreachable_odoo(&format!("Odoo returned HTTP {status}."), retry_after),
        (500 | 502, Effect::Write) | (408 | 504 | 520..=527, _) => {
            outcome_unknown(&format!("Odoo returned HTTP {status}."), effect)
        }
        (404, _) => unexpected_status("HTTP 404").hint(XMLRPC_UNSERVED),
        (300..400, _) => {
            unexpected_status("a redirect").hint("The configured URL redirects; configure its target instead.")
        }
        _ => with_effect(unexpected_status(&format!("HTTP {status}")), effect),
    }
}

const XMLRPC_UNSERVED: &str = "Odoo does not serve XML-RPC at the configured URL.";

/// Whether Odoo does not serve XML-RPC. Nothing was called.
pub(super) fn is_xmlrpc_unserved(problem: &Problem) -> bool {
    problem.code == ErrorCode::OdooUnreadable && problem.hint.as_deref() == Some(XMLRPC_UNSERVED)
}

/// Odoo does not serve JSON-2, or not for this database. Nothing was called.
pub(super) fn json2_unserved() -> Problem {
    unexpected_status("HTTP 404").hint(
        "Odoo serves JSON-2 from Odoo 19 on. Check `odoo.url` and `odoo.database`, and allow the gateway to reach \
         /json/2 on the Odoo server. If Odoo has a `dbfilter`, it must permit `odoo.database` for the host in \
         `odoo.url`; see also `odoo.json2_names_database`.",
    )
}

fn unexpected_status(status: &str) -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("Odoo returned {status}, which the gateway cannot process."))
}

fn memory_in_use() -> Problem {
    let detail = "Other large responses are using all memory of `odoo.answer_memory`. Retry later, or request fewer \
                  records.";
    Problem::new(ErrorCode::OdooBusy, detail).retry_after(RETRY_AFTER)
}

/// An unusable response to a call that may have changed something.
pub(super) fn unreadable_response(what: impl Display, effect: Effect) -> Problem {
    with_effect(unreadable(what), effect)
}

/// Adds to the error of a write that it may have been executed.
fn with_effect(problem: Problem, effect: Effect) -> Problem {
    match effect {
        Effect::Read => problem,
        Effect::Write => Problem { detail: format!("{} {MAYBE_WRITTEN}", problem.detail), ..problem }.hint(READ_FIRST),
    }
}

/// Added to every error of a write that may have been executed.
const MAYBE_WRITTEN: &str = "The change may have been made.";
const READ_FIRST: &str = "Read the records before you retry.";

/// An unusable response. `what` describes it; the response itself is never shown.
pub(super) fn unreadable(what: impl Display) -> Problem {
    let detail = format!("Odoo returned a response that the gateway cannot process: {what}.");
    Problem::new(ErrorCode::OdooUnreadable, detail)
}

fn unreachable_odoo(detail: &str, retry_after: Option<Duration>) -> Problem {
    Problem::new(ErrorCode::OdooUnreachable, format!("{detail} Nothing was done."))
        .retry_after(retry_after.unwrap_or(RETRY_AFTER))
}

/// The circuit breaker is open.
pub(super) fn circuit_open(left: Duration) -> Problem {
    unreachable_odoo("Odoo could not be reached a moment ago.", Some(left.max(Duration::from_secs(1))))
}

/// No permit for a call.
pub(super) fn busy(reason: QueueError) -> Problem {
    Problem::new(ErrorCode::OdooBusy, reason.to_string()).retry_after(RETRY_AFTER)
}

fn outcome_unknown(detail: &str, effect: Effect) -> Problem {
    match effect {
        Effect::Read => Problem::new(ErrorCode::OutcomeUnknown, detail).retry_after(RETRY_AFTER),
        Effect::Write => Problem::new(ErrorCode::OutcomeUnknown, format!("{detail} {MAYBE_WRITTEN}")).hint(READ_FIRST),
    }
}

fn too_large(cap: usize, effect: Effect) -> Problem {
    match effect {
        Effect::Read => Problem::new(ErrorCode::AnswerTooLarge, format!("Odoo's response is larger than {cap} bytes."))
            .hint("Request fewer records with `limit`, or fewer fields, or export the records as CSV or NDJSON."),
        Effect::Write => Problem::new(
            ErrorCode::ResultNotRepresentable,
            format!("The method ran and its changes are committed, but its result is larger than {cap} bytes."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effect_and_failure_decide_the_status() {
        let status = |status| TransportError::Status { status, retry_after: None };
        for (error, read, write) in [
            (TransportError::NotConnected, 503, 503),
            (TransportError::NotSent, 503, 503),
            (TransportError::ClosedBeforeResponse, 504, 504),
            (TransportError::ClosedInResponse, 504, 504),
            (TransportError::TimedOut, 504, 504),
            (TransportError::TooLarge(1), 400, 502),
            (TransportError::Unreadable("HTML"), 502, 502),
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
            let status_of = |effect| error.into_problem(effect).class().status();
            assert_eq!((status_of(Effect::Read), status_of(Effect::Write)), (read, write), "{error:?}");
        }
    }

    #[test]
    fn write_with_unknown_outcome_has_no_retry_after() {
        assert_eq!(TransportError::TimedOut.into_problem(Effect::Write).retry_after, None);
        assert!(TransportError::TimedOut.into_problem(Effect::Read).retry_after.is_some());
    }
}
