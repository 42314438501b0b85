//! The part of a form that builds a scope from the models and fields of the live Odoo.
//!
//! ```text
//! scope                "all" | "rules"
//! model                res.partner | sale.* | *    once for each chosen rule
//! operations:MODEL     read | create | …           once for each allowed operation
//! fields:MODEL         "all" | "only" | "except"
//! field:MODEL          email                       once for each field
//! methods:MODEL        names, separated by commas or spaces; empty: all
//! find                 the text to search models for
//! step                 "add:MODEL" | "remove:MODEL" | others, which change nothing here
//! ```
//!
//! In: a submitted form; models and fields as the administrator sees them in Odoo. Out: [`ScopeDraft`], the scope as
//! JSON, and what a template displays. Must not know: what the scope is for.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use serde_json::{Value, json};

use crate::http::console::form::ConsoleForm;
use crate::http::console::user::ConsoleUser;
use crate::names::ModelName;
use crate::odoo::{Database, FoundModel};
use crate::plan::{FieldRule, ModelPattern, Operation, Rule, Scope};

/// The most rules that a form builds.
const MAX_RULES: usize = 20;

/// The operations with their labels.
const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Read, "Read"),
    (Operation::Create, "Create"),
    (Operation::Update, "Update"),
    (Operation::Delete, "Delete"),
    (Operation::Execute, "Call methods"),
];

/// Which fields a rule allows, with labels.
const FIELD_MODES: [(&str, &str); 3] =
    [("all", "All fields"), ("only", "Only chosen fields"), ("except", "All except chosen fields")];

/// A scope that is being built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http::console) struct ScopeDraft {
    /// Everything that the user may do, instead of the rules.
    pub everything: bool,
    rules: Vec<RuleDraft>,
    /// The text to search models for.
    pub search: String,
}

/// A rule that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RuleDraft {
    models: String,
    operations: BTreeSet<String>,
    mode: String,
    fields: BTreeSet<String>,
    methods: String,
}

impl RuleDraft {
    /// A new rule allows to read.
    fn new(models: &str) -> Self {
        Self {
            models: models.to_owned(),
            operations: [Operation::Read.as_str().to_owned()].into(),
            mode: "all".to_owned(),
            fields: BTreeSet::new(),
            methods: String::new(),
        }
    }

    fn from_form(form: &ConsoleForm, models: &str) -> Self {
        let chosen = |name: &str| form.values(&format!("{name}:{models}")).map(str::to_owned).collect();
        Self {
            operations: chosen("operations"),
            mode: form.value(&format!("fields:{models}")).to_owned(),
            fields: chosen("field"),
            methods: form.value(&format!("methods:{models}")).trim().to_owned(),
            models: models.to_owned(),
        }
    }

    fn from_rule(rule: &Rule) -> Self {
        let (mode, fields) = match &rule.fields {
            FieldRule::All => ("all", BTreeSet::new()),
            FieldRule::Only(names) => ("only", names.iter().map(ToString::to_string).collect()),
            FieldRule::Except(names) => ("except", names.iter().map(ToString::to_string).collect()),
        };
        let methods = rule.methods.iter().flatten().map(ToString::to_string).collect::<Vec<_>>();
        Self {
            models: rule.models.to_string(),
            operations: rule.operations.iter().map(|operation| operation.as_str().to_owned()).collect(),
            mode: mode.to_owned(),
            fields,
            methods: methods.join(", "),
        }
    }

    fn to_json(&self) -> Result<Value, String> {
        let models = &self.models;
        if self.operations.is_empty() {
            return Err(format!("Choose at least one operation for {models}."));
        }
        let methods: Vec<&str> =
            self.methods.split([',', ' ', '\n', '\r', '\t']).filter(|name| !name.is_empty()).collect();
        let has_methods = self.operations.contains(Operation::Execute.as_str()) && !methods.is_empty();
        let has_fields = matches!(self.mode.as_str(), "only" | "except");
        if has_fields && self.fields.is_empty() {
            return Err(format!("Choose the fields of {models}, or allow all of them."));
        }
        let members = [
            Some(("models", json!(models))),
            Some(("operations", json!(self.operations))),
            has_methods.then(|| ("methods", json!(methods))),
            has_fields.then(|| ("fields", json!({self.mode.as_str(): self.fields}))),
        ];
        Ok(Value::Object(members.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()))
    }
}

