//! Who uses the Odoo API keys that grants seal.
//!
//! In: grants, users, times. Out: [`ListedOdooKey`]s, yes or no. Must not know: how keys are renewed.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::stored_token::kind_from_row;
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::TokenKind;

/// What is known about the Odoo API key of a grant, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOdooKey {
    /// The id of the grant.
    pub grant: String,
    /// The user's login.
    pub login: String,
    /// The gateway's name of the database.
    pub database: String,
    /// Its name in Odoo, if the gateway has created it.
    pub name: Option<String>,
    /// When it ends, in seconds since 1970; `None`: never, or not known.
    pub ends_at: Option<i64>,
    /// Attempts that failed, since the last one that succeeded.
    pub failures: i64,
    /// Why the last attempt failed.
    pub failure: Option<String>,
    /// When it is looked at again, at the earliest.
    pub next_check_at: i64,
    /// Whether the key before is still to be revoked in Odoo. One that a user has entered is not: it stays.
    pub is_previous_left: bool,
    /// What opens it, one entry for all tokens that are alike.
    pub users: Vec<OdooKeyUser>,
}

/// Tokens of one kind and one account that open an Odoo API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooKeyUser {
    /// The kind of the tokens.
    pub kind: TokenKind,
    /// The name of the API key or application that they are, or that they were issued to; may be empty.
    pub account: String,
    /// Whether it is an API key that another user is linked with.
    pub is_link: bool,
}

/// Selects what a [`ListedOdooKey`] is made of, one row for each user of it: up to the conditions, and what follows
/// them. Those that fail are first, then those that end first. A key before without a name is revoked only for an API
/// key whose name does not start as those that users create.
const SELECT: (&str, &str) = (
    "SELECT DISTINCT CASE WHEN k.failures > 0 THEN 0 ELSE 1 END AS place, \
     coalesce(k.ends_at, 9223372036854775807) AS last_day, g.login, g.database_name, g.id AS grant_id, \
     coalesce(a.name, '') AS account, t.kind, CASE WHEN t.grant_id = g.id THEN 0 ELSE 1 END AS is_link, \
     k.name, k.ends_at, k.failures, k.failure, k.next_check_at, \
     CASE WHEN k.replaced IS NOT NULL AND (k.replaced_name IS NOT NULL OR EXISTS (SELECT 1 FROM tokens o \
     JOIN api_keys n ON n.token_id = o.id WHERE o.grant_id = g.id AND o.kind = 'api_key' \
     AND substr(n.name, 1, length(g.login || g.database_name) + 3) <> g.login || '@' || g.database_name || ': ')) \
     THEN 1 ELSE 0 END AS is_previous_left \
     FROM odoo_keys k JOIN grants g ON g.id = k.grant_id JOIN wraps w ON w.grant_id = g.id \
     JOIN tokens t ON t.id = w.token_id LEFT JOIN api_keys a ON a.token_id = coalesce(t.account_id, t.id) \
     WHERE (k.key_hash IS NOT NULL OR k.failures > 0)",
    "ORDER BY 1, 2, 3, 4, 5, 6, 7, 8 LIMIT",
);

/// The rows of one grant are neighbors.
fn grouped(rows: &[AnyRow]) -> Result<Vec<ListedOdooKey>, StoreError> {
    let mut keys: Vec<ListedOdooKey> = Vec::new();
    for row in rows {
        let grant: String = row.try_get("grant_id")?;
        let user = OdooKeyUser {
            kind: kind_from_row(row)?,
            account: row.try_get("account")?,
            is_link: row.try_get::<i64, _>("is_link")? != 0,
        };
        match keys.last_mut().filter(|last| last.grant == grant) {
            Some(last) => last.users.push(user),
            None => keys.push(ListedOdooKey {
                grant,
                login: row.try_get("login")?,
                database: row.try_get("database_name")?,
                name: row.try_get("name")?,
                ends_at: row.try_get("ends_at")?,
                failures: row.try_get("failures")?,
                failure: row.try_get("failure")?,
                next_check_at: row.try_get("next_check_at")?,
                is_previous_left: row.try_get::<i64, _>("is_previous_left")? != 0,
                users: vec![user],
            }),
        }
    }
    Ok(keys)
}

