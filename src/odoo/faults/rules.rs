//! The rules that tell the kinds of failure apart.
//!
//! In: an exception and its message. Out: its [`FaultClass`]. Must not know: statuses, wording of our own.
//!
//! Messages for people are translated and re-worded with every version, so they are looked at only where the
//! exception's class does not say enough, and what is not recognised stays in a general class. Texts of Python and of
//! PostgreSQL's driver are not translated.

use super::FaultClass;
use super::missing::Missing;
use super::traceback::{Place, Raised};
use crate::names::{FieldName, ModelName};

/// The exceptions that Odoo makes for people to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    AccessDenied,
    AccessError,
    MissingError,
    RedirectWarning,
    UserError,
}

impl Spoken {
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

/// The class of an exception that is made for people.
pub(super) fn spoken(exception: Spoken, message: &str, missing: Option<&Missing>) -> FaultClass {
    match exception {
        Spoken::AccessDenied if message.starts_with("Too many login failures") => FaultClass::TooManyLogins,
        Spoken::AccessDenied => FaultClass::CredentialRefused,
        Spoken::AccessError if message.starts_with("Private methods (such as ") => FaultClass::PrivateMethod,
        Spoken::AccessError => FaultClass::AccessForbidden,
        Spoken::MissingError if missing.is_some_and(is_the_user_itself) => FaultClass::UnknownUser,
        Spoken::MissingError if missing.is_some() => FaultClass::MissingRecord,
        Spoken::MissingError | Spoken::RedirectWarning => FaultClass::Refused,
        Spoken::UserError => user_error(message),
    }
}

/// A user who misses its own record does not exist.
fn is_the_user_itself(missing: &Missing) -> bool {
    missing.model == "res.users" && missing.ids == [missing.uid]
}

/// What constraints of the database say from Odoo 16 on.
const PREFIX: &str = "The operation cannot be completed: ";

fn user_error(message: &str) -> FaultClass {
    let has = |part| message.contains(part);
    // The text of a missing value contains that of a foreign key: it comes first.
    if has("Missing required value") || has("mandatory field is not set") || lists_why_a_value_is_missing(message) {
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
    } else if names_a_unique_constraint(message) || message.strip_prefix(PREFIX).is_some_and(speaks_of_uniqueness) {
        FaultClass::UniqueViolation
    } else {
        FaultClass::Refused
    }
}

/// Odoo 14 and 15 translate the text of a missing value, but its form stays: a sentence, two points, and
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
    ModelName::parse(behind_bracket(model)).is_ok() && FieldName::parse(behind_bracket(field)).is_ok()
}

fn behind_bracket(text: &str) -> &str {
    text.rsplit_once('(').map_or("", |(_, name)| name)
}

/// Odoo 14 and 15 say no more than the constraint's name when no language is asked for.
fn names_a_unique_constraint(message: &str) -> bool {
    let is_name = message.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_name && (message.ends_with("_key") || message.contains("_uniq"))
}

fn speaks_of_uniqueness(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["unique", "already exist", "duplicate"].iter().any(|word| message.contains(word))
        || (message.contains("two ") && message.contains(" same "))
}

/// What a message must look like for a rule to hold.
enum Text {
    Any,
    Starts(&'static str),
    Has(&'static [&'static str]),
}

impl Text {
    fn fits(&self, message: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Starts(start) => message.starts_with(start),
            Self::Has(parts) => parts.iter().all(|part| message.contains(part)),
        }
    }
}

use Text::{Any, Has, Starts};

