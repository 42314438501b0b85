//! The parts of an intent: domains, orders, fields, values, context.

use super::*;
use crate::names::FieldName;
use crate::plan::Values;

fn domain(text: &str) -> Domain<'static> {
    Domain::parse(text, Limits::query()).unwrap().into_owned()
}

fn names(text: &str) -> FieldSet {
    FieldSet::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
}

fn list(domain_text: &str, order: &str, fields: FieldSet) -> Action {
    let order = Some(Order::parse(order, Limits::query()).unwrap());
    Action::List {
        domain: domain(domain_text),
        window: Window { order, ..Window::default() },
        fields,
        with_total: false,
        filters: Vec::new(),
    }
}

fn values(text: &str) -> Values {
    Values::from_tree("vals", tree(text))
}

fn update(values: &str) -> Action {
    Action::Update {
        target: RecordSet::One(RecordId::new(7).unwrap()),
        values: self::values(values),
        returning: Returning::Records(FieldSet::All),
    }
}

fn rejection(name: &str, action: Action) -> String {
    planned(CLERK, "{}", name, action).unwrap_err()
}

#[test]
fn every_step_of_a_domain_path_stays_within_the_scope() {
    for allowed in [
        "[]",
        "[('partner_id.email','like','x')]",
        "[('partner_id.country_id','=',7)]",
        "[('user_id','=',2)]",
        "[('user_id','in',[2,False])]",
        "[('order_line','any',[('price','>',1)])]",
        "[('parent_id','child_of',7)]",
        "[('partner_id','child_of',7)]",
        "[('display_name','ilike','so')]",
        "[('id','child_of','so')]",
        "[('tag_ids','=','vip')]",
    ] {
        planned(CLERK, "{}", "sale.order", Action::Count { domain: domain(allowed) })
            .unwrap_or_else(|e| panic!("{allowed}: {e}"));
    }
    for (denied, expected) in [
        (
            "[('user_id.login','=','x')]",
            "domain[0][0]: user_id.login: the credential's scope does not allow `read` on `res.users`.",
        ),
        (
            "[('partner_id.user_ids.login','=like','adm%')]",
            "partner_id.user_ids.login: the credential's scope does not allow `read` on `res.users`.",
        ),
        ("[('partner_id.user_ids.nosuch','=',1)]", "the credential's scope does not allow `read` on `res.users`."),
        (
            "[('partner_id.credit','>',1)]",
            "the credential's scope does not allow `read` on the field `credit` of `res.partner`.",
        ),
        ("['|',('name','=','x'),('partner_id.country_id.code','=','BE')]", "domain[2][0]: partner_id.country_id.code"),
        (
            "[('partner_id','any',[('user_ids.login','=','x')])]",
            "domain[0][2][0][0]: user_ids.login: the credential's scope does not allow `read` on `res.users`",
        ),
        ("[('partner_id','any',[('user_ids','any',[('login','=','x')])])]", "`read` on `res.users`"),
        ("[('user_id','not any',[])]", "`read` on `res.users`"),
        ("[('user_id','ilike','adm')]", "`read` on `res.users`"),
        ("[('user_id','=','admin')]", "`read` on `res.users`"),
        ("[('user_id','in',[1,'admin'])]", "`read` on `res.users`"),
        ("[('user_id','child_of',1)]", "`read` on `res.users`"),
        (
            "[('partner_id','ilike','azure')]",
            "domain[0][0]: partner_id: the credential's scope does not allow searching `res.partner` by name",
        ),
        ("[('partner_id','in',['azure'])]", "searching `res.partner` by name"),
        ("[('partner_id','child_of','azure')]", "searching `res.partner` by name"),
        ("[('partner_id.id','child_of','azure')]", "searching `res.partner` by name"),
        ("[('partner_id.display_name','=','azure')]", "searching `res.partner` by name"),
        ("[('partner_id','any',[('display_name','=','azure')])]", "searching `res.partner` by name"),
        ("[('message_ids.body','ilike','x')]", "`read` on `mail.message`"),
        ("[('order_line.tax_ids.name','=','x')]", "`read` on `account.tax`"),
    ] {
        let rejected = rejection("sale.order", Action::Count { domain: domain(denied) });
        assert!(rejected.starts_with("scope_forbidden: ") && rejected.contains(expected), "{denied}: {rejected}");
    }
}

