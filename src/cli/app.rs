//! `odoo-gateway app …`: applications on the command line.
//!
//! In: arguments, a secret from standard input or a file. Out: what was done, for people or as JSON. Must not know: how it
//! is done.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::expiry::Expiry;
use super::key::rate;
use super::secret_input::read_secret;
use super::table::{self, moment};
use crate::admin::{
    Administration, Application, ApplicationSecrets, ApplicationSettings, GrantType, SignatureMethod, WantedApplication,
};
use crate::store::{KeyRate, KeyTerms};

/// What is to be done to applications.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AppCommand {
    /// Register an application and print its client id and secret, the secret this once
    Create(Box<Create>),
    /// List all applications, without their secrets
    List,
    /// Show what one application is and may
    Show(Named),
    /// Give an application another secret; the old one is dead at once
    RotateSecret(Rotate),
    /// Switch an application off, with everything it was given
    Disable(Named),
    /// Switch an application on again
    Enable(Named),
    /// Delete an application, with everything it was given
    Delete(Named),
}

/// Which application.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Named {
    /// Its name, client id or id
    name: String,
}

/// Which application's secret.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Rotate {
    /// Its name, client id or id. The password or an Odoo API key of its user is read from standard input
    name: String,
    /// The file that holds the password or Odoo API key, instead of standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// What the application is to be.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Create {
    /// What people call the application; users read it when they are asked
    #[arg(long)]
    name: String,
    /// The login of the user it is bound to; his password or an Odoo API key is read from standard input. Without, it acts
    /// only for users who log in
    #[arg(long)]
    login: Option<String>,
    /// The file that holds the password or Odoo API key, instead of standard input
    #[arg(long, value_name = "FILE", requires = "login")]
    secret_file: Option<PathBuf>,
    /// The database whose users it is for, as the gateway calls it (default: the first configured one)
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Where answers may go, exactly; callbacks of OAuth 1 too. May be given several times
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// It runs where it cannot keep a secret (a browser, a phone), and gets none
    #[arg(long)]
    public: bool,
    /// Its ways to a token: authorization_code, refresh_token, client_credentials, with commas between (default: the first
    /// two with a redirect URI or when it is trusted, the last one with a login)
    #[arg(long, value_delimiter = ',', value_parser = word::<GrantType>, value_name = "GRANT")]
    grant: Vec<GrantType>,
    /// It approves for the user it is bound to by itself, without a page
    #[arg(long)]
    trusted: bool,
    /// It has to use PKCE although it has a secret
    #[arg(long)]
    require_pkce: bool,
    /// How it may sign by OAuth 1, with a consumer key and secret that are printed too: HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256, PLAINTEXT, with commas between
    #[arg(long, value_delimiter = ',', value_parser = word::<SignatureMethod>, value_name = "METHOD")]
    oauth1: Vec<SignatureMethod>,
    /// The file that holds its RSA public key (PEM)
    #[arg(long, value_name = "FILE")]
    rsa_public_key: Option<PathBuf>,
    /// What it may do of what its users may: "all", or rules as for keys
    #[arg(long, default_value = "\"all\"", value_name = "JSON")]
    scope: String,
    /// When it ends: a time from now as 90d, a date as 2027-01-31 (UTC), or never
    #[arg(long, default_value = "never", value_name = "WHEN")]
    expires: Expiry,
    /// Where it and its tokens are used: addresses or networks, with commas between (default: anywhere)
    #[arg(long, value_delimiter = ',', value_name = "NETWORK", value_parser = super::network::parse)]
    network: Vec<IpNet>,
    /// How often it and its tokens may be used: requests in a time, as 100/1m (default: without limit)
    #[arg(long, value_parser = rate, value_name = "N/TIME")]
    rate: Option<(u32, u32)>,
    /// Requests that are free at once (default: as many as the rate has)
    #[arg(long, requires = "rate", value_name = "N")]
    burst: Option<u32>,
    /// Requests that it and its tokens may have under way at one time (default: without limit)
    #[arg(long, value_name = "N")]
    concurrent: Option<u32>,
}

/// One of few words.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|wrong| wrong.to_string())
}

impl Create {
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

