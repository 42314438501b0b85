//! A client that signs requests with OAuth 1.0a, correctly or with the errors that a test wants.
//!
//! The signature base string comes from the gateway's own code, which is tested with vectors elsewhere. The tests of
//! `oauth1::clients` use independent libraries.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use odoo_gateway::auth::oauth1::{base_string, base_string_uri, encode, normalize_parameters};
use odoo_gateway::clock::Clock;
use reqwest::{Request, RequestBuilder};

/// Where the protocol parameters are sent (RFC 5849, section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamLocation {
    Header,
    Query,
    Form,
}

/// An application, perhaps with a user's token. Each `with_…` method returns a changed copy.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<(String, String)>,
    pub(crate) method: &'static str,
    location: ParamLocation,
    /// Parameters that are changed before the signature is computed; `None` removes one.
    changed: Vec<(String, Option<String>)>,
    /// Parameters that are changed after the signature was computed.
    forged: Vec<(String, Option<String>)>,
    /// Scheme, host and path prefix that are signed instead of those of the request.
    base_uri: Option<String>,
}

type Parameters = Vec<(String, String)>;

impl Signer {
    pub(crate) fn new(key: &str, secret: &str) -> Self {
        Self {
            key: key.to_owned(),
            secret: secret.to_owned(),
            token: None,
            method: "HMAC-SHA256",
            location: ParamLocation::Header,
            changed: Vec::new(),
            forged: Vec::new(),
            base_uri: None,
        }
    }

