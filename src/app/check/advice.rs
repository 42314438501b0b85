//! Findings that explain themselves: what is wrong, why it matters, and what to do.
//!
//! In: settings, the store, the time of an Odoo. Out: warnings. Must not know: how they are printed.

use super::Finding;
use crate::clock::{Clock, format_timestamp};
use crate::config::{ServerConfig, StoreConfig};
use crate::secret::TokenKind;
use crate::store::{Store, StoreError, StoredToken};

/// Signatures and tokens tolerate this difference.
const CLOCK_TOLERANCE: time::Duration = time::Duration::seconds(30);

/// How long before its end a key is reported.
const NOTICE: time::Duration = time::Duration::days(14);

/// Warns if the clocks of Odoo and of this machine differ.
pub(super) fn wrong_clock(part: &str, difference: Option<time::Duration>) -> Option<Finding> {
    let difference = difference.filter(|difference| difference.abs() > CLOCK_TOLERANCE)?;
    let direction = if difference.is_negative() { "behind" } else { "ahead of" };
    let text = format!("its clock is {} s {direction} the clock of this machine", difference.whole_seconds().abs());
    let why = "tokens end too early or too late, OAuth 1.0a signatures are rejected, and clients that poll by \
               write_date miss records";
    let change = "synchronize both clocks, for example with `timedatectl set-ntp true` where the clock is wrong";
    Some(Finding::warning(part, text).explain(why, change))
}

/// Warns if there is a reverse proxy, and its address is taken for that of every client.
pub(super) fn hidden_clients(server: &ServerConfig) -> Option<Finding> {
    let has_proxy = server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let text = "server.public_url is https, so there is a reverse proxy, but server.trusted_proxies is empty";
    let why = "all clients seem to have the address of the proxy: one of them with a wrong password slows down the \
               others, and networks of API keys do not match";
    let change = "[server] trusted_proxies = [\"10.0.0.5\"], with the address of your proxy as the gateway sees it";
    (has_proxy && server.trusted_proxies.is_empty()).then(|| Finding::warning("proxy", text).explain(why, change))
}

/// Warns of API keys that end soon. A store that cannot be read has a finding of its own.
pub(super) async fn ending_keys(config: &StoreConfig, clock: &Clock) -> Vec<Finding> {
    let keys = keys(config, clock).await.unwrap_or_default();
    let limit = (clock.now() + NOTICE).unix_timestamp();
    let ends_soon = |key: &StoredToken| key.disabled_at.is_none() && key.not_after.is_some_and(|end| end <= limit);
    keys.iter().filter(|key| ends_soon(key)).map(ending_key).collect()
}

async fn keys(config: &StoreConfig, clock: &Clock) -> Result<Vec<StoredToken>, StoreError> {
    let Some(store) = Store::open_existing(config).await? else { return Ok(Vec::new()) };
    let keys = store.tokens(TokenKind::ApiKey, clock.now()).await;
    store.close().await;
    keys
}

fn ending_key(key: &StoredToken) -> Finding {
    let name = key.key.as_ref().map_or("", |terms| terms.name.as_str());
    let end = key.not_after.map(format_timestamp).unwrap_or_default();
    let why = "from then on its clients get 401";
    let change = "create a new key with `odoo-gateway key create`, give it to the client, and delete the old one";
    Finding::warning("API key", format!("{name:?} ends at {end}")).explain(why, change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_small_difference_of_clocks_is_normal() {
        let warned = |seconds| wrong_clock("odoo", Some(time::Duration::seconds(seconds))).map(|found| found.text);
        assert_eq!((warned(30), warned(-30), wrong_clock("odoo", None)), (None, None, None));
        assert_eq!(warned(31).unwrap(), "its clock is 31 s ahead of the clock of this machine");
        assert_eq!(warned(-3600).unwrap(), "its clock is 3600 s behind the clock of this machine");
    }

    #[test]
    fn a_proxy_that_is_not_trusted_is_reported() {
        let server = |settings: &[(&str, &str)]| {
            let variables = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Config::load(None, variables.collect::<Vec<_>>()).unwrap().server
        };
        let url = ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com");
        let found = hidden_clients(&server(&[url])).unwrap().to_string();
        for line in ["\n         Why: all clients", "\n         Do:  [server] trusted_proxies"] {
            assert!(found.contains(line), "{found}");
        }
        let trusted = ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "[\"10.0.0.5\"]");
        assert_eq!(hidden_clients(&server(&[url, trusted])), None);
        assert_eq!(hidden_clients(&server(&[])), None);
    }
}
