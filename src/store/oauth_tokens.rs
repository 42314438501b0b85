//! Codes and tokens of applications: exchanged once, ended together.
//!
//! In: rows, indexes. Out: [`OAuthTerms`], whether an exchange was the first. Must not know: requests, tokens in clear.
//! Of any number of exchanges at the same moment, in any number of gateways, exactly one succeeds: the database's own
//! row lock sees to it.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit::Act;
use super::grants::{grants_of, shred};
use super::tokens::StoredToken;
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
        let keep = sqlx::query("UPDATE tokens SET not_after = $1, idle_seconds = NULL WHERE id = $2");
        keep.bind(until).bind(spent.id.clone()).execute(&mut *transaction).await?;
        let shred = sqlx::query("DELETE FROM wraps WHERE token_id = $1").bind(spent.id.clone());
        shred.execute(&mut *transaction).await?;
        for token in given {
            token.insert(&mut transaction).await?;
        }
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
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