impl ScopeDraft {
    /// The draft of a submitted form, after the step of the button that was clicked.
    pub(in crate::http::console) fn from_form(form: &ConsoleForm) -> Self {
        let models: IndexSet<&str> = form.values("model").filter(|model| ModelPattern::parse(model).is_ok()).collect();
        // Each rule scans the whole form.
        let models = models.into_iter().take(MAX_RULES);
        let mut rules: Vec<RuleDraft> = models.map(|model| RuleDraft::from_form(form, model)).collect();
        let mut search = form.value("find").trim().to_owned();
        match form.value("step").split_once(':') {
            Some(("add", model)) if ModelPattern::parse(model).is_ok() => {
                if rules.iter().all(|rule| rule.models != model) {
                    rules.push(RuleDraft::new(model));
                }
                search.clear();
            }
            Some(("remove", model)) => rules.retain(|rule| rule.models != model),
            _ => {}
        }
        rules.truncate(MAX_RULES);
        Self { everything: form.value("scope") == "all", rules, search }
    }

    /// The draft of an existing scope. `None` if the form cannot build this scope.
    pub(super) fn from_scope(scope: &Scope) -> Option<Self> {
        let rules = if let Scope::Rules(rules) = scope { rules.as_slice() } else { &[] };
        // The form shows fields only for one model: saving a pattern would allow all fields.
        let is_shown = |rule: &Rule| matches!(rule.models, ModelPattern::Exact(_)) || rule.fields == FieldRule::All;
        if !rules.iter().all(is_shown) {
            return None;
        }
        let rules = rules.iter().map(RuleDraft::from_rule).collect();
        let draft = Self { everything: scope.is_all(), rules, search: String::new() };
        let models: BTreeSet<&str> = draft.rules.iter().map(|rule| rule.models.as_str()).collect();
        let is_form = models.len() == draft.rules.len() && models.len() <= MAX_RULES;
        let built = Scope::from_json(&draft.to_json().ok()?).ok()?;
        (is_form && built == *scope).then_some(draft)
    }

    /// The scope as JSON.
    ///
    /// # Errors
    /// What is missing, as a sentence.
    pub(in crate::http::console) fn to_json(&self) -> Result<String, String> {
        if self.everything {
            return Ok(Scope::All.to_json());
        }
        if self.rules.is_empty() {
            return Err("Choose at least one model, or allow everything.".to_owned());
        }
        let rules: Result<Vec<Value>, String> = self.rules.iter().map(RuleDraft::to_json).collect();
        let text = Value::from(rules?).to_string();
        Scope::from_json(&text).map(|_| text).map_err(|error| format!("The scope is not valid: {error}."))
    }
}

/// What a template displays.
#[derive(Debug)]
pub(in crate::http::console) struct ScopeView {
    pub everything: bool,
    pub search: String,
    pub rules: Vec<RuleView>,
    /// Models that the search found; a pattern has no label.
    pub found: Vec<(String, String)>,
    /// Why models cannot be searched.
    pub search_error: Option<String>,
}

/// One rule in a template.
#[derive(Debug)]
pub(in crate::http::console) struct RuleView {
    pub models: String,
    /// Names, labels, whether they are chosen.
    pub operations: Vec<(&'static str, &'static str, bool)>,
    pub modes: Vec<(&'static str, &'static str, bool)>,
    pub fields: Vec<(String, String, bool)>,
    /// How many fields are chosen.
    pub chosen: usize,
    /// Why the fields cannot be listed.
    pub fields_error: Option<String>,
    /// Whether it is one model, whose fields are known.
    pub is_model: bool,
    pub methods: String,
}

