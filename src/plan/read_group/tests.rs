//! Calls and results of both methods, as Odoo 19 has them for the same records.

use super::*;
use crate::language::literal::{self, Limits};
use crate::plan::samples::{Samples, partner};
use crate::plan::scope::Scope;

fn parsed(literal: &str) -> Value<'static> {
    literal::parse(literal, Limits::query()).unwrap().into_owned()
}

fn call(args: &str, kwargs: &str) -> Call {
    let (Value::List(args), Value::Map(kwargs)) = (parsed(args), parsed(kwargs)) else { panic!("{args} {kwargs}") };
    let (model, method) = (partner().model.clone(), MethodName::from_static("read_group"));
    Call { model, method, args, kwargs, effect: Effect::Read }
}

fn planned(args: &str, kwargs: &str) -> Result<Option<GroupPlan>, ErrorCode> {
    let call = call(args, kwargs);
    GroupPlan::from_call(&call, ScopeCheck::new(&Scope::All, &[]), &Samples).map_err(|error| match error {
        PlanError::Rejected(problem) => problem.code,
        PlanError::NeedsMetadata(missing) => panic!("{missing:?}"),
    })
}

fn plan(args: &str, kwargs: &str) -> GroupPlan {
    planned(args, kwargs).unwrap().unwrap()
}

fn json(value: &Value<'_>) -> String {
    serde_json::to_string(value).unwrap()
}

/// The call of the new method, where Odoo sums every number.
fn new_call(args: &str, kwargs: &str) -> String {
    let described = parsed("{'color': {'aggregator': 'sum'}, 'credit': {'aggregator': 'sum'}, 'name': {}}");
    let (call, _) = plan(args, kwargs).complete(Some(&described));
    assert_eq!(call.method.as_str(), "formatted_read_group");
    format!("{} {}", json(&Value::List(call.args)), json(&Value::Map(call.kwargs)))
}

