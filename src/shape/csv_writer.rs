//! Records as CSV (RFC 4180), for spreadsheets and databases.
//!
//! ```text
//! file   = header { record }                         UTF-8 without a byte order mark
//! record = cell { "," cell } CRLF
//! cell   = { char except "," DQUOTE CR LF } | DQUOTE { char | DQUOTE DQUOTE } DQUOTE
//! ```
//!
//! | value | cell |
//! |---|---|
//! | empty: `false` of a field that is not boolean, `null`, a missing field | empty |
//! | boolean | `true`, `false` |
//! | number, string | unchanged |
//! | `[id, name]`, ids, records, structures | compact JSON |
//!
//! A string is written unchanged, even if a spreadsheet would evaluate it as a formula (`=1+1`): files from untrusted
//! sources must be opened with care, and other programs must get the data of Odoo.
//!
//! In: records and their columns. Out: bytes. Must not know: how many records there are in total.

use super::json_writer::{reserve_for_rest, write_json};
use crate::names::RecordId;
use crate::plain_bytes::SpecialBytes;
use crate::plan::model_schema::FieldType;
use crate::plan::{Column, Columns};
use crate::value::Value;

/// A cell with one of these bytes is quoted.
const QUOTED: SpecialBytes<4> = SpecialBytes { below: 0, bytes: *b",\"\r\n" };

/// Writes the names of the columns.
pub fn write_csv_header(out: &mut Vec<u8>, columns: &Columns) {
    write_row(out, columns.visible.iter(), |out, column| write_text(out, column.name.as_str().as_bytes()));
}

/// Writes one row per record.
///
/// # Errors
/// None for the values that [`Value`] can hold.
pub fn write_csv(out: &mut Vec<u8>, records: &[Value<'_>], columns: &Columns) -> Result<(), serde_json::Error> {
    let (mut written, mut json, start) = (Ok(()), Vec::new(), out.len());
    for (row, record) in records.iter().enumerate() {
        let members = record.as_map().unwrap_or_default();
        write_row(out, columns.visible.iter().enumerate(), |out, (at, column)| {
            // Usually the value is at the index of its column.
            let here = members.get(at).filter(|(name, _)| name == column.name.as_str()).map(|(_, value)| value);
            if let Some(value) = here.or_else(|| record.get(column.name.as_str()))
                && let Err(error) = write_cell(out, value, column, &mut json)
            {
                written = Err(error);
            }
        });
        if row == 0 {
            reserve_for_rest(out, start, records.len());
        }
    }
    written
}

/// Writes the header of a list of ids.
pub fn write_csv_id_header(out: &mut Vec<u8>) {
    out.extend_from_slice(b"id\r\n");
}

/// Writes one row per id.
pub fn write_csv_ids(out: &mut Vec<u8>, ids: &[RecordId]) {
    for id in ids {
        out.extend_from_slice(itoa::Buffer::new().format(id.get()).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn write_row<T>(out: &mut Vec<u8>, cells: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    let (start, mut count) = (out.len(), 0);
    for cell in cells {
        if count > 0 {
            out.push(b',');
        }
        count += 1;
        write(out, cell);
    }
    // Most parsers ignore an empty line.
    if count == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

/// `json` is a buffer for structures, whose JSON is a text of the cell.
fn write_cell(
    out: &mut Vec<u8>,
    value: &Value<'_>,
    column: &Column,
    json: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    match value {
        Value::Null => {}
        Value::Bool(false) if column.kind != FieldType::Boolean => {}
        Value::Float(float) if !float.is_finite() => {}
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => write_json(out, value)?,
        Value::Text(text) => write_text(out, text.as_bytes()),
        Value::List(_) | Value::Map(_) => {
            json.clear();
            write_json(json, value)?;
            write_text(out, json);
        }
    }
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    if QUOTED.plain_length(text) == text.len() {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for (at, piece) in text.split(|byte| *byte == b'"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(piece);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FieldName;

    fn columns(columns: &[(&str, FieldType)]) -> Columns {
        let column = |(name, kind): &(&str, FieldType)| Column {
            name: FieldName::parse(name).unwrap(),
            kind: *kind,
            nested: None,
            alias_of: None,
        };
        Columns { visible: columns.iter().map(column).collect(), named: true, existence_column: None }
    }

    fn written(columns: &Columns, records: &[Value<'_>]) -> String {
        let mut out = Vec::new();
        write_csv_header(&mut out, columns);
        write_csv(&mut out, records, columns).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn record(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
        Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    #[test]
    fn every_kind_of_value_is_written_as_documented() {
        let kinds = [
            ("id", FieldType::Integer),
            ("name", FieldType::Char),
            ("active", FieldType::Boolean),
            ("credit", FieldType::Float),
            ("parent_id", FieldType::Many2one),
            ("tag_ids", FieldType::Many2many),
        ];
        let full = record(&[
            ("id", Value::Int(7)),
            ("name", "a,\"b\"\r\nc".into()),
            ("active", Value::Bool(false)),
            ("credit", Value::Float(1.5)),
            ("parent_id", Value::List(vec![Value::Int(3), "Ä".into()])),
            ("tag_ids", Value::List(vec![Value::Int(1), Value::Int(2)])),
        ]);
        let empty = record(&[
            ("name", Value::Bool(false)),
            ("id", Value::Int(8)),
            ("credit", Value::Float(f64::NAN)),
            ("parent_id", Value::Null),
            ("tag_ids", Value::List(Vec::new())),
        ]);
        assert_eq!(
            written(&columns(&kinds), &[full, empty]),
            "id,name,active,credit,parent_id,tag_ids\r\n\
             7,\"a,\"\"b\"\"\r\nc\",false,1.5,\"[3,\"\"Ä\"\"]\",\"[1,2]\"\r\n\
             8,,,,,[]\r\n"
        );
    }

    #[test]
    fn a_long_text_is_quoted_wherever_the_special_character_is() {
        let name = columns(&[("id", FieldType::Integer), ("name", FieldType::Char)]);
        for special in [',', '"', '\r', '\n'] {
            for before in [0, 15, 16, 40] {
                let text = format!("{}{special}é", "x".repeat(before));
                let quoted = text.replace('"', "\"\"");
                let records = [record(&[("id", Value::Int(1)), ("name", text.into())])];
                assert_eq!(written(&name, &records), format!("id,name\r\n1,\"{quoted}\"\r\n"));
            }
        }
    }

    #[test]
    fn formulas_and_white_space_are_written_unchanged() {
        let name = columns(&[("id", FieldType::Integer), ("name", FieldType::Char)]);
        let records =
            ["=1+1", "@x", " a ", "\ttab"].map(|text| record(&[("id", Value::Int(1)), ("name", text.into())]));
        assert_eq!(written(&name, &records), "id,name\r\n1,=1+1\r\n1,@x\r\n1, a \r\n1,\ttab\r\n");
    }

    #[test]
    fn a_single_empty_cell_is_still_a_record() {
        let name = columns(&[("name", FieldType::Char)]);
        assert_eq!(written(&name, &[record(&[("name", Value::Bool(false))])]), "name\r\n\"\"\r\n");
    }

    #[test]
    fn ids_are_written_as_one_column() {
        let mut out = Vec::new();
        write_csv_id_header(&mut out);
        write_csv_ids(&mut out, &[7, 12].map(|id| RecordId::new(id).unwrap()));
        assert_eq!(out, b"id\r\n7\r\n12\r\n");
    }
}
