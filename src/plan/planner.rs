//! A wish that can be granted, as the calls that grant it.
//!
//! In: a [`Wish`], the caller's [`Scope`] and what is [`Known`]. Out: a [`Plan`]. Must not know: how calls are sent, how answers look.
//!
//! | wish | calls (contract section 8) |
//! |---|---|
//! | search, count, list, read, describe, call | 1; 1 more for a method that changes records by their ids |
//! | check access | 1 an operation |
//! | list with total | 1; 2 where the page does not tell |
//! | nested | 1 (Odoo 17+), else 1 and 1 for each model on each level |
//! | create | create, read |
//! | update | prove, write, read |
//! | delete | prove, unlink |
//!
//! A write that answers ids alone spares the read.
//!
//! "Prove" reads one stored column of all ids at once: `write` and `unlink` answer `True` for ids that do not exist
//! and act on the others (Odoo 14..19), and a record that a rule hides makes the read an access error.

use std::sync::Arc;

use super::call::{Call, OrmMethod, id_list, with_context};
use super::context::{self, ContextAsked};
use super::fields::{Column, Columns, columns, content_columns, named, own_order, proof_column};
use super::fields::{total_order, written_columns};
use super::filters::Filter;
use super::intent::{AccessOperation, Back, Deed, Fields, Links, Slice, Target, Wish};
use super::metadata::{Known, PlanError, own_order_of, schema_of};
use super::method_ids::proven_ids;
use super::pages::Pager;
use super::query_plan::{List, Merging, Plan, Prove, Read, Update, Way, search};
use super::schema::{FieldType, Schema};
use super::scope::{Operation, Scope};
use super::scope_check::{Guard, Use, admit_method, check_call, check_context, operation_of, polymorphic};
use super::values::{Merge, Purpose, Values, check_given, check_many_given, merges};
use super::{domain, filters, method};
use crate::error::Problem;
use crate::language::domain::Domain;
use crate::language::order::Order;
use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// Attributes of `fields_get` that every Odoo 14..19 can send for every field.
const SENDABLE_ATTRIBUTES: [&str; 22] = [
    "type",
    "string",
    "help",
    "required",
    "readonly",
    "store",
    "relation",
    "relation_field",
    "selection",
    "size",
    "digits",
    "currency_field",
    "searchable",
    "sortable",
    "company_dependent",
    "translate",
    "related",
    "depends",
    "groups",
    "manual",
    "aggregator",
    "group_operator",
];

/// Plans. The wish stays whole when something is lacking, so that it can be planned again.
///
/// # Errors
/// What is lacking, or why the wish cannot be granted.
pub fn plan(wish: &mut Wish, asked: &ContextAsked, scope: &Scope, known: &dyn Known) -> Result<Plan, PlanError> {
    let (planner, deed) = Planner::admit(wish, asked, scope, known)?;
    match deed {
        Deed::CheckAccess { operations, raise } => planner.check_access(operations, *raise),
        Deed::Search { domain, slice } => planner.search(domain, slice),
        Deed::Count { domain } => planner.count(domain),
        Deed::List { domain, filters, slice, fields, counted } => {
            planner.list((domain, filters), slice, fields, *counted)
        }
        Deed::ReadOne { id, fields } => planner.read(vec![*id], fields, true),
        Deed::ReadMany { ids, fields } => planner.read(ids.clone(), fields, false),
        Deed::ReadContent { id, field } => planner.content(*id, field),
        Deed::DescribeFields { fields, attributes } => planner.describe_fields(fields, attributes),
        Deed::CreateOne { values, back } => planner.create_one(values, back),
        Deed::CreateMany { records, back } => planner.create_many(records, back),
        Deed::Update { target, values, back } => planner.update(target, values, back),
        Deed::Delete { target } => planner.delete(target),
        Deed::Call { method, id, args, kwargs } => planner.call(method, *id, args, kwargs),
    }
}

/// Plans a [listing](Deed::is_listing) page by page.
///
/// # Errors
/// As [`plan`].
pub fn plan_pages(wish: &mut Wish, asked: &ContextAsked, scope: &Scope, known: &dyn Known) -> Result<Pager, PlanError> {
    let (planner, deed) = Planner::admit(wish, asked, scope, known)?;
    match deed {
        Deed::Search { domain, slice } => planner.pages_of_ids(domain, slice),
        Deed::List { domain, filters, slice, fields, counted: _ } => {
            planner.pages_of_list((domain, filters), slice, fields)
        }
        Deed::ReadMany { ids, fields } => planner.pages_of_given(ids, fields),
        _ => Err(Problem::internal("pages of what is no listing").into()),
    }
}

