//! Why a server's certificate is rejected, for the operator of the gateway.
//!
//! In: an error of rustls, the certificates that the server sends. Out: [`TlsError`]. Must not know: where the server
//! is.

use std::io;

use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use webpki::EndEntityCert;

use crate::clock::format_timestamp;

/// Why there is no TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The certificate is no longer valid.
    #[error("its certificate expired at {0}")]
    Expired(String),
    /// The certificate is not valid yet.
    #[error("its certificate is valid only from {0} on")]
    NotYetValid(String),
    /// The certificate is for other names.
    #[error("its certificate is not for {expected:?}, but for {}", presented.join(", "))]
    WrongName {
        /// The host of the URL.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// The certificate is not signed by anyone else.
    #[error("its certificate is self-signed")]
    SelfSigned,
    /// The server sends all certificates, but this machine does not know the root.
    #[error("this machine does not trust the issuer {0:?}")]
    UntrustedRoot(String),
    /// The server does not send the certificate of its issuer, and this machine does not have it.
    #[error("it does not send the certificate of its issuer {0:?}, and this machine does not have it either")]
    IncompleteChain(String),
    /// No one whom this machine trusts has signed the certificate.
    #[error("this machine does not trust the issuer of its certificate")]
    UnknownIssuer,
    /// The server supports only versions or methods of TLS that are no longer safe.
    #[error("it supports neither TLS 1.2 nor TLS 1.3 with a method that is safe")]
    Outdated,
    /// The server does not use TLS.
    #[error("the server does not use TLS")]
    NotTls,
    /// Any other cause.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// What the operator of the gateway can do.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Expired(_) => "Renew the certificate at the server of odoo.url, and let the server load it",
            Self::NotYetValid(_) => "Correct the clock of this machine, or replace the certificate",
            Self::WrongName { .. } => "Use one of these names in odoo.url, or issue a certificate for the host in it",
            Self::SelfSigned | Self::UntrustedRoot(_) | Self::UnknownIssuer => {
                "Install the certificate of the issuer on this machine, for example in \
                 /usr/local/share/ca-certificates with update-ca-certificates, or name its file in the environment \
                 variable SSL_CERT_FILE"
            }
            Self::IncompleteChain(_) => {
                "Let the server send the certificates of its issuers too: with nginx, `ssl_certificate` is the file \
                 with the full chain. If the issuer is your own, install its certificate on this machine, or name its \
                 file in the environment variable SSL_CERT_FILE"
            }
            Self::Outdated => "Enable TLS 1.2 or 1.3 at the server of odoo.url",
            Self::NotTls => "Use http:// in odoo.url",
            Self::Other(_) => "Correct the certificate of the server at odoo.url",
        }
    }

    /// Explains an error of a connection, if it has to do with TLS.
    pub(super) fn from_io(error: &io::Error) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let packed = error.get_ref()?;
            if let Some(error) = packed.downcast_ref::<Error>() {
                return Some(Self::from_rustls(error));
            }
            next = packed.downcast_ref();
        }
        None
    }

    fn from_rustls(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(cause) => Self::from_certificate_error(cause),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::ServerDoesNotSupportTls12Or13,
            ) => Self::Outdated,
            other => Self::Other(other.to_string()),
        }
    }

    fn from_certificate_error(cause: &CertificateError) -> Self {
        match cause {
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(date(*not_after)),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid(date(*not_before)),
            CertificateError::NotValidForNameContext { expected, presented } => Self::WrongName {
                expected: expected.to_str().into_owned(),
                presented: presented.iter().map(|name| plain_name(name)).collect(),
            },
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            other => Self::Other(other.to_string()),
        }
    }

    /// The same error, with what the certificates of the server show about its cause. They begin with the server's own.
    pub(super) fn with_chain(self, chain: &[CertificateDer<'_>]) -> Self {
        // The verifier does not accept a certificate of an issuer as that of a server.
        if !matches!(self, Self::UnknownIssuer | Self::Other(_)) {
            return self;
        }
        let Some(last) = chain.last().and_then(|last| EndEntityCert::try_from(last).ok()) else { return self };
        let issuer = common_name(last.issuer());
        match (last.issuer() == last.subject(), chain.len(), &self) {
            (true, 1, _) => Self::SelfSigned,
            (true, _, Self::UnknownIssuer) => Self::UntrustedRoot(issuer),
            (false, _, Self::UnknownIssuer) => Self::IncompleteChain(issuer),
            _ => self,
        }
    }
}

fn date(time: UnixTime) -> String {
    format_timestamp(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// A name as rustls writes it: `DnsName("erp.example.com")`, `IpAddress(10.0.0.5)`.
fn plain_name(name: &str) -> String {
    let name = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    name.trim_matches('"').to_owned()
}

/// The common name (2.5.4.3), or else the organization (2.5.4.10), in a DER-encoded name.
fn common_name(name: &[u8]) -> String {
    let value = |attribute: u8| {
        let identifier = [0x06, 0x03, 0x55, 0x04, attribute];
        let at = name.windows(identifier.len()).position(|bytes| bytes == identifier)?;
        // The type of the text, and its length in one byte.
        let (length, text) = name.get(at + identifier.len() + 1..)?.split_first()?;
        text.get(..usize::from(*length))
    };
    let text = value(3).or_else(|| value(10)).unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::pki_types::ServerName;

    use super::*;

    #[test]
    fn rejected_certificates_are_explained() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(784_111_777));
        let expired = CertificateError::ExpiredContext { time, not_after: time };
        let name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("erp.example.com").unwrap(),
            presented: vec!["DnsName(\"odoo.example.com\")".to_owned(), "IpAddress(10.0.0.5)".to_owned()],
        };
        for (error, expected) in [
            (Error::InvalidCertificate(expired), "its certificate expired at 1994-11-06T08:49:37Z"),
            (
                Error::InvalidCertificate(name),
                "its certificate is not for \"erp.example.com\", but for odoo.example.com, 10.0.0.5",
            ),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "the server does not use TLS"),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                "it supports neither TLS 1.2 nor TLS 1.3 with a method that is safe",
            ),
        ] {
            let packed = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!(TlsError::from_io(&packed).unwrap().to_string(), expected);
        }
        assert_eq!(TlsError::from_io(&io::ErrorKind::ConnectionReset.into()), None);
    }

    #[test]
    fn a_name_is_found_in_der() {
        let common = b"\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Ours";
        let organization = b"\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x0a\x13\x04Ours";
        assert_eq!((common_name(common), common_name(organization)), ("Ours".to_owned(), "Ours".to_owned()));
        assert_eq!((common_name(&common[..16]), common_name(b"")), (String::new(), String::new()));
    }
}
