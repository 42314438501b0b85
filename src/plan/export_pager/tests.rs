//! Pages compared with the complete list, on a small in-memory Odoo that sorts and compares like 14 to 20.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::language::literal::Limits;
use crate::language::order::{Nulls, Order, OrderTerm};
use crate::names::{FieldName, ModelName};
use crate::plan::column_tree::Column;
use crate::plan::intent::Many2oneDisplay;
use crate::plan::model_schema::{FieldType, Schema};
use crate::plan::samples::{field, schema};
use crate::plan::version_number::VersionNumber;
use crate::value::Member;

#[derive(Debug, Clone)]
struct Row {
    id: i64,
    code: Option<&'static str>,
    date: Option<&'static str>,
    done: Option<bool>,
    link: Option<i64>,
    state: Option<&'static str>,
}

/// The options of `state`, in another order than that of their texts.
const STATES: [&str; 3] = ["draft", "sale", "cancel"];

fn model() -> Schema {
    let no = ("store", false.into());
    let option = |state: &'static str| Value::List(vec![state.into(), state.into()]);
    let states = ("selection", STATES.into_iter().map(option).collect());
    let schema = schema(
        "x.thing",
        vec![
            field("id", "integer", &[]),
            field("code", "char", &[]),
            field("date", "date", &[]),
            field("done", "boolean", &[]),
            field("link", "many2one", &[("relation", "x.other".into())]),
            field("state", "selection", &[states]),
            field("number", "integer", &[]),
            field("create_date", "datetime", &[]),
            field("active", "boolean", &[]),
            field("barcode", "char", &[("company_dependent", true.into())]),
            field("inherited", "char", &[no, ("searchable", true.into()), ("sortable", true.into())]),
        ],
    );
    (*schema).clone()
}

/// An Odoo of this version that can search.
struct Odoo {
    rows: Vec<Row>,
    major: u8,
}

impl Odoo {
    fn search(&self, list: &ListPlan) -> Vec<&Row> {
        self.find(&list.domain, &list.window)
    }

    fn find(&self, domain: &Value<'_>, window: &[Member<'_>]) -> Vec<&Row> {
        let of = |name: &str| window.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let order = of("order").map(|order| Order::parse(order.as_text().unwrap(), Limits::query()).unwrap());
        let mut found: Vec<&Row> = self.rows.iter().filter(|row| self.holds(row, domain.as_list().unwrap())).collect();
        if let Some(order) = order {
            found.sort_by(|a, b| {
                let mut compared = order.terms.iter().map(|term| self.compare(a, b, term));
                compared.find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            });
        }
        let number = |name| of(name).and_then(|n| n.as_int()).map(|n| usize::try_from(n).unwrap());
        found.into_iter().skip(number("offset").unwrap_or(0)).take(number("limit").unwrap_or(usize::MAX)).collect()
    }

    fn holds(&self, row: &Row, domain: &[Value<'_>]) -> bool {
        let mut items = domain.iter();
        let mut all = true;
        while !items.as_slice().is_empty() {
            all &= self.operand(row, &mut items);
        }
        all
    }

    fn operand(&self, row: &Row, items: &mut std::slice::Iter<'_, Value<'_>>) -> bool {
        match items.next().expect("operands enough") {
            Value::Text(operator) => {
                let (left, right) = (self.operand(row, items), self.operand(row, items));
                if operator == "&" { left && right } else { left || right }
            }
            Value::List(term) => match term.as_slice() {
                [Value::Text(field), Value::Text(operator), value] => self.term(row, field, operator, value),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn term(&self, row: &Row, field: &str, operator: &str, value: &Value<'_>) -> bool {
        let merges = self.major >= 18;
        match field {
            "code" => match (operator, value) {
                ("=like", _) => row.code.is_some(),
                ("not =like", _) if merges => row.code.is_none(),
                ("=", Value::Bool(false)) => row.code.is_none() || merges && row.code == Some(""),
                ("!=", Value::Bool(false)) => row.code.is_some_and(|code| !merges || !code.is_empty()),
                ("=", Value::Text(text)) => row.code == Some(text) || merges && text.is_empty() && row.code.is_none(),
                ("<", Value::Text(text)) => row.code.map_or(merges && !text.is_empty(), |code| code < &**text),
                (">", Value::Text(text)) => row.code.is_some_and(|code| code > &**text),
                other => panic!("{other:?}"),
            },
            "done" => Value::Bool(row.done == Some(true)) == *value && operator == "=",
            "date" => plain(row.date, operator, value.as_text()),
            "state" => plain(row.state, operator, value.as_text()),
            "link" => plain(row.link, operator, value.as_int()),
            "id" => plain(Some(row.id), operator, value.as_int()),
            other => panic!("{other}"),
        }
    }
}

fn plain<T: PartialOrd>(column: Option<T>, operator: &str, value: Option<T>) -> bool {
    match (operator, column, value) {
        ("=", None, None) => true,
        ("!=", column, None) => column.is_some(),
        ("=", Some(column), Some(value)) => column == value,
        ("<", Some(column), Some(value)) => column < value,
        (">", Some(column), Some(value)) => column > value,
        _ => false,
    }
}

impl Odoo {
    fn compare(&self, a: &Row, b: &Row, term: &OrderTerm) -> Ordering {
        let nulls_first = term.nulls.map_or(term.descending, |nulls| nulls == Nulls::First);
        let place = |row: &Row| STATES.iter().position(|state| row.state == Some(state));
        match term.field.as_str() {
            "id" => directed(&a.id, &b.id, term.descending),
            "code" => with_nulls(&a.code, &b.code, term.descending, nulls_first),
            "date" => with_nulls(&a.date, &b.date, term.descending, nulls_first),
            "link" => with_nulls(&a.link, &b.link, term.descending, nulls_first),
            "state" if self.major >= 20 => with_nulls(&place(a), &place(b), term.descending, nulls_first),
            "state" => with_nulls(&a.state, &b.state, term.descending, nulls_first),
            "done" => directed(&(a.done == Some(true)), &(b.done == Some(true)), term.descending),
            other => panic!("{other}"),
        }
    }
}

fn directed<T: Ord>(a: &T, b: &T, descending: bool) -> Ordering {
    if descending { b.cmp(a) } else { a.cmp(b) }
}

fn with_nulls<T: Ord>(a: &Option<T>, b: &Option<T>, descending: bool, nulls_first: bool) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) if nulls_first => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => with_nulls(b, a, descending, nulls_first).reverse(),
        (Some(a), Some(b)) => directed(a, b, descending),
    }
}

