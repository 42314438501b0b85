//! The writer of `methodCall`s.
//!
//! In: a method name and its parameters as [`Value`]s. Out: the XML in one pass, in memory that is wiped on drop,
//! because a password stands among the parameters. Must not know: HTTP, models.
//!
//! ```text
//! null   <nil/>                            text  <string>…</string>, & < > and CR escaped
//! bool   <boolean>0|1</boolean>            list  <array><data> value* </data></array>
//! int    <int>, beyond 32 bits <i8>        map   <struct><member><name>…</name> value</member>*</struct>
//! float  <double>, finite only
//! ```
//!
//! Nothing is lost on the way: `>` is escaped so that `]]>` cannot appear, and a carriage return is written as
//! `&#13;` because a raw one reaches Odoo as a line feed. What XML 1.0 cannot carry at all is an error that says where
//! it stands.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

use super::MAX_DEPTH;
use super::buffer::Buffer;
use super::escape;
use crate::error::Problem;
use crate::error_code::Code;
use crate::value::{Member, Value};

/// A value that XML-RPC cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {what}")]
pub struct Unencodable {
    /// Where it stands, as `params[5][0].name`.
    pub path: String,
    /// What is wrong with it, as the rest of a sentence that begins with the path.
    pub what: What,
}

/// What XML-RPC cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// A character outside XML 1.0's `Char`.
    #[error("holds the character U+{:04X}, which cannot be sent to Odoo", u32::from(*.0))]
    Character(char),
    /// An infinity or NaN.
    #[error("is not a finite number")]
    NotFinite,
    /// Deeper than [`MAX_DEPTH`].
    #[error("is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// The call would have more than so many bytes.
    #[error("makes a call to Odoo of more than {0} bytes")]
    TooLarge(usize),
}

impl From<Unencodable> for Problem {
    fn from(error: Unencodable) -> Self {
        match error.what {
            What::TooLarge(_) => {
                Problem::new(Code::BodyTooLarge, error.to_string()).hint("Send fewer values at a time.")
            }
            _ => Problem::new(Code::InvalidValue, error.to_string()),
        }
    }
}

/// A step of the path to a value that cannot be carried; gathered from the inside out, and only when it is needed.
enum Step {
    Index(usize),
    Key(String),
}

impl Step {
    fn of_key(key: &str) -> Self {
        Self::Key(key.escape_default().take(64).collect())
    }
}

struct Misfit {
    what: What,
    steps: Vec<Step>,
}

impl Misfit {
    fn new(what: What) -> Self {
        Self { what, steps: Vec::new() }
    }

    #[cold]
    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn at(self, root: &str) -> Unencodable {
        let mut path = root.to_owned();
        for step in self.steps.iter().rev() {
            let _ = match step {
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Key(key) => write!(path, ".{key}"),
            };
        }
        Unencodable { path, what: self.what }
    }
}

/// A `methodCall` in the making: parameters are added in their order.
pub struct CallWriter(Buffer);

impl CallWriter {
    /// Opens a call of `method`, one of the few fixed names of Odoo's services.
    #[must_use]
    pub fn new(method: &'static str) -> Self {
        let mut out = Buffer::with_capacity(1024);
        out.push(b"<?xml version=\"1.0\"?><methodCall><methodName>");
        out.push(method.as_bytes());
        out.push(b"</methodName><params>");
        Self(out)
    }

    /// The most bytes that the call may have.
    #[must_use]
    pub fn at_most(self, bytes: usize) -> Self {
        Self(self.0.at_most(bytes))
    }

    /// Adds a parameter. `name` is what an error calls it.
    ///
    /// # Errors
    /// When the value cannot be carried.
    pub fn param(self, name: &str, value: &Value<'_>) -> Result<Self, Unencodable> {
        self.with(name, size_of(value), |out| write_value(out, value, 0))
    }

