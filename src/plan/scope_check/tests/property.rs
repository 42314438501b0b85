//! Whatever is wished: no call of a plan goes to a model, names a field or carries a value that no rule covers.

use proptest::prelude::*;

use super::*;
use crate::plan::{Call, Prove, Update, Values};

/// Words of which nonsense, escapes and honest wishes are made alike.
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

const METHODS: [&str; 26] = [
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
    "web_read_group",
    "read_progress_bar",
    "create",
    "name_create",
    "load",
    "copy",
    "write",
    "web_save",
    "action_archive",
    "unlink",
    "action_confirm",
    "copy_data",
];

/// Words that no rule of the clerk's lets through anywhere.
const FORBIDDEN: [&str; 4] = ["login", "credit", "tax_ids", "body"];

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        4 => prop::sample::select(&WORDS[..]).prop_map(Value::from),
        1 => prop::sample::select(&FORBIDDEN[..]).prop_map(Value::from),
        3 => (0_i64..7).prop_map(Value::Int),
        1 => Just(Value::Bool(false)),
        1 => Just(Value::Null),
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

fn any_deed() -> impl Strategy<Value = Deed> {
    let id = RecordId::new(7).unwrap();
    let keyword =
        prop::sample::select(&["domain", "fields", "specification", "vals", "order", "groupby", "default"][..]);
    let kwargs = prop::collection::vec((keyword, any_value()), 0..2);
    let call = (prop::sample::select(&METHODS[..]), prop::collection::vec(any_value(), 0..4), kwargs);
    prop_oneof![
        4 => call.prop_map(|(method, args, kwargs)| Deed::Call {
            method: MethodName::parse(method).unwrap(),
            id: None,
            args,
            kwargs: kwargs.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        }),
        2 => any_domain().prop_map(|domain| Deed::List { domain, slice: Slice::default(), fields: Fields::All, counted: false, filters: Vec::new() }),
        1 => any_value().prop_map(|values| Deed::CreateOne { values: Values::tree("vals", values), back: Back::Records(Fields::All) }),
        1 => any_value().prop_map(move |values| Deed::Update { target: Target::One(id), values: Values::tree("vals", values), back: Back::Ids }),
        1 => Just(Deed::Delete { target: Target::One(id) }),
        1 => Just(Deed::DescribeFields { fields: Fields::All, attributes: Vec::new() }),
    ]
}

/// The call that tells which records a write is about.
fn proof(prove: Prove) -> Call {
    match prove {
        Prove::Ids { read, .. } => read.call(),
        Prove::Found(search) => search,
    }
}

/// The calls of a plan, those with which the gateway proves and reads back among them.
fn calls(plan: Plan) -> Vec<Call> {
    match plan {
        Plan::NoAccess => Vec::new(),
        Plan::CheckAccess { checks, .. } => checks.into_iter().map(|(_, call)| call).collect(),
        Plan::Count(call) | Plan::Call { call, .. } => vec![call],
        Plan::Search(list) => vec![list.search(), list.search_all(), list.count()],
        Plan::List { list, counted } => {
            let read = list.read(Vec::new());
            let calls = [list.call(), list.search(), list.search_all(), list.count(), read.call(), read.presence()];
            calls.into_iter().chain(list.nested_call(counted)).chain(list.flat_call(counted)).collect()
        }
        Plan::Read { read, .. } => vec![read.call()],
        Plan::DescribeFields { full, reduced } => std::iter::once(full).chain(reduced).collect(),
        Plan::Create { create, read_back, .. } => {
            std::iter::once(create).chain(read_back.map(|read| read.call())).collect()
        }
        Plan::Update(update) => {
            let Update { prove, write, read_back, .. } = *update;
            [proof(prove), write].into_iter().chain(read_back.map(|read| read.call())).collect()
        }
        Plan::Delete { prove, unlink } => vec![proof(prove), unlink],
    }
}

/// Whether a field is named somewhere in an argument, in paths and columns too.
fn says(value: &Value<'_>, word: &str) -> bool {
    let is_said = |text: &str| text.split(['.', '/', ':', '(', ')', ' ', ',']).any(|part| part == word);
    match value {
        Value::Text(text) => is_said(text),
        Value::List(items) => items.iter().any(|item| says(item, word)),
        Value::Map(members) => members.iter().any(|(key, value)| is_said(key) || says(value, word)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_plan_reaches_beyond_its_scope(
        name in prop::sample::select(&["sale.order", "sale.order.line", "res.partner", "res.users", "ir.cron", "mail.message"][..]),
        deed in any_deed(),
    ) {
        let scope = Scope::from_json(CLERK).unwrap();
        let mut wish = Wish { model: model(name), deed, links: Links::Named, domain_parameter: "domain" };
        let planned = plan(&mut wish, &ContextAsked::default(), &scope, &Shop(19));
        if let Err(PlanError::Lacking(Lack::Schema(model))) = &planned {
            prop_assert!(false, "{} would have been asked for", model);
        }
        for call in planned.map(calls).unwrap_or_default() {
            let covered = [Operation::Read, Operation::Create, Operation::Update, Operation::Delete, Operation::Execute];
            prop_assert!(covered.iter().any(|operation| scope.allows(&call.model, *operation)), "{:?}", call);
        }
    }

    /// What is to be read stands in one place there, so the word may not stand in it at all.
    #[test]
    fn no_read_names_a_field_beyond_its_scope(
        method in prop::sample::select(&["read", "web_read", "export_data"][..]),
        fields in any_value(),
    ) {
        let args = vec![Value::List(vec![Value::Int(1)]), fields];
        let deed = Deed::Call { method: MethodName::parse(method).unwrap(), id: None, args, kwargs: Vec::new() };
        let scope = Scope::from_json(CLERK).unwrap();
        let mut wish = Wish { model: model("res.partner"), deed, links: Links::Named, domain_parameter: "domain" };
        if let Ok(Plan::Call { call, .. }) = plan(&mut wish, &ContextAsked::default(), &scope, &Shop(19)) {
            prop_assert!(!says(&call.args[1], "credit"), "{:?}", call);
        }
    }
}
