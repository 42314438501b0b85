//! The planner: an intent that is allowed and valid becomes the Odoo calls that execute it.
//!
//! In: an [`Intent`], the credential's [`Scope`] and [`Metadata`]. Out: a [`Plan`]. Must not know: how calls are
//! sent, what responses look like.
//!
//! | intent | calls |
//! |---|---|
//! | search, count, list, read, describe, call | 1; 1 more for a method that changes records by id, or was replaced |
//! | check access | 1 per operation |
//! | list with total | 1; 2 if the page does not show the total |
//! | list with archived records | 1 (Odoo 17+), otherwise search, read |
//! | nested fields | 1 (Odoo 17+), otherwise 1 and 1 for each model on each level |
//! | create | create, read |
//! | update | check existence, write, read |
//! | update (Odoo 17+) | check existence, write and read in one call if it returns only simple columns |
//! | update of one record (Odoo 17+) | write, read if it writes only simple columns; 1 if it returns such, or ids |
//! | delete | check existence, unlink |
//!
//! A write that returns only ids needs no read. A simple column is defined in `web_save`.
//!
//! "Check existence" reads one stored column of all ids at once. `write` and `unlink` return `True` for ids that do
//! not exist and change the others (Odoo 14-19); and the read is an access error if a record rule hides a record.

use std::sync::Arc;

use super::access_check::access_check;
use super::call::{Call, OrmMethod, id_list, with_context};
use super::call_check::{admit_method, check_call};
use super::column_tree::{Column, Columns, existence_column};
use super::context::{self, RequestedContext};
use super::context_check::{ContextUse, check_context};
use super::error::PlanError;
use super::execution_plan::{ExistenceCheck, ListPlan, PartialUpdate, Plan, ReadPlan, UpdatePlan, search};
use super::export_pager::Pager;
use super::fields::{columns, content_columns, named, written_columns};
use super::filters::Filter;
use super::intent::{AccessOperation, Action, FieldSet, Intent, Many2oneDisplay, RecordSet, Returning, Window};
use super::metadata::{Metadata, require_default_order, require_schema};
use super::method_ids::ids_to_verify;
use super::model_schema::{FieldType, Schema};
use super::named_call::to_positional;
use super::order::{total_default_order, total_order};
use super::read_options::{ReadOptions, SIZE_KEY};
use super::replaced_call::plan_replacement;
use super::scope::{Operation, Scope};
use super::scope_check::{ScopeCheck, polymorphic};
use super::values::{PropertiesMerge, Purpose, Values, check_input, check_many_inputs, properties_merges};
use super::web_save::{ReadBack, WebSave};
use super::{domain, filters, method_policy};
use crate::error::Problem;
use crate::language::domain::Domain;
use crate::language::order::Order;
use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// Attributes of `fields_get` that every Odoo 14-19 can send for every field.
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

/// Plans an intent. Its values, which may be large, are converted in place and move into the plan. They move only if
/// planning succeeds: otherwise the intent can be planned again, with more metadata.
///
/// # Errors
/// The missing metadata, or why the intent is rejected.
pub fn plan(
    intent: &mut Intent,
    requested: &RequestedContext,
    scope: &Scope,
    metadata: &dyn Metadata,
) -> Result<Plan, PlanError> {
    let (planner, action) = Planner::admit(intent, requested, scope, metadata)?;
    match action {
        Action::CheckAccess { operations, raise } => planner.check_access(operations, *raise),
        Action::Search { domain, window } => planner.search(domain, window),
        Action::Count { domain } => planner.count(domain),
        Action::List { domain, filters, window, fields, with_total } => {
            planner.list((domain, filters), window, fields, *with_total)
        }
        Action::ReadOne { id, fields } => planner.read(vec![*id], fields, true),
        Action::ReadMany { ids, fields } => planner.read(ids.clone(), fields, false),
        Action::ReadContent { id, field } => planner.content(*id, field),
        Action::DescribeFields { fields, attributes } => planner.describe_fields(fields, attributes),
        Action::CreateOne { values, returning } => planner.create_one(values, returning),
        Action::CreateMany { records, returning } => planner.create_many(records, returning),
        Action::Update { target, values, returning } => planner.update(target, values, returning),
        Action::Delete { target } => planner.delete(target),
        Action::Call { method, id, args, kwargs } => {
            let ids = id.map(|id| id_list(&[id]));
            planner.call(method, ids.into_iter().chain(args.iter().cloned()).collect(), kwargs.clone(), false)
        }
        Action::CallByName { method, ids, arguments } => planner.call_by_name(method, ids, arguments),
    }
}

