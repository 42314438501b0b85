//! For any intent: no call of a plan addresses a model, names a field or carries a value that no rule allows.

use proptest::prelude::*;

use super::*;
use crate::plan::scope::Operation;
use crate::plan::{Call, ExistenceCheck, UpdatePlan, Values};

/// Words that nonsense, attacks and valid intents are built from.
const WORDS: [&str; 30] = [
    "id",
    "name",
    "credit",
    "email",
    "user_id",
    "user_ids",
    "partner_id",
    "order_line",
    "message_ids",
    "tag_ids",
    "price",
    "user_id.login",
    "partner_id.user_ids.login",
    "partner_id.email",
    "user_ids/login",
    "order_line/price",
    "partner_id/.id",
    "create",
    "update",
    "link",
    "clear",
    "fields",
    "specification",
    "order",
    "context",
    "credit:sum",
    "x:sum(credit)",
    "date:month",
    "=",
    "ilike",
];

const METHODS: [&str; 30] = [
    "search",
    "search_count",
    "search_read",
    "web_search_read",
    "name_search",
    "web_name_search",
    "fields_get",
    "default_get",
    "read",
    "web_read",
    "export_data",
    "onchange",
    "read_group",
    "formatted_read_group",
    "formatted_read_grouping_sets",
    "web_read_group",
    "read_progress_bar",
    "create",
    "name_create",
    "load",
    "copy",
    "write",
    "web_save",
    "action_archive",
    "toggle_active",
    "check_access_rights",
    "unlink",
    "web_unlink",
    "action_confirm",
    "copy_data",
];

/// Groups, aggregates, and orders of partners.
const GROUP_WORDS: [&str; 6] = ["name", "email", "email:count", "credit", "credit:max", "x:sum(credit)"];

/// Versions that read and group differently.
const VERSIONS: [u8; 3] = [14, 19, 20];

/// Words that no rule of the clerk allows anywhere.
const FORBIDDEN: [&str; 4] = ["login", "credit", "tax_ids", "body"];

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        4 => prop::sample::select(&WORDS[..]).prop_map(Value::from),
        1 => prop::sample::select(&FORBIDDEN[..]).prop_map(Value::from),
        3 => (0_i64..7).prop_map(Value::Int),
        1 => Just(Value::Bool(false)),
        1 => Just(Value::Null),
        1 => Just(Value::from("")),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let key = prop_oneof![prop::sample::select(&WORDS[..]), prop::sample::select(&FORBIDDEN[..])];
        let member = (key, inner.clone()).prop_map(|(key, value)| (key.into(), value));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::List),
            prop::collection::vec(member, 0..4).prop_map(Value::Map),
        ]
    })
}

fn any_domain() -> impl Strategy<Value = Domain<'static>> {
    let operator = prop::sample::select(&["=", "ilike", "in", "child_of", "any", "not any"][..]).prop_map(Value::from);
    let path = prop::sample::select(&WORDS[..]).prop_map(Value::from);
    let term =
        (path, operator, any_value()).prop_map(|(path, operator, value)| Value::List(vec![path, operator, value]));
    prop::collection::vec(term, 0..3).prop_map(|terms| Domain::from_value(Value::List(terms)).unwrap_or_default())
}

fn any_action() -> impl Strategy<Value = Action> {
    let id = RecordId::new(7).unwrap();
    let keyword =
        prop::sample::select(&["domain", "fields", "specification", "vals", "order", "groupby", "default"][..]);
    let kwargs = prop::collection::vec((keyword, any_value()), 0..2);
    let call = (prop::sample::select(&METHODS[..]), prop::collection::vec(any_value(), 0..4), kwargs);
    prop_oneof![
        4 => call.prop_map(|(method, args, kwargs)| Action::Call {
            method: MethodName::parse(method).unwrap(),
            id: None,
            args,
            kwargs: kwargs.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        }),
        2 => any_domain().prop_map(|domain| Action::List { domain, window: Window::default(), fields: FieldSet::All, with_total: false, filters: Vec::new() }),
        1 => any_value().prop_map(|values| Action::CreateOne { values: Values::from_tree("vals", values), returning: Returning::Records(FieldSet::All) }),
        1 => any_value().prop_map(move |values| Action::Update { target: RecordSet::One(id), values: Values::from_tree("vals", values), returning: Returning::Ids }),
        1 => Just(Action::Delete { target: RecordSet::One(id) }),
        1 => Just(Action::DescribeFields { fields: FieldSet::All, attributes: Vec::new() }),
    ]
}

/// The call that determines the records of a write.
fn existence_column(existence_check: ExistenceCheck) -> Call {
    match existence_check {
        ExistenceCheck::Ids { read, .. } => read.call(),
        ExistenceCheck::Search(search) => search,
    }
}