#[test]
fn fields_and_orders_stay_within_the_scope() {
    planned(CLERK, "{}", "sale.order", list("[]", "partner_id, user_id.id", names("user_id,message_ids"))).unwrap();
    for (action, expected) in [
        (
            list("[]", "user_id", FieldSet::All),
            "order: user_id: the credential's scope does not allow `read` on `res.users`.",
        ),
        (
            list("[]", "id", names("name,credit")),
            "fields: the credential's scope does not allow `read` on the field `credit` of `res.partner`.",
        ),
        (
            list("[]", "credit desc", FieldSet::All),
            "order: credit: the credential's scope does not allow `read` on the field `credit`",
        ),
    ] {
        let name = if expected.contains("res.users") { "sale.order" } else { "res.partner" };
        let rejected = rejection(name, action);
        assert!(rejected.contains(expected), "{rejected}");
    }
    for name in ["res.country", "res.users", "ir.cron"] {
        let expected = rejection(name, list("[]", "id", FieldSet::All));
        assert_eq!(
            expected,
            format!("scope_forbidden: model: the credential's scope does not allow `read` on `{name}`.")
        );
    }
}

#[test]
fn all_fields_means_the_visible_fields() {
    let read_columns = |plan: Plan| {
        let columns = match plan {
            Plan::List { list, .. } => list.columns,
            Plan::Read { read, .. } => read.columns,
            Plan::Create { read_back, .. } => read_back.unwrap().columns,
            Plan::Update(update) => update.read_back.unwrap().columns,
            other => panic!("{other:?}"),
        };
        columns.visible.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
    };
    let visible = "id,display_name,name,email,active,country_id,user_ids,parent_id";
    let id = RecordId::new(7).unwrap();
    let actions = [
        list("[]", "id", FieldSet::All),
        Action::ReadOne { id, fields: FieldSet::All },
        Action::CreateOne { values: values("{'name':'x'}"), returning: Returning::Records(FieldSet::All) },
        update("{'name':'x'}"),
    ];
    for action in actions {
        assert_eq!(read_columns(planned(CLERK, "{}", "res.partner", action).unwrap()), visible);
    }
    let writer = r#"[{"models":"res.partner","operations":["create"]}]"#;
    assert_eq!(
        read_columns(
            planned(
                writer,
                "{}",
                "res.partner",
                Action::CreateOne { values: values("{}"), returning: Returning::Records(FieldSet::All) }
            )
            .unwrap()
        ),
        "id"
    );
    let describe = Action::DescribeFields { fields: FieldSet::All, attributes: Vec::new() };
    let Plan::DescribeFields { full, reduced } = planned(CLERK, "{}", "res.partner", describe).unwrap() else {
        panic!()
    };
    for call in std::iter::once(full).chain(reduced) {
        assert_eq!(call.args[0], tree(&format!("['{}']", visible.replace(',', "','"))));
    }
}

