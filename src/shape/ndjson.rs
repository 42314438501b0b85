//! Records as lines of JSON (<https://github.com/ndjson/ndjson-spec>), for clients that read them one by one.
//!
//! ```text
//! records = { object LF }       no line feed within an object: JSON escapes it
//! ```
//!
//! In: records. Out: bytes. Must not know: what the records say, how many there are in all.

use crate::names::RecordId;
use crate::value::Value;

/// Writes a line for each record.
///
/// # Errors
/// None that a tree of ours could cause.
pub fn write_ndjson(out: &mut Vec<u8>, records: &[Value<'_>]) -> Result<(), serde_json::Error> {
    for record in records {
        serde_json::to_writer(&mut *out, record)?;
        out.push(b'\n');
    }
    Ok(())
}

/// Writes a line for each id: an object, as for every other record.
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
    fn every_record_has_a_line_of_its_own() {
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
    fn ids_are_objects_too() {
        let mut out = Vec::new();
        write_ndjson_ids(&mut out, &[7, 12].map(|id| RecordId::new(id).unwrap()));
        assert_eq!(out, b"{\"id\":7}\n{\"id\":12}\n");
    }
}
