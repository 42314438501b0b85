//! response

pub(super) mod export;
pub(super) mod negotiate;
pub(super) mod problem;
