//! What clients show, each with the user behind it.
//!
//! In: rows, indexes of tokens. Out: [`StoredToken`]. Must not know: tokens in clear, how anything is opened.

use std::sync::LazyLock;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::api_keys::KeyTerms;
use super::applications::ApplicationTerms;
use super::audit::Act;
use super::grants::{Grant, grants_of, lock_grants_of, shred};
use super::oauth_tokens::OAuthTerms;
use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::{Aad, KeyId, Sealed, TokenFacts, TokenIndex, TokenKind};

/// A token's row, with the grant it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// What it is for.
    pub kind: TokenKind,
    /// Under which it is found.
    pub index: TokenIndex,
    /// Its first characters.
    pub shown: String,
    /// The API key it was made with, or the application it was given to.
    pub account: Option<String>,
    /// What it may do, as JSON.
    pub scope: String,
    /// Unix time.
    pub created_at: i64,
    /// Unix time of its end; `None`: without end.
    pub not_after: Option<i64>,
    /// It ends when it is not used for so many seconds.
    pub idle_seconds: Option<i64>,
    /// Unix time, to the minute.
    pub last_used_at: Option<i64>,
    /// Unix time since which it is switched off.
    pub disabled_at: Option<i64>,
    /// Whether that is switched off or at its end.
    pub account_ended: bool,
    /// That one's own wrap, to notice that something about it was sealed anew.
    pub account_wrap: Option<Sealed>,
    /// The limits of an API key or application; of a token those of its account.
    pub key: Option<KeyTerms>,
    /// The application that a client secret stands for; of a token the one it was given to.
    pub application: Option<ApplicationTerms>,
    /// What a code or token of an application is beyond others.
    pub oauth: Option<OAuthTerms>,
    /// Whose rights apply.
    pub grant: Grant,
    /// The grant's data key, for this token.
    pub wrap: Sealed,
}

/// Every column of [`StoredToken`]. `$1` is the time.
pub(super) const SELECT: &str = "SELECT t.id, t.kind, t.token_index, t.index_kid, t.shown, t.account_id, t.scope, t.created_at, t.not_after, \
    t.idle_seconds, t.last_used_at, t.disabled_at, \
    CASE WHEN a.disabled_at IS NOT NULL OR a.not_after <= $1 THEN 1 ELSE 0 END AS account_ended, \
    k.name, k.needs_login_token, k.may_mint_for_others, k.networks, k.rate_requests, k.rate_seconds, k.rate_burst, k.concurrent, \
    aw.blob AS account_wrap, p.client_id, p.settings, p.consumer_secret, o.family_id, o.redirect_uri, o.challenge, o.headless, o.secret, \
    g.id AS grant_id, g.database_name, g.uid, g.login, g.credential, g.created_at AS grant_created_at, w.blob \
    FROM tokens t JOIN wraps w ON w.token_id = t.id JOIN grants g ON g.id = w.grant_id \
    LEFT JOIN api_keys k ON k.token_id = coalesce(t.account_id, t.id) LEFT JOIN tokens a ON a.id = t.account_id \
    LEFT JOIN wraps aw ON aw.token_id = a.id AND aw.grant_id = a.grant_id \
    LEFT JOIN applications p ON p.token_id = coalesce(t.account_id, t.id) LEFT JOIN oauth_tokens o ON o.token_id = t.id";
/// Of the wraps of a token, that of its own user.
pub(super) const OWN: &str = "w.grant_id = t.grant_id";
/// The question for the tokens of one to four hashes: of a token and of one beside it, each under one index key or two.
static BY_INDEX: LazyLock<[String; 4]> = LazyLock::new(|| {
    ["$2", "$2, $3", "$2, $3, $4", "$2, $3, $4, $5"]
        .map(|hashes| format!("{SELECT} WHERE {OWN} AND o.spent_at IS NULL AND t.token_index IN ({hashes})"))
});

/// `last_used_at` is written when it is older than this.
const SECONDS_BETWEEN_USES: i64 = 60;

