//! Every error code of the gateway, with its class and its title.
//!
//! In: nothing. Out: stable codes that clients may branch on, and the class from which each dialect derives the HTTP
//! status (docs/dialects/README.md, "Errors"). Must not know: HTTP frameworks, error bodies. Codes are never renamed
//! and never reused with another meaning.

/// The kind of an error; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The request is invalid: 400.
    BadRequest,
    /// The credential is missing or not valid: 401.
    Unauthorized,
    /// The caller is not allowed to do this: 403.
    Forbidden,
    /// The addressed resource does not exist: 404.
    NotFound,
    /// The route does not support the HTTP method: 405.
    MethodNotAllowed,
    /// No acceptable response format: 406.
    NotAcceptable,
    /// The request conflicts with the current state: 409.
    Conflict,
    /// The body is too large: 413.
    TooLarge,
    /// The gateway does not serve the host of the request: 421.
    Misdirected,
    /// The request target is too long: 414.
    UriTooLong,
    /// The file does not have the requested range: 416.
    RangeNotSatisfiable,
    /// The media type of the body is not supported: 415.
    UnsupportedMediaType,
    /// Odoo rejects the values: 422, in `api_v1` 400.
    Rejected,
    /// The idempotency key was used for another request: 422 in every dialect.
    KeyReuse,
    /// Too many requests: 429.
    TooManyRequests,
    /// The header section is too large: 431.
    HeadersTooLarge,
    /// An internal error of the gateway: 500.
    Internal,
    /// Odoo failed, or its response cannot be used: 502.
    BadGateway,
    /// Nothing was done; a retry is safe: 503.
    Unavailable,
    /// The request reached Odoo, but its outcome is unknown: 504.
    OutcomeUnknown,
}

