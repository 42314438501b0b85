//! The key of an idempotent request, and the parts that make another request under the same key a different one.
//!
//! In: head and body. Out: the key; the parts that are compared. Must not know: earlier requests.

use std::borrow::Cow;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::content_type::ContentType;
use crate::http::request::headers;
use crate::idempotency::LONGEST_KEY;

const KEY: &str = "idempotency-key";

/// The headers that change the meaning of a request.
const COMPARED_HEADERS: [&str; 7] =
    ["x-odoo-database", "x-odoo-lang", "x-odoo-tz", "x-odoo-company", "prefer", "accept", "content-type"];

/// Whether the request has a key, valid or not.
pub(in crate::http) fn has_idempotency_key(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// The key of a request, if it has one.
///
/// # Errors
/// 400 for a repeated or malformed key.
pub(super) fn parse_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let reject = |code, detail: &str| Err(Problem::new(code, detail).parameter("Idempotency-Key"));
    if keys.next().is_some() {
        return reject(ErrorCode::RepeatedParameter, "Idempotency-Key: the header is sent more than once.");
    }
    let is_valid = (1..=LONGEST_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if is_valid => Ok(Some(key)),
        _ => reject(ErrorCode::InvalidParameter, "Idempotency-Key: expected 1 to 255 visible ASCII characters."),
    }
}

/// The parts of a request that its repetitions must have in common.
pub(super) fn compared_parts(head: &Parts, body: &Bytes) -> Vec<Bytes> {
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let owned = |text: Cow<'_, [u8]>| Bytes::from(text.into_owned());
    let is_form = ContentType::parse(&head.headers) == ContentType::Form;
    let body = match is_form.then(|| without_oauth1(body)) {
        Some(changed @ Cow::Owned(_)) => owned(changed),
        _ => body.clone(),
    };
    let mut parts = vec![
        owned(Cow::Borrowed(head.method.as_str().as_bytes())),
        owned(Cow::Borrowed(head.uri.path().as_bytes())),
        owned(without_oauth1(query)),
    ];
    parts.extend(COMPARED_HEADERS.map(|name| {
        headers::values(&head.headers, name).map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b'\n').into()
    }));
    parts.push(body);
    parts
}

/// A query or form without the parameters of OAuth 1.0a: nonce and signature differ in each repetition.
fn without_oauth1(pairs: &[u8]) -> Cow<'_, [u8]> {
    if !pairs.windows(6).any(|start| start == b"oauth_") {
        return Cow::Borrowed(pairs);
    }
    let is_other = |pair: &&[u8]| !pair.starts_with(b"oauth_");
    Cow::Owned(pairs.split(|byte| *byte == b'&').filter(is_other).collect::<Vec<_>>().join(&b'&'))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parsed(keys: &[&[u8]]) -> Result<Option<String>, ErrorCode> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(KEY, HeaderValue::from_bytes(key).unwrap());
        }
        parse_key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.code)
    }

    #[test]
    fn a_key_is_visible_ascii_and_sent_once() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        assert_eq!(parsed(&[]), Ok(None));
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "~!", &longest] {
            assert_eq!(parsed(&[good.as_bytes()]), Ok(Some(good.to_owned())));
        }
        for bad in [&b""[..], b"a b", b"\xc3\xa9", b"a\tb", longer.as_bytes()] {
            assert_eq!(parsed(&[bad]), Err(ErrorCode::InvalidParameter), "{bad:?}");
        }
        assert_eq!(parsed(&[b"a", b"a"]), Err(ErrorCode::RepeatedParameter));
    }

    fn parts(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<Bytes> {
        let request = headers.iter().fold(Request::builder().method(method).uri(target), |request, (name, value)| {
            request.header(*name, *value)
        });
        let (head, ()) = request.body(()).unwrap().into_parts();
        compared_parts(&head, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn changes_of_compared_parts_make_a_different_request() {
        let usual = parts("POST", "/a?x=1", &[("accept", "application/json")], "b");
        assert_eq!(usual, parts("POST", "/a?x=1", &[("accept", "application/json"), ("user-agent", "y")], "b"));
        for other in [
            parts("PUT", "/a?x=1", &[("accept", "application/json")], "b"),
            parts("POST", "/b?x=1", &[("accept", "application/json")], "b"),
            parts("POST", "/a?x=2", &[("accept", "application/json")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/xml")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/json"), ("x-odoo-lang", "fr_FR")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/json")], "c"),
        ] {
            assert_ne!(usual, other);
        }
    }

    #[test]
    fn oauth1_parameters_are_not_compared() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
        assert_eq!(
            parts("POST", "/a?oauth_nonce=1&x=1", &form, "vals=1&oauth_signature=a"),
            parts("POST", "/a?x=1&oauth_nonce=2", &form, "oauth_signature=b&vals=1"),
        );
        assert_ne!(parts("POST", "/a", &[], "oauth_a=1"), parts("POST", "/a", &[], "oauth_a=2"));
    }
}
