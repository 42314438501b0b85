//! `odoo-gateway audit`: reads the audit log.
//!
//! In: a filter. Out: events as text, JSON or CSV. Must not know: how events are stored.

use std::error::Error;
use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::table::{self, format_timestamp, local_time};
use crate::admin::{AUDIT_CSV_HEADER, Administration, audit_csv_row};
use crate::store::{AuditEntry, AuditFilter};

/// A command for the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AuditCommand {
    /// List who did what, the newest first
    List(AuditList),
}

/// Arguments of `list`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditList {
    /// Part of the actor, such as a login
    #[arg(long, default_value = "", hide_default_value = true)]
    actor: String,
    /// Action, or its beginning, such as key. or app.create
    #[arg(long, default_value = "", hide_default_value = true)]
    action: String,
    /// Part of the subject or of the description, such as an id or a name
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
    /// Only events on or after this day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    since: Option<OffsetDateTime>,
    /// Only events before this day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    until: Option<OffsetDateTime>,
    /// Maximum number of events
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
    /// Print CSV, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

fn parse_day(text: &str) -> Result<OffsetDateTime, String> {
    let day = time::Date::parse(text, format_description!("[year]-[month]-[day]"));
    day.map(|day| day.midnight().assume_utc()).map_err(|_| "expected a day such as 2027-01-31".to_owned())
}

/// Runs the command.
///
/// # Errors
/// Fails if the store cannot be used or `out` cannot be written.
pub(super) async fn run(
    command: AuditCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let AuditCommand::List(arguments) = command;
    let filter = AuditFilter {
        actor: arguments.actor,
        action: arguments.action,
        subject: arguments.subject,
        from: arguments.since.map(OffsetDateTime::unix_timestamp),
        until: arguments.until.map(OffsetDateTime::unix_timestamp),
    };
    let entries = admin.find_audit_entries(&filter, None, arguments.limit).await?;
    if arguments.csv {
        write!(out, "{AUDIT_CSV_HEADER}")?;
        return Ok(entries.iter().try_for_each(|entry| write!(out, "{}", audit_csv_row(entry)))?);
    }
    if json {
        let entries: Vec<Value> = entries.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&entries)?)?);
    }
    let row = |AuditEntry { event, .. }: &AuditEntry| {
        [local_time(event.at), event.actor.clone(), event.action.clone(), event.subject.clone(), event.detail.clone()]
    };
    Ok(table::print(out, ["TIME", "ACTOR", "ACTION", "SUBJECT", "DESCRIPTION"], entries.iter().map(row))?)
}

fn describe(AuditEntry { id, event }: &AuditEntry) -> Value {
    json!({
        "id": id, "at": format_timestamp(event.at), "actor": event.actor, "action": event.action,
        "subject": event.subject, "description": event.detail,
    })
}
