//! What the routes themselves say: domains, orders, fields, values, context.

use super::*;
use crate::names::FieldName;
use crate::plan::Values;

fn domain(text: &str) -> Domain<'static> {
    Domain::read(text, Limits::query()).unwrap().into_owned()
}

fn names(text: &str) -> Fields {
    Fields::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
}

fn list(domain_text: &str, order: &str, fields: Fields) -> Deed {
    let order = Some(Order::read(order, Limits::query()).unwrap());
    Deed::List {
        domain: domain(domain_text),
        slice: Slice { order, ..Slice::default() },
        fields,
        counted: false,
        filters: Vec::new(),
    }
}

fn values(text: &str) -> Values {
    Values::tree("vals", tree(text))
}

fn update(values: &str) -> Deed {
    Deed::Update {
        target: Target::One(RecordId::new(7).unwrap()),
        values: self::values(values),
        back: Back::Records(Fields::All),
    }
}

fn refused(name: &str, deed: Deed) -> String {
    planned(CLERK, "{}", name, deed).unwrap_err()
}

#[test]
fn a_domain_stays_within_on_every_step_of_its_paths() {
    for good in [
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
        planned(CLERK, "{}", "sale.order", Deed::Count { domain: domain(good) })
            .unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for (bad, told) in [
        ("[('user_id.login','=','x')]", "domain[0][0]: user_id.login: this credential may not read res.users."),
        (
            "[('partner_id.user_ids.login','=like','adm%')]",
            "partner_id.user_ids.login: this credential may not read res.users.",
        ),
        ("[('partner_id.user_ids.nosuch','=',1)]", "this credential may not read res.users."),
        ("[('partner_id.credit','>',1)]", "this credential may not read the field credit of res.partner."),
        ("['|',('name','=','x'),('partner_id.country_id.code','=','BE')]", "domain[2][0]: partner_id.country_id.code"),
        (
            "[('partner_id','any',[('user_ids.login','=','x')])]",
            "domain[0][2][0][0]: user_ids.login: this credential may not read res.users",
        ),
        ("[('partner_id','any',[('user_ids','any',[('login','=','x')])])]", "may not read res.users"),
        ("[('user_id','not any',[])]", "may not read res.users"),
        ("[('user_id','ilike','adm')]", "may not read res.users"),
        ("[('user_id','=','admin')]", "may not read res.users"),
        ("[('user_id','in',[1,'admin'])]", "may not read res.users"),
        ("[('user_id','child_of',1)]", "may not read res.users"),
        (
            "[('partner_id','ilike','azure')]",
            "domain[0][0]: partner_id: this credential may not search res.partner by name",
        ),
        ("[('partner_id','in',['azure'])]", "may not search res.partner by name"),
        ("[('partner_id','child_of','azure')]", "may not search res.partner by name"),
        ("[('partner_id.id','child_of','azure')]", "may not search res.partner by name"),
        ("[('partner_id.display_name','=','azure')]", "may not search res.partner by name"),
        ("[('partner_id','any',[('display_name','=','azure')])]", "may not search res.partner by name"),
        ("[('message_ids.body','ilike','x')]", "may not read mail.message"),
        ("[('order_line.tax_ids.name','=','x')]", "may not read account.tax"),
    ] {
        let told_here = refused("sale.order", Deed::Count { domain: domain(bad) });
        assert!(told_here.starts_with("scope_forbidden: ") && told_here.contains(told), "{bad}: {told_here}");
    }
}

#[test]
fn fields_and_orders_stay_within() {
    planned(CLERK, "{}", "sale.order", list("[]", "partner_id, user_id.id", names("user_id,message_ids"))).unwrap();
    for (deed, told) in [
        (list("[]", "user_id", Fields::All), "order: user_id: this credential may not read res.users."),
        (
            list("[]", "id", names("name,credit")),
            "fields: this credential may not read the field credit of res.partner.",
        ),
        (list("[]", "credit desc", Fields::All), "order: credit: this credential may not read the field credit"),
    ] {
        let name = if told.contains("res.users") { "sale.order" } else { "res.partner" };
        let told_here = refused(name, deed);
        assert!(told_here.contains(told), "{told_here}");
    }
    for name in ["res.country", "res.users", "ir.cron"] {
        let told = refused(name, list("[]", "id", Fields::All));
        assert_eq!(told, format!("scope_forbidden: model: this credential may not read {name}."));
    }
}

#[test]
fn all_fields_are_those_that_may_be_shown() {
    let shown = |plan: Plan| {
        let columns = match plan {
            Plan::List { list, .. } => list.columns,
            Plan::Read { read, .. } => read.columns,
            Plan::Create { read_back, .. } => read_back.unwrap().columns,
            Plan::Update(update) => update.read_back.unwrap().columns,
            other => panic!("{other:?}"),
        };
        columns.shown.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
    };
    let visible = "id,display_name,name,email,active,country_id,user_ids,parent_id";
    let id = RecordId::new(7).unwrap();
    let deeds = [
        list("[]", "id", Fields::All),
        Deed::ReadOne { id, fields: Fields::All },
        Deed::CreateOne { values: values("{'name':'x'}"), back: Back::Records(Fields::All) },
        update("{'name':'x'}"),
    ];
    for deed in deeds {
        assert_eq!(shown(planned(CLERK, "{}", "res.partner", deed).unwrap()), visible);
    }
    let writer = r#"[{"models":"res.partner","operations":["create"]}]"#;
    assert_eq!(
        shown(
            planned(
                writer,
                "{}",
                "res.partner",
                Deed::CreateOne { values: values("{}"), back: Back::Records(Fields::All) }
            )
            .unwrap()
        ),
        "id"
    );
    let describe = Deed::DescribeFields { fields: Fields::All, attributes: Vec::new() };
    let Plan::DescribeFields { full, reduced } = planned(CLERK, "{}", "res.partner", describe).unwrap() else {
        panic!()
    };
    for call in std::iter::once(full).chain(reduced) {
        assert_eq!(call.args[0], tree(&format!("['{}']", visible.replace(',', "','"))));
    }
}

#[test]
fn values_need_for_each_command_what_it_does_behind_the_relation() {
    for good in [
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
        planned(CLERK, "{}", "sale.order", update(good)).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for (name, bad, told) in [
        (
            "res.partner",
            "{'user_ids': [[0,0,{'login':'x','password':'y'}]]}",
            "vals.user_ids[0]: this credential may not create res.users.",
        ),
        ("res.partner", "{'user_ids': [[1,2,{'password':'y'}]]}", "may not update res.users"),
        ("res.partner", "{'user_ids': [[2,2]]}", "may not delete res.users"),
        ("res.partner", "{'user_ids': [[3,2]]}", "may not update res.users"),
        ("res.partner", "{'user_ids': [[4,2]]}", "may not update res.users"),
        ("res.partner", "{'user_ids': [[5]]}", "may not update res.users"),
        ("res.partner", "{'user_ids': [[6,0,[2]]]}", "may not update res.users"),
        ("res.partner", "{'user_ids': [2]}", "may not update res.users"),
        ("res.partner", "{'user_ids': false}", "may not update res.users"),
        (
            "res.partner",
            "{'credit': 1}",
            "vals.credit: this credential may not update the field credit of res.partner.",
        ),
        ("sale.order", "{'order_line': [[2,5]]}", "may not delete sale.order.line"),
        ("sale.order", "{'order_line': [[3,5]]}", "may not delete sale.order.line"),
        (
            "sale.order",
            "{'order_line': [[0,0,{'tax_ids':[[4,1]]}]]}",
            "vals.order_line[0][2].tax_ids[0]: this credential may not read account.tax.",
        ),
        ("sale.order", "{'order_line': [[1,5,{'order_id':1,'tax_ids':[[0,0,{}]]}]]}", "may not create account.tax"),
        ("sale.order", "{'tag_ids': [[0,0,{'name':'x'}]]}", "may not create crm.tag"),
        ("sale.order", "{'tag_ids': [[1,3,{'name':'x'}]]}", "may not update crm.tag"),
        ("sale.order", "{'message_ids': [[0,0,{'body':'x'}]]}", "may not create mail.message"),
        ("sale.order", "{'source': 'res.users,2'}", "may not read res.users"),
        ("sale.order", "{'source': 'ir.attachment,2'}", "may reach ir.attachment only by a search"),
        ("sale.order", "{'user_id': 3}", "vals.user_id: this credential may not read res.users."),
        (
            "res.partner",
            "{'user_ids': {'create': {'login':'x'}}}",
            "vals.user_ids.create: this credential may not create res.users.",
        ),
        ("res.partner", "{'user_ids': {'update': {'2': {'password':'y'}}}}", "may not update res.users"),
        ("res.partner", "{'user_ids': {'pop': 2}}", "may not update res.users"),
        ("res.partner", "{'user_ids': {'clear': 1}}", "may not update res.users"),
        ("sale.order", "{'order_line': {'delete': 5}}", "may not delete sale.order.line"),
        ("sale.order", "{'order_line': {'set': []}}", "may not delete sale.order.line"),
        ("sale.order", "{'tag_ids': {'update': {'id': 3, 'name':'x'}}}", "may not update crm.tag"),
        (
            "sale.order",
            "{'order_line': {'create': [{'tax_ids': {'link': 1}}]}}",
            "vals.order_line.create[0].tax_ids.link: this credential may not read account.tax.",
        ),
        ("sale.order", "{'attachment_ids': {'link': 9}}", "may reach ir.attachment only by a search"),
        ("sale.order", "{'attachment_ids': [[1,9,{'name':'x'}]]}", "may reach ir.attachment only by a search"),
        ("sale.order", "{'attachment_ids': [9]}", "may reach ir.attachment only by a search"),
        (
            "sale.order",
            "{'attachment_ids': {'create': {'name':'x','res_model':'res.users'}}}",
            "may not read the model that is named here",
        ),
    ] {
        let told_here = refused(name, update(bad));
        assert!(told_here.starts_with("scope_forbidden: ") && told_here.contains(told), "{bad}: {told_here}");
        let told_here = refused(
            name,
            Deed::CreateMany { records: Values::tree("vals", Value::List(vec![tree(bad)])), back: Back::Ids },
        );
        assert!(told_here.starts_with("scope_forbidden: "), "{bad}: {told_here}");
    }
    assert!(
        refused("sale.order", Deed::Delete { target: Target::Many(Vec::new()) }).contains("may not delete sale.order")
    );
}

#[test]
fn the_context_gives_no_values_that_the_request_could_not() {
    let create = || Deed::CreateOne { values: values("{'name':'x'}"), back: Back::Records(Fields::All) };
    for good in [
        "{'lang':'fr_FR','tz':'Europe/Paris','active_test':False,'allowed_company_ids':[1],'bin_size':True,'form_view_ref':'x'}",
        "{'default_email':'x','active_model':'sale.order','active_id':7}",
        "{'tracking_disable': True}",
    ] {
        planned(CLERK, good, "res.partner", create()).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for (bad, told) in [
        (
            "{'default_credit': 5}",
            "context.default_credit: this credential may not create the field credit of res.partner.",
        ),
        ("{'default_user_ids': [[0,0,{'login':'x'}]]}", "may not create res.users"),
        ("{'show_email': True}", "context: this credential may not send the key show_email"),
        ("{'active_model': 'res.users'}", "context.active_model: this credential may not read res.users."),
        ("{'active_model': 7}", "may not send the key active_model"),
    ] {
        let told_here = planned(CLERK, bad, "res.partner", create()).unwrap_err();
        assert!(told_here.starts_with("scope_forbidden: ") && told_here.contains(told), "{bad}: {told_here}");
    }
    let read = || Deed::ReadOne { id: RecordId::new(1).unwrap(), fields: names("partner_id") };
    assert!(planned(CLERK, "{'show_email': True}", "sale.order", read()).is_err());
    planned(CLERK, "{'default_credit': 5}", "sale.order", read()).unwrap();
}

#[test]
fn defaults_reach_lines_that_are_made_beside() {
    let scope = r#"[{"models":"sale.order","operations":["create"]},
                    {"models":"sale.order.line","operations":["create"],"fields":{"only":["name"]}}]"#;
    let create =
        || Deed::CreateOne { values: values("{'order_line':[[0,0,{'name':'x'}]]}"), back: Back::Records(Fields::All) };
    planned(scope, "{'default_note': 'x'}", "sale.order", create()).unwrap();
    let narrower = r#"[{"models":"sale.order","operations":["create"]},
                       {"models":"sale.order.line","operations":["create"],"fields":{"only":["price"]}}]"#;
    let create =
        Deed::CreateOne { values: values("{'order_line':[[0,0,{'price':1}]]}"), back: Back::Records(Fields::All) };
    let told = planned(narrower, "{'default_name': 'x'}", "sale.order", create).unwrap_err();
    assert!(
        told.contains("context.default_name: this credential may not create the field name of sale.order.line"),
        "{told}"
    );
}

#[test]
fn records_that_belong_to_others_are_reached_only_through_their_owners() {
    for (good, deed) in [
        ("own", list("[('res_model','=','sale.order'),('res_id','in',[1,2])]", "id", Fields::All)),
        ("several", list("[('res_model','in',['sale.order','res.partner',False])]", "id", Fields::All)),
        (
            "made",
            Deed::CreateOne {
                values: values("{'name':'x','res_model':'sale.order','res_id':1}"),
                back: Back::Records(Fields::All),
            },
        ),
    ] {
        planned(CLERK, "{}", "ir.attachment", deed).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    let id = RecordId::new(7).unwrap();
    for bad in [
        list("[]", "id", Fields::All),
        list("[('res_model','=','res.users')]", "id", Fields::All),
        list("[('res_model','!=','sale.order')]", "id", Fields::All),
        list("['|',('res_model','=','sale.order'),('id','>',0)]", "id", Fields::All),
        list("['!',('res_model','=','sale.order')]", "id", Fields::All),
        list("[('res_model','in',['sale.order','res.users'])]", "id", Fields::All),
        Deed::ReadOne { id, fields: Fields::All },
        update("{'name':'x'}"),
        Deed::CreateOne {
            values: values("{'name':'x','res_model':'res.users','res_id':1}"),
            back: Back::Records(Fields::All),
        },
        Deed::CreateOne { values: values("{'name':'x','res_model':['sale.order']}"), back: Back::Records(Fields::All) },
    ] {
        let told = format!("{bad:?}");
        assert!(refused("ir.attachment", bad).starts_with("scope_forbidden: "), "{told}");
    }
    let reader = r#"[{"models":"*","operations":["read"]},{"models":"ir.attachment","operations":["read"]}]"#;
    planned(reader, "{}", "ir.attachment", Deed::ReadOne { id, fields: Fields::All }).unwrap();
}

#[test]
fn a_question_for_rights_is_answered_by_the_scope_first() {
    let ask = |operation, raise| Deed::CheckAccess { operations: vec![AccessOperation::Read, operation], raise };
    let ask = |operation, raise| planned(CLERK, "{}", "sale.order", ask(operation, raise));
    assert!(matches!(ask(AccessOperation::Write, true), Ok(Plan::CheckAccess { .. })));
    assert_eq!(ask(AccessOperation::Unlink, false), Ok(Plan::NoAccess));
    assert_eq!(
        ask(AccessOperation::Unlink, true).unwrap_err(),
        "scope_forbidden: operation: this credential may not delete sale.order."
    );
}
