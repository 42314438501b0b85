//! Records as lines of JSON (<https://github.com/ndjson/ndjson-spec>), for clients that process them one by one.
//!
//! ```text
//! records = { object LF }       objects contain no line feed: JSON escapes it
//! ```
//!
//! In: records. Out: bytes. Must not know: the meaning of the records, how many there are in total.

use super::json_writer::{reserve_for_rest, write_json};
use crate::names::RecordId;
use crate::value::Value;

/// Writes one line per record.
///
/// # Errors
/// None for the values that [`Value`] can hold.
pub fn write_ndjson(out: &mut Vec<u8>, records: &[Value<'_>]) -> Result<(), serde_json::Error> {
    let start = out.len();
    for (at, record) in records.iter().enumerate() {
        write_json(out, record)?;
        out.push(b'\n');
        if at == 0 {
            reserve_for_rest(out, start, records.len());
        }
    }
    Ok(())
}

/// Writes one line per id, as an object.
pub fn write_ndjson_ids(out: &mut Vec<u8>, ids: &[RecordId]) {
    for id in ids {
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(itoa::Buffer::new().format(id.get()).as_bytes());
        out.extend_from_slice(b"}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_one_line() {
        let records = [
            Value::Map(vec![("id".into(), Value::Int(7)), ("name".into(), Value::from("a\n\u{2028}\"é"))]),
            Value::Map(vec![("id".into(), Value::Int(8)), ("x".into(), Value::List(vec![Value::Null]))]),
        ];
        let mut out = Vec::new();
        write_ndjson(&mut out, &records).unwrap();
        let expected = "{\"id\":7,\"name\":\"a\\n\u{2028}\\\"é\"}\n{\"id\":8,\"x\":[null]}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn ids_are_written_as_objects() {
        let mut out = Vec::new();
        write_ndjson_ids(&mut out, &[7, 12].map(|id| RecordId::new(id).unwrap()));
        assert_eq!(out, b"{\"id\":7}\n{\"id\":12}\n");
    }
}
