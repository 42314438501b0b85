//! A scope in plain English, for the user who approves it.
//!
//! In: a [`Scope`]. Out: one phrase for each rule. Must not know: HTML, OAuth.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::messages::{Messages, PermissionMessages, insert};
use crate::names::MethodName;
use crate::plan::{FieldRule, ModelPattern, OAuthScope, OAuthScopeToken, Operation, Rule, Scope};

/// What an application with this scope can do.
pub(in crate::http) fn describe_scope(scope: &Scope, messages: &Messages) -> Vec<String> {
    let permissions = match scope {
        Scope::All => return vec![messages.permissions.everything.to_owned()],
        Scope::Nothing => Vec::new(),
        Scope::Rules(rules) => rules.iter().map(Permission::from_rule).collect(),
        Scope::Narrowed(narrowed) => match &narrowed.only {
            OAuthScope::All => return describe_scope(&narrowed.within, messages),
            OAuthScope::Only(tokens) => narrowed_permissions(&narrowed.within, tokens),
        },
    };
    if permissions.is_empty() {
        return vec![messages.permissions.nothing.to_owned()];
    }
    permissions.iter().map(|permission| permission.phrase(&messages.permissions)).collect()
}

/// Operations, and the records they apply to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Permission<'s> {
    /// `None`: all models.
    models: Option<&'s ModelPattern>,
    operations: BTreeSet<Operation>,
    methods: Option<&'s BTreeSet<MethodName>>,
    fields: &'s FieldRule,
}

/// The part of a scope that the OAuth scope tokens leave. Operations on the same records are one permission.
fn narrowed_permissions<'s>(within: &'s Scope, tokens: &'s BTreeSet<OAuthScopeToken>) -> Vec<Permission<'s>> {
    let rules: &[Rule] = if let Scope::Rules(rules) = within { rules } else { &[] };
    let mut permissions: Vec<Permission<'s>> = Vec::new();
    for token in tokens {
        let unrestricted = within.is_all().then(|| Permission::from_token(token));
        for permission in
            unrestricted.into_iter().chain(rules.iter().filter_map(|rule| Permission::intersect(rule, token)))
        {
            match permissions.iter_mut().find(|known| known.has_same_records(&permission)) {
                Some(known) => known.operations.extend(permission.operations),
                None => permissions.push(permission),
            }
        }
    }
    permissions
}

impl<'s> Permission<'s> {
    fn from_rule(rule: &'s Rule) -> Self {
        let (operations, methods) = (rule.operations.clone(), rule.methods.as_ref());
        Self { models: Some(&rule.models), operations, methods, fields: &rule.fields }
    }

    fn from_token(token: &'s OAuthScopeToken) -> Self {
        let operations = BTreeSet::from([token.operation]);
        Self { models: token.models.as_ref(), operations, methods: None, fields: &FieldRule::All }
    }

    /// What both allow. `None` if neither pattern contains the other.
    fn intersect(rule: &'s Rule, token: &'s OAuthScopeToken) -> Option<Self> {
        let models = match &token.models {
            Some(requested) if rule.models.covers(requested) => requested,
            Some(requested) if !requested.covers(&rule.models) => return None,
            _ => &rule.models,
        };
        let operations = BTreeSet::from([token.operation]);
        rule.operations.contains(&token.operation).then(|| Self {
            models: Some(models),
            operations,
            ..Self::from_rule(rule)
        })
    }

    fn has_same_records(&self, other: &Self) -> bool {
        (self.models, self.methods, self.fields) == (other.models, other.methods, other.fields)
    }

