//! Actions on an API key or application: disable, enable, rotate the secret, delete. GET asks for confirmation, POST
//! acts.
//!
//! In: an id and the name of an action. Out: a page that explains what will happen; after the form, the page of the
//! account, or the new secrets. Must not know: how accounts are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use time::Duration;

use super::account_view::{AccountKind, AccountState, AccountView, find_account};
use super::odoo_password::verify_password;
use crate::admin::{AdminError, Administration, ApplicationSecrets};
use crate::error::Problem;
use crate::http::console::form::ConsoleForm;
use crate::http::console::notice::Notice;
use crate::http::console::page::{ConsolePage, redirect};
use crate::http::console::problem_page::{admin_problem, not_found, sentence};
use crate::http::console::user::{Administrator, ConsoleUser};
use crate::http::pages::MAX_FIELD_BYTES;
use crate::http::request::ApiRequest;
use crate::secret::{Token, TokenKind};

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountAction {
    Disable,
    Enable,
    Rotate,
    Delete,
}

impl AccountAction {
    const ALL: [Self; 4] = [Self::Rotate, Self::Enable, Self::Disable, Self::Delete];

    /// The actions that its state permits.
    pub(super) fn possible_for(account: &AccountView) -> Vec<Self> {
        let is_disabled = account.state == AccountState::Disabled;
        let is_possible = |action: &Self| match action {
            Self::Disable => !is_disabled,
            Self::Enable => is_disabled,
            Self::Rotate => account.can_rotate,
            Self::Delete => true,
        };
        Self::ALL.into_iter().filter(is_possible).collect()
    }

    /// The action of this name.
    fn parse(name: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|action| action.name() == name).ok_or_else(not_found)
    }

    /// The last segment of its path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Rotate => "rotate",
            Self::Delete => "delete",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Rotate => "Replace the secret",
            Self::Delete => "Delete",
        }
    }

    pub(super) fn is_destructive(self) -> bool {
        matches!(self, Self::Disable | Self::Delete)
    }

    /// What will happen.
    fn consequence(self, kind: &AccountKind) -> &'static str {
        match self {
            Self::Disable => {
                "Requests with it, and with all tokens that were issued for it, are rejected from now on. You can \
                 enable it again."
            }
            Self::Enable => "Requests with it, and with tokens that were issued for it, are accepted again.",
            Self::Rotate if !kind.is_application => {
                "Programs need the new API key, which is displayed once. The current one stops working at once unless \
                 you choose a time below. A key before the current one stops working in any case. Login tokens that \
                 were created before stay valid."
            }
            Self::Rotate => {
                "The old secret stops working at once. Tokens that were issued before stay valid. The new secret is \
                 displayed once."
            }
            Self::Delete => {
                "It is deleted with all tokens that were issued for it, and with the sealed password of its user. This \
                 cannot be undone."
            }
        }
    }
}

#[derive(Template)]
#[template(path = "console/admin/confirm.html")]
struct ConfirmTemplate<'a> {
    page: &'a ConsolePage<'a>,
    kind: &'a AccountKind,
    account: AccountView,
    action: AccountAction,
    consequence: &'a str,
    csrf_token: String,
    alert: Option<String>,
    max_length: usize,
}

/// The new secrets, which are displayed once.
#[derive(Template)]
#[template(path = "console/admin/secrets.html")]
pub(super) struct SecretsTemplate<'a> {
    pub page: &'a ConsolePage<'a>,
    pub title: &'a str,
    /// The path of the account.
    pub account: String,
    /// What each secret is called, its id on the page, and its value.
    pub secrets: Vec<(&'static str, &'static str, String)>,
}

/// The secrets of an application, as they are displayed.
pub(super) fn displayed_secrets(
    client_id: &str,
    secrets: &ApplicationSecrets,
    is_bound: bool,
) -> Vec<(&'static str, &'static str, String)> {
    let mut displayed = vec![("Client id", "client-id", client_id.to_owned())];
    displayed.extend(secrets.client.as_ref().map(|secret| ("Client secret", "secret", secret.expose().to_owned())));
    if let Some(consumer) = secrets.consumer.as_ref().filter(|_| is_bound) {
        displayed.push(("Consumer key (OAuth 1)", "consumer-key", consumer.key().to_owned()));
        displayed.push(("Consumer secret (OAuth 1)", "consumer-secret", consumer.secret().to_owned()));
    }
    displayed
}

/// `GET …/{id}/{action}`.
pub(super) async fn confirm_page(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let action = AccountAction::parse(request.segment("action"))?;
    confirmation(kind, &user, (request.segment("id"), action), &request, None).await
}

async fn confirmation(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    (id, action): (&str, AccountAction),
    request: &ApiRequest,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let (account, _) = find_account(kind, &user.administration(&request.state), id).await?;
    if !AccountAction::possible_for(&account).contains(&action) {
        return redirect(request, &format!("{}/{id}", kind.entry.path), None);
    }
    let page = ConsolePage::new(request, user, kind.entry).await?;
    let csrf_token = page.csrf_token(&format!("{}/{id}/{}", kind.entry.path, action.name())).await?;
    let status = if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let template = ConfirmTemplate {
        page: &page,
        kind,
        account,
        action,
        consequence: action.consequence(kind),
        csrf_token,
        alert,
        max_length: MAX_FIELD_BYTES,
    };
    page.respond(status, &template)
}