impl Row {
    fn record(&self) -> Value<'static> {
        let or_false = |value: Option<Value<'static>>| value.unwrap_or(Value::Bool(false));
        Value::Map(vec![
            ("id".into(), Value::Int(self.id)),
            ("code".into(), or_false(self.code.map(Value::from))),
            ("date".into(), or_false(self.date.map(Value::from))),
            ("done".into(), Value::Bool(self.done == Some(true))),
            ("link".into(), or_false(self.link.map(|id| Value::List(vec![Value::Int(id), "Name".into()])))),
            ("state".into(), or_false(self.state.map(Value::from))),
        ])
    }
}

fn list_at(major: u8, order: &str, window: &Window) -> ListPlan {
    let mut arguments = vec![("order".into(), Value::from(order.to_owned()))];
    arguments.retain(|(_, order): &(_, Value<'_>)| order.as_text() != Some(""));
    if window.offset > 0 {
        arguments.push(("offset".into(), Value::Int(window.offset.into())));
    }
    arguments.extend(window.limit.map(|limit| ("limit".into(), Value::Int(limit.into()))));
    ListPlan {
        model: ModelName::parse("x.thing").unwrap(),
        domain: Value::List(Vec::new()),
        window: arguments,
        columns: Columns {
            visible: vec![Column::id(), Column::plain(FieldName::from_static("date"), FieldType::Date)],
            named: true,
            existence_column: None,
        },
        options: crate::plan::read_options::ReadOptions {
            context: Vec::new(),
            many2one_display: Many2oneDisplay::Named,
            version: VersionNumber::new(major, 0),
        },
    }
}

fn list(order: &str, window: &Window) -> ListPlan {
    list_at(19, order, window)
}

fn window(order: &str, offset: u32, limit: Option<u32>) -> Window {
    Window { offset, limit, order: (!order.is_empty()).then(|| Order::parse(order, Limits::query()).unwrap()) }
}

fn total(order: &str) -> String {
    Order::parse(order, Limits::query()).unwrap().with_id_appended().to_odoo()
}

/// All ids, page by page, and the number of steps.
fn all_pages(odoo: &Odoo, mut pager: Pager) -> (Vec<i64>, usize) {
    let (mut ids, mut steps) = (Vec::new(), 0);
    while let Some(step) = pager.next_step() {
        steps += 1;
        assert!(steps < 200, "pages do not end");
        match step {
            PageStep::List(list) => {
                let page: Vec<_> = odoo.search(&list).into_iter().map(Row::record).collect();
                ids.extend(page.iter().map(|record| record.get("id").unwrap().as_int().unwrap()));
                pager.accept_records(&page, 0).unwrap();
            }
            PageStep::FindIds(search) => {
                let found = odoo.find(&search.args[0], &search.kwargs);
                pager.accept_found_ids(found.into_iter().map(|row| RecordId::new(row.id).unwrap()).collect());
            }
            PageStep::Read(page) => {
                ids.extend(page.ids.iter().map(|id| id.get()));
                pager.advance(0);
            }
            other => panic!("{other:?}"),
        }
    }
    (ids, steps)
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let code = prop::sample::select(vec![None, Some(""), Some("a"), Some("b"), Some("b\n"), Some("é")]);
    let date = prop::sample::select(vec![None, Some("2020-01-01"), Some("2021-01-01")]);
    let done = prop::sample::select(vec![None, Some(false), Some(true)]);
    let link = prop::sample::select(vec![None, Some(3), Some(12)]);
    // A value that is no option remains in the database when its module is removed.
    let state = prop::sample::select(vec![None, Some("draft"), Some("sale"), Some("cancel"), Some("gone")]);
    prop::collection::vec((code, date, done, link, state), 0..24).prop_map(|rows| {
        let row = |(id, (code, date, done, link, state))| Row { id, code, date, done, link, state };
        (1..).zip(rows).map(row).collect()
    })
}

fn order() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec!["code", "date", "done", "link.id", "state", "id"]);
    let direction = prop::sample::select(vec!["", " desc"]);
    let nulls = prop::sample::select(vec!["", " nulls first", " nulls last"]);
    prop::collection::vec((field, direction, nulls), 0..4)
        .prop_map(|terms| terms.iter().map(|(f, d, n)| format!("{f}{d}{n}")).collect::<Vec<_>>().join(", "))
}

