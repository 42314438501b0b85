//! The health of everything that the gateway depends on, and the configuration in effect.
//!
//! In: nothing. Out: pages. Must not know: how parts are checked, where settings come from.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use crate::admin::{BreakerState, HealthOverview};
use crate::error::Problem;
use crate::http::console::page::{CONFIGURATION, ConsolePage, HEALTH};
use crate::http::console::settings::Console;
use crate::http::console::user::Administrator;
use crate::http::request::ApiRequest;

/// One part, for the template.
struct PartView {
    name: String,
    is_usable: bool,
    /// What was found, or what is wrong.
    found: String,
    milliseconds: u128,
    breaker: Option<String>,
}

#[derive(Template)]
#[template(path = "console/admin/health.html")]
struct HealthTemplate<'a> {
    page: &'a ConsolePage<'a>,
    is_ready: bool,
    parts: Vec<PartView>,
}

/// `GET /console/admin/health`.
pub(super) async fn health_page(Administrator(user): Administrator, request: ApiRequest) -> Result<Response, Problem> {
    let health = user.administration(&request.state).health().await;
    let page = ConsolePage::new(&request, &user, HEALTH).await?;
    let template = HealthTemplate { page: &page, is_ready: health.is_ready(), parts: parts(health) };
    page.respond(StatusCode::OK, &template)
}

fn parts(health: HealthOverview) -> Vec<PartView> {
    let gateway = health.gateway.into_iter().map(|part| (part.name.clone(), part));
    let odoo = health.odoo.into_iter().map(|part| (format!("Odoo {}", part.name), part));
    let view = |(name, part): (String, crate::admin::PartHealth)| PartView {
        name,
        is_usable: part.found.is_ok(),
        found: part.found.unwrap_or_else(|reason| reason),
        milliseconds: part.latency.as_millis(),
        breaker: part.breaker.map(|breaker| match breaker {
            BreakerState::Closed => "Closed: requests are sent".to_owned(),
            BreakerState::Open(pause) => {
                format!("Open: requests are rejected for {} s", pause.as_secs() + u64::from(pause.subsec_nanos() > 0))
            }
        }),
    };
    gateway.chain(odoo).map(view).collect()
}

#[derive(Template)]
#[template(path = "console/admin/configuration.html")]
struct ConfigurationTemplate<'a> {
    page: &'a ConsolePage<'a>,
    warnings: &'a [String],
    settings: &'a str,
}

/// `GET /console/admin/configuration`.
pub(super) async fn configuration_page(
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let settings = request.extension::<Console>()?.settings();
    let page = ConsolePage::new(&request, &user, CONFIGURATION).await?;
    let template = ConfigurationTemplate {
        page: &page,
        warnings: &settings.configuration.warnings,
        settings: &settings.configuration.settings,
    };
    page.respond(StatusCode::OK, &template)
}