/// Asks for the model and the operation, before anything is looked at. Answers the operation, except of a method, which
/// is looked at with its arguments, and of a question for rights, which the scope answers itself.
fn admit(guard: Guard<'_>, model: &ModelName, deed: &Deed) -> Result<Option<Operation>, PlanError> {
    let operation = match deed {
        Deed::CheckAccess { .. } => return Ok(None),
        Deed::Call { method, .. } => {
            method::judge(method)?;
            admit_method(guard, model, method)?;
            return Ok(None);
        }
        Deed::Search { .. } | Deed::Count { .. } | Deed::List { .. } => Operation::Read,
        Deed::ReadOne { .. } | Deed::ReadMany { .. } | Deed::ReadContent { .. } => Operation::Read,
        Deed::DescribeFields { .. } => Operation::Read,
        Deed::CreateOne { .. } | Deed::CreateMany { .. } => Operation::Create,
        Deed::Update { .. } => Operation::Update,
        Deed::Delete { .. } => Operation::Delete,
    };
    guard.model(model, operation, &"model")?;
    Ok(Some(operation))
}

struct Planner<'w> {
    model: &'w ModelName,
    known: &'w dyn Known,
    scope: &'w Scope,
    links: Links,
    domain_parameter: &'static str,
    context: Vec<Member<'static>>,
}

/// A domain, and filters that hold too.
type Sought<'a> = (&'a Domain<'static>, &'a [Filter]);

impl<'w> Planner<'w> {
    /// A planner for a wish whose model, operation and context are within the scope.
    fn admit(
        wish: &'w mut Wish,
        asked: &ContextAsked,
        scope: &'w Scope,
        known: &'w dyn Known,
    ) -> Result<(Self, &'w mut Deed), PlanError> {
        let Wish { model, deed, links, domain_parameter } = wish;
        let admitted = admit(Guard::new(scope, &[]), model, deed)?;
        let context = context::resolve(asked, known)?;
        let planner = Self { model, known, scope, links: *links, domain_parameter, context };
        match (admitted, &*deed) {
            (None, Deed::Call { .. }) => {}
            (None, _) => check_context(planner.guard(), model, Use::Reading, known)?,
            (Some(operation), _) => planner.admit_fields(operation)?,
        }
        Ok((planner, deed))
    }
}

