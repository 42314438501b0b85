//! Serializes `methodCall`s.
//!
//! In: a method name and its parameters as [`Value`]s. Out: the XML, written in one pass into memory that is wiped on
//! drop, because the parameters contain the password. Must not know: HTTP, models.
//!
//! ```text
//! null   <nil/>                            text  <string>…</string>, & < > and CR escaped
//! bool   <boolean>0|1</boolean>            list  <array><data> value* </data></array>
//! int    <int>, beyond 32 bits <i8>        map   <struct><member><name>…</name> value</member>*</struct>
//! float  <double>, finite only
//! ```
//!
//! Every value survives the transmission: `>` is escaped so that `]]>` cannot occur, and a carriage return is written
//! as `&#13;`, because a raw one reaches Odoo as a line feed. What XML 1.0 cannot represent is an error that names
//! the location of the value.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

use super::escape;
use super::zeroizing_buffer::Buffer;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::rpc_codec::MAX_DEPTH;
use crate::value::{Member, Value};

/// A value that XML-RPC cannot transmit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {kind}")]
pub struct UnsupportedValue {
    /// The location, for example `params[5][0].name`.
    pub path: String,
    /// What is wrong with it; completes a sentence that begins with the path.
    pub kind: UnsupportedKind,
}

/// What XML-RPC cannot transmit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedKind {
    /// A character outside of XML 1.0's `Char`.
    #[error("contains the character U+{:04X}, which cannot be sent to Odoo", u32::from(*.0))]
    Character(char),
    /// An infinity or NaN.
    #[error("is not a finite number")]
    NotFinite,
    /// Deeper than [`MAX_DEPTH`].
    #[error("is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// The call would be larger than this many bytes.
    #[error("makes the call to Odoo larger than {0} bytes")]
    TooLarge(usize),
}

impl From<UnsupportedValue> for Problem {
    fn from(error: UnsupportedValue) -> Self {
        match error.kind {
            UnsupportedKind::TooLarge(_) => {
                Problem::new(ErrorCode::BodyTooLarge, error.to_string()).hint("Send fewer values at a time.")
            }
            _ => Problem::new(ErrorCode::InvalidValue, error.to_string()),
        }
    }
}

/// A step of the path to a value; collected from the inside out, and only for an error.
enum Step {
    Index(usize),
    Key(String),
}

impl Step {
    fn key(key: &str) -> Self {
        Self::Key(key.escape_default().take(64).collect())
    }
}

struct Unsupported {
    kind: UnsupportedKind,
    steps: Vec<Step>,
}

impl Unsupported {
    fn new(kind: UnsupportedKind) -> Self {
        Self { kind, steps: Vec::new() }
    }

    #[cold]
    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn at(self, root: &str) -> UnsupportedValue {
        let mut path = root.to_owned();
        for step in self.steps.iter().rev() {
            let _ = match step {
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Key(key) => write!(path, ".{key}"),
            };
        }
        UnsupportedValue { path, kind: self.kind }
    }
}

/// Most calls fit into this many bytes: a read of twenty fields with a context, for example. A buffer that grows is
/// copied and wiped.
const TYPICAL_CALL: usize = 2048;

/// A `methodCall` under construction; parameters are added in their order.
pub struct CallWriter(Buffer);

impl CallWriter {
    /// Begins a call of `method`, one of the fixed names of Odoo's services.
    #[must_use]
    pub fn new(method: &'static str) -> Self {
        let mut out = Buffer::with_capacity(TYPICAL_CALL);
        out.push(b"<?xml version=\"1.0\"?><methodCall><methodName>");
        out.push(method.as_bytes());
        out.push(b"</methodName><params>");
        Self(out)
    }

    /// Limits the size of the call, in bytes.
    #[must_use]
    pub fn at_most(self, bytes: usize) -> Self {
        Self(self.0.at_most(bytes))
    }

    /// Adds a parameter, which errors call `name`.
    ///
    /// # Errors
    /// If the value cannot be transmitted.
    pub fn param(self, name: &str, value: &Value<'_>) -> Result<Self, UnsupportedValue> {
        self.with(name, size_of(value), |out| write_value(out, value, 0))
    }

