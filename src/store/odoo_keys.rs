//! What is known about the Odoo API keys that grants seal.
//!
//! One gateway works on a key at a time: it claims the row, and gives it back with the result. A claim of a gateway
//! that was killed expires. Then another one may claim the row, and what the first one still writes is ignored: the end
//! of a claim is different from that of every other claim of the row.
//!
//! In: rows, sealed secrets, keyed hashes. Out: the same. Must not know: Odoo, how secrets are sealed.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::stored_token::StoredToken;
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::Sealed;

/// The keyed hash of an Odoo API key, by which equal keys of two grants are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooKeyHash {
    /// HMAC-SHA256.
    pub hash: Vec<u8>,
    /// The id of the index key.
    pub key: String,
}

/// The key that another one has replaced, and that is not yet revoked in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedOdooKey {
    /// The key, sealed.
    pub secret: Sealed,
    /// Its hash.
    pub hash: OdooKeyHash,
    /// Its name in Odoo, if the gateway has created it.
    pub name: Option<String>,
    /// When it ends; seconds since 1970, as all times here. If the gateway has not created it, when the first of the
    /// user's keys ended.
    pub ends_at: Option<i64>,
    /// When it was replaced.
    pub replaced_at: i64,
    /// The key that has replaced it, sealed for other grants that have this one.
    pub successor: Option<Sealed>,
}

/// The key that has replaced another one in a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooKeySuccessor {
    /// The key, sealed under the one that it has replaced.
    pub secret: Sealed,
    /// Its name in Odoo.
    pub name: String,
    /// When it ends.
    pub ends_at: Option<i64>,
    /// When the replaced key ends, as far as it is known.
    pub replaced_ends_at: Option<i64>,
}

/// What is known about the Odoo API key of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OdooKeyRecord {
    /// Its hash; `None` if the credential is a password.
    pub hash: Option<OdooKeyHash>,
    /// Its name in Odoo, if the gateway has created it.
    pub name: Option<String>,
    /// When it ends; `None`: never, or not known.
    pub ends_at: Option<i64>,
    /// The user's password, sealed.
    pub password: Option<Sealed>,
    /// The key before.
    pub replaced: Option<ReplacedOdooKey>,
    /// Attempts that failed, since the last one that succeeded.
    pub failures: i64,
    /// Why the last attempt failed.
    pub failure: Option<String>,
    /// When it is looked at again.
    pub next_check_at: i64,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OdooKeyClaim {
    /// The caller works on the key.
    Claimed {
        /// When the claim ends; it identifies the claim.
        until: i64,
        /// What is known about it.
        record: Box<OdooKeyRecord>,
        /// The credential of the grant.
        credential: Sealed,
    },
    /// Another gateway works on it, or it is not due before this time. If another grant with the same key is claimed,
    /// the time may be past.
    NotDue(i64),
    /// The grant does not exist any more.
    Ended,
}

impl OdooKeyHash {
    fn from_row(row: &AnyRow, hash: &str, key: &str) -> Result<Option<Self>, sqlx::Error> {
        let (hash, key) = (row.try_get::<Option<Vec<u8>>, _>(hash)?, row.try_get::<Option<String>, _>(key)?);
        Ok(hash.zip(key).map(|(hash, key)| Self { hash, key }))
    }
}