    fn phrase(&self, messages: &PermissionMessages) -> String {
        let actions: Vec<&str> =
            self.operations.iter().map(|operation| operation_phrase(*operation, messages)).collect();
        let models =
            self.models.map_or_else(|| messages.all_records.to_owned(), |models| models_phrase(models, messages));
        let phrase = insert(&insert(messages.rule, "{models}", &models), "{actions}", &join(&actions, messages.and));
        let methods = self.methods.filter(|_| self.operations.contains(&Operation::Execute));
        let methods = methods.map(|methods| insert(messages.only_methods, "{names}", &join_names(methods)));
        let limits: Vec<String> = [fields_phrase(self.fields, messages), methods].into_iter().flatten().collect();
        if limits.is_empty() { phrase } else { format!("{phrase} ({})", limits.join("; ")) }
    }
}

fn operation_phrase(operation: Operation, messages: &PermissionMessages) -> &'static str {
    match operation {
        Operation::Read => messages.read,
        Operation::Create => messages.create,
        Operation::Update => messages.update,
        Operation::Delete => messages.delete,
        Operation::Execute => messages.execute,
    }
}

fn models_phrase(pattern: &ModelPattern, messages: &PermissionMessages) -> String {
    match pattern {
        ModelPattern::Any => messages.any_model.to_owned(),
        ModelPattern::Prefix(prefix) => insert(messages.models_below, "{model}", prefix.as_str()),
        ModelPattern::Exact(model) => insert(messages.one_model, "{model}", model.as_str()),
    }
}

fn fields_phrase(rule: &FieldRule, messages: &PermissionMessages) -> Option<String> {
    match rule {
        FieldRule::All => None,
        FieldRule::Only(names) => Some(insert(messages.only_fields, "{names}", &join_names(names))),
        FieldRule::Except(names) => Some(insert(messages.all_fields_but, "{names}", &join_names(names))),
    }
}

fn join_names<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// `a`, `a and b`, `a, b and c`.
fn join(phrases: &[&str], and: &str) -> String {
    match phrases.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        _ => phrases.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::ENGLISH;

    fn describe(json: &str) -> Vec<String> {
        describe_scope(&Scope::from_json(json).unwrap(), &ENGLISH)
    }

    #[test]
    fn narrowed_scope_is_described() {
        let narrowed = |scope: &str, tokens: &str| {
            let narrowed = Scope::from_json(scope).unwrap().narrowed(OAuthScope::parse(tokens).unwrap()).unwrap();
            describe_scope(&narrowed, &ENGLISH)
        };
        assert_eq!(narrowed(r#""all""#, "all"), ["do everything that you can do in Odoo yourself"]);
        assert_eq!(narrowed(r#""all""#, "read update"), ["read and update all records"]);
        assert_eq!(
            narrowed(r#""all""#, "read create:sale.* update:sale.*"),
            ["read all records", "create and update sale.* records"]
        );
        let rules = r#"[{"models": "*", "operations": ["read"]},
            {"models": "sale.*", "operations": ["read", "update"], "fields": {"except": ["note"]}}]"#;
        assert_eq!(
            narrowed(rules, "read:sale.order update"),
            [
                "read sale.order records",
                "read sale.order records (without note)",
                "update sale.* records (without note)"
            ]
        );
    }

    #[test]
    fn every_rule_is_one_phrase() {
        assert_eq!(describe(r#""all""#), ["do everything that you can do in Odoo yourself"]);
        assert_eq!(describe(r#""nothing""#), ["do nothing yet"]);
        assert_eq!(describe("[]"), ["do nothing yet"]);
        let rules = r#"[{"models": "*", "operations": ["read"]},
            {"models": "sale.*", "operations": ["update", "create"], "fields": {"except": ["note"]}},
            {"models": "res.partner", "operations": ["read", "create", "delete"], "fields": {"only": ["email", "name"]}},
            {"models": "sale.order", "operations": ["execute"], "methods": ["action_confirm"]}]"#;
        assert_eq!(
            describe(rules),
            [
                "read all records, except users and settings",
                "create and update sale.* records (without note)",
                "read, create and delete res.partner records (only email, name)",
                "call methods of sale.order records (only action_confirm)",
            ]
        );
    }
}
