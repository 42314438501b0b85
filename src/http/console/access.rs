//! The start page: everything that acts for the user, each with a link to end it.
//!
//! In: a user. Out: a page. Must not know: how tokens are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::access_entry::{AccessEntry, describe_application, describe_link, describe_token};
use super::page::{ACCESS, ConsolePage};
use super::problem_page::admin_problem;
use super::settings::Console;
use super::user::ConsoleUser;
use crate::error::Problem;
use crate::http::request::ApiRequest;

/// The page.
#[derive(Template)]
#[template(path = "console/access.html")]
struct AccessPage<'a> {
    page: &'a ConsolePage<'a>,
    sections: Vec<AccessSection>,
    has_personal_keys: bool,
}

/// Entries of one kind.
struct AccessSection {
    id: &'static str,
    title: &'static str,
    /// What these are.
    lead: &'static str,
    /// Shown without entries; a section without this text is left out then.
    empty: Option<&'static str>,
    entries: Vec<AccessEntry>,
}

/// `GET /console`.
pub(super) async fn access_page(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    let page = ConsolePage::new(&request, &user, ACCESS).await?;
    let sections = sections(&user, &request).await?;
    let has_personal_keys = request.extension::<Console>()?.settings().personal_keys.is_some();
    page.respond(StatusCode::OK, &AccessPage { page: &page, sections, has_personal_keys })
}

async fn sections(user: &ConsoleUser, request: &ApiRequest) -> Result<Vec<AccessSection>, Problem> {
    let access = user.administration(&request.state).user_access(user.account()).await.map_err(admin_problem)?;
    let tokens = |rows: &[_]| rows.iter().map(|row| describe_token(row, user)).collect();
    let sections = [
        AccessSection {
            id: "applications",
            title: "Applications",
            lead: "You allowed these to work in Odoo for you.",
            empty: Some("You have not allowed any application yet."),
            entries: access.applications.iter().map(describe_application).collect(),
        },
        AccessSection {
            id: "keys",
            title: "API keys",
            lead: "Programs with such a key act for you until it expires.",
            empty: Some("No API key acts for you."),
            entries: tokens(&access.api_keys),
        },
        AccessSection {
            id: "links",
            title: "Shared API keys",
            lead: "You are linked with these. Programs with such a key can create login tokens for you.",
            empty: None,
            entries: access.links.iter().map(describe_link).collect(),
        },
        AccessSection {
            id: "tokens",
            title: "Tokens",
            lead: "Issued to programs that signed in as you, or created for a shared API key.",
            empty: None,
            entries: tokens(&access.tokens),
        },
        AccessSection {
            id: "odoo-keys",
            title: "Odoo API keys",
            lead: "The gateway knows that these Odoo API keys are yours, so programs can send them without your login name.",
            empty: None,
            entries: tokens(&access.odoo_keys),
        },
        AccessSection {
            id: "bound",
            title: "Applications that use your credential",
            lead: "An administrator registered these with your password or Odoo API key. Ask an administrator to delete them.",
            empty: None,
            entries: tokens(&access.bound_applications),
        },
        AccessSection {
            id: "sessions",
            title: "Sessions",
            lead: "You are signed in to the gateway in these browsers.",
            empty: None,
            entries: tokens(&access.sessions),
        },
    ];
    Ok(sections.into_iter().filter(|section| section.empty.is_some() || !section.entries.is_empty()).collect())
}
