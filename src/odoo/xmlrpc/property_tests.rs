//! What must hold for every value and for every text.

use proptest::prelude::*;

use super::answer::{self, Answer};
use super::generated::any_value;
use super::write;
use crate::value::Value;

fn answered(value: &Value<'_>) -> String {
    let value = String::from_utf8(write::value(value).unwrap().to_vec()).unwrap();
    format!("<methodResponse><params><param>{value}</param></params></methodResponse>")
}

proptest! {
    #[test]
    fn what_was_written_reads_back_the_same(value in any_value()) {
        let text = answered(&value);
        prop_assert_eq!(answer::read(&text), Ok(Answer::Value(value)));
    }

    #[test]
    fn no_change_to_an_answer_makes_the_reader_panic(
        value in any_value(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..8),
    ) {
        let mut bytes = answered(&value).into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, b"<>/&;!?-"[usize::from(byte) % 8]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = answer::read(&text) {
            prop_assert!(error.at <= text.len());
        }
        let _ = answer::is_fault(&text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(<methodResponse>|<params><param>)?(<(/)?[a-z!?]{1,8}[ =\"'a]{0,3}/?>|&[a-z#]{0,4};?|[^<]){0,30}") {
        let _ = answer::read(&text);
    }
}
