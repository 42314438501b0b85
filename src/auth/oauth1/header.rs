//! The `Authorization: OAuth …` header, as RFC 5849 section 3.5.1 and as the vendor's manual write it.
//!
//! ```text
//! header    = scheme *( blank *separator [ parameter *( 1*separator parameter ) ] *separator )
//! scheme    = "OAuth", in any case
//! separator = blank | ","
//! blank     = SP | HTAB | CR | LF
//! parameter = name *blank "=" *blank value
//! name      = 1*( ALPHA | DIGIT | "-" | "." | "_" | "~" | "%" )
//! value     = DQUOTE *( any except DQUOTE and "\" | "\" any ) DQUOTE     "\" is removed before DQUOTE and "\"
//!           | "'" *( any except "'" ) "'"
//!           | *( any except blank, ",", DQUOTE and "'" )
//! ```
//!
//! Names and values are percent-decoded, except the realm, which is not a parameter. A value is followed by a
//! separator or the end. Values are never evaluated as expressions (O1-22).
//!
//! In: the header's bytes. Out: decoded pairs. Must not know: which parameters exist.

use super::encoding::decode;
use super::malformed::{MalformedSignature, ParamPairs};

/// The name whose value is not signed (O1-10).
const REALM: &[u8] = b"realm";

/// The bytes after the scheme, if the scheme is OAuth.
#[must_use]
pub fn strip_oauth_scheme(header: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = header.split_at_checked(b"OAuth".len())?;
    let is_complete = rest.first().is_none_or(|byte| is_separator(*byte));
    (scheme.eq_ignore_ascii_case(b"OAuth") && is_complete).then_some(rest)
}

/// The parameters, without the realm.
///
/// # Errors
/// What is expected and where: the position is counted from 1, after the scheme.
pub fn parse_parameters(text: &[u8]) -> Result<ParamPairs, MalformedSignature> {
    let mut parser = HeaderParser { text, position: 0 };
    let mut pairs = ParamPairs::new();
    let mut has_realm = false;
    parser.skip(is_separator);
    while parser.peek().is_some() {
        let (name, value) = parser.parameter()?;
        if name == REALM && !has_realm {
            has_realm = true;
        } else if name == REALM || pairs.iter().any(|(known, _)| *known == name) {
            return Err(MalformedSignature::repeated(&name));
        } else if pairs.len() == MAX_PARAMETERS {
            return Err(parser.error("fewer parameters"));
        } else {
            pairs.push((name, value));
        }
        parser.separator()?;
    }
    Ok(pairs)
}

/// The most parameters of a header, so that the search for repeated names stays cheap.
const MAX_PARAMETERS: usize = 64;

struct HeaderParser<'t> {
    text: &'t [u8],
    position: usize,
}

impl<'t> HeaderParser<'t> {
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Skips bytes of one kind, and returns them.
    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) -> &'t [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_skipped(*byte)).unwrap_or(rest.len());
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    fn parameter(&mut self) -> Result<(Vec<u8>, Vec<u8>), MalformedSignature> {
        let name = self.skip(is_in_name);
        if name.is_empty() {
            return Err(self.error("the name of a parameter"));
        }
        self.skip(is_blank);
        if self.peek() != Some(b'=') {
            return Err(self.error("`=` after the name of a parameter"));
        }
        self.position += 1;
        self.skip(is_blank);
        let (name, value) = (decode(name), self.value()?);
        let value = if name == REALM { value } else { decode(&value) };
        Ok((name, value))
    }

    fn value(&mut self) -> Result<Vec<u8>, MalformedSignature> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.position += 1;
                self.quoted(quote)
            }
            _ => Ok(self.skip(is_in_unquoted_value).to_vec()),
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Vec<u8>, MalformedSignature> {
        let mut value = Vec::new();
        let opened = self.position;
        while let Some(byte) = self.peek() {
            self.position += 1;
            match (byte, self.peek()) {
                (byte, _) if byte == quote => return Ok(value),
                (b'\\', Some(next @ (b'"' | b'\\'))) if quote == b'"' => {
                    self.position += 1;
                    value.push(next);
                }
                (byte, _) => value.push(byte),
            }
        }
        self.position = opened;
        Err(self.error("the closing quote of the value that starts here"))
    }

    /// The separator after a parameter, or the end.
    fn separator(&mut self) -> Result<(), MalformedSignature> {
        if self.skip(is_separator).is_empty() && self.peek().is_some() {
            return Err(self.error("a comma"));
        }
        Ok(())
    }

    fn error(&self, expected: &str) -> MalformedSignature {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => char::from(byte).to_string(),
            Some(byte) => format!("byte {byte}"),
        };
        let position = self.position + 1;
        MalformedSignature::new(format!(
            "The Authorization header is malformed: after the scheme, at position {position}, expected {expected}, \
             found {found}."
        ))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_separator(byte: u8) -> bool {
    is_blank(byte) || byte == b','
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%')
}

