//! Variables of the environment that look like a setting and are none: with one underscore where two belong, in small
//! letters, without the section.
//!
//! In: a variable's name, the model. Out: a sentence that names it, and the setting it was probably meant for. Must not
//! know: its value.

use toml::{Table, Value};

use super::environment::PREFIX;

/// What all of them begin with.
const STEM: &str = "ODOO_GATEWAY_";

/// Read elsewhere.
const OTHERS: [&str; 2] = ["ODOO_GATEWAY_CONFIG", "ODOO_GATEWAY_MASTER_KEY"];

/// The sentence, where the variable looks like a setting.
pub(super) fn describe(name: &str, model: &Table) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix(STEM)?;
    if OTHERS.contains(&name) || is_of_kubernetes(rest) {
        return None;
    }
    let meant = nearest(rest, model).or_else(|| OTHERS.into_iter().find(|other| *other == upper).map(str::to_owned));
    let meant = meant
        .map_or_else(|| format!("settings are written {PREFIX}SECTION__KEY"), |meant| format!("did you mean {meant}?"));
    Some(format!("{name} in the environment is not a setting and is ignored: {meant}"))
}

/// What Kubernetes sets for every container when a service is called `odoo-gateway`.
fn is_of_kubernetes(rest: &str) -> bool {
    let port = rest.strip_prefix("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    rest == "PORT" || rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || port
}

/// The setting whose name is the same but for underscores and the section, or nearly.
fn nearest(rest: &str, model: &Table) -> Option<String> {
    let words = single_underscores(rest);
    let mut settings = Vec::new();
    for (key, value) in model {
        collect(value, &key.to_ascii_uppercase(), &mut settings);
    }
    let distance = |setting: &String| {
        let whole = single_underscores(setting);
        let key = setting.rsplit_once("__").map_or(setting.as_str(), |(_, key)| key);
        let unnumbered = whole.replace("_0_", "_");
        [whole.as_str(), unnumbered.as_str(), key].into_iter().map(|name| strsim::osa_distance(name, &words)).min()
    };
    let near = settings.into_iter().filter_map(|setting| Some((distance(&setting)?, setting)));
    let (distance, setting) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + words.len() / 10).then(|| format!("{PREFIX}{setting}"))
}

fn single_underscores(name: &str) -> String {
    name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// The names of all settings below a value.
fn collect(value: &Value, name: &str, settings: &mut Vec<String>) {
    let below = |key: &str| format!("{name}__{}", key.to_ascii_uppercase());
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| collect(value, &below(key), settings)),
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(index, value)| collect(value, &below(&index.to_string()), settings));
        }
        _ => settings.push(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<String> {
        describe(name, &crate::config::merge::model().unwrap())
    }

    #[test]
    fn a_variable_that_is_nearly_a_setting_is_named_with_the_setting() {
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
            let said = of(name).unwrap_or_default();
            assert!(said.starts_with(name) && said.ends_with(&format!("did you mean {meant}?")), "{name}: {said}");
        }
        assert!(of("ODOO_GATEWAY_COLOUR").unwrap().ends_with("settings are written ODOO_GATEWAY__SECTION__KEY"));
    }

    #[test]
    fn what_others_set_or_read_is_left_alone() {
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
            assert_eq!(of(name), None);
        }
    }
}
