//! `odoo-gateway app`: manages OAuth applications.
//!
//! In: arguments, a secret from standard input or a file. Out: the result as text or JSON. Must not know: how
//! applications are stored.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde_json::json;
use time::OffsetDateTime;

use super::api_keys::parse_rate;
use super::app_properties;
use super::expiry::Expiry;
use super::secret_input::read_secret;
use super::table::{self, Cell, format_timestamp, local_time_or};
use super::usage;
use crate::admin::{
    AdminError, Administration, Application, ApplicationSecrets, ApplicationSettings, GrantType, NewApplication,
    SignatureMethod,
};
use crate::store::{KeyRate, KeyTerms};

/// A command for applications.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AppCommand {
    /// Register an application; print its client id and secret, which cannot be displayed again
    Create(Box<CreateApp>),
    /// List all applications, without secrets
    List,
    /// Show the properties of an application
    Show(AppName),
    /// Change the origins of an application; every gateway uses the new ones within a second
    Update(UpdateApp),
    /// Show how many requests used an application's tokens, by day
    Usage(AppName),
    /// Replace the secrets of an application; the old ones are revoked at once
    RotateSecret(RotateSecret),
    /// Disable an application with all its tokens
    Disable(AppName),
    /// Enable an application
    Enable(AppName),
    /// Delete an application with all its tokens
    Delete(AppName),
}

/// The name of an application.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AppName {
    /// Name, client id or id of the application
    name: String,
}

/// Arguments of `update`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct UpdateApp {
    /// Name, client id or id of the application
    name: String,
    /// Origin whose pages may call the gateway for the application, such as https://shop.example; replaces all
    /// origins; can be repeated
    #[arg(long, value_name = "ORIGIN", required_unless_present = "no_origins")]
    origin: Vec<String>,
    /// Remove all origins
    #[arg(long, conflicts_with = "origin")]
    no_origins: bool,
}

/// Arguments of `rotate-secret`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RotateSecret {
    /// Name, client id or id of the application. The password or an Odoo API key of its user is read from standard
    /// input
    name: String,
    /// Read the password or Odoo API key from this file, not from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// Arguments of `create`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CreateApp {
    /// Name of the application, which users see on the consent page
    #[arg(long)]
    name: String,
    /// Odoo login of the user that the application is bound to; the user's password or Odoo API key is read from
    /// standard input. Without it, the application acts only for users who log in
    #[arg(long)]
    login: Option<String>,
    /// Read the password or Odoo API key from this file, not from standard input
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
    /// Configured name of the database whose users the application acts for (default: the first one)
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Exact redirect URI, also for OAuth 1 callbacks; can be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Origin whose pages may call the gateway for the application, such as https://shop.example (CORS); can be
    /// repeated
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// The application cannot keep a secret (in a browser, on a phone), and gets none
    #[arg(long)]
    public: bool,
    /// Grant types, separated by commas: authorization_code, refresh_token, client_credentials (default: the first
    /// two with a redirect URI or --trusted, the last one with --login)
    #[arg(long, value_delimiter = ',', value_parser = parse_variant::<GrantType>, value_name = "GRANT")]
    grant: Vec<GrantType>,
    /// The application gets codes without a page, for the user it is bound to
    #[arg(long)]
    trusted: bool,
    /// Require PKCE although the application has a secret
    #[arg(long)]
    require_pkce: bool,
    /// OAuth 1 signature methods, separated by commas: HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256,
    /// PLAINTEXT. The consumer key and secret are printed too
    #[arg(long, value_delimiter = ',', value_parser = parse_variant::<SignatureMethod>, value_name = "METHOD")]
    oauth1: Vec<SignatureMethod>,
    /// File with the application's RSA public key (PEM)
    #[arg(long, value_name = "FILE")]
    rsa_public_key: Option<PathBuf>,
    /// Limit of what the application may do with its users' rights: "all", or rules as for API keys
    #[arg(long, default_value = "\"all\"", value_name = "JSON")]
    scope: String,
    /// Expiry: a duration such as 90d, a date such as 2027-01-31 (UTC), or never
    #[arg(long, default_value = "never", value_name = "WHEN")]
    expires: Expiry,
    /// Addresses or networks from which the application and its tokens can be used, separated by commas (default:
    /// all)
    #[arg(long, value_delimiter = ',', value_name = "NETWORK", value_parser = super::ip_network::parse)]
    network: Vec<IpNet>,
    /// Rate limit of the application and its tokens, such as 100/1m (default: none)
    #[arg(long, value_parser = parse_rate, value_name = "N/TIME")]
    rate: Option<(u32, u32)>,
    /// Number of requests that can be sent at once (default: the number of the rate)
    #[arg(long, requires = "rate", value_name = "N")]
    burst: Option<u32>,
    /// Maximum number of concurrent requests of the application and its tokens (default: no limit)
    #[arg(long, value_name = "N")]
    concurrent: Option<u32>,
}

