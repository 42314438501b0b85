//! Settings that are written as text: durations, sizes, addresses, URLs, and lists of them.
//!
//! In: the text of one setting. Out: its typed value, or what was expected and found. Must not know: which setting it
//! is.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::language::SyntaxError;
use crate::language::selection::Selection;

/// Outside texts are quoted up to here.
const EXCERPT: usize = 64;

/// `"150ms"`, `"5s"`, `"2m"`, `"1h 30m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    parsed(source, "a duration such as \"5s\" or \"150ms\"", |text| humantime::parse_duration(text).ok())
}

/// `"64KiB"`, `"32MiB"`, in bytes.
pub(super) fn size<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    parsed(source, "a size such as \"32MiB\"", |text| text.parse::<ByteSize>().ok().map(|size| size.as_u64()))
}

/// `"127.0.0.1:8080"`, `"[::1]:8080"`.
pub(super) fn socket<'de, D: Deserializer<'de>>(source: D) -> Result<SocketAddr, D::Error> {
    parsed(source, "an IP address and a port such as \"127.0.0.1:8080\"", |text| text.parse().ok())
}

/// A whole number of things, none to 4,294,967,295.
pub(super) fn count<'de, D: Deserializer<'de>>(source: D) -> Result<u32, D::Error> {
    let number = i64::deserialize(source)?;
    u32::try_from(number)
        .map_err(|_| D::Error::custom(format!("expected a number from 0 to {}, found {number}", u32::MAX)))
}

/// An absolute URL over HTTP that names a place and nothing else: no user, query or fragment. Never quoted: what does
/// not belong there may be a password.
pub(super) fn web_url<'de, D: Deserializer<'de>>(source: D) -> Result<Url, D::Error> {
    place(&String::deserialize(source)?).map_err(D::Error::custom)
}

/// The same, or nothing.
pub(super) fn optional_web_url<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(source)?;
    if text.is_empty() { Ok(None) } else { place(&text).map(Some).map_err(D::Error::custom) }
}

fn place(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|cause| format!("expected a URL such as \"https://host:port\": {cause}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        Err("expected a URL that starts with http:// or https://".to_owned())
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("a user or password does not belong into this URL".to_owned())
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("`?` and `#` do not belong into this URL".to_owned())
    } else {
        Ok(url)
    }
}

/// Host names or addresses, as a client says them in `Host`, in lower case. Without a port, every port is meant.
pub(super) fn hosts<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    each(source, "a host such as \"api.example.com\" or \"localhost:8080\"", |text| {
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let authority_only = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let plain = !text.contains(['/', '@', '?', '#', '*']) && !text.is_empty();
        (authority_only && plain).then(|| text.to_ascii_lowercase())
    })
}

/// Exact origins of browser pages, as a browser says them in `Origin`.
pub(super) fn origins<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    each(source, "an exact origin such as \"https://app.example.com\"", |text| {
        let origin = Url::parse(text).ok().filter(|url| url.scheme().starts_with("http"))?.origin();
        (origin.ascii_serialization() == text).then(|| text.to_owned())
    })
}

/// Networks; a bare address is a network of one.
pub(super) fn networks<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<IpNet>, D::Error> {
    each(source, "an address or a network such as \"10.0.0.0/8\"", |text| {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    })
}

/// A filter of the log, in the syntax of `tracing`.
pub(super) fn log_filter<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    parsed(source, "a log filter such as \"info,crate::odoo=debug\"", |text| {
        EnvFilter::try_new(text).ok().map(|_| text.to_owned())
    })
}

/// A schema of answers, in tuples or in braces, or nothing.
pub(super) fn optional_schema<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Selection>, D::Error> {
    let text = String::deserialize(source)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let told = |error: SyntaxError| match &error.hint {
        Some(hint) => D::Error::custom(format!("{error}; {hint}")),
        None => D::Error::custom(error),
    };
    Selection::read_schema(&text).map(Some).map_err(told)
}

/// A secret, or nothing.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(source)?;
    Ok((!text.is_empty()).then(|| SecretString::from(text)))
}

/// A path, or nothing.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(source: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(source)?;
    Ok((!text.is_empty()).then(|| text.into()))
}

fn parsed<'de, D, T>(source: D, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(source)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("expected {expected}, found {}", excerpt(&text))))
}

/// Reads a list and reports every element that does not fit, not only the first.
fn each<'de, D, T>(source: D, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(source)?;
    let bad: Vec<String> = texts.iter().filter(|text| parse(text).is_none()).map(|text| excerpt(text)).collect();
    if bad.is_empty() {
        return Ok(texts.iter().filter_map(|text| parse(text)).collect());
    }
    Err(D::Error::custom(format!("expected {expected}, found {}", bad.join(", "))))
}

fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(EXCERPT).collect::<String>())
}
