//! The result of checking one part.
//!
//! In: a kind of finding, what is wrong, what to do. Out: lines for people, an object for programs. Must not know: how
//! parts are checked.

use std::fmt;

use serde::Serialize;

use super::finding_kind::{FindingKind, FindingStatus};
use crate::config::{ConfigWarning, SettingLine};

/// The result of checking one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part, such as `store` or `odoo live (https://erp.example/)`.
    pub part: String,
    /// Whether it works.
    pub status: FindingStatus,
    /// What works, or what is wrong.
    pub text: String,
    /// What all findings but those of status `ok` have.
    #[serde(flatten)]
    advice: Option<Advice>,
}

/// What a finding means, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Advice {
    /// The stable name of this kind of finding.
    code: &'static str,
    /// Why it matters.
    why: &'static str,
    /// What to do.
    change: String,
    /// The line of the configuration file to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<String>,
    /// The same setting as an environment variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
}

impl Finding {
    /// A part that works.
    pub(super) fn ok(part: &str, text: impl Into<String>) -> Self {
        Self { part: part.to_owned(), status: FindingStatus::Ok, text: text.into(), advice: None }
    }

    /// A part that needs attention: what is wrong, and what to do.
    pub(super) fn new(kind: FindingKind, part: &str, text: impl Into<String>, change: impl Into<String>) -> Self {
        let advice =
            Advice { code: kind.code(), why: kind.why(), change: change.into(), setting: None, variable: None };
        Self { part: part.to_owned(), status: kind.status(), text: text.into(), advice: Some(advice) }
    }

    /// The finding with the line of the configuration to change.
    pub(super) fn with_setting(mut self, line: &SettingLine) -> Self {
        if let Some(advice) = &mut self.advice {
            advice.setting = Some(line.to_string());
            advice.variable = Some(line.variable());
        }
        self
    }
}

impl From<ConfigWarning> for Finding {
    fn from(warning: ConfigWarning) -> Self {
        let ConfigWarning { code, text, why, change, setting } = warning;
        let (line, variable) = setting.map(|line| (line.to_string(), line.variable())).unzip();
        let advice = Advice { code, why, change, setting: line, variable };
        Self { part: "settings".to_owned(), status: FindingStatus::Warning, text, advice: Some(advice) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            FindingStatus::Ok => "ok",
            FindingStatus::Skipped => "skipped",
            FindingStatus::Warning => "warning",
            FindingStatus::Failed => "FAILED",
        };
        write!(out, "{status:8} {}: {}", self.part, self.text)?;
        self.advice.as_ref().map_or(Ok(()), |advice| advice.fmt(out))
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\n{:9}Why: {}\n{:9}Do:  {}", "", self.why, "", self.change)?;
        if let Some(line) = &self.setting {
            write!(out, "\n{:9}Set: {line}", "")?;
        }
        if let Some(variable) = &self.variable {
            write!(out, "\n{:9}or   {variable}", "")?;
        }
        write!(out, "\n{:9}Id:  {}", "", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_explains_itself_to_people_and_programs() {
        let line = SettingLine::new("server", "trusted_proxies", vec!["10.0.0.5"]);
        let kind = FindingKind::ProxyNotTrusted;
        let finding = Finding::new(kind, "proxy", "it is not trusted", "trust it").with_setting(&line);
        let expected = format!(
            "warning  proxy: it is not trusted
         Why: {}
         Do:  trust it
         Set: [server] trusted_proxies = [\"10.0.0.5\"]
         or   ODOO_GATEWAY__SERVER__TRUSTED_PROXIES=10.0.0.5
         Id:  proxy-not-trusted",
            kind.why()
        );
        assert_eq!(finding.to_string(), expected);
        let json = serde_json::to_value(&finding).unwrap();
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["part", "status", "text", "code", "why", "change", "setting", "variable"]);
        assert_eq!(
            serde_json::to_string(&Finding::ok("store", "works")).unwrap(),
            r#"{"part":"store","status":"ok","text":"works"}"#
        );
    }
}
