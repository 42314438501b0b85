//! The form with which users create API keys for themselves.
//!
//! In: a form. Out: a key, displayed once. Must not know: how keys are stored.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

use super::access_entry::permissions;
use super::admin::scope_form::{ScopeDraft, ScopeView};
use super::form::ConsoleForm;
use super::page::{ConsolePage, PERSONAL_KEYS};
use super::problem_page::{admin_problem, not_found, sentence};
use super::secret_page::SecretPage;
use super::settings::Console;
use super::time_text::readable_minute;
use super::user::ConsoleUser;
use crate::admin::{AdminError, PersonalKey};
use crate::error::Problem;
use crate::http::request::ApiRequest;

/// The lifetimes that the form offers, in days.
const LIFETIMES: [u64; 6] = [7, 30, 60, 90, 180, 365];
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The page.
#[derive(Template)]
#[template(path = "console/new_key.html")]
struct NewKeyPage<'a> {
    page: &'a ConsolePage<'a>,
    csrf_token: String,
    alert: Option<String>,
    name: &'a str,
    scope: ScopeView,
    /// Days, and whether they are chosen.
    lifetimes: Vec<(u64, bool)>,
}

/// `GET /console/personal-keys`.
pub(super) async fn form_page(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    longest_lifetime(&request)?;
    render(&user, (&request, &ConsoleForm::default()), None).await
}

/// The longest lifetime in days.
///
/// # Errors
/// 404 if users may not create keys.
fn longest_lifetime(request: &ApiRequest) -> Result<u64, Problem> {
    let longest = request.extension::<Console>()?.settings().personal_keys.ok_or_else(not_found)?;
    Ok(longest.as_secs() / SECONDS_PER_DAY)
}

async fn render(
    user: &ConsoleUser,
    (request, form): (&ApiRequest, &ConsoleForm),
    alert: Option<String>,
) -> Result<Response, Problem> {
    let page = ConsolePage::new(request, user, PERSONAL_KEYS).await?;
    let template = NewKeyPage {
        csrf_token: page.csrf_token(PERSONAL_KEYS.path).await?,
        page: &page,
        name: form.value("name"),
        scope: ScopeView::load(&ScopeDraft::from_form(form), user, &user.database).await,
        lifetimes: lifetimes(longest_lifetime(request)?, form.value("days")),
        alert,
    };
    let status = if template.alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, &template)
}

/// The lifetimes up to the longest one; 30 days by default.
fn lifetimes(longest: u64, chosen: &str) -> Vec<(u64, bool)> {
    let mut days: Vec<u64> = LIFETIMES.into_iter().filter(|days| *days < longest).collect();
    days.push(longest);
    let chosen = chosen.parse().unwrap_or(30);
    let chosen = if days.contains(&chosen) { chosen } else { longest };
    days.into_iter().map(|days| (days, days == chosen)).collect()
}

/// `POST /console/personal-keys`. Only the button that creates the key does so; the others change the form.
pub(super) async fn submit(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    let longest = longest_lifetime(&request)?;
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    if form.value("step") != "create" {
        return render(&user, (&request, &form), None).await;
    }
    let scope = match ScopeDraft::from_form(&form).to_json() {
        Ok(scope) => scope,
        Err(alert) => return render(&user, (&request, &form), Some(alert)).await,
    };
    let Some(days) = form.value("days").parse().ok().filter(|days| (1..=longest).contains(days)) else {
        let alert = format!("Choose a lifetime of 1 to {longest} days.");
        return render(&user, (&request, &form), Some(alert)).await;
    };
    let admin = user.administration(&request.state);
    let not_after = admin.clock.now() + Duration::from_secs(days * SECONDS_PER_DAY);
    let created = admin.create_personal_key(PersonalKey {
        user: user.account(),
        login: &user.login,
        secret: SecretString::clone(&user.odoo_user.secret),
        name: form.value("name").trim(),
        scope,
        not_after,
    });
    let (row, token) = match created.await {
        Ok(created) => created,
        Err(AdminError::Invalid(reason)) => return render(&user, (&request, &form), Some(sentence(&reason))).await,
        Err(error) => return Err(admin_problem(error)),
    };
    let page = ConsolePage::new(&request, &user, PERSONAL_KEYS).await?;
    SecretPage {
        page: &page,
        title: form.value("name").trim(),
        label: "API key",
        secret: token.expose(),
        usage: "Authorization: Bearer",
        facts: vec![
            ("It can", permissions(&row.scope).join("; ")),
            ("Expires", readable_minute(not_after.unix_timestamp())),
        ],
    }
    .respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_end_at_the_longest_one() {
        assert_eq!(lifetimes(90, ""), [(7, false), (30, true), (60, false), (90, false)]);
        assert_eq!(lifetimes(1, ""), [(1, true)]);
        assert_eq!(lifetimes(45, "45"), [(7, false), (30, false), (45, true)]);
        assert_eq!(lifetimes(30, "365"), [(7, false), (30, true)]);
    }
}
