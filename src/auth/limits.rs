//! limits

pub(super) mod check_slots;
pub(super) mod concurrency;
pub(super) mod min_failure_time;
pub(super) mod proven_addresses;
pub(super) mod rate_limit;
pub(super) mod throttle;
