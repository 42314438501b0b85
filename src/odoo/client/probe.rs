//! Tests whether Odoo responds and whether its database exists, without a credential and without the queue.
//!
//! In: a time limit. Out: the version, or what is wrong, for the operator of the gateway. Must not know: clients of the
//! gateway, who see fewer details.
//!
//! Odoo's `db_exist` shows whether the database exists. Unlike a login, it does not count as a failed login, of which
//! Odoo 14 and 15 allow only ten. If that service is disabled, or XML-RPC is not used, the database is not checked.

use std::time::Duration;

use bytes::Bytes;

use super::OdooClient;
use crate::odoo::error::{OdooError, TransportError};
use crate::odoo::rpc_codec::RpcResponse;
use crate::odoo::settings::UpstreamProtocol;
use crate::odoo::transport::{CertificateCheck, ConnectError, ProbeRequestError};
use crate::odoo::version::{self, ServerVersion};
use crate::odoo::xmlrpc::response;
use crate::odoo::xmlrpc::writer::CallWriter;
use crate::value::Value;

/// Why a database of Odoo cannot be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// No connection was made.
    #[error("{cause}. {}", self.remedy())]
    Connect {
        /// The cause.
        cause: ConnectError,
    },
    /// A connection was made, but Odoo did not respond.
    #[error("Odoo accepts the connection, but does not respond within {limit:?}. {}", self.remedy())]
    NoResponse {
        /// The time limit.
        limit: Duration,
    },
    /// An HTTP status other than 200.
    #[error("the server at odoo.url returned HTTP {status}. {}", self.remedy())]
    Status {
        /// The status.
        status: u16,
    },
    /// The server is not Odoo.
    #[error("the server at odoo.url is not Odoo: {what}. {}", self.remedy())]
    NotOdoo {
        /// What the server does instead.
        what: String,
        /// A possible cause.
        hint: &'static str,
    },
    /// Odoo responds, but its database does not exist.
    #[error("Odoo {version} responds, but cannot open the database {database:?}. {}", self.remedy())]
    NoDatabase {
        /// Odoo's version.
        version: String,
        /// The configured name.
        database: String,
    },
}

impl ProbeError {
    /// Whether Odoo accepts connections and is only too slow.
    #[must_use]
    pub fn is_only_slow(&self) -> bool {
        matches!(self, Self::NoResponse { .. })
    }

    /// What is wrong, without what to do.
    #[must_use]
    pub fn cause(&self) -> String {
        let (text, remedy) = (self.to_string(), self.remedy());
        text.strip_suffix(&remedy).and_then(|text| text.strip_suffix(". ")).unwrap_or(&text).to_owned()
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Connect { cause } => remedy(cause).to_owned(),
            Self::NoResponse { .. } => {
                "Wait if Odoo is starting; otherwise see in its log what keeps it busy".to_owned()
            }
            Self::Status { status } => remedy_of_status(*status).to_owned(),
            Self::NotOdoo { hint, .. } => format!("Set odoo.url to the URL of Odoo itself{hint}"),
            Self::NoDatabase { .. } => "Set odoo.database to its name in Odoo".to_owned(),
        }
    }

    fn not_odoo(what: impl Into<String>) -> Self {
        Self::NotOdoo { what: what.into(), hint: "" }
    }
}

fn remedy(cause: &ConnectError) -> &'static str {
    match cause {
        ConnectError::Dns(_) => "Correct the host in odoo.url, or the DNS configuration of this machine",
        ConnectError::Refused => "Start Odoo, or correct the port in odoo.url; Odoo's default port is 8069",
        ConnectError::TimedOut => "Correct the host and port in odoo.url, or allow this machine in the firewall",
        ConnectError::Tls(cause) => cause.remedy(),
        ConnectError::Other(_) => "Correct odoo.url",
    }
}

fn remedy_of_status(status: u16) -> &'static str {
    match status {
        404 => {
            "Set odoo.url to the URL of Odoo itself, without a path to XML-RPC and without a path at which Odoo is not \
             served; if a proxy in front of Odoo blocks /xmlrpc/2/, allow it"
        }
        300..400 => "It redirects: set odoo.url to the target, for example with https:// instead of http://",
        400 => "If the port uses TLS, begin odoo.url with https://",
        401 | 403 => "Allow this machine to use /xmlrpc/2/ in the proxy in front of Odoo",
        500.. => "See the log of Odoo and of the proxy in front of it",
        _ => "Set odoo.url to the URL of Odoo itself",
    }
}

