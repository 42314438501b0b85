//! What a login by an administrator would change: Odoo's own idea of its address.
//!
//! Whoever is in the group of administrators and logs in through the web client makes Odoo write the address that he
//! used into `web.base.url`, from which links in mails are made (security F3). The gateway reaches Odoo at an inner
//! address. So it names the address that is written there, as a proxy in front of Odoo would, looks afterwards, and puts
//! it back where Odoo believed something else.
//!
//! In: a caller. Out: the address, for those who would change it. Must not know: sessions.

use reqwest::Url;

use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{MethodName, ModelName};
use crate::odoo::client::OdooClient;
use crate::odoo::transport::PublicAddress;
use crate::odoo::user::Caller;
use crate::plan::{Call, Effect};
use crate::value::Value;

const KEY: &str = "web.base.url";

/// Odoo's own idea of its address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BaseUrl(String);

impl BaseUrl {
    /// As it is now; `None` for a user who may not look, and so cannot change it either.
    pub(super) async fn read(client: &OdooClient, caller: &Caller) -> Result<Option<Self>, Problem> {
        let domain = Value::List(vec![Value::List(vec!["key".into(), "=".into(), KEY.into()])]);
        let call = question("search_read", vec![domain, Value::List(vec!["value".into()])], Effect::Read);
        match client.execute_kw(caller, &call).await.map_err(|failure| failure.explain(&call)) {
            Ok(reply) => Ok(Self::of(&reply.value()?)),
            Err(problem) if problem.code == Code::AccessDenied => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn of(found: &Value<'_>) -> Option<Self> {
        let value = found.as_list()?.first()?.get("value")?.as_text()?;
        (!value.is_empty()).then(|| Self(value.to_owned()))
    }

    /// The address to log in by.
    pub(super) fn address(&self) -> Option<PublicAddress> {
        PublicAddress::of(&Url::parse(&self.0).ok()?)
    }

    /// Writes it back where a login has changed it.
    pub(super) async fn put_back(self, client: &OdooClient, caller: &Caller) {
        let now = Self::read(client, caller).await;
        if matches!(&now, Ok(Some(now)) if *now == self) {
            return;
        }
        let call = question("set_param", vec![KEY.into(), Value::from(self.0)], Effect::Write);
        match client.execute_kw(caller, &call).await {
            Ok(_) => tracing::info!("odoo took another address for its own at a login; put back"),
            Err(failure) => {
                let code = failure.explain(&call).code.as_str();
                tracing::warn!(code, "odoo may have taken another address for its own: see web.base.url");
            }
        }
    }
}

fn question(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
    Call {
        model: ModelName::of_literal("ir.config_parameter"),
        method: MethodName::of_literal(method),
        args,
        kwargs: Vec::new(),
        effect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_is_there_counts() {
        let found = |value: Value<'static>| {
            Value::List(vec![Value::Map(vec![("id".into(), Value::Int(1)), ("value".into(), value)])])
        };
        assert_eq!(BaseUrl::of(&found("https://erp.example".into())), Some(BaseUrl("https://erp.example".to_owned())));
        assert_eq!(BaseUrl::of(&found(false.into())), None);
        assert_eq!(BaseUrl::of(&Value::List(Vec::new())), None);
        assert!(BaseUrl("https://erp.example".to_owned()).address().is_some());
        assert!(BaseUrl("nonsense".to_owned()).address().is_none());
    }
}
