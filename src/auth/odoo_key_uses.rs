//! Uses of sealed Odoo credentials that may have to be renewed.
//!
//! Only a token opens the credential that is sealed under it, so a key can be renewed only when it is used: the request
//! leaves what opens it here, and goes on. Nothing is left here unless `odoo_keys.renew` is on, and for each token at
//! most once a minute.
//!
//! In: opened credentials. Out: [`OdooKeyUse`], one after the other. Must not know: when and how keys are renewed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::odoo::Database;
use crate::secret::{DataKey, TokenKind};
use crate::store::StoredToken;

/// The shortest time between two uses of one token that are looked at, in seconds.
const MIN_INTERVAL: i64 = 60;
/// The most uses that wait. Of more, the next request of the same token is looked at.
const CAPACITY: usize = 1000;

/// What opens the credential of a token, and when it is looked at again.
#[derive(Debug)]
pub(super) struct WatchedCredential {
    data_key: DataKey,
    next_check_at: AtomicI64,
}

/// A token whose Odoo credential was used.
#[derive(Debug, Clone)]
pub struct OdooKeyUse {
    /// The row of the token.
    pub token: Arc<StoredToken>,
    /// The database of its grant.
    pub database: Arc<Database>,
    watched: Arc<WatchedCredential>,
}

impl OdooKeyUse {
    /// The key that opens the credential of its grant.
    #[must_use]
    pub fn data_key(&self) -> &DataKey {
        &self.watched.data_key
    }

    /// Looks at no use of this token before this time, in seconds since 1970.
    pub fn check_again_at(&self, time: i64) {
        self.watched.next_check_at.store(time, Ordering::Relaxed);
    }
}

/// Uses that nobody has looked at yet. Clones share them.
#[derive(Debug, Clone)]
pub struct OdooKeyUses(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_enabled: bool,
    waiting: Mutex<VecDeque<OdooKeyUse>>,
    added: Notify,
}

impl OdooKeyUses {
    pub(super) fn new(is_enabled: bool) -> Self {
        Self(Arc::new(Inner { is_enabled, waiting: Mutex::default(), added: Notify::new() }))
    }

    /// Watches the credential of this row, if the token, or another one with the same grant, may live longer than an
    /// Odoo API key. Of the other kinds, an Odoo API key is what the client sends, a session ends within hours, and an
    /// access token of a login when it is not used for a while: each login would leave a new Odoo API key behind.
    pub(super) fn watch(&self, row: &StoredToken, data_key: &DataKey) -> Option<Arc<WatchedCredential>> {
        let is_lasting = matches!(
            row.kind,
            TokenKind::ApiKey
                | TokenKind::PreviousApiKey
                | TokenKind::LoginToken
                | TokenKind::OAuthAccess
                | TokenKind::OAuth1Access
        );
        (self.0.is_enabled && is_lasting)
            .then(|| Arc::new(WatchedCredential { data_key: data_key.clone(), next_check_at: AtomicI64::new(0) }))
    }

    /// Records a use at `now`, if the credential is to be looked at again.
    pub(super) fn record(
        &self,
        watched: &Arc<WatchedCredential>,
        token: &Arc<StoredToken>,
        database: &Arc<Database>,
        now: i64,
    ) {
        let due = watched.next_check_at.load(Ordering::Relaxed);
        let next = now.saturating_add(MIN_INTERVAL);
        // Of concurrent requests, one records it.
        let is_due = now >= due
            && watched.next_check_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !is_due {
            return;
        }
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < CAPACITY {
            waiting.push_back(OdooKeyUse {
                token: token.clone(),
                database: database.clone(),
                watched: watched.clone(),
            });
            self.0.added.notify_one();
        }
    }

    /// The next use. For one caller.
    pub async fn next(&self) -> OdooKeyUse {
        loop {
            let next = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(used) => return used,
                None => self.0.added.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::token_row_checks::tests::row;

    #[test]
    fn only_lasting_tokens_are_watched_and_only_if_enabled() {
        let data_key = DataKey::generate().unwrap();
        let is_watched = |is_enabled, kind| OdooKeyUses::new(is_enabled).watch(&row(kind, None), &data_key).is_some();
        let keys = [TokenKind::ApiKey, TokenKind::PreviousApiKey];
        let tokens = [TokenKind::LoginToken, TokenKind::OAuthAccess, TokenKind::OAuth1Access];
        for kind in keys.into_iter().chain(tokens) {
            assert!(is_watched(true, kind) && !is_watched(false, kind), "{kind:?}");
        }
        let short = [TokenKind::AccessToken, TokenKind::Session, TokenKind::ConsoleSession];
        for kind in short.into_iter().chain([TokenKind::OdooKey]) {
            assert!(!is_watched(true, kind), "{kind:?}");
        }
    }
}
