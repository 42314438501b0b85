//! Selections in both notations: what they mean, and what is rejected where.

use super::*;
use crate::language::MAX_NAMES;

/// The selection, printed in braces.
fn braces(text: &str) -> Result<String, String> {
    Selection::parse(text, Limits::query()).map(|selection| selection.to_string()).map_err(|error| error.to_string())
}

fn schema(text: &str) -> Result<String, String> {
    Selection::parse_schema(text).map(|selection| selection.to_string()).map_err(|error| error.to_string())
}

fn name(text: &str) -> FieldName {
    FieldName::parse(text).unwrap()
}

#[test]
fn braces_contain_fields_wildcards_exclusions_and_nested_fields() {
    for (text, read) in [
        ("{id, name}", "{id, name}"),
        ("{*}", "{*}"),
        ("{-password}", "{-password}"),
        ("{company_id{name}}", "{company_id{name}}"),
        ("{*, partner_id{-email}}", "{*, partner_id{-email}}"),
        (" \n{ id ,\tname { x } }\r\n", "{id, name{x}}"),
        ("{- a,-b}", "{-a, -b}"),
        ("{a,b,a}", "{a, b}"),
        ("{*,a,*}", "{*, a}"),
        ("{_x,A9{b{c{d{e{f{g}}}}}}}", "{_x, A9{b{c{d{e{f{g}}}}}}}"),
    ] {
        assert_eq!(braces(text).as_deref(), Ok(read), "{text}");
        assert_eq!(braces(read).as_deref(), Ok(read), "the printed selection parses to the same");
    }
}

#[test]
fn a_selection_is_a_tree_of_items() {
    let nested = Selection { items: vec![SelectionItem::Except(name("email"))], lenient: false };
    let items = vec![SelectionItem::All, SelectionItem::Field { name: name("partner_id"), nested: Some(nested) }];
    assert_eq!(Selection::parse("{*, partner_id{-email}}", Limits::query()), Ok(Selection { items, lenient: false }));
}

