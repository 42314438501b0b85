//! Limits: on failed attempts, on the use of a token, and on concurrent verifications by Odoo.
//!
//! ```text
//! token_bucket      the algorithm of `throttle` and `rate_limit`
//! throttle          how often a login or token may be tried without success
//! min_failure_time  the times at which rejections are returned
//! token_rejection   both of them, applied to a rejected token
//! rate_limit        how often an API key may be used
//! key_concurrency   how many concurrent requests an API key may have
//! usage_limits      both of them, for the row of a token
//! shared            what all gateways share, for a renewal
//! check_slots       how many passwords one database verifies at a time
//! proven_addresses  the addresses from which a login was verified before
//! ```
//!
//! In: addresses, logins, ids of keys, the time. Out: permission, or how long to wait. Must not know: secrets, HTTP.

pub(super) mod check_slots;
pub(super) mod key_concurrency;
pub(super) mod min_failure_time;
pub(super) mod proven_addresses;
pub(super) mod rate_limit;
pub(super) mod shared;
pub(super) mod throttle;
mod token_bucket;
pub(super) mod token_rejection;
pub(super) mod usage_limits;
