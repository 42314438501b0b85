//! The content of a file, whatever form Odoo returns it in.
//!
//! In: a value of a binary field. Out: base64, or the size as text, as Odoo 14 to 19 return them. Must not know: which
//! of the two was requested, other fields.
//!
//! | Odoo | content | size |
//! |---|---|---|
//! | 14 to 19 | `"aGVsbG8="` | `"5.00 bytes"` |
//! | 20 | `{"content": "aGVsbG8=", "size": 5, "filename": "a.txt"}` | `{"size": 5, "checksum": "aaf4…"}` |
//!
//! Members with other names are ignored. A computed binary field can contain any structure, such as the totals of an
//! invoice: objects without `size` stay as they are.

use crate::value::{Member, Value};

/// The content or the size as text; anything else unchanged.
pub(super) fn text_of_binary(value: Value<'_>) -> Value<'_> {
    let Value::Map(members) = value else { return value };
    let Some(size) = find(&members, SIZE).and_then(Value::as_int).filter(|size| *size >= 0) else {
        return Value::Map(members);
    };
    match members.iter().position(|(name, _)| name == CONTENT) {
        None => readable_size(size),
        Some(at) if matches!(members.get(at), Some((_, Value::Text(_)))) => {
            members.into_iter().nth(at).map(|(_, content)| content).unwrap_or_default()
        }
        Some(_) => Value::Map(members),
    }
}

const CONTENT: &str = "content";
const SIZE: &str = "size";

fn find<'m, 'a>(members: &'m [Member<'a>], key: &str) -> Option<&'m Value<'a>> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The size as Odoo 14 to 19 write it; an empty file has none.
#[expect(clippy::cast_precision_loss, reason = "two decimals of sizes up to terabytes")]
fn readable_size(bytes: i64) -> Value<'static> {
    if bytes == 0 {
        return Value::Bool(false);
    }
    let (mut size, mut units) = (bytes as f64, ["bytes", "Kb", "Mb", "Gb"].iter());
    while size >= 1024.0 {
        if units.next().is_none() {
            break;
        }
        size /= 1024.0;
    }
    Value::from(format!("{size:.2} {}", units.next().unwrap_or(&"Tb")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
        Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    #[test]
    fn object_with_content_is_its_content() {
        let members = [
            ("content", Value::from("aGVsbG8=")),
            ("size", Value::Int(5)),
            ("filename", "a.txt".into()),
            ("checksum", "aaf4".into()),
            ("member_of_a_later_version", Value::Null),
        ];
        for count in [2, 3, 4, 5] {
            assert_eq!(text_of_binary(object(&members[..count])), Value::from("aGVsbG8="), "{count}");
        }
        let mut reversed = members;
        reversed.reverse();
        assert_eq!(text_of_binary(object(&reversed)), Value::from("aGVsbG8="));
    }

    #[test]
    fn object_without_content_is_its_size_as_odoo_19_writes_it() {
        for (size, expected) in [
            (1, "1.00 bytes"),
            (1023, "1023.00 bytes"),
            (1024, "1.00 Kb"),
            (12_636, "12.34 Kb"),
            (1_048_576, "1.00 Mb"),
            (5_368_709_120, "5.00 Gb"),
            (1_099_511_627_776, "1.00 Tb"),
            (1_125_899_906_842_624, "1024.00 Tb"),
        ] {
            let value = object(&[("size", Value::Int(size)), ("checksum", "a".into()), ("filename", "b".into())]);
            assert_eq!(text_of_binary(value), Value::from(expected), "{size}");
        }
        assert_eq!(text_of_binary(object(&[("size", Value::Int(0))])), Value::Bool(false));
    }

    #[test]
    fn other_values_stay_as_they_are() {
        for value in [
            Value::from("aGVsbG8="),
            Value::from("5.00 bytes"),
            Value::Bool(false),
            Value::List(vec![Value::Int(1)]),
            object(&[("base_amount", Value::Float(1.5)), ("subtotals", Value::List(Vec::new()))]),
            object(&[("size", "large".into()), ("content", "x".into())]),
            object(&[("size", Value::Int(5)), ("content", Value::List(Vec::new()))]),
            object(&[("size", Value::Int(-1))]),
        ] {
            assert_eq!(text_of_binary(value.clone()), value);
        }
    }
}
