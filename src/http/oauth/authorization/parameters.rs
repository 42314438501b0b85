//! The parameters of an authorization request, as they were sent.
//!
//! ```text
//! query = pair *( "&" pair )      pair = name [ "=" value ]      "+" and "%20" are a space; empty means omitted
//! ```
//!
//! In: a raw query string, or what a header says. Out: values, decoded and as sent. Must not know: which parameters
//! there are. One that is sent twice is told as such: what it means depends on which one it is (RFC 6749 section 3.1).

use percent_encoding::percent_decode;

use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::unauthenticated;

/// All parameters of a request.
#[derive(Debug, Default, Clone)]
pub(super) struct Parameters(Vec<Parameter>);

#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    /// As it was sent.
    raw: String,
    /// Decoded; `None` for what is no UTF-8 then.
    value: Option<String>,
}

/// Why a parameter has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclear {
    /// It was sent twice.
    Twice,
    /// It is no UTF-8 once it is decoded.
    NoText,
}

impl Parameters {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 for more parameters than anybody needs.
    pub(super) fn of_query(query: &str) -> Result<Self, Problem> {
        unauthenticated::check_parameters(query.as_bytes(), "The request")?;
        let pairs =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        // A name that is no text is none of ours.
        let read = |(name, raw): (&str, &str)| {
            Some(Parameter { name: decoded(name)?, raw: raw.to_owned(), value: decoded(raw) })
        };
        Ok(Self(pairs.filter_map(read).collect()))
    }

    /// Adds what a header says, already decoded.
    pub(super) fn with_decoded(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let parameter = |(name, value): (String, String)| Parameter { name, raw: encoded(&value), value: Some(value) };
        self.0.extend(pairs.into_iter().map(parameter));
        self
    }

    /// The value of a parameter; an empty one is none.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Unclear> {
        let Some(parameter) = self.only(name)? else { return Ok(None) };
        parameter.value.as_deref().map(Some).ok_or(Unclear::NoText)
    }

    /// As it was sent, for who wants it back byte for byte.
    pub(super) fn raw(&self, name: &str) -> Result<Option<&str>, Unclear> {
        self.only(name).map(|parameter| parameter.map(|parameter| parameter.raw.as_str()))
    }

    /// All of them as a query string, as they were sent.
    pub(super) fn to_query(&self) -> String {
        let pairs: Vec<_> =
            self.0.iter().map(|pair| format!("{}={}", encoded(&pair.name), sendable(&pair.raw))).collect();
        pairs.join("&")
    }

    /// Whether any parameter came more than once.
    pub(super) fn has_repetition(&self, names: &[&str]) -> bool {
        names.iter().any(|name| matches!(self.only(name), Err(Unclear::Twice)))
    }

    fn only(&self, name: &str) -> Result<Option<&Parameter>, Unclear> {
        let mut found = self.0.iter().filter(|parameter| parameter.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Unclear::Twice),
            (found, None) => Ok(found.filter(|parameter| !parameter.raw.is_empty())),
        }
    }
}

/// The value of a parameter that has to be there, and once.
pub(super) fn needed<'p>(parameters: &'p Parameters, name: &'static str) -> Result<&'p str, Problem> {
    let value = parameters.value(name).map_err(|unclear| told_badly(name, unclear))?;
    value.ok_or_else(|| Problem::new(Code::MissingParameter, format!("{name} is missing.")).parameter(name))
}

/// Why a parameter cannot be read.
pub(super) fn told_badly(name: &'static str, unclear: Unclear) -> Problem {
    match unclear {
        Unclear::Twice => Problem::new(Code::RepeatedParameter, format!("{name} is given twice.")),
        Unclear::NoText => Problem::new(Code::MalformedRequest, format!("{name} is no UTF-8 once it is decoded.")),
    }
    .parameter(name)
}

fn decoded(raw: &str) -> Option<String> {
    String::from_utf8(percent_decode(raw.replace('+', " ").as_bytes()).collect()).ok()
}

/// As it was sent, but for what can stand in no address.
fn sendable(raw: &str) -> String {
    const UNSENDABLE: percent_encoding::AsciiSet =
        percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'`');
    percent_encoding::utf8_percent_encode(raw, &UNSENDABLE).to_string()
}

/// A value for a query string: nothing but unreserved characters stays as it is (RFC 3986 section 2.3).
pub(super) fn encoded(value: &str) -> String {
    const UNRESERVED: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(value, &UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_kept_as_sent() {
        let sent = Parameters::of_query("a=x%2By+z&b=%FF&c&d=&&e=1=2&f=%C3%A4&%FF=1").unwrap();
        assert_eq!((sent.value("a"), sent.raw("a")), (Ok(Some("x+y z")), Ok(Some("x%2By+z"))));
        assert_eq!((sent.value("b"), sent.raw("b")), (Err(Unclear::NoText), Ok(Some("%FF"))));
        assert_eq!((sent.value("c"), sent.value("d"), sent.value("g")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((sent.value("e"), sent.value("f")), (Ok(Some("1=2")), Ok(Some("ä"))));
    }

    #[test]
    fn what_is_sent_twice_is_nobodys_guess() {
        for query in ["a=1&a=1", "a=&a=1", "a&a", "%61=1&a=2"] {
            let sent = Parameters::of_query(query).unwrap();
            assert_eq!((sent.value("a"), sent.raw("a")), (Err(Unclear::Twice), Err(Unclear::Twice)), "{query}");
            assert!(sent.has_repetition(&["b", "a"]) && !sent.has_repetition(&["b"]));
        }
        let both = Parameters::of_query("a=1").unwrap().with_decoded([("a".to_owned(), "2".to_owned())]);
        assert_eq!(both.value("a"), Err(Unclear::Twice));
    }

    #[test]
    fn what_a_header_says_is_encoded_for_the_way_back() {
        let said = Parameters::default().with_decoded([("s".to_owned(), "a+b/~ä &".to_owned())]);
        assert_eq!((said.value("s"), said.raw("s")), (Ok(Some("a+b/~ä &")), Ok(Some("a%2Bb%2F~%C3%A4%20%26"))));
    }
}