impl OdooKeyRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let sealed = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<Vec<u8>>, _>(column)?.map(Sealed));
        let replaced_hash = OdooKeyHash::from_row(row, "replaced_hash", "replaced_hash_kid")?;
        let replaced = match sealed("replaced")?.zip(replaced_hash) {
            Some((secret, hash)) => Some(ReplacedOdooKey {
                secret,
                hash,
                name: row.try_get("replaced_name")?,
                ends_at: row.try_get("replaced_ends_at")?,
                replaced_at: row.try_get::<Option<i64>, _>("replaced_at")?.unwrap_or_default(),
                successor: sealed("successor")?,
            }),
            None => None,
        };
        Ok(Self {
            hash: OdooKeyHash::from_row(row, "key_hash", "key_hash_kid")?,
            name: row.try_get("name")?,
            ends_at: row.try_get("ends_at")?,
            password: sealed("password")?,
            replaced,
            failures: row.try_get("failures")?,
            failure: row.try_get("failure")?,
            next_check_at: row.try_get("next_check_at")?,
        })
    }

    /// Writes the record and ends the claim. Returns `false` if the row has another claim now.
    async fn write(&self, grant: &str, claim: i64, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let hash = |hash: Option<&OdooKeyHash>| hash.map(|hash| (hash.hash.clone(), hash.key.clone())).unzip();
        let (key_hash, key_hash_kid) = hash(self.hash.as_ref());
        let replaced = self.replaced.as_ref();
        let (replaced_hash, replaced_hash_kid) = hash(replaced.map(|replaced| &replaced.hash));
        let write = "UPDATE odoo_keys SET key_hash = $2, key_hash_kid = $3, name = $4, ends_at = $5, password = $6, \
                     replaced = $7, replaced_hash = $8, replaced_hash_kid = $9, replaced_name = $10, \
                     replaced_ends_at = $11, replaced_at = $12, failures = $13, failure = $14, next_check_at = $15, \
                     successor = $17, claimed_until = 0 WHERE grant_id = $1 AND claimed_until = $16";
        let written = sqlx::query(write)
            .bind(grant.to_owned())
            .bind(key_hash)
            .bind(key_hash_kid)
            .bind(self.name.clone())
            .bind(self.ends_at)
            .bind(self.password.as_ref().map(|sealed| sealed.0.clone()))
            .bind(replaced.map(|replaced| replaced.secret.0.clone()))
            .bind(replaced_hash)
            .bind(replaced_hash_kid)
            .bind(replaced.and_then(|replaced| replaced.name.clone()))
            .bind(replaced.and_then(|replaced| replaced.ends_at))
            .bind(replaced.map(|replaced| replaced.replaced_at))
            .bind(self.failures)
            .bind(self.failure.clone())
            .bind(self.next_check_at)
            .bind(claim)
            .bind(replaced.and_then(|replaced| replaced.successor.as_ref()).map(|sealed| sealed.0.clone()))
            .execute(connection)
            .await?;
        Ok(written.rows_affected() > 0)
    }
}

async fn insert_claimed(grant: &str, until: i64, connection: &mut AnyConnection) -> Result<u64, StoreError> {
    let insert = "INSERT INTO odoo_keys (grant_id, claimed_until) SELECT id, $2 FROM grants WHERE id = $1 \
                  ON CONFLICT (grant_id) DO NOTHING";
    Ok(sqlx::query(insert).bind(grant.to_owned()).bind(until).execute(connection).await?.rows_affected())
}

/// Lets every key be looked at again, as if it never had been.
pub(super) async fn recheck_odoo_keys(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE odoo_keys SET next_check_at = 0").execute(connection).await?;
    Ok(())
}

impl Store {
    /// Inserts a token with a new grant, whose credential is an Odoo API key that the gateway has created.
    ///
    /// # Errors
    /// As [`add_token`](Self::add_token).
    pub async fn add_token_with_odoo_key(
        &self,
        token: &StoredToken,
        record: &OdooKeyRecord,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        token.grant.insert(&mut transaction).await?;
        token.insert(&mut transaction).await?;
        insert_claimed(&token.grant.id, 0, &mut transaction).await?;
        record.write(&token.grant.id, 0, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// Claims the key of a grant until this time, if it is due and no other grant that is known to have it is claimed:
    /// the first one to be renewed has the new key for the others.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn claim_odoo_key(
        &self,
        grant: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<OdooKeyClaim, StoreError> {
        let (now, until) = (now.unix_timestamp(), until.unix_timestamp());
        let mut transaction = self.begin().await?;
        let claim = "UPDATE odoo_keys SET claimed_until = $2 WHERE grant_id = $1 AND claimed_until <= $3 \
                     AND next_check_at <= $3 AND NOT EXISTS (SELECT 1 FROM odoo_keys o \
                     WHERE o.key_hash = odoo_keys.key_hash AND o.grant_id <> odoo_keys.grant_id \
                     AND o.claimed_until > $3)";
        let claim = sqlx::query(claim).bind(grant.to_owned()).bind(until).bind(now);
        let mut claimed = claim.execute(&mut *transaction).await?.rows_affected();
        if claimed == 0 {
            claimed = insert_claimed(grant, until, &mut transaction).await?;
        }
        let select = "SELECT k.*, g.credential FROM odoo_keys k JOIN grants g ON g.id = k.grant_id WHERE g.id = $1";
        let row = sqlx::query(select).bind(grant.to_owned()).fetch_optional(&mut *transaction).await?;
        transaction.commit_without_credentials().await?;
        let Some(row) = row else { return Ok(OdooKeyClaim::Ended) };
        let record = OdooKeyRecord::from_row(&row)?;
        if claimed == 0 {
            let claimed_until: i64 = row.try_get("claimed_until")?;
            return Ok(OdooKeyClaim::NotDue(record.next_check_at.max(claimed_until)));
        }
        let credential = Sealed(row.try_get("credential")?);
        Ok(OdooKeyClaim::Claimed { until, record: Box::new(record), credential })
    }

    /// Stores what is known about the key of a grant, and ends the claim. Does nothing if the row has another claim.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn update_odoo_key(&self, grant: &str, claim: i64, record: &OdooKeyRecord) -> Result<(), StoreError> {
        record.write(grant, claim, &mut *self.pool.acquire().await?).await?;
        Ok(())
    }

    /// As [`update_odoo_key`](Self::update_odoo_key), with an event.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn update_odoo_key_with_event(
        &self,
        grant: &str,
        claim: i64,
        record: &OdooKeyRecord,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if !record.write(grant, claim, &mut transaction).await? {
            transaction.rollback().await?;
            return Ok(());
        }
        event.insert(&mut transaction).await?;
        transaction.commit_without_credentials().await?;
        event.log();
        Ok(())
    }