fn is_in_unquoted_value(byte: u8) -> bool {
    !is_separator(byte) && byte != b'"' && byte != b'\''
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth1::encoding::encode;

    fn parse(header: &str) -> Result<String, String> {
        let rest = strip_oauth_scheme(header.as_bytes()).ok_or("another scheme")?;
        let pairs = parse_parameters(rest).map_err(|error| error.detail)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
        Ok(pairs.join("&"))
    }

    #[test]
    fn o1_21_both_quotes_no_quotes_blanks_tabs_and_commas_are_accepted() {
        for (header, pairs) in [
            (r#"OAuth a="1",b="2""#, "a=1&b=2"),
            ("oauth a='1' b='2'", "a=1&b=2"),
            ("OAUTH\ta=1,\t,\tb=2 ,", "a=1&b=2"),
            ("OAuth ,a = \"1\" , b ='2'", "a=1&b=2"),
            (r#"OAuth realm="a, \"b\" \c", a="%2B+""#, "a=++"),
            ("OAuth realm=x, a=\r\n 'b=c'", "a=b=c"),
            ("OAuth a=b=c=, d=", "a=b=c=&d="),
            (r#"OAuth a="it's", b='say "x"'"#, "a=it's&b=say \"x\""),
            ("OAuth", ""),
            ("OAuth ,, ", ""),
        ] {
            assert_eq!(parse(header).as_deref(), Ok(pairs), "{header}");
        }
    }

    #[test]
    fn o1_21_errors_contain_the_position() {
        for (header, expected) in [
            ("OAuth a", "at position 3, expected `=` after the name of a parameter, found the end"),
            ("OAuth =b", "at position 2, expected the name of a parameter, found ="),
            (r#"OAuth a="b"#, "at position 5, expected the closing quote of the value that starts here, found b"),
            (r#"OAuth a="b"c="d""#, "at position 7, expected a comma, found c"),
            ("OAuth a=b'c'", "at position 5, expected a comma, found '"),
            ("OAuth \u{e9}=1", "at position 2, expected the name of a parameter, found byte 195"),
            ("OAuth a=1, a=2", "The parameter `a` is sent more than once."),
            ("OAuth realm=1, realm=2", "The parameter `realm` is sent more than once."),
        ] {
            let found = parse(header).unwrap_err();
            assert!(found.contains(expected), "{header}: {found}");
        }
        for other in ["OAuthx a=1", "Bearer x", "OAut", ""] {
            assert_eq!(parse(other).unwrap_err(), "another scheme");
        }
        assert!(parse(&format!("OAuth {}", "a=1,".repeat(2))).is_err());
        let many: Vec<String> = (0..65).map(|number| format!("p{number}=1")).collect();
        assert!(parse(&format!("OAuth {}", many.join(","))).is_err());
    }

    #[test]
    fn o1_22_an_expression_is_not_a_value() {
        assert!(parse("OAuth oauth_nonce=__import__('os').getpid(), oauth_token=('a'+'b')").is_err());
    }

    proptest::proptest! {
        #[test]
        fn o1_21_no_input_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse_parameters(&bytes);
        }

        #[test]
        fn o1_21_written_parameters_are_parsed_back(
            pairs in proptest::collection::btree_map("[a-z_]{1,8}", "\\PC{0,12}", 0..6), quote in "[\"']"
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| name != "realm").collect();
            let parts: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={quote}{}{quote}", encode(value.as_bytes())))
                .collect();
            let parsed = parse_parameters(parts.join(",").as_bytes()).unwrap();
            let bytes = |(name, value): (String, String)| (name.into_bytes(), value.into_bytes());
            let expected: Vec<_> = pairs.into_iter().map(bytes).collect();
            proptest::prop_assert_eq!(parsed, expected);
        }
    }
}
