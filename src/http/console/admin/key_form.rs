//! The form that changes what an API key may do: its scope, and who gets login tokens for how long.
//!
//! In: a submitted form. Out: the form again, or the page of the key. Must not know: how keys are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::account_limits::parse_number;
use super::account_view::{AccountView, KEY, find_account};
use super::scope_form::{ScopeDraft, ScopeView};
use crate::admin::{AdminError, KeyUpdate, StoredToken};
use crate::error::Problem;
use crate::http::console::form::ConsoleForm;
use crate::http::console::notice::Notice;
use crate::http::console::page::{ConsolePage, redirect};
use crate::http::console::problem_page::{admin_problem, sentence};
use crate::http::console::user::{Administrator, ConsoleUser};
use crate::http::request::ApiRequest;
use crate::plan::Scope;

/// The path of the form.
pub(super) const EDIT_PATH: &str = "/console/admin/keys/{id}/edit";

#[derive(Template)]
#[template(path = "console/admin/edit_key.html")]
struct EditTemplate<'a> {
    page: &'a ConsolePage<'a>,
    account: AccountView,
    csrf_token: String,
    alert: Option<String>,
    scope: ScopeView,
    is_shared: bool,
    is_open: bool,
    days: String,
    /// The longest lifetime without a number.
    usual_days: u32,
    /// The path of the form.
    path: String,
}

/// What the form contains.
struct Edited {
    scope: ScopeDraft,
    is_open: bool,
    days: String,
}

impl Edited {
    /// The key as it is, with this scope.
    fn from_key(row: &StoredToken, scope: ScopeDraft) -> Self {
        let terms = row.key.as_ref();
        Self {
            scope,
            is_open: terms.is_some_and(|terms| terms.open_to_all_users),
            days: terms.and_then(|terms| terms.login_token_days).map_or_else(String::new, |days| days.to_string()),
        }
    }

    fn from_form(form: &ConsoleForm) -> Self {
        Self {
            scope: ScopeDraft::from_form(form),
            is_open: form.value("open_to_all_users") == "on",
            days: form.value("login_token_days").trim().to_owned(),
        }
    }

    fn to_update(&self, is_shared: bool) -> Result<KeyUpdate, String> {
        Ok(KeyUpdate {
            scope: Some(self.scope.to_json()?),
            open_to_all_users: is_shared.then_some(self.is_open),
            login_token_days: is_shared.then(|| parse_number(&self.days, "days of a login token")).transpose()?,
        })
    }
}

/// `GET …/{id}/edit`.
pub(super) async fn form_page(Administrator(user): Administrator, request: ApiRequest) -> Result<Response, Problem> {
    let (_, row) = find_account(&KEY, &user.administration(&request.state), request.segment("id")).await?;
    let unknown = || "The scope of this key cannot be shown as a form. What you choose here replaces it.".to_owned();
    let scope = Scope::from_json(&row.scope).ok().and_then(|scope| ScopeDraft::from_scope(&scope));
    let alert = scope.is_none().then(unknown);
    let edited = Edited::from_key(&row, scope.unwrap_or_default());
    render(&user, &request, edited, alert, StatusCode::OK).await
}

async fn render(
    user: &ConsoleUser,
    request: &ApiRequest,
    edited: Edited,
    alert: Option<String>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let (account, row) = find_account(&KEY, &admin, request.segment("id")).await?;
    let database = request.state.databases.pick(Some(&row.grant.database))?;
    let page = ConsolePage::new(request, user, KEY.entry).await?;
    let path = format!("{}/{}/edit", KEY.entry.path, row.id);
    let template = EditTemplate {
        csrf_token: page.csrf_token(&path).await?,
        page: &page,
        account,
        alert,
        scope: ScopeView::load(&edited.scope, user, database).await,
        is_shared: is_shared(&row),
        is_open: edited.is_open,
        days: edited.days,
        usual_days: admin.login_tokens.max_days,
        path,
    };
    page.respond(status, &template)
}

fn is_shared(row: &StoredToken) -> bool {
    row.key.as_ref().is_some_and(|terms| terms.may_mint_for_others)
}

/// `POST …/{id}/edit`. Only the button that saves does so; the others change the form.
pub(super) async fn submit(Administrator(user): Administrator, mut request: ApiRequest) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let edited = Edited::from_form(&form);
    if form.value("step") != "save" {
        return render(&user, &request, edited, None, StatusCode::OK).await;
    }
    let admin = user.administration(&request.state);
    let (_, row) = find_account(&KEY, &admin, request.segment("id")).await?;
    let update = match edited.to_update(is_shared(&row)) {
        Ok(update) => update,
        Err(alert) => return render(&user, &request, edited, Some(alert), StatusCode::BAD_REQUEST).await,
    };
    match admin.update_key(&row.id, update).await {
        Ok(_) => redirect(&request, &format!("{}/{}", KEY.entry.path, row.id), Some(Notice::UPDATED)),
        Err(AdminError::Invalid(reason)) => {
            render(&user, &request, edited, Some(sentence(&reason)), StatusCode::BAD_REQUEST).await
        }
        Err(error) => Err(admin_problem(error)),
    }
}