    /// Replaces the credential of a grant, for all its tokens at once: they open it with the same data key. Returns
    /// `false` if the grant does not have the credential `before` any more, or the row has another claim.
    ///
    /// # Errors
    /// If the store is not available. Then it is not known which credential the grant has.
    pub async fn replace_odoo_key(
        &self,
        (grant, claim): (&str, i64),
        (before, after): (&Sealed, &Sealed),
        record: &OdooKeyRecord,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let replace = "UPDATE grants SET credential = $1 WHERE id = $2 AND credential = $3";
        let replace = sqlx::query(replace).bind(after.0.clone()).bind(grant.to_owned()).bind(before.0.clone());
        let is_replaced = replace.execute(&mut *transaction).await?.rows_affected() > 0;
        if !is_replaced || !record.write(grant, claim, &mut transaction).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Whether another grant of the user may have the key with this hash: it has, it had until after
    /// `replaced_before`, or its credential is not known.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn may_share_odoo_key(
        &self,
        (database, uid): (&str, i64),
        grant: &str,
        hash: &OdooKeyHash,
        replaced_before: i64,
    ) -> Result<bool, StoreError> {
        let count = "SELECT count(*) FROM grants g LEFT JOIN odoo_keys k ON k.grant_id = g.id \
                     WHERE g.database_name = $1 AND g.uid = $2 AND g.id <> $3 \
                     AND (k.grant_id IS NULL OR k.next_check_at = 0 OR k.key_hash = $4 OR k.key_hash_kid <> $5 \
                     OR (k.replaced_hash = $4 AND k.replaced_at > $6))";
        let count = sqlx::query(count)
            .bind(database.to_owned())
            .bind(uid)
            .bind(grant.to_owned())
            .bind(hash.hash.clone())
            .bind(hash.key.clone())
            .bind(replaced_before);
        Ok(count.fetch_one(&self.pool).await?.try_get::<i64, _>(0)? > 0)
    }

    /// The key that has replaced the one with this hash in another grant of the user; the newest, if there are several.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn odoo_key_successor(
        &self,
        (database, uid): (&str, i64),
        replaced: &OdooKeyHash,
    ) -> Result<Option<OdooKeySuccessor>, StoreError> {
        let select = "SELECT k.* FROM odoo_keys k JOIN grants g ON g.id = k.grant_id \
                      WHERE k.replaced_hash = $1 AND k.replaced_hash_kid = $2 \
                      AND g.database_name = $3 AND g.uid = $4 ORDER BY k.replaced_at DESC, k.grant_id LIMIT 1";
        let query = sqlx::query(select).bind(replaced.hash.clone()).bind(replaced.key.clone());
        let row = query.bind(database.to_owned()).bind(uid).fetch_optional(&self.pool).await?;
        let record = row.as_ref().map(OdooKeyRecord::from_row).transpose()?;
        Ok(record.and_then(|OdooKeyRecord { name, ends_at, replaced, .. }| {
            let replaced = replaced?;
            let (secret, replaced_ends_at) = (replaced.successor?, replaced.ends_at);
            Some(OdooKeySuccessor { secret, name: name?, ends_at, replaced_ends_at })
        }))
    }

    /// What is known about the key of a grant; `None`: nothing.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn odoo_key(&self, grant: &str) -> Result<Option<OdooKeyRecord>, StoreError> {
        let query = || sqlx::query("SELECT * FROM odoo_keys WHERE grant_id = $1").bind(grant.to_owned());
        let row = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        Ok(row.as_ref().map(OdooKeyRecord::from_row).transpose()?)
    }
}
