//! Responses: content negotiation, headers that several parts of the gateway set, and problems as responses.
//!
//! In: request headers, outcomes, problems. Out: formats, headers, responses. Must not know: routes, requests as
//! objects.

pub(super) mod headers;
pub(super) mod negotiate;
pub(super) mod packed_content;
pub(super) mod problem;
pub(super) mod tagged_content;
