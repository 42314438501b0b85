//! What each gateway holds of the limits that all of them share, on PostgreSQL.
//!
//! A renewal is one transaction under an advisory lock, so the gateways renew one after the other and the sum of what
//! they hold is never more than a limit. It reports what the gateway uses and returns what it may use from now on.
//! The statements use JSON, because one statement handles all limits of a gateway; SQLite needs none of this.
//!
//! In: [`LimitUses`]. Out: [`SharedState`]. Must not know: what is limited, when it is renewed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Row as _;

use super::installation_id::random_id;
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::shared_limits::{
    BucketLevel, BucketUse, LimitUses, SharedState, SlotGrant, SlotHolder, SlotUse, allowed_slots, minimum_slots,
    unwanted_slots,
};

/// Maximum duration of a renewal.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(2);

/// The time by the clock of the database. A macro, because the SQL texts are constants.
macro_rules! now {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
    };
}

/// The leases of this gateway.
#[derive(Debug)]
pub struct Leases {
    store: Store,
    gateway: String,
    lifetime: Duration,
}

/// What the gateways hold and want of one limit, by their ids. All gateways read them in the same order.
type Holders = BTreeMap<String, SlotHolder>;

impl Store {
    /// Leases for a gateway that starts; `None` on SQLite. They expire after `lifetime` without a renewal.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn leases(&self, lifetime: Duration) -> Result<Option<Leases>, StoreError> {
        if !self.backend.has_server() {
            return Ok(None);
        }
        Ok(Some(Leases { store: self.clone(), gateway: random_id()?, lifetime }))
    }
}

impl Leases {
    /// The id of this gateway.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Renews the leases: stores what is used, and returns what may be used. Takes no longer than `limit`.
    ///
    /// # Errors
    /// If the store is not available. It may have stored the use then. What it returned before stays valid until the
    /// leases expire.
    pub async fn renew(&self, uses: &LimitUses, limit: Duration) -> Result<SharedState, StoreError> {
        let renewed = tokio::time::timeout(RENEWAL_TIMEOUT.min(limit), self.renew_together(uses)).await;
        renewed.unwrap_or(Err(StoreError::TimedOut))
    }

    async fn renew_together(&self, uses: &LimitUses) -> Result<SharedState, StoreError> {
        let mut transaction = self.begin().await?;
        let gateways = self.renew_gateway(&mut transaction).await?;
        let holders = self.other_holders(&mut transaction, &uses.slots).await?;
        let slots: Vec<SlotGrant> =
            uses.slots.iter().map(|used| self.grant(used, holders.get(&used.budget), gateways)).collect();
        self.write_leases(&mut transaction, uses, &slots).await?;
        let buckets = update_buckets(&mut transaction, &uses.buckets).await?;
        transaction.commit_without_credentials().await?;
        Ok(SharedState { gateways, slots, buckets })
    }

    /// Returns all slots at once, because the gateway stops.
    ///
    /// # Errors
    /// If the store is not available. The slots expire then.
    pub async fn end(&self) -> Result<(), StoreError> {
        let ended = async {
            let mut transaction = self.begin().await?;
            let delete = "DELETE FROM gateways WHERE id = $1";
            sqlx::query(delete).bind(self.gateway.clone()).execute(&mut *transaction).await?;
            transaction.commit_without_credentials().await
        };
        tokio::time::timeout(RENEWAL_TIMEOUT, ended).await.unwrap_or(Err(StoreError::TimedOut))
    }

