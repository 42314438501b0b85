//! Checks on the row of a token: allowed networks, whether a use is urgent to store, and whether anything changed since
//! its credential was opened.
//!
//! In: rows of the store, the client's address, the time. Out: yes or no. Must not know: how the row was found.

use std::net::IpAddr;

use time::OffsetDateTime;

use crate::secret::TokenKind;
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

/// Whether a use must be stored without delay. `recorded`: the last use that was recorded.
///
/// The first use: a refresh token must not be exchanged again after a token that was issued for it was used. A use
/// after more than half of the idle time: other gateways, and the deletion of expired tokens, know only what is stored.
/// Every use of a session, whose row decides at each request.
pub(super) fn is_written_at_once(row: &StoredToken, recorded: Option<i64>, now: OffsetDateTime) -> bool {
    let Some(recorded) = recorded else { return true };
    let unused_for = now.unix_timestamp().saturating_sub(recorded);
    let is_session = matches!(row.kind, TokenKind::Session | TokenKind::ConsoleSession);
    is_session || row.idle_seconds.is_some_and(|idle| unused_for > idle / 2)
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
    let same_scope = before.scope == now.scope && before.current_scope() == now.current_scope();
    let same_terms = terms(before) == terms(now) && same_scope && before.key == now.key;
    let application = |row: &StoredToken| row.application.clone().map(|terms| (terms.client_id, terms.settings));
    let same_application = application(before) == application(now) && before.oauth == now.oauth;
    same_terms && same_application && before.grant == now.grant && {
        let (before, now) = (before.facts(&[]), now.facts(&[]));
        (before.id, before.kind, before.account) == (now.id, now.kind, now.account)
    }
}

/// Whether both rows belong to the same secret. The first characters stay when a row moves to a newer index key.
pub(super) fn has_same_secret(before: &StoredToken, now: &StoredToken) -> bool {
    let has_other_hash = before.index.key == now.index.key && before.index.hash != now.index.hash;
    before.display_prefix == now.display_prefix && !has_other_hash
}

/// Whether `now` is the row of the secret that the API key `before` had, with the same limits. It has an id and an end
/// of its own, and follows the scope of the key.
pub(super) fn is_previous_secret(before: &StoredToken, now: &StoredToken) -> bool {
    let is_of_key = now.kind == TokenKind::PreviousApiKey && now.account.as_ref() == Some(&before.id);
    let as_key = StoredToken {
        id: before.id.clone(),
        kind: TokenKind::ApiKey,
        account: None,
        scope: now.current_scope().to_owned(),
        account_scope: None,
        not_after: before.not_after,
        ..now.clone()
    };
    is_of_key && has_same_limits(before, &as_key)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::secret::{KeyId, Sealed, TokenIndex};
    use crate::store::Grant;

    /// A row that was never used.
    pub(in crate::auth) fn row(kind: TokenKind, idle_seconds: Option<i64>) -> StoredToken {
        let grant = Grant {
            id: "g".to_owned(),
            database: "d".to_owned(),
            uid: 1,
            login: "l".to_owned(),
            credential: Sealed(Vec::new()),
            created_at: 1,
        };
        StoredToken {
            id: "t".to_owned(),
            kind,
            index: TokenIndex { hash: [7; 32], key: KeyId::default(), previous: None },
            display_prefix: String::new(),
            account: None,
            scope: String::new(),
            account_scope: None,
            created_at: 1,
            not_after: None,
            idle_seconds,
            last_used_at: None,
            last_address: None,
            disabled_at: None,
            is_account_inactive: false,
            account_not_after: None,
            account_wrap: None,
            key: None,
            application: None,
            oauth: None,
            grant,
            wrap: Sealed(Vec::new()),
        }
    }

    #[test]
    fn another_secret_is_recognized_and_another_index_key_is_not_one() {
        let before = row(TokenKind::ApiKey, None);
        let (other_hash, other_key) = ([8; 32], KeyId::parse("0000000000000001").unwrap());
        let index = |hash, key| StoredToken { index: TokenIndex { hash, key, previous: None }, ..before.clone() };
        let replaced = StoredToken { display_prefix: "ogw_key_x".to_owned(), ..index(other_hash, other_key) };
        assert!(has_same_secret(&before, &before) && has_same_secret(&before, &index(other_hash, other_key)));
        assert!(
            !has_same_secret(&before, &index(other_hash, before.index.key)) && !has_same_secret(&before, &replaced)
        );
    }

    #[test]
    fn previous_secret_has_the_limits_of_its_key() {
        let before = StoredToken { scope: "s".to_owned(), not_after: Some(9), ..row(TokenKind::ApiKey, None) };
        let previous = StoredToken {
            id: "p".to_owned(),
            kind: TokenKind::PreviousApiKey,
            account: Some(before.id.clone()),
            account_scope: Some("s".to_owned()),
            not_after: Some(5),
            ..before.clone()
        };
        assert!(is_previous_secret(&before, &previous));
        let of_another_key = StoredToken { account: Some("u".to_owned()), ..previous.clone() };
        let with_another_scope = StoredToken { account_scope: Some("r".to_owned()), ..previous };
        for other in [&before, &of_another_key, &with_another_scope] {
            assert!(!is_previous_secret(&before, other), "{other:?}");
        }
    }

    #[test]
    fn urgent_uses_are_written_at_once() {
        let now = OffsetDateTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        for (kind, idle, recorded, is_urgent) in [
            (TokenKind::AccessToken, None, None, true),
            (TokenKind::AccessToken, None, Some(0), false),
            (TokenKind::AccessToken, Some(200), Some(900), false),
            (TokenKind::AccessToken, Some(200), Some(899), true),
            (TokenKind::Session, Some(900), Some(900), true),
        ] {
            let is_at_once = is_written_at_once(&row(kind, idle), recorded, now);
            assert_eq!(is_at_once, is_urgent, "{kind:?} {idle:?} {recorded:?}");
        }
    }
}
