//! HTTP as callers see it: what every answer has in common.
//!
//! In: requests from [`serve`](crate::serve). Out: answers. Must not know: how Odoo is asked.

pub mod layers;
pub mod problem;