proptest! {
    #[test]
    fn pages_are_the_list_in_pieces(
        rows in rows(),
        order in order(),
        (offset, limit) in (0_u32..6, prop::option::of(1_u32..20)),
        (size, major) in (1_usize..6, prop::sample::select(vec![14_u8, 16, 18, 19, 20])),
    ) {
        let odoo = Odoo { rows, major };
        let window = window(&order, offset, limit);
        let expected_order = if order.is_empty() { "id".to_owned() } else { total(&order) };
        let expected: Vec<i64> = odoo.search(&list(&expected_order, &window)).iter().map(|row| row.id).collect();
        let mut pager = Pager::for_list(list_at(major, &total(&order), &window), &window, &model());
        pager.size.limit_to(size);
        prop_assert_eq!(all_pages(&odoo, pager).0, expected);
    }
}

fn things(count: i64) -> Odoo {
    let row = |id| Row { id, code: Some("b"), date: None, done: None, link: Some(12), state: None };
    Odoo { rows: (1..=count).map(row).collect(), major: 19 }
}

#[test]
fn pages_end_at_the_limit_or_with_an_empty_page() {
    for (limit, steps) in [(Some(4), 2), (Some(3), 2), (Some(7), 4), (Some(8), 5), (None, 5)] {
        let window = window("", 0, limit);
        let mut pager = Pager::for_list(list("", &window), &window, &model());
        pager.size.limit_to(2);
        assert_eq!(all_pages(&things(7), pager).1, steps, "{limit:?}");
    }
}

#[test]
fn cursor_columns_are_read_but_not_returned() {
    let window = window("code desc, date", 0, None);
    let pager = Pager::for_list(list("code desc, date, id", &window), &window, &model());
    let Some(PageStep::List(page)) = pager.next_step() else { panic!("{:?}", pager.next_step()) };
    assert_eq!(page.columns.requested().collect::<Vec<_>>(), ["date", "code"]);
    assert_eq!(pager.columns().unwrap().visible.len(), 2);
}

#[test]
fn orders_that_cannot_be_a_key_find_their_ids_first() {
    for order in ["number", "create_date desc", "link", "active", "barcode", "inherited", "code, number"] {
        let window = window(order, 3, Some(5));
        let mut pager = Pager::for_list(list(order, &window), &window, &model());
        let Some(PageStep::FindIds(call)) = pager.next_step() else { panic!("{order}: {:?}", pager.next_step()) };
        assert_eq!(call, list(order, &window).search_call());
        pager.accept_found_ids([5, 3, 9].map(|id| RecordId::new(id).unwrap()).into());
        pager.size.limit_to(2);
        let mut read = Vec::new();
        while let Some(PageStep::Read(page)) = pager.next_step() {
            read.push(page.ids.iter().map(|id| id.get()).collect::<Vec<_>>());
            pager.advance(0);
        }
        assert_eq!(read, [vec![5, 3], vec![9]]);
    }
}

#[test]
fn a_selection_is_a_key_until_odoo_20_sorts_it_by_its_options() {
    for (major, by_key) in [(19, true), (20, false)] {
        let window = window("state desc", 0, None);
        let pager = Pager::for_list(list_at(major, "state desc, id", &window), &window, &model());
        assert_eq!(matches!(pager.next_step(), Some(PageStep::List(_))), by_key, "{major}");
        assert_eq!(matches!(pager.next_step(), Some(PageStep::FindIds(_))), !by_key, "{major}");
    }
}

