//! Methods called by name: the same attempts, through positional and named arguments.

use super::*;
use crate::error_code::ErrorCode;
use crate::plan::samples::SamplesOfOdoo20;

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
fn calls_within_the_scope_are_sent_unchanged() {
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
            "formatted_read_grouping_sets",
            "[[],[['partner_id','date:month'],['date:month'],[]],['amount:sum']]",
            "{'order':'date:month'}",
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
fn calls_outside_the_scope_are_rejected() {
    for (name, method, args, kwargs, expected) in [
        ("res.users", "search", "[[]]", "{}", "method: the credential's scope does not allow `read` on `res.users`."),
        ("sale.order", "search", "[[['user_id.login','=','x']]]", "{}", "`read` on `res.users`"),
        ("sale.order", "search", "[]", "{'args':[['user_id.login','=','x']]}", "`read` on `res.users`"),
        ("sale.order", "search", "[]", "{'domain':[['user_id.login','=','x']]}", "`read` on `res.users`"),
        ("sale.order", "search", "[[],0,1,'user_id']", "{}", "`read` on `res.users`"),
        ("sale.order", "search_count", "[[['user_id','ilike','adm']]]", "{}", "`read` on `res.users`"),
        ("res.partner", "search_read", "[[],['credit']]", "{}", "`read` on the field `credit` of `res.partner`"),
        ("res.partner", "search_read", "[]", "{'fields':['name','credit']}", "`read` on the field `credit`"),
        ("res.partner", "read", "[[1],['credit']]", "{}", "`read` on the field `credit`"),
        ("res.partner", "read", "[[1],'credit']", "{}", "`read` on the field `credit`"),
        ("res.partner", "fields_get", "['x,credit']", "{}", "`read` on the field `credit`"),
        ("res.partner", "fields_get", "['xcredit:x']", "{}", "`read` on the field `xcredit:x` of `res.partner`"),
        ("res.partner", "web_read", "[[1],{'user_ids':{'fields':{'login':{}}}}]", "{}", "`read` on `res.users`"),
        ("sale.order", "web_read", "[[1],{'user_id':{'fields':{'login':{}}}}]", "{}", "`read` on `res.users`"),
        (
            "sale.order",
            "web_read",
            "[[1],{'user_id':{'fields':{'display_name':{'fields':{'login':{}}}}}}]",
            "{}",
            "`read` on `res.users`",
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
            "`read` on `res.users`",
        ),
        ("sale.order", "web_read", "[[1],{'message_ids':{'order':'body'}}]", "{}", "`read` on `mail.message`"),
        (
            "sale.order",
            "web_read",
            "[[1],{'source':{'fields':{'login':{}}}}]",
            "{}",
            "because the gateway cannot check which fields it touches",
        ),
        ("sale.order", "web_search_read", "[[],{'user_id':{'fields':{'login':{}}}}]", "{}", "`read` on `res.users`"),
        (
            "sale.order",
            "web_search_read",
            "[[]]",
            "{'specification':{'user_id':{'fields':{'login':{}}}}}",
            "`read` on `res.users`",
        ),
        ("res.partner", "web_search_read", "[[],['credit']]", "{}", "`read` on the field `credit`"),
        ("sale.order", "name_search", "['a',[['user_id.login','=','x']]]", "{}", "`read` on `res.users`"),
        ("res.partner", "name_search", "['a']", "{}", "searching `res.partner` by name"),
        ("res.partner", "web_name_search", "['a',{'name':{}}]", "{}", "searching `res.partner` by name"),
        ("sale.order", "search", "[[['partner_id','ilike','a']]]", "{}", "searching `res.partner` by name"),
        ("sale.order", "load", "[['name','partner_id'],[]]", "{}", "searching `res.partner` by name"),
        ("sale.order", "read_group", "[[],[],['name'],0,None,False]", "{'expand':1}", "expand of `read_group`"),
        (
            "res.partner",
            "read_group",
            "[[],[],['name']]",
            "{}",
            "fields: the credential's scope does not allow `read` on all fields of `res.partner`.",
        ),
        ("res.partner", "read_group", "[[],['credit:sum'],['name']]", "{}", "`read` on the field `credit`"),
        ("res.partner", "read_group", "[[],['x:sum(credit)'],['name']]", "{}", "`read` on the field `credit`"),
        (
            "res.partner",
            "read_group",
            "[[],['credit:sum(name'],['name']]",
            "{}",
            "because the gateway cannot check which fields it touches",
        ),
        (
            "sale.order",
            "read_group",
            "[[],['name'],['user_id']]",
            "{}",
            "groupby: user_id: the credential's scope does not allow `read` on `res.users`.",
        ),
        ("sale.order", "read_group", "[[],['name'],'user_id.login']", "{}", "`read` on `res.users`"),
        (
            "res.partner",
            "read_group",
            "[[],['name'],['name']]",
            "{'orderby':'name, credit desc'}",
            "`read` on the field `credit`",
        ),
        ("res.partner", "formatted_read_group", "[[],['name'],['credit:sum']]", "{}", "`read` on the field `credit`"),
        (
            "res.partner",
            "formatted_read_group",
            "[[],['name'],['__count'],[['credit:sum','>',1]]]",
            "{}",
            "`read` on the field `credit`",
        ),
        ("sale.order", "web_read_group", "[[],['name'],['user_id']]", "{}", "`read` on `res.users`"),
        (
            "sale.order",
            "web_read_group",
            "[[],['name']]",
            "{'groupby_read_specification':{'user_id':{'login':{}}}}",
            "because the gateway cannot check which fields it touches",
        ),
        (
            "sale.order",
            "web_read_group",
            "[[],['name']]",
            "{'unfold_read_specification':{'user_id':{'fields':{'login':{}}}}}",
            "`read` on `res.users`",
        ),
        (
            "sale.order",
            "read_progress_bar",
            "[[],'user_id',{'field':'name','colors':{}}]",
            "{}",
            "`read` on `res.users`",
        ),
        (
            "res.partner",
            "read_progress_bar",
            "[[],'name',{'field':'name','sum_field':'credit','colors':{}}]",
            "{}",
            "`read` on the field `credit`",
        ),
        (
            "sale.order",
            "formatted_read_grouping_sets",
            "[[],[['name'],['name','user_id']]]",
            "{}",
            "groupby: user_id: the credential's scope does not allow `read` on `res.users`.",
        ),
        (
            "sale.order",
            "search_panel_select_range",
            "['user_id']",
            "{}",
            "because the gateway cannot check which fields it touches",
        ),
        (
            "sale.order",
            "hierarchy_read",
            "[[],{},'parent_id']",
            "{}",
            "because the gateway cannot check which fields it touches",
        ),
        (
            "res.partner",
            "export_data",
            "[[1],['user_ids/login']]",
            "{}",
            "fields: user_ids/login: the credential's scope does not allow `read` on `res.users`.",
        ),
        ("res.partner", "export_data", "[[1],['user_ids']]", "{}", "`read` on `res.users`"),
        ("res.partner", "export_data", "[[1],['credit']]", "{}", "`read` on the field `credit`"),
        ("res.partner", "export_data", "[[1],['id']]", "{}", "`create` on `ir.model.data`"),
        ("sale.order", "export_data", "[[1],['partner_id/id']]", "{}", "`create` on `ir.model.data`"),
        (
            "sale.order",
            "export_data",
            "[[1],['user_id.id']]",
            "{}",
            "because the gateway cannot check which fields it touches",
        ),
        ("sale.order", "export_data", "[[1]]", "{'fields_to_export':['user_id/login']}", "`read` on `res.users`"),
        (
            "res.partner",
            "load",
            "[['name','user_ids/login'],[]]",
            "{}",
            "fields: user_ids/login: the credential's scope does not allow `create` on `res.users`.",
        ),
        ("sale.order", "load", "[['name','user_id'],[]]", "{}", "`read` on `res.users`"),
        ("sale.order", "load", "[['name','user_id/.id'],[]]", "{}", "`read` on `res.users`"),
        ("res.partner", "load", "[['name','credit'],[]]", "{}", "`create` on the field `credit`"),
        ("sale.order", "load", "[['name','order_line/tax_ids/.id'],[]]", "{}", "`read` on `account.tax`"),
        ("sale.order", "load", "[['source'],[]]", "{}", "because the gateway cannot check which fields it touches"),
        ("sale.order", "load", "[['name:id'],[]]", "{}", "because the gateway cannot check which fields it touches"),
        ("res.partner", "name_create", "['x']", "{}", "`create` on all fields of `res.partner`"),
        ("res.partner", "copy", "[[1]]", "{}", "`create` on all fields of `res.partner`"),
        ("sale.order", "copy", "[[1],{'order_line':[[2,1]]}]", "{}", "`delete` on `sale.order.line`"),
        ("sale.order", "copy_data", "[[1]]", "{}", "because the gateway cannot check which fields it touches"),
        ("res.partner", "default_get", "[['credit']]", "{}", "`read` on the field `credit`"),
        ("res.partner", "onchange", "[[],{'credit':1},[],{}]", "{}", "`read` on the field `credit`"),
        ("res.partner", "onchange", "[[],{},[],{'credit':{}}]", "{}", "`read` on the field `credit`"),
        ("res.partner", "onchange", "[[],{},[],{'user_ids':{'fields':{'login':{}}}}]", "{}", "`read` on `res.users`"),
        ("res.partner", "onchange", "[[],{},'name',{'user_ids.login':'1'}]", "{}", "`read` on `res.users`"),
        ("res.partner", "onchange", "[[],{'user_ids':[[4,2,False]]},[],{}]", "{}", "`read` on `res.users`"),
        ("res.partner", "create", "[{'user_ids':[[0,0,{'login':'x'}]]}]", "{}", "`create` on `res.users`"),
        ("res.partner", "create", "[[{'name':'x'},{'credit':1}]]", "{}", "`create` on the field `credit`"),
        ("res.partner", "create", "[]", "{'vals_list':[{'credit':1}]}", "`create` on the field `credit`"),
        ("res.partner", "write", "[[1],{'credit':1}]", "{}", "`update` on the field `credit`"),
        ("res.partner", "write", "[[1]]", "{'vals':{'credit':1}}", "`update` on the field `credit`"),
        ("res.partner", "write", "[[1],{},{}]", "{}", "this many arguments"),
        ("res.partner", "web_save", "[[1],{'credit':1},{}]", "{}", "`update` on the field `credit`"),
        ("res.partner", "web_save", "[[1],{},{'credit':{}}]", "{}", "`read` on the field `credit`"),
        ("res.partner", "web_save", "[[],{'credit':1},{}]", "{}", "`create` on the field `credit`"),
        ("crm.tag", "toggle_active", "[[1]]", "{}", "`update` on `crm.tag`"),
        ("sale.order", "unlink", "[[1]]", "{}", "`delete` on `sale.order`"),
        (
            "sale.order",
            "action_cancel",
            "[[1]]",
            "{}",
            "method: the credential's scope does not allow `execute` on the method `action_cancel` of `sale.order`.",
        ),
        ("sale.order", "get_metadata", "[[1]]", "{}", "`execute` on the method `get_metadata`"),
        (
            "sale.order",
            "action_confirm",
            "[[1]]",
            "{'context':{'default_user_ids':[[0,0,{}]]}}",
            "the context key `default_user_ids`",
        ),
        ("sale.order", "read", "[[1],['partner_id']]", "{'context':{'show_email':1}}", "show_email"),
        (
            "res.partner",
            "create",
            "[{'name':'x'}]",
            "{'context':{'default_credit':1}}",
            "`create` on the field `credit`",
        ),
        ("ir.attachment", "read", "[[1],['datas']]", "{}", "access to `ir.attachment` by id"),
        ("ir.attachment", "search_read", "[[]]", "{}", "this search of `ir.attachment`"),
        ("ir.attachment", "search_read", "[]", "{}", "this search of `ir.attachment`"),
        (
            "ir.attachment",
            "load",
            "[['name','res_model'],[['x','res.users']]]",
            "{}",
            "access to `ir.attachment` by id",
        ),
        ("mail.message", "search_read", "[[]]", "{}", "`read` on `mail.message`"),
        ("ir.actions.report", "render_qweb_pdf", "[[1],[1]]", "{}", "`execute` on the method `render_qweb_pdf`"),
        ("ir.actions.server", "run", "[[1]]", "{}", "`execute` on the method `run`"),
    ] {
        let rejected = planned_call(name, method, args, kwargs).expect_err(&format!("{method} {args} {kwargs}"));
        assert!(
            rejected.starts_with("scope_forbidden: ") && rejected.contains(expected),
            "{method} {args} {kwargs}: {rejected}"
        );
    }
}

#[test]
fn method_that_cannot_be_checked_must_be_listed() {
    for method in ["search_paid_orders", "totals_read_group", "copy_data", "search_panel_select_range"] {
        let ask = |operations: &str, methods: &str| {
            let rule = format!(r#"[{{"models": "sale.order", "operations": {operations}{methods}}}]"#);
            planned(&rule, "{}", "sale.order", call_of(method, "[[1]]", "{}"))
        };
        let listed = format!(r#", "methods": ["{method}"]"#);
        ask(r#"["read", "execute"]"#, &listed).unwrap();
        for (operations, methods) in
            [(r#"["read", "execute"]"#, ""), (r#"["read", "execute"]"#, r#", "methods": ["action_confirm"]"#)]
        {
            let rejected = ask(operations, methods).unwrap_err();
            assert!(rejected.contains("because the gateway cannot check which fields it touches"), "{rejected}");
        }
    }
}

#[test]
fn columns_have_at_most_sixteen_steps() {
    let export = |steps: usize| {
        let column = "parent_id/".repeat(steps - 1) + "name";
        planned_call("sale.order", "export_data", &format!("[[1],['{column}']]"), "{}")
    };
    assert!(export(16).is_ok());
    for steps in [17, 5000] {
        let rejected = export(steps).unwrap_err();
        assert!(rejected.contains("because the gateway cannot check which fields it touches"), "{rejected}");
    }
}

#[test]
fn web_save_without_ids_needs_create() {
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
fn private_methods_are_rejected_for_every_scope() {
    for version in 14..=20 {
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
                let mut intent = Intent {
                    model: model("sale.order"),
                    action: call_of(method, "[]", "{}"),
                    many2one_display: Many2oneDisplay::Named,
                    domain_parameter: "domain",
                };
                match plan(&mut intent, &RequestedContext::default(), &scope, &Shop(version)) {
                    Err(PlanError::Rejected(problem)) => {
                        assert_eq!(problem.code, ErrorCode::PrivateMethod, "{method}");
                    }
                    other => panic!("{method}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn reads_of_all_fields_list_the_visible_fields() {
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

/// What Odoo takes for no fields is no list of fields, so all fields would be read.
#[test]
fn values_that_odoo_takes_for_no_fields_never_read_hidden_fields_or_secrets() {
    let sent = |version, scope, name, method, fields: &str| {
        let call = call_of(method, &format!("[[],{fields}]"), "{}");
        let Plan::Call { call, .. } = planned_on(version, scope, "{}", name, call)? else { panic!() };
        Ok::<_, String>(call.args.get(1).cloned().unwrap())
    };
    let lists = |fields: &Value<'static>, name: &str| fields.as_list().unwrap().contains(&Value::from(name.to_owned()));
    for version in [14, 16, 17, 19] {
        for fields in ["''", "0", "{}", "[]", "False", "None"] {
            for method in ["read", "search_read", "web_search_read"] {
                let reads_ids = method == "web_search_read" && version >= 17;
                match sent(version, CLERK, "res.partner", method, fields) {
                    Ok(specification) if reads_ids && fields == "{}" => assert_eq!(specification, tree("{}")),
                    Ok(listed) => assert!(
                        !listed.is_falsy() && !lists(&listed, "credit"),
                        "{version} {method} {fields}: {listed:?}"
                    ),
                    Err(rejected) => assert!(rejected.starts_with("scope_forbidden: "), "{rejected}"),
                }
                if !reads_ids {
                    let listed = sent(version, r#""all""#, "crm.lead", method, fields).unwrap();
                    assert!(
                        !listed.is_falsy() && !lists(&listed, "access_token"),
                        "{version} {method} {fields}: {listed:?}"
                    );
                }
            }
        }
    }
}

/// Documented in docs/guides/scopes.md: the gateway cannot check what the methods of a model touch.
#[test]
fn fields_of_a_rule_do_not_limit_the_methods_that_it_lists() {
    let scope = r#"[{"models": "res.partner", "operations": ["read", "execute"], "fields": {"except": ["credit"]},
        "methods": ["set_limit", "copy_data"]}]"#;
    for method in ["set_limit", "copy_data"] {
        let args = "[[1],{'credit':1}]";
        let Plan::Call { call, .. } = planned(scope, "{}", "res.partner", call_of(method, args, "{}")).unwrap() else {
            panic!()
        };
        assert_eq!(Value::List(call.args), tree(args), "{method}");
    }
    let rejected = planned(scope, "{}", "res.partner", call_of("read", "[[1],['credit']]", "{}")).unwrap_err();
    assert!(rejected.contains("`read` on the field `credit`"), "{rejected}");
}

#[test]
fn unrestricted_scopes_send_calls_unchecked() {
    let args = "[[1],{'user_id':{'fields':{'login':{}}}},7]";
    let sent = planned(r#""all""#, "{'show_email':True}", "sale.order", call_of("web_read", args, "{'x':1}")).unwrap();
    let Plan::Call { call, .. } = sent else { panic!() };
    assert_eq!(Value::List(call.args), tree(args));
}

#[test]
fn read_group_of_odoo_20_is_checked_at_its_own_positions() {
    let call =
        |args: &str, kwargs: &str| planned_on(20, CLERK, "{}", "res.partner", call_of("read_group", args, kwargs));
    // Group, aggregate, and condition of a group name a field that the scope hides.
    for (args, kwargs) in [
        ("[[],['credit']]", "{}"),
        ("[[],['name'],['credit:sum']]", "{}"),
        ("[[],['name'],['__count'],[['credit:sum','>',1]]]", "{}"),
        ("[[],['name']]", "{'aggregates':['credit:sum']}"),
        ("[[],['name']]", "{'having':[['credit:sum','>',1]]}"),
        ("[[],['name'],['__count'],[],0,5,'credit:sum']", "{}"),
    ] {
        let rejected = call(args, kwargs).unwrap_err();
        assert!(rejected.contains("`read` on the field `credit`"), "{args} {kwargs}: {rejected}");
    }
    let Plan::Call { call, .. } = call("[[],['name'],['__count'],[['__count','>',1]],0,5]", "{}").unwrap() else {
        panic!("Odoo 20 has the method")
    };
    assert_eq!(call.method.as_str(), "read_group");
}

#[test]
fn reads_of_all_fields_of_attachments_name_them_as_odoo_does() {
    for (method, args) in [("read", "[[1]]"), ("read", "[[1],[]]"), ("search_read", "[[]]")] {
        let (action, scope) = (call_of(method, args, "{}"), Scope::All);
        let mut intent = Intent {
            model: model("ir.attachment"),
            action,
            many2one_display: Many2oneDisplay::Named,
            domain_parameter: "domain",
        };
        let Ok(Plan::Call { call, .. }) = plan(&mut intent, &RequestedContext::default(), &scope, &SamplesOfOdoo20)
        else {
            panic!("{method} {args}")
        };
        let mut arguments = call.args.iter().chain(call.kwargs.iter().map(|(_, value)| value));
        let all = tree("['name','mimetype','checksum','raw']");
        assert!(arguments.any(|argument| *argument == all), "{method} {args}: {call:?}");
    }
}

#[test]
fn web_unlink_needs_delete() {
    let delete = |operation| {
        let rule = format!(r#"[{{"models":"crm.tag","operations":["{operation}"]}}]"#);
        planned_on(20, &rule, "{}", "crm.tag", call_of("web_unlink", "[[1]]", "{}"))
    };
    assert!(delete("delete").is_ok());
    for operation in ["read", "update", "execute"] {
        let rejected = delete(operation).unwrap_err();
        assert!(rejected.contains("`delete` on `crm.tag`"), "{rejected}");
    }
}

#[test]
fn external_ids_need_read_on_ir_model_data() {
    let execute = r#"{"models": "*", "operations": ["read", "execute"]}"#;
    let data = r#"{"models": "ir.model.data", "operations": ["read"]}"#;
    for method in ["get_metadata", "get_external_id"] {
        let ask = |rules: &str| planned(rules, "{}", "sale.order", call_of(method, "[[1]]", "{}"));
        let rejected = ask(&format!("[{execute}]")).unwrap_err();
        assert!(rejected.contains("`read` on `ir.model.data`"), "{rejected}");
        ask(&format!("[{execute}, {data}]")).unwrap();
    }
}
