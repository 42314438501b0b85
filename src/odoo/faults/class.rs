//! The kinds of failure behind Odoo's faults.
//!
//! In: nothing. Out: one name for each kind that callers must tell apart. Must not know: statuses, wording.

/// What kind of failure a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The user's id and secret do not fit together.
    CredentialRefused,
    /// The user does not exist: a credential that fails in another form.
    UnknownUser,
    /// Odoo 14 and 15 refuse every login from this address for a minute.
    TooManyLogins,
    /// An access right or record rule says no.
    AccessForbidden,
    /// The method is not for callers from outside.
    PrivateMethod,
    /// There is no such database.
    UnknownDatabase,
    /// There is no such model.
    UnknownModel,
    /// The model has no table, so it keeps no records.
    NoTable,
    /// The model has no such method.
    UnknownMethod,
    /// The method takes other arguments, or one that it calls does.
    BadArguments,
    /// The method takes other arguments: it did not run.
    CallDoesNotFit,
    /// The method works on records, and none were given: it did not run.
    NoRecords,
    /// Records that the call needs do not exist: those it is about, or others.
    MissingRecord,
    /// A required value is missing; on removal, records that require this one.
    MissingValue,
    /// A foreign key: a value refers to nothing, or on removal other records refer to this one.
    ForeignKey,
    /// Another record has this value already.
    UniqueViolation,
    /// Odoo, or a rule of its users, refuses the values: the message says why.
    Refused,
    /// The model has no such field.
    UnknownField,
    /// The field is computed on the fly and cannot be searched or sorted by.
    FieldNotSearchable,
    /// The domain is not valid.
    InvalidDomain,
    /// The order is not valid.
    InvalidOrder,
    /// The context is not valid.
    InvalidContext,
    /// A value does not fit its field.
    InvalidValue,
    /// A `ValueError` or its like of unknown origin: from a method of the ORM the caller's fault, else Odoo's.
    DoubtfulValue,
    /// Others changed the same records; Odoo has tried five times.
    ConcurrentUpdate,
    /// Odoo has no database connection left.
    Busy,
    /// Odoo cannot reach its database.
    DatabaseDown,
    /// The method returned `None`, which Odoo cannot write. It was done: a success.
    NoResult,
    /// The result, or a value in it, cannot be written as XML or JSON. It was done.
    ResultNotRepresentable,
    /// Anything else.
    Internal,
}

impl FaultClass {
    /// Whether the exception speaks about what the caller sent, so that a line of it helps.
    pub(super) fn is_about_the_request(self) -> bool {
        matches!(
            self,
            Self::UnknownMethod
                | Self::BadArguments
                | Self::CallDoesNotFit
                | Self::UnknownField
                | Self::FieldNotSearchable
                | Self::InvalidDomain
                | Self::InvalidOrder
                | Self::InvalidContext
                | Self::InvalidValue
                | Self::DoubtfulValue
        )
    }

    /// Whether Odoo has committed what the call did although it answered a fault.
    #[must_use]
    pub fn is_after_commit(self) -> bool {
        matches!(self, Self::NoResult | Self::ResultNotRepresentable)
    }
}