/// `POST …/{id}/{action}`.
pub(super) async fn perform(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    mut request: ApiRequest,
) -> Result<Response, Problem> {
    let action = AccountAction::parse(request.segment("action"))?;
    let id = request.segment("id").to_owned();
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let admin = user.administration(&request.state);
    // Actions of the command line accept names, too.
    find_account(kind, &admin, &id).await?;
    let path = format!("{}/{id}", kind.entry.path);
    match action {
        AccountAction::Disable | AccountAction::Enable => {
            let enabled = action == AccountAction::Enable;
            set_enabled(kind, &admin, &id, enabled).await.map_err(admin_problem)?;
            redirect(&request, &path, Some(if enabled { Notice::ENABLED } else { Notice::DISABLED }))
        }
        AccountAction::Delete => {
            delete(kind, &admin, &id).await.map_err(admin_problem)?;
            redirect(&request, kind.entry.path, Some(Notice::DELETED))
        }
        AccountAction::Rotate if kind.is_application => rotate(kind, &user, &id, (&request, &form)).await,
        AccountAction::Rotate => rotate_key(kind, &user, &id, (&request, &form)).await,
    }
}

async fn set_enabled(kind: &AccountKind, admin: &Administration, id: &str, enabled: bool) -> Result<bool, AdminError> {
    if kind.is_application {
        admin.set_application_enabled(id, enabled).await
    } else {
        admin.set_key_enabled(id, enabled).await
    }
}

async fn delete(kind: &AccountKind, admin: &Administration, id: &str) -> Result<(), AdminError> {
    if kind.is_application {
        admin.delete_application(id).await.map(drop)
    } else {
        admin.delete_key(id).await.map(drop)
    }
}

async fn rotate(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    id: &str,
    (request, form): (&ApiRequest, &ConsoleForm),
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let application = admin.find_application(id).await.map_err(admin_problem)?;
    let password = Some(form.value("password")).filter(|password| !password.is_empty()).map(SecretString::from);
    let grant = &application.row.grant;
    let verified = match &password {
        Some(password) if application.is_bound() => {
            verify_password(request, grant.database.as_str(), &grant.login, password).await
        }
        _ => Ok(()),
    };
    let rotated = match verified {
        Ok(()) => admin.rotate_secret(id, password).await,
        Err(error) => Err(error),
    };
    match rotated {
        Ok(secrets) => {
            let page = ConsolePage::new(request, user, kind.entry).await?;
            let template = SecretsTemplate {
                page: &page,
                title: application.name(),
                account: format!("{}/{id}", kind.entry.path),
                secrets: displayed_secrets(application.client_id(), &secrets, application.is_bound()),
            };
            page.respond(StatusCode::OK, &template)
        }
        Err(error) => rotation_failed(kind, user, id, request, error).await,
    }
}

async fn rotation_failed(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    id: &str,
    request: &ApiRequest,
    error: AdminError,
) -> Result<Response, Problem> {
    let alert = match error {
        AdminError::Invalid(reason) => sentence(&reason),
        AdminError::CredentialRejected => "Odoo does not accept this password or API key.".to_owned(),
        AdminError::Odoo(problem) => problem.detail,
        other => return Err(admin_problem(other)),
    };
    confirmation(kind, user, (id, AccountAction::Rotate), request, Some(alert)).await
}

/// Replaces the secret of an API key.
async fn rotate_key(
    kind: &'static AccountKind,
    user: &ConsoleUser,
    id: &str,
    (request, form): (&ApiRequest, &ConsoleForm),
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let (account, row) = find_account(kind, &admin, id).await?;
    let (proof, is_key) = key_or_password(form.value("password"));
    let proof = SecretString::from(proof);
    let overlap = Duration::seconds(form.value("overlap").parse().unwrap_or_default());
    let verified = if is_key {
        Ok(())
    } else {
        verify_password(request, row.grant.database.as_str(), &row.grant.login, &proof).await
    };
    let rotated = match verified {
        Ok(()) => admin.rotate_key(id, &proof, overlap).await,
        Err(error) => Err(error),
    };
    let rotated = match rotated {
        Ok(rotated) => rotated,
        Err(error) => return rotation_failed(kind, user, id, request, error).await,
    };
    let page = ConsolePage::new(request, user, kind.entry).await?;
    let template = SecretsTemplate {
        page: &page,
        title: &account.name,
        account: format!("{}/{id}", kind.entry.path),
        secrets: vec![("API key", "secret", rotated.secret.expose().to_owned())],
    };
    page.respond(StatusCode::OK, &template)
}

/// What proves that the secret may be replaced, and whether it is an API key of this gateway. Only a key is trimmed: a
/// password may begin or end with a space.
fn key_or_password(text: &str) -> (&str, bool) {
    match Token::parse(TokenKind::ApiKey, text.trim()) {
        Some(_) => (text.trim(), true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_around_a_key_are_ignored_and_those_of_a_password_are_not() {
        let key = Token::generate(TokenKind::ApiKey).unwrap();
        let key = key.expose();
        assert_eq!(key_or_password(&format!(" {key}\n")), (key, true));
        assert_eq!(key_or_password(" pass word "), (" pass word ", false));
    }
}
