//! The browser at the other end: its cookie, and whether a form came from a page of ours.
//!
//! ```text
//! cookie = "ogw_session=" ( visitor | session )     visitor: 32*hex, of nobody yet; session: a token, of a user
//! ```
//!
//! Where the gateway is reached over TLS the name begins with `__Host-`: no other host, and nobody without TLS, can set
//! such a cookie. The value changes at each login, so that nobody knows it who knew the one before (O2-09).
//!
//! In: headers. Out: [`Cookie`], `Set-Cookie`. Must not know: pages, what is asked.

use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::error::Problem;
use crate::secret::{Token, TokenKind};

/// How browsers reach this gateway.
#[derive(Debug, Clone)]
pub struct Site {
    /// What stands before every path, without a slash at its end.
    base: String,
    /// `https://gw.example`; `None` where nobody configured it.
    origin: Option<String>,
    is_secure: bool,
    /// Who answers (RFC 8414 section 2).
    issuer: String,
}

impl Site {
    /// From the URL by which clients reach the gateway, and whom tokens are from.
    #[must_use]
    pub fn new(public: Option<&Url>, issuer: &str) -> Self {
        Self {
            base: public.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default(),
            origin: public.map(|url| url.origin().ascii_serialization()),
            issuer: issuer.to_owned(),
            is_secure: public.is_some_and(|url| url.scheme() == "https"),
        }
    }

    /// What stands before every path.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Who answers.
    #[must_use]
    pub(in crate::http) fn issuer(&self) -> &str {
        &self.issuer
    }

    fn cookie_name(&self) -> &'static str {
        if self.is_secure { "__Host-ogw_session" } else { "ogw_session" }
    }

    /// What the browser showed. Two of the name are as good as none: nobody knows which one is ours.
    pub(super) fn cookie(&self, headers: &HeaderMap) -> Cookie {
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == self.cookie_name()).map(|(_, value)| value);
        match (ours.next(), ours.next()) {
            (Some(value), None) => Cookie::parse(value),
            _ => Cookie::Absent,
        }
    }

    /// The header that gives the browser this cookie, until it is closed.
    ///
    /// # Errors
    /// Never for what is a cookie's value.
    pub(super) fn set_cookie(&self, value: &str) -> Result<HeaderValue, Problem> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie_name());
        HeaderValue::try_from(text).map_err(Problem::internal)
    }

    /// Whether a form can have come from a page of ours. What browsers say of themselves decides where they say it;
    /// the older ones say only `Origin`, which is `null` for pages without a referrer, as ours are.
    pub(super) fn is_own_form(&self, headers: &HeaderMap) -> bool {
        if let Some(from) = headers.get("sec-fetch-site") {
            return from == "same-origin";
        }
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let own = match &self.origin {
            Some(own) => origin.as_bytes() == own.as_bytes(),
            None => origin.to_str().ok().and_then(|text| text.split_once("://")).is_some_and(|(_, host)| {
                headers.get(HOST).is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(host.as_bytes()))
            }),
        };
        own || origin == "null"
    }
}

/// What a browser showed.
#[derive(Debug)]
pub(super) enum Cookie {
    /// Nothing of ours.
    Absent,
    /// It was here before, and nobody has logged in.
    Visitor(String),
    /// Somebody has logged in, perhaps.
    Session(Token),
}

impl Cookie {
    fn parse(value: &str) -> Self {
        if let Some(token) = Token::parse(TokenKind::Session, value) {
            return Self::Session(token);
        }
        let is_visitor = value.len() == 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_visitor { Self::Visitor(value.to_owned()) } else { Self::Absent }
    }

    /// The value; empty without one.
    pub(super) fn value(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::Visitor(value) => value,
            Self::Session(token) => token.expose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISITOR: &str = "0123456789abcdef0123456789abcdef";

    fn site(public: &str) -> Site {
        Site::new(Url::parse(public).ok().as_ref(), "")
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_cookie_is_bound_to_this_host_where_there_is_tls() {
        let tls = site("https://gw.example/odoo/");
        assert_eq!(tls.set_cookie("v").unwrap(), "__Host-ogw_session=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(tls.base(), "/odoo");
        assert_eq!(site("").set_cookie("v").unwrap(), "ogw_session=v; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!((site("").base(), site("http://gw.example").base()), ("", ""));
    }

    #[test]
    fn one_cookie_of_ours_is_found_and_two_are_none() {
        let of = |public: &str, cookies: &[&str]| {
            let mut map = HeaderMap::new();
            for text in cookies {
                map.append(COOKIE, text.parse().unwrap());
            }
            site(public).cookie(&map).value().to_owned()
        };
        let session = Token::generate(TokenKind::Session).unwrap();
        let [plain, host] = [format!("ogw_session={VISITOR}"), format!("__Host-ogw_session={VISITOR}")];
        assert_eq!(of("", &[&format!("a=b; {plain};c=d")]), VISITOR);
        assert_eq!(of("", &["a=b", &plain]), VISITOR);
        assert_eq!(of("", &[&format!("ogw_session={}", session.expose())]), session.expose());
        assert_eq!(of("https://gw.example", &[&host]), VISITOR);
        assert_eq!(of("https://gw.example", &[&plain]), "", "another host may have set it");
        assert_eq!(of("", &[&format!("{plain}; {plain}")]), "");
        for wrong in ["ogw_session=", "ogw_session=0123", "ogw_session", "ogw_session=ogw_ses_00", ""] {
            assert_eq!(of("", &[wrong]), "", "{wrong}");
        }
    }

    #[test]
    fn forms_of_other_origins_are_told_by_what_browsers_say() {
        let tls = site("https://gw.example/odoo");
        for (said, own) in [
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
            assert_eq!(tls.is_own_form(&headers(&said)), own, "{said:?}");
        }
        let unnamed = site("");
        for (origin, own) in [("http://127.0.0.1:8080", true), ("http://127.0.0.1:8081", false), ("http://evil", false)]
        {
            let said = headers(&[("origin", origin), ("host", "127.0.0.1:8080")]);
            assert_eq!(unnamed.is_own_form(&said), own, "{origin}");
        }
    }
}
