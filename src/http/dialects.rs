//! dialects

pub(super) mod api;
pub(super) mod api_v1;
pub(super) mod restapi;
pub(super) mod restful;