/// Parses the serialized name of an enum variant.
fn parse_variant<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

impl CreateApp {
    fn grants(&self) -> Vec<GrantType> {
        if !self.grant.is_empty() {
            return self.grant.clone();
        }
        let mut grants = Vec::new();
        if self.trusted || !self.redirect_uri.is_empty() {
            grants.extend([GrantType::AuthorizationCode, GrantType::RefreshToken]);
        }
        if self.login.is_some() {
            grants.push(GrantType::ClientCredentials);
        }
        grants
    }

    fn into_new_application(self, admin: &Administration) -> Result<NewApplication, Box<dyn Error>> {
        let grants = self.grants();
        let with_secret =
            |login: String| read_secret(self.secret_file.as_deref(), &login).map(|secret| (login, secret));
        let burst = self.burst;
        let rate = self.rate.map(|(requests, seconds)| KeyRate { requests, seconds, burst: burst.unwrap_or(requests) });
        Ok(NewApplication {
            database: self.database,
            bound: self.login.map(with_secret).transpose()?,
            scope: self.scope,
            not_after: self.expires.resolve(admin.clock.now())?,
            terms: KeyTerms {
                networks: self.network,
                rate,
                concurrent: self.concurrent,
                ..KeyTerms::unlimited(self.name)
            },
            settings: ApplicationSettings {
                public: self.public,
                grants: grants.into_iter().collect(),
                redirect_uris: self.redirect_uri,
                trusted: self.trusted,
                pkce_required: self.require_pkce,
                oauth1: self.oauth1.into_iter().collect(),
                rsa_public_key: self.rsa_public_key.as_deref().map(read_pem).transpose()?,
                one_secret: false,
            },
            origins: self.origin,
        })
    }
}

fn read_pem(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|cause| format!("{} cannot be read: {cause}", file.display()))
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: AppCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        AppCommand::Create(arguments) => {
            let new = arguments.into_new_application(admin)?;
            let origins = new.origins.clone();
            let (application, secrets) = admin.create_application(new).await?;
            // Not from the store, which may fail: the secrets would be lost.
            let origins = [(application.client_id().to_owned(), origins)].into();
            print_secrets(&application, &secrets, &Descriptions { now: admin.clock.now(), origins }, json, out)?;
        }
        AppCommand::List => {
            list(&admin.list_applications().await?, &Descriptions::load(admin).await?, json, out)?;
        }
        AppCommand::Show(AppName { name }) => {
            let (application, descriptions) = (admin.find_application(&name).await?, Descriptions::load(admin).await?);
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&describe(&application, &descriptions))?)?;
            } else {
                let state = state(&application, descriptions.now);
                app_properties::print(&application, state, descriptions.origins(&application), out)?;
            }
        }
        AppCommand::Update(UpdateApp { name, origin, .. }) => {
            admin.set_application_origins(&name, &origin).await?;
            table::print_message(out, json, &format!("{name} is updated."))?;
        }
        AppCommand::Usage(AppName { name }) => {
            let application = admin.find_application(&name).await?;
            usage::print(&admin.usage(&application.row.id).await?, json, out)?;
        }
        AppCommand::RotateSecret(RotateSecret { name, secret_file }) => {
            let application = admin.find_application(&name).await?;
            let login = &application.row.grant.login;
            let bound = application.is_bound().then(|| read_secret(secret_file.as_deref(), login)).transpose()?;
            let descriptions = Descriptions::load(admin).await?;
            let secrets = admin.rotate_secret(&name, bound).await?;
            print_secrets(&application, &secrets, &descriptions, json, out)?;
        }
        AppCommand::Disable(AppName { name }) => {
            admin.set_application_enabled(&name, false).await?;
            table::print_message(out, json, &format!("{name} is disabled."))?;
        }
        AppCommand::Enable(AppName { name }) => {
            admin.set_application_enabled(&name, true).await?;
            table::print_message(out, json, &format!("{name} is enabled."))?;
        }
        AppCommand::Delete(AppName { name }) => {
            admin.delete_application(&name).await?;
            table::print_message(out, json, &format!("{name} is deleted."))?;
        }
    }
    Ok(())
}

