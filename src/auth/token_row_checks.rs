//! Checks on the row of a token: allowed networks, and whether anything changed since its credential was opened.
//!
//! In: rows of the store, the client's address. Out: yes or no. Must not know: how the row was found.

use std::net::IpAddr;

use crate::store::StoredToken;

/// Whether a client at this address may use the token. If not, the log names the token, so that an administrator sees
/// why a program fails; the client does not learn the reason.
pub(super) fn is_address_allowed(row: &StoredToken, address: IpAddr) -> bool {
    let Some(key) = row.key.as_ref().filter(|key| !key.admits(address)) else { return true };
    tracing::warn!(
        name = key.name,
        token = row.id,
        kind = row.kind.as_str(),
        %address,
        networks = ?key.networks,
        "a key was used from outside its networks; if a proxy is in front of the gateway, check \
         server.trusted_proxies"
    );
    false
}

/// Whether both rows open the same credential with the same limits, under the same seals.
pub(super) fn is_unchanged(before: &StoredToken, now: &StoredToken) -> bool {
    has_same_limits(before, now) && has_same_seals(before, now)
}

/// Whether both rows have the same seals. A row that was sealed again with another key can still mean the same.
pub(super) fn has_same_seals(before: &StoredToken, now: &StoredToken) -> bool {
    before.wrap == now.wrap && before.account_wrap == now.account_wrap && before.application == now.application
}

/// Whether both rows open the same credential with the same limits.
pub(super) fn has_same_limits(before: &StoredToken, now: &StoredToken) -> bool {
    let terms = |row: &StoredToken| (row.idle_seconds, row.not_after);
    let same_terms = terms(before) == terms(now) && before.scope == now.scope && before.key == now.key;
    let application = |row: &StoredToken| row.application.clone().map(|terms| (terms.client_id, terms.settings));
    let same_application = application(before) == application(now) && before.oauth == now.oauth;
    same_terms && same_application && before.grant == now.grant && {
        let (before, now) = (before.facts(&[]), now.facts(&[]));
        (before.id, before.kind, before.account) == (now.id, now.kind, now.account)
    }
}
