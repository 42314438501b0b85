//! The rules that classify exceptions.
//!
//! In: an exception and its message. Out: its [`FaultClass`]. Must not know: statuses, the gateway's own wording.
//!
//! Odoo translates messages for users and rewords them with every version. So the rules use them only where the class
//! of the exception is ambiguous, and an unrecognized message stays in a general class. Messages of Python and of the
//! PostgreSQL driver are not translated.

use super::FaultClass;
use super::missing_records::MissingRecords;
use super::traceback::{FrameLocation, TracebackTail};
use crate::names::{FieldName, ModelName};

/// The exceptions whose messages Odoo writes for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserException {
    AccessDenied,
    AccessError,
    MissingError,
    RedirectWarning,
    UserError,
}

impl UserException {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::AccessDenied, Self::AccessError, Self::MissingError, Self::RedirectWarning, Self::UserError];

    /// The name of the class.
    pub(super) fn exception(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDenied",
            Self::AccessError => "AccessError",
            Self::MissingError => "MissingError",
            Self::RedirectWarning => "RedirectWarning",
            Self::UserError => "UserError",
        }
    }
}

/// The class of an exception with a message for the user.
pub(super) fn classify_user_exception(
    exception: UserException,
    message: &str,
    missing: Option<&MissingRecords>,
) -> FaultClass {
    match exception {
        UserException::AccessDenied if message.starts_with("Too many login failures") => FaultClass::TooManyLogins,
        UserException::AccessDenied => FaultClass::CredentialRejected,
        UserException::AccessError if is_about_a_private_method(message) => FaultClass::PrivateMethod,
        UserException::AccessError => FaultClass::AccessForbidden,
        UserException::MissingError if missing.is_some_and(is_own_record) => FaultClass::UnknownUser,
        UserException::MissingError if missing.is_some() => FaultClass::MissingRecord,
        UserException::MissingError | UserException::RedirectWarning => FaultClass::Rejected,
        UserException::UserError => user_error(message),
    }
}

/// Since Odoo 20, methods of a class have a message of their own. Odoo 19 and later translate neither.
fn is_about_a_private_method(message: &str) -> bool {
    message.starts_with("Private methods (such as ")
        || (message.starts_with("The method '") && message.ends_with("' cannot be called remotely."))
}

/// A user whose own record is missing does not exist.
fn is_own_record(missing: &MissingRecords) -> bool {
    missing.model == "res.users" && missing.ids == [missing.uid]
}

/// How messages about database constraints begin since Odoo 16.
const CONSTRAINT_PREFIX: &str = "The operation cannot be completed: ";

fn user_error(message: &str) -> FaultClass {
    let has = |part| message.contains(part);
    // The message about a missing value contains the one about a foreign key, so it is tested first.
    let names_a_missing_value = has("Missing required value") || has("Missing required field ");
    if names_a_missing_value || has("mandatory field is not set") || lists_why_a_value_is_missing(message) {
        FaultClass::MissingValue
    } else if has("nother model requires the record being deleted")
        || has("Another model is using the record you are trying to delete")
        || message.trim_end().ends_with("_fkey")
    {
        FaultClass::ForeignKey
    } else if message.starts_with("Object ") && message.ends_with(" doesn't exist") {
        FaultClass::UnknownModel
    } else if message.starts_with("Invalid \"order\" specified") {
        FaultClass::InvalidOrder
    } else if message.starts_with("Invalid language code: ") {
        FaultClass::InvalidContext
    } else if message == "Cannot grab a lock on records" {
        FaultClass::ConcurrentUpdate
    } else if names_a_unique_constraint(message)
        || message.strip_prefix(CONSTRAINT_PREFIX).is_some_and(speaks_of_uniqueness)
    {
        FaultClass::UniqueViolation
    } else {
        FaultClass::Rejected
    }
}

/// Odoo 14 and 15 translate the message about a missing value, but its form stays the same: a sentence, two items, and
/// `Model: Contact Tags (res.partner.category), Field: Name (name)`.
fn lists_why_a_value_is_missing(message: &str) -> bool {
    let lines: Vec<&str> = message.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    match lines.as_slice() {
        [_, create, delete, place] => {
            create.starts_with("- ") && delete.starts_with("- ") && names_model_and_field(place)
        }
        _ => false,
    }
}

