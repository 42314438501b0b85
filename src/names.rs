//! The names that a client can send: models, fields, methods, databases, reports, record ids.
//!
//! In: decoded text from a path, a query or a body. Out: a name that is safe in a cache key, a log line or an XML-RPC
//! call. Must not know: schemas, HTTP. The grammar of each name is documented at its type (H-06 in docs/security.md).

use std::fmt;
use std::sync::Arc;

/// Why a text is not a name. The message says what was expected, and quotes at most an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}, found {found:?}")]
pub struct NameError {
    /// What was expected.
    pub expected: &'static str,
    /// The invalid text, truncated to 64 characters.
    pub found: String,
}

impl NameError {
    fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(64).collect() }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

/// Names are serialized as their text, and deserialized through their parser.
macro_rules! serde_through_parser {
    ($($name:ident)*) => {
        $(
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                    out.serialize_str(&self.0)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                    Self::parse(&text).map_err(serde::de::Error::custom)
                }
            }
        )*
    };
}

serde_through_parser! { ModelName FieldName MethodName }

name! {
    /// A model's technical name, such as `res.partner`: `[a-z][a-z0-9_]*(\.[a-z0-9_]+)*`, at most 128 bytes, never
    /// `v` followed only by digits (those are API versions).
    ModelName
}

name! {
    /// A field's technical name: `[A-Za-z_][A-Za-z0-9_]*`, at most 128 bytes.
    FieldName
}

name! {
    /// A method's name: `[A-Za-z_][A-Za-z0-9_]*`, at most 64 bytes. Whether it may be called is checked by `plan`.
    MethodName
}

name! {
    /// A database's name: `[A-Za-z0-9_.-]{1,63}`.
    DatabaseName
}

name! {
    /// A report's technical name, such as `sale.report_saleorder`: `[A-Za-z0-9_.-]{1,128}`, not only dots. It becomes
    /// a segment of a path in Odoo.
    ReportName
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_identifier(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && text.bytes().all(is_word)
}

impl ModelName {
    /// # Errors
    /// When `text` is outside the grammar.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let lower_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let well_formed = text.len() <= 128
            && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
            && text.split('.').all(|part| !part.is_empty() && part.bytes().all(lower_word));
        let version = text
            .strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        if well_formed && !version {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("expected a model name such as res.partner", text))
        }
    }
}

impl FieldName {
    /// # Errors
    /// When `text` is outside the grammar.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_identifier(text, 128) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("expected a field name", text))
        }
    }
}

impl MethodName {
    /// # Errors
    /// When `text` is outside the grammar.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_identifier(text, 64) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("expected a method name", text))
        }
    }
}

impl ModelName {
    /// A name in the source code of the gateway.
    pub(crate) fn from_static(name: &'static str) -> Self {
        debug_assert!(Self::parse(name).is_ok());
        Self(name.into())
    }
}

impl FieldName {
    /// A name in the source code of the gateway.
    pub(crate) fn from_static(name: &'static str) -> Self {
        debug_assert!(is_identifier(name, 128));
        Self(name.into())
    }
}

impl MethodName {
    /// A name in the source code of the gateway.
    pub(crate) fn from_static(name: &'static str) -> Self {
        debug_assert!(is_identifier(name, 64));
        Self(name.into())
    }
}

impl DatabaseName {
    /// # Errors
    /// When `text` is outside the grammar.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let plain = |byte: u8| is_word(byte) || byte == b'.' || byte == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("expected a database name", text))
        }
    }
}

impl ReportName {
    /// # Errors
    /// When `text` is outside the grammar.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let plain = |byte: u8| is_word(byte) || byte == b'.' || byte == b'-';
        let dots_alone = text.bytes().all(|byte| byte == b'.');
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) && !dots_alone {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("expected a report's name such as sale.report_saleorder", text))
        }
    }
}

/// A record's database id: 1 to 2^31-1, the range of Odoo's `serial` columns. `0` is rejected because Odoo 14-19
/// answers `read([0])` with a made-up record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(i32);

impl RecordId {
    /// The id, or `None` outside 1..2^31-1.
    #[must_use]
    pub fn new(id: i64) -> Option<Self> {
        i32::try_from(id).ok().filter(|id| *id > 0).map(Self)
    }

    /// Parses ASCII digits: no sign, no white space, no leading zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && !text.starts_with('0') { text.parse().ok().and_then(Self::new) } else { None }
    }

    /// The id as an integer.
    #[must_use]
    pub fn get(self) -> i64 {
        i64::from(self.0)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_follow_the_grammar() {
        for good in ["res.partner", "x_custom", "a", "account.move.line", "ir.model", "v", "v1x", "x2.v2"] {
            assert!(ModelName::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(129);
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "A",
            "res.Partner",
            "res partner",
            "../xmlrpc",
            "a/b",
            "a%00",
            "a\0",
            "v1",
            "v22",
            "1a",
            "_a",
            "a\u{200b}",
            "res\u{ff0e}partner",
            "a;x=1",
            long.as_str(),
        ] {
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_report_name_is_a_single_path_segment() {
        for good in ["sale.report_saleorder", "a", "x-y.Z_1"] {
            assert!(ReportName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a?b", "a b", "a%2Fb", "é", &"a".repeat(129)] {
            assert!(ReportName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn record_ids_fit_a_serial_column() {
        assert_eq!(RecordId::parse("2147483647").map(RecordId::get), Some(2_147_483_647));
        for bad in ["", "0", "-1", "+1", "01", " 1", "1 ", "2147483648", "99999999999", "1.0", "1e3", "١"] {
            assert_eq!(RecordId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_error_quotes_at_most_64_characters() {
        let error = MethodName::parse(&"-".repeat(500)).unwrap_err();
        assert_eq!(error.found.len(), 64);
    }
}
