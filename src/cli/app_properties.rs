//! `odoo-gateway app show`: the properties of an application for people.
//!
//! In: an application. Out: lines with names and texts. Must not know: how applications are stored.

use std::error::Error;
use std::io::Write;

use serde::Serialize;

use super::api_keys::{concurrent_text, networks_text, rate_text};
use super::table::{self, Cell, local_time, local_time_or};
use crate::admin::Application;

/// Prints the properties, with a line for each that is set.
pub(super) fn print(
    application: &Application,
    state: &str,
    origins: &[String],
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let (row, settings, terms) = (&application.row, &application.settings, application.row.key.as_ref());
    let yes_if = |set: bool| if set { "yes".to_owned() } else { String::new() };
    let user = match application.is_bound() {
        true => format!("{}@{} (user id {})", row.grant.login, row.grant.database, row.grant.uid),
        false => format!("users of {} who log in", row.grant.database),
    };
    let properties = [
        ("Name", application.name().to_owned().into()),
        ("Id", row.id.clone().into()),
        ("Client id", application.client_id().to_owned().into()),
        ("State", Cell::state(state)),
        ("Acts for", user.into()),
        ("Scope", row.scope.clone().into()),
        ("Grant types", names(settings.grants.iter())?.into()),
        ("Redirect URIs", settings.redirect_uris.join(" ").into()),
        ("Origins", origins.join(" ").into()),
        ("Public (no secret)", yes_if(settings.public).into()),
        ("Trusted (no page)", yes_if(settings.trusted).into()),
        ("Requires PKCE", yes_if(application.requires_pkce()).into()),
        ("OAuth 1", names(settings.oauth1.iter())?.into()),
        ("Networks", terms.map_or_else(String::new, networks_text).into()),
        ("Rate", terms.map_or_else(String::new, rate_text).into()),
        ("Concurrent requests", terms.map_or_else(String::new, concurrent_text).into()),
        ("Created", local_time(row.created_at).into()),
        ("Expires", local_time_or(row.not_after, "never").into()),
        ("Last used", local_time_or(row.last_used_at, "never").into()),
    ];
    Ok(table::print_properties(out, properties)?)
}

/// The serialized names of enum variants, separated by commas.
fn names<T: Serialize>(variants: impl Iterator<Item = T>) -> Result<String, serde_json::Error> {
    let names = variants.map(|variant| serde_json::to_value(variant).map(|name| name.as_str().map(str::to_owned)));
    Ok(names.collect::<Result<Option<Vec<_>>, _>>()?.unwrap_or_default().join(", "))
}