impl OdooClient {
    /// Requests the version and whether the database exists, concurrently. Each response may take up to `limit`.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn probe(&self, limit: Duration) -> Result<ServerVersion, ProbeError> {
        let (version, exists) = tokio::join!(self.fetch_version(limit), self.database_exists(limit));
        let (version, exists) = (version?, exists?);
        if exists {
            return Ok(version);
        }
        let database = self.0.settings.database.as_str().to_owned();
        Err(ProbeError::NoDatabase { version: version.server_version, database })
    }

    /// The time of Odoo's server, or of the proxy in front of it; `None` if it does not send it.
    pub async fn server_time(&self, limit: Duration) -> Option<time::OffsetDateTime> {
        self.0.transport.fetch_date(self.0.endpoints.common.url(), limit).await
    }

    /// Looks at the certificate of an Odoo with an https URL: why it is rejected, or when it ends.
    pub async fn check_certificate(&self, limit: Duration) -> Option<CertificateCheck> {
        self.0.transport.check_certificate(self.base(), limit).await
    }

    async fn fetch_version(&self, limit: Duration) -> Result<ServerVersion, ProbeError> {
        let protocol = self.0.settings.protocol;
        if protocol == UpstreamProtocol::Json2 {
            return self.fetch_version_without_xmlrpc(limit).await;
        }
        match self.fetch_version_over_xmlrpc(limit).await {
            Err(ProbeError::Status { status: 404 }) if protocol == UpstreamProtocol::Auto => {
                let other = self.fetch_version_without_xmlrpc(limit).await;
                other.map_err(|_| ProbeError::Status { status: 404 })
            }
            version => version,
        }
    }

    async fn fetch_version_over_xmlrpc(&self, limit: Duration) -> Result<ServerVersion, ProbeError> {
        let inner = &self.0;
        let call = Bytes::from(version::request().map_err(OdooError::from).map_err(not_a_version)?);
        let url = inner.endpoints.common.url();
        let text = inner.transport.post_xml(url, &inner.endpoints.database, call, limit).await;
        version::parse(&text.map_err(|cause| self.classify(cause, limit))?).map_err(not_a_version)
    }

    async fn fetch_version_without_xmlrpc(&self, limit: Duration) -> Result<ServerVersion, ProbeError> {
        let text = self.0.transport.get_json(&self.0.endpoints.version, self.0.json2_database(), limit).await;
        let text = text.map_err(|cause| self.classify(cause, limit))?;
        version::parse_json(&text).ok_or_else(|| ProbeError::not_odoo("its response is not a version"))
    }

    /// False only if Odoo denies it; if the service is disabled, the database is assumed to exist.
    async fn database_exists(&self, limit: Duration) -> Result<bool, ProbeError> {
        let inner = &self.0;
        if inner.settings.protocol == UpstreamProtocol::Json2 {
            return Ok(true);
        }
        let call = CallWriter::new("db_exist").param("database", &inner.settings.database.as_str().into());
        let call = Bytes::from_owner(call.map_err(OdooError::from).map_err(not_a_version)?.finish());
        let url = inner.endpoints.databases.url();
        let text = inner.transport.post_xml(url, &inner.endpoints.database, call, limit).await;
        let response = text.as_ref().ok().and_then(|text| response::parse(text).ok());
        Ok(!matches!(response, Some(RpcResponse::Result(Value::Bool(false)))))
    }

    fn classify(&self, cause: ProbeRequestError, limit: Duration) -> ProbeError {
        match cause {
            ProbeRequestError::Connect(cause) => ProbeError::Connect { cause },
            ProbeRequestError::Transport(TransportError::TimedOut) => ProbeError::NoResponse { limit },
            ProbeRequestError::Transport(TransportError::Status { status, .. }) => ProbeError::Status { status },
            ProbeRequestError::Transport(TransportError::TooLarge(_)) => {
                ProbeError::not_odoo("its response is too large")
            }
            ProbeRequestError::Transport(TransportError::Unreadable(what)) => {
                ProbeError::NotOdoo { what: what.to_owned(), hint: self.tls_hint() }
            }
            ProbeRequestError::Transport(_) => {
                ProbeError::NotOdoo { what: "it closes the connection".to_owned(), hint: self.tls_hint() }
            }
        }
    }

    /// A server that uses TLS does not respond to plain HTTP.
    fn tls_hint(&self) -> &'static str {
        if self.0.endpoints.base.scheme() == "http" { "; if it uses TLS, begin the URL with https://" } else { "" }
    }
}

/// A response that is not a version.
fn not_a_version(error: OdooError) -> ProbeError {
    ProbeError::not_odoo(error.into_problem().detail)
}
