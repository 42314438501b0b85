//! The written form of scopes, and how several rules are combined.

use super::*;

fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

fn scope(json: &str) -> Scope {
    Scope::from_json(json).unwrap()
}

#[test]
fn a_scope_is_written_as_it_is_parsed() {
    for json in [
        r#""all""#,
        r#""nothing""#,
        "[]",
        r#"[{"models":"*","operations":["read"]}]"#,
        r#"[{"models":"sale.*","operations":["read","execute"],"methods":["action_confirm"]}]"#,
        r#"[{"models":"res.users","operations":["read","create"],"fields":{"only":["login","name"]}}]"#,
        r#"[{"models":"res.partner","operations":["update"],"fields":{"except":["credit"]}}]"#,
    ] {
        assert_eq!(scope(json).to_json(), json);
    }
    assert_eq!(Scope::default(), Scope::Nothing);
}

#[test]
fn an_invalid_scope_is_rejected_with_its_rule_and_key() {
    for (json, message) in [
        ("7", r#"scope: invalid type: integer `7`, expected "all", "nothing" or a list of rules"#),
        (r#""some""#, r#"scope: invalid value: string "some", expected "all", "nothing" or a list of rules"#),
        (r#"[{"models":"*"}]"#, "scope[0]: missing field `operations`"),
        (r#"[{"models":"*","operations":[]}]"#, "scope[0]: operations: expected at least one of read, create"),
        (
            r#"[{"models":"*","operations":["read"]},{"models":"*","operations":["read","fly"]}]"#,
            "scope[1].operations[1]: unknown variant `fly`, expected one of `read`, `create`",
        ),
        (
            r#"[{"models":"sale*","operations":["read"]}]"#,
            r#"scope[0].models: expected *, a model such as sale.order or a pattern such as sale.*, found "sale*""#,
        ),
        (r#"[{"models":"*","operations":["read"],"feilds":"all"}]"#, "scope[0].feilds: unknown field `feilds`"),
        (
            r#"[{"models":"*","operations":["read"],"fields":{"only":["a-b"]}}]"#,
            r#"scope[0].fields.only[0]: expected a field name, found "a-b""#,
        ),
        (
            r#"[{"models":"*","operations":["read"],"methods":["x"]}]"#,
            "scope[0]: methods: a list of methods needs the operation execute",
        ),
    ] {
        let error = Scope::from_json(json).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn patterns_never_match_administrative_models_and_names_do() {
    let any = scope(r#"[{"models":"*","operations":["read"]}]"#);
    let below = scope(r#"[{"models":"ir.*","operations":["read"]},{"models":"res.*","operations":["read"]}]"#);
    let by_name = scope(r#"[{"models":"res.users","operations":["read"]}]"#);
    for (name, in_any, in_below, in_names) in [
        ("res.partner", true, true, false),
        ("sale.order", true, false, false),
        ("res", true, false, false),
        ("resx.y", true, false, false),
        ("res.users", false, false, true),
        ("res.users.apikeys", false, false, false),
        ("res.groups", false, false, false),
        ("ir.attachment", false, false, false),
        ("ir.cron", false, false, false),
    ] {
        let allows = |scope: &Scope| scope.allows(&model(name), Operation::Read);
        assert_eq!((allows(&any), allows(&below), allows(&by_name)), (in_any, in_below, in_names), "{name}");
        assert!(!any.allows(&model(name), Operation::Update), "{name}");
        assert!(allows(&Scope::All) && !allows(&Scope::Nothing), "{name}");
    }
}

#[test]
fn rules_add_up_and_an_exception_overrides_all_of_them() {
    let scope = scope(
        r#"[{"models":"*","operations":["read"]},
            {"models":"res.partner","operations":["read","update"],"fields":{"except":["credit"]}},
            {"models":"res.partner","operations":["update"],"fields":{"only":["name","credit"]}},
            {"models":"res.country","operations":["update"],"fields":{"only":["code"]}},
            {"models":"res.country","operations":["update"],"fields":{"only":["name"]}},
            {"models":"res.bank","operations":["read"],"fields":{"only":["name"]}},
            {"models":"ir.rule","operations":["read"],"fields":{"only":["name"]}},
            {"models":"ir.cron","operations":["read"],"fields":{"only":["name"]}}]"#,
    );
    for (name, operation, field, expected) in [
        ("res.partner", Operation::Read, "name", true),
        ("res.partner", Operation::Read, "credit", false),
        ("res.partner", Operation::Update, "credit", false),
        ("res.partner", Operation::Update, "email", true),
        ("res.partner", Operation::Create, "name", false),
        ("res.country", Operation::Update, "code", true),
        ("res.country", Operation::Update, "name", true),
        ("res.country", Operation::Update, "phone_code", false),
        ("res.country", Operation::Update, "id", false),
        ("res.bank", Operation::Read, "bic", true),
        ("ir.rule", Operation::Read, "domain_force", false),
        ("ir.rule", Operation::Read, "display_name", true),
        ("ir.rule", Operation::Read, "id", true),
        // It delegates to server actions, which no rule names.
        ("ir.cron", Operation::Read, "name", false),
        ("ir.cron", Operation::Read, "id", false),
    ] {
        assert_eq!(scope.allows_field(&model(name), operation, field), expected, "{name} {operation:?} {field}");
    }
    for (name, operation, expected) in [
        ("sale.order", Operation::Read, true),
        ("res.partner", Operation::Read, false),
        ("res.bank", Operation::Read, true),
        ("res.country", Operation::Update, false),
        ("sale.order", Operation::Update, false),
    ] {
        assert_eq!(scope.allows_all_fields(&model(name), operation), expected, "{name} {operation:?}");
    }
}

#[test]
fn a_rule_allows_its_listed_methods_or_all() {
    let scope = scope(
        r#"[{"models":"sale.*","operations":["execute"],"methods":["action_confirm"]},
            {"models":"stock.picking","operations":["execute"]},
            {"models":"res.partner","operations":["read","update"]}]"#,
    );
    for (name, method, expected) in [
        ("sale.order", "action_confirm", true),
        ("sale.order", "action_cancel", false),
        ("stock.picking", "button_validate", true),
        ("stock.picking", "message_post_with_template", false),
        ("res.partner", "message_post", false),
    ] {
        assert_eq!(scope.allows_method(&model(name), &MethodName::parse(method).unwrap()), expected, "{name} {method}");
    }
}

#[test]
fn scope_tokens_only_restrict() {
    let rules = scope(
        r#"[{"models":"*","operations":["read"]},{"models":"sale.order","operations":["update"],"fields":{"only":["note"]}}]"#,
    );
    let narrowed = |words: &str| rules.clone().narrowed(OAuthScope::parse(words).unwrap());
    let only = narrowed("read:res.partner update").unwrap();
    assert_eq!(Scope::from_json(&only.to_json()).unwrap(), only);
    assert_eq!(only.oauth_scope().to_string(), "read:res.partner update");
    for (name, operation, expected) in [
        ("res.partner", Operation::Read, true),
        ("sale.order", Operation::Read, false),
        ("sale.order", Operation::Update, true),
        ("res.partner", Operation::Update, false),
    ] {
        assert_eq!(only.allows(&model(name), operation), expected, "{name} {operation:?}");
    }
    assert!(only.allows_field(&model("sale.order"), Operation::Update, "note"));
    assert!(!only.allows_field(&model("sale.order"), Operation::Update, "name"));
    assert!(!only.can_read_every_model() && !only.is_all() && rules.can_read_every_model());
    assert_eq!(narrowed("delete").unwrap_err().to_string(), "delete");
    assert_eq!(narrowed("read:res.users").unwrap_err().to_string(), "read:res.users");
    assert_eq!(narrowed("all").unwrap(), rules);
    let everything = Scope::All.narrowed(OAuthScope::parse("read").unwrap()).unwrap();
    assert!(everything.allows(&model("res.users"), Operation::Read));
    assert!(!everything.allows(&model("res.users"), Operation::Update));
    let restored = everything.narrowed(OAuthScope::All).unwrap();
    assert!(restored.is_all(), "a new restriction replaces the old one");
}
