//! The audit log: who did what to keys, applications and tokens.
//!
//! ```text
//! file = header { row }       CSV (RFC 4180), UTF-8; a text that a spreadsheet would evaluate begins with '
//! ```
//!
//! In: an [`AuditFilter`]. Out: [`AuditEntry`]s, rows of a CSV file. Must not know: who reads it.

use super::{AdminError, Administration};
use crate::clock::format_timestamp;
use crate::store::{AuditEntry, AuditFilter};

/// The first row of the CSV file.
pub const AUDIT_CSV_HEADER: &str = "time,actor,action,subject,description\r\n";

impl Administration {
    /// Returns the newest `limit` events that match, the newest first. `before`: only events with a smaller id.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn find_audit_entries(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        Ok(self.store.find_audit_events(filter, before, limit).await?)
    }
}

/// Returns the row of the CSV file.
#[must_use]
pub fn audit_csv_row(entry: &AuditEntry) -> String {
    let event = &entry.event;
    let time = format_timestamp(event.at);
    let cells = [&time, &event.actor, &event.action, &event.subject, &event.detail];
    let cells: Vec<String> = cells.map(|text| csv_cell(text)).into();
    cells.join(",") + "\r\n"
}

/// Names and logins come from users, and the file is made for spreadsheets, which would evaluate them as formulas.
fn csv_cell(text: &str) -> String {
    let escape = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    if escape.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        return text.to_owned();
    }
    format!("\"{escape}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AuditEvent;

    #[test]
    fn formulas_and_separators_are_text() {
        let event = AuditEvent {
            at: 0,
            actor: "=HYPERLINK(\"http://evil.example\")".to_owned(),
            action: "key.create".to_owned(),
            subject: "+1".to_owned(),
            detail: "a, \"b\"\r\nc".to_owned(),
        };
        let cells = [
            "1970-01-01T00:00:00Z",
            "\"'=HYPERLINK(\"\"http://evil.example\"\")\"",
            "key.create",
            "\"'+1\"",
            "\"a, \"\"b\"\"\r\nc\"",
        ];
        assert_eq!(audit_csv_row(&AuditEntry { id: 1, event }), cells.join(",") + "\r\n");
        for formula in ["-1", "@a", "\ta", "\ra"] {
            assert!(csv_cell(formula).starts_with("\"'"), "{formula:?}");
        }
    }
}
