//! Finds the records in a response without building a tree of values.
//!
//! In: the text of a response. Out: [`RecordScan`]: how many records there are, and their ids. Must not know: HTTP,
//! what is read.
//!
//! The next call depends on which records a list contains, but only the list that is returned in the end is worth a
//! tree. The scan understands the form in which Odoo's Python writes responses. It rejects every other form, and does
//! not check what it skips: a response that it accepts can still turn out to be malformed when it is parsed.
//!
//! ```text
//! list   ::= '<value><array><data>' ( '<value>' record '</value>' )* '</data></array></value>'
//! page   ::= '<value><struct>' with the members 'records': list, 'length': '<value><int>' n '</int></value>'
//! record ::= '<struct>' with the member 'id': '<value><int>' n '</int></value>'
//! ```

use memchr::{memchr, memmem};

use crate::names::RecordId;

/// The records in a response, as far as is known without their fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::odoo) struct RecordScan {
    /// The number of records.
    pub(in crate::odoo) count: usize,
    /// The ids of all records; `None` if one of them has none.
    pub(in crate::odoo) ids: Option<Vec<RecordId>>,
    /// Whether the response has the form `{length, records}`.
    pub(in crate::odoo) is_page: bool,
    /// The `length` of a page, if it is an integer.
    pub(in crate::odoo) length: Option<i64>,
}

/// Scans a list or a page of records; `None` if the response has another form, or a record has no id.
pub(in crate::odoo) fn scan(text: &str) -> Option<RecordScan> {
    let mut scanner = Scanner { rest: text.as_bytes() };
    scanner.skip_prolog()?;
    for tag in ["<methodResponse>", "<params>", "<param>", "<value>"] {
        scanner.expect(tag)?;
    }
    let is_page = !scanner.consume("<array>");
    let (ids, length) = if is_page { scanner.page()? } else { (scanner.list()?, None) };
    for tag in ["</value>", "</param>", "</params>", "</methodResponse>"] {
        scanner.expect(tag)?;
    }
    Some(RecordScan { count: ids.len(), ids: Some(ids), is_page, length })
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Skips `<?xml …?>`.
    fn skip_prolog(&mut self) -> Option<()> {
        if self.consume("<?xml") {
            let end = memmem::find(self.rest, b"?>")?;
            self.rest = self.rest.get(end + 2..)?;
        }
        Some(())
    }

    /// Consumes a tag, and the white space before it, if it comes next.
    #[inline]
    fn consume(&mut self, tag: &str) -> bool {
        // Usually there is a line feed, or nothing.
        let rest = match self.rest {
            [b'\n', rest @ ..] => rest,
            rest => rest,
        };
        let rest = if rest.first().is_some_and(u8::is_ascii_whitespace) { rest.trim_ascii_start() } else { rest };
        match rest.strip_prefix(tag.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    #[inline]
    fn expect(&mut self, tag: &str) -> Option<()> {
        self.consume(tag).then_some(())
    }

    /// The text up to the next tag.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let (text, rest) = self.rest.split_at_checked(memchr(b'<', self.rest)?)?;
        self.rest = rest;
        Some(text)
    }

    /// The ids of the records of a list, after `<array>`.
    fn list(&mut self) -> Option<Vec<RecordId>> {
        let mut ids = Vec::new();
        self.expect("<data>")?;
        while !self.consume("</data>") {
            self.expect("<value>")?;
            self.expect("<struct>")?;
            ids.push(self.record()?);
            self.expect("</value>")?;
        }
        self.expect("</array>")?;
        Some(ids)
    }

    /// The ids of the records of a page, and its length.
    fn page(&mut self) -> Option<(Vec<RecordId>, Option<i64>)> {
        self.expect("<struct>")?;
        let (mut ids, mut length) = (None, None);
        while let Some(name) = self.member()? {
            match name {
                b"records" if ids.is_none() => {
                    self.expect("<array>")?;
                    ids = Some(self.list()?);
                    self.expect("</value>")?;
                }
                b"length" if length.is_none() => length = Some(self.integer()?),
                _ => self.skip_value()?,
            }
            self.expect("</member>")?;
        }
        Some((ids?, length))
    }

    /// The id of a record, after `<struct>`.
    fn record(&mut self) -> Option<RecordId> {
        let mut id = None;
        while let Some(name) = self.member()? {
            match name {
                b"id" if id.is_none() => id = Some(RecordId::new(self.integer()?)?),
                _ => self.skip_value()?,
            }
            self.expect("</member>")?;
        }
        id
    }

    /// The name of the next member, up to its `<value>`; `None` at the end of the struct.
    #[inline]
    fn member(&mut self) -> Option<Option<&'a [u8]>> {
        if self.consume("</struct>") {
            return Some(None);
        }
        self.expect("<member>")?;
        self.expect("<name>")?;
        let name = self.text()?;
        self.expect("</name>")?;
        self.expect("<value>")?;
        Some(Some(name))
    }

    /// The rest of an integer, after `<value>`.
    fn integer(&mut self) -> Option<i64> {
        self.expect("<int>")?;
        let number = std::str::from_utf8(self.text()?).ok()?.parse().ok()?;
        self.expect("</int>")?;
        self.expect("</value>")?;
        Some(number)
    }

    /// The rest of any value, after `<value>`. Values are nested, other elements need not be recognized.
    #[inline]
    fn skip_value(&mut self) -> Option<()> {
        if let Some(rest) = after_scalar(self.rest) {
            self.rest = rest;
            return Some(());
        }
        let mut depth = 1_usize;
        while depth > 0 {
            let tag = self.rest.get(memchr(b'<', self.rest)? + 1..)?;
            self.rest = if let Some(rest) = tag.strip_prefix(b"/value>") {
                depth -= 1;
                rest
            } else if let Some(rest) = tag.strip_prefix(b"value>") {
                after_scalar(rest).unwrap_or_else(|| {
                    depth += 1;
                    rest
                })
            } else if is_unusual(tag) {
                return None;
            } else {
                tag
            };
        }
        Some(())
    }
}