/// The calls of a plan, including those that the gateway adds to check existence and to read back.
fn calls(plan: Plan) -> Vec<Call> {
    match plan {
        Plan::NoAccess => Vec::new(),
        Plan::CheckAccess { checks, .. } => checks.into_iter().map(|(_, call)| call).collect(),
        Plan::Count(call) | Plan::Call { call, .. } => vec![call],
        Plan::Search(list) => vec![list.search_call(), list.search_all_call(), list.count_call()],
        Plan::List { list, with_total } => {
            let read = list.read_plan(Vec::new());
            let calls = [
                list.call(),
                list.search_call(),
                list.search_all_call(),
                list.count_call(),
                read.call(),
                read.existence_search(),
            ];
            calls.into_iter().chain(list.nested_call(with_total)).chain(list.flat_call(with_total)).collect()
        }
        Plan::Read { read, .. } => vec![read.call()],
        Plan::DescribeFields { full, reduced } => std::iter::once(full).chain(reduced).collect(),
        Plan::Create { create, read_back, .. } => {
            std::iter::once(create).chain(read_back.map(|read| read.call())).collect()
        }
        Plan::Update(update) => {
            let UpdatePlan { existence_check, mut write, read_back, web_save, .. } = *update;
            let web_save = web_save.map(|web_save| web_save.call(&mut write, &[]));
            let calls = [existence_column(existence_check), write].into_iter();
            calls.chain(web_save).chain(read_back.map(|read| read.call())).collect()
        }
        Plan::Delete { existence_check, unlink } => vec![existence_column(existence_check), unlink],
        Plan::ReadGroup(plan) => {
            let describe = plan.describe.clone();
            describe.into_iter().chain([plan.complete(None).0]).collect()
        }
        Plan::ToggleActive(plan) => {
            let directions = [true, false].map(|archive| plan.one_direction(archive, &plan.read.ids));
            [plan.read.call(), plan.toggle.clone()].into_iter().chain(directions).collect()
        }
    }
}

/// Whether an argument names a field anywhere, in paths and columns too.
fn mentions(value: &Value<'_>, word: &str) -> bool {
    let is_named = |text: &str| text.split(['.', '/', ':', '(', ')', ' ', ',']).any(|part| part == word);
    match value {
        Value::Text(text) => is_named(text),
        Value::List(items) => items.iter().any(|item| mentions(item, word)),
        Value::Map(members) => members.iter().any(|(key, value)| is_named(key) || mentions(value, word)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_plan_leaves_its_scope(
        version in prop::sample::select(&VERSIONS[..]),
        name in prop::sample::select(&["sale.order", "sale.order.line", "res.partner", "res.users", "ir.cron", "mail.message"][..]),
        action in any_action(),
    ) {
        let scope = Scope::from_json(CLERK).unwrap();
        let mut intent = Intent { model: model(name), action, many2one_display: Many2oneDisplay::Named, domain_parameter: "domain" };
        let planned = plan(&mut intent, &RequestedContext::default(), &scope, &Shop(version));
        if let Err(PlanError::NeedsMetadata(MissingMetadata::Schema(model))) = &planned {
            prop_assert!(false, "the schema of {} must not be requested", model);
        }
        for call in planned.map(calls).unwrap_or_default() {
            let covered = [Operation::Read, Operation::Create, Operation::Update, Operation::Delete, Operation::Execute];
            prop_assert!(covered.iter().any(|operation| scope.allows(&call.model, *operation)), "{:?}", call);
        }
    }

    /// The requested fields are one argument of these methods, so the word must not occur in it; and it must not be
    /// what Odoo takes for all fields.
    #[test]
    fn no_read_names_a_field_outside_its_scope(
        version in prop::sample::select(&VERSIONS[..]),
        method in prop::sample::select(&["read", "web_read", "export_data", "search_read", "web_search_read"][..]),
        fields in any_value(),
    ) {
        let first = if method.contains("search") { Vec::new() } else { vec![Value::Int(1)] };
        let args = vec![Value::List(first), fields];
        let action = Action::Call { method: MethodName::parse(method).unwrap(), id: None, args, kwargs: Vec::new() };
        let scope = Scope::from_json(CLERK).unwrap();
        let mut intent = Intent { model: model("res.partner"), action, many2one_display: Many2oneDisplay::Named, domain_parameter: "domain" };
        if let Ok(Plan::Call { call, .. }) = plan(&mut intent, &RequestedContext::default(), &scope, &Shop(version)) {
            prop_assert!(!mentions(&call.args[1], "credit"), "{:?}", call);
            let reads_all = matches!(method, "read" | "search_read") || (method == "web_search_read" && version < 17);
            prop_assert!(!reads_all || !call.args[1].is_falsy(), "{:?}", call);
        }
    }

    /// Groups, aggregates, and the order reveal values, each on its own.
    #[test]
    fn no_group_names_a_field_outside_its_scope(
        version in prop::sample::select(&VERSIONS[..]),
        fields in prop::collection::vec(prop::sample::select(&GROUP_WORDS[..]), 0..3),
        groupby in prop::collection::vec(prop::sample::select(&GROUP_WORDS[..]), 0..3),
        orderby in prop::sample::select(&GROUP_WORDS[..]),
    ) {
        let names = |words: Vec<&'static str>| words.into_iter().map(Value::from).collect::<Value<'static>>();
        let args = vec![Value::List(Vec::new()), names(fields), names(groupby)];
        let kwargs = vec![("orderby".into(), Value::from(format!("{orderby} desc")))];
        let action = Action::Call { method: MethodName::parse("read_group").unwrap(), id: None, args, kwargs };
        let scope = Scope::from_json(CLERK).unwrap();
        let mut intent = Intent { model: model("res.partner"), action, many2one_display: Many2oneDisplay::Named, domain_parameter: "domain" };
        let planned = plan(&mut intent, &RequestedContext::default(), &scope, &Shop(version));
        for call in planned.map(calls).unwrap_or_default() {
            let mut arguments = call.args.iter().chain(call.kwargs.iter().map(|(_, value)| value));
            prop_assert!(!arguments.any(|argument| mentions(argument, "credit")), "{:?}", call);
        }
    }
}
