//! What browsers send with forms: a cookie, and the origin of the page.
//!
//! In: headers. Out: the value of a cookie, and whether a form is from a page of this gateway. Must not know: sessions,
//! pages.

use http::HeaderMap;
use http::header::{COOKIE, HOST, ORIGIN};

use super::public_url::SiteConfig;

/// The value of the cookie with this name. Two cookies of one name count as none, because only one of them can be
/// valid.
pub(super) fn single_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut cookies = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    match (cookies.next(), cookies.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// Whether a cookie has the form of a login session: random, and without a user.
pub(super) fn is_login_session(value: &str) -> bool {
    value.len() == 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl SiteConfig {
    /// Whether a form may be from a page of this gateway. `Sec-Fetch-Site` decides if the browser sends it. Older
    /// browsers send only `Origin`, which is `null` for the gateway's pages because they have no referrer.
    pub(super) fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        if let Some(from) = headers.get("sec-fetch-site") {
            return from == "same-origin";
        }
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let own = match self.origin() {
            Some(own) => origin.as_bytes() == own.as_bytes(),
            None => origin.to_str().ok().and_then(|text| text.split_once("://")).is_some_and(|(_, host)| {
                headers.get(HOST).is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(host.as_bytes()))
            }),
        };
        own || origin == "null"
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn site(public: &str) -> SiteConfig {
        SiteConfig::new(Url::parse(public).ok().as_ref(), "")
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn forms_of_other_origins_are_recognized_by_the_browsers_headers() {
        let tls = site("https://gw.example/odoo");
        for (sent, own) in [
            (vec![("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site"), ("origin", "https://gw.example")], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "null")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("origin", "https://gw.example")], true),
            (vec![("origin", "null")], true),
            (vec![], true),
            (vec![("origin", "https://gw.example.evil")], false),
            (vec![("origin", "http://gw.example")], false),
            (vec![("origin", "https://evil.example"), ("host", "gw.example")], false),
        ] {
            assert_eq!(tls.is_same_origin(&headers(&sent)), own, "{sent:?}");
        }
        let without_public_url = site("");
        for (origin, own) in [("http://127.0.0.1:8080", true), ("http://127.0.0.1:8081", false), ("http://evil", false)]
        {
            let sent = headers(&[("origin", origin), ("host", "127.0.0.1:8080")]);
            assert_eq!(without_public_url.is_same_origin(&sent), own, "{origin}");
        }
    }

    #[test]
    fn repeated_cookie_is_ignored() {
        assert_eq!(single_cookie(&headers(&[("cookie", "a=1; b=2;c=3")]), "b"), Some("2"));
        assert_eq!(single_cookie(&headers(&[("cookie", "a=1; a=1")]), "a"), None);
        assert_eq!(single_cookie(&headers(&[("cookie", "a=1"), ("cookie", "a=2")]), "a"), None);
        assert_eq!(single_cookie(&headers(&[]), "a"), None);
    }
}
