//! Why each error happens, and what a client can do about it: the texts of `/docs/errors`.
//!
//! In: an error code. Out: two sentences. Must not know: HTML, requests.

use crate::error_code::Code;

/// An explanation of an error code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Help {
    /// What leads to the error.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const fn help(cause: &'static str, remedy: &'static str) -> Help {
    Help { cause, remedy }
}

/// The explanation of a code.
#[expect(clippy::too_many_lines, reason = "a table: one entry for each code")]
pub(super) fn of(code: Code) -> Help {
    match code {
        Code::MalformedRequest => help(
            "The request breaks a rule of HTTP: a missing or repeated `Host`, two `Authorization` headers, invalid UTF-8.",
            "Send the request with an ordinary HTTP client library.",
        ),
        Code::UnknownHost => help(
            "The `Host` of the request is not in `server.public_hosts`.",
            "Use the documented URL of the gateway, or add the host to the setting.",
        ),
        Code::UnknownRoute => help(
            "No route has this path. Model names are lower-case words joined by dots.",
            "Compare the path with the document at /docs.",
        ),
        Code::MethodNotAllowed => help(
            "The path exists, but not with this HTTP method.",
            "Use one of the methods that the `Allow` header of the answer names.",
        ),
        Code::NotAcceptable => help(
            "The `Accept` header names only media types that this route does not produce.",
            "Send `Accept: application/json`, or one of the types that /docs lists for the route.",
        ),
        Code::BodyTooLarge => help(
            "The request body exceeds a limit: bytes, number of values, or parameters of a form.",
            "Split the request. The error names the limit that applied.",
        ),
        Code::BodyTimeout => {
            help("The body did not arrive within `server.body_timeout`.", "Send the body without pauses, or split it.")
        }
        Code::UriTooLong => {
            help("The path and query are too long for a URL.", "Send the parameters in the body: as a form or as JSON.")
        }
        Code::HeadersTooLarge => help(
            "The request has too many headers, or they are too large.",
            "Remove headers that the gateway does not need, such as cookies.",
        ),
        Code::UnsupportedMediaType => help(
            "The `Content-Type` of the body is not JSON, a form, or multipart form data, or the body is compressed.",
            "Send `Content-Type: application/json` and an uncompressed body.",
        ),
        Code::CredentialMissing => help(
            "The route needs a credential and the request has none.",
            "Send an API key, a token, or an Odoo login with its password.",
        ),
        Code::CredentialInvalid => help(
            "The credential is unknown, wrong, expired, disabled, or not accepted from this address.",
            "Check it. Users with two-factor authentication need an Odoo API key in place of the password.",
        ),
        Code::OdooCredentialStale => help(
            "Odoo no longer accepts the password or API key that is stored behind this key or token.",
            "Create a new key or token with the user's current password or API key.",
        ),
        Code::TooManyAttempts => help(
            "Too many failed logins from this address or for this login.",
            "Wait for the number of seconds in `Retry-After`.",
        ),
        Code::RateLimited => help(
            "The API key has used up its quota.",
            "Wait for the number of seconds in `Retry-After`. `RateLimit` tells what remains.",
        ),
        Code::TooManyAtOnce => help(
            "The API key already has as many requests in progress as it may have.",
            "Send the next request when one of them is answered.",
        ),
        Code::InvalidClient => help(
            "The application is unknown or disabled, or its secret is wrong.",
            "Check the client id and secret. `odoo-gateway app rotate-secret` makes a new secret.",
        ),
        Code::UnauthorizedClient => help(
            "The application is not registered for this kind of request.",
            "Ask the administrator to register it for the grant type or redirect URI.",
        ),
        Code::InvalidGrant => help(
            "The code or refresh token is unknown, expired, already used, or belongs to another application.",
            "Start the authorization again.",
        ),
        Code::InvalidScope => help(
            "A word of the scope is unknown, or the application may not ask for that much.",
            "Use `all`, or words such as `read` and `create:sale.order`.",
        ),
        Code::UnsupportedResponseType => {
            help("The authorization request asks for something other than a code.", "Send `response_type=code`.")
        }
        Code::PersonNeeded => help(
            "The application is not trusted to act without a page on which its user agrees.",
            "Open the authorization URL in a browser.",
        ),
        Code::FormOutdated => help(
            "The form was sent twice, too late, or from another browser session.",
            "Start again in the application.",
        ),
        Code::UnsupportedGrantType => help(
            "The token endpoint does not know this grant type.",
            "Use `authorization_code`, `refresh_token`, or `client_credentials`.",
        ),
        Code::InvalidParameter => help(
            "A parameter has a value that it cannot have, or means something in another dialect only.",
            "Read `parameter` and `hint` of the error.",
        ),
        Code::RepeatedParameter => help(
            "The same parameter occurs more than once.",
            "Send each parameter once. Lists are one value: `[1, 2]`.",
        ),
        Code::MissingParameter => help("A required parameter is missing.", "Add the parameter that the error names."),
        Code::InvalidLiteral => help(
            "The text is neither JSON nor a Python literal.",
            "Correct it at the position that the error names, counted from 1.",
        ),
        Code::InvalidDomain => help(
            "The search domain is incomplete, or an operator or value does not fit its field.",
            "Write terms such as `[\"name\", \"ilike\", \"azure\"]`; `&`, `|` and `!` stand before their operands.",
        ),
        Code::InvalidOrder => help(
            "The order names something other than a stored field of the model.",
            "Write for example `name desc, id`.",
        ),
        Code::InvalidContext => help(
            "The context is not an object, or names an unknown language, time zone, or list of companies.",
            "Check `context` and the `X-Odoo-Lang`, `X-Odoo-Tz`, and `X-Odoo-Company` headers.",
        ),
        Code::InvalidValue => help(
            "A value does not have the type of its field, or is not one of its choices.",
            "Send a value of the type that the field list of the model names.",
        ),
        Code::UnknownField => help(
            "The model has no such field, or this user may not see it.",
            "Check the spelling. `hint` names a similar field.",
        ),
        Code::FieldNotSearchable => help(
            "Odoo computes the field and cannot search by it.",
            "Search by a stored field, and filter the answer in the client.",
        ),
        Code::IdempotencyKeyReused => help(
            "Another request was sent under this idempotency key in the last 24 hours.",
            "Use a new key for each operation, and the same key only to repeat it.",
        ),
        Code::IdempotencyInProgress => help(
            "The first request under this idempotency key is not finished.",
            "Wait a moment and send the same request again.",
        ),
        Code::IdempotencyAnswerGone => help(
            "The operation of this idempotency key was done, but its answer was too large to be stored.",
            "Read the records to see the result.",
        ),
        Code::AnswerTooLarge => help(
            "The answer of Odoo would exceed `odoo.answer_cap`.",
            "Use `limit`, name fewer fields, or ask for CSV or NDJSON, which have no cap.",
        ),
        Code::PrivateMethod => help(
            "The method is internal to Odoo: its name starts with `_`, or it belongs to the ORM's plumbing.",
            "Call a public method of the model.",
        ),
        Code::MintForbidden => help(
            "The API key may make login tokens for its own user only.",
            "Create the key with `--may-mint-for-others`.",
        ),
        Code::NotLinked => help(
            "The user has not linked an Odoo credential with this API key.",
            "Link the user: `odoo-gateway user link --key-file KEY --login LOGIN`.",
        ),
        Code::ScopeForbidden => help(
            "No rule of the credential's scope allows the operation on a model that the request touches.",
            "Ask the administrator for a credential with a wider scope. The error names the model and operation.",
        ),
        Code::ReportNeedsPassword => help(
            "Odoo prints this report only in a web session, which an API key cannot open.",
            "Use HTTP Basic with the user's password.",
        ),
        Code::ModelNotEnabled => help(
            "The administrator has not enabled the model for `/restful/api/v1`.",
            "Add `[restful.models.\"MODEL\"]` to the configuration, or use another dialect.",
        ),
        Code::AccessDenied => help(
            "The access rights or record rules of Odoo do not allow it to this user.",
            "Ask the Odoo administrator for the right.",
        ),
        Code::UnknownDatabase => help(
            "`X-Odoo-Database` names a database that is not configured.",
            "Leave the header out, or use a configured name.",
        ),
        Code::UnknownModel => help(
            "The Odoo database has no such model. Perhaps its module is not installed.",
            "Check the technical name, for example `res.partner`.",
        ),
        Code::UnknownMethod => help(
            "The model has no public method of this name in this version of Odoo.",
            "Check the name and the version of Odoo.",
        ),
        Code::UnknownReport => help(
            "No report has this technical name, or it is not for this model.",
            "Look the name up in Odoo under Settings, Technical, Reports.",
        ),
        Code::RecordNotFound => help(
            "A record that the request names does not exist, or was deleted. Nothing was done.",
            "Search for the record first.",
        ),
        Code::EmptyField => help("The binary field holds no file.", "Check the field before you download it."),
        Code::RangeNotSatisfiable => help(
            "The `Range` header asks for bytes behind the end of the file.",
            "Use the size that `Content-Range` names.",
        ),
        Code::OdooRefused => help(
            "A rule of Odoo's business logic rejects the request. `odoo.message` is the message of Odoo.",
            "Correct the values as the message says.",
        ),
        Code::MissingValue => help("A required field has no value.", "Add the field that the error names."),
        Code::UnknownReference => {
            help("A relation refers to a record that does not exist.", "Search for the id of the record first.")
        }
        Code::UniqueConflict => help(
            "Another record already has a value that must be unique.",
            "Update that record instead, or choose another value.",
        ),
        Code::ReferenceConflict => {
            help("Other records need the record that should be deleted.", "Archive it instead: write `active: false`.")
        }
        Code::ConcurrentUpdate => help(
            "Other requests changed the same records at the same time. Nothing was done.",
            "Send the request again.",
        ),
        Code::OdooInternalError => help(
            "A Python error occurred inside Odoo.",
            "Search Odoo's log at the time of the request. `request_id` finds the request in the gateway's log.",
        ),
        Code::OdooUnreadable => help(
            "What answered is not Odoo, or the answer is damaged.",
            "Check `odoo.url` and the proxy in front of Odoo. `odoo-gateway check` helps.",
        ),
        Code::StoreUnavailable => help(
            "The gateway cannot use its database. Nothing was done.",
            "Wait and retry. The operator sees the reason at `/readyz` and in the log.",
        ),
        Code::MasterKeyUnavailable => help(
            "The gateway cannot open or make its master key, so it cannot keep or open secrets. Nothing was done.",
            "The operator makes the folder of `secrets.master_key_file` writable, or provides the key. `odoo-gateway check` \
             names the folder.",
        ),
        Code::ResultNotRepresentable => {
            help("A field that the request names has a value that Odoo cannot send.", "Leave the field out.")
        }
        Code::OdooUnreachable => help(
            "Odoo does not accept connections. Nothing was done.",
            "Wait for the number of seconds in `Retry-After`, then send the request again.",
        ),
        Code::OdooBusy => help(
            "More requests wait for Odoo than `odoo.queue` allows. Nothing was done.",
            "Wait for the number of seconds in `Retry-After`, then send the request again.",
        ),
        Code::ShuttingDown => help(
            "The gateway is stopping, or its connection limit is reached. Nothing was done.",
            "Send the request again.",
        ),
        Code::OutcomeUnknown => help(
            "The request reached Odoo, then the connection ended or the time ran out. Odoo may have done it.",
            "Read the records before you repeat a write. With an `Idempotency-Key` a repeated request is not done twice.",
        ),
        Code::Internal => {
            help("The gateway has a bug.", "Report it with the `request_id` and the lines of the log around it.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_and_remedy_is_a_sentence() {
        for code in Code::ALL {
            let Help { cause, remedy } = of(*code);
            for text in [cause, remedy] {
                assert!(text.len() > 15 && text.ends_with('.'), "{}: {text}", code.as_str());
            }
        }
    }
}
