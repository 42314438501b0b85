//! A section and a line that an operator should write below it, and the same setting as an environment variable.
//!
//! In: a section, a key, a value. Out: text for people. Must not know: why the line is proposed.

use std::fmt;

use toml::Value;

use super::VARIABLE_PREFIX;

/// A setting to write, for example `[server] trusted_proxies = ["10.0.0.5"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingLine {
    section: &'static str,
    /// The number of the entry, in a list of sections such as `[[odoo]]`.
    index: Option<usize>,
    key: &'static str,
    value: Value,
}

impl SettingLine {
    /// A key of a section such as `[server]`.
    #[must_use]
    pub fn new(section: &'static str, key: &'static str, value: impl Into<Value>) -> Self {
        Self { section, index: None, key, value: value.into() }
    }

    /// A key of the entry of `[[odoo]]` with this index.
    #[must_use]
    pub fn of_odoo(index: usize, key: &'static str, value: impl Into<Value>) -> Self {
        Self { section: "odoo", index: Some(index), key, value: value.into() }
    }

    /// The environment variable that has the same effect, with its value.
    #[must_use]
    pub fn variable(&self) -> String {
        let section = self.section.to_ascii_uppercase();
        let index = self.index.map(|index| format!("{index}__")).unwrap_or_default();
        format!("{VARIABLE_PREFIX}{section}__{index}{}={}", self.key.to_ascii_uppercase(), plain(&self.value))
    }
}

/// A value as variables contain it: texts without quotes, lists with commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

impl fmt::Display for SettingLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(_) => write!(out, "[[{}]] {} = {}", self.section, self.key, self.value),
            None => write!(out, "[{}] {} = {}", self.section, self.key, self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_form_of_the_file_and_of_a_variable() {
        let line = SettingLine::new("server", "trusted_proxies", vec!["10.0.0.5", "10.0.1.0/24"]);
        assert_eq!(line.to_string(), r#"[server] trusted_proxies = ["10.0.0.5", "10.0.1.0/24"]"#);
        assert_eq!(line.variable(), "ODOO_GATEWAY__SERVER__TRUSTED_PROXIES=10.0.0.5,10.0.1.0/24");
        let line = SettingLine::of_odoo(1, "concurrency", 4);
        assert_eq!(line.to_string(), "[[odoo]] concurrency = 4");
        assert_eq!(line.variable(), "ODOO_GATEWAY__ODOO__1__CONCURRENCY=4");
    }
}
