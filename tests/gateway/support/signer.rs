//! Somebody who signs requests as OAuth 1.0a says, well or as badly as a test wants it.
//!
//! The base string is the gateway's own arithmetic, which vectors hold to the RFC; ordinary libraries sign in the tests of
//! `oauth1::clients`.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use odoo_gateway::auth::oauth1::{base_string, encode, normalize, uri};
use odoo_gateway::clock::Clock;
use reqwest::{Request, RequestBuilder};

/// Where the parameters stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    Query,
    Form,
}

/// An application, perhaps with a user's token. Each method makes another one.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<(String, String)>,
    pub(crate) method: &'static str,
    place: Place,
    /// Said instead of what is right, before it is signed; `None`: left out.
    said: Vec<(String, Option<String>)>,
    /// Said instead of what was signed.
    forged: Vec<(String, Option<String>)>,
    /// The URL that is signed instead of the one it is sent to.
    public: Option<String>,
}

type Parameters = Vec<(String, String)>;

impl Signer {
    pub(crate) fn new(key: &str, secret: &str) -> Self {
        Self {
            key: key.to_owned(),
            secret: secret.to_owned(),
            token: None,
            method: "HMAC-SHA256",
            place: Place::Header,
            said: Vec::new(),
            forged: Vec::new(),
            public: None,
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

    pub(crate) fn by(&self, method: &'static str) -> Self {
        Self { method, ..self.clone() }
    }

    pub(crate) fn in_the(&self, place: Place) -> Self {
        Self { place, ..self.clone() }
    }

    /// Says this, and signs it.
    pub(crate) fn saying(&self, name: &str, value: &str) -> Self {
        let mut signer = self.clone();
        signer.said.push((name.to_owned(), Some(value.to_owned())));
        signer
    }

    /// Leaves this out.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut signer = self.clone();
        signer.said.push((name.to_owned(), None));
        signer
    }

    /// Says this in place of what was signed.
    pub(crate) fn forging(&self, name: &str, value: &str) -> Self {
        let mut signer = self.clone();
        signer.forged.push((name.to_owned(), Some(value.to_owned())));
        signer
    }

    /// Signs for this scheme, host and prefix instead of where the request goes.
    pub(crate) fn as_reached_by(&self, public: &str) -> Self {
        Self { public: Some(public.to_owned()), ..self.clone() }
    }

    /// The request, signed.
    pub(crate) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        let (client, request) = request.build_split();
        let mut request = request.unwrap();
        let signature = self.signature(&request);
        let mut shown = self.parameters();
        shown.push(("oauth_signature".to_owned(), signature));
        change(&mut shown, &self.forged);
        self.place(&mut request, &shown);
        RequestBuilder::from_parts(client, request)
    }

    /// The header as it would be for this request.
    pub(crate) fn header(&self, request: RequestBuilder) -> String {
        let request = self.sign(request).build().unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    }

    /// What is said, with a nonce of its own.
    fn parameters(&self) -> Parameters {
        // The moment is in `said` already: see `signature`.
        let mut said: Parameters = vec![
            ("oauth_consumer_key".to_owned(), self.key.clone()),
            ("oauth_signature_method".to_owned(), self.method.to_owned()),
            ("oauth_version".to_owned(), "1.0".to_owned()),
        ];
        if let Some((token, _)) = &self.token {
            said.push(("oauth_token".to_owned(), token.clone()));
        }
        change(&mut said, &self.said);
        said
    }

    /// The same signer with this very moment, which makes it sign one request only.
    pub(crate) fn now(&self) -> Self {
        static NONCES: AtomicU64 = AtomicU64::new(0);
        let nonce = format!("{}x{}", std::process::id(), NONCES.fetch_add(1, Ordering::Relaxed));
        let timestamp = Clock::system().now().unix_timestamp().to_string();
        let mut signer = self.clone();
        let moment = [("oauth_timestamp", timestamp), ("oauth_nonce", nonce)];
        signer.said.splice(0..0, moment.map(|(name, value)| (name.to_owned(), Some(value))));
        signer
    }

    fn signature(&self, request: &Request) -> String {
        let url = request.url();
        let authority =
            url.port().map_or(url.host_str().unwrap().to_owned(), |port| format!("{}:{port}", url.host_str().unwrap()));
        let uri = match &self.public {
            Some(public) => format!("{public}{}", url.path()),
            None => uri(url.scheme(), &authority, url.path()),
        };
        let body = request.body().and_then(|body| body.as_bytes()).filter(|_| is_form(request)).unwrap_or_default();
        let pairs = pairs(url.query().unwrap_or_default()).chain(pairs(std::str::from_utf8(body).unwrap()));
        let said = self.parameters().into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes()));
        let base = base_string(request.method().as_str(), &uri, &normalize(pairs.chain(said)).unwrap());
        sign(self.method, &base, &self.secret, self.token.as_ref().map_or("", |(_, secret)| secret))
    }

    fn place(&self, request: &mut Request, shown: &Parameters) {
        let encoded = |between: &str, quote: &str| {
            let parts: Vec<String> = shown
                .iter()
                .map(|(name, value)| format!("{}={quote}{}{quote}", encode(name.as_bytes()), encode(value.as_bytes())))
                .collect();
            parts.join(between)
        };
        match self.place {
            Place::Header => {
                let header = format!("OAuth {}", encoded(", ", "\""));
                request.headers_mut().insert("authorization", header.parse().unwrap());
            }
            Place::Query => {
                let before = request.url().query().map_or(String::new(), |query| format!("{query}&"));
                request.url_mut().set_query(Some(&format!("{before}{}", encoded("&", ""))));
            }
            Place::Form => {
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

fn change(parameters: &mut Parameters, changes: &[(String, Option<String>)]) {
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.iter().map(|value| (name.clone(), value.clone())));
    }
}

fn pairs(encoded: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let pairs = url::form_urlencoded::parse(encoded.as_bytes());
    pairs.map(|(name, value)| (name.into_owned().into_bytes(), value.into_owned().into_bytes()))
}

/// With RSA the secret is a private key, in hexadecimal.
fn sign(method: &str, base: &str, secret: &str, token_secret: &str) -> String {
    let shared = format!("{}&{}", encode(secret.as_bytes()), encode(token_secret.as_bytes()));
    let algorithm = match method {
        "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "HMAC-SHA512" => hmac::HMAC_SHA512,
        "PLAINTEXT" => return shared,
        "RSA-SHA256" => return by_rsa(base, secret),
        _ => hmac::HMAC_SHA256,
    };
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, shared.as_bytes()), base.as_bytes()))
}

fn by_rsa(base: &str, private: &str) -> String {
    let key = KeyPair::from_pkcs8(&STANDARD.decode(private).unwrap()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), base.as_bytes(), &mut signature).unwrap();
    STANDARD.encode(signature)
}
