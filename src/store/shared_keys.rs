//! Shared API keys: those with which users other than the key's own get login tokens.
//!
//! In: a user. Out: the keys that this user may use, and their login tokens. Must not know: how tokens are sealed.

use sqlx::{AssertSqlSafe, Row as _};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::stored_token::{OWN, SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};

/// Restricts rows to shared API keys that the user `$3` of the database `$2` may use: those that are open to all users,
/// and those that can use a grant of this user. Both are found by an index.
const IS_USABLE: &str = "t.kind = 'api_key' AND k.may_mint_for_others = 1 AND t.disabled_at IS NULL \
    AND (t.not_after IS NULL OR t.not_after > $1) AND t.id IN ( \
    SELECT s.token_id FROM api_keys s JOIN tokens st ON st.id = s.token_id JOIN grants sg ON sg.id = st.grant_id \
    WHERE s.may_mint_for_others = 1 AND s.open_to_all_users = 1 AND sg.database_name = $2 \
    UNION SELECT uw.token_id FROM grants ug JOIN wraps uw ON uw.grant_id = ug.id \
    WHERE ug.database_name = $2 AND ug.uid = $3)";

impl Store {
    /// The enabled shared API keys that a user may use, by name; `limit` of them at most.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn shared_keys_of_user(
        &self,
        (database, uid): (&str, i64),
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let select = format!("{SELECT} WHERE {OWN} AND {IS_USABLE} ORDER BY lower(k.name), t.id LIMIT $4");
        let query = || {
            let query = sqlx::query(AssertSqlSafe(select.clone())).bind(now.unix_timestamp());
            query.bind(database.to_owned()).bind(uid).bind(i64::from(limit))
        };
        let rows = retry!(self.connection_lost, query().fetch_all(&self.pool))?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// The shared API key with this id, if a user may use it.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn shared_key_of_user(
        &self,
        (database, uid): (&str, i64),
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<StoredToken>, StoreError> {
        let select = format!("{SELECT} WHERE {OWN} AND {IS_USABLE} AND t.id = $4");
        let query = || {
            let query = sqlx::query(AssertSqlSafe(select.clone())).bind(now.unix_timestamp());
            query.bind(database.to_owned()).bind(uid).bind(id.to_owned())
        };
        let row = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        row.as_ref().map(StoredToken::from_row).transpose()
    }

    /// Inserts a login token with a new grant, unless its user has `limit` active login tokens of the same API key.
    /// Returns `false` then. Of concurrent callers, one after the other counts.
    ///
    /// # Errors
    /// If the store is not available, or the API key does not exist any more.
    pub async fn add_login_token(
        &self,
        token: &StoredToken,
        limit: u32,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let lock = sqlx::query("UPDATE tokens SET last_used_at = last_used_at WHERE id = $1");
        lock.bind(token.account_id().to_owned()).execute(&mut *transaction).await?;
        let count = "SELECT count(*) FROM tokens t JOIN grants g ON g.id = t.grant_id WHERE t.account_id = $1 \
                     AND t.kind = 'login_token' AND t.not_after > $2 AND g.database_name = $3 AND g.uid = $4";
        let count = sqlx::query(count)
            .bind(token.account_id().to_owned())
            .bind(token.created_at)
            .bind(token.grant.database.clone())
            .bind(token.grant.uid);
        let active: i64 = count.fetch_one(&mut *transaction).await?.try_get(0)?;
        if active >= i64::from(limit) {
            transaction.rollback().await?;
            return Ok(false);
        }
        token.grant.insert(&mut transaction).await?;
        token.insert(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}
