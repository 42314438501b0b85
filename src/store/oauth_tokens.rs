//! Exchange and revocation of codes and tokens of applications.
//!
//! A token can be exchanged once. Of any number of simultaneous exchanges, in any number of gateways, exactly one
//! succeeds, because the database locks the row.
//!
//! In: rows, keyed hashes of tokens. Out: whether an exchange was the first. Must not know: requests, tokens in
//! clear.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::credential_grants::{grant_ids, shred};
use super::stored_token::{OWN, SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::TokenIndex;

/// What happens to the wrap of an exchanged token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentWrap {
    /// It is deleted, so the token opens nothing any more.
    Deleted,
    /// It stays for a short time in which the exchange may be repeated.
    Kept,
}

/// A token that was already exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentToken {
    /// The id of its approval.
    pub approval_id: String,
    /// The application that it was issued to.
    pub application: Option<String>,
}

/// Inserts the tokens that a token was exchanged for.
async fn insert_children(
    spent: &StoredToken,
    issued: &[&StoredToken],
    connection: &mut AnyConnection,
) -> Result<(), StoreError> {
    for token in issued {
        token.insert(&mut *connection).await?;
        let link = sqlx::query("UPDATE oauth_tokens SET parent_id = $1 WHERE token_id = $2");
        link.bind(spent.id.clone()).bind(token.id.clone()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Exchanges a token for others with the same grant, in one transaction. Returns `false` if it was exchanged
    /// before. The spent token opens nothing any more and is recognized until `until` (seconds since 1970).
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn exchange(
        &self,
        spent: &StoredToken,
        issued: &[&StoredToken],
        until: Option<i64>,
        wrap: SpentWrap,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // This must be the first statement: others wait here and then find the token spent.
        let spend = sqlx::query("UPDATE oauth_tokens SET spent_at = $1 WHERE token_id = $2 AND spent_at IS NULL");
        let spend = spend.bind(event.at).bind(spent.id.clone()).execute(&mut *transaction).await?;
        if spend.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        // A wrap is bound to `not_after` and `idle_seconds`, so these change only if the wrap is deleted.
        if wrap == SpentWrap::Deleted {
            let extend = sqlx::query("UPDATE tokens SET not_after = $1, idle_seconds = NULL WHERE id = $2");
            extend.bind(until).bind(spent.id.clone()).execute(&mut *transaction).await?;
            let delete = sqlx::query("DELETE FROM wraps WHERE token_id = $1").bind(spent.id.clone());
            delete.execute(&mut *transaction).await?;
        }
        insert_children(spent, issued, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Repeats the exchange of a token that was spent at or after `since`, if none of the tokens issued for it was
    /// used. Those are revoked. Returns `false` if one was used.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn repeat_exchange(
        &self,
        spent: &StoredToken,
        issued: &[&StoredToken],
        since: i64,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let Some(terms) = &spent.oauth else { return Ok(false) };
        let mut transaction = self.begin().await?;
        // Locks all tokens of the approval, as `revoke_approval` does, and so waits for an exchange of an issued token.
        let lock =
            sqlx::query("UPDATE oauth_tokens SET family_id = $1 WHERE family_id = $1").bind(terms.approval_id.clone());
        lock.execute(&mut *transaction).await?;
        let unused = "SELECT 1 AS unused FROM oauth_tokens o WHERE o.token_id = $1 AND o.spent_at >= $2 \
                      AND EXISTS (SELECT 1 FROM oauth_tokens c JOIN tokens t ON t.id = c.token_id \
                      WHERE c.parent_id = o.token_id AND t.kind = $3) \
                      AND NOT EXISTS (SELECT 1 FROM oauth_tokens c JOIN tokens t ON t.id = c.token_id \
                      WHERE c.parent_id = o.token_id AND (c.spent_at IS NOT NULL OR t.last_used_at IS NOT NULL))";
        let unused = sqlx::query(unused).bind(spent.id.clone()).bind(since).bind(spent.kind.as_str());
        if unused.fetch_optional(&mut *transaction).await?.is_none() {
            transaction.rollback().await?;
            return Ok(false);
        }
        for delete in ["DELETE FROM wraps WHERE token_id", "DELETE FROM tokens WHERE id"] {
            let delete = format!("{delete} IN (SELECT token_id FROM oauth_tokens WHERE parent_id = $1)");
            sqlx::query(AssertSqlSafe(delete)).bind(spent.id.clone()).execute(&mut *transaction).await?;
        }
        insert_children(spent, issued, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Finds a token that was spent at or after `since` and still has its wrap.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn find_recently_spent(
        &self,
        index: TokenIndex,
        since: i64,
        now: OffsetDateTime,
    ) -> Result<Option<StoredToken>, StoreError> {
        let find = format!("{SELECT} WHERE {OWN} AND t.token_index IN ($2, $3) AND o.spent_at >= $4");
        let previous = index.previous.unwrap_or(index.hash).to_vec();
        let query = || {
            let query = sqlx::query(AssertSqlSafe(find.clone())).bind(now.unix_timestamp()).bind(index.hash.to_vec());
            query.bind(previous.clone()).bind(since)
        };
        let found = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        found.as_ref().map(StoredToken::from_row).transpose()
    }

    /// Deletes at most `batch` wraps of tokens that were spent before `before`. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn delete_spent_wraps(&self, before: i64, batch: u32) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let delete = "DELETE FROM wraps WHERE token_id IN (SELECT o.token_id FROM oauth_tokens o \
                      JOIN wraps w ON w.token_id = o.token_id WHERE o.spent_at < $1 LIMIT $2) RETURNING token_id";
        let deleted = sqlx::query(delete).bind(before).bind(i64::from(batch)).fetch_all(&mut *transaction).await?;
        for row in &deleted {
            // The spent token must be recognized until its approval expires, so it no longer expires when idle.
            let extend = sqlx::query("UPDATE tokens SET idle_seconds = NULL WHERE id = $1");
            extend.bind(row.try_get::<String, _>("token_id")?).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(u64::try_from(deleted.len()).unwrap_or(u64::MAX))
    }

    /// Finds a token that was already exchanged.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn find_spent_token(&self, index: TokenIndex) -> Result<Option<SpentToken>, StoreError> {
        let find = "SELECT o.family_id, t.account_id FROM tokens t JOIN oauth_tokens o ON o.token_id = t.id \
                    WHERE t.token_index IN ($1, $2) AND o.spent_at IS NOT NULL";
        let previous = index.previous.unwrap_or(index.hash).to_vec();
        let query = || sqlx::query(find).bind(index.hash.to_vec()).bind(previous.clone());
        let found = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        let from_row = |row: AnyRow| {
            Ok(SpentToken { approval_id: row.try_get("family_id")?, application: row.try_get("account_id")? })
        };
        found.map(from_row).transpose()
    }

    /// Revokes all tokens of an approval, also those that are issued at the same moment, and shreds the credential that
    /// only they opened. Returns `false` if no token was left.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn revoke_approval(&self, approval_id: &str, event: &AuditEvent) -> Result<bool, StoreError> {
        // In the same order as `exchange`, to avoid a deadlock.
        let locks = [
            "UPDATE oauth_tokens SET family_id = $1 WHERE family_id = $1",
            "UPDATE grants SET uid = uid WHERE id IN (SELECT w.grant_id FROM wraps w \
             JOIN oauth_tokens o ON o.token_id = w.token_id WHERE o.family_id = $1)",
        ];
        let mut transaction = self.begin().await?;
        let (mut grants, mut is_revoked) = (Vec::new(), false);
        // The locks wait for an exchange in progress. The next round sees the tokens that it issued.
        loop {
            for lock in locks {
                sqlx::query(lock).bind(approval_id.to_owned()).execute(&mut *transaction).await?;
            }
            let unwrap = "DELETE FROM wraps WHERE token_id IN \
                          (SELECT token_id FROM oauth_tokens WHERE family_id = $1) RETURNING grant_id";
            grants.extend(grant_ids(
                &sqlx::query(unwrap).bind(approval_id.to_owned()).fetch_all(&mut *transaction).await?,
            )?);
            let delete = "DELETE FROM tokens WHERE id IN (SELECT token_id FROM oauth_tokens WHERE family_id = $1)";
            let deleted = sqlx::query(delete).bind(approval_id.to_owned()).execute(&mut *transaction).await?;
            if deleted.rows_affected() == 0 {
                break;
            }
            is_revoked = true;
        }
        shred(&grants, &mut transaction).await?;
        if is_revoked {
            event.insert(&mut transaction).await?;
        }
        transaction.commit().await?;
        if is_revoked {
            event.log();
        }
        Ok(is_revoked)
    }

    /// Stores the approval of an OAuth 1.0a request token: the user's grant, its wrap, and the challenge. Returns
    /// `false` if the token was already approved or exchanged.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn approve_request_token(&self, approved: &StoredToken, event: &AuditEvent) -> Result<bool, StoreError> {
        let Some(terms) = &approved.oauth else { return Ok(false) };
        let mut transaction = self.begin().await?;
        let approve = "UPDATE oauth_tokens SET challenge = $1, headless = $2, secret = $3 \
                       WHERE token_id = $4 AND challenge IS NULL AND spent_at IS NULL";
        let updated = sqlx::query(approve)
            .bind(terms.challenge.clone())
            .bind(i64::from(terms.non_interactive))
            .bind(terms.secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(approved.id.clone())
            .execute(&mut *transaction)
            .await?;
        if updated.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let grant = sqlx::query("UPDATE tokens SET grant_id = $1, scope = $2 WHERE id = $3");
        let grant = grant.bind(approved.grant.id.clone()).bind(approved.scope.clone()).bind(approved.id.clone());
        grant.execute(&mut *transaction).await?;
        let delete = sqlx::query("DELETE FROM wraps WHERE token_id = $1").bind(approved.id.clone());
        delete.execute(&mut *transaction).await?;
        approved.insert_wrap(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}
