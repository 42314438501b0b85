//! The form that creates an API key or application. Buttons that search, add and remove models send the whole form to
//! the same path, which answers with the form as it is then. So it needs no scripts, and nothing is stored before the
//! end.
//!
//! In: a submitted form. Out: the form again, or a new account with its secrets. Must not know: how accounts are
//! stored.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

use super::account_action::{SecretsTemplate, displayed_secrets};
use super::account_limits::{LIFETIMES, PERIODS, parse_expiry, parse_terms};
use super::account_view::AccountKind;
use super::odoo_password::verify_password;
use super::scope_form::{ScopeDraft, ScopeView};
use crate::admin::{AdminError, ApplicationSettings, GrantType, NewApiKey, NewApplication, SignatureMethod};
use crate::error::Problem;
use crate::http::console::form::ConsoleForm;
use crate::http::console::page::ConsolePage;
use crate::http::console::problem_page::{admin_problem, sentence};
use crate::http::console::user::{Administrator, ConsoleUser};
use crate::http::pages::MAX_FIELD_BYTES;
use crate::http::request::ApiRequest;
use crate::odoo::Database;

/// The grant types with their names in the form and their labels.
const GRANTS: [(GrantType, &str, &str); 3] = [
    (GrantType::AuthorizationCode, "authorization_code", "Users approve it in the browser (authorization code)"),
    (GrantType::RefreshToken, "refresh_token", "It stays connected (refresh token)"),
    (GrantType::ClientCredentials, "client_credentials", "It acts as its own user (client credentials)"),
];

#[derive(Template)]
#[template(path = "console/admin/new_account.html")]
struct FormTemplate<'a> {
    page: &'a ConsolePage<'a>,
    kind: &'a AccountKind,
    csrf_token: String,
    alert: Option<String>,
    form: &'a ConsoleForm,
    scope: ScopeView,
    database: &'a str,
    databases: Vec<String>,
    max_length: usize,
}

/// What is submitted, for the template: choices with whether they are made.
impl FormTemplate<'_> {
    fn value(&self, name: &str) -> &str {
        self.form.value(name)
    }

    fn is_on(&self, name: &str) -> bool {
        self.form.value(name) == "on"
    }

    fn lifetimes(&self) -> Vec<(&'static str, &'static str, bool)> {
        let chosen = Some(self.value("expires")).filter(|chosen| !chosen.is_empty());
        let chosen = chosen.unwrap_or(if self.kind.is_application { "never" } else { "365" });
        LIFETIMES.map(|(name, label)| (name, label, name == chosen)).into()
    }

    fn periods(&self) -> Vec<(&'static str, &'static str, bool)> {
        let chosen = Some(self.value("period")).filter(|chosen| !chosen.is_empty()).unwrap_or("60");
        PERIODS.map(|(name, label)| (name, label, name == chosen)).into()
    }

    fn grants(&self) -> Vec<(&'static str, &'static str, bool)> {
        let is_new = self.value("step").is_empty();
        let is_default = |grant| is_new && grant != GrantType::ClientCredentials;
        let is_chosen = |name: &str| self.form.values("grant").any(|chosen| chosen == name);
        GRANTS.map(|(grant, name, label)| (name, label, is_default(grant) || is_chosen(name))).into()
    }

    fn signature_methods(&self) -> Vec<(&'static str, bool)> {
        let is_chosen = |name: &str| self.form.values("oauth1").any(|chosen| chosen == name);
        SignatureMethod::ALL.map(|method| (method.as_str(), is_chosen(method.as_str()))).into()
    }
}

fn path(kind: &AccountKind) -> String {
    format!("{}/new", kind.entry.path)
}

/// `GET …/new`.
pub(super) async fn form_page(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let database = user.database.clone();
    render(kind, &user, (&request, &ConsoleForm::default()), &database, None).await
}

/// Renders the form with what was submitted, except the password.
async fn render(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    (request, form): (&ApiRequest, &ConsoleForm),
    database: &Database,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let scope = ScopeView::load(&ScopeDraft::from_form(form), user, database).await;
    let page = ConsolePage::new(request, user, kind.entry).await?;
    let databases = request.state.databases.iter().map(|database| database.name.to_string());
    let template = FormTemplate {
        csrf_token: page.csrf_token(&path(kind)).await?,
        page: &page,
        kind,
        form,
        scope,
        database: database.name.as_str(),
        databases: databases.collect(),
        max_length: MAX_FIELD_BYTES,
        alert,
    };
    let status = if template.alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, &template)
}