impl Planner<'_> {
    fn guard(&self) -> Guard<'_> {
        Guard::knowing(self.scope, &self.context, self.known)
    }

    /// Checks what the context says of fields, and whose records these are too.
    fn admit_fields(&self, operation: Operation) -> Result<(), PlanError> {
        let way = if operation == Operation::Read { Use::Reading } else { Use::Writing };
        check_context(self.guard(), self.model, way, self.known)?;
        if self.guard().is_open() {
            return Ok(());
        }
        self.guard().schema(self.known, self.model, operation, &"model").map(|_| ())
    }

    fn schema(&self) -> Result<Arc<Schema>, PlanError> {
        schema_of(self.known, self.model)
    }

    fn orm(&self, method: OrmMethod, args: Vec<Value<'static>>) -> Call {
        Call::orm(self.model, method, args, &self.context)
    }

    /// `raise_exception` stays `False`: a `True` would answer `None`, which Odoo 19 cannot send.
    fn check_access(&self, operations: &[AccessOperation], raise: bool) -> Result<Plan, PlanError> {
        let beyond =
            operations.iter().map(|asked| operation_of(*asked)).find(|asked| !self.scope.allows(self.model, *asked));
        match beyond {
            Some(operation) if raise => self.guard().model(self.model, operation, &"operation")?,
            Some(_) => return Ok(Plan::NoAccess),
            None => {}
        }
        let check = |operation: &AccessOperation| {
            let args = vec![operation.as_str().into(), Value::Bool(false)];
            (*operation, self.orm(OrmMethod::CheckAccessRights, args))
        };
        Ok(Plan::CheckAccess { checks: operations.iter().map(check).collect(), raise })
    }

    fn search(&self, domain: &Domain<'static>, slice: &Slice) -> Result<Plan, PlanError> {
        let list = self.list_of((domain, &[]), slice, &Fields::Named(Vec::new()))?;
        Ok(Plan::Search(Box::new(list)))
    }

    fn count(&self, domain: &Domain<'static>) -> Result<Plan, PlanError> {
        let domain = self.domain(domain, &*self.schema()?)?;
        Ok(Plan::Count(self.orm(OrmMethod::SearchCount, vec![domain])))
    }

    fn list(&self, sought: Sought<'_>, slice: &Slice, fields: &Fields, counted: bool) -> Result<Plan, PlanError> {
        Ok(Plan::List { list: self.list_of(sought, slice, fields)?, counted })
    }

    /// Without named fields a binary's place holds its size: a list of pictures would be a list of megabytes.
    fn list_of(&self, (domain, filters): Sought<'_>, slice: &Slice, fields: &Fields) -> Result<List, PlanError> {
        let schema = self.schema()?;
        let sought = domain.clone().and(filters::condition(filters, &schema, self.guard())?);
        let domain = self.domain(&sought, &schema)?;
        let columns = self.columns(fields, &schema)?;
        // Last: what is refused is refused before Odoo is asked for the model's own order.
        let slice = self.slice(slice, &schema)?;
        let way = self.way(self.context_of_list(fields));
        Ok(List { model: self.model.clone(), domain, slice, columns, way })
    }

    fn pages_of_list(&self, sought: Sought<'_>, slice: &Slice, fields: &Fields) -> Result<Pager, PlanError> {
        let slice = self.slice_of_pages(slice)?;
        let list = self.list_of(sought, &slice, fields)?;
        Ok(Pager::of_list(list, &slice, &*self.schema()?))
    }

    fn pages_of_ids(&self, domain: &Domain<'static>, slice: &Slice) -> Result<Pager, PlanError> {
        let slice = self.slice_of_pages(slice)?;
        let list = self.list_of((domain, &[]), &slice, &Fields::Named(Vec::new()))?;
        Ok(Pager::of_ids(list, &slice, &*self.schema()?))
    }

    fn pages_of_given(&self, ids: &[RecordId], fields: &Fields) -> Result<Pager, PlanError> {
        let read = self.read_of(ids.to_vec(), fields, false)?;
        Ok(Pager::of_given(read, self.proof(ids, &*self.schema()?)))
    }

    fn columns(&self, fields: &Fields, schema: &Schema) -> Result<Columns, PlanError> {
        columns(fields, schema, self.known, self.guard())
    }

    fn way(&self, context: Vec<Member<'static>>) -> Way {
        Way { context, links: self.links, major: self.known.major_version() }
    }

    fn context_of_list(&self, fields: &Fields) -> Vec<Member<'static>> {
        let mut context = self.context.clone();
        if *fields == Fields::All && !context.iter().any(|(key, _)| key == "bin_size") {
            context.push(("bin_size".into(), Value::Bool(true)));
        }
        context
    }

    fn read(&self, ids: Vec<RecordId>, fields: &Fields, one: bool) -> Result<Plan, PlanError> {
        Ok(Plan::Read { read: self.read_of(ids, fields, one)?, one })
    }

    fn read_of(&self, ids: Vec<RecordId>, fields: &Fields, one: bool) -> Result<Read, PlanError> {
        let context = if one { self.context.clone() } else { self.context_of_list(fields) };
        polymorphic::check_ids(self.guard(), self.model)?;
        let columns = self.columns(fields, &*self.schema()?)?;
        Ok(Read { model: self.model.clone(), ids, columns, way: self.way(context) })
    }

    /// A context may ask for the size of binaries instead of them, here nobody does.
    fn content(&self, id: RecordId, field: &FieldName) -> Result<Plan, PlanError> {
        polymorphic::check_ids(self.guard(), self.model)?;
        let columns = content_columns(field, &*self.schema()?, self.guard())?;
        let asks_for_size = |(key, _): &Member<'_>| key.starts_with("bin_size");
        let context = self.context.iter().filter(|member| !asks_for_size(member)).cloned().collect();
        let read = Read { model: self.model.clone(), ids: vec![id], columns, way: self.way(context) };
        Ok(Plan::Read { read, one: true })
    }

    fn describe_fields(&self, fields: &Fields, attributes: &[String]) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let names = match fields {
            Fields::All if !self.guard().leaves_out_fields(&schema) => Value::List(Vec::new()),
            Fields::All => {
                let shown = self.columns(fields, &schema)?.shown;
                shown.iter().map(|column| Value::from(column.name.as_str().to_owned())).collect()
            }
            Fields::Selected(_) => return Err(Problem::internal("a selection of descriptions").into()),
            Fields::Named(names) => {
                let columns = named(names, &schema, "allfields", self.guard())?;
                columns.iter().map(|column| Value::from(column.name.as_str().to_owned())).collect()
            }
        };
        let call = |attributes: Option<Value<'static>>| {
            let mut args = vec![names.clone()];
            args.extend(attributes);
            self.orm(OrmMethod::FieldsGet, args)
        };
        let texts = |words: &mut dyn Iterator<Item = &str>| -> Value<'static> {
            words.map(|word| Value::from(word.to_owned())).collect()
        };
        let sendable = |word: &&str| attributes.is_empty() || attributes.iter().any(|asked| asked == word);
        let full = (!attributes.is_empty()).then(|| texts(&mut attributes.iter().map(String::as_str)));
        let sendable: Vec<&str> = SENDABLE_ATTRIBUTES.iter().filter(|word| sendable(word)).copied().collect();
        // A selection may read records of any model, which this user need not see.
        let bare: Vec<&str> = sendable.iter().filter(|word| **word != "selection").copied().collect();
        let reduced = [sendable, bare].into_iter().filter(|words| !words.is_empty());
        let reduced = reduced.map(|words| call(Some(texts(&mut words.into_iter())))).collect();
        Ok(Plan::DescribeFields { full: call(full), reduced })
    }

    fn create_one(&self, values: &mut Values, back: &Back) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let values = check_given(values, Purpose::Create, &schema, self.known, self.guard())?;
        let read_back = self.read_back(back, values, true, &schema)?;
        let create = self.orm(OrmMethod::Create, vec![std::mem::take(values)]);
        Ok(Plan::Create { create, read_back, one: true })
    }

    fn create_many(&self, records: &mut Values, back: &Back) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let records = check_many_given(records, &schema, self.known, self.guard())?;
        let first = records.as_list().and_then(<[_]>::first).unwrap_or(&Value::Null);
        let read_back = self.read_back(back, first, false, &schema)?;
        let create = self.orm(OrmMethod::Create, vec![std::mem::take(records)]);
        Ok(Plan::Create { create, read_back, one: false })
    }

    fn update(&self, target: &mut Target, values: &mut Values, back: &Back) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let mut prove = self.prove(target, &schema)?;
        let parameter = values.parameter();
        let values = check_given(values, Purpose::Update, &schema, self.known, self.guard())?;
        let merging = self.merging(merges(parameter, values, &schema), &mut prove);
        let one = matches!(target, Target::One(_));
        let read_back = self.read_back(back, values, one, &schema)?;
        let write = self.orm(OrmMethod::Write, vec![Value::Null, std::mem::take(values)]);
        Ok(Plan::Update(Box::new(Update { prove, merging, write, read_back, one })))
    }

    /// The proof, where it reads, reads along what fields hold that are written in part.
    fn merging(&self, merges: Vec<Merge>, prove: &mut Prove) -> Option<Merging> {
        if merges.is_empty() {
            return None;
        }
        let column = |merge: &Merge| Column { name: merge.field.clone(), kind: FieldType::Properties, within: None };
        let shown: Vec<Column> = merges.iter().map(column).collect();
        if let Prove::Ids { read, .. } = prove {
            read.columns.shown.clone_from(&shown);
        }
        let columns = Columns { shown, named: true, proof: None };
        let read = Read { model: self.model.clone(), ids: Vec::new(), columns, way: self.way(self.context.clone()) };
        Some(Merging { merges, read })
    }

    fn delete(&self, target: &mut Target) -> Result<Plan, PlanError> {
        let prove = self.prove(target, &*self.schema()?)?;
        Ok(Plan::Delete { unlink: self.orm(OrmMethod::Unlink, vec![Value::Null]), prove })
    }

    fn prove(&self, target: &mut Target, schema: &Schema) -> Result<Prove, PlanError> {
        let asked = match target {
            Target::Found(domain) => {
                let domain = self.domain(domain, schema)?;
                return Ok(Prove::Found(search(self.model, domain, &[], &self.context)));
            }
            Target::One(id) => vec![*id],
            Target::Many(ids) => ids.clone(),
        };
        polymorphic::check_ids(self.guard(), self.model)?;
        Ok(Prove::Ids { read: self.proof(&asked, schema), asked })
    }

    fn proof(&self, asked: &[RecordId], schema: &Schema) -> Read {
        let ids: indexmap::IndexSet<RecordId> = asked.iter().copied().collect();
        let columns = Columns { shown: Vec::new(), named: true, proof: proof_column(schema) };
        Read { model: self.model.clone(), ids: ids.into_iter().collect(), columns, way: self.way(self.context.clone()) }
    }

    /// The read of what was written, before it is known which records those are.
    fn read_back(
        &self,
        back: &Back,
        written: &Value<'static>,
        one: bool,
        schema: &Schema,
    ) -> Result<Option<Read>, PlanError> {
        let (columns, all) = match back {
            Back::Ids => return Ok(None),
            Back::Records(fields) => (self.columns(fields, schema)?, *fields == Fields::All),
            Back::Written => (written_columns(written, schema, self.guard())?, false),
        };
        let context = if one || !all { self.context.clone() } else { self.context_of_list(&Fields::All) };
        Ok(Some(Read { model: self.model.clone(), ids: Vec::new(), columns, way: self.way(context) }))
    }

    fn call(
        &self,
        method: &MethodName,
        id: Option<RecordId>,
        args: &[Value<'static>],
        kwargs: &[Member<'static>],
    ) -> Result<Plan, PlanError> {
        let effect = method::judge(method)?;
        let mut context = ContextAsked::default();
        let (said, mut kwargs): (Vec<_>, Vec<_>) = kwargs.iter().cloned().partition(|(key, _)| key == "context");
        for (_, value) in said {
            context.say_all("kwargs.context", value)?;
        }
        let context = context::overlay(&self.context, &context, self.known)?;
        kwargs = with_context(kwargs, &context);
        let ids = id.map(|id| id_list(&[id]));
        let args = ids.into_iter().chain(args.iter().cloned()).collect();
        let mut call = Call { model: self.model.clone(), method: method.clone(), args, kwargs, effect };
        check_call(&mut call, Guard::knowing(self.scope, &context, self.known), self.known)?;
        let prove = match proven_ids(&call)? {
            Some(ids) => Some(Read { way: self.way(context), ..self.proof(&ids, &*self.schema()?) }),
            None => None,
        };
        Ok(Plan::Call { prove, call })
    }

    fn domain(&self, domain: &Domain<'static>, schema: &Schema) -> Result<Value<'static>, PlanError> {
        polymorphic::check_search(self.guard(), self.model, domain, self.domain_parameter)?;
        Ok(domain::to_odoo(domain, self.domain_parameter, schema, self.known, self.guard())?.into_value())
    }

    /// What is not wanted is not sent. A `limit` of `False` is no limit to most models, but `ir.attachment` and
    /// others that filter what they found cut their list with it, to nothing; and `None` cannot be sent.
    fn slice(&self, slice: &Slice, schema: &Schema) -> Result<Vec<Member<'static>>, PlanError> {
        let order = self.order(slice, schema)?.to_odoo();
        let offset = (slice.offset > 0).then(|| Value::Int(slice.offset.into()));
        let limit = slice.limit.map(|limit| Value::Int(limit.into()));
        let wanted = [("offset", offset), ("limit", limit), ("order", Some(order.into()))];
        Ok(wanted.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect())
    }

    /// The order that was asked for, else the model's own; so that no two records are alike.
    fn order(&self, slice: &Slice, schema: &Schema) -> Result<Order, PlanError> {
        let (major, guard) = (self.known.major_version(), self.guard());
        match slice.order.as_ref().filter(|order| !order.is_empty()) {
            Some(order) => total_order(order, schema, major, guard),
            None => own_order(&own_order_of(self.known, self.model)?, schema, major, guard),
        }
    }

    /// Pages come by id where nobody asks for an order: that is what Odoo does fastest.
    fn slice_of_pages(&self, slice: &Slice) -> Result<Slice, PlanError> {
        let is_asked = slice.order.as_ref().is_some_and(|order| !order.is_empty());
        let order = if is_asked { self.order(slice, &*self.schema()?)? } else { Order::by_id() };
        Ok(Slice { order: Some(order), ..slice.clone() })
    }
}
