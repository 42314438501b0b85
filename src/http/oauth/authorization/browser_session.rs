//! The browser's session cookie, and whether a form was sent from a page of this gateway.
//!
//! ```text
//! cookie = "ogw_session=" ( login-session | session )     login-session: 32*hex, no user yet; session: a session token
//! ```
//!
//! With a public URL over TLS the name begins with `__Host-`, so no other host and no page without TLS can set the
//! cookie. The value changes at each login, so an earlier value is worthless afterward (O2-09).
//!
//! In: headers. Out: [`SessionCookie`], `Set-Cookie`. Must not know: pages, authorization requests.

use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};

use crate::error::Problem;
use crate::http::public_url::SiteConfig;
use crate::secret::{Token, TokenKind};

impl SiteConfig {
    fn cookie_name(&self) -> &'static str {
        if self.is_secure() { "__Host-ogw_session" } else { "ogw_session" }
    }

    /// The session cookie of a request. Two cookies of this name count as none, because only one of them can be
    /// valid.
    pub(super) fn cookie(&self, headers: &HeaderMap) -> SessionCookie {
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut cookies = pairs.filter(|(name, _)| *name == self.cookie_name()).map(|(_, value)| value);
        match (cookies.next(), cookies.next()) {
            (Some(value), None) => SessionCookie::parse(value),
            _ => SessionCookie::Absent,
        }
    }

    /// The `Set-Cookie` header with this value. The browser deletes the cookie when it is closed.
    ///
    /// # Errors
    /// Never for a valid cookie value.
    pub(super) fn set_cookie(&self, value: &str) -> Result<HeaderValue, Problem> {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie_name());
        HeaderValue::try_from(text).map_err(Problem::internal)
    }

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

/// The session cookie of a browser.
#[derive(Debug)]
pub(super) enum SessionCookie {
    /// No valid cookie.
    Absent,
    /// A login session: the browser has a page, but no user is logged in.
    LoginSession(String),
    /// A session token, not yet verified.
    Session(Token),
}

impl SessionCookie {
    fn parse(value: &str) -> Self {
        if let Some(token) = Token::parse(TokenKind::Session, value) {
            return Self::Session(token);
        }
        let is_random = value.len() == 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_random { Self::LoginSession(value.to_owned()) } else { Self::Absent }
    }

    /// The value. Empty without a cookie.
    pub(super) fn value(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::LoginSession(value) => value,
            Self::Session(token) => token.expose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    const LOGIN_SESSION: &str = "0123456789abcdef0123456789abcdef";

    fn site(public: &str) -> SiteConfig {
        SiteConfig::new(Url::parse(public).ok().as_ref(), "")
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn cookie_is_bound_to_the_host_with_tls() {
        let tls = site("https://gw.example/odoo/");
        assert_eq!(tls.set_cookie("v").unwrap(), "__Host-ogw_session=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(tls.base(), "/odoo");
        assert_eq!(site("").set_cookie("v").unwrap(), "ogw_session=v; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!((site("").base(), site("http://gw.example").base()), ("", ""));
    }

    #[test]
    fn single_cookie_is_found_and_repeated_cookie_is_ignored() {
        let value = |public: &str, cookies: &[&str]| {
            let mut map = HeaderMap::new();
            for text in cookies {
                map.append(COOKIE, text.parse().unwrap());
            }
            site(public).cookie(&map).value().to_owned()
        };
        let session = Token::generate(TokenKind::Session).unwrap();
        let [plain, host] = [format!("ogw_session={LOGIN_SESSION}"), format!("__Host-ogw_session={LOGIN_SESSION}")];
        assert_eq!(value("", &[&format!("a=b; {plain};c=d")]), LOGIN_SESSION);
        assert_eq!(value("", &["a=b", &plain]), LOGIN_SESSION);
        assert_eq!(value("", &[&format!("ogw_session={}", session.expose())]), session.expose());
        assert_eq!(value("https://gw.example", &[&host]), LOGIN_SESSION);
        assert_eq!(value("https://gw.example", &[&plain]), "", "another host could have set it");
        assert_eq!(value("", &[&format!("{plain}; {plain}")]), "");
        for wrong in ["ogw_session=", "ogw_session=0123", "ogw_session", "ogw_session=ogw_ses_00", ""] {
            assert_eq!(value("", &[wrong]), "", "{wrong}");
        }
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
}
