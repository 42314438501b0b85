//! The demonstration: applications for whoever asks, for one user and for a day.
//!
//! In: the configuration, an administrator's means. Out: [`Demo`]. Must not know: HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;
use time::Duration;

use crate::admin::{AdminError, Administration, ApplicationSettings, GrantType, SignatureMethod, WantedApplication};
use crate::auth::Throttle;
use crate::config::DemoConfig;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::{Demo, DemoApplication};
use crate::store::{KeyTerms, random_id};

const LIFETIME: Duration = Duration::DAY;

/// The login under which applications are counted, beside the addresses they are made for.
const COUNTED_AS: &str = "\0demo";

/// The demonstration that is configured, if one is.
pub(super) fn demo(config: &DemoConfig, admin: Administration, throttle: Arc<Throttle>) -> Demo {
    let Some(secret) = config.password.clone().filter(|_| !config.login.is_empty()) else { return Demo::default() };
    let login = config.login.clone();
    Demo::new(move |address| {
        let (admin, throttle) = (admin.clone(), throttle.clone());
        let user = (login.clone(), secret.clone());
        Box::pin(async move { make(&admin, &throttle, address, user).await })
    })
}

async fn make(
    admin: &Administration,
    throttle: &Throttle,
    address: IpAddr,
    user: (String, SecretString),
) -> Result<DemoApplication, Problem> {
    let _counted = throttle.take(address, COUNTED_AS).map_err(|wait| {
        Problem::new(Code::TooManyAttempts, "Too many demonstrations were begun from here.").retry_after(wait)
    })?;
    let (application, secrets) = admin.create_application(wanted(admin, user)?).await.map_err(told)?;
    let secret = secrets.client.ok_or_else(|| Problem::internal("a demo application without a secret"))?;
    Ok(DemoApplication {
        client_id: application.client_id().to_owned(),
        client_secret: secret.expose().to_owned(),
        database: application.row.grant.database.clone(),
    })
}

/// Trusted, so that the vendor's exchanges work as printed; any of the usual ways to return to.
fn wanted(admin: &Administration, user: (String, SecretString)) -> Result<WantedApplication, Problem> {
    Ok(WantedApplication {
        database: None,
        bound: Some(user),
        scope: "\"all\"".to_owned(),
        not_after: Some(admin.clock.now() + LIFETIME),
        terms: KeyTerms {
            name: format!("demo {}", random_id().map_err(Problem::internal)?),
            needs_login_token: false,
            may_mint_for_others: false,
            networks: Vec::new(),
            rate: None,
            concurrent: None,
        },
        settings: ApplicationSettings {
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
            redirect_uris: ["https://127.0.0.1/callback", "http://127.0.0.1/callback"].map(str::to_owned).into(),
            trusted: true,
            oauth1: [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into(),
            // The answer has one pair for both protocols. The user's password is in the configuration in clear anyway.
            one_secret: true,
            ..ApplicationSettings::default()
        },
    })
}

fn told(error: AdminError) -> Problem {
    match error {
        AdminError::Odoo(problem) => problem,
        AdminError::Vault(cause) => cause.into(),
        other => Problem::internal(other),
    }
}
