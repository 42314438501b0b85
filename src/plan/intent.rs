//! What a caller wishes, in words that all four families share.
//!
//! In: a family's request, already read into names, ids and values. Out: [`Wish`]. Must not know: paths, parameters,
//! media types. A wish may be nonsense: unknown fields, values of the wrong type, ids that do not exist.

use super::call::Effect;
use super::filters::Filter;
use super::method;
use super::values::Values;
use crate::language::domain::Domain;
use crate::language::order::Order;
use crate::language::selection::Selection;
use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// What is wished of which model, in which surroundings.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The model.
    pub model: ModelName,
    /// The deed.
    pub deed: Deed,
    /// How a many2one is wanted.
    pub links: Links,
    /// The name that the deed's domain has in the request.
    pub domain_parameter: &'static str,
}

/// How Odoo is to write a many2one. Names cost it about a third of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// With the name of what it leads to.
    #[default]
    Named,
    /// The id is enough.
    Bare,
}

/// Which fields of a record are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// `id`, then every field that this user may read.
    All,
    /// `id`, then these, in this order.
    Named(Vec<FieldName>),
    /// Exactly these, in this order, with what stands behind relations.
    Selected(Selection),
}

/// What a write answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// Which records it was: no further call.
    Ids,
    /// The records as they now are.
    Records(Fields),
    /// The fields that were written as they now are, then `id`.
    Written,
}

/// A slice of the records that a domain finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slice {
    /// How many to leave out at the beginning.
    pub offset: u32,
    /// How many at most; `None` for all.
    pub limit: Option<u32>,
    /// In which order; `None` for the model's own.
    pub order: Option<Order>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Whether the caller may do all of these with the model's records.
    CheckAccess {
        /// Some of create, read, write, unlink.
        operations: Vec<AccessOperation>,
        /// Whether a "no" is an error or an answer.
        raise: bool,
    },
    /// The ids of the records found.
    Search {
        /// What to find.
        domain: Domain<'static>,
        /// Which part of it.
        slice: Slice,
    },
    /// How many records are found.
    Count {
        /// What to find.
        domain: Domain<'static>,
    },
    /// The records found.
    List {
        /// What to find.
        domain: Domain<'static>,
        /// What must hold besides.
        filters: Vec<Filter>,
        /// Which part of it.
        slice: Slice,
        /// What of each.
        fields: Fields,
        /// Whether the number of all records found is wanted too.
        counted: bool,
    },
    /// One record by its id.
    ReadOne {
        /// Its id.
        id: RecordId,
        /// What of it.
        fields: Fields,
    },
    /// Records by their ids, in that order, duplicates kept.
    ReadMany {
        /// Their ids.
        ids: Vec<RecordId>,
        /// What of each.
        fields: Fields,
    },
    /// What a binary field of a record holds, with what the record says of it.
    ReadContent {
        /// The record's id.
        id: RecordId,
        /// The field.
        field: FieldName,
    },
    /// The description of the model's fields.
    DescribeFields {
        /// Only these.
        fields: Fields,
        /// Only these attributes of each; empty for all.
        attributes: Vec<String>,
    },
    /// A new record.
    CreateOne {
        /// Its values.
        values: Values,
        /// What is answered.
        back: Back,
    },
    /// Many new records: all or none.
    CreateMany {
        /// The values of each.
        records: Values,
        /// What is answered.
        back: Back,
    },
    /// New values for records.
    Update {
        /// Which records; [`Target::One`] answers a record, the others a list.
        target: Target,
        /// The values.
        values: Values,
        /// What is answered.
        back: Back,
    },
    /// The end of records.
    Delete {
        /// Which records.
        target: Target,
    },
    /// A method of the model or of a record.
    Call {
        /// The method.
        method: MethodName,
        /// The record, for a method of a record.
        id: Option<RecordId>,
        /// Positional arguments after the ids.
        args: Vec<Value<'static>>,
        /// Named arguments; a `context` among them goes before every other.
        kwargs: Vec<Member<'static>>,
    },
}

impl Deed {
    /// Whether it answers any number of records, which can be had one by one.
    #[must_use]
    pub fn is_listing(&self) -> bool {
        matches!(self, Self::Search { .. } | Self::List { .. } | Self::ReadMany { .. })
    }

    /// Whether it may leave something behind. No request with a safe method (RFC 9110, 9.2.1) may wish that.
    #[must_use]
    pub fn may_write(&self) -> bool {
        match self {
            Self::CheckAccess { .. } | Self::Search { .. } | Self::Count { .. } | Self::List { .. } => false,
            Self::ReadOne { .. } | Self::ReadMany { .. } | Self::ReadContent { .. } => false,
            Self::DescribeFields { .. } => false,
            Self::CreateOne { .. } | Self::CreateMany { .. } | Self::Update { .. } | Self::Delete { .. } => true,
            Self::Call { method, .. } => method::judge(method) != Ok(Effect::Read),
        }
    }
}

/// One record or a set of them: the same deed, another form of answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One record.
    One(RecordId),
    /// A set, in the caller's order, duplicates kept.
    Many(Vec<RecordId>),
    /// All that a domain finds; none is no mistake.
    Found(Domain<'static>),
}

/// What Odoo's access rights tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessOperation {
    /// `create`
    Create,
    /// `read`
    Read,
    /// `write`
    Write,
    /// `unlink`
    Unlink,
}

impl AccessOperation {
    /// Odoo's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Unlink => "unlink",
        }
    }

    /// The operation of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Read, Self::Write, Self::Unlink].into_iter().find(|operation| operation.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_may_write_unless_it_is_known_to_read() {
        for (name, expected) in [("search_read", false), ("write", true), ("export_data", true), ("_private", true)] {
            let method = MethodName::parse(name).unwrap();
            let call = Deed::Call { method, id: None, args: Vec::new(), kwargs: Vec::new() };
            assert_eq!(call.may_write(), expected, "{name}");
        }
        assert!(!Deed::Count { domain: Domain::default() }.may_write());
        assert!(Deed::Delete { target: Target::Many(Vec::new()) }.may_write());
    }
}