    /// Adds a list as one parameter, without a `Value::List` around it.
    ///
    /// # Errors
    /// If a value cannot be transmitted.
    pub fn list(self, name: &str, items: &[Value<'_>]) -> Result<Self, UnsupportedValue> {
        self.with(name, size_of_all(items), |out| in_value(out, |out| write_list(out, items, 1)))
    }

    /// Adds a map as one parameter, without a `Value::Map` around it.
    ///
    /// # Errors
    /// If a key or value cannot be transmitted.
    pub fn map(self, name: &str, members: &[Member<'_>]) -> Result<Self, UnsupportedValue> {
        self.with(name, size_of_members(members), |out| in_value(out, |out| write_map(out, members, 1)))
    }

    /// Completes the call.
    #[must_use]
    pub fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.push(b"</params></methodCall>");
        self.0.into_bytes()
    }

    fn with(
        mut self,
        name: &str,
        size: usize,
        write: impl FnOnce(&mut Buffer) -> Result<(), Unsupported>,
    ) -> Result<Self, UnsupportedValue> {
        self.0.reserve(size);
        self.0.push(b"<param>");
        write(&mut self.0).map_err(|error| error.at(name))?;
        self.0.push(b"</param>");
        match self.0.overflow() {
            Some(max) => Err(Unsupported::new(UnsupportedKind::TooLarge(max)).at(name)),
            None => Ok(self),
        }
    }
}

/// Estimates the size of the serialized value, without escapes. Its purpose is to reserve memory for large values;
/// small ones fit the initial capacity.
fn size_of(value: &Value<'_>) -> usize {
    /// The markup of a text.
    const TEXT: usize = 40;
    /// The markup and the digits of another scalar.
    const SCALAR: usize = 64;
    match value {
        Value::Text(text) => text.len().saturating_add(TEXT),
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

/// Serializes one `<value>`, as responses contain it too; used by tests that act as Odoo.
///
/// # Errors
/// If the value cannot be transmitted.
pub fn serialize_value(value: &Value<'_>) -> Result<Zeroizing<Vec<u8>>, UnsupportedValue> {
    let mut out = Buffer::with_capacity(1024);
    write_value(&mut out, value, 0).map_err(|error| error.at("value"))?;
    Ok(out.into_bytes())
}

/// Checks that a value, which errors call `name`, can be transmitted.
///
/// # Errors
/// If it cannot.
pub fn validate(name: &str, value: &Value<'_>) -> Result<(), UnsupportedValue> {
    validate_value(value, 0, escape::forbidden).map_err(|error| error.at(name))
}

/// Checks that the arguments of a call can be transmitted as JSON, which represents every character. PostgreSQL stores
/// all but U+0000.
///
/// # Errors
/// If they cannot.
pub(in crate::odoo) fn validate_for_json(args: &[Value<'_>], kwargs: &[Member<'_>]) -> Result<(), UnsupportedValue> {
    let is_forbidden = |text: &str| text.contains('\0').then_some('\0');
    validate_list(args, 0, is_forbidden).map_err(|error| error.at("args"))?;
    validate_map(kwargs, 0, is_forbidden).map_err(|error| error.at("kwargs"))
}

/// Finds a character that cannot be transmitted.
type FindForbidden = fn(&str) -> Option<char>;

fn validate_value(value: &Value<'_>, depth: usize, forbidden: FindForbidden) -> Result<(), Unsupported> {
    match value {
        _ if depth > MAX_DEPTH => Err(Unsupported::new(UnsupportedKind::TooDeep)),
        Value::Null | Value::Bool(_) | Value::Int(_) => Ok(()),
        Value::Float(float) if float.is_finite() => Ok(()),
        Value::Float(_) => Err(Unsupported::new(UnsupportedKind::NotFinite)),
        Value::Text(text) => validate_text(text, forbidden),
        Value::List(items) => validate_list(items, depth + 1, forbidden),
        Value::Map(members) => validate_map(members, depth + 1, forbidden),
    }
}

fn validate_list(items: &[Value<'_>], depth: usize, forbidden: FindForbidden) -> Result<(), Unsupported> {
    items.iter().enumerate().try_for_each(|(index, item)| {
        validate_value(item, depth, forbidden).map_err(|error| error.inside(Step::Index(index)))
    })
}

fn validate_map(members: &[Member<'_>], depth: usize, forbidden: FindForbidden) -> Result<(), Unsupported> {
    members.iter().try_for_each(|(key, value)| {
        let result = validate_text(key, forbidden).and_then(|()| validate_value(value, depth, forbidden));
        result.map_err(|error| error.inside(Step::key(key)))
    })
}

fn validate_text(text: &str, forbidden: FindForbidden) -> Result<(), Unsupported> {
    forbidden(text).map_or(Ok(()), |character| Err(Unsupported::new(UnsupportedKind::Character(character))))
}

fn in_value(out: &mut Buffer, write: impl FnOnce(&mut Buffer) -> Result<(), Unsupported>) -> Result<(), Unsupported> {
    out.push(b"<value>");
    write(out)?;
    out.push(b"</value>");
    Ok(())
}

fn write_value(out: &mut Buffer, value: &Value<'_>, depth: usize) -> Result<(), Unsupported> {
    if depth > MAX_DEPTH {
        return Err(Unsupported::new(UnsupportedKind::TooDeep));
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

fn write_float(out: &mut Buffer, float: f64) -> Result<(), Unsupported> {
    if !float.is_finite() {
        return Err(Unsupported::new(UnsupportedKind::NotFinite));
    }
    out.push(b"<value><double>");
    // The shortest text that parses to the same double, with an exponent where Python writes one too.
    out.push(format!("{float:?}").as_bytes());
    out.push(b"</double></value>");
    Ok(())
}

fn write_list(out: &mut Buffer, items: &[Value<'_>], depth: usize) -> Result<(), Unsupported> {
    out.push(b"<array><data>");
    for (index, item) in items.iter().enumerate() {
        write_value(out, item, depth).map_err(|error| error.inside(Step::Index(index)))?;
    }
    out.push(b"</data></array>");
    Ok(())
}

fn write_map(out: &mut Buffer, members: &[Member<'_>], depth: usize) -> Result<(), Unsupported> {
    out.push(b"<struct>");
    for (key, value) in members {
        out.push(b"<member><name>");
        let inside = |error: Unsupported| error.inside(Step::key(key));
        write_text(out, key).map_err(inside)?;
        out.push(b"</name>");
        write_value(out, value, depth).map_err(inside)?;
        out.push(b"</member>");
    }
    out.push(b"</struct>");
    Ok(())
}

fn write_text(out: &mut Buffer, text: &str) -> Result<(), Unsupported> {
    escape::write(out, text).map_err(|character| Unsupported::new(UnsupportedKind::Character(character)))
}

impl fmt::Debug for CallWriter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CallWriter(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialized(input: &Value<'_>) -> String {
        String::from_utf8(serialize_value(input).unwrap().to_vec()).unwrap()
    }

    fn error(input: Value<'_>) -> String {
        CallWriter::new("execute_kw").param("args", &input).unwrap_err().to_string()
    }

    #[test]
    fn call_is_serialized_completely() {
        let call = CallWriter::new("authenticate").param("db", &"a".into()).unwrap().map("env", &[]).unwrap().finish();
        assert_eq!(
            std::str::from_utf8(&call).unwrap(),
            "<?xml version=\"1.0\"?><methodCall><methodName>authenticate</methodName><params>\
             <param><value><string>a</string></value></param>\
             <param><value><struct></struct></value></param></params></methodCall>"
        );
    }

    #[test]
    fn integers_have_the_smallest_type_and_floats_all_digits() {
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
            assert_eq!(serialized(&input), format!("<value>{xml}</value>"));
        }
    }

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(
            serialized(&"a<b>&]]>\r\n\tü\u{feff}\u{1f600}".into()),
            "<value><string>a&lt;b&gt;&amp;]]&gt;&#13;\n\tü\u{feff}\u{1f600}</string></value>"
        );
    }

    #[test]
    fn error_names_the_location() {
        let record = Value::Map(vec![("name".into(), "a\u{1}".into())]);
        assert_eq!(
            error(vec![Value::Int(1), record].into()),
            "args[1].name contains the character U+0001, which cannot be sent to Odoo"
        );
        assert_eq!(error("\u{ffff}".into()), "args contains the character U+FFFF, which cannot be sent to Odoo");
        assert_eq!(error(Value::List(vec![Value::Float(f64::NAN)])), "args[0] is not a finite number");
        for (value, ok) in [("a\t\n\r<é\u{fffd}", true), ("a\u{1f}", false), ("\u{fffe}", false)] {
            assert_eq!(validate("args", &value.into()).is_ok(), ok, "{value:?}");
        }
        let key = Value::Map(vec![("a\0".into(), Value::Null)]);
        assert_eq!(error(key), "args.a\\u{0} contains the character U+0000, which cannot be sent to Odoo");
    }

    #[test]
    fn json_represents_all_characters_but_the_first() {
        let check = |text: &str| {
            let record = Value::Map(vec![("name".into(), text.to_owned().into())]);
            validate_for_json(&[vec![record.clone()].into()], &[("context".into(), record)]).map_err(|e| e.to_string())
        };
        assert_eq!(check("a\u{1}\u{ffff}"), Ok(()));
        let error = check("a\0").unwrap_err();
        assert_eq!(error, "args[0][0].name contains the character U+0000, which cannot be sent to Odoo");
        let context = [("context".into(), Value::Float(f64::NAN))];
        assert_eq!(validate_for_json(&[], &context).unwrap_err().to_string(), "kwargs.context is not a finite number");
    }

    #[test]
    fn call_size_is_limited() {
        let write = |text: &str| CallWriter::new("x").at_most(3000).param("args", &text.into());
        assert!(write(&"a".repeat(2800)).is_ok());
        for text in ["a".repeat(3001), "&".repeat(900), "a".repeat(10_000_000)] {
            let error = write(&text).unwrap_err();
            assert_eq!(error.to_string(), "args makes the call to Odoo larger than 3000 bytes");
            assert_eq!(Problem::from(error).code, ErrorCode::BodyTooLarge);
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(serialize_value(&nested(MAX_DEPTH)).is_ok());
        assert!(error(nested(MAX_DEPTH + 1)).ends_with("is nested more than 64 levels deep"));
    }
}
