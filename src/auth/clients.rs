//! clients

pub(super) mod application;
pub(super) mod approval;
pub(super) mod consumer_secret;
