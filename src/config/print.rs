//! The settings in effect, without secrets, for output.
//!
//! In: the merged table. Out: the same table with redacted secrets. Must not know: where the settings came from.

use toml::{Table, Value};

use super::database_url;
use super::secret_files::secrets;

/// The replacement for a secret.
const REDACTED: &str = "***";

/// Returns the table with every secret replaced, including passwords in URLs.
pub(super) fn redacted(merged: &Table, model: &Table) -> Table {
    let mut redacted = merged.clone();
    for (section, model) in model {
        let (Some(slot), Some(model)) = (redacted.get_mut(section).and_then(Value::as_table_mut), model.as_table())
        else {
            continue;
        };
        for (secret, _) in secrets(model) {
            redact(slot, secret, |_| REDACTED.to_owned());
        }
        redact(slot, "url", |url| database_url::redacted(url, REDACTED));
    }
    redacted
}

fn redact(section: &mut Table, key: &str, replacement: impl FnOnce(&str) -> String) {
    if let Some(Value::String(text)) = section.get_mut(key)
        && !text.is_empty()
    {
        *text = replacement(text);
    }
}
