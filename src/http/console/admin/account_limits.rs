//! The part of a form for networks, rate, concurrency and expiry.
//!
//! In: a submitted form, the time. Out: [`KeyTerms`] and the expiry, or a sentence about what is wrong. Must not know:
//! what is limited.

use std::net::IpAddr;

use ipnet::IpNet;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::admin::{KeyRate, KeyTerms};
use crate::http::console::form::ConsoleForm;

/// The lifetimes on offer, in days, with their labels.
pub(super) const LIFETIMES: [(&str, &str); 5] =
    [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("never", "Never"), ("date", "On the day below")];

/// The periods of a rate, in seconds, with their labels.
pub(super) const PERIODS: [(&str, &str); 4] =
    [("1", "per second"), ("60", "per minute"), ("3600", "per hour"), ("86400", "per day")];

/// The terms of a new account.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn parse_terms(form: &ConsoleForm) -> Result<KeyTerms, String> {
    Ok(KeyTerms {
        name: form.value("name").trim().to_owned(),
        needs_login_token: form.value("needs_login_token") == "on",
        may_mint_for_others: form.value("may_mint_for_others") == "on",
        open_to_all_users: form.value("open_to_all_users") == "on",
        login_token_days: parse_number(form.value("login_token_days"), "days of a login token")?,
        networks: parse_networks(form.value("networks"))?,
        rate: parse_rate(form)?,
        concurrent: parse_number(form.value("concurrent"), "concurrent requests")?,
    })
}

fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parse = |text: &str| {
        let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network.ok_or_else(|| format!("{text:?} is no address and no network, such as 192.0.2.7 or 192.0.2.0/24."))
    };
    text.split([',', ' ', '\n', '\r', '\t']).filter(|text| !text.is_empty()).map(parse).collect()
}

fn parse_rate(form: &ConsoleForm) -> Result<Option<KeyRate>, String> {
    let Some(requests) = parse_number(form.value("rate"), "requests")? else { return Ok(None) };
    let is_offered = |seconds: &&str| PERIODS.iter().any(|(known, _)| known == seconds);
    let seconds = Some(form.value("period")).filter(is_offered).and_then(|seconds| seconds.parse().ok());
    let seconds = seconds.ok_or("Choose the period of the rate.")?;
    let burst = parse_number(form.value("burst"), "requests at once")?.unwrap_or(requests);
    Ok(Some(KeyRate { requests, seconds, burst }))
}

/// A number that may be missing.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn parse_number(text: &str, what: &str) -> Result<Option<u32>, String> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(0) | Err(_) => Err(format!("The number of {what} must be a whole number from 1 to {}.", u32::MAX)),
            Ok(number) => Ok(Some(number)),
        },
    }
}

/// The expiry of a new account; `None`: never.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn parse_expiry(form: &ConsoleForm, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, String> {
    match form.value("expires") {
        "never" => Ok(None),
        "date" => {
            let day = Date::parse(form.value("expires_on").trim(), format_description!("[year]-[month]-[day]"));
            let day = day.map_err(|_| "Enter the day of the expiry as YYYY-MM-DD.")?;
            let end = day.midnight().assume_utc();
            if end > now { Ok(Some(end)) } else { Err("The day of the expiry is in the past.".to_owned()) }
        }
        days if LIFETIMES.iter().any(|(known, _)| *known == days) => {
            Ok(days.parse().ok().and_then(|days| now.checked_add(Duration::days(days))))
        }
        _ => Err("Choose when it expires.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> ConsoleForm {
        ConsoleForm::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn limits_are_parsed() {
        let terms = parse_terms(&form(
            "name=+shop+&networks=192.0.2.7,+2001:db8::/32&rate=100&period=60&concurrent=3&needs_login_token=on",
        ));
        let terms = terms.unwrap();
        assert_eq!((terms.name.as_str(), terms.needs_login_token, terms.may_mint_for_others), ("shop", true, false));
        let networks: Vec<String> = terms.networks.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["192.0.2.7/32", "2001:db8::/32"]);
        assert_eq!(terms.rate, Some(KeyRate { requests: 100, seconds: 60, burst: 100 }));
        assert_eq!(terms.concurrent, Some(3));
        let empty = parse_terms(&form("networks=&rate=&concurrent=+")).unwrap();
        assert_eq!((empty.networks.len(), empty.rate, empty.concurrent), (0, None, None));
    }

    #[test]
    fn wrong_limits_are_explained() {
        for (text, reason) in [
            ("networks=shop.example", "shop.example"),
            ("rate=0&period=60", "requests"),
            ("rate=5&period=7", "period"),
            ("rate=5&period=60&burst=x", "at once"),
            ("concurrent=-1", "concurrent"),
        ] {
            let error = parse_terms(&form(text)).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn an_expiry_is_a_lifetime_a_day_or_never() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let days = |text: &str| parse_expiry(&form(text), now).map(|end| end.map(|end| (end - now).whole_days()));
        assert_eq!(days("expires=30"), Ok(Some(30)));
        assert_eq!(days("expires=never"), Ok(None));
        assert_eq!(days("expires=date&expires_on=1970-01-11"), Ok(Some(10)));
        for wrong in ["", "expires=31", "expires=date", "expires=date&expires_on=1969-12-31"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
