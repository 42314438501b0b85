//! From a request's head to the principal behind it.
//!
//! In: an [`Arrival`]. Out: a [`Principal`] at the database the request names. Must not know: what is wished.

use std::net::IpAddr;

use super::request::Arrival;
use super::request::{headers, oauth1_form};
use super::state::Gateway;
use crate::auth::oauth1::Occasion;
use crate::auth::{Credential, Principal, credential, tells_owners};
use crate::error::Problem;
use crate::error_code::Code;
use crate::telemetry::metrics::count;

/// Finds out who calls.
///
/// # Errors
/// 401 without a valid credential, 404 for a database that is not configured, 429 when too much was guessed.
pub(super) async fn identify(arrival: &mut Arrival) -> Result<Principal, Problem> {
    let identified = try_identify(arrival).await;
    let outcome = match &identified {
        Ok(_) => "ok",
        Err(problem) => problem.code.as_str(),
    };
    count(&arrival.gateway.metrics.authentications, outcome);
    identified
}

async fn try_identify(arrival: &mut Arrival) -> Result<Principal, Problem> {
    let shown = match credential(&arrival.head.headers) {
        // It stands in query or form then.
        Err(missing) if missing.code == Code::CredentialMissing && arrival.as_sent.is_signed() => Credential::Signature,
        shown => shown?,
    };
    let named = headers::database(&arrival.head.headers)?;
    let principal = match shown {
        Credential::Basic { login, secret } => {
            let database = arrival.gateway.databases.pick(named)?;
            arrival.log.database(database.name.as_str());
            arrival.log.user(&login);
            arrival.gateway.passwords.identify(database, login, secret, arrival.client()).await?
        }
        Credential::OdooKey(key) => {
            let (gateway, address) = (&arrival.gateway, arrival.client());
            let database = gateway.databases.pick(named)?;
            if tells_owners(database).await? {
                gateway.passwords.identify_key(database, key, address).await?
            } else {
                gateway.tokens.identify_linked_key(&key, named, &gateway.databases, address).await?
            }
        }
        Credential::Signature => {
            let named = named.map(str::to_owned);
            by_signature(arrival, named.as_deref()).await?
        }
        Credential::Own(shown) => {
            let databases = &arrival.gateway.databases;
            arrival.gateway.tokens.identify(&shown, named, databases, arrival.client()).await?
        }
    };
    arrival.log.database(principal.database.name.as_str());
    arrival.log.user(&principal.login);
    arrival.log.credential(principal.kind.as_str());
    Ok(principal)
}

/// A caller whose request goes on for long.
#[derive(Debug)]
pub(super) struct Standing {
    gateway: Gateway,
    caller: Principal,
    address: IpAddr,
}

impl Standing {
    /// Of a caller who was identified for this request.
    pub(super) fn of(arrival: &Arrival, caller: &Principal) -> Self {
        Self { gateway: arrival.gateway.clone(), caller: caller.clone(), address: arrival.client() }
    }

    /// Whether the credential would still be taken.
    ///
    /// # Errors
    /// 401 when it would not; 503 without the store.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        match &self.caller.token {
            Some(token) => self.gateway.tokens.check_again(token, self.address).await,
            None => self.gateway.passwords.check_again(&self.caller, self.address).await,
        }
    }
}

async fn by_signature(arrival: &mut Arrival, named: Option<&str>) -> Result<Principal, Problem> {
    let (gateway, address) = (arrival.gateway.clone(), arrival.client());
    let is_private = oauth1_form::origin(arrival)?.is_private;
    let none = || Problem::new(Code::CredentialInvalid, "The request is not signed.");
    let signed = oauth1_form::signed(arrival)?.ok_or_else(none)?;
    let occasion = Occasion { address, is_private };
    let principal = gateway.oauth1.identify(&signed, named, &gateway.databases, occasion).await?;
    oauth1_form::check_body(arrival, &signed).await?;
    Ok(principal)
}
