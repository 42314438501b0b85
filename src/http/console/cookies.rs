//! The cookies of the console.
//!
//! ```text
//! ogw_console         login session (no user yet) | session token of a logged-in user
//! ogw_console_notice  the code of a message that the next page shows
//! ```
//!
//! Over TLS the names begin with `__Host-`, so no other host and no page without TLS can set the cookies. Otherwise
//! they are sent to the console only. The value of the session changes at each login, so an earlier value is worthless
//! afterward (C-02).
//!
//! In: headers. Out: values, `Set-Cookie`. Must not know: pages.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::error::Problem;
use crate::http::browser_headers::single_cookie;
use crate::http::public_url::SiteConfig;

/// A cookie of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsoleCookie {
    /// The session.
    Session,
    /// The message that the next page shows.
    Notice,
}

/// How long a message waits for the page that shows it, in seconds.
const NOTICE_SECONDS: u32 = 60;

impl ConsoleCookie {
    fn name(self, site: &SiteConfig) -> &'static str {
        match (self, site.is_secure()) {
            (Self::Session, true) => "__Host-ogw_console",
            (Self::Session, false) => "ogw_console",
            (Self::Notice, true) => "__Host-ogw_console_notice",
            (Self::Notice, false) => "ogw_console_notice",
        }
    }

    /// The value in a request; empty without the cookie.
    pub(super) fn value<'h>(self, site: &SiteConfig, headers: &'h HeaderMap) -> &'h str {
        single_cookie(headers, self.name(site)).unwrap_or_default()
    }

    /// Sets the cookie; an empty value deletes it. The browser deletes the session when it is closed.
    ///
    /// # Errors
    /// Never for a valid cookie value.
    pub(super) fn set(self, site: &SiteConfig, value: &str, headers: &mut HeaderMap) -> Result<(), Problem> {
        let place = if site.is_secure() { "/; Secure".to_owned() } else { format!("{}/console", site.base()) };
        let age = match self {
            _ if value.is_empty() => "; Max-Age=0".to_owned(),
            Self::Session => String::new(),
            Self::Notice => format!("; Max-Age={NOTICE_SECONDS}"),
        };
        let text = format!("{}={value}; Path={place}; HttpOnly; SameSite=Lax{age}", self.name(site));
        headers.append(SET_COOKIE, HeaderValue::try_from(text).map_err(Problem::internal)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn set(public: &str, cookie: ConsoleCookie, value: &str) -> String {
        let (site, mut headers) = (SiteConfig::new(Url::parse(public).ok().as_ref(), ""), HeaderMap::new());
        cookie.set(&site, value, &mut headers).unwrap();
        headers[SET_COOKIE].to_str().unwrap().to_owned()
    }

    #[test]
    fn cookies_are_bound_to_the_host_with_tls_and_to_the_console_without() {
        let tls = "https://gw.example/odoo";
        assert_eq!(
            set(tls, ConsoleCookie::Session, "v"),
            "__Host-ogw_console=v; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(set("", ConsoleCookie::Session, "v"), "ogw_console=v; Path=/console; HttpOnly; SameSite=Lax");
        assert_eq!(
            set("http://gw.example/odoo/", ConsoleCookie::Notice, "v"),
            "ogw_console_notice=v; Path=/odoo/console; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        assert_eq!(
            set("", ConsoleCookie::Session, ""),
            "ogw_console=; Path=/console; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
