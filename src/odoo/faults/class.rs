//! The classes of Odoo's faults.
//!
//! In: nothing. Out: one name for each kind of failure that the gateway distinguishes. Must not know: statuses,
//! wording.

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The user's id and secret do not match.
    CredentialRejected,
    /// The user does not exist: another form of a credential that is not valid.
    UnknownUser,
    /// Odoo 14 and 15 reject every login from this address for a minute.
    TooManyLogins,
    /// An access right or record rule denies access.
    AccessForbidden,
    /// The API key may only read; or, if it is not such a key, the whole database.
    ReadOnlyCredential,
    /// The method is private and cannot be called over RPC.
    PrivateMethod,
    /// The database does not exist.
    UnknownDatabase,
    /// The model does not exist.
    UnknownModel,
    /// The model has no table, so it has no stored records.
    NoTable,
    /// The model has no such method.
    UnknownMethod,
    /// The arguments do not match the signature of the method, or of a method that it calls.
    BadArguments,
    /// The arguments do not match the signature of the method. It did not run.
    SignatureMismatch,
    /// The method needs records, but the call has no ids. It did not run.
    NoRecords,
    /// Records that the call needs do not exist: those that it addresses, or others.
    MissingRecord,
    /// A required value is missing; on removal, other records require this one.
    MissingValue,
    /// A foreign key: a value refers to a record that does not exist, or on removal other records refer to this one.
    ForeignKey,
    /// Another record already has this value.
    UniqueViolation,
    /// Odoo, or a rule of a module, rejects the values; the message contains the reason.
    Rejected,
    /// The model has no such field.
    UnknownField,
    /// The field is computed and not stored, so it cannot be searched or sorted by.
    FieldNotSearchable,
    /// The domain is not valid.
    InvalidDomain,
    /// The order is not valid.
    InvalidOrder,
    /// The context is not valid.
    InvalidContext,
    /// A value does not fit its field.
    InvalidValue,
    /// A `ValueError` or similar of unknown origin: in an ORM method the caller's mistake, otherwise Odoo's.
    AmbiguousValue,
    /// Another transaction changed the same records; Odoo retried five times.
    ConcurrentUpdate,
    /// Odoo has no free database connection.
    Busy,
    /// Odoo cannot reach its database.
    DatabaseDown,
    /// The method returned `None`, which Odoo's XML-RPC cannot transmit. The changes are committed: a success.
    NoResult,
    /// The result, or a value in it, cannot be transmitted as XML or JSON. The changes are committed.
    ResultNotRepresentable,
    /// Any other exception.
    Internal,
}

impl FaultClass {
    /// Whether the exception is about what the caller sent, so that the first line of its message helps.
    pub(super) fn is_about_the_request(self) -> bool {
        matches!(
            self,
            Self::UnknownMethod
                | Self::BadArguments
                | Self::SignatureMismatch
                | Self::UnknownField
                | Self::FieldNotSearchable
                | Self::InvalidDomain
                | Self::InvalidOrder
                | Self::InvalidContext
                | Self::InvalidValue
                | Self::AmbiguousValue
        )
    }

    /// Whether the changes of the call are committed although Odoo returned a fault.
    #[must_use]
    pub fn is_after_commit(self) -> bool {
        matches!(self, Self::NoResult | Self::ResultNotRepresentable)
    }
}
