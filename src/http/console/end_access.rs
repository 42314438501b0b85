//! Ends something that acts for the user, after they have confirmed it.
//!
//! In: the kind and the id of something. Out: a page that asks, or a redirect to the start page. Must not know: how it
//! is ended.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::access_entry::{AccessEntry, describe_application, describe_link, describe_token};
use super::form::ConsoleForm;
use super::notice::Notice;
use super::page::{ACCESS, ConsolePage, redirect};
use super::problem_page::{admin_problem, not_found};
use super::user::{ConsoleUser, LOGIN_PATH};
use crate::error::Problem;
use crate::http::request::ApiRequest;

/// The path of both routes: what it is, and its id.
pub(super) const PATH: &str = "/console/access/{kind}/{id}/end";

/// The page that asks.
#[derive(Template)]
#[template(path = "console/end_access.html")]
struct EndAccessPage<'a> {
    page: &'a ConsolePage<'a>,
    csrf_token: &'a str,
    entry: AccessEntry,
    consequence: &'static str,
}

/// What is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccessKind {
    Token,
    Application,
    Link,
}

impl AccessKind {
    fn parse(name: &str) -> Result<Self, Problem> {
        match name {
            "token" => Ok(Self::Token),
            "application" => Ok(Self::Application),
            "link" => Ok(Self::Link),
            _ => Err(not_found()),
        }
    }

    fn consequence(self) -> &'static str {
        match self {
            Self::Token => {
                "Requests with it, and with tokens that were issued for it, are rejected from now on. This cannot be \
                 undone."
            }
            Self::Application => "Its tokens are revoked. It must ask you again before it can act for you.",
            Self::Link => "Programs with this key cannot create login tokens for you. Existing ones are revoked.",
        }
    }
}

/// `GET`: asks for confirmation.
pub(super) async fn confirm(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    let kind = AccessKind::parse(request.segment("kind"))?;
    let entry = find(&user, &request, kind, request.segment("id")).await?;
    let page = ConsolePage::new(&request, &user, ACCESS).await?;
    let csrf_token = page.csrf_token(request.head.uri.path()).await?;
    let template = EndAccessPage { page: &page, csrf_token: &csrf_token, entry, consequence: kind.consequence() };
    page.respond(StatusCode::OK, &template)
}

async fn find(user: &ConsoleUser, request: &ApiRequest, kind: AccessKind, id: &str) -> Result<AccessEntry, Problem> {
    let access = user.administration(&request.state).user_access(user.account()).await.map_err(admin_problem)?;
    let found = match kind {
        AccessKind::Token => {
            let lists = [&access.api_keys, &access.tokens, &access.odoo_keys, &access.sessions];
            lists.into_iter().flatten().find(|row| row.id == id).map(|row| describe_token(row, user))
        }
        AccessKind::Application => access.applications.iter().find(|own| own.id == id).map(describe_application),
        AccessKind::Link => access.links.iter().find(|link| link.id == id).map(describe_link),
    };
    found.ok_or_else(not_found)
}

async fn is_session(user: &ConsoleUser, request: &ApiRequest, id: &str) -> Result<bool, Problem> {
    let access = user.administration(&request.state).user_access(user.account()).await.map_err(admin_problem)?;
    Ok(access.sessions.iter().any(|session| session.id == id))
}

/// `POST`: ends it.
pub(super) async fn end(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    let kind = AccessKind::parse(request.segment("kind"))?;
    ConsoleForm::from_user(&mut request, &user).await?;
    let id = request.segment("id");
    let (admin, account) = (user.administration(&request.state), user.account());
    let is_session = kind == AccessKind::Token && is_session(&user, &request, id).await?;
    let (ended, notice) = match kind {
        AccessKind::Token => (admin.end_own_token(account, id).await, Notice::TOKEN_ENDED),
        AccessKind::Application => (admin.revoke_own_application(account, id).await, Notice::CONSENT_REVOKED),
        AccessKind::Link => (admin.unlink_own(account, id).await, Notice::UNLINKED),
    };
    ended.map_err(admin_problem)?;
    if id == user.session_id {
        return redirect(&request, LOGIN_PATH, Some(Notice::SIGNED_OUT));
    }
    redirect(&request, ACCESS.path, Some(if is_session { Notice::SESSION_ENDED } else { notice }))
}
