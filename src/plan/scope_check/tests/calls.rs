//! Methods called by name: the same escapes, through positional and named arguments.

use super::*;

fn planned_call(
    name: &str,
    method: &str,
    args: &str,
    kwargs: &str,
) -> Result<(Value<'static>, Value<'static>), String> {
    match planned(CLERK, "{}", name, call_of(method, args, kwargs))? {
        Plan::Call { call, .. } => Ok((Value::List(call.args), Value::Map(call.kwargs))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn calls_that_stay_within_are_sent_as_they_came() {
    for (name, method, args, kwargs) in [
        ("sale.order", "search", "[[['partner_id.email','=','x']],0,10,'name desc']", "{}"),
        ("sale.order", "search", "[]", "{'args':[['name','=','x']],'limit':1}"),
        ("sale.order", "search_count", "[[]]", "{}"),
        ("sale.order", "search_read", "[[],['name','user_id']]", "{'order':'id'}"),
        ("sale.order", "read", "[[1],['name']]", "{}"),
        ("sale.order", "read", "[[1]]", "{}"),
        (
            "sale.order",
            "web_read",
            "[[1],{'name':{},'user_id':{'fields':{'display_name':{}}},'order_line':{'fields':{'price':{}},'order':'price','limit':5}}]",
            "{}",
        ),
        ("sale.order", "web_search_read", "[[],{'partner_id':{'fields':{'email':{}}}}]", "{'limit':3}"),
        ("sale.order", "web_search_read", "[[],['name'],0,5]", "{}"),
        ("sale.order", "name_search", "['a',[['partner_id.email','!=',False]],'ilike',5]", "{}"),
        (
            "sale.order",
            "read_group",
            "[[],['amount:sum','total:max(amount)'],['partner_id','date:month']]",
            "{'orderby':'amount desc'}",
        ),
        (
            "sale.order",
            "formatted_read_group",
            "[[],['partner_id.email'],['__count','amount:sum'],[['amount:sum','>',1]]]",
            "{}",
        ),
        (
            "sale.order",
            "read_progress_bar",
            "[[],'partner_id',{'field':'name','colors':{'x':'danger'},'sum_field':'amount'}]",
            "{}",
        ),
        ("sale.order", "export_data", "[[1],['name','.id','partner_id','partner_id/email','order_line/price']]", "{}"),
        (
            "sale.order",
            "load",
            "[['name','partner_id/.id','order_line/name','order_line/price'],[['x',1,'y','2']]]",
            "{}",
        ),
        ("sale.order", "load", "[['.id','name'],[[1,'x']]]", "{}"),
        ("sale.order", "default_get", "[['name','user_id']]", "{}"),
        (
            "sale.order",
            "onchange",
            "[[],{'partner_id':7},['partner_id'],{'name':{},'order_line':{'fields':{'price':{}}}}]",
            "{}",
        ),
        (
            "sale.order",
            "onchange",
            "[[],{'order_line':[[0,'virtual_1',{'price':1}]]},'partner_id',{'name':'1','order_line.price':''}]",
            "{}",
        ),
        ("sale.order", "create", "[{'name':'x','order_line':[[0,0,{'price':1}]]}]", "{}"),
        ("sale.order", "create", "[[{'name':'x'},{'name':'y'}]]", "{}"),
        ("sale.order", "name_create", "['x']", "{}"),
        ("sale.order", "copy", "[[1],{'name':'x'}]", "{}"),
        ("sale.order", "write", "[[1],{'name':'x'}]", "{}"),
        ("sale.order", "web_save", "[[1],{'name':'x'},{'name':{}}]", "{}"),
        ("sale.order", "action_archive", "[[1]]", "{}"),
        ("sale.order", "action_confirm", "[[1],'whatever',{'user_id.login':1}]", "{'x':1}"),
        ("sale.order", "fields_get", "[['name'],['type']]", "{}"),
    ] {
        let sent = planned_call(name, method, args, kwargs).unwrap_or_else(|e| panic!("{method} {args} {kwargs}: {e}"));
        assert_eq!(sent, (tree(args), tree(kwargs)), "{method}");
    }
}

#[test]
fn calls_that_reach_beyond_are_refused() {
    for (name, method, args, kwargs, told) in [
        ("res.users", "search", "[[]]", "{}", "method: this credential may not read res.users."),
        ("sale.order", "search", "[[['user_id.login','=','x']]]", "{}", "may not read res.users"),
        ("sale.order", "search", "[]", "{'args':[['user_id.login','=','x']]}", "may not read res.users"),
        ("sale.order", "search", "[]", "{'domain':[['user_id.login','=','x']]}", "may not read res.users"),
        ("sale.order", "search", "[[],0,1,'user_id']", "{}", "may not read res.users"),
        ("sale.order", "search_count", "[[['user_id','ilike','adm']]]", "{}", "may not read res.users"),
        ("res.partner", "search_read", "[[],['credit']]", "{}", "may not read the field credit of res.partner"),
        ("res.partner", "search_read", "[]", "{'fields':['name','credit']}", "may not read the field credit"),
        ("res.partner", "read", "[[1],['credit']]", "{}", "may not read the field credit"),
        ("res.partner", "read", "[[1],'credit']", "{}", "may not read the field credit"),
        ("res.partner", "fields_get", "['x,credit']", "{}", "may not read the field credit"),
        ("res.partner", "fields_get", "['xcredit:x']", "{}", "may not read the field xcredit:x of res.partner"),
        ("res.partner", "web_read", "[[1],{'user_ids':{'fields':{'login':{}}}}]", "{}", "may not read res.users"),
        ("sale.order", "web_read", "[[1],{'user_id':{'fields':{'login':{}}}}]", "{}", "may not read res.users"),
        (
            "sale.order",
            "web_read",
            "[[1],{'user_id':{'fields':{'display_name':{'fields':{'login':{}}}}}}]",
            "{}",
            "may not read res.users",
        ),
        (
            "sale.order",
            "web_read",
            "[[1],{'user_id':{'fields':{'display_name':{}},'context':{'show_email':True}}}]",
            "{}",
            "show_email",
        ),
        (
            "sale.order",
            "web_read",
            "[[1],{'partner_id':{'fields':{'user_ids':{'fields':{'login':{}}}}}}]",
            "{}",
            "may not read res.users",
        ),
        ("sale.order", "web_read", "[[1],{'message_ids':{'order':'body'}}]", "{}", "may not read mail.message"),
        ("sale.order", "web_read", "[[1],{'source':{'fields':{'login':{}}}}]", "{}", "what it touches cannot be told"),
        ("sale.order", "web_search_read", "[[],{'user_id':{'fields':{'login':{}}}}]", "{}", "may not read res.users"),
        (
            "sale.order",
            "web_search_read",
            "[[]]",
            "{'specification':{'user_id':{'fields':{'login':{}}}}}",
            "may not read res.users",
        ),
        ("res.partner", "web_search_read", "[[],['credit']]", "{}", "may not read the field credit"),
        ("sale.order", "name_search", "['a',[['user_id.login','=','x']]]", "{}", "may not read res.users"),
        ("res.partner", "name_search", "['a']", "{}", "may not search res.partner by name"),
        ("res.partner", "web_name_search", "['a',{'name':{}}]", "{}", "may not search res.partner by name"),
        ("sale.order", "search", "[[['partner_id','ilike','a']]]", "{}", "may not search res.partner by name"),
        ("sale.order", "load", "[['name','partner_id'],[]]", "{}", "may not search res.partner by name"),
        ("sale.order", "read_group", "[[],[],['name'],0,None,False]", "{'expand':1}", "may not give read_group expand"),
        (
            "res.partner",
            "read_group",
            "[[],[],['name']]",
            "{}",
            "fields: this credential may not read every field of res.partner.",
        ),
        ("res.partner", "read_group", "[[],['credit:sum'],['name']]", "{}", "may not read the field credit"),
        ("res.partner", "read_group", "[[],['x:sum(credit)'],['name']]", "{}", "may not read the field credit"),
        ("res.partner", "read_group", "[[],['credit:sum(name'],['name']]", "{}", "what it touches cannot be told"),
        (
            "sale.order",
            "read_group",
            "[[],['name'],['user_id']]",
            "{}",
            "groupby: user_id: this credential may not read res.users.",
        ),
        ("sale.order", "read_group", "[[],['name'],'user_id.login']", "{}", "may not read res.users"),
        (
            "res.partner",
            "read_group",
            "[[],['name'],['name']]",
            "{'orderby':'name, credit desc'}",
            "may not read the field credit",
        ),
        ("res.partner", "formatted_read_group", "[[],['name'],['credit:sum']]", "{}", "may not read the field credit"),
        (
            "res.partner",
            "formatted_read_group",
            "[[],['name'],['__count'],[['credit:sum','>',1]]]",
            "{}",
            "may not read the field credit",
        ),
        ("sale.order", "web_read_group", "[[],['name'],['user_id']]", "{}", "may not read res.users"),
        (
            "sale.order",
            "web_read_group",
            "[[],['name']]",
            "{'groupby_read_specification':{'user_id':{'login':{}}}}",
            "what it touches cannot be told",
        ),
        (
            "sale.order",
            "web_read_group",
            "[[],['name']]",
            "{'unfold_read_specification':{'user_id':{'fields':{'login':{}}}}}",
            "may not read res.users",
        ),
        (
            "sale.order",
            "read_progress_bar",
            "[[],'user_id',{'field':'name','colors':{}}]",
            "{}",
            "may not read res.users",
        ),
        (
            "res.partner",
            "read_progress_bar",
            "[[],'name',{'field':'name','sum_field':'credit','colors':{}}]",
            "{}",
            "may not read the field credit",
        ),
        ("sale.order", "formatted_read_grouping_sets", "[[],[['user_id']]]", "{}", "what it touches cannot be told"),
        ("sale.order", "search_panel_select_range", "['user_id']", "{}", "what it touches cannot be told"),
        ("sale.order", "hierarchy_read", "[[],{},'parent_id']", "{}", "what it touches cannot be told"),
        (
            "res.partner",
            "export_data",
            "[[1],['user_ids/login']]",
            "{}",
            "fields: user_ids/login: this credential may not read res.users.",
        ),
        ("res.partner", "export_data", "[[1],['user_ids']]", "{}", "may not read res.users"),
        ("res.partner", "export_data", "[[1],['credit']]", "{}", "may not read the field credit"),
        ("res.partner", "export_data", "[[1],['id']]", "{}", "may not create ir.model.data"),
        ("sale.order", "export_data", "[[1],['partner_id/id']]", "{}", "may not create ir.model.data"),
        ("sale.order", "export_data", "[[1],['user_id.id']]", "{}", "what it touches cannot be told"),
        ("sale.order", "export_data", "[[1]]", "{'fields_to_export':['user_id/login']}", "may not read res.users"),
        (
            "res.partner",
            "load",
            "[['name','user_ids/login'],[]]",
            "{}",
            "fields: user_ids/login: this credential may not create res.users.",
        ),
        ("sale.order", "load", "[['name','user_id'],[]]", "{}", "may not read res.users"),
        ("sale.order", "load", "[['name','user_id/.id'],[]]", "{}", "may not read res.users"),
        ("res.partner", "load", "[['name','credit'],[]]", "{}", "may not create the field credit"),
        ("sale.order", "load", "[['name','order_line/tax_ids/.id'],[]]", "{}", "may not read account.tax"),
        ("sale.order", "load", "[['source'],[]]", "{}", "what it touches cannot be told"),
        ("sale.order", "load", "[['name:id'],[]]", "{}", "what it touches cannot be told"),
        ("res.partner", "name_create", "['x']", "{}", "may not create every field of res.partner"),
        ("res.partner", "copy", "[[1]]", "{}", "may not create every field of res.partner"),
        ("sale.order", "copy", "[[1],{'order_line':[[2,1]]}]", "{}", "may not delete sale.order.line"),
        ("sale.order", "copy_data", "[[1]]", "{}", "what it touches cannot be told"),
        ("res.partner", "default_get", "[['credit']]", "{}", "may not read the field credit"),
        ("res.partner", "onchange", "[[],{'credit':1},[],{}]", "{}", "may not read the field credit"),
        ("res.partner", "onchange", "[[],{},[],{'credit':{}}]", "{}", "may not read the field credit"),
        ("res.partner", "onchange", "[[],{},[],{'user_ids':{'fields':{'login':{}}}}]", "{}", "may not read res.users"),
        ("res.partner", "onchange", "[[],{},'name',{'user_ids.login':'1'}]", "{}", "may not read res.users"),
        ("res.partner", "onchange", "[[],{'user_ids':[[4,2,False]]},[],{}]", "{}", "may not read res.users"),
        ("res.partner", "create", "[{'user_ids':[[0,0,{'login':'x'}]]}]", "{}", "may not create res.users"),
        ("res.partner", "create", "[[{'name':'x'},{'credit':1}]]", "{}", "may not create the field credit"),
        ("res.partner", "create", "[]", "{'vals_list':[{'credit':1}]}", "may not create the field credit"),
        ("res.partner", "write", "[[1],{'credit':1}]", "{}", "may not update the field credit"),
        ("res.partner", "write", "[[1]]", "{'vals':{'credit':1}}", "may not update the field credit"),
        ("res.partner", "write", "[[1],{},{}]", "{}", "so many arguments"),
        ("res.partner", "web_save", "[[1],{'credit':1},{}]", "{}", "may not update the field credit"),
        ("res.partner", "web_save", "[[1],{},{'credit':{}}]", "{}", "may not read the field credit"),
        ("res.partner", "web_save", "[[],{'credit':1},{}]", "{}", "may not create the field credit"),
        ("crm.tag", "toggle_active", "[[1]]", "{}", "may not update crm.tag"),
        ("sale.order", "unlink", "[[1]]", "{}", "may not delete sale.order"),
        (
            "sale.order",
            "action_cancel",
            "[[1]]",
            "{}",
            "method: this credential may not execute action_cancel of sale.order.",
        ),
        ("sale.order", "get_metadata", "[[1]]", "{}", "may not execute get_metadata"),
        (
            "sale.order",
            "action_confirm",
            "[[1]]",
            "{'context':{'default_user_ids':[[0,0,{}]]}}",
            "may not send default_user_ids",
        ),
        ("sale.order", "read", "[[1],['partner_id']]", "{'context':{'show_email':1}}", "show_email"),
        (
            "res.partner",
            "create",
            "[{'name':'x'}]",
            "{'context':{'default_credit':1}}",
            "may not create the field credit",
        ),
        ("ir.attachment", "read", "[[1],['datas']]", "{}", "may reach ir.attachment only by a search"),
        ("ir.attachment", "search_read", "[[]]", "{}", "may search ir.attachment only with"),
        ("ir.attachment", "search_read", "[]", "{}", "may search ir.attachment only with"),
        ("ir.attachment", "load", "[['name','res_model'],[['x','res.users']]]", "{}", "may reach ir.attachment only"),
        ("mail.message", "search_read", "[[]]", "{}", "may not read mail.message"),
        ("ir.actions.report", "render_qweb_pdf", "[[1],[1]]", "{}", "may not execute render_qweb_pdf"),
        ("ir.actions.server", "run", "[[1]]", "{}", "may not execute run"),
    ] {
        let told_here = planned_call(name, method, args, kwargs).expect_err(&format!("{method} {args} {kwargs}"));
        assert!(
            told_here.starts_with("scope_forbidden: ") && told_here.contains(told),
            "{method} {args} {kwargs}: {told_here}"
        );
    }
}

#[test]
fn saving_no_record_makes_one() {
    let update = r#"[{"models":"crm.tag","operations":["update"]}]"#;
    let create = r#"[{"models":"crm.tag","operations":["create"]}]"#;
    for (ids, makes) in
        [("[1]", false), ("7", false), ("[]", true), ("''", true), ("0", true), ("False", true), ("{}", true)]
    {
        let save = || call_of("web_save", &format!("[{ids},{{'name':'x'}},{{}}]"), "{}");
        assert_eq!(planned(create, "{}", "crm.tag", save()).is_ok(), makes, "{ids}");
        assert_eq!(planned(update, "{}", "crm.tag", save()).is_ok(), !makes, "{ids}");
    }
}

#[test]
fn private_and_dangerous_methods_are_refused_whatever_the_scope() {
    for version in 14..=19 {
        for method in [
            "_search",
            "__class__",
            "sudo",
            "with_user",
            "with_env",
            "with_context",
            "browse",
            "env",
            "init",
            "mapped",
            "filtered",
            "exists",
            "flush",
            "flush_model",
            "invalidate_cache",
            "invalidate_all",
            "search_fetch",
            "fetch",
            "update",
            "new",
        ] {
            for scope in [Scope::All, Scope::from_json(CLERK).unwrap(), Scope::Nothing] {
                let mut wish = Wish {
                    model: model("sale.order"),
                    deed: call_of(method, "[]", "{}"),
                    links: Links::Named,
                    domain_parameter: "domain",
                };
                match plan(&mut wish, &ContextAsked::default(), &scope, &Shop(version)) {
                    Err(PlanError::Refused(problem)) => assert_eq!(problem.code, Code::PrivateMethod, "{method}"),
                    other => panic!("{method}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn reads_of_all_fields_name_those_that_may_be_shown() {
    let sent = planned_call("res.partner", "fields_get", "['name']", "{}").unwrap();
    assert_eq!(sent, (tree("[['name']]"), tree("{}")));
    let visible = tree("['id','display_name','name','email','active','country_id','user_ids','parent_id']");
    let with = |args: &str, more: &Value<'static>| {
        let Value::List(mut args) = tree(args) else { panic!() };
        args.push(more.clone());
        Value::List(args)
    };
    for (method, given, args) in [
        ("read", "[[1],[]]", "[[1]]"),
        ("read", "[[1],None]", "[[1]]"),
        ("search_read", "[[],False]", "[[]]"),
        ("fields_get", "[[]]", "[]"),
        ("web_search_read", "[[],[]]", "[[]]"),
    ] {
        let sent = planned_call("res.partner", method, given, "{}").unwrap();
        assert_eq!(sent, (with(args, &visible), Value::Map(Vec::new())), "{method} {given}");
    }
    for (method, args, kwargs, name) in [
        ("read", "[[1]]", "{}", "fields"),
        ("search_read", "[]", "{'fields':[]}", "fields"),
        ("fields_get", "[]", "{}", "allfields"),
    ] {
        let sent = planned_call("res.partner", method, args, kwargs).unwrap();
        assert_eq!(sent, (tree(args), Value::Map(vec![(name.into(), visible.clone())])), "{method}");
    }
}

#[test]
fn with_every_right_a_call_is_not_looked_at() {
    let args = "[[1],{'user_id':{'fields':{'login':{}}}},7]";
    let sent = planned(r#""all""#, "{'show_email':True}", "sale.order", call_of("web_read", args, "{'x':1}")).unwrap();
    let Plan::Call { call, .. } = sent else { panic!() };
    assert_eq!(Value::List(call.args), tree(args));
}

#[test]
fn external_ids_are_told_to_who_may_read_them() {
    let execute = r#"{"models": "*", "operations": ["read", "execute"]}"#;
    let data = r#"{"models": "ir.model.data", "operations": ["read"]}"#;
    for method in ["get_metadata", "get_external_id"] {
        let ask = |rules: &str| planned(rules, "{}", "sale.order", call_of(method, "[[1]]", "{}"));
        let refused = ask(&format!("[{execute}]")).unwrap_err();
        assert!(refused.contains("may not read ir.model.data"), "{refused}");
        ask(&format!("[{execute}, {data}]")).unwrap();
    }
}
