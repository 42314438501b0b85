//! The parameters of an authorization request.
//!
//! ```text
//! query = pair *( "&" pair )      pair = name [ "=" value ]      "+" and "%20" are a space; an empty value is omitted
//! ```
//!
//! In: a query string, a form, or decoded pairs of a header. Out: values, decoded and as sent. Must not know: which
//! parameters exist. The caller decides what a repeated parameter means (RFC 6749 section 3.1).

use crate::auth::oauth1::decode_form;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::content_type::ContentType;
use crate::http::request::{ApiRequest, unauthenticated_body};

/// All parameters of a request.
#[derive(Debug, Default, Clone)]
pub(super) struct AuthorizationParams(Vec<AuthorizationParam>);

#[derive(Debug, Clone)]
struct AuthorizationParam {
    name: String,
    /// As it was sent.
    raw: String,
    /// Decoded. `None` if the decoded bytes are not UTF-8.
    value: Option<String>,
}

/// Why a parameter has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParamError {
    /// It was sent more than once.
    Repeated,
    /// It is not valid UTF-8 after percent-decoding.
    NotUtf8,
}

impl AuthorizationParams {
    /// Parses a query string.
    ///
    /// # Errors
    /// 400 for too many parameters.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        unauthenticated_body::check_parameters(query.as_bytes(), "The request")?;
        let pairs =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        // No known parameter has a name that is not UTF-8.
        let parse = |(name, raw): (&str, &str)| {
            Some(AuthorizationParam { name: decode(name)?, raw: raw.to_owned(), value: decode(raw) })
        };
        Ok(Self(pairs.filter_map(parse).collect()))
    }

    /// The parameters in the query of a request.
    ///
    /// # Errors
    /// 400 for too many parameters.
    pub(super) fn from_query(request: &ApiRequest) -> Result<Self, Problem> {
        Self::parse(request.head.uri.query().unwrap_or_default())
    }

    /// Parses the form in the body of a request.
    ///
    /// # Errors
    /// 415 for another media type, 413 for a body that is too large, 400 for a body that is not UTF-8 or has too many
    /// parameters.
    pub(super) async fn from_form(request: &mut ApiRequest) -> Result<Self, Problem> {
        if ContentType::parse(&request.head.headers) != ContentType::Form {
            let detail = "The Content-Type of the body must be application/x-www-form-urlencoded.";
            return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail).parameter("Content-Type"));
        }
        let body = unauthenticated_body::body(request).await?;
        let text = std::str::from_utf8(&body)
            .map_err(|_| Problem::new(ErrorCode::MalformedRequest, "The form is not valid UTF-8.").parameter("body"))?;
        Self::parse(text)
    }

    /// Adds parameters that are already decoded.
    pub(super) fn with_decoded(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let parameter =
            |(name, value): (String, String)| AuthorizationParam { name, raw: encode(&value), value: Some(value) };
        self.0.extend(pairs.into_iter().map(parameter));
        self
    }

    /// The decoded value of a parameter. `None` if it is omitted or empty.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, ParamError> {
        let Some(parameter) = self.single(name)? else { return Ok(None) };
        parameter.value.as_deref().map(Some).ok_or(ParamError::NotUtf8)
    }

    /// The value of a parameter as it was sent, byte for byte.
    pub(super) fn raw(&self, name: &str) -> Result<Option<&str>, ParamError> {
        self.single(name).map(|parameter| parameter.map(|parameter| parameter.raw.as_str()))
    }

    /// All parameters as a query string, with the values as they were sent.
    pub(super) fn to_query(&self) -> String {
        let pairs: Vec<_> =
            self.0.iter().map(|pair| format!("{}={}", encode(&pair.name), encode_unsafe(&pair.raw))).collect();
        pairs.join("&")
    }

    /// Whether any of these parameters was sent more than once.
    pub(super) fn has_repetition(&self, names: &[&str]) -> bool {
        names.iter().any(|name| matches!(self.single(name), Err(ParamError::Repeated)))
    }

    fn single(&self, name: &str) -> Result<Option<&AuthorizationParam>, ParamError> {
        let mut found = self.0.iter().filter(|parameter| parameter.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(ParamError::Repeated),
            (found, None) => Ok(found.filter(|parameter| !parameter.raw.is_empty())),
        }
    }
}

/// The value of a required parameter.
pub(super) fn require<'p>(parameters: &'p AuthorizationParams, name: &'static str) -> Result<&'p str, Problem> {
    let value = parameters.value(name).map_err(|error| invalid_parameter(name, error))?;
    let missing =
        || Problem::new(ErrorCode::MissingParameter, format!("The parameter {name} is missing.")).parameter(name);
    value.ok_or_else(missing)
}

/// The problem that a [`ParamError`] means.
pub(super) fn invalid_parameter(name: &'static str, error: ParamError) -> Problem {
    match error {
        ParamError::Repeated => {
            Problem::new(ErrorCode::RepeatedParameter, format!("The parameter {name} is repeated. Send it once."))
        }
        ParamError::NotUtf8 => {
            let detail = format!("The parameter {name} is not valid UTF-8 after percent-decoding.");
            Problem::new(ErrorCode::MalformedRequest, detail)
        }
    }
    .parameter(name)
}

fn decode(raw: &str) -> Option<String> {
    String::from_utf8(decode_form(raw.as_bytes())).ok()
}

/// Percent-encodes only what a URL must not contain, so that the value stays as it was sent.
fn encode_unsafe(raw: &str) -> String {
    const UNSAFE: percent_encoding::AsciiSet =
        percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'`');
    percent_encoding::utf8_percent_encode(raw, &UNSAFE).to_string()
}

/// Percent-encodes everything except unreserved characters (RFC 3986 section 2.3).
pub(super) fn encode(value: &str) -> String {
    const UNRESERVED: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(value, &UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_available_decoded_and_as_sent() {
        let params = AuthorizationParams::parse("a=x%2By+z&b=%FF&c&d=&&e=1=2&f=%C3%A4&%FF=1").unwrap();
        assert_eq!((params.value("a"), params.raw("a")), (Ok(Some("x+y z")), Ok(Some("x%2By+z"))));
        assert_eq!((params.value("b"), params.raw("b")), (Err(ParamError::NotUtf8), Ok(Some("%FF"))));
        assert_eq!((params.value("c"), params.value("d"), params.value("g")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((params.value("e"), params.value("f")), (Ok(Some("1=2")), Ok(Some("ä"))));
    }

    #[test]
    fn repeated_parameter_has_no_value() {
        for query in ["a=1&a=1", "a=&a=1", "a&a", "%61=1&a=2"] {
            let params = AuthorizationParams::parse(query).unwrap();
            let repeated = Err(ParamError::Repeated);
            assert_eq!((params.value("a"), params.raw("a")), (repeated, repeated), "{query}");
            assert!(params.has_repetition(&["b", "a"]) && !params.has_repetition(&["b"]));
        }
        let both = AuthorizationParams::parse("a=1").unwrap().with_decoded([("a".to_owned(), "2".to_owned())]);
        assert_eq!(both.value("a"), Err(ParamError::Repeated));
    }

    #[test]
    fn decoded_values_are_encoded_for_the_redirect() {
        let params = AuthorizationParams::default().with_decoded([("s".to_owned(), "a+b/~ä &".to_owned())]);
        assert_eq!((params.value("s"), params.raw("s")), (Ok(Some("a+b/~ä &")), Ok(Some("a%2Bb%2F~%C3%A4%20%26"))));
    }
}
