//! No `Basic` challenge in responses to scripts.
//!
//! A browser shows its own login dialog for a `Basic` challenge (RFC 7617), even if a script sent the request and
//! wants to ask for the password itself. Therefore responses to scripts contain only the other challenges.
//!
//! In: the headers of a request and of its response. Out: `WWW-Authenticate`. Must not know: why the request was
//! rejected.

use http::header::{HeaderName, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Whether a script in a browser sent the request. Older browsers send only the origin of the page, which counts if
/// scripts of that origin may read the response.
pub(super) fn is_from_script(headers: &HeaderMap, is_origin_allowed: bool) -> bool {
    let is_fetch = headers.get(SEC_FETCH_MODE).is_some_and(|mode| !mode.as_bytes().ends_with(b"navigate"));
    is_fetch || headers.contains_key(X_REQUESTED_WITH) || is_origin_allowed
}

/// Removes the `Basic` challenge.
pub(super) fn remove_basic(headers: &mut HeaderMap) {
    let is_basic = |value: &HeaderValue| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"basic")
    };
    if !headers.get_all(WWW_AUTHENTICATE).iter().any(is_basic) {
        return;
    }
    let others: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().filter(|value| !is_basic(value)).cloned().collect();
    headers.remove(WWW_AUTHENTICATE);
    for value in others {
        headers.append(WWW_AUTHENTICATE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_recognized_by_their_headers() {
        for (name, value, script) in [
            ("sec-fetch-mode", "cors", true),
            ("sec-fetch-mode", "same-origin", true),
            ("sec-fetch-mode", "no-cors", true),
            ("sec-fetch-mode", "navigate", false),
            ("x-requested-with", "XMLHttpRequest", true),
            ("origin", "https://evil.example", false),
            ("accept", "text/html", false),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(is_from_script(&headers, false), script, "{name}: {value}");
            assert!(is_from_script(&headers, true), "{name}: {value}");
        }
    }

    #[test]
    fn all_challenges_but_basic_remain() {
        let mut headers = HeaderMap::new();
        for challenge in ["Basic realm=\"x\"", "Bearer realm=\"x\"", "OAuth realm=\"x\""] {
            headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        remove_basic(&mut headers);
        let remaining: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(remaining, ["Bearer realm=\"x\"", "OAuth realm=\"x\""]);
    }
}
