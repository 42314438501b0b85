//! Whether Odoo is there, and the database in it: asked beside the queue and without a credential.
//!
//! In: a time. Out: the version, or what is wrong, for the person who runs the gateway. Must not know: clients of the
//! gateway; they are told less.
//!
//! Whether the database exists is what Odoo's `db_exist` answers; it leaves no failed login behind, which Odoo 14 and 15
//! would count. Where that service is closed, nothing is said about the database.

use std::time::Duration;

use bytes::Bytes;

use super::OdooClient;
use crate::odoo::error::{Broken, Failure};
use crate::odoo::transport::{AskError, ConnectError};
use crate::odoo::version::{self, ServerVersion};
use crate::odoo::xmlrpc::answer::{self, Answer};
use crate::odoo::xmlrpc::write::CallWriter;
use crate::value::Value;

/// What stands between the gateway and a database of Odoo, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OdooTrouble {
    /// Odoo cannot be reached at all.
    #[error("{cause}. {}", remedy(cause))]
    Connect {
        /// Why.
        cause: ConnectError,
    },
    /// There is a connection, and no answer.
    #[error("there is a connection, but no answer within {limit:?}: Odoo is starting, or all its workers are busy")]
    NoAnswer {
        /// How long it was waited.
        limit: Duration,
    },
    /// An HTTP status.
    #[error("it answers HTTP {status}. {}", remedy_of_status(*status))]
    Status {
        /// It.
        status: u16,
    },
    /// An answer, but not Odoo's.
    #[error("what answers there is not Odoo: {what}. odoo.url is the address of Odoo itself{hint}")]
    NotOdoo {
        /// What it is instead.
        what: String,
        /// A guess at the reason.
        hint: &'static str,
    },
    /// Odoo is there, the database is not.
    #[error(
        "Odoo {version} is there, but cannot open the database {database:?}. odoo.database is Odoo's own name for it"
    )]
    NoDatabase {
        /// Odoo's version.
        version: String,
        /// As configured.
        database: String,
    },
}

impl OdooTrouble {
    /// Whether Odoo took the connection and was only not quick enough.
    #[must_use]
    pub fn is_only_slow(&self) -> bool {
        matches!(self, Self::NoAnswer { .. })
    }

    fn not_odoo(what: impl Into<String>) -> Self {
        Self::NotOdoo { what: what.into(), hint: "" }
    }
}

fn remedy(cause: &ConnectError) -> &'static str {
    match cause {
        ConnectError::Dns(_) => "Correct the host in odoo.url, or the name service of this machine",
        ConnectError::Refused => "Is Odoo running? Correct the port in odoo.url: Odoo's own is 8069",
        ConnectError::TimedOut => "Correct host and port in odoo.url, or let this machine through",
        ConnectError::NotTls => "odoo.url begins with https://, and http:// is spoken there",
        ConnectError::Tls(_) => "Correct the host in odoo.url, or install the certificate's issuer on this machine",
        ConnectError::Other(_) => "Correct odoo.url",
    }
}

fn remedy_of_status(status: u16) -> &'static str {
    match status {
        404 => {
            "odoo.url is the address of Odoo itself, without a path to XML-RPC; is a path in it that Odoo is not served \
             at, or does a proxy in front close /xmlrpc/2/?"
        }
        300..400 => "It redirects: correct odoo.url, perhaps https:// for http://",
        400 => "Does the port speak TLS? Then odoo.url begins with https://",
        401 | 403 => "What stands before Odoo closes /xmlrpc/2/ to this machine",
        500.. => "Odoo or what stands before it fails: see its log",
        _ => "odoo.url is the address of Odoo itself",
    }
}

impl OdooClient {
    /// Asks for the version, and whether the database exists, both at once. Each answer may take as long as `limit`.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn probe(&self, limit: Duration) -> Result<ServerVersion, OdooTrouble> {
        let (version, exists) = tokio::join!(self.version_now(limit), self.database_exists(limit));
        let (version, exists) = (version?, exists?);
        if exists {
            return Ok(version);
        }
        let database = self.0.settings.database.as_str().to_owned();
        Err(OdooTrouble::NoDatabase { version: version.server_version, database })
    }

    async fn version_now(&self, limit: Duration) -> Result<ServerVersion, OdooTrouble> {
        let inner = &self.0;
        let call = Bytes::from(version::call().map_err(Failure::from).map_err(unspoken)?);
        let text = inner.transport.ask(&inner.endpoints.common, &inner.endpoints.database, call, limit).await;
        version::read(&text.map_err(|cause| self.trouble(cause, limit))?).map_err(unspoken)
    }

    /// Only a plain no is one: the service may be closed.
    async fn database_exists(&self, limit: Duration) -> Result<bool, OdooTrouble> {
        let inner = &self.0;
        let call = CallWriter::new("db_exist").param("database", &inner.settings.database.as_str().into());
        let call = Bytes::from_owner(call.map_err(Failure::from).map_err(unspoken)?.finish());
        let text = inner.transport.ask(&inner.endpoints.databases, &inner.endpoints.database, call, limit).await;
        let answer = text.as_ref().ok().and_then(|text| answer::read(text).ok());
        Ok(!matches!(answer, Some(Answer::Value(Value::Bool(false)))))
    }

    fn trouble(&self, cause: AskError, limit: Duration) -> OdooTrouble {
        match cause {
            AskError::Connect(cause) => OdooTrouble::Connect { cause },
            AskError::Broken(Broken::TimedOut) => OdooTrouble::NoAnswer { limit },
            AskError::Broken(Broken::Status { status, .. }) => OdooTrouble::Status { status },
            AskError::Broken(Broken::TooLarge(_)) => OdooTrouble::not_odoo("its answer is too large"),
            AskError::Broken(Broken::Unreadable(what)) => {
                OdooTrouble::NotOdoo { what: what.to_owned(), hint: self.tls_hint() }
            }
            AskError::Broken(_) => {
                OdooTrouble::NotOdoo { what: "it hangs up without an answer".to_owned(), hint: self.tls_hint() }
            }
        }
    }

    /// What speaks TLS does not answer plain HTTP in words.
    fn tls_hint(&self) -> &'static str {
        if self.0.endpoints.base.scheme() == "http" { "; if TLS is spoken there, it begins with https://" } else { "" }
    }
}

/// An answer that is no version.
fn unspoken(failure: Failure) -> OdooTrouble {
    OdooTrouble::not_odoo(failure.into_problem().detail)
}
