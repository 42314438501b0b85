//! The user who is logged in to the console.
//!
//! In: the cookie of a request. Out: [`ConsoleUser`] or [`Administrator`] as arguments of handlers, or a redirect to
//! the login page. Must not know: pages.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use super::cookies::ConsoleCookie;
use super::settings::Console;
use crate::admin::{Administration, OdooAccount};
use crate::auth::BrowserSession;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::peer::ClientIp;
use crate::http::request::request_facts::RequestFacts;
use crate::http::state::AppState;
use crate::odoo::{Database, OdooUser};

/// The path of the login page.
pub(super) const LOGIN_PATH: &str = "/console/login";

/// A logged-in user.
#[derive(Debug)]
pub(in crate::http) struct ConsoleUser {
    /// The user's login.
    pub login: String,
    /// The user, with the secret that Odoo accepts for them.
    pub odoo_user: OdooUser,
    /// The database.
    pub database: Arc<Database>,
    /// Whether they are an administrator of the gateway: a member of the group in the default database.
    pub is_administrator: bool,
    /// The id of the session, which is not a secret.
    pub session_id: String,
    cookie: SecretString,
}

impl ConsoleUser {
    /// The value of the session cookie.
    pub(super) fn cookie(&self) -> &str {
        self.cookie.expose_secret()
    }

    /// The user as the owner of what acts for them.
    pub(in crate::http) fn account(&self) -> OdooAccount<'_> {
        OdooAccount { database: self.database.name.as_str(), uid: self.odoo_user.uid.get() }
    }

    /// The beginning of the names of API keys that the user created.
    pub(super) fn key_prefix(&self) -> String {
        self.account().key_prefix(&self.login)
    }

    /// The administration, with this user as the actor in the audit log.
    pub(in crate::http) fn administration(&self, state: &AppState) -> Administration {
        state.administration.with_actor(format!("console:{}@{}", self.login, self.database.name))
    }
}

/// A logged-in administrator.
#[derive(Debug)]
pub(in crate::http) struct Administrator(pub ConsoleUser);

/// Why a request has no user.
#[derive(Debug)]
pub(in crate::http) enum UserRejection {
    /// Nobody is logged in. The browser is redirected to this login page.
    LoggedOut(String),
    /// The user cannot be determined, or is no administrator.
    Failed(Box<Problem>),
}

impl IntoResponse for UserRejection {
    fn into_response(self) -> Response {
        match self {
            Self::LoggedOut(target) => HeaderValue::try_from(target)
                .map(|location| (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
                .unwrap_or_else(|cause| Problem::internal(cause).into_response()),
            Self::Failed(problem) => problem.into_response(),
        }
    }
}

impl FromRequestParts<AppState> for ConsoleUser {
    type Rejection = UserRejection;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, UserRejection> {
        match find_user(parts, state).await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(UserRejection::LoggedOut(login_target(parts, state.site.base()))),
            Err(problem) => Err(UserRejection::Failed(Box::new(problem))),
        }
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = UserRejection;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, UserRejection> {
        let user = ConsoleUser::from_request_parts(parts, state).await?;
        if user.is_administrator {
            return Ok(Self(user));
        }
        let problem = Problem::new(ErrorCode::AccessDenied, "Only administrators of the gateway can open this page.")
            .hint("Ask an administrator of Odoo to add you to the group that may administer the gateway.");
        Err(UserRejection::Failed(Box::new(problem)))
    }
}

/// The login page that leads back to the requested page. A form leads to the start page.
fn login_target(parts: &Parts, base: &str) -> String {
    if parts.method != Method::GET {
        return format!("{base}{LOGIN_PATH}");
    }
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let next: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    format!("{base}{LOGIN_PATH}?next={next}")
}

/// The user of the session in the cookie.
async fn find_user(parts: &Parts, state: &AppState) -> Result<Option<ConsoleUser>, Problem> {
    let cookie = ConsoleCookie::Session.value(&state.site, &parts.headers);
    let facts = RequestFacts::from_extensions(&parts.extensions).cloned().unwrap_or_default();
    let address = facts.client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ClientIp(address)| address);
    let Some(session) = state.tokens.console_sessions.find(cookie, address).await? else { return Ok(None) };
    let Ok(database) = state.databases.pick(Some(session.database())) else { return Ok(None) };
    facts.log.user(session.login());
    facts.log.database(session.database());
    facts.log.credential("console");
    let console: &Console = parts.extensions.get().ok_or_else(|| Problem::internal("the routes have no console"))?;
    let odoo_user = session.odoo_user()?;
    let Some(is_member) = membership(console, &session, database, &odoo_user).await else {
        state.tokens.console_sessions.end(cookie).await?;
        return Ok(None);
    };
    // Administrators manage the keys of all databases. Those of a test system need not be trusted with them.
    let is_in_default_database = state.databases.pick(None).is_ok_and(|default| Arc::ptr_eq(default, database));
    Ok(Some(ConsoleUser {
        login: session.login().to_owned(),
        odoo_user,
        database: database.clone(),
        is_administrator: is_member && is_in_default_database,
        session_id: session.id().to_owned(),
        cookie: cookie.into(),
    }))
}

/// Whether the user is a member of the group of administrators. `None` if Odoo no longer accepts their credential. While
/// Odoo cannot be asked, they are none.
async fn membership(console: &Console, session: &BrowserSession, database: &Database, user: &OdooUser) -> Option<bool> {
    match console.is_administrator(session.id(), database, user).await {
        Ok(is_administrator) => Some(is_administrator),
        Err(problem) if problem.code == ErrorCode::CredentialInvalid => None,
        Err(problem) => {
            tracing::warn!(detail = problem.detail, "cannot check whether a user of the console is an administrator");
            Some(false)
        }
    }
}