/// The class's name without its module, what its message looks like, what it means. The first rule that fits holds.
const RULES: &[(&str, Text, FaultClass)] = &[
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
    ("TypeError", Any, FaultClass::DoubtfulValue),
    ("ValueError", Starts("Invalid field "), FaultClass::UnknownField),
    ("ValueError", Has(&["Cannot convert ", " because it is not stored"]), FaultClass::FieldNotSearchable),
    ("ValueError", Starts("Invalid leaf "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid operator in condition "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid domain term "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Domain() "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Invalid term "), FaultClass::InvalidDomain),
    ("ValueError", Starts("Wrong value for "), FaultClass::InvalidValue),
    ("ValueError", Has(&["time data ", " does not match format "]), FaultClass::InvalidValue),
    ("ValueError", Starts("unconverted data remains"), FaultClass::InvalidValue),
    ("ValueError", Starts("invalid literal for int() with base 10"), FaultClass::InvalidValue),
    ("ValueError", Starts("could not convert string to float"), FaultClass::InvalidValue),
    ("ValueError", Any, FaultClass::DoubtfulValue),
    ("AssertionError", Starts("This domain is syntactically not correct"), FaultClass::InvalidDomain),
    ("AssertionError", Starts("Domains to normalize must have"), FaultClass::InvalidDomain),
    ("AssertionError", Starts("Missing database name"), FaultClass::UnknownDatabase),
    ("KeyError", Any, FaultClass::DoubtfulValue),
    ("IndexError", Any, FaultClass::DoubtfulValue),
    ("OverflowError", Any, FaultClass::DoubtfulValue),
    ("Error", Has(&["padding"]), FaultClass::InvalidValue), // binascii.Error
    // PostgreSQL, through its driver.
    ("ProgrammingError", Starts("can't adapt type "), FaultClass::InvalidValue),
    ("InvalidTextRepresentation", Any, FaultClass::InvalidValue),
    ("InvalidDatetimeFormat", Any, FaultClass::InvalidValue),
    ("DatetimeFieldOverflow", Any, FaultClass::InvalidValue),
    ("NumericValueOutOfRange", Any, FaultClass::InvalidValue),
    ("StringDataRightTruncation", Any, FaultClass::InvalidValue),
    ("InvalidRowCountInLimitClause", Any, FaultClass::InvalidValue),
    ("InvalidRowCountInResultOffsetClause", Any, FaultClass::InvalidValue),
    ("UndefinedTable", Any, FaultClass::NoTable),
    ("UndefinedFunction", Any, FaultClass::DoubtfulValue), // an operator between types that do not compare
    ("DatatypeMismatch", Any, FaultClass::DoubtfulValue),
    ("SyntaxError", Starts("syntax error at or near "), FaultClass::DoubtfulValue), // an operator that is no SQL
    ("NotNullViolation", Any, FaultClass::MissingValue),
    ("ForeignKeyViolation", Any, FaultClass::ForeignKey),
    ("RestrictViolation", Any, FaultClass::ForeignKey),
    ("UniqueViolation", Any, FaultClass::UniqueViolation),
    ("CheckViolation", Any, FaultClass::Refused),
    ("ExclusionViolation", Any, FaultClass::Refused),
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
    ("InvalidCatalogName", Any, FaultClass::UnknownDatabase),
    ("OperationalError", Any, FaultClass::DatabaseDown),
    ("InterfaceError", Any, FaultClass::DatabaseDown),
    ("AdminShutdown", Any, FaultClass::DatabaseDown),
    ("CannotConnectNow", Any, FaultClass::DatabaseDown),
];

/// The class of an exception that nobody caught.
pub(super) fn raised(raised: &Raised<'_>) -> FaultClass {
    let name = raised.exception.rsplit('.').next().unwrap_or_default();
    match (raised.place, name) {
        (Place::Answering { nested: false }, _) if raised.message.starts_with("cannot marshal None ") => {
            return FaultClass::NoResult;
        }
        (Place::Answering { .. }, _) => return FaultClass::ResultNotRepresentable,
        (Place::AtCall, "IndexError") => return FaultClass::NoRecords,
        (Place::AtCall, "TypeError") => return FaultClass::CallDoesNotFit,
        _ => {}
    }
    let rule = RULES.iter().find(|(exception, text, _)| *exception == name && text.fits(raised.message));
    rule.map_or(FaultClass::Internal, |(_, _, class)| *class)
}
