//! The start page: everything that acts for the user, each with a link to end it.
//!
//! In: a user. Out: a page. Must not know: how tokens are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::access_entry::{AccessEntry, describe_application, describe_link, describe_token};
use super::odoo_key_text::OdooKeyTexts;
use super::page::{ACCESS, ConsolePage};
use super::problem_page::admin_problem;
use super::settings::Console;
use super::user::ConsoleUser;
use crate::admin::{AllowedApplication, StoredToken, UserAccess};
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

/// What users do about an Odoo API key that ends and is not renewed.
const SIGN_IN: &str = "Sign in to the application again, with another Odoo API key.";
const NEW_KEY: &str = "Create a new API key with another Odoo API key, or ask an administrator.";
const LINK: &str = "Link yourself again with another Odoo API key.";
const NEW_TOKEN: &str = "Create a new token with another Odoo API key.";
const ASK: &str = "Ask an administrator to register it again with another Odoo API key.";

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
    let admin = user.administration(&request.state);
    let access = admin.user_access(user.account()).await.map_err(admin_problem)?;
    let odoo_keys = admin.odoo_keys_of(user.account()).await.map_err(admin_problem)?;
    let odoo_keys = OdooKeyTexts::new(odoo_keys, admin.odoo_keys.renew);
    let sections = all_sections(user, &access, &odoo_keys);
    Ok(sections.into_iter().filter(|section| section.empty.is_some() || !section.entries.is_empty()).collect())
}

fn all_sections(user: &ConsoleUser, access: &UserAccess, keys: &OdooKeyTexts) -> [AccessSection; 7] {
    let with_key =
        |entry: AccessEntry, of: &[StoredToken], todo: &str| AccessEntry { odoo_key: keys.text(of, todo), ..entry };
    let token = |row: &StoredToken, todo: &str| with_key(describe_token(row, user), std::slice::from_ref(row), todo);
    let tokens = |rows: &[StoredToken], todo: &str| rows.iter().map(|row| token(row, todo)).collect();
    let application = |own: &AllowedApplication| with_key(describe_application(own), &own.tokens, SIGN_IN);
    let link = |link: &StoredToken| with_key(describe_link(link), std::slice::from_ref(link), LINK);
    let plain = |rows: &[StoredToken]| rows.iter().map(|row| describe_token(row, user)).collect();
    [
        AccessSection {
            id: "applications",
            title: "Applications",
            lead: "You allowed these to work in Odoo for you.",
            empty: Some("You have not allowed any application yet."),
            entries: access.applications.iter().map(application).collect(),
        },
        AccessSection {
            id: "keys",
            title: "API keys",
            lead: "Programs with such a key act for you until it expires.",
            empty: Some("No API key acts for you."),
            entries: tokens(&access.api_keys, NEW_KEY),
        },
        AccessSection {
            id: "links",
            title: "Shared API keys",
            lead: "You are linked with these. Programs with such a key can create login tokens for you.",
            empty: None,
            entries: access.links.iter().map(link).collect(),
        },
        AccessSection {
            id: "tokens",
            title: "Tokens",
            lead: "Issued to programs that signed in as you, or created for a shared API key.",
            empty: None,
            entries: tokens(&access.tokens, NEW_TOKEN),
        },
        AccessSection {
            id: "odoo-keys",
            title: "Odoo API keys",
            lead: "The gateway knows that these Odoo API keys are yours, so programs can send them without your login name.",
            empty: None,
            entries: plain(&access.odoo_keys),
        },
        AccessSection {
            id: "bound",
            title: "Applications that use your credential",
            lead: "An administrator registered these with your password or Odoo API key. Ask an administrator to delete them.",
            empty: None,
            entries: tokens(&access.bound_applications, ASK),
        },
        AccessSection {
            id: "sessions",
            title: "Sessions",
            lead: "You are signed in to the gateway in these browsers.",
            empty: None,
            entries: plain(&access.sessions),
        },
    ]
}
