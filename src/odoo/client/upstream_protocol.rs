//! Which protocol the calls of a user use, and the version of Odoo over either protocol.
//!
//! In: the setting, and what Odoo serves. Out: the header with the user's key, if JSON-2 is used. Must not know: calls.
//!
//! With `auto`, a call uses XML-RPC wherever Odoo serves it: it is faster, as over JSON-2 Odoo verifies the key for
//! each call, and it accepts passwords. Odoo serves no XML-RPC from Odoo 22 on, or behind a proxy that blocks it. Then
//! all calls use JSON-2. This is found out with the version, which is requested at least every few minutes, and when a
//! call finds nothing at the URL of XML-RPC.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use time::OffsetDateTime;

use super::{OdooClient, Service};
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::api_key_owner;
use crate::odoo::error::{OdooError, TransportError, is_xmlrpc_unserved, json2_unserved, unreadable};
use crate::odoo::settings::UpstreamProtocol;
use crate::odoo::transport::WebRequest;
use crate::odoo::user::{OdooUser, is_api_key};
use crate::odoo::version::{self, ServerVersion};
use crate::plan::Effect;
use crate::telemetry::traces::in_span;

/// Maximum size of the version, in bytes.
const MAX_VERSION_BYTES: usize = 64 << 10;

/// How long passwords are rejected before XML-RPC is tried again.
const RETRY_XMLRPC_AFTER: Duration = Duration::from_secs(10);

/// What the last version of Odoo showed.
#[derive(Debug)]
pub(super) struct ServerKnowledge {
    /// Whether Odoo serves JSON-2, but not XML-RPC.
    serves_only_json2: AtomicBool,
    /// When that was found out, or XML-RPC was tried again for a password.
    tried_at: Mutex<OffsetDateTime>,
    /// The major version; 0 if it is not known yet.
    major: AtomicU8,
    clock: Clock,
}

impl ServerKnowledge {
    /// Nothing is known.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            serves_only_json2: AtomicBool::new(false),
            tried_at: Mutex::new(OffsetDateTime::UNIX_EPOCH),
            major: AtomicU8::new(0),
            clock,
        }
    }

    /// Records that Odoo serves only JSON-2. Returns whether that is new.
    fn set_serves_only_json2(&self) -> bool {
        *self.tried_at.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
        !self.serves_only_json2.swap(true, Ordering::Relaxed)
    }

    /// Whether it is time to try XML-RPC again; true for one caller only.
    fn take_retry(&self) -> bool {
        let mut tried_at = self.tried_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = (self.clock.now() - *tried_at).abs() >= RETRY_XMLRPC_AFTER;
        if is_due {
            *tried_at = self.clock.now();
        }
        is_due
    }
}

impl OdooClient {
    /// Odoo's version. Needs no credential.
    ///
    /// # Errors
    /// If Odoo does not respond, or not with a version.
    pub async fn version(&self) -> Result<ServerVersion, OdooError> {
        let version = self.find_version().await;
        if let Ok(version) = &version {
            self.0.server.major.store(version.major, Ordering::Relaxed);
        }
        version
    }

    async fn find_version(&self) -> Result<ServerVersion, OdooError> {
        let protocol = self.settings().protocol;
        if protocol == UpstreamProtocol::Json2 {
            return self.version_without_xmlrpc().await;
        }
        let version = self.version_over_xmlrpc().await;
        if protocol == UpstreamProtocol::Auto && is_unserved(&version) {
            return self.version_if_xmlrpc_is_unserved(version).await;
        }
        version
    }

    /// The version with `auto`, after the one over XML-RPC was not found. A server that is being restarted can fail
    /// here for a while, which does not decide about the protocol.
    async fn version_if_xmlrpc_is_unserved(
        &self,
        unserved: Result<ServerVersion, OdooError>,
    ) -> Result<ServerVersion, OdooError> {
        let server = &self.0.server;
        let Some(other) = self.request_version_without_xmlrpc().await? else { return unserved };
        if other.major < api_key_owner::FIRST_MAJOR {
            server.serves_only_json2.store(false, Ordering::Relaxed);
            return unserved;
        }
        if server.serves_only_json2.load(Ordering::Relaxed) {
            return Ok(other);
        }
        let again = self.version_over_xmlrpc().await;
        if !is_unserved(&again) {
            return again;
        }
        if server.set_serves_only_json2() {
            tracing::warn!(odoo = self.settings().name, "Odoo serves no XML-RPC; calls use JSON-2 from now on");
        }
        Ok(other)
    }

