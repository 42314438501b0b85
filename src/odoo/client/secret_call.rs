//! Calls whose arguments or result are secrets, such as API keys: no copy of them stays in freed memory.
//!
//! In: a user, a call without arguments, and its arguments, which borrow the secrets. Out: the text that the method
//! returns. Must not know: what the secrets open.

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{OdooClient, Service, TimedReply};
use crate::odoo::error::{OdooError, unreadable_response};
use crate::odoo::faults::{Fault, FaultClass};
use crate::odoo::json2::named_arguments::NamedArguments;
use crate::odoo::rpc_codec::RpcResponse;
use crate::odoo::user::OdooUser;
use crate::odoo::xmlrpc::response;
use crate::odoo::xmlrpc::writer::CallWriter;
use crate::plan::{Call, Effect};
use crate::telemetry::traces::in_span;
use crate::value::Value;

impl OdooClient {
    /// Calls a method once. `None`: its result is no text.
    ///
    /// # Errors
    /// As [`execute_kw`](Self::execute_kw).
    pub(in crate::odoo) async fn call_with_secrets(
        &self,
        user: &OdooUser,
        call: &Call,
        args: &[Value<'_>],
    ) -> Result<Option<SecretString>, OdooError> {
        if let Some(key) = self.json2_authorization(user).await? {
            let names = PARAMETERS.iter().find(|(method, _)| *method == call.method.as_str());
            let names = names.map_or(&[][..], |(_, names)| names).iter().copied();
            let named = NamedArguments { ids: None, members: names.zip(args).collect() };
            let result = self.call_json2_with_secrets(&key, call, &named).await;
            return result.map_err(|error| error.with_secret(&user.secret));
        }
        let body = CallWriter::new("execute_kw")
            .param("database", &self.settings().database.as_str().into())?
            .param("uid", &user.uid.get().into())?
            .param("password", &user.secret.expose_secret().into())?
            .param("model", &call.model.as_str().into())?
            .param("method", &call.method.as_str().into())?
            .list("args", args)?
            .map("kwargs", &[])?
            .finish();
        let span = self.start_call_span("xmlrpc", call.model.as_str(), call.method.as_str());
        let response = in_span(span.current(), self.send(Service::Object, Bytes::from_owner(body), call.effect)).await;
        let result = response.map_err(OdooError::from).and_then(|response| secret_text(response, call.effect));
        span.end(&result);
        result.map_err(|error| error.with_secret(&user.secret))
    }
}

/// The parameters of these methods, of `res.users.apikeys`.
const PARAMETERS: [(&str, &[&str]); 2] =
    [("generate", &["key", "scope", "name", "expiration_date"]), ("revoke", &["key"])];

fn secret_text(response: TimedReply, effect: Effect) -> Result<Option<SecretString>, OdooError> {
    let text = Zeroizing::new(response.text);
    parse(&text, effect)
}

fn parse(text: &str, effect: Effect) -> Result<Option<SecretString>, OdooError> {
    match response::parse(text).map_err(|error| unreadable_response(error, effect))? {
        RpcResponse::Result(value) => Ok(value.as_text().map(SecretString::from)),
        RpcResponse::Fault(fault) => match Fault::from_xmlrpc(&fault) {
            Fault { class: FaultClass::NoResult, .. } => Ok(None),
            fault => Err(OdooError::Fault(fault)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_is_a_secret() {
        let parsed = |value: &str| {
            let text =
                format!("<methodResponse><params><param><value>{value}</value></param></params></methodResponse>");
            parse(&text, Effect::Write).unwrap().map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(parsed("<string>abc</string>").as_deref(), Some("abc"));
        assert_eq!(parsed("<boolean>1</boolean>"), None);
        assert!(parse("<html/>", Effect::Write).is_err());
    }
}
