//! The `Content-Type` of a request body (RFC 9110 section 8.3).
//!
//! In: the request's headers. Out: [`ContentType`]. Must not know: the body. Only the type itself counts; its
//! parameters (`charset`, `boundary`) are ignored here. Parsing is lenient: clients send malformed parameters, for
//! example `application/json;`, which strict parsers reject.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The media type of a form (WHATWG URL section 5).
pub(in crate::http) const FORM: &str = "application/x-www-form-urlencoded";

/// The media type of a request body, as far as the gateway distinguishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum ContentType {
    /// No header, or an empty one.
    Unspecified,
    /// `application/json` or `application/…+json` (RFC 6839)
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
    /// Any other type.
    Other,
}

impl ContentType {
    /// The type that the headers declare, compared without case.
    pub(in crate::http) fn parse(headers: &HeaderMap) -> Self {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "" => Self::Unspecified,
            "application/json" => Self::Json,
            FORM => Self::Form,
            "multipart/form-data" => Self::Multipart,
            other if other.starts_with("application/") && other.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_media_type_counts_in_any_case_and_with_any_parameters() {
        assert_eq!(ContentType::parse(&HeaderMap::new()), ContentType::Unspecified);
        for (value, expected) in [
            ("", ContentType::Unspecified),
            ("application/json", ContentType::Json),
            ("Application/JSON;", ContentType::Json),
            ("application/vnd.api+json; charset=utf-8", ContentType::Json),
            ("application/x-www-form-urlencoded", ContentType::Form),
            (" Application/X-WWW-Form-Urlencoded ; charset=UTF-8", ContentType::Form),
            ("application/x-www-form-urlencodedX", ContentType::Other),
            ("multipart/form-data; boundary=x", ContentType::Multipart),
            ("text/json", ContentType::Other),
            ("json", ContentType::Other),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(ContentType::parse(&headers), expected, "{value}");
        }
    }
}
