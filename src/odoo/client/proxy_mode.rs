//! Whether Odoo runs with `proxy_mode`, seen by its effect: Odoo builds URLs from the headers of a reverse proxy.
//!
//! No call of Odoo reports the setting. Two pages can contain an absolute URL: the redirect of `/web`, with the
//! libraries of Odoo 14 and 15 and some systems of Odoo 16 and 17, and `/robots.txt` of Odoo's website. Where neither
//! does, the setting cannot be seen.
//!
//! In: a time limit. Out: [`ProxyMode`]. Must not know: whether there is a proxy.

use std::time::Duration;

use super::OdooClient;

/// Whether Odoo uses the headers of reverse proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// It does, and the headers arrive.
    On,
    /// It does not, or the proxy does not send them.
    Off,
    /// No page shows it.
    Unknown,
}

/// The host that is forwarded to an Odoo without a proxy in front of it.
const FORWARDED_HOST: &str = "check.odoo-gateway.invalid";

impl OdooClient {
    /// Requests two pages of the web client as a reverse proxy with TLS would.
    pub async fn proxy_mode(&self, limit: Duration) -> ProxyMode {
        let fetch = async |path: &str| {
            let url = self.base().join(path).ok()?;
            self.0.transport.fetch_forwarded(&url, FORWARDED_HOST, limit).await
        };
        let redirect = fetch("web").await.and_then(|page| from_url(page.location.as_deref()?));
        match redirect {
            Some(mode) => mode,
            None => fetch("robots.txt").await.and_then(|page| from_robots(&page.text)).unwrap_or(ProxyMode::Unknown),
        }
    }
}

/// The scheme of an absolute URL.
fn from_url(url: &str) -> Option<ProxyMode> {
    if url.starts_with("https://") {
        return Some(ProxyMode::On);
    }
    url.starts_with("http://").then_some(ProxyMode::Off)
}

fn from_robots(text: &str) -> Option<ProxyMode> {
    text.lines().find_map(|line| from_url(line.strip_prefix("Sitemap:")?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_urls_show_the_mode() {
        assert_eq!(from_url("https://check.odoo-gateway.invalid/web/login"), Some(ProxyMode::On));
        assert_eq!(from_url("http://odoo:8069/web/login"), Some(ProxyMode::Off));
        assert_eq!(from_url("/web/login?redirect=%2Fweb"), None);
        assert_eq!(from_robots("User-agent: *\nSitemap: http://odoo:8069/sitemap.xml\n"), Some(ProxyMode::Off));
        assert_eq!(from_robots("User-agent: *\nDisallow: /\n"), None);
    }
}
