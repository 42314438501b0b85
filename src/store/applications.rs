//! Applications, and what users have agreed to.
//!
//! In: rows, client ids. Out: the token that an application's secret is, with [`ApplicationTerms`]. Must not know: what
//! settings mean, secrets in clear.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::audit::Act;
use super::grants::{grants_of, lock_grants_of, shred};
use super::tokens::{OWN, SELECT, StoredToken};
use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::{Aad, Sealed, TokenKind};

/// What makes a client secret's token an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationTerms {
    /// What the application calls itself by, known to everybody.
    pub client_id: String,
    /// What it is and may, as JSON.
    pub settings: String,
    /// Its secret once more, under the master key; with OAuth 1 only.
    pub consumer_secret: Option<Sealed>,
}

/// That a user agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The application's id.
    pub application: String,
    /// Who agreed.
    pub uid: i64,
    /// Where the answer may go.
    pub redirect_uri: String,
    /// To what, in words.
    pub scope: String,
}

impl ApplicationTerms {
    /// Adds all that must not be changed behind the gateway's back.
    pub(super) fn bind_to(&self, aad: Aad) -> Aad {
        aad.with(b"application").with(self.client_id.as_bytes()).with(self.settings.as_bytes())
    }

    /// From the columns of `applications`; `None` where the row has none.
    pub(super) fn read(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(client_id) = row.try_get::<Option<String>, _>("client_id")? else { return Ok(None) };
        let consumer_secret = row.try_get::<Option<Vec<u8>>, _>("consumer_secret")?.map(Sealed);
        Ok(Some(Self { client_id, settings: row.try_get("settings")?, consumer_secret }))
    }

    pub(super) async fn insert(&self, token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO applications (token_id, client_id, settings, consumer_secret, kid) \
                      VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(token.to_owned())
            .bind(self.client_id.clone())
            .bind(self.settings.clone())
            .bind(self.consumer_secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(self.kid()?)
            .execute(connection)
            .await?;
        Ok(())
    }

    fn kid(&self) -> Result<Option<String>, StoreError> {
        let kid = self.consumer_secret.as_ref().map(Sealed::key_id).transpose();
        Ok(kid.map_err(StoreError::internal)?.map(|kid| kid.to_string()))
    }
}

impl Store {
    /// Keeps a new application with its grant, and what its consumer key opens that with.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] for the name of another API key; when the store does not answer.
    pub async fn add_application(
        &self,
        application: &StoredToken,
        consumer_key: Option<&StoredToken>,
        act: &Act,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        application.grant.insert(&mut transaction).await?;
        application.insert(&mut transaction).await?;
        if let Some(consumer_key) = consumer_key {
            consumer_key.insert(&mut transaction).await?;
        }
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(())
    }

    /// The application of this client id, alive or not.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn application(&self, client_id: &str, now: OffsetDateTime) -> Result<Option<StoredToken>, StoreError> {
        let named = "t.id = (SELECT token_id FROM applications WHERE client_id = $2)";
        let found = rerun!(
            self.was_cut,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND {named}")))
                .bind(now.unix_timestamp())
                .bind(client_id.to_owned())
                .fetch_optional(&self.pool)
        )?;
        found.as_ref().map(StoredToken::read).transpose()
    }

    /// Gives an application another secret, consumer key and grant; `false` when it has gone. What it was given before
    /// stays as it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn replace_secret(
        &self,
        application: &StoredToken,
        consumer_key: Option<&StoredToken>,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        lock_grants_of(&application.id, &mut transaction).await?;
        application.grant.insert(&mut transaction).await?;
        let replace = "UPDATE tokens SET token_index = $1, shown = $2, grant_id = $3, index_kid = $4 WHERE id = $5";
        let replaced = sqlx::query(replace)
            .bind(application.index.hash.to_vec())
            .bind(application.shown.clone())
            .bind(application.grant.id.clone())
            .bind(application.index.key.to_string())
            .bind(application.id.clone())
            .execute(&mut *transaction)
            .await?;
        if replaced.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let unwrap = "DELETE FROM wraps WHERE token_id = $1 RETURNING grant_id";
        let unwrap = sqlx::query(unwrap).bind(application.id.clone());
        let grants = grants_of(&unwrap.fetch_all(&mut *transaction).await?)?;
        application.insert_wrap(&mut transaction).await?;
        application.update_consumer_secret(&mut transaction).await?;
        let end = sqlx::query("DELETE FROM tokens WHERE account_id = $1 AND kind = $2");
        let end = end.bind(application.id.clone()).bind(TokenKind::ConsumerKey.as_str());
        end.execute(&mut *transaction).await?;
        if let Some(consumer_key) = consumer_key {
            consumer_key.insert(&mut transaction).await?;
        }
        shred(&grants, &mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// Puts the same consumer secret, sealed anew, in the place of `before`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn reseal_consumer_secret(
        &self,
        application: &str,
        before: &Sealed,
        after: &Sealed,
    ) -> Result<bool, StoreError> {
        let reseal =
            "UPDATE applications SET consumer_secret = $1, kid = $2 WHERE token_id = $3 AND consumer_secret = $4";
        let resealed = sqlx::query(reseal)
            .bind(after.0.clone())
            .bind(after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(application.to_owned())
            .bind(before.0.clone())
            .execute(&self.pool)
            .await?;
        Ok(resealed.rows_affected() > 0)
    }

    /// Whether this was agreed to.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn has_consent(&self, consent: &Consent) -> Result<bool, StoreError> {
        let find = "SELECT 1 FROM consents WHERE token_id = $1 AND uid = $2 AND redirect_uri = $3 AND scope = $4";
        let found = rerun!(
            self.was_cut,
            sqlx::query(find)
                .bind(consent.application.clone())
                .bind(consent.uid)
                .bind(consent.redirect_uri.clone())
                .bind(consent.scope.clone())
                .fetch_optional(&self.pool)
        )?;
        Ok(found.is_some())
    }

    /// Remembers that somebody agreed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_consent(&self, consent: &Consent, act: &Act) -> Result<(), StoreError> {
        let keep = "INSERT INTO consents (token_id, uid, redirect_uri, scope, at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT DO NOTHING";
        let query = sqlx::query(keep)
            .bind(consent.application.clone())
            .bind(consent.uid)
            .bind(consent.redirect_uri.clone())
            .bind(consent.scope.clone())
            .bind(act.at);
        self.change(query, act).await.map(drop)
    }
}

impl StoredToken {
    async fn update_consumer_secret(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Some(terms) = &self.application else { return Ok(()) };
        sqlx::query("UPDATE applications SET consumer_secret = $1, kid = $2 WHERE token_id = $3")
            .bind(terms.consumer_secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(terms.kid()?)
            .bind(self.id.clone())
            .execute(connection)
            .await?;
        Ok(())
    }
}
