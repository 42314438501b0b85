//! Looks at the certificate of a server: why it is rejected, or when it ends.
//!
//! In: the host and port of a server, a time limit. Out: [`CertificateCheck`]. Must not know: what is called there. The
//! certificate is verified as for calls, with the issuers that the machine trusts, and nothing is sent after the
//! handshake.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls_platform_verifier::Verifier;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::tls_error::TlsError;

/// What the certificate of a server shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateCheck {
    /// It is rejected.
    Rejected(TlsError),
    /// It is accepted, and ends at this time.
    ValidUntil(OffsetDateTime),
}

/// The year 9999: every certificate has ended by then.
const FAR_FUTURE: Duration = Duration::from_secs(253_370_764_800);

/// Connects and looks at the certificate. `None` if there is no connection in time, or for a reason of another kind.
pub(super) async fn check_certificate(host: &str, port: u16, limit: Duration) -> Option<CertificateCheck> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(RecordingVerifier::new(&provider)?);
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<_>);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let handshake = async {
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        connector.connect(name.clone(), stream).await
    };
    match timeout(limit, handshake).await.ok()? {
        Ok(_) => verifier.end(&name).map(CertificateCheck::ValidUntil),
        Err(error) => {
            let error = TlsError::from_io(&error)?;
            Some(CertificateCheck::Rejected(error.with_chain(&verifier.chain())))
        }
    }
}

/// Decides as the machine's verifier does, and remembers the certificates.
#[derive(Debug)]
struct RecordingVerifier {
    machine: Verifier,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl RecordingVerifier {
    fn new(provider: &Arc<CryptoProvider>) -> Option<Self> {
        Some(Self { machine: Verifier::new(Arc::clone(provider)).ok()?, chain: Mutex::default() })
    }

    /// The certificates that the server sent, its own first.
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the certificate of the server ends: verified for the far future, it is rejected with its end.
    fn end(&self, name: &ServerName<'_>) -> Option<OffsetDateTime> {
        let chain = self.chain();
        let (own, issuers) = chain.split_first()?;
        let then = UnixTime::since_unix_epoch(FAR_FUTURE);
        match self.machine.verify_server_cert(own, issuers, name, &[], then) {
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                OffsetDateTime::from_unix_timestamp(i64::try_from(not_after.as_secs()).ok()?).ok()
            }
            _ => None,
        }
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(own).chain(issuers).map(|certificate| certificate.clone().into_owned());
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain.collect();
        self.machine.verify_server_cert(own, issuers, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.machine.verify_tls12_signature(message, own, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.machine.verify_tls13_signature(message, own, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.machine.supported_verify_schemes()
    }
}
