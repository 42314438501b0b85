//! What all pages of the console have in common: navigation, the user, the form to sign out, messages, headers.
//!
//! In: a request and its user. Out: [`ConsolePage`] for the layout of templates, responses, redirects. Must not know:
//! the content of single pages.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderValue, StatusCode};

use super::cookies::ConsoleCookie;
use super::form;
use super::notice::Notice;
use super::settings::Console;
use super::user::ConsoleUser;
use crate::error::Problem;
use crate::http::pages::{self, ENGLISH, Layout};
use crate::http::request::ApiRequest;

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct NavigationEntry {
    /// The path of the page, without the base path.
    pub path: &'static str,
    /// The text of the link.
    pub label: &'static str,
}

/// The pages for all users.
pub(super) const ACCESS: NavigationEntry = NavigationEntry { path: "/console", label: "My access" };

pub(super) const PERSONAL_KEYS: NavigationEntry =
    NavigationEntry { path: "/console/personal-keys", label: "New API key" };
pub(super) const SHARED_KEYS: NavigationEntry =
    NavigationEntry { path: "/console/shared-keys", label: "Shared API keys" };

const FOR_EVERYBODY: &[NavigationEntry] = &[ACCESS, PERSONAL_KEYS, SHARED_KEYS];
/// The pages for administrators.
pub(super) const KEYS: NavigationEntry = NavigationEntry { path: "/console/admin/keys", label: "API keys" };
pub(super) const APPLICATIONS: NavigationEntry =
    NavigationEntry { path: "/console/admin/applications", label: "Applications" };
pub(super) const ODOO_KEYS: NavigationEntry =
    NavigationEntry { path: "/console/admin/odoo-keys", label: "Odoo API keys" };
pub(super) const AUDIT: NavigationEntry = NavigationEntry { path: "/console/admin/audit", label: "Audit log" };
pub(super) const HEALTH: NavigationEntry = NavigationEntry { path: "/console/admin/health", label: "Health" };
pub(super) const CONFIGURATION: NavigationEntry =
    NavigationEntry { path: "/console/admin/configuration", label: "Configuration" };

const FOR_ADMINISTRATORS: &[NavigationEntry] = &[KEYS, APPLICATIONS, ODOO_KEYS, AUDIT, HEALTH, CONFIGURATION];

/// The path of the form to sign out.
pub(super) const LOGOUT_PATH: &str = "/console/logout";

/// Everything loads from this origin, and forms are sent to it only. Pages have no scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The frame of one page.
#[derive(Debug)]
pub(in crate::http) struct ConsolePage<'a> {
    /// The sentences and the base path.
    pub layout: Layout<'a>,
    /// The user; `None` on the login page and on pages with a problem.
    pub user: Option<&'a ConsoleUser>,
    /// The path of the current entry of the navigation.
    pub current: &'static str,
    /// The CSRF token of the form to sign out.
    pub logout_token: String,
    /// What was done by the form before.
    pub notice: Option<&'static str>,
    request: Option<&'a ApiRequest>,
}

impl<'a> ConsolePage<'a> {
    /// The frame of a page for a user. `current` is the entry of the navigation that the page belongs to.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub(in crate::http) async fn new(
        request: &'a ApiRequest,
        user: &'a ConsoleUser,
        current: NavigationEntry,
    ) -> Result<Self, Problem> {
        let logout_token = form::csrf_token(request, user.cookie(), LOGOUT_PATH).await?;
        Ok(Self { user: Some(user), current: current.path, logout_token, ..Self::anonymous(request) })
    }

    /// The frame of a page without a user.
    pub(super) fn anonymous(request: &'a ApiRequest) -> Self {
        let code = ConsoleCookie::Notice.value(&request.state.site, &request.head.headers);
        Self {
            notice: Notice::from_code(code).map(Notice::text),
            request: Some(request),
            ..Self::without_request(request.state.site.base())
        }
    }

    /// The frame of a page that knows nothing of its request.
    pub(super) fn without_request(base: &'a str) -> Self {
        let layout = Layout { messages: &ENGLISH, base };
        Self { layout, user: None, current: "", logout_token: String::new(), notice: None, request: None }
    }

    /// The entries for all users.
    pub(in crate::http) fn entries(&self) -> Vec<NavigationEntry> {
        let console = self.request.and_then(|request| request.extension::<Console>().ok());
        let has_personal_keys = console.is_some_and(|console| console.settings().personal_keys.is_some());
        FOR_EVERYBODY.iter().copied().filter(|entry| *entry != PERSONAL_KEYS || has_personal_keys).collect()
    }

    /// The entries for administrators; none for other users.
    pub(in crate::http) fn administrator_entries(&self) -> &'static [NavigationEntry] {
        if self.user.is_some_and(|user| user.is_administrator) { FOR_ADMINISTRATORS } else { &[] }
    }

    /// The CSRF token for a form that is sent to this path, without the base path.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub(in crate::http) async fn csrf_token(&self, path: &str) -> Result<String, Problem> {
        match (self.request, self.user) {
            (Some(request), Some(user)) => form::csrf_token(request, user.cookie(), path).await,
            _ => Err(Problem::internal("a page without a user has no forms")),
        }
    }

    /// Renders a page with this frame. It shows the notice, so the next page does not.
    ///
    /// # Errors
    /// 500 if the template fails.
    pub(in crate::http) fn respond(&self, status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
        let mut response = pages::render(status, page)?;
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
        if let (Some(request), true) = (self.request, self.notice.is_some()) {
            ConsoleCookie::Notice.set(&request.state.site, "", response.headers_mut())?;
        }
        Ok(response)
    }
}

/// Redirects to a page of the console after a form was processed.
///
/// # Errors
/// 500 if the path is not a valid header value.
pub(in crate::http) fn redirect(request: &ApiRequest, path: &str, notice: Option<Notice>) -> Result<Response, Problem> {
    let location = format!("{}{path}", request.state.site.base());
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    if let Some(notice) = notice {
        ConsoleCookie::Notice.set(&request.state.site, notice.code(), response.headers_mut())?;
    }
    Ok(response)
}