#[test]
fn relation_commands_need_permission_for_what_they_do() {
    for allowed in [
        "{'partner_id': 7, 'user_id': false}",
        "{'order_line': [[0,0,{'name':'x','price':1}],[1,5,{'price':2}],[4,5]]}",
        "{'tag_ids': [[6,0,[1]],[4,1],[3,1],[5]]}",
        "{'tag_ids': [1,2]}",
        "{'source': 'res.partner,7'}",
        "{'order_line': {'create': {'name':'x'}, 'update': {'5': {'price':2}}, 'link': 5}}",
        "{'tag_ids': {'set': [1], 'push': 2, 'pop': 3, 'clear': True}}",
        "{'attachment_ids': {'create': {'name':'x','res_model':'sale.order','datas':'aGk='}}}",
        "{'message_ids': []}",
    ] {
        planned(CLERK, "{}", "sale.order", update(allowed)).unwrap_or_else(|e| panic!("{allowed}: {e}"));
    }
    for (name, denied, expected) in [
        (
            "res.partner",
            "{'user_ids': [[0,0,{'login':'x','password':'y'}]]}",
            "vals.user_ids[0]: the credential's scope does not allow `create` on `res.users`.",
        ),
        ("res.partner", "{'user_ids': [[1,2,{'password':'y'}]]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': [[2,2]]}", "`delete` on `res.users`"),
        ("res.partner", "{'user_ids': [[3,2]]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': [[4,2]]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': [[5]]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': [[6,0,[2]]]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': [2]}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': false}", "`update` on `res.users`"),
        (
            "res.partner",
            "{'credit': 1}",
            "vals.credit: the credential's scope does not allow `update` on the field `credit` of `res.partner`.",
        ),
        ("sale.order", "{'order_line': [[2,5]]}", "`delete` on `sale.order.line`"),
        ("sale.order", "{'order_line': [[3,5]]}", "`delete` on `sale.order.line`"),
        (
            "sale.order",
            "{'order_line': [[0,0,{'tax_ids':[[4,1]]}]]}",
            "vals.order_line[0][2].tax_ids[0]: the credential's scope does not allow `read` on `account.tax`.",
        ),
        ("sale.order", "{'order_line': [[1,5,{'order_id':1,'tax_ids':[[0,0,{}]]}]]}", "`create` on `account.tax`"),
        ("sale.order", "{'tag_ids': [[0,0,{'name':'x'}]]}", "`create` on `crm.tag`"),
        ("sale.order", "{'tag_ids': [[1,3,{'name':'x'}]]}", "`update` on `crm.tag`"),
        ("sale.order", "{'message_ids': [[0,0,{'body':'x'}]]}", "`create` on `mail.message`"),
        ("sale.order", "{'source': 'res.users,2'}", "`read` on `res.users`"),
        ("sale.order", "{'source': 'ir.attachment,2'}", "access to `ir.attachment` by id"),
        ("sale.order", "{'user_id': 3}", "vals.user_id: the credential's scope does not allow `read` on `res.users`."),
        (
            "res.partner",
            "{'user_ids': {'create': {'login':'x'}}}",
            "vals.user_ids.create: the credential's scope does not allow `create` on `res.users`.",
        ),
        ("res.partner", "{'user_ids': {'update': {'2': {'password':'y'}}}}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': {'pop': 2}}", "`update` on `res.users`"),
        ("res.partner", "{'user_ids': {'clear': 1}}", "`update` on `res.users`"),
        ("sale.order", "{'order_line': {'delete': 5}}", "`delete` on `sale.order.line`"),
        ("sale.order", "{'order_line': {'set': []}}", "`delete` on `sale.order.line`"),
        ("sale.order", "{'tag_ids': {'update': {'id': 3, 'name':'x'}}}", "`update` on `crm.tag`"),
        (
            "sale.order",
            "{'order_line': {'create': [{'tax_ids': {'link': 1}}]}}",
            "vals.order_line.create[0].tax_ids.link: the credential's scope does not allow `read` on `account.tax`.",
        ),
        ("sale.order", "{'attachment_ids': {'link': 9}}", "access to `ir.attachment` by id"),
        ("sale.order", "{'attachment_ids': [[1,9,{'name':'x'}]]}", "access to `ir.attachment` by id"),
        ("sale.order", "{'attachment_ids': [9]}", "access to `ir.attachment` by id"),
        (
            "sale.order",
            "{'attachment_ids': {'create': {'name':'x','res_model':'res.users'}}}",
            "`read` on the model that is named here",
        ),
    ] {
        let rejected = rejection(name, update(denied));
        assert!(rejected.starts_with("scope_forbidden: ") && rejected.contains(expected), "{denied}: {rejected}");
        let rejected = rejection(
            name,
            Action::CreateMany {
                records: Values::from_tree("vals", Value::List(vec![tree(denied)])),
                returning: Returning::Ids,
            },
        );
        assert!(rejected.starts_with("scope_forbidden: "), "{denied}: {rejected}");
    }
    assert!(
        rejection("sale.order", Action::Delete { target: RecordSet::Many(Vec::new()) })
            .contains("`delete` on `sale.order`")
    );
}

#[test]
fn the_context_cannot_set_values_that_the_request_could_not() {
    let create = || Action::CreateOne { values: values("{'name':'x'}"), returning: Returning::Records(FieldSet::All) };
    for allowed in [
        "{'lang':'fr_FR','tz':'Europe/Paris','active_test':False,'allowed_company_ids':[1],'bin_size':True,'form_view_ref':'x'}",
        "{'default_email':'x','active_model':'sale.order','active_id':7}",
        "{'tracking_disable': True}",
    ] {
        planned(CLERK, allowed, "res.partner", create()).unwrap_or_else(|e| panic!("{allowed}: {e}"));
    }
    for (denied, expected) in [
        (
            "{'default_credit': 5}",
            "context.default_credit: the credential's scope does not allow `create` on the field `credit` of `res.partner`.",
        ),
        ("{'default_user_ids': [[0,0,{'login':'x'}]]}", "`create` on `res.users`"),
        ("{'show_email': True}", "context: the credential's scope does not allow the context key `show_email`"),
        (
            "{'active_model': 'res.users'}",
            "context.active_model: the credential's scope does not allow `read` on `res.users`.",
        ),
        ("{'active_model': 7}", "the context key `active_model`"),
    ] {
        let rejected = planned(CLERK, denied, "res.partner", create()).unwrap_err();
        assert!(rejected.starts_with("scope_forbidden: ") && rejected.contains(expected), "{denied}: {rejected}");
    }
    let read = || Action::ReadOne { id: RecordId::new(1).unwrap(), fields: names("partner_id") };
    assert!(planned(CLERK, "{'show_email': True}", "sale.order", read()).is_err());
    planned(CLERK, "{'default_credit': 5}", "sale.order", read()).unwrap();
}

