//! Every reason for which the gateway refuses or fails, once: its code, its class, its title.
//!
//! In: nothing. Out: stable codes that clients may branch on and the class from which each family takes its
//! status (contract section 0.3). Must not know: HTTP frameworks, error bodies. Codes are never reused
//! for another meaning and never renamed.

/// What kind of thing happened; decides the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request itself is wrong: 400.
    BadRequest,
    /// Nobody known calls: 401.
    Unauthorized,
    /// The caller may not: 403.
    Forbidden,
    /// What the request addresses does not exist: 404.
    NotFound,
    /// The method does not exist on this route: 405.
    MethodNotAllowed,
    /// No acceptable representation: 406.
    NotAcceptable,
    /// Contradicts the present state: 409.
    Conflict,
    /// The body is too large: 413.
    TooLarge,
    /// The request reached a gateway that does not answer for this host: 421.
    Misdirected,
    /// The target is too long: 414.
    UriTooLong,
    /// The file has no such part: 416.
    RangeNotSatisfiable,
    /// The body's type is unknown: 415.
    UnsupportedMediaType,
    /// Odoo refuses the values: 422, 400 in family D.
    Refused,
    /// Not what was said before under the same name: 422 in every family.
    Contradiction,
    /// Too many requests: 429.
    TooManyRequests,
    /// The header block is too large: 431.
    HeadersTooLarge,
    /// A fault of the gateway's own: 500.
    Internal,
    /// Odoo answered something nobody can use: 502.
    BadGateway,
    /// Nothing was done, try again: 503.
    Unavailable,
    /// It was sent, and nobody knows what became of it: 504.
    OutcomeUnknown,
}

impl Class {
    /// The HTTP status of families A, B and C.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::Misdirected => 421,
            Self::Refused | Self::Contradiction => 422,
            Self::TooManyRequests => 429,
            Self::HeadersTooLarge => 431,
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::OutcomeUnknown => 504,
        }
    }
}

