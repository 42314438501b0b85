//! Formats output: tables, properties, times, messages.
//!
//! In: values. Out: lines on a writer. Must not know: their meaning.

use std::io::{self, Write};

use anstyle::Style;
use chrono::{DateTime, Local, TimeZone};
use serde_json::json;

use super::colors::{self, HEADING, paint};

pub(super) use crate::clock::format_timestamp;

/// A cell of a table.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text that comes from users cannot control the terminal.
    fn new(text: &str, style: Style) -> Self {
        Self { text: text.chars().filter(|character| !character.is_control()).collect(), style }
    }

    /// Whether something is in use: `on` in green, everything else in yellow.
    pub(super) fn state(text: &str) -> Self {
        Self::new(text, if matches!(text, "on" | "seals" | "opens") { colors::GOOD } else { colors::ATTENTION })
    }

    /// Something that does not work.
    pub(super) fn bad(text: &str) -> Self {
        Self::new(text, colors::BAD)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(&text, Style::new())
    }
}

/// Prints a table. Each column is as wide as its widest cell.
pub(super) fn print<C: Into<Cell>, const N: usize>(
    out: &mut impl Write,
    head: [&str; N],
    rows: impl Iterator<Item = [C; N]>,
) -> io::Result<()> {
    let head = head.map(|text| Cell::new(text, HEADING));
    let rows: Vec<[Cell; N]> = std::iter::once(head).chain(rows.map(|row| row.map(Into::into))).collect();
    let mut widths = [0; N];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.text.chars().count()));
    }
    rows.iter().try_for_each(|row| print_row(out, row, &widths))
}

/// Padding is outside the style, and the last text of a row has none.
fn print_row(out: &mut impl Write, row: &[Cell], widths: &[usize]) -> io::Result<()> {
    let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or_default();
    for (at, (cell, width)) in row.iter().zip(widths).take(last + 1).enumerate() {
        let padding = if at == last { 0 } else { (width + 2).saturating_sub(cell.text.chars().count()) };
        write!(out, "{}{:padding$}", paint(cell.style, &cell.text), "")?;
    }
    writeln!(out)
}

/// Prints names and texts in two columns. Leaves out what is empty.
pub(super) fn print_properties<const N: usize>(out: &mut impl Write, properties: [(&str, Cell); N]) -> io::Result<()> {
    let width = properties.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
    for (name, Cell { text, style }) in properties.iter().filter(|(_, cell)| !cell.text.is_empty()) {
        let padding = width.saturating_sub(name.chars().count());
        writeln!(out, "{}{:padding$}{}", paint(HEADING, name), "", paint(*style, text))?;
    }
    Ok(())
}

/// A time as people read it: in the time zone of this machine, to the minute.
pub(super) fn local_time(seconds: i64) -> String {
    format_in(&Local, seconds)
}

/// A time, or a word if there is none.
pub(super) fn local_time_or(seconds: Option<i64>, missing: &str) -> String {
    seconds.map_or_else(|| missing.to_owned(), local_time)
}

fn format_in<Zone: TimeZone<Offset: std::fmt::Display>>(zone: &Zone, seconds: i64) -> String {
    let Some(at) = DateTime::from_timestamp(seconds, 0) else { return String::new() };
    let text = at.with_timezone(zone).format("%Y-%m-%d %H:%M %:z").to_string();
    text.strip_suffix("+00:00").map_or_else(|| text.clone(), |start| format!("{start}UTC"))
}

/// Prints a message, as text or JSON.
pub(super) fn print_message(out: &mut impl Write, json: bool, message: &str) -> io::Result<()> {
    if json { writeln!(out, "{}", json!({"message": message})) } else { writeln!(out, "{message}") }
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, Utc};

    use super::*;

    fn printed(rows: Vec<[Cell; 2]>) -> String {
        let mut out = Vec::new();
        print(&mut out, ["A", "B"], rows.into_iter()).unwrap();
        String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap()
    }

    #[test]
    fn columns_are_aligned() {
        let cell = |text: &str| Cell::from(text.to_owned());
        assert_eq!(printed(vec![[cell("é…"), Cell::state("on")], [cell("b"), cell("")]]), "A   B\né…  on\nb\n");
    }

    #[test]
    fn texts_of_users_do_not_control_the_terminal() {
        assert_eq!(printed(vec![["a\u{1b}[2J".to_owned().into(), "b\nc".to_owned().into()]]), "A     B\na[2J  bc\n");
    }

    #[test]
    fn only_properties_with_a_text_are_printed() {
        let mut out = Vec::new();
        let properties = [("Name", Cell::from("shop".to_owned())), ("Networks", Cell::from(String::new()))];
        print_properties(&mut out, properties).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{}      shop\n", paint(HEADING, "Name")));
    }

    #[test]
    fn times_have_their_zone() {
        assert_eq!(format_in(&Utc, 0), "1970-01-01 00:00 UTC");
        assert_eq!(format_in(&FixedOffset::east_opt(5400).unwrap(), 0), "1970-01-01 01:30 +01:30");
        assert_eq!(format_in(&Utc, i64::MAX), "");
    }
}