impl StoredToken {
    /// Whether it is neither switched off nor at its end, nor the API key it was made with.
    #[must_use]
    pub fn is_alive(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        let used = self.last_used_at.unwrap_or(self.created_at);
        let idle = self.idle_seconds.is_some_and(|seconds| now >= used.saturating_add(seconds));
        let ended = self.not_after.is_some_and(|end| now >= end);
        !(idle || ended || self.disabled_at.is_some() || self.account_ended)
    }

    /// Whether its use is worth writing down.
    #[must_use]
    pub fn is_use_due(&self, now: OffsetDateTime) -> bool {
        self.last_used_at.is_none_or(|used| now.unix_timestamp() >= used + SECONDS_BETWEEN_USES)
    }

    /// Everything that limits it, as its wrap is bound to it.
    #[must_use]
    pub fn terms(&self) -> Vec<u8> {
        let aad = Aad::of("terms").with(self.scope.as_bytes()).with_number(self.idle_seconds);
        // Only the state that opens nothing is written down, so that what was sealed before it was bound opens still.
        let aad = if self.disabled_at.is_some() { aad.with(b"disabled") } else { aad };
        let aad = self.key.iter().fold(aad, |aad, key| key.bind_to(aad));
        let aad = self.own_application().iter().fold(aad, |aad, application| application.bind_to(aad));
        self.oauth.iter().fold(aad, |aad, oauth| oauth.bind_to(aad)).bytes().to_vec()
    }

    /// The application that it is, not one that it was given to.
    fn own_application(&self) -> Option<&ApplicationTerms> {
        self.application.as_ref().filter(|_| self.kind == TokenKind::ClientSecret)
    }

    /// What its wrap is bound to, with its [`terms`](Self::terms).
    #[must_use]
    pub fn facts<'a>(&'a self, terms: &'a [u8]) -> TokenFacts<'a> {
        let (id, kind, account) = (&self.id, self.kind.as_str(), self.account.as_deref());
        TokenFacts { id, kind, account, terms, not_after: self.not_after }
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let kind: String = row.try_get("kind")?;
        let hash: Vec<u8> = row.try_get("token_index")?;
        let key: Option<String> = row.try_get("index_kid")?;
        let wrong = || StoreError::Internal("a token's row is not as the gateway writes it".to_owned());
        Ok(Self {
            id: row.try_get("id")?,
            kind: TokenKind::of_word(&kind).ok_or_else(wrong)?,
            index: TokenIndex {
                hash: hash.try_into().map_err(|_| wrong())?,
                key: key.as_deref().and_then(KeyId::parse).unwrap_or_default(),
                before: None,
            },
            shown: row.try_get("shown")?,
            account: row.try_get("account_id")?,
            scope: row.try_get("scope")?,
            created_at: row.try_get("created_at")?,
            not_after: row.try_get("not_after")?,
            idle_seconds: row.try_get("idle_seconds")?,
            last_used_at: row.try_get("last_used_at")?,
            disabled_at: row.try_get("disabled_at")?,
            account_ended: row.try_get::<i64, _>("account_ended")? != 0,
            account_wrap: row.try_get::<Option<Vec<u8>>, _>("account_wrap")?.map(Sealed),
            key: KeyTerms::read(row)?,
            application: ApplicationTerms::read(row)?,
            oauth: OAuthTerms::read(row)?,
            grant: Grant::read(row)?,
            wrap: Sealed(row.try_get("blob")?),
        })
    }

    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO tokens (id, kind, token_index, shown, grant_id, account_id, scope, created_at, \
                      not_after, idle_seconds, index_kid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        sqlx::query(insert)
            .bind(self.id.clone())
            .bind(self.kind.as_str())
            .bind(self.index.hash.to_vec())
            .bind(self.shown.clone())
            .bind(self.grant.id.clone())
            .bind(self.account.clone())
            .bind(self.scope.clone())
            .bind(self.created_at)
            .bind(self.not_after)
            .bind(self.idle_seconds)
            .bind(self.index.key.to_string())
            .execute(&mut *connection)
            .await?;
        self.insert_wrap(&mut *connection).await?;
        if let (Some(key), TokenKind::ApiKey | TokenKind::ClientSecret) = (&self.key, self.kind) {
            key.insert(&self.id, &mut *connection).await?;
        }
        if let Some(application) = self.own_application() {
            application.insert(&self.id, &mut *connection).await?;
        }
        match &self.oauth {
            Some(oauth) => oauth.insert(&self.id, connection).await,
            None => Ok(()),
        }
    }
}

