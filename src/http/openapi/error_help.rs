//! The cause and the remedy of each error: the texts of `/docs/errors`.
//!
//! In: an error code. Out: its explanation. Must not know: HTML, requests.

use crate::error_code::ErrorCode;

/// An explanation of an error code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Help {
    /// The cause of the error.
    pub cause: &'static str,
    /// What the client or the operator can do.
    pub remedy: &'static str,
}

const fn help(cause: &'static str, remedy: &'static str) -> Help {
    Help { cause, remedy }
}

/// The explanation of a code.
#[expect(clippy::too_many_lines, reason = "a table: one entry for each code")]
pub(super) fn help_for(code: ErrorCode) -> Help {
    match code {
        ErrorCode::MalformedRequest => help(
            "The request violates HTTP: a missing or repeated `Host`, two `Authorization` headers, invalid UTF-8.",
            "Send the request with a standard HTTP client library.",
        ),
        ErrorCode::UnknownHost => help(
            "The `Host` of the request is not in `server.public_hosts`.",
            "Use the documented URL of the gateway, or add the host to the setting.",
        ),
        ErrorCode::UnknownRoute => help(
            "No route has this path. Model names are lowercase words joined by dots.",
            "Compare the path with the API reference at `/docs`.",
        ),
        ErrorCode::MethodNotAllowed => help(
            "The path exists, but not with this HTTP method.",
            "Use one of the methods in the `Allow` header of the response.",
        ),
        ErrorCode::NotAcceptable => help(
            "The `Accept` header contains only media types that this route does not support.",
            "Send `Accept: application/json`, or one of the media types that `/docs` lists for the route.",
        ),
        ErrorCode::BodyTooLarge => help(
            "The request body exceeds a limit: its size, its number of values, or its number of names.",
            "Split the request. The error contains the exceeded limit.",
        ),
        ErrorCode::BodyTimeout => help(
            "The request body did not arrive within `server.body_timeout`.",
            "Send the body without pauses, or split the request.",
        ),
        ErrorCode::UriTooLong => {
            help("The path and the query are too long.", "Send the parameters in the body, as a form or as JSON.")
        }
        ErrorCode::HeadersTooLarge => help(
            "The request has too many headers, or its headers are too large.",
            "Remove headers that the gateway does not need, such as cookies.",
        ),
        ErrorCode::UnsupportedMediaType => help(
            "The `Content-Type` is not JSON, a form, or multipart form data; or the body is compressed.",
            "Send an uncompressed body with `Content-Type: application/json`.",
        ),
        ErrorCode::CredentialMissing => help(
            "The route requires a credential, and the request does not contain one.",
            "Send an API key, a token, or an Odoo login with its password.",
        ),
        ErrorCode::CredentialInvalid => help(
            "The credential is unknown, wrong, expired, disabled, or not accepted from this address.",
            "Check the credential. Users with two-factor authentication need an Odoo API key instead of the password.",
        ),
        ErrorCode::OdooCredentialStale => help(
            "Odoo no longer accepts the password or API key that the gateway stores for this key or token.",
            "Replace the key with `odoo-gateway key rotate NAME` and the current password or API key of the user, or \
             create a new key or token.",
        ),
        ErrorCode::TooManyAttempts => help(
            "Too many failed authentication attempts from this address or for this login.",
            "Wait for the number of seconds in `Retry-After`.",
        ),
        ErrorCode::RateLimited => help(
            "The API key has no requests left in its quota.",
            "Wait for the number of seconds in `Retry-After`. The `RateLimit` header contains the remaining requests.",
        ),
        ErrorCode::TooManyAtOnce => help(
            "The API key has reached its maximum number of requests in progress.",
            "Send the next request after one of them has ended.",
        ),
        ErrorCode::InvalidClient => help(
            "The application is unknown or disabled, or its secret is wrong.",
            "Check the client id and the secret. `odoo-gateway app rotate-secret` creates a new secret.",
        ),
        ErrorCode::UnauthorizedClient => help(
            "The application is not registered for this kind of request.",
            "Ask the administrator to register the application for the grant type or the redirect URI.",
        ),
        ErrorCode::InvalidGrant => help(
            "The code or refresh token is unknown, expired, already used, or belongs to another application.",
            "Start the authorization again.",
        ),
        ErrorCode::InvalidScope => help(
            "The scope contains an unknown value, or more than the application may request.",
            "Use `all`, or values such as `read` and `create:sale.order`, separated by spaces.",
        ),
        ErrorCode::UnsupportedResponseType => {
            help("The authorization request has a `response_type` other than `code`.", "Send `response_type=code`.")
        }
        ErrorCode::PersonNeeded => help(
            "The application needs the consent of the user, which requires a browser.",
            "Open the authorization URL in a browser.",
        ),
        ErrorCode::FormOutdated => help(
            "The form was sent twice, too late, or from another browser session.",
            "Start again in the application.",
        ),
        ErrorCode::UnsupportedGrantType => help(
            "The token endpoint does not support this grant type.",
            "Use `authorization_code`, `refresh_token`, or `client_credentials`.",
        ),
        ErrorCode::InvalidParameter => help(
            "A parameter has an invalid value, or exists only in another dialect.",
            "Check the parameter in the member `parameter`. The `hint` may contain an example.",
        ),
        ErrorCode::RepeatedParameter => help(
            "The same parameter occurs more than once.",
            "Send each parameter once. A list is one value: `[1, 2]`.",
        ),
        ErrorCode::MissingParameter => {
            help("A required parameter is missing.", "Add the parameter in the member `parameter`.")
        }
        ErrorCode::InvalidLiteral => help(
            "The value is neither JSON nor a Python literal.",
            "Correct the value at the position in the error message, counted from 1.",
        ),
        ErrorCode::InvalidDomain => help(
            "The search domain is incomplete, or an operator or value does not fit its field.",
            "Write terms such as `[\"name\", \"ilike\", \"azure\"]`, and `&`, `|` and `!` before their operands.",
        ),
        ErrorCode::InvalidOrder => help(
            "The order contains something other than stored fields of the model.",
            "Write the order as `name desc, id`.",
        ),
        ErrorCode::InvalidContext => help(
            "The context is not an object, or its language, time zone, or companies are unknown.",
            "Check `context` and the headers `X-Odoo-Lang`, `X-Odoo-Tz`, and `X-Odoo-Company`.",
        ),
        ErrorCode::InvalidValue => help(
            "A value does not have the type of its field, or is not one of the selectable values of the field.",
            "Send a value of the type in the field description of the model.",
        ),
        ErrorCode::UnknownField => help(
            "The model has no such field, or this user may not see it.",
            "Check the spelling. The `hint` may contain a similar name.",
        ),
        ErrorCode::FieldNotSearchable => help(
            "Odoo computes the field and cannot search by it.",
            "Search by a stored field, and filter the response in the client.",
        ),
        ErrorCode::IdempotencyKeyReused => help(
            "The idempotency key was used for another request in the last 24 hours.",
            "Use a new key for each operation, and the same key only to retry the operation.",
        ),
        ErrorCode::IdempotencyInProgress => help(
            "The first request under this idempotency key is still in progress.",
            "Wait a few seconds, then send the same request again.",
        ),
        ErrorCode::IdempotencyAnswerGone => help(
            "The first request under this idempotency key succeeded, but its response was too large to be stored.",
            "Read the records to get the result.",
        ),
        ErrorCode::AnswerTooLarge => help(
            "The response of Odoo exceeds `odoo.answer_cap`.",
            "Use `limit`, request fewer fields, or request CSV or NDJSON, which are not limited.",
        ),
        ErrorCode::PrivateMethod => help(
            "The method is private: its name starts with `_`, or it is an internal method of the ORM.",
            "Call a public method of the model.",
        ),
        ErrorCode::MintForbidden => help(
            "The API key may issue login tokens only for its own user.",
            "Ask the administrator for an API key that was created with `--may-mint-for-others`.",
        ),
        ErrorCode::NotLinked => help(
            "The user has not linked an Odoo credential with this API key.",
            "Link the user: `odoo-gateway user link --key-file KEY --login LOGIN`.",
        ),
        ErrorCode::ScopeForbidden => help(
            "The scope of the credential does not allow the operation on a model that the request accesses.",
            "Ask the administrator for a credential with a wider scope. The message contains model and operation.",
        ),
        ErrorCode::ReportNeedsPassword => help(
            "Odoo prints this report only in a web session, and an API key cannot open one.",
            "Authenticate with HTTP Basic and the password of the user.",
        ),
        ErrorCode::ModelNotEnabled => help(
            "The administrator has not enabled the model for `/restful/api/v1`.",
            "Add `[restful.models.\"MODEL\"]` to the configuration, or use another dialect.",
        ),
        ErrorCode::AccessDenied => help(
            "The access rights or record rules of Odoo do not allow the operation to this user.",
            "Ask the Odoo administrator for the access right.",
        ),
        ErrorCode::UnknownDatabase => help(
            "The database in `X-Odoo-Database` is not configured.",
            "Omit the header, or send the name of a configured database.",
        ),
        ErrorCode::UnknownModel => help(
            "The Odoo database does not have this model. Its module may not be installed.",
            "Check the technical name, for example `res.partner`.",
        ),
        ErrorCode::UnknownMethod => help(
            "The model has no public method of this name in this version of Odoo.",
            "Check the name and the version of Odoo.",
        ),
        ErrorCode::UnknownReport => help(
            "Odoo does not have a report with this technical name, or the report belongs to another model.",
            "Look up the name in Odoo under Settings, Technical, Reports.",
        ),
        ErrorCode::RecordNotFound => help(
            "A record in the request does not exist, or was deleted. Nothing was done.",
            "Search for the record first.",
        ),
        ErrorCode::EmptyField => help("The binary field is empty.", "Check the field before you download it."),
        ErrorCode::RangeNotSatisfiable => help(
            "The `Range` header requests bytes after the end of the file.",
            "Request a range within the size in the `Content-Range` header.",
        ),
        ErrorCode::OdooRefused => help(
            "The business logic of Odoo rejects the request. `odoo.message` contains the message of Odoo.",
            "Correct the values as the message of Odoo describes.",
        ),
        ErrorCode::MissingValue => {
            help("A required field has no value.", "Add a value for the field in the error message.")
        }
        ErrorCode::UnknownReference => {
            help("A relation refers to a record that does not exist.", "Search for the id of the record first.")
        }
        ErrorCode::UniqueConflict => help(
            "Another record has the same value in a field that must be unique.",
            "Update that record instead, or choose another value.",
        ),
        ErrorCode::ReferenceConflict => help(
            "Other records refer to the record, so Odoo does not delete it.",
            "Archive the record instead: write `active: false`.",
        ),
        ErrorCode::ConcurrentUpdate => help(
            "Other requests changed the same records at the same time. Nothing was done.",
            "Send the request again.",
        ),
        ErrorCode::OdooInternalError => help(
            "A Python error occurred in Odoo.",
            "Check the log of Odoo at the time of the request. The log of the gateway contains the `request_id`.",
        ),
        ErrorCode::OdooUnreadable => help(
            "The response does not come from Odoo, or is malformed.",
            "Check `odoo.url` and the proxy in front of Odoo. `odoo-gateway check` tests the connection.",
        ),
        ErrorCode::PdfEngineUnavailable => help(
            "The server of Odoo has no program that makes PDF documents, or it does not work.",
            "The administrator of Odoo installs wkhtmltopdf. `Accept: text/html` prints the report as a page.",
        ),
        ErrorCode::StoreUnavailable => help(
            "The gateway cannot access its own database. Nothing was done.",
            "Wait and retry. The operator finds the reason at `/readyz` and in the log.",
        ),
        ErrorCode::MasterKeyUnavailable => help(
            "The gateway cannot read or create its master key, which encrypts all secrets. Nothing was done.",
            "The operator makes the directory of `secrets.master_key_file` writable, or provides the key. \
             `odoo-gateway check` prints the path of the directory.",
        ),
        ErrorCode::ResultNotRepresentable => {
            help("A requested field has a value that Odoo cannot send.", "Omit the field from the request.")
        }
        ErrorCode::OdooUnreachable => help(
            "Odoo does not accept connections. Nothing was done.",
            "Wait for the number of seconds in `Retry-After`, then send the request again.",
        ),
        ErrorCode::OdooBusy => help(
            "The queue of requests to Odoo (`odoo.queue`) is full, the request has waited there for `odoo.queue_wait`, \
             or too many logins wait for verification by Odoo (`auth.password_checks_in_flight`). Nothing was done.",
            "Wait for the number of seconds in `Retry-After`, then send the request again.",
        ),
        ErrorCode::ShuttingDown => help(
            "The gateway is stopping, or its connection limit is reached. Nothing was done.",
            "Send the request again.",
        ),
        ErrorCode::OutcomeUnknown => help(
            "The request reached Odoo, but no complete response arrived in time. Odoo may have executed it.",
            "Read the records before you retry a write. With an `Idempotency-Key`, a retry is never executed twice.",
        ),
        ErrorCode::Internal => {
            help("The gateway has a bug.", "Report the bug with the `request_id` and the related log lines.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_and_remedy_is_a_sentence() {
        for code in ErrorCode::ALL {
            let Help { cause, remedy } = help_for(*code);
            for text in [cause, remedy] {
                assert!(text.len() > 15 && text.ends_with('.'), "{}: {text}", code.as_str());
            }
        }
    }
}
