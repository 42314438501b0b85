//! Which challenges an answer to a browser's script has.
//!
//! A browser answers a `Basic` challenge with a dialog of its own, also when a script sent the request and would rather
//! ask for the password itself. So `Basic` is left out of what is answered to scripts; the other challenges stay.
//!
//! In: a request's headers, an answer. Out: the answer's `WWW-Authenticate`. Must not know: why it is refused.

use http::header::{HeaderName, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Whether a browser's script sent the request.
pub(super) fn is_from_script(headers: &HeaderMap) -> bool {
    let fetched = headers.get(SEC_FETCH_MODE).is_some_and(|mode| !mode.as_bytes().ends_with(b"navigate"));
    fetched || headers.contains_key(X_REQUESTED_WITH) || headers.contains_key(ORIGIN)
}

/// Leaves out `Basic`.
pub(super) fn leave_out_basic(headers: &mut HeaderMap) {
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
    fn scripts_are_told_by_their_headers() {
        for (name, value, script) in [
            ("sec-fetch-mode", "cors", true),
            ("sec-fetch-mode", "same-origin", true),
            ("sec-fetch-mode", "no-cors", true),
            ("sec-fetch-mode", "navigate", false),
            ("x-requested-with", "XMLHttpRequest", true),
            ("origin", "https://app.example", true),
            ("accept", "text/html", false),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(is_from_script(&headers), script, "{name}: {value}");
        }
    }

    #[test]
    fn all_challenges_but_basic_stay() {
        let mut headers = HeaderMap::new();
        for challenge in ["Basic realm=\"x\"", "Bearer realm=\"x\"", "OAuth realm=\"x\""] {
            headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        leave_out_basic(&mut headers);
        let left: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(left, ["Bearer realm=\"x\"", "OAuth realm=\"x\""]);
    }
}
