//! Generates values that XML-RPC can transmit, for the property tests and the comparisons with Python and dxr.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::value::Value;

/// Any XML 1.0 text, with an increased share of special characters.
fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::char::range(' ', '~'),
        2 => prop::sample::select(vec!['<', '>', '&', ']', '"', '\'', '\r', '\n', '\t', ';', '#', ' ']),
        1 => prop::sample::select(vec!['\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '\u{fffd}', '\u{efff}', '\u{1ffff}']),
        1 => any::<char>().prop_filter("XML 1.0", |c| *c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')),
    ];
    vec(character, 0..20).prop_map(String::from_iter)
}

fn any_leaf() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|int| Value::Int(int.into())),
        any::<i64>().prop_map(Value::Int),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        prop::num::f64::ZERO.prop_map(Value::Float),
        prop::num::f64::SUBNORMAL.prop_map(Value::Float),
        (-1e6..1e6_f64).prop_map(|float| Value::Float((float * 100.0).round() / 100.0)),
        any_text().prop_map(Value::from),
    ]
}

/// Any value that can be transmitted: finite numbers, XML 1.0 text, unique keys.
pub(super) fn any_value() -> impl Strategy<Value = Value<'static>> {
    any_leaf().prop_recursive(5, 40, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::btree_map(any_text(), inner, 0..8)
                .prop_map(|members| Value::Map(members.into_iter().map(|(k, v)| (Cow::Owned(k), v)).collect())),
        ]
    })
}
