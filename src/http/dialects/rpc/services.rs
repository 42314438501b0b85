//! The services of Odoo's RPC.
//!
//! In: the name of a service, a function of it, and its arguments. Out: a value, or Odoo's reply to a call of a model's
//! method. Must not know: XML, JSON. Functions and errors are those of Odoo 14-20.

use super::arguments::{Arguments, python_error};
use super::credential::{authenticate_login, authenticate_user_id};
use crate::auth::Principal;
use crate::error::{Problem, RateLimit};
use crate::error_code::ErrorCode;
use crate::http::pipeline::execute_unchanged;
use crate::http::request::ApiRequest;
use crate::names::{MethodName, ModelName};
use crate::odoo::{CallProtocol, Reply, ServerVersion};
use crate::plan::UncheckedCall;
use crate::value::{Member, Value};

/// The name of the service that calls methods of models.
pub(super) const OBJECT: &str = "object";

/// The arguments that contain the credential of a call of a method: `db`, `uid`, `passwd`.
const CREDENTIAL_ARGUMENTS: usize = 3;

/// The arguments of a larger body, in bytes, are dropped while the credential among them is verified.
const MAX_BODY_KEPT_PARSED: usize = 8 * 1024;

/// How many characters of a name an error repeats.
const SHOWN_NAME: usize = 64;

/// A call of a service.
pub(super) struct ServiceCall {
    /// The name of the service.
    pub(super) service: String,
    /// The name of its function.
    pub(super) function: String,
    /// The arguments, or the first ones.
    pub(super) arguments: Vec<Value<'static>>,
    /// Parses all arguments, if these are only the first ones.
    pub(super) parse_all: Option<ParseArguments>,
}

/// Parses the body of a call again, for all of its arguments.
pub(super) type ParseArguments = Box<dyn FnOnce() -> Result<Vec<Value<'static>>, Problem> + Send>;

/// Which arguments of a call are copied from its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgumentPart {
    /// All of them.
    All,
    /// Those that contain the credential.
    Credential,
}

impl ArgumentPart {
    /// The part that is kept until the credential is verified. Values need many times the memory of their body, and an
    /// unauthenticated sender can prolong the verification. So a body that is not small is parsed, its values are
    /// dropped, and it is parsed again for a caller who is known.
    pub(super) fn before_authentication(service: &str, body_size: usize) -> Self {
        if service == OBJECT && body_size > MAX_BODY_KEPT_PARSED { Self::Credential } else { Self::All }
    }

    /// This part of the arguments, with strings of its own.
    pub(super) fn copy(self, arguments: Vec<Value<'_>>) -> Vec<Value<'static>> {
        let most = match self {
            Self::All => usize::MAX,
            Self::Credential => CREDENTIAL_ARGUMENTS,
        };
        arguments.into_iter().take(most).map(Value::into_owned).collect()
    }
}

/// The result of a call of a service.
#[derive(Debug)]
pub(super) enum ServiceResult {
    /// A value of the gateway.
    Value(Value<'static>),
    /// Odoo's reply to the call of a method.
    Reply(Reply),
}

/// A result, with the rest of the caller's rate limit.
pub(super) type CallResult = (ServiceResult, Option<RateLimit>);

/// Executes a call. Odoo's methods are called over this protocol.
///
/// # Errors
/// Unknown names, wrong arguments, a rejected credential; those of the call.
pub(super) async fn call_service(
    request: &ApiRequest,
    call: ServiceCall,
    protocol: CallProtocol,
) -> Result<CallResult, Problem> {
    let ServiceCall { service, function, arguments, parse_all } = call;
    match service.as_str() {
        "common" => call_common(request, &function, arguments).await,
        OBJECT => call_object(request, &function, (arguments, parse_all), protocol).await,
        "db" => {
            let detail = "The gateway does not offer the service `db`: databases are managed in Odoo itself.";
            Err(python_error(ErrorCode::UnknownRoute, "AccessDenied", detail))
        }
        other => {
            let detail = format!("Invalid service name: {}", shown(other));
            Err(python_error(ErrorCode::UnknownRoute, "ValueError", detail))
        }
    }
}

async fn call_common(
    request: &ApiRequest,
    function: &str,
    arguments: Vec<Value<'static>>,
) -> Result<CallResult, Problem> {
    match function {
        "version" => {
            Arguments::of("exp_version", arguments).finish()?;
            Ok((ServiceResult::Value(version(request).await?), None))
        }
        "about" => {
            let is_extended = arguments.first().is_some_and(|extended| !extended.is_falsy());
            drop(arguments);
            let about = Value::from("See https://www.odoo.com");
            let value = if is_extended {
                let version = server_version(request).await?.server_version;
                Value::List(vec![about, Value::from(version)])
            } else {
                about
            };
            Ok((ServiceResult::Value(value), None))
        }
        "login" => log_in(request, Arguments::of("exp_login", arguments)).await,
        "authenticate" => log_in(request, Arguments::of("exp_authenticate", arguments)).await,
        other => {
            let detail = format!("Method not found: {}", shown(other));
            Err(python_error(ErrorCode::UnknownMethod, "Exception", detail))
        }
    }
}

/// The version of Odoo, in the form of `common.version`.
///
/// # Errors
/// 404 for an unknown database, or why Odoo does not respond.
pub(super) async fn version(request: &ApiRequest) -> Result<Value<'static>, Problem> {
    let version = server_version(request).await?;
    let members: Vec<Member<'static>> = vec![
        ("server_version".into(), Value::from(version.server_version)),
        ("server_version_info".into(), Value::List(version.server_version_info)),
        ("server_serie".into(), Value::from(version.server_serie)),
        ("protocol_version".into(), Value::Int(version.protocol_version.into())),
    ];
    Ok(Value::Map(members))
}