    /// Deletes the buckets that are full again.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_buckets(&self) -> Result<(), StoreError> {
        let delete = concat!(
            "DELETE FROM shared_buckets WHERE updated_at < ",
            now!(),
            " - 60 AND level + (",
            now!(),
            " - updated_at) * per_second >= burst"
        );
        let purged = async {
            let mut transaction = self.begin().await?;
            sqlx::query(delete).execute(&mut *transaction).await?;
            transaction.commit_without_credentials().await
        };
        tokio::time::timeout(RENEWAL_TIMEOUT, purged).await.unwrap_or(Err(StoreError::TimedOut))
    }

    /// Begins a transaction and waits for the transactions of other gateways. Their commits need not be durable: after
    /// a crash of the server, the next renewal stores everything again. A gateway that stops in the middle blocks
    /// the others no longer than the timeout.
    async fn begin(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.store.begin().await?;
        let setup = "SELECT CAST(set_config('synchronous_commit', 'off', true) AS TEXT), \
                     CAST(set_config('idle_in_transaction_session_timeout', '2000', true) AS TEXT), \
                     CAST(pg_advisory_xact_lock(hashtext('odoo_gateway leases'), hashtext(current_schema())) AS TEXT)";
        sqlx::query(setup).execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// Deletes the gateways that did not renew in time. Returns how many are left, including this one.
    async fn renew_gateway(&self, transaction: &mut Transaction) -> Result<u32, StoreError> {
        // The parts of a statement do not see each other's changes: the others are counted, and this gateway is added.
        let renew = concat!(
            "WITH clock AS MATERIALIZED (SELECT ",
            now!(),
            " AS now), expired AS (DELETE FROM gateways USING clock WHERE id <> $1 AND expires_at < now), \
             renewed AS (INSERT INTO gateways (id, expires_at) SELECT $1, now + $2 FROM clock \
             ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at) \
             SELECT CAST(count(*) AS BIGINT) FROM gateways, clock WHERE id <> $1 AND expires_at >= now"
        );
        let query = sqlx::query(renew).bind(self.gateway.clone()).bind(self.lifetime.as_secs_f64());
        let others: i64 = query.fetch_one(&mut **transaction).await?.try_get(0)?;
        Ok(number(others).saturating_add(1))
    }

    /// What the other gateways hold of these limits.
    async fn other_holders(
        &self,
        transaction: &mut Transaction,
        slots: &[SlotUse],
    ) -> Result<HashMap<String, Holders>, StoreError> {
        let select = "SELECT budget, gateway_id, held, wanted FROM leases WHERE gateway_id <> $1 AND budget IN \
                      (SELECT json_array_elements_text(CAST($2 AS JSON)))";
        let names: Value = slots.iter().map(|used| used.budget.as_str()).collect();
        let query = sqlx::query(select).bind(self.gateway.clone()).bind(names.to_string());
        let mut holders: HashMap<String, Holders> = HashMap::new();
        for row in query.fetch_all(&mut **transaction).await? {
            let holder = SlotHolder { held: number(row.try_get("held")?), wanted: number(row.try_get("wanted")?) };
            holders.entry(row.try_get("budget")?).or_default().insert(row.try_get("gateway_id")?, holder);
        }
        Ok(holders)
    }

    fn grant(&self, used: &SlotUse, others: Option<&Holders>, gateways: u32) -> SlotGrant {
        let minimum = if used.has_minimum { minimum_slots(used.capacity, gateways) } else { 0 };
        let mut all = others.cloned().unwrap_or_default();
        all.insert(self.gateway.clone(), SlotHolder { held: used.held, wanted: used.wanted });
        let own = all.keys().position(|gateway| *gateway == self.gateway).unwrap_or_default();
        let holders: Vec<SlotHolder> = all.into_values().collect();
        let (allowed, share) = allowed_slots(used.capacity, minimum, &holders, own);
        let allowed = allowed.max(used.kept.min(unwanted_slots(used.capacity, minimum, &holders, own)));
        let is_complete = allowed >= used.wanted.min(used.capacity);
        SlotGrant { budget: used.budget.clone(), allowed, is_complete, is_final: allowed == share }
    }

    /// Stores what the gateway holds: of slots that it must return, what it held when it began to renew.
    async fn write_leases(
        &self,
        transaction: &mut Transaction,
        uses: &LimitUses,
        grants: &[SlotGrant],
    ) -> Result<(), StoreError> {
        let slots = uses.slots.iter().zip(grants);
        let slots = slots.map(|(used, grant)| (&used.budget, used.held.max(grant.allowed), used.wanted));
        let buckets = uses.buckets.iter().map(|used| (&used.budget, 0, 1));
        let leases = slots.chain(buckets);
        let leases: Value =
            leases.map(|(budget, held, wanted)| json!({"budget": budget, "held": held, "wanted": wanted})).collect();
        let write = "WITH used AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST($2 AS JSON)) \
                     AS used (budget TEXT, held BIGINT, wanted BIGINT)), \
                     unused AS (DELETE FROM leases WHERE gateway_id = $1 AND budget NOT IN (SELECT budget FROM used)) \
                     INSERT INTO leases AS lease (budget, gateway_id, held, wanted) \
                     SELECT budget, $1, held, wanted FROM used \
                     ON CONFLICT (budget, gateway_id) DO UPDATE SET held = excluded.held, wanted = excluded.wanted \
                     WHERE (lease.held, lease.wanted) IS DISTINCT FROM (excluded.held, excluded.wanted)";
        let query = sqlx::query(write).bind(self.gateway.clone()).bind(leases.to_string());
        query.execute(&mut **transaction).await?;
        Ok(())
    }
}

/// Refills the buckets, takes what was used, and returns their levels. The difference between `burst` and `level` of
/// a row that is inserted is what was used.
async fn update_buckets(transaction: &mut Transaction, buckets: &[BucketUse]) -> Result<Vec<BucketLevel>, StoreError> {
    if buckets.is_empty() {
        return Ok(Vec::new());
    }
    let upsert = concat!(
        "INSERT INTO shared_buckets AS bucket (budget, level, burst, per_second, updated_at) \
         SELECT budget, burst - used, burst, per_second, ",
        now!(),
        " FROM json_to_recordset(CAST($1 AS JSON)) AS used \
         (budget TEXT, used DOUBLE PRECISION, burst DOUBLE PRECISION, per_second DOUBLE PRECISION) \
         ON CONFLICT (budget) DO UPDATE SET level = LEAST(excluded.burst, LEAST(excluded.burst, bucket.level \
         + GREATEST(0, excluded.updated_at - bucket.updated_at) * excluded.per_second) \
         - (excluded.burst - excluded.level)), burst = excluded.burst, per_second = excluded.per_second, \
         updated_at = excluded.updated_at RETURNING budget, level, (SELECT CAST(count(*) AS BIGINT) FROM leases \
         WHERE leases.budget = bucket.budget) AS users"
    );
    let used = |used: &BucketUse| json!({"budget": used.budget, "used": used.used, "burst": used.burst, "per_second": used.per_second});
    let uses: Value = buckets.iter().map(used).collect();
    let rows = sqlx::query(upsert).bind(uses.to_string()).fetch_all(&mut **transaction).await?;
    let level = |row: &sqlx::any::AnyRow| {
        let users: i64 = row.try_get("users")?;
        Ok(BucketLevel { budget: row.try_get("budget")?, level: row.try_get("level")?, users: number(users).max(1) })
    };
    rows.iter().map(level).collect()
}

fn number(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}
