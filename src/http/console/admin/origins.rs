//! The page that changes the origins of an application.
//!
//! In: the id of an application, a form with one origin per line. Out: the page; after the form, the page of the
//! application. Must not know: what origins are for, which are valid.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::account_form::lines;
use super::account_view::{APPLICATION, AccountView, find_account};
use crate::admin::{AdminError, Administration};
use crate::error::Problem;
use crate::http::console::form::ConsoleForm;
use crate::http::console::notice::Notice;
use crate::http::console::page::{ConsolePage, redirect};
use crate::http::console::problem_page::{admin_problem, sentence};
use crate::http::console::user::{Administrator, ConsoleUser};
use crate::http::request::ApiRequest;

#[derive(Template)]
#[template(path = "console/admin/origins.html")]
struct OriginsTemplate<'a> {
    page: &'a ConsolePage<'a>,
    account: AccountView,
    /// The page of the application.
    back: String,
    origins: String,
    csrf_token: String,
    alert: Option<String>,
}

/// The origins of an application.
pub(super) async fn find_origins(admin: &Administration, client_id: &str) -> Result<Vec<String>, Problem> {
    Ok(admin.application_origins().await.map_err(admin_problem)?.remove(client_id).unwrap_or_default())
}

fn account_path(id: &str) -> String {
    format!("{}/{id}", APPLICATION.entry.path)
}

/// `GET …/{id}/origins`.
pub(super) async fn form_page(Administrator(user): Administrator, request: ApiRequest) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let (account, _) = find_account(&APPLICATION, &admin, request.segment("id")).await?;
    let origins = find_origins(&admin, &account.shown).await?.join("\n");
    render(&user, &request, account, origins, None).await
}

async fn render(
    user: &ConsoleUser,
    request: &ApiRequest,
    account: AccountView,
    origins: String,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let page = ConsolePage::new(request, user, APPLICATION.entry).await?;
    let back = account_path(&account.id);
    let csrf_token = page.csrf_token(&format!("{back}/origins")).await?;
    let status = if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, &OriginsTemplate { page: &page, account, back, origins, csrf_token, alert })
}

/// `POST …/{id}/origins`.
pub(super) async fn submit(Administrator(user): Administrator, mut request: ApiRequest) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let admin = user.administration(&request.state);
    let (account, _) = find_account(&APPLICATION, &admin, request.segment("id")).await?;
    match admin.set_application_origins(&account.id, &lines(&form, "origins")).await {
        Ok(()) => redirect(&request, &account_path(&account.id), Some(Notice::ORIGINS_CHANGED)),
        Err(AdminError::Invalid(reason)) => {
            let origins = form.value("origins").to_owned();
            render(&user, &request, account, origins, Some(sentence(&reason))).await
        }
        Err(error) => Err(admin_problem(error)),
    }
}