impl StoredToken {
    /// The wrap of its grant, which may be another one's than the token's own.
    pub(super) async fn insert_wrap(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO wraps (token_id, grant_id, blob, kid) VALUES ($1, $2, $3, $4)")
            .bind(self.id.clone())
            .bind(self.grant.id.clone())
            .bind(self.wrap.0.clone())
            .bind(self.wrap.key_id().map_err(StoreError::internal)?.to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// A wrap and what it is to be sealed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    /// Whose it is.
    pub token: String,
    /// The grant it opens.
    pub grant: String,
    /// As it is.
    pub before: Sealed,
    /// As it is to be.
    pub after: Sealed,
}

impl Rewrap {
    pub(super) async fn replace(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let replace = "UPDATE wraps SET blob = $1, kid = $2 WHERE token_id = $3 AND grant_id = $4 AND blob = $5";
        let replaced = sqlx::query(replace)
            .bind(self.after.0.clone())
            .bind(self.after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(self.token.clone())
            .bind(self.grant.clone())
            .bind(self.before.0.clone())
            .execute(connection)
            .await?;
        Ok(replaced.rows_affected() > 0)
    }
}

impl Store {
    /// Keeps a new token for a grant that is there.
    ///
    /// # Errors
    /// When the store does not answer, or the grant has gone.
    pub async fn add_token_of_grant(&self, token: &StoredToken, act: &Act) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        token.insert(&mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(())
    }

    /// Keeps a new token with a new grant.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] for the name of another API key; when the store does not answer.
    pub async fn add_token(&self, token: &StoredToken, act: &Act) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        token.grant.insert(&mut transaction).await?;
        token.insert(&mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(())
    }

    /// The tokens of these indexes, alive or not. One round trip.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens_by_index(
        &self,
        indexes: [TokenIndex; 2],
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let [one, other] = indexes;
        let other = (other != one).then_some(other);
        let hashes = [Some(one), other].into_iter().flatten().flat_map(|index| [Some(index.hash), index.before]);
        let hashes: Vec<[u8; 32]> = hashes.flatten().collect();
        let rows = rerun!(self.was_cut, self.rows_by_hash(&hashes, now))?;
        rows.iter().map(StoredToken::read).collect()
    }

    async fn rows_by_hash(&self, hashes: &[[u8; 32]], now: OffsetDateTime) -> Result<Vec<AnyRow>, sqlx::Error> {
        let query = BY_INDEX.get(hashes.len().saturating_sub(1)).map_or("", String::as_str);
        let query = sqlx::query(AssertSqlSafe(query)).bind(now.unix_timestamp());
        let query = hashes.iter().fold(query, |query, hash| query.bind(hash.to_vec()));
        if hashes.len() == 1 {
            // No two rows have one hash. Who does not ask for another one spares SQLite's thread a way there and back.
            return Ok(query.fetch_optional(&self.pool).await?.into_iter().collect());
        }
        query.fetch_all(&self.pool).await
    }

    /// The token of this id, alive or not.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn token(&self, id: &str, now: OffsetDateTime) -> Result<Option<StoredToken>, StoreError> {
        let one = || AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND t.id = $2"));
        let ask = || sqlx::query(one()).bind(now.unix_timestamp()).bind(id.to_owned());
        let row = rerun!(self.was_cut, ask().fetch_optional(&self.pool))?;
        row.as_ref().map(StoredToken::read).transpose()
    }

    /// Keeps a token under the newest index key's hash, if it is still kept under that of the one before.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn move_to_newest_index(&self, index: TokenIndex) -> Result<(), StoreError> {
        let Some(before) = index.before else { return Ok(()) };
        rerun!(
            self.was_cut,
            sqlx::query("UPDATE tokens SET token_index = $1, index_kid = $2 WHERE token_index = $3")
                .bind(index.hash.to_vec())
                .bind(index.key.to_string())
                .bind(before.to_vec())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// All tokens of a kind, the oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens(&self, kind: TokenKind, now: OffsetDateTime) -> Result<Vec<StoredToken>, StoreError> {
        let rows = rerun!(
            self.was_cut,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND t.kind = $2 ORDER BY t.created_at, t.id")))
                .bind(now.unix_timestamp())
                .bind(kind.as_str())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::read).collect()
    }

    /// Writes down that a token was used, at most once a minute whoever says so.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn note_use(&self, token: &str, now: OffsetDateTime) -> Result<bool, StoreError> {
        let note = "UPDATE tokens SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)";
        let noted = rerun!(
            self.was_cut,
            sqlx::query(note)
                .bind(now.unix_timestamp())
                .bind(token.to_owned())
                .bind(now.unix_timestamp() - SECONDS_BETWEEN_USES)
                .execute(&self.pool)
        )?;
        Ok(noted.rows_affected() > 0)
    }

