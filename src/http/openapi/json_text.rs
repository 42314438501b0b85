//! JSON for files in version control: an object or array stands on one line if it fits, so that a document is short and
//! a change of it is a short diff.
//!
//! In: a value. Out: its text. Must not know: what the value describes.

use serde::Serialize;
use serde_json::Value;

/// The longest line that an object or array is written in, in bytes.
const LINE: usize = 160;

/// The text of a value, without a line break at its end.
///
/// # Errors
/// The value has no form in JSON.
pub fn to_json_text(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    write(&mut text, &serde_json::to_value(value)?, 0);
    Ok(text)
}

/// Writes a value. Its first line starts where `text` ends, its further lines are indented by `depth` spaces.
fn write(text: &mut String, value: &Value, depth: usize) {
    let used = text.len() - text.rfind('\n').map_or(0, |end| end + 1);
    let line = value.to_string();
    let is_scalar = !matches!(value, Value::Object(_) | Value::Array(_));
    if is_scalar || used + line.len() <= LINE {
        text.push_str(&line);
        return;
    }
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| (Some(name.as_str()), member));
            write_items(text, ['{', '}'], members, depth);
        }
        Value::Array(items) => write_items(text, ['[', ']'], items.iter().map(|item| (None, item)), depth),
        _ => {}
    }
}

fn write_items<'v>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
    depth: usize,
) {
    text.push(open);
    for (position, (name, item)) in items.enumerate() {
        if position > 0 {
            text.push(',');
        }
        break_line(text, depth + 1);
        if let Some(name) = name {
            text.push_str(&Value::from(name).to_string());
            text.push_str(": ");
        }
        write(text, item, depth + 1);
    }
    break_line(text, depth);
    text.push(close);
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_stands_on_one_line() {
        let long = "x".repeat(LINE);
        let text = to_json_text(&json!({"a": {"b": [1, {}]}, "long": [long, {"c": null}]})).unwrap();
        let expected =
            format!("{{\n \"a\": {{\"b\":[1,{{}}]}},\n \"long\": [\n  \"{long}\",\n  {{\"c\":null}}\n ]\n}}");
        assert_eq!(text, expected);
    }

    #[test]
    fn text_is_the_same_value() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let text = to_json_text(&document).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
