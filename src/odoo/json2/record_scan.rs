//! Finds the records in a JSON-2 result without building a tree of values.
//!
//! In: the text of a result. Out: [`RecordScan`]. Must not know: HTTP, what is read.
//!
//! As for XML-RPC, the scan understands the form in which Odoo writes records, rejects every other form, and does not
//! check what it skips: a result that it accepts can still turn out to be malformed when it is parsed.
//!
//! ```text
//! list   ::= '[' ( record ( ',' record )* )? ']'
//! page   ::= '{' with the members "records": list, "length": n '}'
//! record ::= '{' with the member "id": n '}'
//! ```

use memchr::memchr2;

use crate::names::RecordId;
use crate::odoo::xmlrpc::record_scan::RecordScan;

/// Scans a list or a page of records; `None` if the result has another form, or a record has no id.
pub(in crate::odoo) fn scan(text: &str) -> Option<RecordScan> {
    let mut scanner = Scanner { rest: text.as_bytes() };
    let is_page = scanner.peek()? == b'{';
    let (ids, length) = if is_page { scanner.page()? } else { (scanner.list()?, None) };
    scanner.peek().is_none().then_some(RecordScan { count: ids.len(), ids: Some(ids), is_page, length })
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        // Usually there is one space, or nothing.
        if self.rest.first().is_some_and(u8::is_ascii_whitespace) {
            self.rest = self.rest.trim_ascii_start();
        }
        self.rest.first().copied()
    }

    /// Consumes a byte, and the white space before it, if it comes next.
    #[inline]
    fn consume(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_next
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.consume(byte).then_some(())
    }

    /// The ids of the records of a list.
    fn list(&mut self) -> Option<Vec<RecordId>> {
        let mut ids = Vec::new();
        self.expect(b'[')?;
        if self.consume(b']') {
            return Some(ids);
        }
        loop {
            ids.push(self.record()?);
            if self.consume(b']') {
                return Some(ids);
            }
            self.expect(b',')?;
        }
    }

    /// The ids of the records of a page, and its length.
    fn page(&mut self) -> Option<(Vec<RecordId>, Option<i64>)> {
        let (mut ids, mut length) = (None, None);
        self.members(|scanner, name| match name {
            b"records" if ids.is_none() => {
                ids = Some(scanner.list()?);
                Some(())
            }
            b"length" if length.is_none() => {
                length = Some(scanner.integer()?);
                Some(())
            }
            _ => scanner.skip_value(),
        })?;
        Some((ids?, length))
    }

    /// The id of a record.
    fn record(&mut self) -> Option<RecordId> {
        let mut id = None;
        self.members(|scanner, name| match name {
            b"id" if id.is_none() => {
                id = Some(RecordId::new(scanner.integer()?)?);
                Some(())
            }
            _ => scanner.skip_value(),
        })?;
        id
    }

    /// Calls `value` at the value of each member of an object.
    #[inline]
    fn members(&mut self, mut value: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.consume(b'}') {
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.expect(b':')?;
            value(self, name)?;
            if self.consume(b'}') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// A name without escapes.
    #[inline]
    fn name(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let end = memchr2(b'"', b'\\', self.rest)?;
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"\"")?;
        Some(name)
    }

    fn integer(&mut self) -> Option<i64> {
        self.peek()?;
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'-')?;
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// Skips a value. Only the nesting and the ends of strings are recognized.
    #[inline]
    fn skip_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            _ => {
                let end = self.rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
                self.rest = self.rest.get(end..)?;
                Some(())
            }
        }
    }

    #[inline]
    fn skip_string(&mut self) -> Option<()> {
        let mut rest = self.rest.get(1..)?;
        loop {
            let special = rest.get(memchr2(b'"', b'\\', rest)?..)?;
            match special {
                [b'"', after @ ..] => {
                    self.rest = after;
                    return Some(());
                }
                [_, _, after @ ..] => rest = after,
                _ => return None,
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let next = self.rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
            self.rest = self.rest.get(next..)?;
            match self.rest.first()? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                _ => depth = depth.checked_sub(1)?,
            }
            self.rest = self.rest.get(1..)?;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: &[i64]) -> RecordScan {
        let ids: Vec<RecordId> = ids.iter().map(|id| RecordId::new(*id).unwrap()).collect();
        RecordScan { count: ids.len(), ids: Some(ids), is_page: false, length: None }
    }

    fn page(ids: &[i64], length: i64) -> RecordScan {
        RecordScan { is_page: true, length: Some(length), ..list(ids) }
    }

    const FIELDS: &str = r#""name": "a \"}]\\", "length": 3, "partner_id": [9, "Azure"],
        "lines": [{"id": 70, "a": "]"}], "none": null, "empty": [], "map": {"id": 5}, "amount": -1.5, "é": true"#;

    #[test]
    fn records_are_counted_and_identified_whatever_their_fields_contain() {
        let records = format!(r#"[{{"id": 8, {FIELDS}}}, {{{FIELDS}, "id": 7}}]"#);
        assert_eq!(scan(&records), Some(list(&[8, 7])));
        assert_eq!(scan(&format!(r#"{{"length": 40, "records": {records}}}"#)), Some(page(&[8, 7], 40)));
        assert_eq!(scan(&format!(r#"{{"records": {records}, "length": 40}}"#)), Some(page(&[8, 7], 40)));
        for none in ["[]", " [ ] \n"] {
            assert_eq!(scan(none), Some(list(&[])), "{none}");
        }
    }

    #[test]
    fn other_and_incomplete_results_are_left_to_the_parser() {
        let whole = format!(r#"[{{"id": 8, {FIELDS}}}]"#);
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert_eq!(scan(&whole[..end]), None, "{end}");
        }
        for other in [
            "7",
            "null",
            "[7]",
            "[{}]",
            r#"[{"id": 0}]"#,
            r#"[{"id": "7"}]"#,
            r#"[{"\u0069d": 7}]"#,
            r#"[{"id": 7}] x"#,
            r#"[{"id": 7} {"id": 8}]"#,
            r#"{"length": 1}"#,
            r#"{"records": {}, "length": 1}"#,
        ] {
            assert_eq!(scan(other), None, "{other}");
        }
    }
}
