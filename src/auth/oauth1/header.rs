//! The `Authorization: OAuth …` header (RFC 5849 section 3.5.1), as the RFC, and as the vendor's manual writes it.
//!
//! ```text
//! header    = scheme *( blank *separator [ parameter *( 1*separator parameter ) ] *separator )
//! scheme    = "OAuth", in any case
//! separator = blank | ","
//! blank     = SP | HTAB | CR | LF
//! parameter = name *blank "=" *blank value
//! name      = 1*( ALPHA | DIGIT | "-" | "." | "_" | "~" | "%" )
//! value     = DQUOTE *( any but DQUOTE and "\" | "\" any ) DQUOTE     "\" is left out before DQUOTE and "\"
//!           | "'" *( any but "'" ) "'"
//!           | *( any but blank, ",", DQUOTE and "'" )
//! ```
//!
//! Names and values are percent-decoded, but for the realm's, which is no parameter. Behind a value stands a separator
//! or nothing. Nothing is ever evaluated (V-eval, O1-22).
//!
//! In: the header's bytes. Out: decoded pairs. Must not know: which parameters there are.

use super::encoding::decode;
use super::malformed::{Malformed, Pairs};

/// The one name whose value is not signed (O1-10).
const REALM: &[u8] = b"realm";

/// What follows the scheme, when the header's scheme is OAuth.
#[must_use]
pub fn of_scheme(header: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = header.split_at_checked(b"OAuth".len())?;
    let ends = rest.first().is_none_or(|byte| is_separator(*byte));
    (scheme.eq_ignore_ascii_case(b"OAuth") && ends).then_some(rest)
}

/// The parameters, without the realm.
///
/// # Errors
/// What is wrong, and where: characters from 1, counted behind the scheme.
pub fn parse(text: &[u8]) -> Result<Pairs, Malformed> {
    let mut reader = Reader { text, at: 0 };
    let mut pairs = Pairs::new();
    let mut with_realm = false;
    reader.skip(is_separator);
    while reader.peek().is_some() {
        let (name, value) = reader.parameter()?;
        if name == REALM && !with_realm {
            with_realm = true;
        } else if name == REALM || pairs.iter().any(|(known, _)| *known == name) {
            return Err(Malformed::twice(&name));
        } else if pairs.len() == MOST_PARAMETERS {
            return Err(reader.wrong("fewer parameters"));
        } else {
            pairs.push((name, value));
        }
        reader.separate()?;
    }
    Ok(pairs)
}

/// Nobody needs more; so looking for repeated names stays cheap.
const MOST_PARAMETERS: usize = 64;

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Moves over bytes of a kind; those.
    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) -> &'t [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_skipped(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn parameter(&mut self) -> Result<(Vec<u8>, Vec<u8>), Malformed> {
        let name = self.skip(is_in_name);
        if name.is_empty() {
            return Err(self.wrong("a parameter's name"));
        }
        self.skip(is_blank);
        if self.peek() != Some(b'=') {
            return Err(self.wrong("= behind a parameter's name"));
        }
        self.at += 1;
        self.skip(is_blank);
        let (name, value) = (decode(name), self.value()?);
        let value = if name == REALM { value } else { decode(&value) };
        Ok((name, value))
    }

    fn value(&mut self) -> Result<Vec<u8>, Malformed> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                self.quoted(quote)
            }
            _ => Ok(self.skip(is_bare).to_vec()),
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Vec<u8>, Malformed> {
        let mut value = Vec::new();
        let opened = self.at;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match (byte, self.peek()) {
                (byte, _) if byte == quote => return Ok(value),
                (b'\\', Some(next @ (b'"' | b'\\'))) if quote == b'"' => {
                    self.at += 1;
                    value.push(next);
                }
                (byte, _) => value.push(byte),
            }
        }
        self.at = opened;
        Err(self.wrong("the quote that closes the one before this"))
    }

    /// Between two parameters stands something.
    fn separate(&mut self) -> Result<(), Malformed> {
        if self.skip(is_separator).is_empty() && self.peek().is_some() {
            return Err(self.wrong("a comma"));
        }
        Ok(())
    }

    fn wrong(&self, expected: &str) -> Malformed {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => char::from(byte).to_string(),
            Some(byte) => format!("byte {byte}"),
        };
        let place = self.at + 1;
        Malformed::new(format!("Behind the word OAuth: expected {expected} at {place}, found {found}."))
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

fn is_bare(byte: u8) -> bool {
    !is_separator(byte) && byte != b'"' && byte != b'\''
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<String, String> {
        let rest = of_scheme(header.as_bytes()).ok_or("another scheme")?;
        let pairs = parse(rest).map_err(|wrong| wrong.detail)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
        Ok(pairs.join("&"))
    }

    #[test]
    fn o1_21_quotes_of_both_kinds_and_none_blanks_tabs_and_commas() {
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
            assert_eq!(read(header).as_deref(), Ok(pairs), "{header}");
        }
    }

    #[test]
    fn o1_21_what_is_wrong_is_told_with_its_place() {
        for (header, wrong) in [
            ("OAuth a", "expected = behind a parameter's name at 3, found the end"),
            ("OAuth =b", "expected a parameter's name at 2, found ="),
            (r#"OAuth a="b"#, "expected the quote that closes the one before this at 5, found b"),
            (r#"OAuth a="b"c="d""#, "expected a comma at 7, found c"),
            ("OAuth a=b'c'", "expected a comma at 5, found '"),
            ("OAuth \u{e9}=1", "expected a parameter's name at 2, found byte 195"),
            ("OAuth a=1, a=2", "The parameter a is given twice."),
            ("OAuth realm=1, realm=2", "The parameter realm is given twice."),
        ] {
            let found = read(header).unwrap_err();
            assert!(found.contains(wrong), "{header}: {found}");
        }
        for other in ["OAuthx a=1", "Bearer x", "OAut", ""] {
            assert_eq!(read(other).unwrap_err(), "another scheme");
        }
        assert!(read(&format!("OAuth {}", "a=1,".repeat(2))).is_err());
        let many: Vec<String> = (0..65).map(|number| format!("p{number}=1")).collect();
        assert!(read(&format!("OAuth {}", many.join(","))).is_err());
    }

    #[test]
    fn o1_22_an_expression_is_no_value() {
        assert!(read("OAuth oauth_nonce=__import__('os').getpid(), oauth_token=('a'+'b')").is_err());
    }

    proptest::proptest! {
        #[test]
        fn o1_21_no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn o1_21_what_is_written_is_read(
            pairs in proptest::collection::btree_map("[a-z_]{1,8}", "\\PC{0,12}", 0..6), quote in "[\"']"
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| name != "realm").collect();
            let parts: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={quote}{}{quote}", super::super::encoding::encode(value.as_bytes())))
                .collect();
            let read = parse(parts.join(",").as_bytes()).unwrap();
            let wanted: Vec<_> = pairs.into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect();
            proptest::prop_assert_eq!(read, wanted);
        }
    }
}