impl ScopeView {
    /// Asks Odoo for the models that the search finds, and for the fields of the chosen models.
    pub(in crate::http::console) async fn load(draft: &ScopeDraft, user: &ConsoleUser, database: &Database) -> Self {
        let mut rules = Vec::with_capacity(draft.rules.len());
        for rule in &draft.rules {
            rules.push(RuleView::load(rule, user, database).await);
        }
        let mut view = Self {
            everything: draft.everything,
            search: draft.search.clone(),
            rules,
            found: Vec::new(),
            search_error: None,
        };
        if draft.search.is_empty() {
            return view;
        }
        let found = match asked_database(user, database) {
            Ok(database) => {
                database.search_models(&user.odoo_user, &draft.search).await.map_err(|problem| problem.detail)
            }
            Err(reason) => Err(reason),
        };
        match found {
            Ok(found) => {
                view.found = found.into_iter().map(|FoundModel { model, label }| (model.to_string(), label)).collect();
            }
            Err(reason) => view.search_error = Some(reason),
        }
        view.add_typed_pattern();
        let is_chosen = |model: &str| draft.rules.iter().any(|rule| rule.models == model);
        view.found.retain(|(model, _)| !is_chosen(model));
        view
    }

    /// Offers the text itself if it is a pattern, or a model that cannot be searched for.
    fn add_typed_pattern(&mut self) {
        let label = match ModelPattern::parse(&self.search) {
            Ok(ModelPattern::Any) => "All models, except users and settings",
            Ok(ModelPattern::Prefix(_)) => "All models with this beginning",
            Ok(ModelPattern::Exact(_)) if self.search_error.is_some() => "This model",
            _ => return,
        };
        self.found.insert(0, (self.search.clone(), label.to_owned()));
    }
}

impl RuleView {
    async fn load(draft: &RuleDraft, user: &ConsoleUser, database: &Database) -> Self {
        let model = match ModelPattern::parse(&draft.models) {
            Ok(ModelPattern::Exact(model)) => Some(model),
            _ => None,
        };
        let fields = match &model {
            Some(model) => fields_of(model, user, database).await,
            None => Ok(Vec::new()),
        };
        let (mut fields, fields_error) = match fields {
            Ok(fields) => (fields, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        // What was chosen is not lost while Odoo cannot be asked.
        let missing = draft.fields.iter().filter(|name| fields.iter().all(|(known, _)| known != *name));
        let missing: Vec<(String, String)> = missing.map(|name| (name.clone(), name.clone())).collect();
        fields.extend(missing);
        let with_choice = |(name, label): (String, String)| {
            let is_chosen = draft.fields.contains(&name);
            (name, label, is_chosen)
        };
        let mut fields: Vec<(String, String, bool)> = fields.into_iter().map(with_choice).collect();
        fields.sort_by_key(|(_, _, is_chosen)| !is_chosen);
        let is_operation = |operation: Operation| draft.operations.contains(operation.as_str());
        Self {
            models: draft.models.clone(),
            operations: OPERATIONS.map(|(name, label)| (name.as_str(), label, is_operation(name))).into(),
            modes: FIELD_MODES.map(|(mode, label)| (mode, label, draft.mode == mode)).into(),
            chosen: fields.iter().filter(|(_, _, is_chosen)| *is_chosen).count(),
            fields,
            fields_error,
            is_model: model.is_some(),
            methods: draft.methods.clone(),
        }
    }
}

/// The database, if it is the one that the user signed in to. Another one must not receive the user's secret.
fn asked_database<'a>(user: &ConsoleUser, database: &'a Database) -> Result<&'a Database, String> {
    if database.name == user.database.name {
        Ok(database)
    } else {
        Err("Models and fields of a database that you are not signed in to cannot be listed.".to_owned())
    }
}