/// What the descriptions of applications contain in addition to their rows.
struct Descriptions {
    now: OffsetDateTime,
    /// By client id.
    origins: BTreeMap<String, Vec<String>>,
}

impl Descriptions {
    async fn load(admin: &Administration) -> Result<Self, AdminError> {
        Ok(Self { now: admin.clock.now(), origins: admin.application_origins().await? })
    }

    fn origins(&self, application: &Application) -> &[String] {
        self.origins.get(application.client_id()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Prints the client id and the client secret on a line each, followed by the consumer key, the consumer secret and
/// an explanation if the application is bound to a user and signs requests.
fn print_secrets(
    application: &Application,
    secrets: &ApplicationSecrets,
    descriptions: &Descriptions,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let secret = secrets.client.as_ref().map(|secret| secret.expose());
    if json {
        let mut object = describe(application, descriptions);
        object.insert("client_secret".to_owned(), secret.into());
        if let Some(consumer) = &secrets.consumer {
            object.insert("consumer_key".to_owned(), consumer.key().into());
            object.insert("consumer_secret".to_owned(), consumer.secret().into());
        }
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?);
    }
    writeln!(out, "{}", application.client_id())?;
    secret.map_or(Ok(()), |secret| writeln!(out, "{secret}"))?;
    match secrets.consumer.as_ref().filter(|_| application.is_bound()) {
        Some(consumer) => Ok(writeln!(out, "{}\n{}\n{OAUTH1_NOTE}", consumer.key(), consumer.secret())?),
        None => Ok(()),
    }
}

/// Explains the last two lines.
const OAUTH1_NOTE: &str = "# The last two lines are the consumer key and the consumer secret of OAuth 1. The consumer secret only signs \
     requests; the store and the master key together open it. The user's password is sealed under the client secret \
     and, for a trusted application, under the part of the consumer key after the dot. Neither is stored. Keep the \
     complete consumer key secret.";

fn list(
    applications: &[Application],
    descriptions: &Descriptions,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    if json {
        let all: Vec<_> = applications.iter().map(|application| describe(application, descriptions)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?);
    }
    let row = |application: &Application| {
        let grant = &application.row.grant;
        let user = if application.is_bound() { grant.login.as_str() } else { "" };
        [
            application.name().to_owned().into(),
            application.client_id().to_owned().into(),
            format!("{user}@{}", grant.database).into(),
            Cell::state(state(application, descriptions.now)),
            local_time_or(application.row.not_after, "never").into(),
            local_time_or(application.row.last_used_at, "never").into(),
        ]
    };
    Ok(table::print(out, ["NAME", "CLIENT ID", "USER", "STATE", "EXPIRES", "LAST USED"], applications.iter().map(row))?)
}

fn state(application: &Application, now: OffsetDateTime) -> &'static str {
    match (application.row.disabled_at, application.row.is_active(now)) {
        (Some(_), _) => "off",
        (None, true) => "on",
        (None, false) => "ended",
    }
}

fn describe(application: &Application, descriptions: &Descriptions) -> serde_json::Map<String, serde_json::Value> {
    let (row, settings, terms) = (&application.row, &application.settings, application.row.key.as_ref());
    let object = json!({
        "id": row.id,
        "name": application.name(),
        "client_id": application.client_id(),
        "state": state(application, descriptions.now),
        "database": row.grant.database,
        "login": application.is_bound().then_some(&row.grant.login),
        "uid": application.is_bound().then_some(row.grant.uid),
        "public": settings.public,
        "trusted": settings.trusted,
        "grants": settings.grants,
        "redirect_uris": settings.redirect_uris,
        "origins": descriptions.origins(application),
        "require_pkce": application.requires_pkce(),
        "oauth1": settings.oauth1,
        "rsa_public_key": settings.rsa_public_key,
        "scope": serde_json::from_str::<serde_json::Value>(&row.scope).unwrap_or_default(),
        "networks": terms.map(|terms| terms.networks.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "rate": terms.and_then(|terms| terms.rate).map(|rate| {
            json!({"requests": rate.requests, "seconds": rate.seconds, "burst": rate.burst})
        }),
        "concurrent": terms.and_then(|terms| terms.concurrent),
        "created_at": format_timestamp(row.created_at),
        "ends_at": row.not_after.map(format_timestamp),
        "last_used_at": row.last_used_at.map(format_timestamp),
    });
    match object {
        serde_json::Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}
