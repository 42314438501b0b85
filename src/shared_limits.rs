//! Limits that hold over all gateways on one PostgreSQL: what each gateway holds of them, and who gets how much.
//!
//! A limit is shared in one of two ways. Neither needs a query while a request is processed.
//!
//! ```text
//! slots     the calls to one Odoo, the requests of one key: a gateway holds a number of slots, and asks for as many
//!           as it uses. The slots of all gateways together are never more than the limit.
//! buckets   rates and failed logins: a gateway reports what it has used, and learns what is left. Of a rate it may use
//!           its part of the rest, of failed logins the rest.
//! ```
//!
//! A task renews everything that is in use in one transaction: several times a second, and at once if a gateway has
//! used up its part and the last renewal did not show that nothing is left. A gateway that ends without notice has
//! its slots until they expire. A gateway that cannot reach the store uses what it holds for that time, and then its
//! minimum; a key has an equal share at least. Where there is no minimum, a gateway that gets nothing takes one slot
//! after a second. With SQLite nothing is shared, and nothing here costs anything.
//!
//! ```text
//! allocation   fair shares of a limit (pure)
//! usage        what a gateway reports and what it gets
//! demand       the greatest demand of the last second
//! denial       a gateway that gets no slot
//! deferrable   callers that let others pass
//! renewals     requests of a renewal, and its end
//! slots        a semaphore with a size that changes
//! ```
//!
//! In: the use of limits. Out: permits. Must not know: what is limited, the store.

mod allocation;
mod deferrable;
mod demand;
mod denial;
mod renewals;
mod slots;
mod usage;

pub use self::allocation::{SlotHolder, allowed_slots, minimum_slots, unwanted_slots};
pub use self::demand::RecentDemand;
pub use self::renewals::Renewals;
pub use self::slots::{LeasedSlots, SlotPermit};
pub use self::usage::{BucketLevel, BucketUse, LimitUses, SharedState, SlotGrant, SlotUse};
