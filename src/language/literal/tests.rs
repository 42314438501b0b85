//! Valid and invalid literals side by side; hostile texts; print∘parse.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn query(text: &str) -> Result<Value<'_>, String> {
    parse(text, Limits::query()).map_err(|error| error.to_string())
}

/// The parsed value as JSON.
fn json(text: &str) -> String {
    match query(text) {
        Ok(value) => serde_json::to_string(&value).unwrap(),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn containers_are_parsed() {
    for (text, value) in [
        ("[]", "[]"),
        ("()", "[]"),
        ("{}", "{}"),
        (" [ 1 , 2 ] ", "[1,2]"),
        ("[1, 2, ]", "[1,2]"),
        ("(1)", "1"),
        ("((1))", "1"),
        ("(1,)", "[1]"),
        ("(1, 2)", "[1,2]"),
        ("1, 2", "[1,2]"),
        ("1,", "[1]"),
        ("('a', '=', 1), ('b', '=', 2)", r#"[["a","=",1],["b","=",2]]"#),
        ("{'a': 1, \"b\": (2, 3),}", r#"{"a":1,"b":[2,3]}"#),
        ("{('a'): 1, 'b' 'c': 2, u'd': 3}", r#"{"a":1,"bc":2,"d":3}"#),
        ("{'a': 1, 'b': 2, 'a': 3}", r#"{"a":3,"b":2}"#),
        (r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"a":3,"b":2}"#),
        ("[('name', 'ilike', 'a'), True, None, false]", r#"[["name","ilike","a"],true,null,false]"#),
        ("[\n\t1,\r\n 2\x0c]", "[1,2]"),
        ("[1, \\\n 2, \\\r\n 3]", "[1,2,3]"),
    ] {
        assert_eq!(json(text), value, "{text}");
    }
}

#[test]
fn strings_are_parsed() {
    for (text, value) in [
        (r#""a\/b""#, "a/b"),
        (r"'a\/b'", "a\\/b"),
        (r#""\ud83d\ude00""#, "😀"),
        (r"'\U0001F600\u00e9\x41\101\n\'\a'", "😀éAA\n'\x07"),
        ("'it''s'", "its"),
        ("'a' \"b\" '''c''' r'd'", "abcd"),
        ("'''a'b\"c\n'''", "a'b\"c\n"),
        ("\"\"\"a\"\"b\"\"\"", "a\"\"b"),
        ("'''\r\n'''", "\n"),
        ("''", ""),
        ("''''''", ""),
        (r"r'\n\''", r"\n\'"),
        (r"R'\x'", r"\x"),
        ("b'abc'", "abc"),
        (r"b'\xc3' B'\xa9'", "é"),
        (r"rb'\xc3'", r"\xc3"),
        (r"bR'\u0041'", r"\u0041"),
        (r"b'\u0041'", r"\u0041"),
        ("u'ä'", "ä"),
        (r"'\d\ä'", r"\d\ä"),
        ("'a\\\nb'", "ab"),
        ("'a\tb'", "a\tb"),
        (r"'\777'", "\u{1ff}"),
        (r"b'\501'", "A"),
        (r#""\u0000""#, "\0"),
        ("(\n'a'\n'b'\n)", "ab"),
    ] {
        assert_eq!(query(text), Ok(Value::from(value)), "{text}");
    }
}

#[test]
fn numbers_are_parsed() {
    for (text, value) in [
        ("0", Value::Int(0)),
        ("-0", Value::Int(0)),
        ("+1", Value::Int(1)),
        ("- 1", Value::Int(-1)),
        ("1_000", Value::Int(1000)),
        ("0xFF", Value::Int(255)),
        ("-0x_ff", Value::Int(-255)),
        ("0o17", Value::Int(15)),
        ("0B1_0", Value::Int(2)),
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("1.5", Value::Float(1.5)),
        ("1.", Value::Float(1.0)),
        (".5", Value::Float(0.5)),
        ("-.5e-1", Value::Float(-0.05)),
        ("1.e2", Value::Float(100.0)),
        ("1E+2", Value::Float(100.0)),
        ("1_0.0_1e1_0", Value::Float(10.01e10)),
        ("1e-999", Value::Float(0.0)),
        ("0.1", Value::Float(0.1)),
    ] {
        assert_eq!(query(text), Ok(value), "{text}");
    }
}

#[test]
fn errors_say_what_was_expected_what_was_found_and_where() {
    for (text, error) in [
        ("", "expected a value, found the end of the text at position 1"),
        (")", "expected a value, found \")\" at position 1"),
        ("[1, 2", "expected \",\" or \"]\" to close the [ at position 1, found the end of the text at position 6"),
        ("[1, (2, 3]", "expected \",\" or \")\" to close the ( at position 5, found \"]\" at position 10"),
        ("[('ä', 1), (", "expected a value inside the ( at position 12, found the end of the text at position 13"),
        (
            "{'a': 1, 'b'",
            "expected \":\" after the key inside the { at position 1, found the end of the text at position 13",
        ),
        ("['ä', x]", "expected a value, found \"x\" at position 7"),
        ("[1 2]", "expected \",\" or \"]\" to close the [ at position 1, found \"2\" at position 4"),
        ("[,]", "expected a value, found \",\" at position 2"),
        ("[1,,2]", "expected a value, found \",\" at position 4"),
        ("(,)", "expected a value, found \",\" at position 2"),
        ("1 2", "expected the end of the text, found \"2\" at position 3"),
        ("'abc", "expected a quote to close the ' at position 1, found the end of the text at position 5"),
        ("'a\nb'", "expected a quote to close the ' at position 1, found a line break at position 3"),
        ("['''a'']", "expected three quotes to close the ' at position 2, found the end of the text at position 9"),
        ("{1, 2}", "expected \":\" after the key, found \",\" at position 3"),
        ("{1: 2}", "expected a string as key, found an integer at position 2"),
        ("{'a': }", "expected a value, found \"}\" at position 7"),
        ("1 + 1", "expected the end of the text, found \"+\" at position 3"),
        ("--1", "expected a number, found \"-\" at position 2"),
        ("-True", "expected a number, found \"True\" at position 2"),
        ("1j", "expected a number, found \"1j\" at position 1"),
        ("1__0", "expected a number, found \"1__0\" at position 1"),
        ("1_", "expected a number, found \"1_\" at position 1"),
        ("1e", "expected a number, found \"1e\" at position 1"),
        ("0x", "expected a number, found \"0x\" at position 1"),
        ("0b2", "expected a number, found \"0b2\" at position 1"),
        ("007", "expected a number without leading zeros, found \"007\" at position 1"),
        ("9223372036854775808", "expected an integer of at most 64 bits, found \"9223372036854775808\" at position 1"),
        ("1e999", "expected a number that fits a double, found \"1e999\" at position 1"),
        ("NaN", "expected a value, found \"NaN\" at position 1"),
        ("...", "expected a value, found \"...\" at position 1"),
        ("f'{x}'", "expected a value, found \"f\" at position 1"),
        ("x'a'", "expected a value, found \"x\" at position 1"),
        ("ub'a'", "expected a value, found \"ub\" at position 1"),
        ("'a' b'b'", "expected only strings or only bytes to be concatenated, found \"b\" at position 5"),
        ("b'\\xff'", "expected bytes that are valid UTF-8, found other bytes at position 1"),
        ("b'ä'", "expected an ASCII character or an escape in bytes, found \"ä\" at position 3"),
        (r"'\xg1'", "expected 2 hexadecimal digits, found \"g1\" at position 4"),
        (r"'\N{DIGIT ONE}'", "expected an escape, found \"\\N\" at position 2"),
        (r"'\ud83d'", "expected a Unicode character, found an escape without one at position 2"),
        (r"'\U00110000'", "expected a Unicode character, found an escape without one at position 2"),
        (r#"["\ud83d\ude00", x]"#, "expected a value, found \"x\" at position 18"),
        ("'a\0'", "expected a character other than NUL, found the character U+0000 at position 3"),
        ("[1] # all", "expected the end of the text, found \"#\" at position 5"),
        ("datetime.now()", "expected a value, found \"datetime\" at position 1"),
        ("“name”", "expected a value, found \"“\" at position 1"),
        ("\u{feff}[]", "expected a value, found \"\u{feff}\" at position 1"),
        ("[1,\u{a0}2]", "expected a value, found the character U+00A0 at position 4"),
        ("1 \\ ", "expected the end of the text, found \"\\\" at position 3"),
    ] {
        assert_eq!(query(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn hints_say_how_to_fix_the_error() {
    for (text, hint) in [
        ("[name]", "quotes"),
        ("[“name”]", "straight"),
        ("[nan]", "finite"),
        ("{1}", "sets"),
        ("[1 + 2]", "evaluated"),
        ("f''", "f-strings"),
        ("007", "leave them out"),
        ("# x", "comments"),
        (r"'\ud83d'", "pair"),
    ] {
        let found = parse(text, Limits::query()).unwrap_err().hint.unwrap();
        assert!(found.contains(hint), "{text}: {found}");
    }
    assert!(parse_json("['a']", Limits::trusted()).unwrap_err().hint.unwrap().contains("JSON"));
}

#[test]
fn a_json_body_must_be_json() {
    for good in ["{\"a\": [1, -2.5e3, true, null, \"\\u00e9\"]}", " 1 ", "\"\\/\"", "[]"] {
        let parsed = parse_json(good, Limits::trusted()).unwrap();
        let expected: serde_json::Value = serde_json::from_str(good).unwrap();
        assert_eq!(serde_json::to_value(&parsed).unwrap(), expected, "{good}");
    }
    for bad in [
        "",
        "'a'",
        "(1)",
        "[1,]",
        "{\"a\":1,}",
        "True",
        "None",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
        "1_0",
        "NaN",
        "-",
        "-Infinity",
        "\"a\nb\"",
        "\"\\x41\"",
        "\"\\ud83d\"",
        "\"\\ude00\\ud83d\"",
        "\"a\" \"b\"",
        "1 2",
        "[1 2]",
        "{1:2}",
        "{\"a\"}",
        "\x0c1",
        "1e999",
        "9223372036854775808",
        "[",
        "{",
        "\"",
        "\"\\",
        "\"\\u12",
        "nul",
        "u\"a\"",
        "1, 2",
        "\u{feff}1",
    ] {
        assert!(parse_json(bad, Limits::trusted()).is_err(), "{bad:?}");
    }
}

#[test]
fn repeated_key_has_its_first_place_and_its_last_value() {
    let members = |count: usize| (0..count).map(|n| format!("'k{n}':{n}")).collect::<Vec<_>>().join(",");
    for (text, count, pairs) in [
        (format!("{{{}}}", members(20)), 20, vec![(0, "k0", 0), (19, "k19", 19)]),
        (format!("{{{}, 'k3': 'x', 'k3': 7}}", members(20)), 20, vec![(2, "k2", 2), (3, "k3", 7), (4, "k4", 4)]),
        (format!("{{{0},{0}, 'k0': 5}}", members(20)), 20, vec![(0, "k0", 5), (1, "k1", 1), (19, "k19", 19)]),
        (format!("{{{}}}", "'a': 1,".repeat(5000) + "'a': 2"), 1, vec![(0, "a", 2)]),
    ] {
        let value = parse(&text, Limits::trusted()).unwrap();
        let members = value.as_map().unwrap();
        assert_eq!(members.len(), count, "{text:.60}");
        for (index, key, value) in pairs {
            assert_eq!(members[index], (Cow::Borrowed(key), Value::Int(value)), "{text:.60}");
        }
    }
}

#[test]
fn name_that_occurs_twice_in_an_object_of_a_body_is_an_error() {
    let many: String = (0..20).map(|number| format!("\"k{number}\": 0, ")).collect();
    for (text, name, position) in [
        (r#"{"a": 1, "b": 2, "a": 1}"#.to_owned(), "a", 18),
        (r#"{"é": 1, "vals": [{"x": {"name": 1, "name": 2}}]}"#.to_owned(), "name", 37),
        (r#"{"a": 1, "\u0061": 2}"#.to_owned(), "a", 10),
        (format!(r#"{{{many}"k7": 1, "k3": 1}}"#), "k7", many.len() + 2),
    ] {
        let error = parse_json(&text, Limits::trusted()).unwrap_err();
        let expected = format!("expected each name once in an object, found \"{name}\" again at position {position}");
        assert_eq!(error.to_string(), expected, "{text}");
        assert!(parse(&text, Limits::trusted()).is_ok(), "a literal follows the rules of Python: {text}");
    }
    assert!(parse_json(r#"[{"a": 1}, {"a": {"a": 2}}]"#, Limits::trusted()).is_ok());
    let long = format!(r#"{{"{0}": 1, "{0}": 2}}"#, "x".repeat(10_000));
    assert!(parse_json(&long, Limits::trusted()).unwrap_err().to_string().len() < 200);
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = r#"["name", 'ä', "a\n"]"#;
    let value = query(text).unwrap();
    let borrowed = |value: &Value<'_>| matches!(value, Value::Text(Cow::Borrowed(_)));
    assert_eq!(value.as_list().unwrap().iter().map(borrowed).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn depth_counts_open_brackets_of_any_kind() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{\"a\":", "}"), ("[(", ")]")] {
        let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let per_level = open.matches(['[', '(', '{']).count();
        assert!(query(&nested(32 / per_level)).is_ok());
        assert!(query(&nested(32 / per_level + 1)).unwrap_err().contains("at most 32 levels"), "{open}");
    }
    let json = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let error = parse_json(&json, Limits::trusted()).unwrap_err().to_string();
    assert_eq!(error, "expected at most 32 levels of brackets, found one more at position 33");
}

#[test]
fn queries_are_limited_in_values_and_bytes_and_trusted_texts_are_not() {
    let values = |count: usize| format!("[{}]", "1,".repeat(count - 1));
    assert!(query(&values(10_000)).is_ok());
    assert!(query(&values(10_001)).unwrap_err().starts_with("expected at most 10000 values, found one more at"));
    assert!(parse(&values(10_001), Limits::trusted()).is_ok());
    // A member of an object is one value, in both notations.
    let members = |quote: &str| format!("{{{}}}", format!("{quote}a{quote}:1,").repeat(9_998) + "\"z\":1");
    assert!(query(&members("'")).is_ok() && query(&members("\"")).is_ok());
    let long = format!("'{}'", "a".repeat(64 * 1024));
    assert_eq!(query(&long).unwrap_err(), "expected at most 65536 bytes, found 65538 bytes at position 1");
    assert!(parse(&long, Limits::trusted()).is_ok());
}

#[test]
fn long_hostile_texts_are_parsed_or_rejected_in_linear_time() {
    // Anything quadratic would take minutes.
    let many = |unit: &str| unit.repeat((1 << 18) / unit.len());
    let keys: String = (0..25_000).map(|key| format!("'k{key}':{key},")).collect();
    let hostile = [
        many("["),
        many("("),
        many("{'a':"),
        many("[") + &many("]"),
        many("'"),
        many("\""),
        many("'' "),
        many("'a' 'b' "),
        many("'''"),
        many("9"),
        format!("1.{}", many("1")),
        format!("1e{}", many("9")),
        format!("0x{}", many("f")),
        format!("[{}]", many("'\\x41',")),
        format!("'{}'", many("\\u0041")),
        format!("\"{}", many("\\\"")),
        many("\\"),
        format!("[{}", many("1,")),
        format!("[{}]", many("(),")),
        format!("{{{}}}", many("'a':1,")),
        format!("{{{keys}}}"),
        format!("{{{keys}{keys}}}"),
        many("a"),
        many("-"),
        many("\\\n"),
        many(" "),
        many("ä"),
        format!("'{}'", many("ä")),
        format!("r'{}'", many("\\'")),
        format!("b'{}'", many("\\377")),
        format!("'''{}", many("''a")),
        many("b''"),
        many("1_"),
        format!("[{}", many("[],")),
        many("((1),"),
        format!("\"{}\"", many("\\ud83d\\ude00")),
        format!("[{}", many("'\\ud83d',")),
        many("..."),
        many("0"),
        many("1,"),
        format!("{{{}", many("('a'):[],")),
    ];
    for text in &hostile {
        let verdict = parse(text, Limits::trusted());
        if let Err(error) = &verdict {
            assert!(error.position <= text.chars().count() + 1);
            assert!(error.to_string().len() < 300, "{error}");
        }
        assert_eq!(locate(text, &[]).is_some(), verdict.is_ok());
    }
}

#[test]
fn nodes_are_located_by_child_indexes() {
    let text = "[('ä', '=', 1), (2), ([3, 4]), {'k': 5, 'l': [6], 'k': 7}]";
    for (path, node) in [
        (&[][..], "[('ä"),
        (&[0], "('ä'"),
        (&[0, 0], "'ä'"),
        (&[0, 2], "1)"),
        (&[1], "(2)"),
        (&[2, 1], "4]"),
        (&[3], "{'k'"),
        (&[3, 0], "7}"),
        (&[3, 1, 0], "6]"),
    ] {
        let position = locate(text, path).unwrap();
        let rest: String = text.chars().skip(position - 1).collect();
        assert!(rest.starts_with(node), "{path:?}: {rest}");
    }
    for path in [&[4][..], &[0, 3], &[0, 0, 0], &[3, 2]] {
        assert_eq!(locate(text, path), None, "{path:?}");
    }
    assert_eq!(locate("'a', ('b', 'c')", &[1, 1]), Some(12));
    assert_eq!(locate("'a', 'b'", &[]), Some(1));
    assert_eq!(locate(r#"["\ud83d\ude00", 1]"#, &[1]), Some(18));
}

#[test]
fn a_value_is_printed_as_python_writes_it() {
    for (text, printed) in [
        (
            r#"[null, true, false, -1, 1.0, 1e300, "it's\n\u0000"]"#,
            r"[None, True, False, -1, 1.0, 1e300, 'it\'s\n\x00']",
        ),
        (r#"{"a": {"b": []}}"#, "{'a': {'b': []}}"),
    ] {
        assert_eq!(print(&query(text).unwrap()), printed);
    }
}

#[test]
fn long_list_reserves_space_for_its_items_once_and_not_beyond_the_limit() {
    let capacity = |text: &str, limits| match parse(text, limits) {
        Ok(Value::List(items)) => (items.len(), items.capacity()),
        other => panic!("{:?}", other.map(|value| value.kind())),
    };
    let (count, reserved) = capacity(&format!("[{}0]", "0,".repeat(99_999)), Limits::trusted());
    assert!(count == 100_000 && reserved < 104_000, "{count} items, space for {reserved}");
    let body = BodyValues::at_most(10_000);
    let (count, reserved) =
        capacity(&format!("[{}'{}']", "0,".repeat(9_998), "x".repeat(1 << 20)), Limits::body(&body));
    assert!(count == 9_999 && reserved < 10_010, "{count} items, space for {reserved}");
    // Short items after long ones are more than the estimate.
    let lengthy = format!("'{}',", "x".repeat(100)).repeat(5_000);
    assert_eq!(capacity(&format!("[{lengthy}{}0]", "0,".repeat(99_999)), Limits::trusted()).0, 105_000);
}

fn values() -> impl Strategy<Value = Value<'static>> {
    let text = || any::<String>().prop_map(Cow::<'static, str>::Owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::Float),
        text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let members = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..12);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::List),
            members
                .prop_map(|members| Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn printed_values_parse_to_the_same_value_as_python(value in values()) {
        let printed = print(&value);
        prop_assert_eq!(parse(&printed, Limits::trusted()), Ok(value));
    }

    #[test]
    fn printed_values_parse_to_the_same_value_as_json(value in values()) {
        let printed = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(parse_json(&printed, Limits::trusted()), Ok(value.clone()));
        prop_assert_eq!(parse(&printed, Limits::query()), Ok(value));
    }

    #[test]
    fn any_text_yields_a_value_or_an_error_with_a_position(text in r#"[\[\](){}'"\\,:0-9a-zA-Z_.+\-\sä😀]{0,60}"#) {
        match parse(&text, Limits::query()) {
            Ok(value) => {
                let printed = print(&value);
                prop_assert_eq!(parse(&printed, Limits::trusted()), Ok(value));
            }
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.position)),
        }
    }
}
