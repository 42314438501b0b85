//! A TLS server in front of an Odoo, as a reverse proxy, with certificates of its own.
//!
//! In: certificates, the URL of an Odoo. Out: a port. Nothing trusts the certificates unless a test names the root in
//! `SSL_CERT_FILE`.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority that signs certificates.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// The certificates that a server sends, its own first, and its key.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Valid from this many days after now until that many.
pub(crate) type Days = std::ops::Range<i64>;

fn params(name: &str, days: Days) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    #[expect(clippy::disallowed_methods, reason = "certificates are checked against the real time")]
    let day = |days: i64| OffsetDateTime::now_utc() + Duration::days(days);
    (params.not_before, params.not_after) = (day(days.start), day(days.end));
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, -10..1000);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

impl Authority {
    /// A root.
    pub(crate) fn root(name: &str) -> Self {
        let (params, key) = (authority_params(name), KeyPair::generate().unwrap());
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    /// An authority below this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let (params, key) = (authority_params(name), KeyPair::generate().unwrap());
        Self { certificate: params.signed_by(&key, &self.issuer).unwrap(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for a host name, sent together with these authorities.
    pub(crate) fn identity(&self, host: &str, days: Days, sent: &[&Self]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = server_params(host, days);
        let own = params.signed_by(&key, &self.issuer).unwrap();
        let chain = std::iter::once(&own).chain(sent.iter().map(|authority| &authority.certificate));
        Identity::new(chain.map(|certificate| certificate.der().clone()).collect(), &key)
    }

    /// Writes the certificate to a file for `SSL_CERT_FILE`.
    pub(crate) fn write(&self, file: &Path) {
        let text = STANDARD.encode(self.certificate.der());
        std::fs::write(file, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")).unwrap();
    }
}

fn server_params(host: &str, days: Days) -> CertificateParams {
    let mut params = params(host, days);
    params.subject_alt_names = CertificateParams::new(vec![host.to_owned()]).unwrap().subject_alt_names;
    params
}

impl Identity {
    /// A certificate that signs itself.
    pub(crate) fn self_signed(host: &str, days: Days) -> Self {
        let key = KeyPair::generate().unwrap();
        let own = server_params(host, days).self_signed(&key).unwrap();
        Self::new(vec![own.der().clone()], &key)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        Self { chain, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }
}

/// Starts a server, which ends with the test's runtime. Returns its port.
pub(crate) async fn serve_tls(identity: Identity, odoo: &str) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(identity.chain, identity.key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, odoo) = (listener.local_addr().unwrap().port(), odoo.trim_start_matches("http://").to_owned());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, odoo) = (acceptor.clone(), odoo.clone());
            tokio::spawn(async move {
                // A client that rejects the certificate closes the connection.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut odoo = TcpStream::connect(odoo).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut odoo).await;
            });
        }
    });
    port
}
