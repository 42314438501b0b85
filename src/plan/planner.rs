//! A wish that can be granted, as the calls that grant it.
//!
//! In: a [`Wish`], the caller's [`Scope`] and what is [`Known`]. Out: a [`Plan`]. Must not know: how calls are sent, how answers look.
//!
//! | wish | calls (contract section 8) |
//! |---|---|
//! | search, count, list, read, describe, call | 1 |
//! | check access | 1 an operation |
//! | create | create, read |
//! | update | prove, write, read |
//! | delete | prove, unlink |
//!
//! "Prove" reads one stored column of all ids at once: `write` and `unlink` answer `True` for ids that do not exist
//! and act on the others (Odoo 14..19), and a record that a rule hides makes the read an access error.

use std::sync::Arc;

use super::call::{Call, OrmMethod, id_list, with_context};
use super::context::{self, ContextAsked};
use super::fields::{Columns, columns, named, proof_column, total_order};
use super::guard::{Guard, Use, admit_method, check_call, check_context, operation_of, polymorphic};
use super::known::{Known, PlanError, schema_of};
use super::pages::Pager;
use super::schema::Schema;
use super::scope::{Operation, Scope};
use super::steps::{List, Plan, Read, search};
use super::values::{Purpose, check_record, check_records};
use super::wish::{AccessOperation, Deed, Fields, Slice, Target, Wish};
use super::{domain, method};
use crate::error::Problem;
use crate::language::domain::Domain;
use crate::names::{MethodName, ModelName, RecordId};
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
        Deed::List { domain, slice, fields } => planner.list(domain, slice, fields),
        Deed::ReadOne { id, fields } => planner.read(vec![*id], fields, true),
        Deed::ReadMany { ids, fields } => planner.read(ids.clone(), fields, false),
        Deed::DescribeFields { fields, attributes } => planner.describe_fields(fields, attributes),
        Deed::CreateOne { values } => planner.create_one(values),
        Deed::CreateMany { records } => planner.create_many(records),
        Deed::Update { target, values } => planner.update(target, values),
        Deed::Delete { target } => planner.delete(target),
        Deed::Call { method, id, args, kwargs } => planner.call(method, *id, args, kwargs),
    }
}

/// Plans a [listing](Deed::is_listing) page by page.
///
/// # Errors
/// As [`plan`].
pub fn plan_pages(
    wish: &mut Wish,
    asked: &ContextAsked,
    scope: &Scope,
    known: &dyn Known,
) -> Result<Pager, PlanError> {
    let (planner, deed) = Planner::admit(wish, asked, scope, known)?;
    match deed {
        Deed::Search { domain, slice } => planner.pages_of_ids(domain, slice),
        Deed::List { domain, slice, fields } => planner.pages_of_list(domain, slice, fields),
        Deed::ReadMany { ids, fields } => planner.pages_of_given(ids, fields),
        _ => Err(Problem::internal("pages of what is no listing").into()),
    }
}

/// Asks for the model and the operation, before anything is looked at. Answers what the context may say; a method's
/// context is looked at with its arguments.
fn admit(guard: Guard<'_>, model: &ModelName, deed: &Deed) -> Result<Option<Use>, PlanError> {
    let operation = match deed {
        Deed::CheckAccess { .. } => return Ok(Some(Use::Reading)),
        Deed::Call { method, .. } => {
            method::judge(method)?;
            admit_method(guard, model, method)?;
            return Ok(None);
        }
        Deed::Search { .. } | Deed::Count { .. } | Deed::List { .. } => Operation::Read,
        Deed::ReadOne { .. } | Deed::ReadMany { .. } | Deed::DescribeFields { .. } => Operation::Read,
        Deed::CreateOne { .. } | Deed::CreateMany { .. } => Operation::Create,
        Deed::Update { .. } => Operation::Update,
        Deed::Delete { .. } => Operation::Delete,
    };
    guard.model(model, operation, &"model")?;
    Ok(Some(if operation == Operation::Read { Use::Reading } else { Use::Writing }))
}

struct Planner<'w> {
    model: &'w ModelName,
    known: &'w dyn Known,
    scope: &'w Scope,
    context: Vec<Member<'static>>,
}

impl<'w> Planner<'w> {
    /// A planner for a wish whose model, operation and context are within the scope.
    fn admit(
        wish: &'w mut Wish,
        asked: &ContextAsked,
        scope: &'w Scope,
        known: &'w dyn Known,
    ) -> Result<(Self, &'w mut Deed), PlanError> {
        let Wish { model, deed } = wish;
        let admitted = admit(Guard::new(scope, &[]), model, deed)?;
        let planner = Self { model, known, scope, context: context::resolve(asked, known)? };
        if let Some(way) = admitted {
            check_context(planner.guard(), model, way, known)?;
        }
        Ok((planner, deed))
    }
}