/// The functions have no argument for the database, so it is the default one without a header.
async fn server_version(request: &ApiRequest) -> Result<ServerVersion, Problem> {
    let database = request.database()?;
    let version = request.timing.time("odoo", database.metadata.recent_version()).await?;
    Ok(ServerVersion::clone(&version))
}

/// `authenticate(db, login, password, user_agent_env)`, `login(db, login, password)`: the user's id, or `False`. The
/// environment could change Odoo's `web.base.url` and is ignored.
async fn log_in(request: &ApiRequest, mut arguments: Arguments) -> Result<CallResult, Problem> {
    let (database, login) = (arguments.text("db")?, arguments.text("login")?);
    let secret = arguments.text("password")?;
    // The other arguments can be large, and the sender can prolong the verification.
    drop(arguments);
    match authenticate_login(request, &database, login, secret).await {
        Ok(caller) => Ok((ServiceResult::Value(Value::Int(caller.odoo_user.uid.get())), caller.rate_limit)),
        Err(problem) if problem.code == ErrorCode::CredentialInvalid => {
            request.log.code(problem.code.as_str());
            Ok((ServiceResult::Value(Value::Bool(false)), None))
        }
        Err(problem) => Err(problem),
    }
}

/// `execute_kw(db, uid, passwd, model, method, args, kw)`, `execute(db, uid, passwd, model, method, *args)`.
async fn call_object(
    request: &ApiRequest,
    function: &str,
    (arguments, parse_all): (Vec<Value<'static>>, Option<ParseArguments>),
    protocol: CallProtocol,
) -> Result<CallResult, Problem> {
    let name = if function == "execute_kw" { "execute_kw" } else { "execute" };
    let mut arguments = Arguments::of(name, arguments);
    let (database, uid, secret) = (arguments.text("db")?, arguments.next("uid")?, arguments.text("passwd")?);
    let caller = authenticate_user_id(request, &database, &uid, secret).await?;
    if let Some(parse_all) = parse_all {
        let all = request.run_on_body(parse_all).await?;
        arguments = Arguments::of(name, all.into_iter().skip(CREDENTIAL_ARGUMENTS).collect());
    }
    let (model, method) = (arguments.text("obj")?, arguments.text("method")?);
    let (args, kwargs) = match function {
        "execute_kw" => {
            let call = (arguments.list("args")?, arguments.optional_map("kw")?);
            arguments.finish()?;
            call
        }
        "execute" => (arguments.rest(), Vec::new()),
        other => {
            let detail = format!("Method not available {}", shown(other));
            return Err(python_error(ErrorCode::UnknownMethod, "NameError", detail));
        }
    };
    let (model, method) = parse_names(&model, &method)?;
    let call = UncheckedCall { model: model.clone(), method: method.clone(), args, kwargs };
    let reply = execute_unchanged(request, &caller, call, protocol).await;
    let reply = reply.map_err(|problem| in_words_of_odoo(problem, &model, &method))?;
    let Principal { rate_limit, .. } = caller;
    Ok((ServiceResult::Reply(reply), rate_limit))
}

/// Names that no model or method has are not sent to Odoo.
fn parse_names(model: &str, method: &str) -> Result<(ModelName, MethodName), Problem> {
    let Ok(model) = ModelName::parse(model) else {
        let detail = format!("Object {} doesn't exist", shown(model));
        return Err(python_error(ErrorCode::UnknownModel, "UserError", detail));
    };
    let Ok(method) = MethodName::parse(method) else {
        let detail = format!("The method '{model}.{}' does not exist", shown(method));
        return Err(python_error(ErrorCode::UnknownMethod, "AttributeError", detail));
    };
    Ok((model, method))
}

/// A method that is private on every version has the text that Odoo 19 has for its own.
fn in_words_of_odoo(problem: Problem, model: &ModelName, method: &MethodName) -> Problem {
    if problem.code == ErrorCode::PrivateMethod && problem.odoo.is_none() {
        let detail = format!("Private methods (such as '{model}.{method}') cannot be called remotely.");
        return python_error(ErrorCode::PrivateMethod, "AccessError", detail);
    }
    problem
}

fn shown(name: &str) -> String {
    name.chars().take(SHOWN_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_credential_of_a_large_call_of_a_method_is_kept_before_it_is_verified() {
        for (service, size, kept) in [
            (OBJECT, MAX_BODY_KEPT_PARSED, 5),
            (OBJECT, MAX_BODY_KEPT_PARSED + 1, CREDENTIAL_ARGUMENTS),
            ("common", MAX_BODY_KEPT_PARSED + 1, 5),
        ] {
            let part = ArgumentPart::before_authentication(service, size);
            assert_eq!(part.copy(vec![Value::Null; 5]).len(), kept, "{service} {size}");
        }
        assert_eq!(ArgumentPart::Credential.copy(vec!["db".into()]), [Value::from("db")]);
    }

    #[test]
    fn names_that_cannot_exist_are_rejected_as_odoo_rejects_unknown_ones() {
        assert!(parse_names("res.partner", "search_read").is_ok());
        for (model, method, exception, message) in [
            ("no model", "read", "UserError", "Object no model doesn't exist"),
            ("../x", "read", "UserError", "Object ../x doesn't exist"),
            ("res.partner", "a b", "AttributeError", "The method 'res.partner.a b' does not exist"),
        ] {
            let odoo = parse_names(model, method).unwrap_err().odoo.unwrap();
            assert_eq!((odoo.exception.as_str(), odoo.message.as_str()), (exception, message));
        }
        assert!(parse_names(&"x ".repeat(5000), "read").unwrap_err().detail.len() < 100);
    }
}
