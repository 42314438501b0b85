//! What the client asks for, in terms that all dialects share.
//!
//! In: a request that a dialect parsed into names, ids and values. Out: [`Intent`]. Must not know: paths, parameters,
//! media types. An intent is not checked: it may contain unknown fields, values of the wrong type, ids that do not
//! exist.

use super::call::Effect;
use super::filters::Filter;
use super::method_policy;
use super::scope::Operation;
use super::values::Values;
use crate::language::domain::Domain;
use crate::language::order::Order;
use crate::language::selection::Selection;
use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// An action on a model, and how its result is returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The model.
    pub model: ModelName,
    /// The action.
    pub action: Action,
    /// How many2one values are returned.
    pub many2one_display: Many2oneDisplay,
    /// The name of the parameter that contains the domain.
    pub domain_parameter: &'static str,
}

/// How Odoo returns a many2one. Names cost about a third of the time of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Many2oneDisplay {
    /// With the name of the related record.
    #[default]
    Named,
    /// Only the id.
    Bare,
}

/// The requested fields of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldSet {
    /// `id`, then every field that this user may read.
    All,
    /// `id`, then these, in this order.
    Named(Vec<FieldName>),
    /// Exactly these, in this order, with nested fields of relations.
    Selected(Selection),
}

/// What a write returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returning {
    /// The ids of the records, without a further call.
    Ids,
    /// The records after the write.
    Records(FieldSet),
    /// The written fields after the write, then `id`.
    Written,
}

/// A window of the records that a domain finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// The number of records to skip.
    pub offset: u32,
    /// The maximum number of records; `None` for all.
    pub limit: Option<u32>,
    /// The order; `None` for the default order of the model.
    pub order: Option<Order>,
}

/// The action on the records of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Whether the user has all of these access rights to the model.
    CheckAccess {
        /// The access rights.
        operations: Vec<AccessOperation>,
        /// Whether a missing right is an error or a result.
        raise: bool,
    },
    /// The ids of the records found.
    Search {
        /// The domain.
        domain: Domain<'static>,
        /// The window.
        window: Window,
    },
    /// The number of records found.
    Count {
        /// The domain.
        domain: Domain<'static>,
    },
    /// The records found.
    List {
        /// The domain.
        domain: Domain<'static>,
        /// Further conditions.
        filters: Vec<Filter>,
        /// The window.
        window: Window,
        /// The fields of each record.
        fields: FieldSet,
        /// Whether the number of all records found is also returned.
        with_total: bool,
    },
    /// One record by its id.
    ReadOne {
        /// The id.
        id: RecordId,
        /// The fields.
        fields: FieldSet,
    },
    /// Records by their ids, in this order, duplicates included.
    ReadMany {
        /// The ids.
        ids: Vec<RecordId>,
        /// The fields of each record.
        fields: FieldSet,
    },
    /// The content of a binary field of a record, with its name and media type.
    ReadContent {
        /// The record's id.
        id: RecordId,
        /// The field.
        field: FieldName,
    },
    /// The description of the model's fields.
    DescribeFields {
        /// The fields.
        fields: FieldSet,
        /// The attributes of each field; empty for all.
        attributes: Vec<String>,
    },
    /// A new record.
    CreateOne {
        /// The values.
        values: Values,
        /// What the response contains.
        returning: Returning,
    },
    /// Several new records: all or none.
    CreateMany {
        /// The values of each record.
        records: Values,
        /// What the response contains.
        returning: Returning,
    },
    /// A change of records.
    Update {
        /// The records; [`RecordSet::One`] returns a record, the others a list.
        target: RecordSet,
        /// The values.
        values: Values,
        /// What the response contains.
        returning: Returning,
    },
    /// The deletion of records.
    Delete {
        /// The records.
        target: RecordSet,
    },
    /// A method of the model or of a record.
    Call {
        /// The method.
        method: MethodName,
        /// The record, for a method of a record.
        id: Option<RecordId>,
        /// Positional arguments after the ids.
        args: Vec<Value<'static>>,
        /// Named arguments; a `context` among them takes precedence over all others.
        kwargs: Vec<Member<'static>>,
    },
    /// A method whose arguments are all named as in Odoo 19. Its context starts empty.
    CallByName {
        /// The method.
        method: MethodName,
        /// The ids of the records, as the client sent them.
        ids: Value<'static>,
        /// Named arguments; a `context` among them takes precedence over all others.
        arguments: Vec<Member<'static>>,
    },
}

impl Action {
    /// Whether it returns any number of records that can be fetched page by page.
    #[must_use]
    pub fn is_listing(&self) -> bool {
        matches!(self, Self::Search { .. } | Self::List { .. } | Self::ReadMany { .. })
    }

    /// Whether it can change data. Requests with a safe method (RFC 9110, section 9.2.1) must not.
    #[must_use]
    pub fn may_write(&self) -> bool {
        match self {
            Self::CheckAccess { .. } | Self::Search { .. } | Self::Count { .. } | Self::List { .. } => false,
            Self::ReadOne { .. } | Self::ReadMany { .. } | Self::ReadContent { .. } => false,
            Self::DescribeFields { .. } => false,
            Self::CreateOne { .. } | Self::CreateMany { .. } | Self::Update { .. } | Self::Delete { .. } => true,
            Self::Call { method, .. } | Self::CallByName { method, .. } => {
                method_policy::classify(method) != Ok(Effect::Read)
            }
        }
    }
}

/// One record or several: the same action, with another form of result.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordSet {
    /// One record.
    One(RecordId),
    /// Several, in the order of the request, duplicates included.
    Many(Vec<RecordId>),
    /// All that a domain finds; finding none is not an error.
    Matching(Domain<'static>),
}

/// The access rights of Odoo.
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
    /// The name in Odoo.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Unlink => "unlink",
        }
    }

    /// The operation of a scope that the access right belongs to.
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Read => Operation::Read,
            Self::Write => Operation::Update,
            Self::Unlink => Operation::Delete,
        }
    }

    /// The access right of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Read, Self::Write, Self::Unlink].into_iter().find(|operation| operation.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_counts_as_writing_unless_it_is_known_to_only_read() {
        for (name, expected) in [("search_read", false), ("write", true), ("export_data", true), ("_private", true)] {
            let method = MethodName::parse(name).unwrap();
            let call = Action::Call { method, id: None, args: Vec::new(), kwargs: Vec::new() };
            assert_eq!(call.may_write(), expected, "{name}");
        }
        assert!(!Action::Count { domain: Domain::default() }.may_write());
        assert!(Action::Delete { target: RecordSet::Many(Vec::new()) }.may_write());
    }
}
