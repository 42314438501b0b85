//! Compares the codec with dxr, an independent implementation, on thousands of generated values.
//!
//! Each must parse what the other serializes to the same value. Known differences of dxr:
//!
//! - it sorts the members of a struct by name; the generated structs are sorted already;
//! - it rejects an integer over 32 bits in `<int>`, where Odoo writes it; our writer uses `<i8>` for such integers;
//! - it rejects an empty or blank name of a member; the generated names are not blank.

use proptest::prelude::*;

use super::generated::any_value;
use super::response;
use super::writer::{CallWriter, serialize_value};
use crate::odoo::rpc_codec::{MalformedResponse, RpcResponse};
use crate::value::Value;

fn as_dxr(value: &Value<'_>) -> dxr::Value {
    match value {
        Value::Null => dxr::Value::Nil,
        Value::Bool(boolean) => dxr::Value::Boolean(*boolean),
        Value::Int(int) => i32::try_from(*int).map_or(dxr::Value::Long(*int), dxr::Value::Integer),
        Value::Float(float) => dxr::Value::Double(*float),
        Value::Text(text) => dxr::Value::String(text.to_string()),
        Value::List(items) => dxr::Value::Array(items.iter().map(as_dxr).collect()),
        Value::Map(members) => {
            dxr::Value::Struct(members.iter().map(|(name, value)| (name.to_string(), as_dxr(value))).collect())
        }
    }
}

/// The value with a letter before each name, so that no name is blank. The order of the members does not change.
fn with_letters_in_names(value: Value<'static>) -> Value<'static> {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(with_letters_in_names).collect()),
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, value)| (format!("n{name}").into(), with_letters_in_names(value)))
                .collect(),
        ),
        other => other,
    }
}

fn response_with(value: &str) -> String {
    format!("<?xml version='1.0'?><methodResponse><params><param>{value}</param></params></methodResponse>")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn dxr_parses_what_the_writer_serializes(value in any_value().prop_map(with_letters_in_names)) {
        let call = CallWriter::new("execute_kw").param("value", &value).unwrap().finish();
        let call = dxr::MethodCall::from_xml(std::str::from_utf8(&call).unwrap()).unwrap();
        prop_assert_eq!(call.params, [as_dxr(&value)]);
    }

    #[test]
    fn the_parser_and_dxr_parse_a_response_to_the_same_value(value in any_value().prop_map(with_letters_in_names)) {
        let xml = serialize_value(&value).unwrap();
        let text = response_with(std::str::from_utf8(&xml).unwrap());
        prop_assert_eq!(dxr::MethodResponse::from_xml(&text).unwrap().value, as_dxr(&value));
        prop_assert_eq!(response::parse(&text), Ok(RpcResponse::Result(value)));
    }

    #[test]
    fn the_parser_parses_what_dxr_serializes(value in any_value().prop_map(with_letters_in_names)) {
        let text = dxr::MethodResponse { value: as_dxr(&value) }.to_xml().unwrap();
        prop_assert_eq!(response::parse(&text), Ok(RpcResponse::Result(value)));
    }
}

#[test]
fn only_dxr_rejects_integers_over_32_bits_and_blank_names() {
    let parse = |value: &str| -> (Result<String, MalformedResponse>, bool) {
        let text = response_with(value);
        let ours = response::parse(&text).map(|response| format!("{response:?}"));
        (ours, dxr::MethodResponse::from_xml(&text).is_ok())
    };
    let large = parse("<value><int>4294967296</int></value>");
    assert_eq!(large, (Ok("Result(Int(4294967296))".to_owned()), false));
    let blank = parse("<value><struct><member><name> </name><value><int>1</int></value></member></struct></value>");
    assert_eq!(blank, (Ok("Result(Map([(\" \", Int(1))]))".to_owned()), false));
}