    pub(crate) fn with_token(&self, token: &str, secret: &str) -> Self {
        Self { token: Some((token.to_owned(), secret.to_owned())), ..self.clone() }
    }

    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }

    pub(crate) fn with_method(&self, method: &'static str) -> Self {
        Self { method, ..self.clone() }
    }

    pub(crate) fn with_location(&self, location: ParamLocation) -> Self {
        Self { location, ..self.clone() }
    }

    /// Sets a parameter before signing.
    pub(crate) fn with_param(&self, name: &str, value: &str) -> Self {
        let mut signer = self.clone();
        signer.changed.push((name.to_owned(), Some(value.to_owned())));
        signer
    }

    /// Removes a parameter before signing.
    pub(crate) fn without_param(&self, name: &str) -> Self {
        let mut signer = self.clone();
        signer.changed.push((name.to_owned(), None));
        signer
    }

    /// Sets a parameter after signing.
    pub(crate) fn with_forged_param(&self, name: &str, value: &str) -> Self {
        let mut signer = self.clone();
        signer.forged.push((name.to_owned(), Some(value.to_owned())));
        signer
    }

    /// Signs for this scheme, host and path prefix instead of those that the request is sent to.
    pub(crate) fn with_base_uri(&self, base_uri: &str) -> Self {
        Self { base_uri: Some(base_uri.to_owned()), ..self.clone() }
    }

    /// The request, signed.
    pub(crate) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        let (client, request) = request.build_split();
        let mut request = request.unwrap();
        let signature = self.signature(&request);
        let mut parameters = self.parameters();
        parameters.push(("oauth_signature".to_owned(), signature));
        apply_changes(&mut parameters, &self.forged);
        self.attach(&mut request, &parameters);
        RequestBuilder::from_parts(client, request)
    }

    /// The `Authorization` header for this request.
    pub(crate) fn header(&self, request: RequestBuilder) -> String {
        let request = self.sign(request).build().unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    }

    /// The protocol parameters without the signature.
    fn parameters(&self) -> Parameters {
        // Timestamp and nonce are in `changed`: see `with_fresh_nonce`.
        let mut parameters: Parameters = vec![
            ("oauth_consumer_key".to_owned(), self.key.clone()),
            ("oauth_signature_method".to_owned(), self.method.to_owned()),
            ("oauth_version".to_owned(), "1.0".to_owned()),
        ];
        if let Some((token, _)) = &self.token {
            parameters.push(("oauth_token".to_owned(), token.clone()));
        }
        apply_changes(&mut parameters, &self.changed);
        parameters
    }

    /// With the current timestamp and a new nonce, which are valid for one request.
    pub(crate) fn with_fresh_nonce(&self) -> Self {
        static NONCES: AtomicU64 = AtomicU64::new(0);
        let nonce = format!("{}x{}", std::process::id(), NONCES.fetch_add(1, Ordering::Relaxed));
        let timestamp = Clock::system().now().unix_timestamp().to_string();
        let mut signer = self.clone();
        let fresh = [("oauth_timestamp", timestamp), ("oauth_nonce", nonce)];
        signer.changed.splice(0..0, fresh.map(|(name, value)| (name.to_owned(), Some(value))));
        signer
    }

    fn signature(&self, request: &Request) -> String {
        let url = request.url();
        let authority =
            url.port().map_or(url.host_str().unwrap().to_owned(), |port| format!("{}:{port}", url.host_str().unwrap()));
        let uri = match &self.base_uri {
            Some(base_uri) => format!("{base_uri}{}", url.path()),
            None => base_string_uri(url.scheme(), &authority, url.path()),
        };
        let body = request.body().and_then(|body| body.as_bytes()).filter(|_| is_form(request)).unwrap_or_default();
        let pairs = pairs(url.query().unwrap_or_default()).chain(pairs(std::str::from_utf8(body).unwrap()));
        let protocol = self.parameters().into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes()));
        let base = base_string(request.method().as_str(), &uri, &normalize_parameters(pairs.chain(protocol)).unwrap());
        sign(self.method, &base, &self.secret, self.token.as_ref().map_or("", |(_, secret)| secret))
    }

    fn attach(&self, request: &mut Request, parameters: &Parameters) {
        let encoded = |between: &str, quote: &str| {
            let parts: Vec<String> = parameters
                .iter()
                .map(|(name, value)| format!("{}={quote}{}{quote}", encode(name.as_bytes()), encode(value.as_bytes())))
                .collect();
            parts.join(between)
        };
        match self.location {
            ParamLocation::Header => {
                let header = format!("OAuth {}", encoded(", ", "\""));
                request.headers_mut().insert("authorization", header.parse().unwrap());
            }
            ParamLocation::Query => {
                let before = request.url().query().map_or(String::new(), |query| format!("{query}&"));
                request.url_mut().set_query(Some(&format!("{before}{}", encoded("&", ""))));
            }
            ParamLocation::Form => {
                let before = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
                let before = String::from_utf8(before.to_vec()).unwrap();
                let between = if before.is_empty() { "" } else { "&" };
                *request.body_mut() = Some(format!("{before}{between}{}", encoded("&", "")).into());
                request.headers_mut().insert("content-type", FORM.parse().unwrap());
            }
        }
    }
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

fn is_form(request: &Request) -> bool {
    request.headers().get("content-type").is_some_and(|kind| kind.to_str().unwrap().starts_with(FORM))
}

fn apply_changes(parameters: &mut Parameters, changes: &[(String, Option<String>)]) {
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.iter().map(|value| (name.clone(), value.clone())));
    }
}

fn pairs(encoded: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let pairs = url::form_urlencoded::parse(encoded.as_bytes());
    pairs.map(|(name, value)| (name.into_owned().into_bytes(), value.into_owned().into_bytes()))
}

/// For RSA, `secret` is a private key (PKCS #8 in base64).
fn sign(method: &str, base: &str, secret: &str, token_secret: &str) -> String {
    let shared = format!("{}&{}", encode(secret.as_bytes()), encode(token_secret.as_bytes()));
    let algorithm = match method {
        "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "HMAC-SHA512" => hmac::HMAC_SHA512,
        "PLAINTEXT" => return shared,
        "RSA-SHA256" => return sign_rsa(base, secret),
        _ => hmac::HMAC_SHA256,
    };
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, shared.as_bytes()), base.as_bytes()))
}

fn sign_rsa(base: &str, private: &str) -> String {
    let key = KeyPair::from_pkcs8(&STANDARD.decode(private).unwrap()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), base.as_bytes(), &mut signature).unwrap();
    STANDARD.encode(signature)
}