fn names_model_and_field(place: &str) -> bool {
    let Some((model, field)) = place.trim_end().strip_suffix(')').and_then(|place| place.rsplit_once("), ")) else {
        return false;
    };
    ModelName::parse(after_bracket(model)).is_ok() && FieldName::parse(after_bracket(field)).is_ok()
}

fn after_bracket(text: &str) -> &str {
    text.rsplit_once('(').map_or("", |(_, name)| name)
}

/// Without a language in the context, Odoo 14 and 15 send only the name of the constraint.
fn names_a_unique_constraint(message: &str) -> bool {
    let is_name = message.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_name && (message.ends_with("_key") || message.contains("_uniq"))
}

fn speaks_of_uniqueness(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["unique", "already exist", "duplicate"].iter().any(|word| message.contains(word))
        || (message.contains("two ") && message.contains(" same "))
}

/// A condition on the message of an exception.
enum MessageText {
    Any,
    Starts(&'static str),
    Has(&'static [&'static str]),
}

impl MessageText {
    fn matches(&self, message: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Starts(start) => message.starts_with(start),
            Self::Has(parts) => parts.iter().all(|part| message.contains(part)),
        }
    }
}

use MessageText::{Any, Has, Starts};

/// Class name without its module, condition on the message, class of the fault. The first match decides.
const RULES: &[(&str, MessageText, FaultClass)] = &[
    // Python, as Odoo's ORM raises it.
    ("AttributeError", Has(&["The method '", "' does not exist"]), FaultClass::UnknownMethod),
    ("AttributeError", Has(&["type object '", "' has no attribute '"]), FaultClass::UnknownMethod),
    ("AttributeError", Has(&["' object has no attribute '__name__'"]), FaultClass::UnknownMethod),
    ("TypeError", Has(&["() missing ", " required positional argument"]), FaultClass::BadArguments),
    ("TypeError", Has(&["() missing ", " required keyword-only argument"]), FaultClass::BadArguments),
    ("TypeError", Has(&["() got an unexpected keyword argument "]), FaultClass::BadArguments),
    ("TypeError", Has(&["() got multiple values for argument "]), FaultClass::BadArguments),
    ("TypeError", Has(&["() takes ", " positional argument", " given"]), FaultClass::BadArguments),
    ("TypeError", Starts("Domain() "), FaultClass::InvalidDomain),
    ("TypeError", Starts("%d format: a number is required"), FaultClass::InvalidValue),
    ("TypeError", Any, FaultClass::AmbiguousValue),
    ("ValueError", Starts("Invalid field "), FaultClass::UnknownField),
    ("ValueError", Has(&["Cannot convert ", " because it is not stored"]), FaultClass::FieldNotSearchable),
    ("ValueError", Starts("Invalid leaf "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid operator in condition "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid domain term "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Domain() "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid term "), FaultClass::InvalidDomain),
    ("ValueError", Has(&["Binary field", "accepts only existence check"]), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid service name: "), FaultClass::UnknownMethod),
    ("ValueError", Starts("Wrong value for "), FaultClass::InvalidValue),
    ("ValueError", Has(&["time data ", " does not match format "]), FaultClass::InvalidValue),
    ("ValueError", Starts("unconverted data remains"), FaultClass::InvalidValue),
    ("ValueError", Starts("invalid literal for int() with base 10"), FaultClass::InvalidValue),
    ("ValueError", Starts("could not convert string to float"), FaultClass::InvalidValue),
    ("ValueError", Any, FaultClass::AmbiguousValue),
    ("AssertionError", Starts("This domain is syntactically not correct"), FaultClass::InvalidDomain),
    ("AssertionError", Starts("Domains to normalize must have"), FaultClass::InvalidDomain),
    ("AssertionError", Starts("Missing database name"), FaultClass::UnknownDatabase),
    ("AssertionError", Starts("Invalid falsy real id"), FaultClass::InvalidValue),
    ("KeyError", Any, FaultClass::AmbiguousValue),
    ("IndexError", Any, FaultClass::AmbiguousValue),
    ("OverflowError", Any, FaultClass::AmbiguousValue),
    // binascii.Error
    ("Error", Has(&["padding"]), FaultClass::InvalidValue),
    ("Error", Starts("Only base64 data is allowed"), FaultClass::InvalidValue),
    ("Error", Starts("Invalid base64-encoded string"), FaultClass::InvalidValue),
    // PostgreSQL errors, from psycopg2.
    ("ProgrammingError", Starts("can't adapt type "), FaultClass::InvalidValue),
    ("InvalidTextRepresentation", Any, FaultClass::InvalidValue),
    ("InvalidDatetimeFormat", Any, FaultClass::InvalidValue),
    ("DatetimeFieldOverflow", Any, FaultClass::InvalidValue),
    ("NumericValueOutOfRange", Any, FaultClass::InvalidValue),
    ("StringDataRightTruncation", Any, FaultClass::InvalidValue),
    ("InvalidRowCountInLimitClause", Any, FaultClass::InvalidValue),
    ("InvalidRowCountInResultOffsetClause", Any, FaultClass::InvalidValue),
    ("UndefinedTable", Any, FaultClass::NoTable),
    ("UndefinedFunction", Any, FaultClass::AmbiguousValue), // an operator between incompatible types
    ("DatatypeMismatch", Any, FaultClass::AmbiguousValue),
    ("SyntaxError", Starts("syntax error at or near "), FaultClass::AmbiguousValue), // an operator unknown to SQL
    ("NotNullViolation", Any, FaultClass::MissingValue),
    ("ForeignKeyViolation", Any, FaultClass::ForeignKey),
    ("RestrictViolation", Any, FaultClass::ForeignKey),
    ("UniqueViolation", Any, FaultClass::UniqueViolation),
    ("CheckViolation", Any, FaultClass::Rejected),
    ("ExclusionViolation", Any, FaultClass::Rejected),
    ("SerializationFailure", Any, FaultClass::ConcurrentUpdate),
    ("LockNotAvailable", Any, FaultClass::ConcurrentUpdate),
    ("DeadlockDetected", Any, FaultClass::ConcurrentUpdate),
    ("TransactionRollbackError", Any, FaultClass::ConcurrentUpdate),
    ("ConcurrencyError", Any, FaultClass::ConcurrentUpdate),
    ("PoolError", Any, FaultClass::Busy),
    ("TooManyConnections", Any, FaultClass::Busy),
    ("OperationalError", Has(&["too many clients"]), FaultClass::Busy),
    ("OperationalError", Has(&["remaining connection slots"]), FaultClass::Busy),
    ("OperationalError", Has(&["database \"", "\" does not exist"]), FaultClass::UnknownDatabase),
    // The API key may only read. Whether it is such a key is not known here.
    ("ReadOnlySqlTransaction", Any, FaultClass::ReadOnlyCredential),
    ("InvalidCatalogName", Any, FaultClass::UnknownDatabase),
    ("OperationalError", Any, FaultClass::DatabaseDown),
    ("InterfaceError", Any, FaultClass::DatabaseDown),
    ("AdminShutdown", Any, FaultClass::DatabaseDown),
    ("CannotConnectNow", Any, FaultClass::DatabaseDown),
];

/// The class of an unexpected exception.
pub(super) fn classify_exception(tail: &TracebackTail<'_>) -> FaultClass {
    let name = tail.exception.rsplit('.').next().unwrap_or_default();
    match (tail.location, name) {
        (FrameLocation::Serializing { nested: false }, _) if tail.message.starts_with("cannot marshal None ") => {
            return FaultClass::NoResult;
        }
        (FrameLocation::Serializing { .. }, _) => return FaultClass::ResultNotRepresentable,
        (FrameLocation::AtCall, "IndexError") => return FaultClass::NoRecords,
        (FrameLocation::AtCall, "TypeError") => return FaultClass::SignatureMismatch,
        _ => {}
    }
    let rule = RULES.iter().find(|(exception, text, _)| *exception == name && text.matches(tail.message));
    rule.map_or(FaultClass::Internal, |(_, _, class)| *class)
}
