//! Codes and tokens of applications: exchanged once, ended together.
//!
//! In: rows, indexes. Out: [`OAuthTerms`], whether an exchange was the first. Must not know: requests, tokens in clear.
//! Of any number of exchanges at the same moment, in any number of gateways, exactly one succeeds: the database's own
//! row lock sees to it.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::audit::Act;
use super::grants::{grants_of, shred};
use super::tokens::{OWN, SELECT, StoredToken};
use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::{Aad, Sealed, TokenIndex};

/// What a code or token of an application is beyond other tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthTerms {
    /// What came of one approval ends together.
    pub family: String,
    /// As it was sent with the request; OAuth 1: the callback.
    pub redirect_uri: Option<String>,
    /// What the proof has to fit. OAuth 2: PKCE's S256 challenge; OAuth 1: the keyed hash of the verifier, `None` as long
    /// as nobody has approved.
    pub challenge: Option<String>,
    /// The key in its wrap opens nothing: the one in the wrap of the application's secret does.
    pub headless: bool,
    /// OAuth 1: the token's secret, sealed under the key in its wrap.
    pub secret: Option<Sealed>,
}

/// What becomes of the wrap of a token that is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentWrap {
    /// It is deleted: the token opens nothing any more.
    Deleted,
    /// It stays for a moment, in which the token may be exchanged again.
    Kept,
}

/// A token that was exchanged and is shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentToken {
    /// Its family.
    pub family: String,
    /// The application it was given to.
    pub application: Option<String>,
}

impl OAuthTerms {
    /// Adds all that must not be changed behind the gateway's back.
    pub(super) fn bind_to(&self, aad: Aad) -> Aad {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        aad.with(b"oauth")
            .with(self.family.as_bytes())
            .with_number(Some(self.redirect_uri.is_some().into()))
            .with(text(&self.redirect_uri).as_bytes())
            .with(text(&self.challenge).as_bytes())
            .with_number(Some(self.headless.into()))
    }

    /// From the columns of `oauth_tokens`; `None` where the row has none.
    pub(super) fn read(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(family) = row.try_get::<Option<String>, _>("family_id")? else { return Ok(None) };
        Ok(Some(Self {
            family,
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: row.try_get("challenge")?,
            headless: row.try_get::<i64, _>("headless")? != 0,
            secret: row.try_get::<Option<Vec<u8>>, _>("secret")?.map(Sealed),
        }))
    }

