//! The outcome of a plan.
//!
//! In: nothing. Out: [`Outcome`], which owns Odoo's responses unparsed, so that the shape stage can borrow from them.
//! Must not know: how a plan is executed, media types.

use super::reply::Reply;
use super::returned_records::{RecordSource, Records};
use crate::names::RecordId;
use crate::plan::GroupRows;

/// The outcome of a plan.
#[derive(Debug)]
pub enum Outcome {
    /// Whether the user has all requested rights.
    Access(bool),
    /// A list of ids.
    Ids(Vec<RecordId>),
    /// A number of records.
    Count(i64),
    /// Records.
    Records(Records),
    /// Records that were written, of which only the ids are requested.
    Written {
        /// The ids.
        ids: Vec<RecordId>,
        /// Whether the client addressed one record, not a list.
        one: bool,
    },
    /// Descriptions of fields, by name.
    Fields(Reply),
    /// The ids of deleted records.
    Deleted(Vec<RecordId>),
    /// The result of a method.
    Result(Reply),
    /// Groups of records, and what converts them to the form of the method that was called.
    Groups(Reply, GroupRows),
}

impl Outcome {
    /// The number of bytes of Odoo's response that are still to be parsed.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Fields(reply) | Self::Result(reply) | Self::Groups(reply, _) => reply.size(),
            Self::Records(Records { source: RecordSource::Reply(reply) | RecordSource::Page(reply), .. }) => {
                reply.size()
            }
            _ => 0,
        }
    }
}