    /// Adds a list of values as one parameter, without a `Value::List` around them.
    ///
    /// # Errors
    /// When a value cannot be carried.
    pub fn list(self, name: &str, items: &[Value<'_>]) -> Result<Self, Unencodable> {
        self.with(name, size_of_all(items), |out| in_value(out, |out| write_list(out, items, 1)))
    }

    /// Adds a map as one parameter, without a `Value::Map` around it.
    ///
    /// # Errors
    /// When a key or value cannot be carried.
    pub fn map(self, name: &str, members: &[Member<'_>]) -> Result<Self, Unencodable> {
        self.with(name, size_of_members(members), |out| in_value(out, |out| write_map(out, members, 1)))
    }

    /// Ends the call.
    #[must_use]
    pub fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.push(b"</params></methodCall>");
        self.0.into_bytes()
    }

    fn with(
        mut self,
        name: &str,
        size: usize,
        write: impl FnOnce(&mut Buffer) -> Result<(), Misfit>,
    ) -> Result<Self, Unencodable> {
        self.0.reserve(size);
        self.0.push(b"<param>");
        write(&mut self.0).map_err(|misfit| misfit.at(name))?;
        self.0.push(b"</param>");
        match self.0.overflow() {
            Some(most) => Err(Misfit::new(What::TooLarge(most)).at(name)),
            None => Ok(self),
        }
    }
}

/// How many bytes a value becomes at most, if nothing in its texts has to be escaped. Only large ones are worth knowing:
/// small ones fit the room that is there.
fn size_of(value: &Value<'_>) -> usize {
    /// `<value><boolean>…</boolean></value>`, and the digits of a number.
    const SCALAR: usize = 64;
    match value {
        Value::Text(text) => text.len().saturating_add(SCALAR),
        Value::List(items) => size_of_all(items),
        Value::Map(members) => size_of_members(members),
        _ => SCALAR,
    }
}

fn size_of_all(items: &[Value<'_>]) -> usize {
    items.iter().map(size_of).fold(64, usize::saturating_add)
}

fn size_of_members(members: &[Member<'_>]) -> usize {
    let size_of = |(key, value): &Member<'_>| key.len().saturating_add(32).saturating_add(size_of(value));
    members.iter().map(size_of).fold(64, usize::saturating_add)
}

/// Writes one `<value>`; the form that answers have too, for those who play Odoo in tests.
///
/// # Errors
/// When the value cannot be carried.
pub fn value(value: &Value<'_>) -> Result<Zeroizing<Vec<u8>>, Unencodable> {
    let mut out = Buffer::with_capacity(1024);
    write_value(&mut out, value, 0).map_err(|misfit| misfit.at("value"))?;
    Ok(out.into_bytes())
}

/// Checks that a value can be carried, without writing it.
///
/// # Errors
/// When it cannot. `name` is what the error calls it.
pub fn check(name: &str, value: &Value<'_>) -> Result<(), Unencodable> {
    check_value(value, 0).map_err(|misfit| misfit.at(name))
}

fn check_value(value: &Value<'_>, depth: usize) -> Result<(), Misfit> {
    match value {
        _ if depth > MAX_DEPTH => Err(Misfit::new(What::TooDeep)),
        Value::Null | Value::Bool(_) | Value::Int(_) => Ok(()),
        Value::Float(float) if float.is_finite() => Ok(()),
        Value::Float(_) => Err(Misfit::new(What::NotFinite)),
        Value::Text(text) => check_text(text),
        Value::List(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_value(item, depth + 1).map_err(|misfit| misfit.inside(Step::Index(index)))
        }),
        Value::Map(members) => members.iter().try_for_each(|(key, value)| {
            let checked = check_text(key).and_then(|()| check_value(value, depth + 1));
            checked.map_err(|misfit| misfit.inside(Step::of_key(key)))
        }),
    }
}

fn check_text(text: &str) -> Result<(), Misfit> {
    escape::forbidden(text).map_or(Ok(()), |character| Err(Misfit::new(What::Character(character))))
}

fn in_value(out: &mut Buffer, write: impl FnOnce(&mut Buffer) -> Result<(), Misfit>) -> Result<(), Misfit> {
    out.push(b"<value>");
    write(out)?;
    out.push(b"</value>");
    Ok(())
}

fn write_value(out: &mut Buffer, value: &Value<'_>, depth: usize) -> Result<(), Misfit> {
    if depth > MAX_DEPTH {
        return Err(Misfit::new(What::TooDeep));
    }
    match value {
        Value::Null => out.push(b"<value><nil/></value>"),
        Value::Bool(false) => out.push(b"<value><boolean>0</boolean></value>"),
        Value::Bool(true) => out.push(b"<value><boolean>1</boolean></value>"),
        Value::Int(int) => write_int(out, *int),
        Value::Float(float) => write_float(out, *float)?,
        Value::Text(text) => {
            out.push(b"<value><string>");
            write_text(out, text)?;
            out.push(b"</string></value>");
        }
        Value::List(items) => in_value(out, |out| write_list(out, items, depth + 1))?,
        Value::Map(members) => in_value(out, |out| write_map(out, members, depth + 1))?,
    }
    Ok(())
}

fn write_int(out: &mut Buffer, int: i64) {
    let (open, close): (&[u8], &[u8]) = match i32::try_from(int) {
        Ok(_) => (b"<value><int>", b"</int></value>"),
        Err(_) => (b"<value><i8>", b"</i8></value>"),
    };
    out.push(open);
    out.push(itoa::Buffer::new().format(int).as_bytes());
    out.push(close);
}

fn write_float(out: &mut Buffer, float: f64) -> Result<(), Misfit> {
    if !float.is_finite() {
        return Err(Misfit::new(What::NotFinite));
    }
    out.push(b"<value><double>");
    // The shortest text that reads back as the same double, with an exponent where Python writes one too.
    out.push(format!("{float:?}").as_bytes());
    out.push(b"</double></value>");
    Ok(())
}

fn write_list(out: &mut Buffer, items: &[Value<'_>], depth: usize) -> Result<(), Misfit> {
    out.push(b"<array><data>");
    for (index, item) in items.iter().enumerate() {
        write_value(out, item, depth).map_err(|misfit| misfit.inside(Step::Index(index)))?;
    }
    out.push(b"</data></array>");
    Ok(())
}

fn write_map(out: &mut Buffer, members: &[Member<'_>], depth: usize) -> Result<(), Misfit> {
    out.push(b"<struct>");
    for (key, value) in members {
        out.push(b"<member><name>");
        let inside = |misfit: Misfit| misfit.inside(Step::of_key(key));
        write_text(out, key).map_err(inside)?;
        out.push(b"</name>");
        write_value(out, value, depth).map_err(inside)?;
        out.push(b"</member>");
    }
    out.push(b"</struct>");
    Ok(())
}

fn write_text(out: &mut Buffer, text: &str) -> Result<(), Misfit> {
    escape::write(out, text).map_err(|character| Misfit::new(What::Character(character)))
}

impl fmt::Debug for CallWriter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CallWriter(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(input: &Value<'_>) -> String {
        String::from_utf8(value(input).unwrap().to_vec()).unwrap()
    }

    fn refused(input: Value<'_>) -> String {
        CallWriter::new("execute_kw").param("args", &input).unwrap_err().to_string()
    }

    #[test]
    fn a_call_is_written_whole() {
        let call = CallWriter::new("authenticate").param("db", &"a".into()).unwrap().map("env", &[]).unwrap().finish();
        assert_eq!(
            std::str::from_utf8(&call).unwrap(),
            "<?xml version=\"1.0\"?><methodCall><methodName>authenticate</methodName><params>\
             <param><value><string>a</string></value></param>\
             <param><value><struct></struct></value></param></params></methodCall>"
        );
    }

    #[test]
    fn numbers_keep_their_kind_and_width() {
        for (input, xml) in [
            (Value::Int(2_147_483_647), "<int>2147483647</int>"),
            (Value::Int(-2_147_483_648), "<int>-2147483648</int>"),
            (Value::Int(2_147_483_648), "<i8>2147483648</i8>"),
            (Value::Int(i64::MIN), "<i8>-9223372036854775808</i8>"),
            (Value::Float(1.0), "<double>1.0</double>"),
            (Value::Float(0.1 + 0.2), "<double>0.30000000000000004</double>"),
            (Value::Float(1e300), "<double>1e300</double>"),
            (Value::Float(-0.0), "<double>-0.0</double>"),
        ] {
            assert_eq!(written(&input), format!("<value>{xml}</value>"));
        }
    }

    #[test]
    fn texts_lose_nothing_and_close_nothing() {
        assert_eq!(
            written(&"a<b>&]]>\r\n\tü\u{feff}\u{1f600}".into()),
            "<value><string>a&lt;b&gt;&amp;]]&gt;&#13;\n\tü\u{feff}\u{1f600}</string></value>"
        );
    }

    #[test]
    fn an_error_says_where_it_stands() {
        let record = Value::Map(vec![("name".into(), "a\u{1}".into())]);
        assert_eq!(
            refused(vec![Value::Int(1), record].into()),
            "args[1].name holds the character U+0001, which cannot be sent to Odoo"
        );
        assert_eq!(refused("\u{ffff}".into()), "args holds the character U+FFFF, which cannot be sent to Odoo");
        assert_eq!(refused(Value::List(vec![Value::Float(f64::NAN)])), "args[0] is not a finite number");
        for (value, ok) in [("a\t\n\r<é\u{fffd}", true), ("a\u{1f}", false), ("\u{fffe}", false)] {
            assert_eq!(check("args", &value.into()).is_ok(), ok, "{value:?}");
        }
        let key = Value::Map(vec![("a\0".into(), Value::Null)]);
        assert_eq!(refused(key), "args.a\\u{0} holds the character U+0000, which cannot be sent to Odoo");
    }

    #[test]
    fn a_call_has_a_largest_size() {
        let write = |text: &str| CallWriter::new("x").at_most(1000).param("args", &text.into());
        assert!(write(&"a".repeat(800)).is_ok());
        for text in ["a".repeat(1001), "&".repeat(300), "a".repeat(10_000_000)] {
            let refused = write(&text).unwrap_err();
            assert_eq!(refused.to_string(), "args makes a call to Odoo of more than 1000 bytes");
            assert_eq!(Problem::from(refused).code, Code::BodyTooLarge);
        }
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(value(&nested(MAX_DEPTH)).is_ok());
        assert!(refused(nested(MAX_DEPTH + 1)).ends_with("is nested more than 64 deep"));
    }
}