    pub(super) async fn insert(&self, token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO oauth_tokens (token_id, family_id, redirect_uri, challenge, headless, secret) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(token.to_owned())
            .bind(self.family.clone())
            .bind(self.redirect_uri.clone())
            .bind(self.challenge.clone())
            .bind(i64::from(self.headless))
            .bind(self.secret.as_ref().map(|sealed| sealed.0.clone()))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Keeps what a token was exchanged for.
async fn insert_children(
    spent: &StoredToken,
    given: &[&StoredToken],
    connection: &mut AnyConnection,
) -> Result<(), StoreError> {
    for token in given {
        token.insert(&mut *connection).await?;
        let link = sqlx::query("UPDATE oauth_tokens SET parent_id = $1 WHERE token_id = $2");
        link.bind(spent.id.clone()).bind(token.id.clone()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Exchanges a token for others of a grant that is there: all or nothing, and once; `false` when another was first.
    /// What is spent opens nothing any more, and is known again until `until`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn exchange(
        &self,
        spent: &StoredToken,
        given: &[&StoredToken],
        until: Option<i64>,
        wrap: SpentWrap,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // First of all, so that others wait here and find it done.
        let spend = sqlx::query("UPDATE oauth_tokens SET spent_at = $1 WHERE token_id = $2 AND spent_at IS NULL");
        let spend = spend.bind(act.at).bind(spent.id.clone()).execute(&mut *transaction).await?;
        if spend.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        // A wrap fits only to the row that it was made for.
        if wrap == SpentWrap::Deleted {
            let keep = sqlx::query("UPDATE tokens SET not_after = $1, idle_seconds = NULL WHERE id = $2");
            keep.bind(until).bind(spent.id.clone()).execute(&mut *transaction).await?;
            let shred = sqlx::query("DELETE FROM wraps WHERE token_id = $1").bind(spent.id.clone());
            shred.execute(&mut *transaction).await?;
        }
        insert_children(spent, given, &mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// Exchanges a token again that was spent since `since`, if nothing that came of it was used: that ends. `false` when it
    /// was.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn exchange_again(
        &self,
        spent: &StoredToken,
        given: &[&StoredToken],
        since: i64,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let Some(terms) = &spent.oauth else { return Ok(false) };
        let mut transaction = self.begin().await?;
        // The whole family, as `end_family` does: an exchange of what came of it is waited for.
        let lock =
            sqlx::query("UPDATE oauth_tokens SET family_id = $1 WHERE family_id = $1").bind(terms.family.clone());
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
        for end in ["DELETE FROM wraps WHERE token_id", "DELETE FROM tokens WHERE id"] {
            let end = format!("{end} IN (SELECT token_id FROM oauth_tokens WHERE parent_id = $1)");
            sqlx::query(AssertSqlSafe(end)).bind(spent.id.clone()).execute(&mut *transaction).await?;
        }
        insert_children(spent, given, &mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// The row of a token that was spent since `since` and has its wrap still.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn spent_since(
        &self,
        index: TokenIndex,
        since: i64,
        now: OffsetDateTime,
    ) -> Result<Option<StoredToken>, StoreError> {
        let find = format!("{SELECT} WHERE {OWN} AND t.token_index IN ($2, $3) AND o.spent_at >= $4");
        let before = index.before.unwrap_or(index.hash).to_vec();
        let ask = || {
            let query = sqlx::query(AssertSqlSafe(find.clone())).bind(now.unix_timestamp()).bind(index.hash.to_vec());
            query.bind(before.clone()).bind(since)
        };
        let found = rerun!(self.was_cut, ask().fetch_optional(&self.pool))?;
        found.as_ref().map(StoredToken::read).transpose()
    }

    /// Deletes the wraps of tokens that were spent before `before`, at most `batch` of them; how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn shred_spent(&self, before: i64, batch: u32) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let shred = "DELETE FROM wraps WHERE token_id IN (SELECT o.token_id FROM oauth_tokens o \
                     JOIN wraps w ON w.token_id = o.token_id WHERE o.spent_at < $1 LIMIT $2) RETURNING token_id";
        let shredded = sqlx::query(shred).bind(before).bind(i64::from(batch)).fetch_all(&mut *transaction).await?;
        for row in &shredded {
            // It is known again until its family ends, used or not.
            let keep = sqlx::query("UPDATE tokens SET idle_seconds = NULL WHERE id = $1");
            keep.bind(row.try_get::<String, _>("token_id")?).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(u64::try_from(shredded.len()).unwrap_or(u64::MAX))
    }

    /// A token that was exchanged, when this is the index of one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn spent_token(&self, index: TokenIndex) -> Result<Option<SpentToken>, StoreError> {
        let find = "SELECT o.family_id, t.account_id FROM tokens t JOIN oauth_tokens o ON o.token_id = t.id \
                    WHERE t.token_index IN ($1, $2) AND o.spent_at IS NOT NULL";
        let before = index.before.unwrap_or(index.hash).to_vec();
        let ask = || sqlx::query(find).bind(index.hash.to_vec()).bind(before.clone());
        let found = rerun!(self.was_cut, ask().fetch_optional(&self.pool))?;
        let read =
            |row: AnyRow| Ok(SpentToken { family: row.try_get("family_id")?, application: row.try_get("account_id")? });
        found.map(read).transpose()
    }

    /// Ends everything that came of one approval, what is given at this very moment too, with the credential that only it
    /// opened; `false` when nothing was left.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_family(&self, family: &str, act: &Act) -> Result<bool, StoreError> {
        // In the order of `exchange`, so that neither waits for the other for ever.
        let locks = [
            "UPDATE oauth_tokens SET family_id = $1 WHERE family_id = $1",
            "UPDATE grants SET uid = uid WHERE id IN (SELECT w.grant_id FROM wraps w \
             JOIN oauth_tokens o ON o.token_id = w.token_id WHERE o.family_id = $1)",
        ];
        let mut transaction = self.begin().await?;
        let (mut grants, mut ended) = (Vec::new(), false);
        // Whoever is in the middle of an exchange is waited for; what he gave is seen the next time.
        loop {
            for lock in locks {
                sqlx::query(lock).bind(family.to_owned()).execute(&mut *transaction).await?;
            }
            let unwrap = "DELETE FROM wraps WHERE token_id IN \
                          (SELECT token_id FROM oauth_tokens WHERE family_id = $1) RETURNING grant_id";
            grants.extend(grants_of(&sqlx::query(unwrap).bind(family.to_owned()).fetch_all(&mut *transaction).await?)?);
            let end = "DELETE FROM tokens WHERE id IN (SELECT token_id FROM oauth_tokens WHERE family_id = $1)";
            let done = sqlx::query(end).bind(family.to_owned()).execute(&mut *transaction).await?;
            if done.rows_affected() == 0 {
                break;
            }
            ended = true;
        }
        shred(&grants, &mut transaction).await?;
        if ended {
            act.insert(&mut transaction).await?;
        }
        transaction.commit().await?;
        if ended {
            act.say();
        }
        Ok(ended)
    }

    /// Keeps that a user approved a request token of OAuth 1: the row with his grant, its wrap, its challenge; once:
    /// `false` when somebody was first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn approve_request(&self, approved: &StoredToken, act: &Act) -> Result<bool, StoreError> {
        let Some(terms) = &approved.oauth else { return Ok(false) };
        let mut transaction = self.begin().await?;
        let approve = "UPDATE oauth_tokens SET challenge = $1, headless = $2, secret = $3 \
                       WHERE token_id = $4 AND challenge IS NULL AND spent_at IS NULL";
        let done = sqlx::query(approve)
            .bind(terms.challenge.clone())
            .bind(i64::from(terms.headless))
            .bind(terms.secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(approved.id.clone())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let grant = sqlx::query("UPDATE tokens SET grant_id = $1, scope = $2 WHERE id = $3");
        let grant = grant.bind(approved.grant.id.clone()).bind(approved.scope.clone()).bind(approved.id.clone());
        grant.execute(&mut *transaction).await?;
        let forget = sqlx::query("DELETE FROM wraps WHERE token_id = $1").bind(approved.id.clone());
        forget.execute(&mut *transaction).await?;
        approved.insert_wrap(&mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// Writes down that a signed request was seen; `false` when it was seen before.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn first_seen(&self, seen: [u8; 32], until: i64) -> Result<bool, StoreError> {
        let note = "INSERT INTO oauth1_nonces (seen, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let _turn = self.turn().await;
        let noted =
            rerun!(self.cannot_have_run, sqlx::query(note).bind(seen.to_vec()).bind(until).execute(&self.pool))?;
        Ok(noted.rows_affected() > 0)
    }

    /// Forgets signed requests whose time is over, at most `batch` of them; how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge_seen(&self, now: i64, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM oauth1_nonces WHERE seen IN \
                     (SELECT seen FROM oauth1_nonces WHERE not_after <= $1 ORDER BY not_after LIMIT $2)";
        Ok(sqlx::query(purge).bind(now).bind(i64::from(batch)).execute(&self.pool).await?.rows_affected())
    }
}