#[test]
fn context_defaults_are_checked_for_nested_new_records() {
    let scope = r#"[{"models":"sale.order","operations":["create"]},
                    {"models":"sale.order.line","operations":["create"],"fields":{"only":["name"]}}]"#;
    let create = || Action::CreateOne {
        values: values("{'order_line':[[0,0,{'name':'x'}]]}"),
        returning: Returning::Records(FieldSet::All),
    };
    planned(scope, "{'default_note': 'x'}", "sale.order", create()).unwrap();
    let narrower = r#"[{"models":"sale.order","operations":["create"]},
                       {"models":"sale.order.line","operations":["create"],"fields":{"only":["price"]}}]"#;
    let create = Action::CreateOne {
        values: values("{'order_line':[[0,0,{'price':1}]]}"),
        returning: Returning::Records(FieldSet::All),
    };
    let expected = planned(narrower, "{'default_name': 'x'}", "sale.order", create).unwrap_err();
    assert!(
        expected.contains("context.default_name: the credential's scope does not allow `create` on the field `name` of `sale.order.line`"),
        "{expected}"
    );
}

#[test]
fn records_with_an_owner_are_only_accessible_through_readable_owners() {
    for (allowed, action) in [
        ("own", list("[('res_model','=','sale.order'),('res_id','in',[1,2])]", "id", FieldSet::All)),
        ("several", list("[('res_model','in',['sale.order','res.partner',False])]", "id", FieldSet::All)),
        (
            "made",
            Action::CreateOne {
                values: values("{'name':'x','res_model':'sale.order','res_id':1}"),
                returning: Returning::Records(FieldSet::All),
            },
        ),
    ] {
        planned(CLERK, "{}", "ir.attachment", action).unwrap_or_else(|e| panic!("{allowed}: {e}"));
    }
    let id = RecordId::new(7).unwrap();
    for denied in [
        list("[]", "id", FieldSet::All),
        list("[('res_model','=','res.users')]", "id", FieldSet::All),
        list("[('res_model','!=','sale.order')]", "id", FieldSet::All),
        list("['|',('res_model','=','sale.order'),('id','>',0)]", "id", FieldSet::All),
        list("['!',('res_model','=','sale.order')]", "id", FieldSet::All),
        list("[('res_model','in',['sale.order','res.users'])]", "id", FieldSet::All),
        Action::ReadOne { id, fields: FieldSet::All },
        update("{'name':'x'}"),
        Action::CreateOne {
            values: values("{'name':'x','res_model':'res.users','res_id':1}"),
            returning: Returning::Records(FieldSet::All),
        },
        Action::CreateOne {
            values: values("{'name':'x','res_model':['sale.order']}"),
            returning: Returning::Records(FieldSet::All),
        },
    ] {
        let expected = format!("{denied:?}");
        assert!(rejection("ir.attachment", denied).starts_with("scope_forbidden: "), "{expected}");
    }
    let reader = r#"[{"models":"*","operations":["read"]},{"models":"ir.attachment","operations":["read"]}]"#;
    planned(reader, "{}", "ir.attachment", Action::ReadOne { id, fields: FieldSet::All }).unwrap();
}

#[test]
fn access_checks_consult_the_scope_first() {
    let ask = |operation, raise| Action::CheckAccess { operations: vec![AccessOperation::Read, operation], raise };
    let ask = |operation, raise| planned(CLERK, "{}", "sale.order", ask(operation, raise));
    assert!(matches!(ask(AccessOperation::Write, true), Ok(Plan::CheckAccess { .. })));
    assert_eq!(ask(AccessOperation::Unlink, false), Ok(Plan::NoAccess));
    assert_eq!(
        ask(AccessOperation::Unlink, true).unwrap_err(),
        "scope_forbidden: operation: the credential's scope does not allow `delete` on `sale.order`."
    );
}
