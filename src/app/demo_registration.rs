//! The public demonstration: registers an application for any client, for one user and one day.
//!
//! In: the configuration, the administration. Out: [`Demo`]. Must not know: HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;
use time::Duration;

use crate::admin::{AdminError, Administration, ApplicationSettings, GrantType, NewApplication, SignatureMethod};
use crate::auth::Throttle;
use crate::config::DemoConfig;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::{Demo, DemoApplication};
use crate::store::{KeyTerms, random_id};

const LIFETIME: Duration = Duration::DAY;

/// The login under which the throttle counts applications; no Odoo login contains NUL.
const THROTTLE_LOGIN: &str = "\0demo";

/// Returns the configured demonstration.
pub(super) fn demo(config: &DemoConfig, admin: Administration, throttle: Arc<Throttle>) -> Demo {
    let Some(secret) = config.password.clone().filter(|_| !config.login.is_empty()) else { return Demo::default() };
    let login = config.login.clone();
    Demo::new(move |address| {
        let (admin, throttle) = (admin.clone(), throttle.clone());
        let user = (login.clone(), secret.clone());
        Box::pin(async move { create_application(&admin, &throttle, address, user).await })
    })
}

async fn create_application(
    admin: &Administration,
    throttle: &Throttle,
    address: IpAddr,
    user: (String, SecretString),
) -> Result<DemoApplication, Problem> {
    let _counted = throttle.take(address, THROTTLE_LOGIN).map_err(|wait| {
        Problem::new(ErrorCode::TooManyAttempts, "Too many demonstrations were started from this address.")
            .retry_after(wait)
    })?;
    let (application, secrets) = admin.create_application(new_application(admin, user)?).await.map_err(problem)?;
    let secret = secrets.client.ok_or_else(|| Problem::internal("a demo application without a secret"))?;
    Ok(DemoApplication {
        client_id: application.client_id().to_owned(),
        client_secret: secret.expose().to_owned(),
        database: application.row.grant.database.clone(),
    })
}

/// A trusted application with local redirect URIs, so that the examples of the add-on's manual work as printed.
fn new_application(admin: &Administration, user: (String, SecretString)) -> Result<NewApplication, Problem> {
    Ok(NewApplication {
        database: None,
        bound: Some(user),
        scope: "\"all\"".to_owned(),
        not_after: Some(admin.clock.now() + LIFETIME),
        terms: KeyTerms::unlimited(format!("demo {}", random_id().map_err(Problem::internal)?)),
        settings: ApplicationSettings {
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
            redirect_uris: ["https://127.0.0.1/callback", "http://127.0.0.1/callback"].map(str::to_owned).into(),
            trusted: true,
            oauth1: [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into(),
            // The response has one pair for both protocols. The user's password is in the configuration unencrypted
            // anyway.
            one_secret: true,
            ..ApplicationSettings::default()
        },
        origins: Vec::new(),
    })
}

fn problem(error: AdminError) -> Problem {
    match error {
        AdminError::Odoo(problem) => problem,
        AdminError::KeySet(cause) => cause.into(),
        other => Problem::internal(other),
    }
}