#[test]
fn errors_in_braces_have_a_position() {
    const ITEM: &str = "a field, \"*\" or \"-\"";
    for (text, error) in [
        ("{}", format!("expected {ITEM}, found \"}}\" at position 2")),
        ("{a,}", format!("expected {ITEM}, found \"}}\" at position 4")),
        ("{,a}", format!("expected {ITEM}, found \",\" at position 2")),
        ("{a b}", "expected \",\" or \"}\", found \"b\" at position 4".into()),
        ("{a", "expected \",\" or \"}\" inside the { at position 1, found the end of the text at position 3".into()),
        ("{a{b", "expected \",\" or \"}\" inside the { at position 3, found the end of the text at position 5".into()),
        ("{", format!("expected {ITEM} inside the {{ at position 1, found the end of the text at position 2")),
        ("", "expected \"{\", found the end of the text at position 1".into()),
        ("id, name", "expected \"{\", found \"id\" at position 1".into()),
        ("{a}}", "expected the end of the text, found \"}\" at position 4".into()),
        ("{a} b", "expected the end of the text, found \"b\" at position 5".into()),
        ("{ä}", format!("expected {ITEM}, found \"ä\" at position 2")),
        ("{a.b}", "expected \",\" or \"}\", found \".\" at position 3".into()),
        ("{'a'}", format!("expected {ITEM}, found \"'\" at position 2")),
        ("{1}", format!("expected {ITEM}, found \"1\" at position 2")),
        ("{-}", "expected a field to exclude, found \"}\" at position 3".into()),
        ("{-*}", "expected a field to exclude, found \"*\" at position 3".into()),
        ("{*{a}}", "expected \",\" or \"}\", found \"{\" at position 3".into()),
        ("{-a{b}}", "expected \",\" or \"}\" after a field to exclude, found \"{\" at position 4".into()),
        ("{a{b},a{c}}", "expected each field with nested fields only once, found \"a\" at position 7".into()),
        ("{a,a{c}}", "expected each field with nested fields only once, found \"a\" at position 4".into()),
        ("{a{c},a}", "expected each field with nested fields only once, found \"a\" at position 7".into()),
        ("{a, -b}", "expected a field to select, like the items before it, found \"-\" at position 5".into()),
        ("{*,-b}", "expected a field to select, like the items before it, found \"-\" at position 4".into()),
        (
            "{-b,c{d}}",
            "expected \"-\" and a field to exclude, like the items before it, found \"c\" at position 5".into(),
        ),
        ("{-b,*}", "expected \"-\" and a field to exclude, like the items before it, found \"*\" at position 5".into()),
        ("{a{b{c{d{e{f{g{h{i}}}}}}}}}", "expected at most 8 levels of braces, found one more at position 17".into()),
    ] {
        assert_eq!(braces(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn mixed_selections_get_a_hint() {
    for (text, hint) in
        [("{-a, b{c}}", "{*, rel{...}}"), ("{*, -a}", "{-name}"), ("{-a{b}}", "{*, rel{-name}}"), ("{}", "{*}")]
    {
        let error = Selection::parse(text, Limits::query()).unwrap_err();
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {error:?}");
    }
}

#[test]
fn huge_selections_are_rejected_or_parsed_in_linear_time() {
    let long = format!("{{{}}}", "a,".repeat(40_000));
    assert!(braces(&long).unwrap_err().starts_with("expected at most 65536 bytes"));
    let wide = |fields: usize| format!("{{{}}}", (0..fields).map(|n| format!("f{n}")).collect::<Vec<_>>().join(","));
    assert_eq!(Selection::parse(&wide(MAX_NAMES), Limits::trusted()).unwrap().items.len(), MAX_NAMES);
    let error = Selection::parse(&wide(MAX_NAMES + 1), Limits::trusted()).unwrap_err();
    assert!(error.too_many, "{error}");
    assert!(Selection::parse(&"{a".repeat(100_000), Limits::trusted()).is_err());
}

#[test]
fn a_schema_in_tuples_parses_as_in_the_manual() {
    let manual = "[
        'id',
        'name',
        ('partner_id', (
            'id',
            'name',
            'city',
        )),
        ('order_line', [(
            'id',
            ('product_id', (  # many2one, \"don't\" stop here
                'id',
                ('categ_id', (  # many2one
                    'id',
                    'name',
                )),
                ('attribute_line_ids', [(  # one2many
                    'id',
                    'display_name',
                )]),
            )),
            'price_subtotal',
        )]),
    ]";
    let read = "{id, name, partner_id{id, name, city}, order_line{id, \
                product_id{id, categ_id{id, name}, attribute_line_ids{id, display_name}}, price_subtotal}}";
    assert_eq!(schema(manual).as_deref(), Ok(read));
}

#[test]
fn tuples_with_one_relation_differ_from_lists_of_records() {
    for (text, read) in [
        ("('id',)", "{id}"),
        ("'id', 'name'", "{id, name}"),
        ("[('a', ('b',))]", "{a{b}}"),
        ("[('a', (('b', ('c', 'd')),))]", "{a{b{c, d}}}"),
        ("[('a', [('b', ('c', ('d',)))])]", "{a{b, c{d}}}"),
        ("[('a', [('b', 'c')])]", "{a{b, c}}"),
        ("[('a', [(('b', ('c',)),)])]", "{a{b{c}}}"),
        ("[(\"a\", [\"b\"])]", "{a{b}}"),
        ("{id, partner_id{name}}", "{id, partner_id{name}}"),
    ] {
        assert_eq!(schema(text).as_deref(), Ok(read), "{text}");
    }
}

#[test]
fn errors_in_tuples_have_a_position() {
    const FIELD: &str = "a field, or a relation such as ('partner_id', ('id', 'name'))";
    for (text, error) in [
        ("[]", "expected at least one field, found an empty list at position 1".to_owned()),
        ("'id'", "expected a list of fields, found \"id\" at position 1".into()),
        ("['id', 7]", format!("expected {FIELD}, found 7 at position 8")),
        ("['id', ('a', ('b'))]", format!("expected {FIELD}, found a list at position 8")),
        ("['id', ('a', ())]", "expected at least one field, found an empty list at position 14".into()),
        ("['id', (7, ('b',))]", "expected the name of a field, found 7 at position 9".into()),
        ("['i d']", "expected the name of a field, found \"i d\" at position 2".into()),
        ("['*']", "expected the name of a field, found \"*\" at position 2".into()),
        (
            "[ # ä\n('a', ('b',)), 'a']",
            "expected each field with nested fields only once, found \"a\" at position 22".into(),
        ),
        (
            "['id'",
            "expected \",\" or \"]\" to close the [ at position 1, found the end of the text at position 6".into(),
        ),
        (
            "[('a',[('b',[('c',[('d',[('e',[('f',[('g',[('h',['i'])])])])])])])])]",
            "expected at most 8 levels of records, found one more at position 49".into(),
        ),
    ] {
        assert_eq!(schema(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn a_schema_is_lenient_on_every_level() {
    let schema = Selection::parse_schema("['id', ('a', ('b',))]").unwrap();
    let [_, SelectionItem::Field { nested: Some(nested), .. }] = schema.items.as_slice() else { panic!("{schema}") };
    assert!(schema.lenient && nested.lenient);
}
