//! What a gateway reports about the limits that it uses, and what it gets.
//!
//! In: nothing. Out: plain values. Must not know: how they are stored.

/// The use of a number of slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotUse {
    /// The name of the limit, the same in all gateways.
    pub budget: String,
    /// The slots of all gateways together.
    pub capacity: u32,
    /// Whether each gateway keeps some slots while it does not use them.
    pub has_minimum: bool,
    /// The slots that this gateway holds.
    pub held: u32,
    /// The slots that it could use.
    pub wanted: u32,
    /// The slots that it keeps as long as no other gateway wants them.
    pub kept: u32,
}

/// The use of a token bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketUse {
    /// The name of the limit, the same in all gateways.
    pub budget: String,
    /// The tokens that were taken since the last report; negative if more were returned.
    pub used: f64,
    /// The size of the bucket.
    pub burst: f64,
    /// The tokens that are added each second.
    pub per_second: f64,
}

/// Everything that one gateway reports at a time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitUses {
    /// The slots that it holds or wants.
    pub slots: Vec<SlotUse>,
    /// The buckets that it used recently.
    pub buckets: Vec<BucketUse>,
}

/// The slots that a gateway may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotGrant {
    /// The name of the limit.
    pub budget: String,
    /// The number of slots. If the gateway holds more, it returns them as soon as they are free.
    pub allowed: u32,
    /// Whether that is all it wanted.
    pub is_complete: bool,
    /// Whether that is its fair share, so that it does not grow as soon as other gateways return slots.
    pub is_final: bool,
}

/// The state of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketLevel {
    /// The name of the limit.
    pub budget: String,
    /// The tokens for all gateways together; negative if they used too many.
    pub level: f64,
    /// The gateways that use it, at least 1.
    pub users: u32,
}

/// The result of a renewal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SharedState {
    /// The gateways that are alive.
    pub gateways: u32,
    /// One for each reported slot use.
    pub slots: Vec<SlotGrant>,
    /// One for each reported bucket use.
    pub buckets: Vec<BucketLevel>,
}
