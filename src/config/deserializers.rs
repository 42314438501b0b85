//! Deserializers for settings that are written as strings: durations, sizes, addresses, URLs, and lists of them.
//!
//! In: the value of one setting. Out: the typed value, or an error with what was expected and found. Must not know:
//! which setting it is.

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

/// Error messages quote at most this many characters of a value.
const EXCERPT: usize = 64;

/// `"150ms"`, `"5s"`, `"2m"`, `"1h 30m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    parsed(source, "a duration such as \"5s\" or \"150ms\"", |text| humantime::parse_duration(text).ok())
}

/// `"64KiB"`, `"32MiB"`; returns bytes.
pub(super) fn size<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    parsed(source, "a size such as \"32MiB\"", |text| text.parse::<ByteSize>().ok().map(|size| size.as_u64()))
}

/// `"127.0.0.1:8080"`, `"[::1]:8080"`.
pub(super) fn socket<'de, D: Deserializer<'de>>(source: D) -> Result<SocketAddr, D::Error> {
    parsed(source, "an IP address and a port such as \"127.0.0.1:8080\"", |text| text.parse().ok())
}

/// An integer from 0 to 4,294,967,295.
pub(super) fn count<'de, D: Deserializer<'de>>(source: D) -> Result<u32, D::Error> {
    let number = i64::deserialize(source)?;
    u32::try_from(number)
        .map_err(|_| D::Error::custom(format!("expected an integer from 0 to {}, found {number}", u32::MAX)))
}

/// An absolute HTTP URL without user, query and fragment. Errors do not quote it, because it may contain a password.
pub(super) fn web_url<'de, D: Deserializer<'de>>(source: D) -> Result<Url, D::Error> {
    base_url(&String::deserialize(source)?).map_err(D::Error::custom)
}

/// The same, or an empty string.
pub(super) fn optional_web_url<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(source)?;
    if text.is_empty() { Ok(None) } else { base_url(&text).map(Some).map_err(D::Error::custom) }
}

fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|cause| format!("expected a URL such as \"https://host:port\": {cause}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        Err("expected a URL that starts with http:// or https://".to_owned())
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("this URL must not contain a user or password".to_owned())
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("this URL must not contain a query or fragment".to_owned())
    } else {
        Ok(url)
    }
}

/// `Host` values in lower case: names or addresses with an optional port. A value without a port matches every port.
pub(super) fn hosts<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    each(source, "a host such as \"api.example.com\" or \"localhost:8080\"", |text| {
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let authority_only = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let plain = !text.contains(['/', '@', '?', '#', '*']) && !text.is_empty();
        (authority_only && plain).then(|| text.to_ascii_lowercase())
    })
}

/// Exact origins of browser pages, in the form of the `Origin` header.
pub(super) fn origins<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    each(source, "an exact origin such as \"https://app.example.com\"", |text| {
        let origin = Url::parse(text).ok().filter(|url| url.scheme().starts_with("http"))?.origin();
        (origin.ascii_serialization() == text).then(|| text.to_owned())
    })
}

/// Networks. A single address is a network with one address.
pub(super) fn networks<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<IpNet>, D::Error> {
    each(source, "an address or a network such as \"10.0.0.0/8\"", |text| {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    })
}

/// A share from `"0"` to `"1"`, such as `"0.05"`.
pub(super) fn share<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
    parsed(source, "a number from \"0\" to \"1\" such as \"0.05\"", |text| {
        text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
    })
}

/// Names and values, each as `name=value`.
pub(super) fn attributes<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<(String, String)>, D::Error> {
    each(source, "an attribute such as \"name=value\"", |text| {
        let (name, value) = text.split_once('=')?;
        (!name.trim().is_empty()).then(|| (name.trim().to_owned(), value.trim().to_owned()))
    })
}

/// A log filter in the syntax of `tracing-subscriber`.
pub(super) fn log_filter<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    parsed(source, "a log filter such as \"info,odoo_gateway::odoo=debug\"", |text| {
        EnvFilter::try_new(text).ok().map(|_| text.to_owned())
    })
}

/// A response schema in tuples or braces, or an empty string.
pub(super) fn optional_schema<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Selection>, D::Error> {
    let text = String::deserialize(source)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let with_hint = |error: SyntaxError| match &error.hint {
        Some(hint) => D::Error::custom(format!("{error}; {hint}")),
        None => D::Error::custom(error),
    };
    Selection::parse_schema(&text).map(Some).map_err(with_hint)
}

/// A secret, or an empty string.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(source)?;
    Ok((!text.is_empty()).then(|| SecretString::from(text)))
}

/// A path, or an empty string.
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

/// Deserializes a list and reports every invalid element, not only the first one.
fn each<'de, D, T>(source: D, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(source)?;
    let invalid: Vec<String> = texts.iter().filter(|text| parse(text).is_none()).map(|text| excerpt(text)).collect();
    if invalid.is_empty() {
        return Ok(texts.iter().filter_map(|text| parse(text)).collect());
    }
    Err(D::Error::custom(format!("expected {expected}, found {}", invalid.join(", "))))
}

fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(EXCERPT).collect::<String>())
}
