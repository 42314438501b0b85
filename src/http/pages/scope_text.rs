//! A scope in words, for the person whose rights it is about.
//!
//! In: a [`Scope`]. Out: one sentence for each rule. Must not know: HTML, OAuth.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::messages::{RightsTexts, Texts, put};
use crate::names::MethodName;
use crate::plan::{FieldRule, ModelPattern, Operation, Rule, Scope, ScopeWord, ScopeWords};

/// What a credential with this scope could do.
pub(in crate::http) fn in_words(scope: &Scope, texts: &Texts) -> Vec<String> {
    let rights = match scope {
        Scope::All => return vec![texts.rights.everything.to_owned()],
        Scope::Nothing => Vec::new(),
        Scope::Rules(rules) => rules.iter().map(Right::of_rule).collect(),
        Scope::Narrowed(narrowed) => match &narrowed.only {
            ScopeWords::All => return in_words(&narrowed.within, texts),
            ScopeWords::Only(words) => narrowed_rights(&narrowed.within, words),
        },
    };
    if rights.is_empty() {
        return vec![texts.rights.nothing.to_owned()];
    }
    rights.iter().map(|right| right.sentence(&texts.rights)).collect()
}

/// What may be done, to what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right<'s> {
    /// `None`: to everything.
    models: Option<&'s ModelPattern>,
    operations: BTreeSet<Operation>,
    methods: Option<&'s BTreeSet<MethodName>>,
    fields: &'s FieldRule,
}

/// What the words leave of a scope; what is done to the same is one right.
fn narrowed_rights<'s>(within: &'s Scope, words: &'s BTreeSet<ScopeWord>) -> Vec<Right<'s>> {
    let rules: &[Rule] = if let Scope::Rules(rules) = within { rules } else { &[] };
    let mut rights: Vec<Right<'s>> = Vec::new();
    for word in words {
        let whole = within.is_all().then(|| Right::of_word(word));
        for right in whole.into_iter().chain(rules.iter().filter_map(|rule| Right::of_both(rule, word))) {
            match rights.iter_mut().find(|known| known.is_about_the_same(&right)) {
                Some(known) => known.operations.extend(right.operations),
                None => rights.push(right),
            }
        }
    }
    rights
}

impl<'s> Right<'s> {
    fn of_rule(rule: &'s Rule) -> Self {
        let (operations, methods) = (rule.operations.clone(), rule.methods.as_ref());
        Self { models: Some(&rule.models), operations, methods, fields: &rule.fields }
    }

    fn of_word(word: &'s ScopeWord) -> Self {
        let operations = BTreeSet::from([word.operation]);
        Self { models: word.models.as_ref(), operations, methods: None, fields: &FieldRule::All }
    }

    /// What both allow; nothing where neither pattern lies within the other.
    fn of_both(rule: &'s Rule, word: &'s ScopeWord) -> Option<Self> {
        let models = match &word.models {
            Some(asked) if rule.models.covers(asked) => asked,
            Some(asked) if !asked.covers(&rule.models) => return None,
            _ => &rule.models,
        };
        let operations = BTreeSet::from([word.operation]);
        rule.operations.contains(&word.operation).then(|| Self {
            models: Some(models),
            operations,
            ..Self::of_rule(rule)
        })
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        (self.models, self.methods, self.fields) == (other.models, other.methods, other.fields)
    }

    fn sentence(&self, texts: &RightsTexts) -> String {
        let deeds: Vec<&str> = self.operations.iter().map(|operation| verb(*operation, texts)).collect();
        let models = self.models.map_or_else(|| texts.everything_there_is.to_owned(), |models| kinds(models, texts));
        let said = put(&put(texts.rule, "{models}", &models), "{deeds}", &joined(&deeds, texts.and));
        let methods = self.methods.filter(|_| self.operations.contains(&Operation::Execute));
        let methods = methods.map(|methods| put(texts.only_methods, "{names}", &list(methods)));
        let limits: Vec<String> = [fields(self.fields, texts), methods].into_iter().flatten().collect();
        if limits.is_empty() { said } else { format!("{said} ({})", limits.join("; ")) }
    }
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

fn kinds(pattern: &ModelPattern, texts: &RightsTexts) -> String {
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
    fn words_narrow_what_is_said() {
        let narrowed = |scope: &str, words: &str| {
            let narrowed = Scope::from_json(scope).unwrap().narrowed(ScopeWords::parse(words).unwrap()).unwrap();
            in_words(&narrowed, &ENGLISH)
        };
        assert_eq!(narrowed(r#""all""#, "all"), ["do everything that you can do in Odoo yourself"]);
        assert_eq!(narrowed(r#""all""#, "read update"), ["see and change all records"]);
        assert_eq!(
            narrowed(r#""all""#, "read create:sale.* update:sale.*"),
            ["see all records", "create and change sale.* records"]
        );
        let rules = r#"[{"models": "*", "operations": ["read"]},
            {"models": "sale.*", "operations": ["read", "update"], "fields": {"except": ["note"]}}]"#;
        assert_eq!(
            narrowed(rules, "read:sale.order update"),
            ["see sale.order records", "see sale.order records (without note)", "change sale.* records (without note)"]
        );
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
