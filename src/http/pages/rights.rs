//! A scope in words, for the person whose rights it is about.
//!
//! In: a [`Scope`]. Out: one sentence for each rule. Must not know: HTML, OAuth.

use std::fmt::Display;

use super::texts::{RightsTexts, Texts, put};
use crate::plan::{FieldRule, ModelPattern, Operation, Rule, Scope};

/// What a credential with this scope could do.
pub(in crate::http) fn in_words(scope: &Scope, texts: &Texts) -> Vec<String> {
    let texts = &texts.rights;
    match scope {
        Scope::All => vec![texts.everything.to_owned()],
        Scope::Rules(rules) if !rules.is_empty() => rules.iter().map(|rule| sentence(rule, texts)).collect(),
        Scope::Rules(_) | Scope::Nothing => vec![texts.nothing.to_owned()],
    }
}

fn sentence(rule: &Rule, texts: &RightsTexts) -> String {
    let deeds: Vec<&str> = rule.operations.iter().map(|operation| verb(*operation, texts)).collect();
    let said = put(&put(texts.rule, "{models}", &models(&rule.models, texts)), "{deeds}", &joined(&deeds, texts.and));
    let limits: Vec<String> = [fields(&rule.fields, texts), methods(rule, texts)].into_iter().flatten().collect();
    if limits.is_empty() { said } else { format!("{said} ({})", limits.join("; ")) }
}

fn verb(operation: Operation, texts: &RightsTexts) -> &'static str {
    match operation {
        Operation::Read => texts.read,
        Operation::Create => texts.create,
        Operation::Update => texts.update,
        Operation::Delete => texts.delete,
        Operation::Execute => texts.execute,
    }
}

fn models(pattern: &ModelPattern, texts: &RightsTexts) -> String {
    match pattern {
        ModelPattern::Any => texts.any_model.to_owned(),
        ModelPattern::Below(prefix) => put(texts.models_below, "{model}", prefix.as_str()),
        ModelPattern::Exactly(model) => put(texts.one_model, "{model}", model.as_str()),
    }
}

fn fields(rule: &FieldRule, texts: &RightsTexts) -> Option<String> {
    match rule {
        FieldRule::All => None,
        FieldRule::Only(names) => Some(put(texts.only_fields, "{names}", &list(names))),
        FieldRule::Except(names) => Some(put(texts.all_fields_but, "{names}", &list(names))),
    }
}

fn methods(rule: &Rule, texts: &RightsTexts) -> Option<String> {
    let methods = rule.methods.as_ref().filter(|_| rule.operations.contains(&Operation::Execute))?;
    Some(put(texts.only_methods, "{names}", &list(methods)))
}

fn list<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// `a`, `a and b`, `a, b and c`.
fn joined(words: &[&str], and: &str) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::ENGLISH;

    fn said(json: &str) -> Vec<String> {
        in_words(&Scope::from_json(json).unwrap(), &ENGLISH)
    }

    #[test]
    fn every_rule_is_a_sentence() {
        assert_eq!(said(r#""all""#), ["do everything that you can do in Odoo yourself"]);
        assert_eq!(said(r#""nothing""#), ["do nothing yet"]);
        assert_eq!(said("[]"), ["do nothing yet"]);
        let rules = r#"[{"models": "*", "operations": ["read"]},
            {"models": "sale.*", "operations": ["update", "create"], "fields": {"except": ["note"]}},
            {"models": "res.partner", "operations": ["read", "create", "delete"], "fields": {"only": ["email", "name"]}},
            {"models": "sale.order", "operations": ["execute"], "methods": ["action_confirm"]}]"#;
        assert_eq!(
            said(rules),
            [
                "see all records, except users and settings",
                "create and change sale.* records (without note)",
                "see, create and delete res.partner records (only email, name)",
                "run actions on sale.order records (only action_confirm)",
            ]
        );
    }
}