/// What follows a value of the usual types, after `<value>`: most values are skipped with one search.
#[inline]
fn after_scalar(element: &[u8]) -> Option<&[u8]> {
    let (text, end): (_, &[u8]) = if let Some(text) = element.strip_prefix(b"<string>") {
        (text, b"</string></value>")
    } else if let Some(text) = element.strip_prefix(b"<int>") {
        (text, b"</int></value>")
    } else if let Some(text) = element.strip_prefix(b"<boolean>") {
        (text, b"</boolean></value>")
    } else {
        return None;
    };
    text.get(memchr(b'<', text)?..)?.strip_prefix(end)
}

/// Whether a tag, given without its `<`, can make the nesting of values unclear: comments and CDATA can contain tags;
/// `<value/>` and tags with white space are not recognized.
#[inline]
fn is_unusual(tag: &[u8]) -> bool {
    matches!(tag, [b'!' | b'?', ..]) || tag.starts_with(b"value") || tag.starts_with(b"/value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::rpc_codec::RpcResponse;
    use crate::odoo::xmlrpc::{response, writer};
    use crate::value::{Member, Value};

    /// A response as Python writes it.
    fn response_with(value: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}\n</param>\n</params>\n\
             </methodResponse>\n"
        )
    }

    fn record(id: i64, more: Vec<Member<'static>>) -> Value<'static> {
        Value::Map([("id".into(), Value::Int(id))].into_iter().chain(more).collect())
    }

    fn serialized(value: &Value<'_>) -> String {
        String::from_utf8(writer::serialize_value(value).unwrap().to_vec()).unwrap()
    }

    fn list(ids: &[i64]) -> RecordScan {
        let ids: Vec<RecordId> = ids.iter().map(|id| RecordId::new(*id).unwrap()).collect();
        RecordScan { count: ids.len(), ids: Some(ids), is_page: false, length: None }
    }

    fn page(ids: &[i64], length: i64) -> RecordScan {
        RecordScan { is_page: true, length: Some(length), ..list(ids) }
    }

    #[test]
    fn records_are_counted_and_identified_whatever_their_fields_contain() {
        let line = record(70, vec![("name".into(), "x".into())]);
        let fields = vec![
            ("name".into(), "a < b & </value> <struct>".into()),
            ("length".into(), Value::Int(3)),
            ("active".into(), Value::Bool(true)),
            ("partner_id".into(), Value::List(vec![Value::Int(9), "Azure".into()])),
            ("lines".into(), Value::List(vec![line.clone(), line])),
            ("none".into(), Value::Null),
            ("empty".into(), Value::List(Vec::new())),
        ];
        let records = Value::List(vec![record(8, fields.clone()), record(7, fields)]);
        let scan_of = |value: &Value<'_>| scan(&response_with(&serialized(value)));
        assert_eq!(scan_of(&records), Some(list(&[8, 7])));
        for length_first in [true, false] {
            let mut members = vec![("length".into(), Value::Int(40)), ("records".into(), records.clone())];
            if !length_first {
                members.reverse();
            }
            assert_eq!(scan_of(&Value::Map(members)), Some(page(&[8, 7], 40)));
        }
        assert_eq!(scan_of(&Value::List(Vec::new())), Some(list(&[])));
    }

    #[test]
    fn response_of_odoo_with_line_breaks_is_scanned() {
        let text = response_with(
            "<value><struct>\n<member>\n<name>length</name>\n<value><int>2</int></value>\n</member>\n<member>\n\
             <name>records</name>\n<value><array><data>\n<value><struct>\n<member>\n<name>id</name>\n\
             <value><int>5</int></value>\n</member>\n<member>\n<name>name</name>\n<value><string></string></value>\n\
             </member>\n</struct></value>\n</data></array></value>\n</member>\n</struct></value>",
        );
        assert_eq!(scan(&text), Some(page(&[5], 2)));
        assert!(matches!(response::parse(&text), Ok(RpcResponse::Result(Value::Map(_)))));
    }

    #[test]
    fn unusual_and_incomplete_responses_are_left_to_the_parser() {
        let list_with = |value: &str| {
            let members = format!(
                "<member><name>id</name><value><int>1</int></value></member><member><name>a</name>{value}</member>"
            );
            response_with(&format!(
                "<value><array><data><value><struct>{members}</struct></value></data></array></value>"
            ))
        };
        assert_eq!(scan(&list_with("<value><nil/></value>")), Some(list(&[1])));
        for value in [
            "<value/>",
            "<value><array><data><value/></data></array></value>",
            "<value ><int>1</int></value>",
            "<value><int>1</int></value >",
            "<value><![CDATA[</value>]]></value>",
            "<value><string><!-- </value> --></string></value>",
            "<value><string>a",
        ] {
            assert_eq!(scan(&list_with(value)), None, "{value}");
        }
        let text = list_with("<value>a</value>");
        for end in 0..text.trim_end().len() {
            assert_eq!(scan(&text[..end]), None, "{end}");
        }
        for value in [
            "<value><int>1</int></value>",
            "<value><array><data><value><int>1</int></value></data></array></value>",
            "<value><array><data><value><struct></struct></value></data></array></value>",
            "<value><struct></struct></value>",
            &serialized(&Value::List(vec![record(0, Vec::new())])),
            &serialized(&Value::List(vec![Value::Map(vec![("id".into(), "7".into())])])),
        ] {
            assert_eq!(scan(&response_with(value)), None, "{value}");
        }
    }
}
