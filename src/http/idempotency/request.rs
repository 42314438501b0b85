//! The key of a request, and what makes it another request.
//!
//! In: head and body. Out: the key; the parts that are compared. Must not know: what was asked before.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::headers;

const KEY: &str = "idempotency-key";
/// The longest key.
pub(in crate::http) const LONGEST_KEY: usize = 255;

/// Headers that say something about what is asked.
const ASKING: [&str; 7] =
    ["x-odoo-database", "x-odoo-lang", "x-odoo-tz", "x-odoo-company", "prefer", "accept", "content-type"];

/// The key of a request, if it has one.
///
/// # Errors
/// 400 for two keys and for one that is no key.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let refuse = |code, detail: &str| Err(Problem::new(code, detail).parameter("Idempotency-Key"));
    if keys.next().is_some() {
        return refuse(Code::RepeatedParameter, "Idempotency-Key: the header is given twice.");
    }
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fits => Ok(Some(key)),
        _ => refuse(Code::InvalidParameter, "Idempotency-Key: expected 1 to 255 visible ASCII characters."),
    }
}

/// Everything that makes this request another one.
pub(super) fn parts_of(head: &Parts, body: &Bytes) -> Vec<Bytes> {
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let is_form = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded"));
    let owned = |text: Cow<'_, [u8]>| Bytes::from(text.into_owned());
    let body = match is_form.then(|| without_oauth(body)) {
        Some(changed @ Cow::Owned(_)) => owned(changed),
        _ => body.clone(),
    };
    let mut parts = vec![
        owned(Cow::Borrowed(head.method.as_str().as_bytes())),
        owned(Cow::Borrowed(head.uri.path().as_bytes())),
        owned(without_oauth(query)),
    ];
    parts.extend(ASKING.map(|name| {
        headers::values(&head.headers, name).map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b'\n').into()
    }));
    parts.push(body);
    parts
}

/// Pairs without those of OAuth 1.0a: nonce and signature are new each time.
fn without_oauth(pairs: &[u8]) -> Cow<'_, [u8]> {
    if !pairs.windows(6).any(|start| start == b"oauth_") {
        return Cow::Borrowed(pairs);
    }
    let own = |pair: &&[u8]| !pair.starts_with(b"oauth_");
    Cow::Owned(pairs.split(|byte| *byte == b'&').filter(own).collect::<Vec<_>>().join(&b'&'))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(keys: &[&[u8]]) -> Result<Option<String>, Code> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(KEY, HeaderValue::from_bytes(key).unwrap());
        }
        key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.code)
    }

    #[test]
    fn a_key_is_visible_ascii_and_one() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        assert_eq!(found(&[]), Ok(None));
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "~!", &longest] {
            assert_eq!(found(&[good.as_bytes()]), Ok(Some(good.to_owned())));
        }
        for bad in [&b""[..], b"a b", b"\xc3\xa9", b"a\tb", longer.as_bytes()] {
            assert_eq!(found(&[bad]), Err(Code::InvalidParameter), "{bad:?}");
        }
        assert_eq!(found(&[b"a", b"a"]), Err(Code::RepeatedParameter));
    }

    fn parts(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<Bytes> {
        let request = headers.iter().fold(Request::builder().method(method).uri(target), |request, (name, value)| {
            request.header(*name, *value)
        });
        let (head, ()) = request.body(()).unwrap().into_parts();
        parts_of(&head, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn whatever_changes_what_is_asked_makes_another_request() {
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
    fn a_signature_that_is_new_each_time_is_not_what_is_asked() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
        assert_eq!(
            parts("POST", "/a?oauth_nonce=1&x=1", &form, "vals=1&oauth_signature=a"),
            parts("POST", "/a?x=1&oauth_nonce=2", &form, "oauth_signature=b&vals=1"),
        );
        assert_ne!(parts("POST", "/a", &[], "oauth_a=1"), parts("POST", "/a", &[], "oauth_a=2"));
    }
}