#[test]
fn arguments_are_translated() {
    let lazy = r#"{"context":{"read_group_expand":true}}"#;
    for (args, kwargs, expected) in [
        ("[[],['credit:sum'],['country_id']]", "{}", format!(r#"[[],["country_id"],["__count","credit:sum"]] {lazy}"#)),
        ("[False,['name','color'],'type']", "{}", format!(r#"[[],["type"],["__count","color:sum"]] {lazy}"#)),
        ("[[],[],['date','type']]", "{}", format!(r#"[[],["date:month"],["__count"]] {lazy}"#)),
        (
            "[[('id','>',3)]]",
            "{'fields':['top:max(color)','color'],'groupby':['create_date:year','type'],'lazy':False}",
            r#"[[["id",">",3]],["create_date:year","type"],["__count","color:max","color:sum"]] {}"#.to_owned(),
        ),
        (
            "[[],['color:sum'],['date'],5,0,'date desc, color, date_count']",
            "{'context':{'lang':'fr_FR'}}",
            concat!(
                r#"[[],["date:month"],["__count","color:sum"]] {"offset":5,"context":{"lang":"fr_FR","#,
                r#""read_group_expand":true},"order":"date:month desc, color:sum, __count"}"#
            )
            .to_owned(),
        ),
        (
            "[[],['__count','type'],['type'],0,10]",
            "{}",
            r#"[[],["type"],["__count"]] {"limit":10,"context":{"read_group_expand":true}}"#.to_owned(),
        ),
        ("[[],['color:sum'],[]]", "{}", r#"[[],[],["__count","color:sum"]] {}"#.to_owned()),
    ] {
        assert_eq!(new_call(args, kwargs), expected, "{args} {kwargs}");
    }
}

#[test]
fn only_fields_without_an_aggregate_are_asked_for() {
    assert_eq!(plan("[[],['credit:sum'],['type']]", "{}").describe, None);
    let describe = plan("[[],['credit:sum','color','type'],['type']]", "{}").describe.unwrap();
    assert_eq!((describe.model, describe.method.as_str()), (partner().model.clone(), "fields_get"));
    assert_eq!(json(&Value::List(describe.args)), r#"[["color"],["aggregator"]]"#);
}

#[test]
fn calls_of_the_method_of_odoo_20_are_recognized() {
    for (args, kwargs) in [
        ("[[],['type'],['color:sum']]", "{}"),
        ("[[],['type'],['__count']]", "{}"),
        ("[[],['type']]", "{}"),
        ("[]", "{'domain':[],'groupby':['type']}"),
        ("[[],['type']]", "{'aggregates':['color:sum']}"),
        ("[[],['type'],[]]", "{'order':'type'}"),
        ("[[],['name'],['type'],0,0,False,True,7]", "{}"),
    ] {
        assert_eq!(planned(args, kwargs), Ok(None), "{args} {kwargs}");
    }
    assert!(plan("[[]]", "{'fields':['type'],'groupby':['type']}").describe.is_none());
}

#[test]
fn arguments_that_the_old_method_rejects_are_rejected() {
    for (args, kwargs, code) in [
        ("[[],['nosuch'],['type']]", "{}", ErrorCode::UnknownField),
        ("[[],['color:sum'],['nosuch']]", "{}", ErrorCode::UnknownField),
        ("[[],['a:sum(nosuch)'],['type']]", "{}", ErrorCode::UnknownField),
        ("[[],['color:sum('],['type']]", "{}", ErrorCode::InvalidValue),
        ("[[],[7],['type']]", "{}", ErrorCode::InvalidValue),
        ("[[],[],7]", "{}", ErrorCode::InvalidValue),
        ("[[],[],['type'],0,0,7]", "{}", ErrorCode::InvalidValue),
    ] {
        assert_eq!(planned(args, kwargs), Err(code), "{args} {kwargs}");
    }
}

/// The result of the old method, from that of the new one.
fn old_rows(args: &str, kwargs: &str, groups: &str) -> String {
    let (_, rows) = plan(args, kwargs).complete(None);
    json(&rows.convert(parsed(groups)))
}

#[test]
fn groups_have_the_names_and_domains_of_the_old_method() {
    let groups = "[{'country_id': (7, 'France'), '__extra_domain': [('country_id', '=', 7)], '__count': 3,
                    'credit:sum': 1.5, '__fold': False}]";
    let expected = concat!(
        r#"[{"country_id":[7,"France"],"country_id_count":3,"debt":1.5,"__fold":false,"#,
        r#""__domain":["&",["active","=",true],["country_id","=",7]],"__context":{"group_by":["type"]}}]"#
    );
    let args = "[[('active','=',True)],['debt:sum(credit)'],['country_id','type']]";
    assert_eq!(old_rows(args, "{}", groups), expected);
}

#[test]
fn dates_are_labels_with_a_range() {
    let groups = "[{'date:month': ('2026-05-01', 'May 2026'), 'create_date:year': ('2025-12-31 23:00:00', '2026'),
                    '__extra_domain': ['&', '&', '&', ('date', '>=', '2026-05-01'), ('date', '<', '2026-06-01'),
                      ('create_date', '>=', '2025-12-31 23:00:00'), ('create_date', '<', '2026-12-31 23:00:00')],
                    '__count': 1},
                   {'date:month': False, 'create_date:year': False, '__count': 2, '__extra_domain':
                     ['&', ('date', '=', False), ('create_date', '=', False)]}]";
    let expected = concat!(
        r#"[{"date":"May 2026","create_date:year":"2026","__count":1,"#,
        r#""__range":{"date":{"from":"2026-05-01","to":"2026-06-01"},"#,
        r#""create_date:year":{"from":"2025-12-31 23:00:00","to":"2026-12-31 23:00:00"}},"#,
        r#""__domain":["&","&","&",["date",">=","2026-05-01"],["date","<","2026-06-01"],"#,
        r#"["create_date",">=","2025-12-31 23:00:00"],["create_date","<","2026-12-31 23:00:00"]]},"#,
        r#"{"date":false,"create_date:year":false,"__count":2,"__range":{"date":false,"create_date:year":false},"#,
        r#""__domain":["&",["date","=",false],["create_date","=",false]]}]"#
    );
    assert_eq!(old_rows("[[],[],['date','create_date:year']]", "{'lazy':False}", groups), expected);
}

#[test]
fn two_periods_of_one_date_have_their_own_ranges() {
    let groups = "[{'date:year': ('2026-01-01', '2026'), 'date:month': ('2026-01-01', 'January 2026'), '__count': 1,
                    '__extra_domain': ['&', '&', '&', ('date', '>=', '2026-01-01'), ('date', '<', '2027-01-01'),
                      ('date', '>=', '2026-01-01'), ('date', '<', '2026-02-01')]}]";
    let rows = old_rows("[[],[],['date:year','date:month']]", "{'lazy':False}", groups);
    assert!(rows.contains(r#""date:year":{"from":"2026-01-01","to":"2027-01-01"}"#), "{rows}");
    assert!(rows.contains(r#""date:month":{"from":"2026-01-01","to":"2026-02-01"}"#), "{rows}");
}

#[test]
fn parts_of_dates_are_numbers() {
    let groups = "[{'date:month_number': 0, '__count': 1, '__extra_domain': [('date.month_number', '=', 0)]}]";
    let expected = r#"[{"date:month_number":0,"date_count":1,"__domain":[["date.month_number","=",0]]}]"#;
    assert_eq!(old_rows("[[],[],['date:month_number']]", "{}", groups), expected);
}

#[test]
fn domains_are_joined_condition_by_condition() {
    let domain = |domain: &str, extra: &str| {
        let groups = format!("[{{'type': 'x', '__extra_domain': {extra}, '__count': 1}}]");
        let rows = old_rows(&format!("[{domain},[],['type']]"), "{}", &groups);
        rows.split_once(r#""__domain":"#).unwrap().1.trim_end_matches("}]").to_owned()
    };
    assert_eq!(domain("[]", "[(1,'=',1)]"), "[]");
    assert_eq!(domain("[]", "[('type','=','x')]"), r#"[["type","=","x"]]"#);
    assert_eq!(
        domain("['|',('a','=',1),'&',('b','=',2),('c','=',3),('d','=',4)]", "[('type','=','x')]"),
        r#"["&","&","|",["a","=",1],"&",["b","=",2],["c","=",3],["d","=",4],["type","=","x"]]"#
    );
    assert_eq!(
        domain("['&','!',('a','=',1),('b','=',2)]", "[('type','=','x')]"),
        r#"["&","&","!",["a","=",1],["b","=",2],["type","=","x"]]"#
    );
}

#[test]
fn other_results_stay_as_they_are() {
    let (_, rows) = plan("[[],[],['type']]", "{}").complete(None);
    for other in [Value::Null, Value::from("x"), Value::List(vec![Value::Int(7)])] {
        assert_eq!(rows.convert(other.clone()), other);
    }
}