impl ErrorClass {
    /// The HTTP status in `restapi`, `api`, and `restful`. `api_v1` differs in one class, `Rejected`.
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
            Self::Rejected | Self::KeyReuse => 422,
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
        /// A stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $title] $variant,)*
        }

        impl ErrorCode {
            /// All codes, in the order in which a request is processed.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code with this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// The class, which decides the HTTP status.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$class,)* }
            }

            /// A short title for people; the same for every occurrence of the code.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    // The HTTP request.
    MalformedRequest      "malformed_request"       BadRequest           "The request is malformed";
    UnknownHost           "unknown_host"            Misdirected          "The gateway does not serve this host";
    UnknownRoute          "unknown_route"           NotFound             "The route does not exist";
    MethodNotAllowed      "method_not_allowed"      MethodNotAllowed     "The route does not support this HTTP method";
    NotAcceptable         "not_acceptable"          NotAcceptable        "None of the accepted media types is available";
    BodyTooLarge          "body_too_large"          TooLarge             "The request body is too large";
    BodyTimeout           "body_timeout"            BadRequest           "The request body did not arrive in time";
    UriTooLong            "uri_too_long"            UriTooLong           "The request target is too long";
    HeadersTooLarge       "headers_too_large"       HeadersTooLarge      "The request headers are too large";
    UnsupportedMediaType  "unsupported_media_type"  UnsupportedMediaType "The media type of the request body is not supported";
    // Authentication.
    CredentialMissing     "credential_missing"      Unauthorized         "Authentication is required";
    CredentialInvalid     "credential_invalid"      Unauthorized         "The credential is not valid";
    OdooCredentialStale   "odoo_credential_stale"   Unauthorized         "Odoo no longer accepts the stored credential";
    TooManyAttempts       "too_many_attempts"       TooManyRequests      "Too many failed login attempts";
    RateLimited           "rate_limited"            TooManyRequests      "Too many requests with this credential";
    TooManyAtOnce         "too_many_at_once"        TooManyRequests      "Too many concurrent requests with this credential";
    // OAuth. Most of these codes are defined by RFC 6749.
    InvalidClient         "invalid_client"          Unauthorized         "The client id or the client secret is not valid";
    UnauthorizedClient    "unauthorized_client"     BadRequest           "The client is not allowed to use this flow";
    InvalidGrant          "invalid_grant"           BadRequest           "The code or token is not valid";
    InvalidScope          "invalid_scope"           BadRequest           "The scope is unknown or exceeds what is allowed";
    UnsupportedResponseType "unsupported_response_type" BadRequest       "The response type is not supported";
    PersonNeeded          "person_needed"           Unauthorized         "A user must log in and give consent";
    FormOutdated          "form_outdated"           Forbidden            "The form has expired, was already sent, or belongs to another session";
    UnsupportedGrantType  "unsupported_grant_type"  BadRequest           "The grant type is not supported";
    // Parameters and values.
    InvalidParameter      "invalid_parameter"       BadRequest           "A parameter is not valid";
    RepeatedParameter     "repeated_parameter"      BadRequest           "A parameter occurs more than once";
    MissingParameter      "missing_parameter"       BadRequest           "A parameter is missing";
    InvalidLiteral        "invalid_literal"         BadRequest           "A literal is not valid";
    InvalidDomain         "invalid_domain"          BadRequest           "The domain is not valid";
    InvalidOrder          "invalid_order"           BadRequest           "The order is not valid";
    InvalidContext        "invalid_context"         BadRequest           "The context is not valid";
    InvalidValue          "invalid_value"           BadRequest           "A value does not fit its field";
    UnknownField          "unknown_field"           BadRequest           "The model has no such field";
    FieldNotSearchable    "field_not_searchable"    BadRequest           "The field cannot be searched";
    IdempotencyKeyReused  "idempotency_key_reused"  KeyReuse             "The idempotency key was used for another request";
    IdempotencyInProgress "idempotency_in_progress" Conflict             "The first request with this idempotency key is still in progress";
    IdempotencyAnswerGone "idempotency_answer_gone" Conflict             "The request with this idempotency key is done, but its response was not stored";
    AnswerTooLarge        "answer_too_large"        BadRequest           "The response would be too large";
    // Permissions.
    PrivateMethod         "private_method"          Forbidden            "The method is private";
    MintForbidden         "mint_forbidden"          Forbidden            "The API key is not allowed to issue login tokens for other users";
    NotLinked             "not_linked"              Conflict             "The user has not linked a credential with this API key";
    ScopeForbidden        "scope_forbidden"         Forbidden            "The credential's scope does not allow this";
    ReportNeedsPassword   "report_needs_password"   Forbidden            "Odoo prints this report only for a user with a password";
    ModelNotEnabled       "model_not_enabled"       Forbidden            "The model is not enabled in this interface";
    AccessDenied          "access_denied"           Forbidden            "Odoo denies access to this user";
    // Addressed resources.
    UnknownDatabase       "unknown_database"        NotFound             "The database does not exist";
    UnknownModel          "unknown_model"           NotFound             "The model does not exist";
    UnknownMethod         "unknown_method"          NotFound             "The model has no such method";
    UnknownReport         "unknown_report"          NotFound             "The report does not exist";
    RecordNotFound        "record_not_found"        NotFound             "The record does not exist";
    EmptyField            "empty_field"             NotFound             "The field is empty";
    RangeNotSatisfiable   "range_not_satisfiable"   RangeNotSatisfiable  "The file does not have the requested range";
    // Values that Odoo rejects.
    OdooRefused           "odoo_refused"            Rejected             "Odoo rejected the request";
    MissingValue          "missing_value"           Rejected             "A required value is missing";
    UnknownReference      "unknown_reference"       Rejected             "A value refers to a record that does not exist";
    UniqueConflict        "unique_conflict"         Conflict             "Another record already has this value";
    ReferenceConflict     "reference_conflict"      Conflict             "Other records refer to this record";
    ConcurrentUpdate      "concurrent_update"       Conflict             "The records were changed by another transaction at the same time";
    // Failures of Odoo and of the gateway.
    OdooInternalError     "odoo_internal_error"     BadGateway           "An unexpected error occurred in Odoo";
    OdooUnreadable        "odoo_unreadable"         BadGateway           "Odoo's response cannot be read";
    PdfEngineUnavailable  "pdf_engine_unavailable"  BadGateway           "Odoo cannot make PDF documents";
    StoreUnavailable      "store_unavailable"       Unavailable          "The gateway cannot reach its database";
    MasterKeyUnavailable  "master_key_unavailable"  Unavailable          "The gateway's master key is missing or unusable";
    ResultNotRepresentable "result_not_representable" BadGateway         "Odoo's result cannot be transmitted";
    OdooUnreachable       "odoo_unreachable"        Unavailable          "Odoo cannot be reached";
    OdooBusy              "odoo_busy"               Unavailable          "Odoo is busy";
    ShuttingDown          "shutting_down"           Unavailable          "The gateway is shutting down or at its connection limit";
    OutcomeUnknown        "outcome_unknown"         OutcomeUnknown       "The outcome is unknown";
    Internal              "internal_error"          Internal             "An unexpected error occurred in the gateway";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_in_snake_case() {
        let mut seen = std::collections::HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{} is declared twice", code.as_str());
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        }
    }
}
