//! Who a credential belongs to, and whether Odoo accepts it.
//!
//! In: a login or a user's id with a secret, or an API key alone. Out: the user. Must not know: caches, limits for
//! failed logins.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

use super::{OdooClient, Service};
use crate::names::{MethodName, ModelName};
use crate::odoo::api_key_owner;
use crate::odoo::error::{OdooError, is_xmlrpc_unserved, json2_unserved, unreadable};
use crate::odoo::faults::{Fault, FaultClass};
use crate::odoo::rpc_codec::RpcResponse;
use crate::odoo::user::{OdooUser, Uid};
use crate::odoo::xmlrpc::response;
use crate::odoo::xmlrpc::writer::CallWriter;
use crate::plan::{Call, Effect};
use crate::telemetry::traces::in_span;
use crate::value::Value;

impl OdooClient {
    /// The user with this `login` and `secret`, or `None` if Odoo rejects them. After ten failed attempts from one
    /// address, Odoo 14 and 15 reject all logins from there for a minute.
    ///
    /// # Errors
    /// If Odoo does not respond, or responds with a fault, for example because the database does not exist; for a
    /// password if Odoo is called over JSON-2.
    pub async fn authenticate(&self, login: &str, secret: &SecretString) -> Result<Option<Uid>, OdooError> {
        if self.uses_json2(secret).await? {
            return self.authenticate_by_key(login, secret).await;
        }
        let result = self.authenticate_over_xmlrpc(login, secret).await;
        if matches!(&result, Err(OdooError::Problem(problem)) if is_xmlrpc_unserved(problem)) {
            self.notice_unserved_xmlrpc(&result).await;
            if self.uses_json2(secret).await? {
                return self.authenticate_by_key(login, secret).await;
            }
        }
        result
    }

    /// Whether Odoo opens the database to verify credentials: it must reject one that nobody has.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn test_authentication(&self) -> Result<(), OdooError> {
        if self.must_use_json2() {
            return self.key_owner(&SecretString::from("0".repeat(40))).await.map(drop);
        }
        self.authenticate("", &"".into()).await.map(drop)
    }

    async fn authenticate_over_xmlrpc(&self, login: &str, secret: &SecretString) -> Result<Option<Uid>, OdooError> {
        // The last argument stays empty: with a `base_location`, an administrator's login would change Odoo's
        // `web.base.url`.
        let call = CallWriter::new("authenticate")
            .param("database", &self.settings().database.as_str().into())?
            .param("login", &login.into())?
            .param("password", &secret.expose_secret().into())?
            .map("env", &[])?
            .finish();
        // A repeated login only adds a line to Odoo's log, so it counts as a read.
        let span = self.start_call_span("xmlrpc", "common", "authenticate");
        let sent = self.send(Service::Common, Bytes::from_owner(call), Effect::Read);
        let response = in_span(span.current(), sent).await;
        span.end_request(&response);
        match response::parse(&response?.text).map_err(unreadable)? {
            RpcResponse::Fault(fault) => Err(OdooError::Fault(Fault::from_xmlrpc(&fault)).with_secret(secret)),
            RpcResponse::Result(Value::Bool(false)) => Ok(None),
            RpcResponse::Result(value) => match value.as_int().and_then(Uid::new) {
                Some(uid) => Ok(Some(uid)),
                None => Err(unreadable("neither a user's id nor false").into()),
            },
        }
    }

    /// JSON-2 has no login: the owner of the key must have it.
    async fn authenticate_by_key(&self, login: &str, key: &SecretString) -> Result<Option<Uid>, OdooError> {
        let Some(uid) = self.key_owner(key).await? else { return Ok(None) };
        let user = OdooUser { uid, secret: Arc::new(key.clone()) };
        let args = vec![Value::List(vec![Value::Int(uid.get())]), Value::List(vec!["login".into()])];
        let reply = self.execute_kw(&user, &users_call("read", args)).await?;
        let records = reply.value()?;
        let own = records.as_list().and_then(|records| records.first()?.get("login")?.as_text());
        let own = own.ok_or_else(|| unreadable("it contains no login"))?;
        Ok((own == login).then_some(uid))
    }

    /// Whether Odoo accepts the secret of this user.
    ///
    /// # Errors
    /// As [`execute_kw`](Self::execute_kw).
    pub async fn accepts(&self, user: &OdooUser) -> Result<bool, OdooError> {
        let uses_json2 = self.uses_json2(&user.secret).await?;
        let result = self.accepts_now(user).await;
        // Meanwhile it was noticed that Odoo serves only JSON-2.
        if result.is_err() && !uses_json2 && self.uses_json2(&user.secret).await? {
            return self.accepts_now(user).await;
        }
        result
    }

    async fn accepts_now(&self, user: &OdooUser) -> Result<bool, OdooError> {
        let uses_json2 = self.uses_json2(&user.secret).await?;
        match self.execute_kw(user, &users_call("context_get", Vec::new())).await {
            Err(OdooError::Fault(fault)) => match fault.class {
                FaultClass::CredentialRejected | FaultClass::UnknownUser => Ok(false),
                // Odoo 14 cannot transmit the context of a user.
                class if class.is_after_commit() => Ok(true),
                _ => Err(OdooError::Fault(fault)),
            },
            Err(error) => Err(error),
            // JSON-2 ignores the user's id: the key alone decides who calls.
            Ok(reply) if uses_json2 => Ok(reply.value()?.get("uid").and_then(Value::as_int) == Some(user.uid.get())),
            Ok(_) => Ok(true),
        }
    }

    /// The user to whom an API key belongs, or `None` if Odoo rejects the key. Requires Odoo
    /// [`api_key_owner::FIRST_MAJOR`].
    ///
    /// # Errors
    /// If Odoo does not respond, or not with a user.
    pub async fn key_owner(&self, key: &SecretString) -> Result<Option<Uid>, OdooError> {
        let Some(authorization) = api_key_owner::authorization(key) else { return Ok(None) };
        let authorization = &authorization;
        let send = |named| async move {
            let service = Service::KeyOwner { authorization: authorization.clone(), named };
            let span = self.start_call_span("json2", "res.users", "context_get");
            let response = in_span(span.current(), self.send(service, api_key_owner::BODY, Effect::Read)).await;
            span.end_request(&response);
            response
        };
        let response = self.send_key_owner(send).await?;
        if response.status == StatusCode::NOT_FOUND && self.must_use_json2() {
            return Err(json2_unserved().into());
        }
        Ok(api_key_owner::parse(response.status, &response.text)?)
    }
}

fn users_call(method: &'static str, args: Vec<Value<'static>>) -> Call {
    Call {
        model: ModelName::from_static("res.users"),
        method: MethodName::from_static(method),
        args,
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}
