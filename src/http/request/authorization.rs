//! The `Authorization` header (RFC 9110 section 11.6.2): its scheme and what follows it.
//!
//! In: the request's headers. Out: [`Authorization`]. Must not know: what the credential is good for. The scheme is
//! compared without case.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::auth::oauth1::strip_oauth_scheme;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// A parsed `Authorization` header. Not `Debug`: it contains secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Authorization<'h> {
    /// HTTP Basic (RFC 7617): the base64 of `user:password`.
    Basic(&'h str),
    /// A bearer token (RFC 6750).
    Bearer(&'h str),
    /// The parameters of OAuth 1.0a (RFC 5849 section 3.5.1), or of OAuth 2 as the vendor's manual writes them.
    OAuth(&'h [u8]),
    /// Another scheme.
    UnknownScheme,
    /// The value contains bytes that are not visible ASCII.
    NotAscii,
}

impl<'h> Authorization<'h> {
    /// The header of a request; `None` without one.
    ///
    /// # Errors
    /// 400 for more than one header.
    pub(in crate::http) fn parse(headers: &'h HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            let detail = "The `Authorization` header is sent more than once. Send it once.";
            return Err(Problem::new(ErrorCode::MalformedRequest, detail).parameter("Authorization"));
        }
        if let Some(parameters) = strip_oauth_scheme(value.as_bytes()) {
            return Ok(Some(Self::OAuth(parameters)));
        }
        let Ok(text) = value.to_str() else { return Ok(Some(Self::NotAscii)) };
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_matches(' ');
        Ok(Some(if scheme.eq_ignore_ascii_case("basic") {
            Self::Basic(rest)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Self::Bearer(rest)
        } else {
            Self::UnknownScheme
        }))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn is_parsed_as(value: &[u8], expected: Authorization<'_>) -> bool {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap())]);
        Authorization::parse(&headers).unwrap() == Some(expected)
    }

    #[test]
    fn the_scheme_is_compared_without_case_and_spaces_around_the_rest_are_ignored() {
        assert!(is_parsed_as(b"bAsIc  YTpi ", Authorization::Basic("YTpi")));
        assert!(is_parsed_as(b"Basic", Authorization::Basic("")));
        assert!(is_parsed_as(b"BEARER a.b.c", Authorization::Bearer("a.b.c")));
        assert!(is_parsed_as(b"OAuth a=b", Authorization::OAuth(b" a=b")));
        assert!(is_parsed_as(b"Digest x", Authorization::UnknownScheme));
        assert!(is_parsed_as(b"", Authorization::UnknownScheme));
        assert!(is_parsed_as(b"Basic \xff", Authorization::NotAscii));
    }

    #[test]
    fn a_repeated_header_is_rejected_and_a_missing_one_is_none() {
        let mut headers = HeaderMap::new();
        assert!(Authorization::parse(&headers).unwrap().is_none());
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        assert_eq!(Authorization::parse(&headers).err().map(|problem| problem.code), Some(ErrorCode::MalformedRequest));
    }
}