    fn wanted(self, admin: &Administration) -> Result<WantedApplication, Box<dyn Error>> {
        let grants = self.grants();
        let read = |login: String| read_secret(self.secret_file.as_deref(), &login).map(|secret| (login, secret));
        let burst = self.burst;
        let rate = self.rate.map(|(requests, seconds)| KeyRate { requests, seconds, burst: burst.unwrap_or(requests) });
        Ok(WantedApplication {
            database: self.database,
            bound: self.login.map(read).transpose()?,
            scope: self.scope,
            not_after: self.expires.from(admin.clock.now())?,
            terms: KeyTerms {
                name: self.name,
                needs_login_token: false,
                may_mint_for_others: false,
                networks: self.network,
                rate,
                concurrent: self.concurrent,
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
        })
    }
}

fn read_pem(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|cause| format!("{} cannot be read: {cause}", file.display()))
}

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    command: AppCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        AppCommand::Create(wanted) => {
            let (application, secrets) = admin.create_application(wanted.wanted(admin)?).await?;
            print_secrets(&application, &secrets, admin, json, out)?;
        }
        AppCommand::List => list(&admin.applications().await?, admin, json, out)?,
        AppCommand::Show(Named { name }) => {
            let application = describe(&admin.application(&name).await?, admin);
            writeln!(out, "{}", serde_json::to_string_pretty(&application)?)?;
        }
        AppCommand::RotateSecret(Rotate { name, secret_file }) => {
            let application = admin.application(&name).await?;
            let login = &application.row.grant.login;
            let bound = application.is_bound().then(|| read_secret(secret_file.as_deref(), login)).transpose()?;
            let secrets = admin.rotate_secret(&name, bound).await?;
            print_secrets(&application, &secrets, admin, json, out)?;
        }
        AppCommand::Disable(Named { name }) => {
            admin.switch_application(&name, false).await?;
            table::done(out, json, &format!("{name} is switched off."))?;
        }
        AppCommand::Enable(Named { name }) => {
            admin.switch_application(&name, true).await?;
            table::done(out, json, &format!("{name} is switched on."))?;
        }
        AppCommand::Delete(Named { name }) => {
            admin.delete_application(&name).await?;
            table::done(out, json, &format!("{name} is deleted."))?;
        }
    }
    Ok(())
}

/// For people a line each: client id and secret; of an application that is bound to a user and signs, its consumer key and
/// secret too, and what holds for them.
fn print_secrets(
    application: &Application,
    secrets: &ApplicationSecrets,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let secret = secrets.client.as_ref().map(|secret| secret.expose());
    if json {
        let mut described = describe(application, admin);
        described.insert("client_secret".to_owned(), secret.into());
        if let Some(consumer) = &secrets.consumer {
            described.insert("consumer_key".to_owned(), consumer.key().into());
            described.insert("consumer_secret".to_owned(), consumer.secret().into());
        }
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&described)?)?);
    }
    writeln!(out, "{}", application.client_id())?;
    secret.map_or(Ok(()), |secret| writeln!(out, "{secret}"))?;
    match secrets.consumer.as_ref().filter(|_| application.is_bound()) {
        Some(consumer) => Ok(writeln!(out, "{}\n{}\n{OF_OAUTH1}", consumer.key(), consumer.secret())?),
        None => Ok(()),
    }
}

/// What holds for the last two lines.
const OF_OAUTH1: &str = "# The last two lines are the consumer key and the consumer secret of OAuth 1. The consumer secret signs: the store \
     and the master key open it, and it opens no password. The user's password is behind the client secret and, of a \
     trusted application, behind the part of the consumer key after the dot; neither is stored. Keep the whole consumer \
     key secret.";

fn list(
    applications: &[Application],
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    if json {
        let all: Vec<_> = applications.iter().map(|application| describe(application, admin)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?);
    }
    let row = |application: &Application| {
        let grant = &application.row.grant;
        let user = if application.is_bound() { grant.login.as_str() } else { "" };
        let ends = application.row.not_after.map_or_else(|| "never".to_owned(), moment);
        let used = application.row.last_used_at.map_or_else(|| "never".to_owned(), moment);
        let user = format!("{user}@{}", grant.database);
        let state = state(application, admin).to_owned();
        [application.name().to_owned(), application.client_id().to_owned(), user, state, ends, used]
    };
    Ok(table::print(out, ["NAME", "CLIENT ID", "USER", "STATE", "ENDS", "LAST USED"], applications.iter().map(row))?)
}

fn state(application: &Application, admin: &Administration) -> &'static str {
    match (application.row.disabled_at, application.row.is_alive(admin.clock.now())) {
        (Some(_), _) => "off",
        (None, true) => "on",
        (None, false) => "ended",
    }
}

fn describe(application: &Application, admin: &Administration) -> serde_json::Map<String, serde_json::Value> {
    let (row, settings, terms) = (&application.row, &application.settings, application.row.key.as_ref());
    let described = json!({
        "id": row.id,
        "name": application.name(),
        "client_id": application.client_id(),
        "state": state(application, admin),
        "database": row.grant.database,
        "login": application.is_bound().then_some(&row.grant.login),
        "uid": application.is_bound().then_some(row.grant.uid),
        "public": settings.public,
        "trusted": settings.trusted,
        "grants": settings.grants,
        "redirect_uris": settings.redirect_uris,
        "require_pkce": application.needs_pkce(),
        "oauth1": settings.oauth1,
        "rsa_public_key": settings.rsa_public_key,
        "scope": serde_json::from_str::<serde_json::Value>(&row.scope).unwrap_or_default(),
        "networks": terms.map(|terms| terms.networks.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "rate": terms.and_then(|terms| terms.rate).map(|rate| {
            json!({"requests": rate.requests, "seconds": rate.seconds, "burst": rate.burst})
        }),
        "concurrent": terms.and_then(|terms| terms.concurrent),
        "created_at": moment(row.created_at),
        "ends_at": row.not_after.map(moment),
        "last_used_at": row.last_used_at.map(moment),
    });
    match described {
        serde_json::Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}
