//! Environment variables that look like a setting but are not one: with one underscore in place of two, in lower
//! case, or without the section.
//!
//! In: a variable's name, the model. Out: a warning that names the variable and the setting that was probably
//! intended. Must not know: its value.

use toml::{Table, Value};

use super::VARIABLE_PREFIX;
use super::warnings::ConfigWarning;

/// The prefix of such a variable.
const STEM: &str = "ODOO_GATEWAY_";

/// Variables that other modules read.
const OTHER_VARIABLES: [&str; 2] = ["ODOO_GATEWAY_CONFIG", "ODOO_GATEWAY_MASTER_KEY"];

/// Returns a warning if the variable looks like a setting.
pub(super) fn warning(name: &str, model: &Table) -> Option<ConfigWarning> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix(STEM)?;
    if OTHER_VARIABLES.contains(&name) || is_from_kubernetes(rest) {
        return None;
    }
    let other = || OTHER_VARIABLES.into_iter().find(|other| *other == upper).map(str::to_owned);
    let hint = match nearest(rest, model).or_else(other) {
        Some(intended) => format!("did you mean {intended}?"),
        None => format!("the form of a setting is {VARIABLE_PREFIX}SECTION__KEY"),
    };
    Some(ConfigWarning::unknown_variable(name, &hint))
}

/// Whether Kubernetes sets the variable in every container because a service is called `odoo-gateway`.
fn is_from_kubernetes(rest: &str) -> bool {
    let port = rest.strip_prefix("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    rest == "PORT" || rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || port
}

/// The setting with the most similar name, regardless of underscores and of the section.
fn nearest(rest: &str, model: &Table) -> Option<String> {
    let words = single_underscores(rest);
    let mut settings = Vec::new();
    for (key, value) in model {
        collect(value, &key.to_ascii_uppercase(), &mut settings);
    }
    let distance = |setting: &String| {
        let full = single_underscores(setting);
        let key = setting.rsplit_once("__").map_or(setting.as_str(), |(_, key)| key);
        let unnumbered = full.replace("_0_", "_");
        [full.as_str(), unnumbered.as_str(), key].into_iter().map(|name| strsim::osa_distance(name, &words)).min()
    };
    let candidates = settings.into_iter().filter_map(|setting| Some((distance(&setting)?, setting)));
    let (distance, setting) = candidates.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + words.len() / 10).then(|| format!("{VARIABLE_PREFIX}{setting}"))
}

fn single_underscores(name: &str) -> String {
    name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Adds the names of all settings in a value.
fn collect(value: &Value, name: &str, settings: &mut Vec<String>) {
    let child = |key: &str| format!("{name}__{}", key.to_ascii_uppercase());
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| collect(value, &child(key), settings)),
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(index, value)| collect(value, &child(&index.to_string()), settings));
        }
        _ => settings.push(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning_for(name: &str) -> Option<String> {
        warning(name, &crate::config::merge::model().unwrap()).map(|warning| warning.to_string())
    }

    #[test]
    fn a_misspelled_variable_is_reported_with_the_intended_setting() {
        for (name, meant) in [
            ("ODOO_GATEWAY_SERVER_LISTEN", "ODOO_GATEWAY__SERVER__LISTEN"),
            ("ODOO_GATEWAY_SERVER__LISTEN", "ODOO_GATEWAY__SERVER__LISTEN"),
            ("odoo_gateway__server__listen", "ODOO_GATEWAY__SERVER__LISTEN"),
            ("ODOO_GATEWAY_SECRETS_MASTER_KEY_FILE", "ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE"),
            ("ODOO_GATEWAY_ODOO_DATABASE", "ODOO_GATEWAY__ODOO__0__DATABASE"),
            ("ODOO_GATEWAY_ODOO_0_URL", "ODOO_GATEWAY__ODOO__0__URL"),
            ("ODOO_GATEWAY_PUBLIC_URL", "ODOO_GATEWAY__SERVER__PUBLIC_URL"),
            ("ODOO_GATEWAY_AUTH_THROTTLE_GLOBAL_BURST", "ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST"),
            ("ODOO_GATEWAY_OPS_LISTN", "ODOO_GATEWAY__OPS__LISTEN"),
            ("odoo_gateway_config", "ODOO_GATEWAY_CONFIG"),
        ] {
            let text = warning_for(name).unwrap_or_default();
            let beginning = format!("the environment variable {name} is ignored");
            let end = format!("did you mean {meant}?");
            assert!(text.starts_with(&beginning) && text.ends_with(&end), "{name}: {text}");
        }
        let text = warning_for("ODOO_GATEWAY_COLOUR").unwrap();
        assert!(text.ends_with("the form of a setting is ODOO_GATEWAY__SECTION__KEY"), "{text}");
    }

    #[test]
    fn variables_with_another_purpose_are_not_reported() {
        for name in [
            "ODOO_GATEWAY_CONFIG",
            "ODOO_GATEWAY_MASTER_KEY",
            "ODOO_GATEWAY_SERVICE_HOST",
            "ODOO_GATEWAY_SERVICE_PORT_HTTP",
            "ODOO_GATEWAY_PORT",
            "ODOO_GATEWAY_PORT_8080_TCP_ADDR",
            "ODOO_RC",
            "HOME",
        ] {
            assert_eq!(warning_for(name), None);
        }
    }
}