    async fn version_over_xmlrpc(&self) -> Result<ServerVersion, OdooError> {
        let span = self.start_call_span("xmlrpc", "common", "version");
        let sent = self.send(Service::Common, version::request()?.into(), Effect::Read);
        let response = in_span(span.current(), sent).await;
        span.end_request(&response);
        let version = version::parse(&response?.text)?;
        self.0.server.serves_only_json2.store(false, Ordering::Relaxed);
        Ok(version)
    }

    async fn version_without_xmlrpc(&self) -> Result<ServerVersion, OdooError> {
        self.request_version_without_xmlrpc().await?.ok_or_else(|| json2_unserved().into())
    }

    /// The version from `/web/version`, which Odoo has since version 19; `None` if Odoo does not serve it.
    async fn request_version_without_xmlrpc(&self) -> Result<Option<ServerVersion>, OdooError> {
        let url = self.0.endpoints.version.clone();
        // With several databases, Odoo finds this URL only in a database.
        let database = self.0.json2_database().cloned();
        let response =
            self.send_web_request(WebRequest { database, ..WebRequest::get(url, MAX_VERSION_BYTES) }).await?;
        match response.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => {
                let error = TransportError::Status { status: status.as_u16(), retry_after: response.retry_after };
                return Err(error.into_problem(Effect::Read).into());
            }
        }
        let version = std::str::from_utf8(&response.body).ok().and_then(version::parse_json);
        version.map(Some).ok_or_else(|| unreadable("it is not a version").into())
    }

    /// Finds out whether Odoo serves only JSON-2, after a call found nothing at the URL of XML-RPC.
    pub(super) async fn notice_unserved_xmlrpc<T>(&self, result: &Result<T, OdooError>) {
        if is_unserved(result) && self.settings().protocol == UpstreamProtocol::Auto {
            // Boxed, because it is rare and large.
            let _ = Box::pin(self.version()).await;
        }
    }

    /// Whether calls cannot use XML-RPC.
    pub(super) fn must_use_json2(&self) -> bool {
        match self.settings().protocol {
            UpstreamProtocol::Auto => self.0.server.serves_only_json2.load(Ordering::Relaxed),
            UpstreamProtocol::XmlRpc => false,
            UpstreamProtocol::Json2 => true,
        }
    }

    /// Odoo's major version, as far as it is known; otherwise 0.
    pub(super) fn known_major(&self) -> u8 {
        self.0.server.major.load(Ordering::Relaxed)
    }

    /// Whether the calls of a user with this secret use JSON-2. Before a password is rejected, XML-RPC is tried again:
    /// a proxy may have answered 404 for a moment only, and nothing else may ask Odoo for its version for minutes.
    ///
    /// # Errors
    /// If they do, but the secret is a password.
    pub(super) async fn uses_json2(&self, secret: &SecretString) -> Result<bool, Problem> {
        if !self.must_use_json2() || is_api_key(secret) {
            return Ok(self.must_use_json2());
        }
        if self.settings().protocol == UpstreamProtocol::Auto && self.0.server.take_retry() {
            // Boxed, because it is rare and large.
            let _ = Box::pin(self.version()).await;
        }
        if self.must_use_json2() { Err(needs_api_key()) } else { Ok(false) }
    }

    /// The header with the user's key, if their calls use JSON-2.
    ///
    /// # Errors
    /// If they have a password instead of a key.
    pub(super) async fn json2_authorization(&self, user: &OdooUser) -> Result<Option<HeaderValue>, Problem> {
        if !self.uses_json2(&user.secret).await? {
            return Ok(None);
        }
        api_key_owner::authorization(&user.secret).map(Some).ok_or_else(needs_api_key)
    }
}

fn is_unserved<T>(result: &Result<T, OdooError>) -> bool {
    matches!(result, Err(OdooError::Problem(problem)) if is_xmlrpc_unserved(problem))
}

/// The problem of a password where only API keys are accepted.
fn needs_api_key() -> Problem {
    Problem::new(
        ErrorCode::CredentialInvalid,
        "Odoo is called over JSON-2, which accepts API keys of Odoo, and no passwords.",
    )
    .hint("Create an API key in Odoo (My Preferences, Security), and send it instead of the password.")
}
