//! Properties of the codec that hold for every value and every text.

use proptest::prelude::*;

use super::generated::any_value;
use super::{response, writer};
use crate::odoo::rpc_response::RpcResponse;
use crate::value::Value;

fn response_with(value: &Value<'_>) -> String {
    let value = String::from_utf8(writer::serialize_value(value).unwrap().to_vec()).unwrap();
    format!("<methodResponse><params><param>{value}</param></params></methodResponse>")
}

proptest! {
    #[test]
    fn serialized_value_parses_to_the_same_value(value in any_value()) {
        let text = response_with(&value);
        prop_assert_eq!(response::parse(&text), Ok(RpcResponse::Result(value)));
    }

    #[test]
    fn changed_response_does_not_make_the_parser_panic(
        value in any_value(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..8),
    ) {
        let mut bytes = response_with(&value).into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, b"<>/&;!?-"[usize::from(byte) % 8]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = response::parse(&text) {
            prop_assert!(error.at <= text.len());
        }
        let _ = response::is_fault(&text);
    }

    #[test]
    fn arbitrary_text_does_not_make_the_parser_panic(text in "(<methodResponse>|<params><param>)?(<(/)?[a-z!?]{1,8}[ =\"'a]{0,3}/?>|&[a-z#]{0,4};?|[^<]){0,30}") {
        let _ = response::parse(&text);
    }
}