impl Planner<'_> {
    fn guard(&self) -> Guard<'_> {
        Guard::new(self.scope, &self.context)
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

    fn search(&self, domain: &mut Domain<'static>, slice: &Slice) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let domain = self.domain(domain, &schema)?;
        Ok(Plan::Search(search(self.model, domain, &self.slice(slice, &schema)?, &self.context)))
    }

    fn count(&self, domain: &mut Domain<'static>) -> Result<Plan, PlanError> {
        let domain = self.domain(domain, &*self.schema()?)?;
        Ok(Plan::Count(self.orm(OrmMethod::SearchCount, vec![domain])))
    }

    fn list(&self, domain: &mut Domain<'static>, slice: &Slice, fields: &Fields) -> Result<Plan, PlanError> {
        Ok(Plan::List(self.list_of(domain, slice, fields)?))
    }

    /// Without named fields a binary's place holds its size: a list of pictures would be a list of megabytes.
    fn list_of(&self, domain: &mut Domain<'static>, slice: &Slice, fields: &Fields) -> Result<List, PlanError> {
        let schema = self.schema()?;
        Ok(List {
            model: self.model.clone(),
            domain: self.domain(domain, &schema)?,
            slice: self.slice(slice, &schema)?,
            columns: columns(fields, &schema, self.guard())?,
            context: self.context_of_list(fields),
        })
    }

    fn pages_of_list(&self, domain: &mut Domain<'static>, slice: &Slice, fields: &Fields) -> Result<Pager, PlanError> {
        let list = self.list_of(domain, slice, fields)?;
        Ok(Pager::of_list(list, slice, &*self.schema()?, self.known.major_version()))
    }

    fn pages_of_ids(&self, domain: &mut Domain<'static>, slice: &Slice) -> Result<Pager, PlanError> {
        let list = self.list_of(domain, slice, &Fields::Named(Vec::new()))?;
        Ok(Pager::of_ids(list, slice, &*self.schema()?, self.known.major_version()))
    }

    fn pages_of_given(&self, ids: &[RecordId], fields: &Fields) -> Result<Pager, PlanError> {
        let proof = self.prove(&Target::Many(ids.to_vec()), &*self.schema()?);
        Ok(Pager::of_given(self.read_of(ids.to_vec(), fields, false)?, proof))
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
        let columns = columns(fields, &*self.schema()?, self.guard())?;
        Ok(Read { model: self.model.clone(), ids, columns, context })
    }

    fn describe_fields(&self, fields: &Fields, attributes: &[String]) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let names = match fields {
            Fields::All if !self.guard().hides_fields(self.model, Operation::Read) => Value::List(Vec::new()),
            Fields::All => {
                let shown = columns(fields, &schema, self.guard())?.shown;
                let names = shown.iter().map(|column| Value::from(column.name.as_str().to_owned()));
                std::iter::once(Value::from("id")).chain(names).collect()
            }
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
        let reduced = texts(&mut SENDABLE_ATTRIBUTES.iter().filter(|word| sendable(word)).copied());
        Ok(Plan::DescribeFields { full: call(full), reduced: call(Some(reduced)) })
    }

    fn create_one(&self, values: &mut Value<'static>) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        check_record("vals", values, Purpose::Create, &schema, self.known, self.guard())?;
        self.create(std::mem::take(values), &schema, true)
    }

    fn create_many(&self, records: &mut Vec<Value<'static>>) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        check_records("vals", records, &schema, self.known, self.guard())?;
        self.create(Value::List(std::mem::take(records)), &schema, false)
    }

    fn create(&self, values: Value<'static>, schema: &Schema, one: bool) -> Result<Plan, PlanError> {
        let create = self.orm(OrmMethod::Create, vec![values]);
        Ok(Plan::Create { create, read_back: self.read_back(Vec::new(), schema, one)?, one })
    }

    fn update(&self, target: &Target, values: &mut Value<'static>) -> Result<Plan, PlanError> {
        polymorphic::check_ids(self.guard(), self.model)?;
        let schema = self.schema()?;
        check_record("vals", values, Purpose::Update, &schema, self.known, self.guard())?;
        let one = matches!(target, Target::One(_));
        let prove = self.prove(target, &schema);
        let write = self.orm(OrmMethod::Write, vec![id_list(&prove.ids), std::mem::take(values)]);
        Ok(Plan::Update { write, prove, read_back: self.read_back(target.ids().to_vec(), &schema, one)?, one })
    }

    fn delete(&self, target: &Target) -> Result<Plan, PlanError> {
        polymorphic::check_ids(self.guard(), self.model)?;
        let prove = self.prove(target, &*self.schema()?);
        Ok(Plan::Delete { unlink: self.orm(OrmMethod::Unlink, vec![id_list(&prove.ids)]), prove })
    }

    fn prove(&self, target: &Target, schema: &Schema) -> Read {
        let ids: indexmap::IndexSet<RecordId> = target.ids().iter().copied().collect();
        let columns = Columns { shown: Vec::new(), named: true, proof: proof_column(schema) };
        Read { model: self.model.clone(), ids: ids.into_iter().collect(), columns, context: self.context.clone() }
    }

    fn read_back(&self, ids: Vec<RecordId>, schema: &Schema, one: bool) -> Result<Read, PlanError> {
        let context = if one { self.context.clone() } else { self.context_of_list(&Fields::All) };
        let columns = columns(&Fields::All, schema, self.guard())?;
        Ok(Read { model: self.model.clone(), ids, columns, context })
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
        check_call(&mut call, Guard::new(self.scope, &context), self.known)?;
        Ok(Plan::Call(call))
    }

    fn domain(&self, domain: &mut Domain<'static>, schema: &Schema) -> Result<Value<'static>, PlanError> {
        polymorphic::check_search(self.guard(), self.model, domain)?;
        domain::check(domain, schema, self.known, self.guard())?;
        Ok(domain.to_value())
    }

    /// What is not wanted is not sent. A `limit` of `False` is no limit to most models, but `ir.attachment` and
    /// others that filter what they found cut their list with it, to nothing; and `None` cannot be sent.
    fn slice(&self, slice: &Slice, schema: &Schema) -> Result<Vec<Member<'static>>, PlanError> {
        let order = match &slice.order {
            Some(order) => Some(total_order(order, schema, self.known.major_version(), self.guard())?.to_odoo()),
            None => None,
        };
        let offset = (slice.offset > 0).then(|| Value::Int(slice.offset.into()));
        let limit = slice.limit.map(|limit| Value::Int(limit.into()));
        let wanted = [("offset", offset), ("limit", limit), ("order", order.map(Value::from))];
        Ok(wanted.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect())
    }
}
