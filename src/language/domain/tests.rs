//! Valid and invalid domains, side by side; print∘parse; hostile shapes.

use proptest::prelude::*;

use super::*;
use crate::language::literal::print;

fn read(text: &str) -> Result<Domain<'_>, SyntaxError> {
    Domain::parse(text, Limits::query())
}

/// The domain as JSON, as Odoo would get it.
fn json(text: &str) -> String {
    match read(text) {
        Ok(domain) => serde_json::to_string(&domain.into_value()).unwrap(),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn domains_are_parsed_and_normalized() {
    for (text, domain) in [
        ("[]", "[]"),
        ("()", "[]"),
        ("[('name', '=', 'a')]", r#"[["name","=","a"]]"#),
        (r#"[["name", "ilike", "a"], ["id", ">", 3]]"#, r#"[["name","ilike","a"],["id",">",3]]"#),
        ("['|', ('a', '<>', 1), '!', ('b.c', 'NOT IN', (1, 2))]", r#"["|",["a","!=",1],"!",["b.c","not in",[1,2]]]"#),
        ("[('a', '==', None), ('b', 'in', [None, 1])]", r#"[["a","=",false],["b","in",[false,1]]]"#),
        ("[(1, '=', 1), (0, '=', 1)]", r#"[[1,"=",1],[0,"=",1]]"#),
        (
            "['&', '|', ('a','=',1), ('b','=',1), ('c','=',1), ('d','=',1)]",
            r#"["&","|",["a","=",1],["b","=",1],["c","=",1],["d","=",1]]"#,
        ),
        ("[('line_ids', 'any', [('x', '=', None)])]", r#"[["line_ids","any",[["x","=",false]]]]"#),
        ("[('line_ids', 'not any', [])]", r#"[["line_ids","not any",[]]]"#),
        ("('a', '=', 1), ('b', '=', 2)", r#"[["a","=",1],["b","=",2]]"#),
        ("[('create_date.month_number', '=', 3)]", r#"[["create_date.month_number","=",3]]"#),
        ("[('a', '=', [1, 2])]", r#"[["a","=",[1,2]]]"#),
    ] {
        assert_eq!(json(text), domain, "{text}");
    }
}

#[test]
fn invalid_domains_are_rejected_with_their_position() {
    const ITEM: &str = "\"&\", \"|\", \"!\" or a term";
    for (text, error) in [
        ("1", "expected a list of terms, found 1 at position 1".to_owned()),
        ("{'a': 1}", "expected a list of terms, found an object at position 1".into()),
        ("('name', '=', 'a')", "expected a list of terms, found one term at position 1".into()),
        (
            "[('a', '=')]",
            "expected a term of three parts: field, operator, value, found a list of 2 at position 2".into(),
        ),
        (
            "[[('a', '=', 1), ('b', '=', 1)]]",
            "expected a term of three parts: field, operator, value, found a list of 2 at position 2".into(),
        ),
        ("[[('a', '=', 1), '=', 1]]", "expected a field, found a list at position 3".into()),
        ("['and', ('a', '=', 1)]", format!("expected {ITEM}, found \"and\" at position 2")),
        ("[('a', '=', 1), 2]", format!("expected {ITEM}, found 2 at position 17")),
        (
            "[('a..b', '=', 1)]",
            "expected a field, or fields with dots between them, found \"a..b\" at position 3".into(),
        ),
        ("[(None, '=', 1)]", "expected a field, found null at position 3".into()),
        ("[(2, '=', 1)]", "expected a field, [1, \"=\", 1] or [0, \"=\", 1], found 2 at position 3".into()),
        ("[(1, '!=', 1)]", "expected a field, [1, \"=\", 1] or [0, \"=\", 1], found 1 at position 3".into()),
        ("[('a', 'in', 1)]", "expected a list after \"in\", found 1 at position 14".into()),
        ("[('a', 'in', None)]", "expected a list after \"in\", found null at position 14".into()),
        ("[('a', '=', {})]", "expected a string, number or boolean, found an object at position 13".into()),
        ("[('a', 'in', [1, [2]])]", "expected a string, number or boolean, found a list at position 18".into()),
        ("[('a', 'any', 1)]", "expected a list of terms, found 1 at position 15".into()),
        ("[('a', 'any', ['|', ('b', '=', 1)])]", "expected two operands after \"|\", found one at position 16".into()),
        ("['!']", "expected an operand after \"!\", found none at position 2".into()),
        ("['&']", "expected two operands after \"&\", found none at position 2".into()),
        ("[('a', '=', 1), '|', ('b', '=', 1)]", "expected two operands after \"|\", found one at position 17".into()),
        (
            "['|', '&', ('a', '=', 1), ('b', '=', 1)]",
            "expected two operands after \"|\", found one at position 2".into(),
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn syntax_of_other_apis_gets_a_hint() {
    for (text, hint) in [
        ("['name', '=', 'a']", "[[\"name\", \"=\", \"a\"]]"),
        ("[('a', 'in', 1)]", "[1]"),
        ("[('a', 'any!', [])]", "never accepted"),
        ("[('a', 'not any!', [])]", "never accepted"),
        ("[[['a', '=', 1]]]", "flat"),
        ("[('a', '=', 1), '|', ('b', '=', 1)]", "before its operands"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {error} {:?}", error.hint);
    }
}

#[test]
fn an_error_in_a_tree_has_a_path() {
    let tree = literal::parse("[('a', 'any', [('b', '~', 1)])]", Limits::query()).unwrap();
    assert_eq!(Domain::from_value(tree).unwrap_err().path, [0, 2, 0, 1]);
}

#[test]
fn terms_keep_their_index_and_can_be_rewritten() {
    let domain = read("['|', ('a', '=', 1), ('b', 'any', [('c', '=', 2)])]").unwrap();
    let places: Vec<_> = domain.terms().map(|(index, term)| (index, term.path.as_str().to_owned())).collect();
    assert_eq!(places, [(1, "a".to_owned()), (2, "b".to_owned())]);
    let rewritten = domain.try_rewrite(|index, term| {
        let one = |operator, value| Operand::term(Term { path: term.path.clone(), operator, value });
        let number = |number| TermValue::Value(Value::Int(number));
        match index {
            1 => Ok::<_, ()>(Operand::all_of(vec![one(Operator::Greater, number(0)), one(Operator::Less, number(2))])),
            _ => Ok(Operand::any_of(Vec::new())),
        }
    });
    assert_eq!(print(&rewritten.unwrap().to_value()), "['|', '&', ['a', '>', 0], ['a', '<', 2], [0, '=', 1]]");
}

#[test]
fn concatenated_domains_both_apply() {
    let (one, other) = (read("['|', ('a', '=', 1), ('b', '=', 1)]").unwrap(), read("[('id', '>', 7)]").unwrap());
    assert_eq!(print(&one.and(other).into_value()), "['|', ['a', '=', 1], ['b', '=', 1], ['id', '>', 7]]");
    assert!(Domain::default().and(Domain::default()).is_all());
}

#[test]
fn long_hostile_domains_are_parsed_or_rejected_in_linear_time() {
    let many = |unit: &str| unit.repeat((1 << 18) / unit.len());
    for text in [
        format!("[{}]", many("'&',")),
        format!("[{}]", many("'!',")),
        format!("[{}]", many("('a','=',1),")),
        format!("[{}'|']", many("('a','=',1),")),
    ] {
        let verdict = Domain::parse(&text, Limits::trusted());
        assert_eq!(verdict.is_ok(), !text.contains(['&', '!', '|']));
    }
    let deep = format!("{}[]{}", "[('a','any',".repeat(15), ")]".repeat(15));
    assert!(read(&deep).is_ok());
    assert!(read(&format!("{}[]{}", "[('a','any',".repeat(16), ")]".repeat(16))).unwrap_err().expected.contains("32"));
}

fn domains() -> impl Strategy<Value = Domain<'static>> {
    let scalar = || {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<String>().prop_map(Value::from)
        ]
    };
    let path = "[a-z_][a-z0-9_]{0,8}(\\.[a-z0-9_]{1,8}){0,3}".prop_map(|text| FieldPath::parse(text).unwrap());
    let leaf = (path, proptest::sample::select(Operator::ALL), scalar(), proptest::collection::vec(scalar(), 0..4));
    let term = leaf.prop_map(|(path, operator, one, many)| {
        let value = match operator {
            _ if operator.wants_domain() => TermValue::Domain(Domain::default()),
            _ if operator.wants_list() => TermValue::Value(Value::List(many)),
            _ => TermValue::Value(one),
        };
        Domain::from_term(Term { path, operator, value })
    });
    let constant = |item| Just(Domain { items: vec![item] });
    let leaf = prop_oneof![4 => term, 1 => constant(DomainItem::True), 1 => constant(DomainItem::False)];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let two = (prop_oneof![Just(DomainItem::And), Just(DomainItem::Or)], inner.clone(), inner.clone());
        let any = inner.clone().prop_map(|sub| {
            let path = FieldPath::parse("line_ids").unwrap();
            Domain::from_term(Term { path, operator: Operator::Any, value: TermValue::Domain(sub) })
        });
        prop_oneof![
            two.prop_map(|(operator, left, right)| Domain { items: vec![operator] }.and(left).and(right)),
            inner.prop_map(|operand| Domain { items: vec![DomainItem::Not] }.and(operand)),
            any,
        ]
    })
}

#[test]
fn operator_needs_no_room_for_a_term() {
    assert!(size_of::<DomainItem<'_>>() <= 16, "{} bytes", size_of::<DomainItem<'_>>());
}

proptest! {
    #[test]
    fn printed_domains_parse_to_the_same_domain(domain in domains()) {
        let python = print(&domain.to_value());
        prop_assert_eq!(Domain::parse(&python, Limits::trusted()), Ok(domain.clone()));
        let json = serde_json::to_string(&domain.to_value()).unwrap();
        prop_assert_eq!(Domain::parse(&json, Limits::trusted()), Ok(domain));
    }
}