impl Store {
    /// What is known about Odoo API keys, at most from this many rows of their users.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn odoo_keys(&self, limit: u32) -> Result<Vec<ListedOdooKey>, StoreError> {
        self.odoo_keys_where("", limit).await
    }

    /// `condition`: what else holds, as SQL.
    async fn odoo_keys_where(&self, condition: &str, limit: u32) -> Result<Vec<ListedOdooKey>, StoreError> {
        let select = format!("{} {condition} {} $1", SELECT.0, SELECT.1);
        let query = || sqlx::query(AssertSqlSafe(select.clone())).bind(i64::from(limit));
        grouped(&retry!(self.connection_lost, query().fetch_all(&self.pool))?)
    }

    /// The same, of those whose renewal fails.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn failing_odoo_keys(&self, limit: u32) -> Result<Vec<ListedOdooKey>, StoreError> {
        self.odoo_keys_where("AND k.failures > 0", limit).await
    }

    /// The same, of one user.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn odoo_keys_of_user(
        &self,
        (database, uid): (&str, i64),
        limit: u32,
    ) -> Result<Vec<ListedOdooKey>, StoreError> {
        let select = format!("{} AND g.database_name = $2 AND g.uid = $3 {} $1", SELECT.0, SELECT.1);
        let query = || {
            let query = sqlx::query(AssertSqlSafe(select.clone())).bind(i64::from(limit));
            query.bind(database.to_owned()).bind(uid)
        };
        grouped(&retry!(self.connection_lost, query().fetch_all(&self.pool))?)
    }

    /// The number of Odoo API keys whose renewal has failed at least this many times in a row, without those that ended
    /// before this time.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn count_failing_odoo_keys(&self, failures: i64, ended_before: i64) -> Result<i64, StoreError> {
        let count = "SELECT count(*) FROM odoo_keys WHERE failures > 0 AND failures >= $1 \
                     AND (ends_at IS NULL OR ends_at >= $2)";
        let query = || sqlx::query(count).bind(failures).bind(ended_before);
        Ok(retry!(self.connection_lost, query().fetch_one(&self.pool))?.try_get(0)?)
    }

    /// Whether a token of this grant, or the account that it belongs to, may be valid after this time.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn is_grant_valid_after(&self, grant: &str, time: i64) -> Result<bool, StoreError> {
        let count = "SELECT count(*) FROM wraps w JOIN tokens t ON t.id = w.token_id \
                     LEFT JOIN tokens a ON a.id = t.account_id WHERE w.grant_id = $1 \
                     AND (t.not_after IS NULL OR t.not_after > $2) AND (a.not_after IS NULL OR a.not_after > $2)";
        let count = sqlx::query(count).bind(grant.to_owned()).bind(time);
        Ok(count.fetch_one(&self.pool).await?.try_get::<i64, _>(0)? > 0)
    }

    /// The name of the API key whose own grant this is; `None` for the grant of a linked user or of another token.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn api_key_of_grant(&self, grant: &str) -> Result<Option<String>, StoreError> {
        let select = "SELECT a.name FROM tokens t JOIN api_keys a ON a.token_id = t.id \
                      WHERE t.grant_id = $1 AND t.kind = 'api_key'";
        let row = sqlx::query(select).bind(grant.to_owned()).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn key_that_ended_long_ago_is_not_counted_as_failing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
        let store = Store::open(&config).await.unwrap();
        store.migrate().await.unwrap();
        let rows = [("unknown", None, 3), ("ended", Some(99), 9), ("recent", Some(100), 3), ("retried", Some(100), 2)];
        for (grant, ends_at, failures) in rows {
            let insert = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                          VALUES ($1, 'd', 1, 'l', zeroblob(1), 1)";
            sqlx::query(insert).bind(grant).execute(&store.pool).await.unwrap();
            let insert = "INSERT INTO odoo_keys (grant_id, ends_at, failures) VALUES ($1, $2, $3)";
            let insert = sqlx::query(insert).bind(grant).bind(ends_at).bind(failures);
            insert.execute(&store.pool).await.unwrap();
        }
        assert_eq!(store.count_failing_odoo_keys(3, 100).await.unwrap(), 2);
    }
}
