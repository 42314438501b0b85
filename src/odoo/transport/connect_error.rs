//! Why a connection failed, as precisely as the libraries report it.
//!
//! In: an error of reqwest. Out: [`ConnectError`]. Must not know: what was to be sent.

use std::error::Error;
use std::io;

use super::tls_error::TlsError;

/// Why a connection failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The host name does not resolve to an address.
    #[error("the host name cannot be resolved ({0})")]
    Dns(String),
    /// The host rejects the connection, because no process listens on the port.
    #[error("the connection is refused: no process listens on that port")]
    Refused,
    /// The host does not respond to the connection attempt.
    #[error("the host does not respond: a firewall drops the connection, or the machine is off")]
    TimedOut,
    /// The TLS handshake fails, for example because of an unknown issuer, another name, or an expired certificate.
    #[error("the TLS handshake fails: {0}")]
    Tls(TlsError),
    /// Any other cause.
    #[error("the connection fails: {0}")]
    Other(String),
}

impl ConnectError {
    /// Classifies an error of a connection to a URL that is `secured` by TLS, or not.
    pub(in crate::odoo) fn from_reqwest(error: &reqwest::Error, secured: bool) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let chain = source_chain(error);
        let deepest = chain.last().map(ToString::to_string).unwrap_or_default();
        if chain.iter().any(|cause| cause.to_string().starts_with("dns error")) {
            return Self::Dns(deepest);
        }
        let kinds: Vec<io::ErrorKind> =
            chain.iter().filter_map(|cause| cause.downcast_ref::<io::Error>()).flat_map(error_kinds).collect();
        let is = |kind| kinds.contains(&kind);
        let is_unreachable = is(io::ErrorKind::HostUnreachable) || is(io::ErrorKind::NetworkUnreachable);
        let mut io_errors = chain.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
        if is(io::ErrorKind::ConnectionRefused) {
            Self::Refused
        } else if is(io::ErrorKind::TimedOut) {
            Self::TimedOut
        } else if is_unreachable || !secured {
            Self::Other(deepest)
        } else if let Some(cause) = io_errors.find_map(TlsError::from_io) {
            Self::Tls(cause)
        // A server that uses plain HTTP responds with something that is not a TLS record, or closes the connection.
        } else if is(io::ErrorKind::UnexpectedEof) || is(io::ErrorKind::ConnectionReset) {
            Self::Tls(TlsError::NotTls)
        } else {
            Self::Tls(TlsError::Other(deepest))
        }
    }
}

/// The kinds of the error and of the errors packed into it, which `source` does not return.
fn error_kinds(error: &io::Error) -> Vec<io::ErrorKind> {
    fn packed<'e>(error: &&'e io::Error) -> Option<&'e io::Error> {
        let error: &'e io::Error = error;
        error.get_ref()?.downcast_ref()
    }
    std::iter::successors(Some(error), packed).map(io::Error::kind).collect()
}

fn source_chain(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause);
        next = cause.source();
    }
    chain
}
