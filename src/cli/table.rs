//! Formats output: tables, times, messages.
//!
//! In: values. Out: lines on a writer. Must not know: their meaning.

use std::io::{self, Write};

use serde_json::json;

pub(super) use crate::clock::format_timestamp;

/// Prints a table. Each column is as wide as its widest cell.
pub(super) fn print<const N: usize>(
    out: &mut impl Write,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, text)| *width = (*width).max(text.chars().count()));
    }
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Prints a message, as text or JSON.
pub(super) fn print_message(out: &mut impl Write, json: bool, message: &str) -> io::Result<()> {
    if json { writeln!(out, "{}", json!({"message": message})) } else { writeln!(out, "{message}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut out = Vec::new();
        print(&mut out, ["A", "B"], [["é…".to_owned(), "x".to_owned()]].into_iter()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "A   B\né…  x\n");
    }
}