/// `POST …/new`.
pub(super) async fn submit(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    mut request: ApiRequest,
) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let name = Some(form.value("database")).filter(|name| !name.is_empty());
    let database = request.state.databases.pick(name.or(Some(user.database.name.as_str())))?.clone();
    if form.value("step") != "create" {
        return render(kind, &user, (&request, &form), &database, None).await;
    }
    match create(kind, &user, (&request, &form), &database).await {
        Ok(response) => Ok(response),
        Err(Rejection::Explained(alert)) => render(kind, &user, (&request, &form), &database, Some(alert)).await,
        Err(Rejection::Failed(problem)) => Err(*problem),
    }
}

/// Why nothing was created.
enum Rejection {
    /// The form is displayed again with this sentence.
    Explained(String),
    Failed(Box<Problem>),
}

impl From<String> for Rejection {
    fn from(sentence: String) -> Self {
        Self::Explained(sentence)
    }
}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        Self::Failed(Box::new(problem))
    }
}

impl From<AdminError> for Rejection {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Invalid(reason) => Self::Explained(sentence(&reason)),
            AdminError::CredentialRejected => {
                Self::Explained("Odoo does not accept this login with this password or API key.".to_owned())
            }
            AdminError::Odoo(problem) => Self::Explained(problem.detail),
            other => Self::Failed(Box::new(admin_problem(other))),
        }
    }
}

async fn create(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    (request, form): (&ApiRequest, &ConsoleForm),
    database: &Database,
) -> Result<Response, Rejection> {
    let admin = user.administration(&request.state);
    let scope = ScopeDraft::from_form(form).to_json()?;
    let (terms, not_after) = (parse_terms(form)?, parse_expiry(form, admin.clock.now())?);
    let bound = verified_user(kind, (request, form), database).await?;
    let database = Some(database.name.as_str().to_owned());
    let (title, id, secrets) = if kind.is_application {
        let (settings, origins) = (settings(form)?, lines(form, "origins"));
        let new = NewApplication { database, bound, scope, not_after, terms, settings, origins };
        let (application, secrets) = admin.create_application(new).await?;
        let secrets = displayed_secrets(application.client_id(), &secrets, application.is_bound());
        (application.name().to_owned(), application.row.id, secrets)
    } else {
        let (login, secret) = bound.ok_or_else(|| "Enter the login of an Odoo user.".to_owned())?;
        let (row, token) = admin.create_key(NewApiKey { database, login, secret, scope, not_after, terms }).await?;
        let secrets = vec![("API key", "secret", token.expose().to_owned())];
        (row.key.map_or_else(String::new, |terms| terms.name), row.id, secrets)
    };
    let page = ConsolePage::new(request, user, kind.entry).await?;
    let account = format!("{}/{id}", kind.entry.path);
    Ok(page.respond(StatusCode::OK, &SecretsTemplate { page: &page, title: &title, account, secrets })?)
}

/// The Odoo user that the account acts for, and their secret.
async fn verified_user(
    kind: &AccountKind,
    (request, form): (&ApiRequest, &ConsoleForm),
    database: &Database,
) -> Result<Option<(String, SecretString)>, Rejection> {
    let (login, password) = (form.value("login").trim(), form.value("password"));
    if login.is_empty() && password.is_empty() && kind.is_application {
        return Ok(None);
    }
    if login.is_empty() || password.is_empty() {
        return Err("Enter both the login of an Odoo user, and their password or API key.".to_owned().into());
    }
    let secret = SecretString::from(password);
    verify_password(request, database.name.as_str(), login, &secret).await?;
    Ok(Some((login.to_owned(), secret)))
}

fn settings(form: &ConsoleForm) -> Result<ApplicationSettings, String> {
    let is_on = |name| form.value(name) == "on";
    let grants: BTreeSet<GrantType> = GRANTS
        .iter()
        .filter(|(_, name, _)| form.values("grant").any(|chosen| chosen == *name))
        .map(|(grant, ..)| *grant)
        .collect();
    let method =
        |name: &str| SignatureMethod::from_name(name).ok_or_else(|| format!("{name:?} is not a signature method."));
    let oauth1: Result<BTreeSet<SignatureMethod>, String> = form.values("oauth1").map(method).collect();
    Ok(ApplicationSettings {
        public: is_on("public"),
        grants,
        redirect_uris: lines(form, "redirect_uris"),
        trusted: is_on("trusted"),
        pkce_required: is_on("pkce_required"),
        oauth1: oauth1?,
        rsa_public_key: Some(form.value("rsa_public_key").trim()).filter(|pem| !pem.is_empty()).map(str::to_owned),
        one_secret: false,
    })
}

/// The lines of a field that are not empty.
pub(super) fn lines(form: &ConsoleForm, name: &str) -> Vec<String> {
    form.value(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
