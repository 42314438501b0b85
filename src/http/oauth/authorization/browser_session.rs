//! The browser's session cookie.
//!
//! ```text
//! cookie = "ogw_session=" ( login-session | session )     login-session: 32*hex, no user yet; session: a session token
//! ```
//!
//! With a public URL over TLS the name begins with `__Host-`, so no other host and no page without TLS can set the
//! cookie. The value changes at each login, so an earlier value is worthless afterward (O2-09).
//!
//! In: headers. Out: [`SessionCookie`], `Set-Cookie`. Must not know: pages, authorization requests.

use http::{HeaderMap, HeaderValue};

use crate::error::Problem;
use crate::http::browser_headers::{is_login_session, single_cookie};
use crate::http::public_url::SiteConfig;
use crate::secret::{Token, TokenKind};

impl SiteConfig {
    fn cookie_name(&self) -> &'static str {
        if self.is_secure() { "__Host-ogw_session" } else { "ogw_session" }
    }

    /// The session cookie of a request.
    pub(super) fn cookie(&self, headers: &HeaderMap) -> SessionCookie {
        single_cookie(headers, self.cookie_name()).map_or(SessionCookie::Absent, SessionCookie::parse)
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
        if is_login_session(value) { Self::LoginSession(value.to_owned()) } else { Self::Absent }
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
    use http::header::COOKIE;
    use url::Url;

    use super::*;

    const LOGIN_SESSION: &str = "0123456789abcdef0123456789abcdef";

    fn site(public: &str) -> SiteConfig {
        SiteConfig::new(Url::parse(public).ok().as_ref(), "")
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
}
