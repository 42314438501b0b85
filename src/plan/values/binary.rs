//! Values of binary fields: base64, or an object with the content and the name of the file.
//!
//! In: a value that is not empty, and its path. Out: the value as this version of Odoo expects it. Must not know: other
//! fields, scopes.
//!
//! | value | sent until Odoo 19 | sent from Odoo 20 on |
//! |---|---|---|
//! | `"aGVs\nbG8="` | `"aGVsbG8="` | `"aGVsbG8="` |
//! | `{"content": "aGVsbG8="}` | `"aGVsbG8="` | `"aGVsbG8="` |
//! | `{"content": "aGVsbG8=", "filename": "a.txt"}` | rejected | unchanged |
//! | `{"filename": "b.txt"}` | rejected | unchanged: renames the file of a record that exists |
//!
//! The name of the file of an attachment is its field `name`, so it needs that field, too.
//!
//! The members `size` and `checksum`, which Odoo 20 returns, are accepted and left out. Odoo 20 rejects line breaks
//! with an error that does not name the field; older versions store a part of invalid base64.

use std::borrow::Cow;

use super::value_path::ValuePath;
use super::{Purpose, ValueCheck, scalar};
use crate::plan::error::PlanError;
use crate::plan::model_schema::Field;
use crate::value::{Member, Value};

const CONTENT: &str = "content";
pub(super) const FILENAME: &str = "filename";

/// The members of a file as Odoo 20 returns it.
const MEMBERS: [&str; 4] = [CONTENT, FILENAME, "size", "checksum"];

/// The first version that stores the name of a file with its content.
const FILENAMES_FROM: (u8, u8) = (20, 0);

impl ValueCheck<'_> {
    pub(super) fn binary(
        self,
        path: ValuePath<'_>,
        value: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        match value {
            Value::Text(_) => base64(path, value),
            // An unsaved form contains files as they were read, also without content.
            Value::Map(_) if self.purpose == Purpose::Preview && self.stores_filenames() => {
                scalar::structure(path, value)
            }
            Value::Map(members) if is_file(members) => {
                *value = self.file(path, members)?;
                Ok(())
            }
            // Computed binary fields can contain structures, such as `tax_totals` of `account.move`.
            Value::Map(_) | Value::List(_) if !field.stored => scalar::structure(path, value),
            other => Err(mismatch(path, other)),
        }
    }

    fn file(self, path: ValuePath<'_>, members: &mut Vec<Member<'static>>) -> Result<Value<'static>, PlanError> {
        let mut take = |key: &str| {
            let at = members.iter().position(|(name, _)| name == key)?;
            Some(members.swap_remove(at).1)
        };
        let (content, filename) = (take(CONTENT), take(FILENAME).filter(|name| !name.is_falsy()));
        if let Some(filename) = &filename {
            if !self.stores_filenames() {
                return Err(path.name(FILENAME).invalid("the name of a file needs Odoo 20 or later"));
            }
            scalar::text(path.name(FILENAME), filename)?;
        }
        let file = |members: Vec<(&'static str, Value<'static>)>| {
            Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
        };
        match (content, filename) {
            (Some(content), _) if content.is_falsy() => Ok(Value::Bool(false)),
            (Some(mut content), filename) => {
                base64(path.name(CONTENT), &mut content)?;
                Ok(match filename {
                    None => content,
                    Some(filename) => file(vec![(CONTENT, content), (FILENAME, filename)]),
                })
            }
            (None, Some(filename)) if self.purpose != Purpose::Create => Ok(file(vec![(FILENAME, filename)])),
            (None, _) => Err(path.invalid("expected the `content` of the file in base64")),
        }
    }

    fn stores_filenames(self) -> bool {
        self.metadata.version().is_at_least(FILENAMES_FROM)
    }
}

fn is_file(members: &[Member<'_>]) -> bool {
    let has = |key: &str| members.iter().any(|(name, _)| name == key);
    (has(CONTENT) || has(FILENAME)) && members.iter().all(|(name, _)| MEMBERS.contains(&name.as_ref()))
}

/// Removes white space, as MIME and Python's `encodebytes` add it, and checks the rest.
fn base64(path: ValuePath<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Text(text) if is_base64(text) => Ok(()),
        Value::Text(text) if text.bytes().any(|byte| byte.is_ascii_whitespace()) => {
            let joined: String = text.split_ascii_whitespace().collect();
            if !is_base64(&joined) {
                return Err(mismatch(path, value));
            }
            *text = Cow::Owned(joined);
            Ok(())
        }
        other => Err(mismatch(path, other)),
    }
}

fn is_base64(text: &str) -> bool {
    let content = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len().is_multiple_of(4) && text.len() - content.len() <= 2 && content.bytes().all(is_digit)
}

fn mismatch(path: ValuePath<'_>, value: &Value<'_>) -> PlanError {
    path.mismatch("expected base64 (RFC 4648, padded)", value)
}