/// Plans a [listing](Action::is_listing) page by page.
///
/// # Errors
/// As [`plan`].
pub fn plan_pages(
    intent: &mut Intent,
    requested: &RequestedContext,
    scope: &Scope,
    metadata: &dyn Metadata,
) -> Result<Pager, PlanError> {
    let (planner, action) = Planner::admit(intent, requested, scope, metadata)?;
    match action {
        Action::Search { domain, window } => planner.page_ids(domain, window),
        Action::List { domain, filters, window, fields, with_total: _ } => {
            planner.page_list((domain, filters), window, fields)
        }
        Action::ReadMany { ids, fields } => planner.page_given_ids(ids, fields),
        _ => Err(Problem::internal("only listings are planned page by page").into()),
    }
}

/// Checks the model and the operation before any metadata is read, and returns the operation. Returns `None` for a
/// method call, whose arguments are checked later, and for an access check, which the scope answers itself.
fn admit(scope_check: ScopeCheck<'_>, model: &ModelName, action: &Action) -> Result<Option<Operation>, PlanError> {
    let operation = match action {
        Action::CheckAccess { .. } => return Ok(None),
        Action::Call { method, .. } | Action::CallByName { method, .. } => {
            method_policy::classify(method)?;
            admit_method(scope_check, model, method)?;
            return Ok(None);
        }
        Action::Search { .. } | Action::Count { .. } | Action::List { .. } => Operation::Read,
        Action::ReadOne { .. } | Action::ReadMany { .. } | Action::ReadContent { .. } => Operation::Read,
        Action::DescribeFields { .. } => Operation::Read,
        Action::CreateOne { .. } | Action::CreateMany { .. } => Operation::Create,
        Action::Update { .. } => Operation::Update,
        Action::Delete { .. } => Operation::Delete,
    };
    scope_check.require_model(model, operation, &"model")?;
    Ok(Some(operation))
}

struct Planner<'w> {
    model: &'w ModelName,
    metadata: &'w dyn Metadata,
    scope: &'w Scope,
    many2one_display: Many2oneDisplay,
    domain_parameter: &'static str,
    context: Vec<Member<'static>>,
}

/// A domain and additional filters.
type Criteria<'a> = (&'a Domain<'static>, &'a [Filter]);

impl<'w> Planner<'w> {
    /// Creates a planner for an intent whose model, operation and context are within the scope.
    fn admit(
        intent: &'w mut Intent,
        requested: &RequestedContext,
        scope: &'w Scope,
        metadata: &'w dyn Metadata,
    ) -> Result<(Self, &'w mut Action), PlanError> {
        let Intent { model, action, many2one_display, domain_parameter } = intent;
        let admitted = admit(ScopeCheck::new(scope, &[]), model, action)?;
        let context = match action {
            Action::CallByName { .. } => context::overlay(&[], requested, metadata)?,
            _ => context::resolve(requested, metadata)?,
        };
        let planner = Self { model, metadata, scope, many2one_display: *many2one_display, domain_parameter, context };
        match (admitted, &*action) {
            (None, Action::Call { .. } | Action::CallByName { .. }) => {}
            (None, _) => check_context(planner.scope_check(), model, ContextUse::Read, metadata)?,
            (Some(operation), _) => planner.admit_fields(operation)?,
        }
        Ok((planner, action))
    }
}

