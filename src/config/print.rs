//! The effective configuration, fit to be shown.
//!
//! In: the merged table. Out: the same without secrets. Must not know: where the settings came from.

use toml::{Table, Value};

use super::database_url;
use super::secret_files::secrets;

/// What stands in the place of a secret.
const REDACTED: &str = "***";

/// The table with every secret replaced, passwords inside of URLs too.
pub(super) fn redacted(merged: &Table, model: &Table) -> Table {
    let mut shown = merged.clone();
    for (section, model) in model {
        let (Some(slot), Some(model)) = (shown.get_mut(section).and_then(Value::as_table_mut), model.as_table()) else {
            continue;
        };
        for (secret, _) in secrets(model) {
            redact(slot, secret, |_| REDACTED.to_owned());
        }
        redact(slot, "url", |url| database_url::redacted(url, REDACTED));
    }
    shown
}

fn redact(section: &mut Table, key: &str, shown: impl FnOnce(&str) -> String) {
    if let Some(Value::String(text)) = section.get_mut(key)
        && !text.is_empty()
    {
        *text = shown(text);
    }
}