#[test]
fn models_with_a_custom_search_find_their_ids_first() {
    let window = window("", 0, None);
    let attachment = schema("ir.attachment", vec![field("id", "integer", &[])]);
    let (window, model) = (Window { offset: 1, limit: Some(2), ..window }, attachment.model.clone());
    let list = ListPlan { model, ..list("id desc", &window) };
    let mut pager = Pager::for_list(list.clone(), &window, &attachment);
    assert_eq!(
        pager.next_step(),
        Some(PageStep::FindIds(list.search_all_call())),
        "Odoo would apply the limit wrongly"
    );
    pager.accept_found_ids([9, 5, 3, 1].map(|id| RecordId::new(id).unwrap()).into());
    let Some(PageStep::Read(read)) = pager.next_step() else { panic!("{:?}", pager.next_step()) };
    assert_eq!(read.ids, [5, 3].map(|id| RecordId::new(id).unwrap()), "the gateway applies offset and limit");
}

#[test]
fn id_listings_use_a_keyset_only_for_the_order_by_id() {
    for (order, by_key) in [("", true), ("id desc", true), ("code", false), ("number", false)] {
        let window = window(order, 0, None);
        let pager = Pager::for_ids(list(order, &window), &window, &model());
        assert_eq!(matches!(pager.next_step(), Some(PageStep::Search(_))), by_key, "{order}");
        assert_eq!(matches!(pager.next_step(), Some(PageStep::FindIds(_))), !by_key, "{order}");
    }
}

#[test]
fn given_records_are_verified_before_the_first_of_several_pages() {
    let read = |ids: &[i64]| {
        list("", &Window::default()).read_plan(ids.iter().map(|id| RecordId::new(*id).unwrap()).collect())
    };
    let few = Pager::for_given_ids(read(&[7, 7]), read(&[7]));
    assert_eq!(few.next_step(), Some(PageStep::Read(read(&[7, 7]))));
    let ids: Vec<i64> = (1..=9000).collect();
    let mut many = Pager::for_given_ids(read(&ids), read(&ids));
    assert_eq!(many.next_step(), Some(PageStep::Verify(read(&ids))));
    many.accept_verified();
    let Some(PageStep::Read(first)) = many.next_step() else { panic!("{:?}", many.next_step()) };
    assert!(first.ids.len() < ids.len() && ids.iter().zip(&first.ids).all(|(id, read)| *id == read.get()));
}

#[test]
fn a_page_that_was_too_large_is_retried_smaller_down_to_one_record() {
    let window = window("", 0, None);
    let mut pager = Pager::for_list(list("", &window), &window, &model());
    let mut limits = Vec::new();
    while pager.shrink_page() {
        let Some(PageStep::List(page)) = pager.next_step() else { panic!("{:?}", pager.next_step()) };
        limits.push(page.window.iter().find(|(name, _)| name == "limit").and_then(|(_, limit)| limit.as_int()));
    }
    assert_eq!(limits, [Some(500), Some(125), Some(31), Some(7), Some(1)]);
}

#[test]
fn a_record_without_its_cursor_columns_is_an_error() {
    let window = window("code", 0, None);
    let mut pager = Pager::for_list(list("code, id", &window), &window, &model());
    let record = Value::Map(vec![("id".into(), Value::Int(7))]);
    assert_eq!(pager.accept_records(&[record], 10).unwrap_err().code, ErrorCode::ResultNotRepresentable);
}

#[test]
fn a_short_page_ends_the_listing_only_if_no_records_remain() {
    let window = window("id", 0, None);
    let record = |id| Value::Map(vec![("id".into(), Value::Int(id))]);
    let all_pages = |pages: &[&[i64]], with_total: &[i64]| {
        let mut pager = Pager::for_list(list("id", &window), &window, &model());
        for (page, with_total) in pages.iter().zip(with_total) {
            pager.accept_records(&page.iter().map(|id| record(*id)).collect::<Vec<_>>(), 10).unwrap();
            pager.accept_remaining(*with_total);
        }
        pager.next_step()
    };
    assert_eq!(all_pages(&[&[3, 4]], &[0]), None, "the end, without another call");
    assert!(matches!(all_pages(&[&[3, 4]], &[5]), Some(PageStep::List(_))));
    assert_eq!(all_pages(&[&[3, 4], &[]], &[5, 0]), None);
    let Some(PageStep::FindIds(rest)) = all_pages(&[&[3, 4], &[]], &[5, 3]) else {
        panic!("the remaining ids are searched")
    };
    let after_4 = Value::List(vec![Value::List(vec!["id".into(), ">".into(), Value::Int(4)])]);
    assert_eq!(rest.args, [after_4]);
}
