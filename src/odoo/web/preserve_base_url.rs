//! Preserves Odoo's `web.base.url` across a login.
//!
//! When a member of the administrators' group logs in through the web client, Odoo stores the address of the request in
//! `web.base.url`, from which it builds links in emails (docs/security.md, F3). The gateway reaches Odoo at an internal
//! address. So it sends the stored address, as a reverse proxy would, checks it afterwards, and restores it if Odoo has
//! changed it.
//!
//! In: a user. Out: the stored address, for users who would change it. Must not know: sessions.

use reqwest::Url;

use crate::error::Problem;
use crate::odoo::client::OdooClient;
use crate::odoo::system_parameter::SystemParameter;
use crate::odoo::transport::PublicAddress;
use crate::odoo::user::OdooUser;

const KEY: &str = "web.base.url";

/// The value of `web.base.url`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BaseUrl(String);

impl BaseUrl {
    /// The stored value; `None` for a user who may not read it, and so cannot change it either.
    pub(super) async fn fetch(client: &OdooClient, user: &OdooUser) -> Result<Option<Self>, Problem> {
        match client.system_parameter(user, KEY).await? {
            SystemParameter::Value(value) => Ok(Some(Self(value))),
            SystemParameter::Unset | SystemParameter::Hidden => Ok(None),
        }
    }

    /// The public address to log in with.
    pub(super) fn public_address(&self) -> Option<PublicAddress> {
        PublicAddress::from_url(&Url::parse(&self.0).ok()?)
    }

    /// Writes the value back if a login has changed it.
    pub(super) async fn restore(self, client: &OdooClient, user: &OdooUser) {
        let now = Self::fetch(client, user).await;
        if matches!(&now, Ok(Some(now)) if *now == self) {
            return;
        }
        match client.change_system_parameter(user, KEY, self.0).await {
            Ok(()) => tracing::info!("a login changed Odoo's web.base.url; the former value is restored"),
            Err(problem) => {
                let code = problem.code.as_str();
                tracing::error!(code, "a login may have changed Odoo's web.base.url, which was not restored; check it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_is_a_public_address() {
        assert!(BaseUrl("https://erp.example".to_owned()).public_address().is_some());
        assert!(BaseUrl("nonsense".to_owned()).public_address().is_none());
    }
}