/// The fields of a model with their labels, by label.
async fn fields_of(
    model: &ModelName,
    user: &ConsoleUser,
    database: &Database,
) -> Result<Vec<(String, String)>, String> {
    let metadata = &asked_database(user, database)?.metadata;
    let described = metadata.describe_fields(&user.odoo_user, model, "").await.map_err(|problem| problem.detail)?;
    let mut fields: Vec<(String, String)> =
        described.iter().map(|field| (field.name.to_string(), field.label.clone())).collect();
    fields.sort_by_key(|(name, label)| (label.to_lowercase(), name.clone()));
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(form: &str) -> ScopeDraft {
        ScopeDraft::from_form(&ConsoleForm::parse(form.as_bytes()).unwrap())
    }

    #[test]
    fn a_form_is_a_scope_without_json_to_type() {
        let chosen = "scope=rules&model=res.partner&operations:res.partner=read&operations:res.partner=update\
                      &fields:res.partner=only&field:res.partner=name&field:res.partner=email\
                      &model=sale.*&operations:sale.*=execute&fields:sale.*=all&methods:sale.*=action_confirm,+x";
        let scope = Scope::from_json(&draft(chosen).to_json().unwrap()).unwrap();
        let expected = r#"[{"models":"res.partner","operations":["read","update"],"fields":{"only":["email","name"]}},
                           {"models":"sale.*","operations":["execute"],"methods":["action_confirm","x"]}]"#;
        assert_eq!(scope, Scope::from_json(expected).unwrap());
        assert_eq!(draft("scope=all").to_json().unwrap(), "\"all\"");
    }

    #[test]
    fn a_scope_is_shown_as_the_form_that_builds_it() {
        let scope = |json: &str| Scope::from_json(json).unwrap();
        let form = r#"[{"models":"res.partner","operations":["read","update"],"fields":{"only":["email","name"]}},
                       {"models":"sale.*","operations":["execute"],"methods":["action_confirm","x"]}]"#;
        for json in [form, "\"all\""] {
            let draft = ScopeDraft::from_scope(&scope(json)).unwrap();
            assert_eq!(scope(&draft.to_json().unwrap()), scope(json));
        }
        let twice = r#"[{"models":"a.b","operations":["read"]},{"models":"a.b","operations":["create"]}]"#;
        let no_method = r#"[{"models":"a.b","operations":["execute"],"methods":[]}]"#;
        let prefix = r#"[{"models":"sale.*","operations":["read"],"fields":{"except":["credit"]}}]"#;
        let any = r#"[{"models":"*","operations":["read"],"fields":{"only":["name"]}}]"#;
        for json in [twice, no_method, prefix, any, "[]"] {
            assert_eq!(ScopeDraft::from_scope(&scope(json)), None, "{json}");
        }
    }

    #[test]
    fn models_are_added_once_and_removed_with_their_choices() {
        let added = draft("model=res.partner&operations:res.partner=delete&step=add:res.users&find=users");
        let models: Vec<&str> = added.rules.iter().map(|rule| rule.models.as_str()).collect();
        assert_eq!(models, ["res.partner", "res.users"]);
        assert!(added.rules[0].operations.contains("delete") && added.search.is_empty());
        assert_eq!(draft("model=res.partner&step=add:res.partner").rules.len(), 1);
        assert!(draft("model=res.partner&step=remove:res.partner").rules.is_empty());
        assert!(draft("step=add:__import__('os')&model=%00").rules.is_empty());
    }

    #[test]
    fn incomplete_choices_are_explained() {
        for (form, reason) in [
            ("scope=rules", "at least one model"),
            ("model=res.partner", "at least one operation for res.partner"),
            ("model=a.b&operations:a.b=read&fields:a.b=only", "fields of a.b"),
            ("model=a.b&operations:a.b=write", "The scope is not valid: scope[0].operations[0]"),
        ] {
            let error = draft(form).to_json().unwrap_err();
            assert!(error.contains(reason), "{form}: {error}");
        }
    }
}