    /// Switches a token off, or on again, with wraps that are sealed for that; `false` when it was so before or is not
    /// there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn switch_token(&self, token: &str, on: bool, wraps: &[Rewrap], act: &Act) -> Result<bool, StoreError> {
        let switch = if on {
            "UPDATE tokens SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL"
        } else {
            "UPDATE tokens SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL"
        };
        let query = sqlx::query(switch).bind(token.to_owned());
        let query = if on { query } else { query.bind(act.at) };
        let mut transaction = self.begin().await?;
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        for wrap in wraps {
            wrap.replace(&mut transaction).await?;
        }
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// Deletes a token, with the tokens made with it, and every grant that no other token may use: its credential is
    /// shredded with it, or all of it stays. `false` when it was not there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn delete_token(&self, token: &str, act: &Act) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        lock_grants_of(token, &mut transaction).await?;
        let unwrap = sqlx::query("DELETE FROM wraps WHERE token_id = $1 RETURNING grant_id").bind(token.to_owned());
        let grants = grants_of(&unwrap.fetch_all(&mut *transaction).await?)?;
        let delete = sqlx::query("DELETE FROM tokens WHERE id = $1").bind(token.to_owned());
        if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        shred(&grants, &mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// Deletes tokens of a kind that ended before `before`, at most `batch` of them; how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge_tokens(&self, kind: TokenKind, before: OffsetDateTime, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE kind = $1 AND (not_after <= $2 \
                     OR coalesce(last_used_at, created_at) + idle_seconds <= $2) ORDER BY not_after, id LIMIT $3)";
        let purged = sqlx::query(purge)
            .bind(kind.as_str())
            .bind(before.unix_timestamp())
            .bind(i64::from(batch))
            .execute(&self.pool)
            .await?;
        Ok(purged.rows_affected())
    }

    /// Tokens whose wraps another master key than `newest` sealed, each with the wrap's grant, in the order of both ids
    /// from behind the given ones on, at most `batch` of them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens_to_rewrap(
        &self,
        newest: &str,
        (token, grant): (&str, &str),
        now: OffsetDateTime,
        batch: u32,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let behind = "(t.id > $3 OR (t.id = $3 AND g.id > $4))";
        let rest = format!("{SELECT} WHERE w.kid <> $2 AND {behind} ORDER BY t.id, g.id LIMIT $5");
        let rows = sqlx::query(AssertSqlSafe(rest))
            .bind(now.unix_timestamp())
            .bind(newest.to_owned())
            .bind(token.to_owned())
            .bind(grant.to_owned())
            .bind(i64::from(batch))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(StoredToken::read).collect()
    }

    /// Puts a wrap that was sealed anew in its place; `false` when another one is there by now.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn replace_wrap(&self, wrap: &Rewrap) -> Result<bool, StoreError> {
        wrap.replace(&mut *self.pool.acquire().await?).await
    }

    /// Does something and says so, both or none.
    pub(super) async fn change(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let changed = query.execute(&mut *transaction).await?.rows_affected() > 0;
        if !changed {
            transaction.rollback().await?;
            return Ok(false);
        }
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }
}
