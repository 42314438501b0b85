//! Why no connection came about, as exactly as the libraries tell.
//!
//! In: an error of reqwest. Out: [`ConnectError`]. Must not know: what was to be sent.

use std::error::Error;
use std::io;

/// What happened instead of a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The resolver has no address for the host's name.
    #[error("the host name cannot be resolved ({0})")]
    Dns(String),
    /// Something is there and nothing listens on that port.
    #[error("the connection is refused: nothing listens there")]
    Refused,
    /// No answer to the attempt to connect.
    #[error("there is no answer to the attempt to connect: a firewall, or a machine that is off")]
    TimedOut,
    /// TLS is not spoken there.
    #[error("it does not speak TLS")]
    NotTls,
    /// TLS is spoken, and the two do not come together: an unknown issuer, another name, an expired certificate.
    #[error("TLS fails: {0}")]
    Tls(String),
    /// Anything else.
    #[error("the connection fails: {0}")]
    Other(String),
}

impl ConnectError {
    /// Of an error that came while connecting to an address that is `secured` by TLS, or not.
    pub(in crate::odoo) fn of(error: &reqwest::Error, secured: bool) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let chain = chain_of(error);
        let deepest = chain.last().map(ToString::to_string).unwrap_or_default();
        if chain.iter().any(|cause| cause.to_string().starts_with("dns error")) {
            return Self::Dns(deepest);
        }
        let kinds: Vec<io::ErrorKind> =
            chain.iter().filter_map(|cause| cause.downcast_ref::<io::Error>()).flat_map(kinds_of).collect();
        let is = |kind| kinds.contains(&kind);
        let is_unreachable = is(io::ErrorKind::HostUnreachable) || is(io::ErrorKind::NetworkUnreachable);
        if is(io::ErrorKind::ConnectionRefused) {
            Self::Refused
        } else if is(io::ErrorKind::TimedOut) {
            Self::TimedOut
        } else if is_unreachable || !secured {
            Self::Other(deepest)
        // What speaks plain HTTP answers with a message that is none of TLS's, or hangs up.
        } else if deepest.contains("InvalidContentType")
            || is(io::ErrorKind::UnexpectedEof)
            || is(io::ErrorKind::ConnectionReset)
        {
            Self::NotTls
        } else {
            Self::Tls(deepest)
        }
    }
}

/// The kind of the error and of those packed into it, which are no sources of it.
fn kinds_of(error: &io::Error) -> Vec<io::ErrorKind> {
    fn packed<'e>(error: &&'e io::Error) -> Option<&'e io::Error> {
        let error: &'e io::Error = error;
        error.get_ref()?.downcast_ref()
    }
    std::iter::successors(Some(error), packed).map(io::Error::kind).collect()
}

fn chain_of(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause);
        next = cause.source();
    }
    chain
}