impl Planner<'_> {
    fn scope_check(&self) -> ScopeCheck<'_> {
        ScopeCheck::with_metadata(self.scope, &self.context, self.metadata)
    }

    /// Checks the fields that the context names, and the models that the model delegates to.
    fn admit_fields(&self, operation: Operation) -> Result<(), PlanError> {
        let options = if operation == Operation::Read { ContextUse::Read } else { ContextUse::Write };
        check_context(self.scope_check(), self.model, options, self.metadata)?;
        if self.scope_check().is_unrestricted() {
            return Ok(());
        }
        self.scope_check().checked_schema(self.metadata, self.model, operation, &"model").map(|_| ())
    }

    fn schema(&self) -> Result<Arc<Schema>, PlanError> {
        require_schema(self.metadata, self.model)
    }

    fn orm(&self, method: OrmMethod, args: Vec<Value<'static>>) -> Call {
        Call::orm(self.model, method, args, &self.context)
    }

    fn check_access(&self, operations: &[AccessOperation], raise: bool) -> Result<Plan, PlanError> {
        let denied = operations
            .iter()
            .map(|requested| requested.operation())
            .find(|requested| !self.scope.allows(self.model, *requested));
        match denied {
            Some(operation) if raise => self.scope_check().require_model(self.model, operation, &"operation")?,
            Some(_) => return Ok(Plan::NoAccess),
            None => {}
        }
        let version = self.metadata.version();
        let check =
            |operation: &AccessOperation| (*operation, access_check(self.model, *operation, &self.context, version));
        Ok(Plan::CheckAccess { checks: operations.iter().map(check).collect(), raise })
    }

    fn search(&self, domain: &Domain<'static>, window: &Window) -> Result<Plan, PlanError> {
        let list = self.list_plan((domain, &[]), window, &FieldSet::Named(Vec::new()))?;
        Ok(Plan::Search(Box::new(list)))
    }

    fn count(&self, domain: &Domain<'static>) -> Result<Plan, PlanError> {
        let domain = self.domain(domain, &*self.schema()?)?;
        Ok(Plan::Count(self.orm(OrmMethod::SearchCount, vec![domain])))
    }

    fn list(
        &self,
        criteria: Criteria<'_>,
        window: &Window,
        fields: &FieldSet,
        with_total: bool,
    ) -> Result<Plan, PlanError> {
        Ok(Plan::List { list: self.list_plan(criteria, window, fields)?, with_total })
    }

    /// Without named fields, binary fields contain their size: a list of images would be megabytes.
    fn list_plan(
        &self,
        (domain, filters): Criteria<'_>,
        window: &Window,
        fields: &FieldSet,
    ) -> Result<ListPlan, PlanError> {
        let schema = self.schema()?;
        let domain = if filters.is_empty() {
            self.domain(domain, &schema)?
        } else {
            let condition = filters::condition(filters, &schema, self.scope_check())?;
            self.domain(&domain.clone().and(condition), &schema)?
        };
        let columns = self.columns(fields, &schema)?;
        // Last, so that invalid requests are rejected before the model's default order is fetched.
        let window = self.window_arguments(window, &schema)?;
        let options = self.read_options(self.list_context(fields));
        Ok(ListPlan { model: self.model.clone(), domain, window, columns, options })
    }

    fn page_list(&self, criteria: Criteria<'_>, window: &Window, fields: &FieldSet) -> Result<Pager, PlanError> {
        let window = self.page_window(window)?;
        let list = self.list_plan(criteria, &window, fields)?;
        Ok(Pager::for_list(list, &window, &*self.schema()?))
    }

    fn page_ids(&self, domain: &Domain<'static>, window: &Window) -> Result<Pager, PlanError> {
        let window = self.page_window(window)?;
        let list = self.list_plan((domain, &[]), &window, &FieldSet::Named(Vec::new()))?;
        Ok(Pager::for_ids(list, &window, &*self.schema()?))
    }

    fn page_given_ids(&self, ids: &[RecordId], fields: &FieldSet) -> Result<Pager, PlanError> {
        let read = self.read_plan(ids.to_vec(), fields, false)?;
        Ok(Pager::for_given_ids(read, self.existence_read(ids, &*self.schema()?)))
    }

    fn columns(&self, fields: &FieldSet, schema: &Schema) -> Result<Columns, PlanError> {
        columns(fields, schema, self.metadata, self.scope_check())
    }

    fn read_options(&self, context: Vec<Member<'static>>) -> ReadOptions {
        ReadOptions { context, many2one_display: self.many2one_display, version: self.metadata.version() }
    }

    fn list_context(&self, fields: &FieldSet) -> Vec<Member<'static>> {
        let mut context = self.context.clone();
        if *fields == FieldSet::All && !context.iter().any(|(key, _)| key == SIZE_KEY) {
            context.push((SIZE_KEY.into(), Value::Bool(true)));
        }
        context
    }

    fn read(&self, ids: Vec<RecordId>, fields: &FieldSet, one: bool) -> Result<Plan, PlanError> {
        Ok(Plan::Read { read: self.read_plan(ids, fields, one)?, one })
    }

    fn read_plan(&self, ids: Vec<RecordId>, fields: &FieldSet, one: bool) -> Result<ReadPlan, PlanError> {
        let context = if one { self.context.clone() } else { self.list_context(fields) };
        polymorphic::check_ids(self.scope_check(), self.model)?;
        let columns = self.columns(fields, &*self.schema()?)?;
        Ok(ReadPlan { model: self.model.clone(), ids, columns, options: self.read_options(context) })
    }

    /// A context key can request the size of binary fields instead of their content; here the content is always read.
    fn content(&self, id: RecordId, field: &FieldName) -> Result<Plan, PlanError> {
        polymorphic::check_ids(self.scope_check(), self.model)?;
        let columns = content_columns(field, &*self.schema()?, self.scope_check())?;
        let requests_size = |(key, _): &Member<'_>| key.starts_with(SIZE_KEY);
        let context = self.context.iter().filter(|member| !requests_size(member)).cloned().collect();
        let read = ReadPlan { model: self.model.clone(), ids: vec![id], columns, options: self.read_options(context) };
        Ok(Plan::Read { read, one: true })
    }

    fn describe_fields(&self, fields: &FieldSet, attributes: &[String]) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let names = match fields {
            FieldSet::All if !self.scope_check().omits_fields(&schema) => Value::List(Vec::new()),
            FieldSet::All => {
                let visible = self.columns(fields, &schema)?.visible;
                visible.iter().map(|column| Value::from(column.odoo_name().to_owned())).collect()
            }
            FieldSet::Selected(_) => return Err(Problem::internal("a selection cannot be described").into()),
            FieldSet::Named(names) => {
                let columns = named(names, &schema, "allfields", self.scope_check())?;
                columns.iter().map(|column| Value::from(column.odoo_name().to_owned())).collect()
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
        let sendable = |word: &&str| attributes.is_empty() || attributes.iter().any(|requested| requested == word);
        let full = (!attributes.is_empty()).then(|| texts(&mut attributes.iter().map(String::as_str)));
        let sendable: Vec<&str> = SENDABLE_ATTRIBUTES.iter().filter(|word| sendable(word)).copied().collect();
        // Selections can contain records of models that the user has no access to.
        let bare: Vec<&str> = sendable.iter().filter(|word| **word != "selection").copied().collect();
        let reduced = [sendable, bare].into_iter().filter(|words| !words.is_empty());
        let reduced = reduced.map(|words| call(Some(texts(&mut words.into_iter())))).collect();
        Ok(Plan::DescribeFields { full: call(full), reduced })
    }

    fn create_one(&self, values: &mut Values, returning: &Returning) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let values = check_input(values, Purpose::Create, &schema, self.metadata, self.scope_check())?;
        let read_back = self.read_back(returning, values, true, &schema)?;
        let create = self.orm(OrmMethod::Create, vec![std::mem::take(values)]);
        Ok(Plan::Create { create, read_back, one: true })
    }

    fn create_many(&self, records: &mut Values, returning: &Returning) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let records = check_many_inputs(records, &schema, self.metadata, self.scope_check())?;
        let first = records.as_list().and_then(<[_]>::first).unwrap_or(&Value::Null);
        let read_back = self.read_back(returning, first, false, &schema)?;
        let create = self.orm(OrmMethod::Create, vec![std::mem::take(records)]);
        Ok(Plan::Create { create, read_back, one: false })
    }

    fn update(&self, target: &mut RecordSet, values: &mut Values, returning: &Returning) -> Result<Plan, PlanError> {
        let schema = self.schema()?;
        let mut existence_check = self.existence_check(target, &schema)?;
        let parameter = values.parameter();
        let values = check_input(values, Purpose::Update, &schema, self.metadata, self.scope_check())?;
        let partial_update = self.partial_update(properties_merges(parameter, values, &schema), &mut existence_check);
        let one = matches!(target, RecordSet::One(_));
        let read_back = self.read_back(returning, values, one, &schema)?;
        let web_save = match &existence_check {
            ExistenceCheck::Ids { read, .. } if partial_update.is_none() && !read.ids.is_empty() => {
                let columns = read_back.as_ref().map(|read| &read.columns);
                let options = &read_back.as_ref().unwrap_or(read).options;
                let returned = ReadBack { columns, options };
                WebSave::for_update(values, read.ids.len() == 1, returned, &schema, self.metadata)
            }
            _ => None,
        };
        let write = self.orm(OrmMethod::Write, vec![Value::Null, std::mem::take(values)]);
        Ok(Plan::Update(Box::new(UpdatePlan { existence_check, partial_update, write, read_back, web_save, one })))
    }

    /// Adds the present values of partially written fields to the existence check, if that is a read.
    fn partial_update(
        &self,
        merges: Vec<PropertiesMerge>,
        existence_check: &mut ExistenceCheck,
    ) -> Option<PartialUpdate> {
        if merges.is_empty() {
            return None;
        }
        let column = |merge: &PropertiesMerge| Column::plain(merge.field.clone(), FieldType::Properties);
        let visible: Vec<Column> = merges.iter().map(column).collect();
        if let ExistenceCheck::Ids { read, .. } = existence_check {
            read.columns.visible.clone_from(&visible);
        }
        let columns = Columns { visible, named: true, existence_column: None };
        let read = ReadPlan {
            model: self.model.clone(),
            ids: Vec::new(),
            columns,
            options: self.read_options(self.context.clone()),
        };
        Some(PartialUpdate { merges, read })
    }

    fn delete(&self, target: &mut RecordSet) -> Result<Plan, PlanError> {
        let existence_check = self.existence_check(target, &*self.schema()?)?;
        Ok(Plan::Delete { unlink: self.orm(OrmMethod::Unlink, vec![Value::Null]), existence_check })
    }

    fn existence_check(&self, target: &mut RecordSet, schema: &Schema) -> Result<ExistenceCheck, PlanError> {
        let requested = match target {
            RecordSet::Matching(domain) => {
                let domain = self.domain(domain, schema)?;
                return Ok(ExistenceCheck::Search(search(self.model, domain, &[], &self.context)));
            }
            RecordSet::One(id) => vec![*id],
            RecordSet::Many(ids) => ids.clone(),
        };
        polymorphic::check_ids(self.scope_check(), self.model)?;
        Ok(ExistenceCheck::Ids { read: self.existence_read(&requested, schema), requested })
    }

    fn existence_read(&self, requested: &[RecordId], schema: &Schema) -> ReadPlan {
        let ids: indexmap::IndexSet<RecordId> = requested.iter().copied().collect();
        let columns = Columns { visible: Vec::new(), named: true, existence_column: existence_column(schema) };
        ReadPlan {
            model: self.model.clone(),
            ids: ids.into_iter().collect(),
            columns,
            options: self.read_options(self.context.clone()),
        }
    }

    /// The read after the write, before the ids are known.
    fn read_back(
        &self,
        returning: &Returning,
        written: &Value<'static>,
        one: bool,
        schema: &Schema,
    ) -> Result<Option<ReadPlan>, PlanError> {
        let (columns, all) = match returning {
            Returning::Ids => return Ok(None),
            Returning::Records(fields) => (self.columns(fields, schema)?, *fields == FieldSet::All),
            Returning::Written => (written_columns(written, schema, self.scope_check())?, false),
        };
        let context = if one || !all { self.context.clone() } else { self.list_context(&FieldSet::All) };
        Ok(Some(ReadPlan { model: self.model.clone(), ids: Vec::new(), columns, options: self.read_options(context) }))
    }

    fn call_by_name(
        &self,
        method: &MethodName,
        ids: &Value<'static>,
        arguments: &[Member<'static>],
    ) -> Result<Plan, PlanError> {
        let call = to_positional(self.model, method, ids, arguments, self.metadata.major_version())?;
        self.call(&call.method, call.args, call.kwargs, call.may_need_ids)
    }

    fn call(
        &self,
        method: &MethodName,
        args: Vec<Value<'static>>,
        kwargs: Vec<Member<'static>>,
        may_need_ids: bool,
    ) -> Result<Plan, PlanError> {
        let effect = method_policy::classify(method)?;
        let mut context = RequestedContext::default();
        let (contexts, mut kwargs): (Vec<_>, Vec<_>) = kwargs.into_iter().partition(|(key, _)| key == "context");
        for (_, value) in contexts {
            context.extend("kwargs.context", value)?;
        }
        let context = context::overlay(&self.context, &context, self.metadata)?;
        kwargs = with_context(kwargs, &context);
        let mut call = Call { model: self.model.clone(), method: method.clone(), args, kwargs, effect };
        let scope_check = ScopeCheck::with_metadata(self.scope, &context, self.metadata);
        if let Some(plan) = plan_replacement(&call, scope_check, self.metadata)? {
            return Ok(plan);
        }
        check_call(&mut call, scope_check, self.metadata)?;
        let existence_check = match ids_to_verify(&call)? {
            Some(ids) => {
                Some(ReadPlan { options: self.read_options(context), ..self.existence_read(&ids, &*self.schema()?) })
            }
            None => None,
        };
        Ok(Plan::Call { existence_check, call, may_need_ids })
    }

    fn domain(&self, domain: &Domain<'static>, schema: &Schema) -> Result<Value<'static>, PlanError> {
        polymorphic::check_search(self.scope_check(), self.model, domain, self.domain_parameter)?;
        Ok(domain::normalize(domain, self.domain_parameter, schema, self.metadata, self.scope_check())?.into_value())
    }

    /// Absent arguments are not sent. A `limit` of `False` means no limit for most models; but `ir.attachment` and
    /// others that filter their results truncate the list with it to nothing; and `None` cannot be sent.
    fn window_arguments(&self, window: &Window, schema: &Schema) -> Result<Vec<Member<'static>>, PlanError> {
        let order = self.order(window, schema)?.to_odoo();
        let offset = (window.offset > 0).then(|| Value::Int(window.offset.into()));
        let limit = window.limit.map(|limit| Value::Int(limit.into()));
        let arguments = [("offset", offset), ("limit", limit), ("order", Some(order.into()))];
        Ok(arguments.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect())
    }

    /// The requested order, otherwise the default order of the model; both made total.
    fn order(&self, window: &Window, schema: &Schema) -> Result<Order, PlanError> {
        let (major, scope_check) = (self.metadata.major_version(), self.scope_check());
        match window.order.as_ref().filter(|order| !order.is_empty()) {
            Some(order) => total_order(order, schema, major, scope_check),
            None => total_default_order(&require_default_order(self.metadata, self.model)?, schema, major, scope_check),
        }
    }

    /// Without a requested order, pages are sorted by id: Odoo does that fastest.
    fn page_window(&self, window: &Window) -> Result<Window, PlanError> {
        let is_requested = window.order.as_ref().is_some_and(|order| !order.is_empty());
        let order = if is_requested { self.order(window, &*self.schema()?)? } else { Order::by_id() };
        Ok(Window { order: Some(order), ..window.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::error::MissingMetadata;
    use crate::plan::metadata::UserDefaults;
    use crate::plan::samples::Samples;
    use crate::plan::version_number::VersionNumber;

    /// The samples before a schema is fetched.
    struct WithoutSchemas;

    impl Metadata for WithoutSchemas {
        fn schema(&self, _model: &ModelName) -> Option<Arc<Schema>> {
            None
        }

        fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
            Samples.default_order(model)
        }

        fn languages(&self) -> Option<Arc<[String]>> {
            Samples.languages()
        }

        fn version(&self) -> VersionNumber {
            Samples.version()
        }

        fn user_defaults(&self) -> Option<UserDefaults> {
            Samples.user_defaults()
        }
    }

    #[test]
    fn values_stay_in_the_intent_until_planning_succeeds() {
        let model = ModelName::parse("res.partner").unwrap();
        let record = Value::Map(vec![("name".into(), "Azure".into())]);
        let values = Values::from_tree("vals", record.clone());
        let mut intent = Intent {
            model: model.clone(),
            action: Action::CreateOne { values, returning: Returning::Ids },
            many2one_display: Many2oneDisplay::Named,
            domain_parameter: "domain",
        };
        let (before, context) = (intent.clone(), RequestedContext::default());
        let error = plan(&mut intent, &context, &Scope::All, &WithoutSchemas).unwrap_err();
        assert_eq!(error, PlanError::NeedsMetadata(MissingMetadata::Schema(model)));
        assert_eq!(intent, before);
        let Ok(Plan::Create { create, .. }) = plan(&mut intent, &context, &Scope::All, &Samples) else {
            panic!("no metadata is missing")
        };
        assert_eq!(create.args, [record]);
        assert_ne!(intent, before, "the values moved into the plan");
    }
}