macro_rules! codes {
    ($($variant:ident $text:literal $class:ident $title:literal;)*) => {
        /// A stable reason code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the request's way.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code of this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == word)
            }

            /// The class that decides the status.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// A short human title, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    // The request as HTTP.
    MalformedRequest      "malformed_request"       BadRequest           "The request is malformed";
    UnknownHost           "unknown_host"            Misdirected          "This gateway does not answer for that host";
    UnknownRoute          "unknown_route"           NotFound             "There is nothing at this address";
    MethodNotAllowed      "method_not_allowed"      MethodNotAllowed     "This address does not know this HTTP method";
    NotAcceptable         "not_acceptable"          NotAcceptable        "None of the accepted media types can be produced here";
    BodyTooLarge          "body_too_large"          TooLarge             "The request body is too large";
    BodyTimeout           "body_timeout"            BadRequest           "The request body did not arrive in time";
    UriTooLong            "uri_too_long"            UriTooLong           "The request target is too long";
    HeadersTooLarge       "headers_too_large"       HeadersTooLarge      "The header block is too large";
    UnsupportedMediaType  "unsupported_media_type"  UnsupportedMediaType "The request body is of a type that is not understood";
    // Who calls.
    CredentialMissing     "credential_missing"      Unauthorized         "A credential is needed";
    CredentialInvalid     "credential_invalid"      Unauthorized         "The credential is not valid";
    OdooCredentialStale   "odoo_credential_stale"   Unauthorized         "Odoo no longer takes the stored credential";
    TooManyAttempts       "too_many_attempts"       TooManyRequests      "Too many failed attempts";
    RateLimited           "rate_limited"            TooManyRequests      "Too many requests with this credential";
    TooManyAtOnce         "too_many_at_once"        TooManyRequests      "Too many requests with this credential at one time";
    // Applications (OAuth). These codes are RFC 6749's own.
    InvalidClient         "invalid_client"          Unauthorized         "The application is not known, or not by this secret";
    UnauthorizedClient    "unauthorized_client"     BadRequest           "The application may not do this";
    InvalidGrant          "invalid_grant"           BadRequest           "The code or token is not valid";
    InvalidScope          "invalid_scope"           BadRequest           "The scope is not known, or reaches too far";
    UnsupportedResponseType "unsupported_response_type" BadRequest       "This way of asking is not known";
    PersonNeeded          "person_needed"           Unauthorized         "A person has to log in and allow this";
    FormOutdated          "form_outdated"           Forbidden            "The form is of another session, was sent before, or waited too long";
    UnsupportedGrantType  "unsupported_grant_type"  BadRequest           "This way to a token is not known";
    // What the request says.
    InvalidParameter      "invalid_parameter"       BadRequest           "A parameter is not valid";
    RepeatedParameter     "repeated_parameter"      BadRequest           "A parameter was given twice";
    MissingParameter      "missing_parameter"       BadRequest           "A parameter is missing";
    InvalidLiteral        "invalid_literal"         BadRequest           "A literal cannot be read";
    InvalidDomain         "invalid_domain"          BadRequest           "The domain is not valid";
    InvalidOrder          "invalid_order"           BadRequest           "The order is not valid";
    InvalidContext        "invalid_context"         BadRequest           "The context is not valid";
    InvalidValue          "invalid_value"           BadRequest           "A value does not fit its field";
    UnknownField          "unknown_field"           BadRequest           "The model has no such field";
    FieldNotSearchable    "field_not_searchable"    BadRequest           "The field cannot be searched";
    IdempotencyKeyReused  "idempotency_key_reused"  Contradiction        "Another request was sent under this idempotency key";
    IdempotencyInProgress "idempotency_in_progress" Conflict             "The first request under this idempotency key is still under way";
    IdempotencyAnswerGone "idempotency_answer_gone" Conflict             "What this idempotency key was for is done, but its answer was not kept";
    AnswerTooLarge        "answer_too_large"        BadRequest           "The answer would be too large";
    // What may be done.
    PrivateMethod         "private_method"          Forbidden            "This method cannot be called from outside";
    MintForbidden         "mint_forbidden"          Forbidden            "This API key may not make login tokens for others";
    NotLinked             "not_linked"              Conflict             "The user has not linked a credential with this API key";
    ScopeForbidden        "scope_forbidden"         Forbidden            "The credential does not reach that far";
    ReportNeedsPassword   "report_needs_password"   Forbidden            "Odoo prints this report only for somebody with a password";
    ModelNotEnabled       "model_not_enabled"       Forbidden            "This interface does not answer for the model";
    AccessDenied          "access_denied"           Forbidden            "Odoo denies this user the access";
    // What is addressed.
    UnknownDatabase       "unknown_database"        NotFound             "There is no such database";
    UnknownModel          "unknown_model"           NotFound             "There is no such model";
    UnknownMethod         "unknown_method"          NotFound             "The model has no such method";
    UnknownReport         "unknown_report"          NotFound             "There is no such report";
    RecordNotFound        "record_not_found"        NotFound             "There is no such record";
    EmptyField            "empty_field"             NotFound             "The field is empty";
    RangeNotSatisfiable   "range_not_satisfiable"   RangeNotSatisfiable  "The file has no such part";
    // What Odoo says of the values.
    OdooRefused           "odoo_refused"            Refused              "Odoo refuses this";
    MissingValue          "missing_value"           Refused              "A required value is missing";
    UnknownReference      "unknown_reference"       Refused              "A value refers to a record that does not exist";
    UniqueConflict        "unique_conflict"         Conflict             "Another record has this value already";
    ReferenceConflict     "reference_conflict"      Conflict             "Other records refer to this one";
    ConcurrentUpdate      "concurrent_update"       Conflict             "Others changed the same records at the same time";
    // What went wrong behind us.
    OdooInternalError     "odoo_internal_error"     BadGateway           "Odoo failed inside";
    OdooUnreadable        "odoo_unreadable"         BadGateway           "Odoo's answer cannot be read";
    StoreUnavailable      "store_unavailable"       Unavailable          "The gateway cannot reach its own store";
    MasterKeyUnavailable  "master_key_unavailable"  Unavailable          "The gateway's master key is missing or unusable";
    ResultNotRepresentable "result_not_representable" BadGateway         "Odoo cannot send the result";
    OdooUnreachable       "odoo_unreachable"        Unavailable          "Odoo cannot be reached";
    OdooBusy              "odoo_busy"               Unavailable          "Too many requests are waiting for Odoo";
    ShuttingDown          "shutting_down"           Unavailable          "The gateway is shutting down or full";
    OutcomeUnknown        "outcome_unknown"         OutcomeUnknown       "The outcome is unknown";
    Internal              "internal_error"          Internal             "The gateway failed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_said_once_and_in_snake_case() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} is said twice", code.as_str());
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        }
    }
}
