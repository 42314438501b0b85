//! The limits of an API key or application, apart from its scope.
//!
//! In: rows. Out: [`KeyTerms`]. Must not know: the key itself, how limits are enforced.

use std::net::IpAddr;

use ipnet::IpNet;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::StoreError;
use crate::secret::Aad;

/// The limits of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTerms {
    /// The name, unique in the store.
    pub name: String,
    /// The key cannot be used alone, only with a login token.
    pub needs_login_token: bool,
    /// The key may issue login tokens for other users than its own.
    pub may_mint_for_others: bool,
    /// Every user of the database may create login tokens for themselves with the key, also without a link.
    pub open_to_all_users: bool,
    /// The longest lifetime of its login tokens, in days. `None`: that of the gateway.
    pub login_token_days: Option<u32>,
    /// The networks that clients may call from. Empty: any.
    pub networks: Vec<IpNet>,
    /// The rate limit.
    pub rate: Option<KeyRate>,
    /// The maximum number of concurrent requests.
    pub concurrent: Option<u32>,
}

impl KeyTerms {
    /// A key or an application without limits of its own.
    #[must_use]
    pub fn unlimited(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            needs_login_token: false,
            may_mint_for_others: false,
            open_to_all_users: false,
            login_token_days: None,
            networks: Vec::new(),
            rate: None,
            concurrent: None,
        }
    }
}

/// A rate limit: a number of requests per period, with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRate {
    /// Requests per period.
    pub requests: u32,
    /// The period in seconds.
    pub seconds: u32,
    /// Requests that may be sent at once.
    pub burst: u32,
}

impl KeyTerms {
    /// Whether a client with this address may use the key.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }

    /// Adds the columns that are protected against tampering.
    pub(super) fn add_to_aad(&self, aad: Aad) -> Aad {
        let rate = |part: fn(&KeyRate) -> u32| self.rate.as_ref().map(|rate| i64::from(part(rate)));
        let aad = aad
            .with_number(Some(self.needs_login_token.into()))
            .with_number(Some(self.may_mint_for_others.into()))
            .with(self.networks_text().as_bytes())
            .with_number(rate(|rate| rate.requests))
            .with_number(rate(|rate| rate.seconds))
            .with_number(rate(|rate| rate.burst));
        // Omitted without this limit, so that wraps sealed before the limit existed still open.
        match self.concurrent {
            Some(limit) => aad.with(b"concurrent").with_number(Some(limit.into())),
            None => aad,
        }
    }

    /// Adds the columns about login tokens, which limit the key and not its tokens. Those with their defaults are
    /// omitted, so that wraps sealed before the columns existed still open.
    pub(super) fn add_issuing_to_aad(&self, aad: Aad) -> Aad {
        let aad = if self.open_to_all_users { aad.with(b"open to all users") } else { aad };
        match self.login_token_days {
            Some(days) => aad.with(b"login token days").with_number(Some(days.into())),
            None => aad,
        }
    }

    fn networks_text(&self) -> String {
        self.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// From the columns of `api_keys`. `None` if the row has none.
    pub(super) fn from_row(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(name) = row.try_get::<Option<String>, _>("name")? else { return Ok(None) };
        let networks: String = row.try_get("networks")?;
        let networks: Result<Vec<IpNet>, _> =
            networks.split(',').filter(|text| !text.is_empty()).map(str::parse).collect();
        let number = |column| -> Result<Option<u32>, sqlx::Error> {
            Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|number| u32::try_from(number).ok()))
        };
        let rate = match (number("rate_requests")?, number("rate_seconds")?, number("rate_burst")?) {
            (Some(requests), Some(seconds), Some(burst)) => Some(KeyRate { requests, seconds, burst }),
            _ => None,
        };
        Ok(Some(Self {
            name,
            needs_login_token: row.try_get::<i64, _>("needs_login_token")? != 0,
            may_mint_for_others: row.try_get::<i64, _>("may_mint_for_others")? != 0,
            open_to_all_users: row.try_get::<i64, _>("open_to_all_users")? != 0,
            login_token_days: number("login_token_days")?,
            networks: networks.map_err(|cause| sqlx::Error::Decode(cause.into()))?,
            rate,
            concurrent: number("concurrent")?,
        }))
    }

    pub(super) async fn insert(&self, token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO api_keys (token_id, name, needs_login_token, may_mint_for_others, networks, \
                      rate_requests, rate_seconds, rate_burst, concurrent, open_to_all_users, login_token_days) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let rate = |part: fn(&KeyRate) -> u32| self.rate.as_ref().map(|rate| i64::from(part(rate)));
        let inserted = sqlx::query(insert)
            .bind(token.to_owned())
            .bind(self.name.clone())
            .bind(i64::from(self.needs_login_token))
            .bind(i64::from(self.may_mint_for_others))
            .bind(self.networks_text())
            .bind(rate(|rate| rate.requests))
            .bind(rate(|rate| rate.seconds))
            .bind(rate(|rate| rate.burst))
            .bind(self.concurrent.map(i64::from))
            .bind(i64::from(self.open_to_all_users))
            .bind(self.login_token_days.map(i64::from))
            .execute(connection)
            .await;
        match inserted {
            Err(cause) if is_name_taken(&cause) => Err(StoreError::NameTaken { name: self.name.clone() }),
            other => Ok(other.map(drop)?),
        }
    }
}

/// PostgreSQL reports the constraint, SQLite only the column.
fn is_name_taken(cause: &sqlx::Error) -> bool {
    cause.as_database_error().is_some_and(|error| {
        error.constraint() == Some("api_keys_name_once") || error.message().contains("failed: api_keys.name")
    })
}
