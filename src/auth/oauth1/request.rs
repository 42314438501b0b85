//! Parses a signed request.
//!
//! In: the request as it was sent. Out: [`SignedRequest`], not verified yet, or an error (RFC 5849 section 3.2: 400
//! for a missing, malformed, unknown or repeated parameter). Must not know: clients, tokens, time.

use http::{Method, Uri};

use super::malformed::{MalformedSignature, ParamPairs};
use super::{base_string, body_hash, encoding, header, timestamp};
use crate::auth::clients::signature_method::SignatureMethod;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The request as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'r> {
    /// The method.
    pub method: &'r Method,
    /// The scheme by which the client reached the gateway.
    pub scheme: &'r str,
    /// The host and port by which the client reached the gateway.
    pub authority: &'r str,
    /// The prefix that a proxy removed from the path.
    pub prefix: &'r str,
    /// The request target, with path and query as sent.
    pub target: &'r Uri,
    /// The value of the `Authorization` header.
    pub authorization: Option<&'r [u8]>,
    /// The body, if it is `application/x-www-form-urlencoded` (O1-03).
    pub form: Option<&'r [u8]>,
}

/// The protocol parameters of OAuth 1.0a, wherever they are sent.
const PROTOCOL: [&[u8]; 10] = [
    b"oauth_consumer_key",
    b"oauth_token",
    b"oauth_signature_method",
    b"oauth_signature",
    b"oauth_timestamp",
    b"oauth_nonce",
    b"oauth_version",
    b"oauth_callback",
    b"oauth_verifier",
    b"oauth_body_hash",
];

/// A signed request, not verified yet.
#[derive(Debug)]
pub struct SignedRequest {
    /// `oauth_consumer_key`: the client id; for a trusted application followed by a dot and a token that opens the
    /// credential of its bound user.
    pub consumer_key: String,
    /// `oauth_token`; an empty one counts as missing.
    pub token: Option<String>,
    /// `oauth_signature_method`
    pub method: SignatureMethod,
    /// `oauth_signature`, decoded once.
    pub signature: String,
    /// `oauth_timestamp` and `oauth_nonce`. PLAINTEXT may omit both.
    pub timestamp_nonce: Option<TimestampNonce>,
    /// `oauth_callback`
    pub callback: Option<String>,
    /// `oauth_verifier`
    pub verifier: Option<String>,
    /// `oauth_body_hash`
    pub body_hash: Option<String>,
    /// The text that was signed.
    pub base_string: String,
}

impl SignedRequest {
    /// The client id of the application that claims to have signed.
    pub(super) fn client_id(&self) -> &str {
        self.consumer_key.split_once('.').map_or(&self.consumer_key, |(client_id, _)| client_id)
    }

    /// The second part of the consumer key, as sent.
    pub(super) fn consumer_key_secret(&self) -> Option<&str> {
        self.consumer_key.split_once('.').map(|(_, secret)| secret)
    }
}

/// Identifies a request, so that a replay can be detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampNonce {
    /// Unix time in seconds.
    pub timestamp: i64,
    /// 1 to 256 bytes.
    pub nonce: Vec<u8>,
}

/// The maximum length of a nonce, key, token or verifier.
const MAX_LENGTH: usize = 256;
/// The maximum length of a callback or signature.
const MAX_CALLBACK_LENGTH: usize = 2048;

/// Where the protocol parameters of a request are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In the `Authorization` header.
    Header,
    /// In the query string.
    Query,
    /// In the form body.
    Body,
}

/// Whether a query or form contains the protocol parameters of a signed request.
#[must_use]
pub fn has_signature(encoded: &[u8]) -> bool {
    let contains = |wanted: &[u8]| encoding::pairs(encoded).any(|(name, _)| name == wanted);
    memchr::memmem::find(encoded, b"oauth").is_some() && contains(b"oauth_consumer_key") && contains(b"oauth_signature")
}

/// A query or form without the protocol parameters. The rest stays unchanged, byte for byte.
#[must_use]
pub fn strip_protocol_parameters(encoded: &[u8]) -> Vec<u8> {
    let is_other = |segment: &&[u8]| !is_protocol(&encoding::decode_name(segment));
    encoded.split(|byte| *byte == b'&').filter(is_other).collect::<Vec<_>>().join(&b'&')
}

fn is_protocol(name: &[u8]) -> bool {
    PROTOCOL.contains(&name)
}

impl SignedRequest {
    /// Parses a request; `None` if it is not signed.
    ///
    /// # Errors
    /// 400 for a malformed request, 401 for a header without parameters.
    pub fn parse(raw: &RawRequest<'_>) -> Result<Option<Self>, Problem> {
        let Some((placement, pairs)) = raw.protocol_parameters()? else { return Ok(None) };
        raw.check_single_placement(placement)?;
        let signed_pairs = raw.signed_pairs(placement, &pairs);
        let parameters = base_string::normalize_parameters(signed_pairs)?;
        let path = format!("{}{}", raw.prefix, raw.target.path());
        let uri = base_string::base_string_uri(raw.scheme, raw.authority, &path);
        let base_string = base_string::base_string(raw.method.as_str(), &uri, &parameters);
        Ok(Some(Self::from_parameters(&ProtocolParams(pairs), base_string)?))
    }

    fn from_parameters(parameters: &ProtocolParams, base_string: String) -> Result<Self, MalformedSignature> {
        if parameters.text("oauth_version", MAX_LENGTH)?.is_some_and(|version| version != "1.0") {
            let error = MalformedSignature::new("The version of OAuth in a signed request must be 1.0.");
            return Err(error.with_parameter("oauth_version"));
        }
        let method = parameters.required("oauth_signature_method", MAX_LENGTH)?;
        let method = SignatureMethod::from_name(&method).ok_or_else(|| {
            let known = SignatureMethod::ALL.map(SignatureMethod::as_str).join(", ");
            let detail = format!("The signature method is unknown. Use one of {known}, in upper case.");
            MalformedSignature::new(detail).with_parameter("oauth_signature_method")
        })?;
        Ok(Self {
            consumer_key: parameters.required("oauth_consumer_key", MAX_LENGTH)?,
            token: parameters.text("oauth_token", MAX_LENGTH)?.filter(|token| !token.is_empty()),
            method,
            // An RSA signature of 8192 bits has 1368 characters.
            signature: parameters.required("oauth_signature", MAX_CALLBACK_LENGTH)?,
            timestamp_nonce: parameters.timestamp_nonce(method)?,
            callback: parameters.text("oauth_callback", MAX_CALLBACK_LENGTH)?,
            verifier: parameters.text("oauth_verifier", MAX_LENGTH)?,
            body_hash: parameters.text("oauth_body_hash", MAX_LENGTH)?,
            base_string,
        })
    }

    /// Checks that the body is the body that was signed. Without `oauth_body_hash`, only forms are signed.
    ///
    /// # Errors
    /// 401 for another body.
    pub fn verify_body_hash(&self, body: &[u8]) -> Result<(), Problem> {
        match &self.body_hash {
            Some(sent) if !body_hash::matches_body(sent, body, self.method) => {
                let detail = "The body is not the body that was signed: oauth_body_hash is the hash of another body.";
                let problem = Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_body_hash");
                Err(problem.hint("Compute the hash of exactly the bytes that are sent as the body."))
            }
            _ => Ok(()),
        }
    }
}

impl RawRequest<'_> {
    /// Where the protocol parameters are, and all pairs in that place.
    fn protocol_parameters(&self) -> Result<Option<(Placement, ParamPairs)>, Problem> {
        if let Some(value) = self.authorization {
            let Some(rest) = header::strip_oauth_scheme(value) else { return Ok(None) };
            let pairs = header::parse_parameters(rest)?;
            if pairs.is_empty() {
                let detail = "The Authorization header has the scheme OAuth, but no parameters.";
                let problem = Problem::new(ErrorCode::CredentialMissing, detail);
                return Err(problem.hint("Sign the request with OAuth 1.0a (RFC 5849)."));
            }
            return Ok(Some((Placement::Header, pairs)));
        }
        Ok(match (self.query(), self.form) {
            (query, _) if has_signature(query) => Some((Placement::Query, encoding::pairs(query).collect())),
            (_, Some(form)) if has_signature(form) => Some((Placement::Body, encoding::pairs(form).collect())),
            _ => None,
        })
    }

    fn query(&self) -> &[u8] {
        self.target.query().unwrap_or_default().as_bytes()
    }

    /// All pairs that are signed, from all three places. `pairs` are the pairs in `placement`.
    fn signed_pairs(&self, placement: Placement, pairs: &ParamPairs) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let header = if placement == Placement::Header { pairs.clone() } else { Vec::new() };
        let form = self.form.unwrap_or_default();
        header.into_iter().chain(encoding::pairs(self.query())).chain(encoding::pairs(form))
    }

    /// Checks that all protocol parameters are in one place, each once, without a second credential (O1-20).
    fn check_single_placement(&self, placement: Placement) -> Result<(), MalformedSignature> {
        let places = [(Placement::Query, self.query()), (Placement::Body, self.form.unwrap_or_default())];
        for (place, encoded) in places {
            let mut seen: Vec<Vec<u8>> = Vec::new();
            for (name, _) in encoding::pairs(encoded).filter(|(name, _)| is_protocol(name) || name == b"access_token") {
                let parameter = String::from_utf8_lossy(&name).into_owned();
                if place != placement || !is_protocol(&name) {
                    let detail = "A request may contain its credential in one place only: the Authorization header, \
                                  the query string or the form.";
                    return Err(MalformedSignature::new(detail).with_parameter(parameter));
                }
                if seen.contains(&name) {
                    return Err(MalformedSignature::repeated(&name));
                }
                seen.push(name);
            }
        }
        Ok(())
    }
}

/// The pairs in the place of the protocol parameters.
struct ProtocolParams(ParamPairs);

impl ProtocolParams {
    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// A text. Invalid UTF-8 is rejected, never replaced (O1-36).
    fn text(&self, name: &'static str, max_length: usize) -> Result<Option<String>, MalformedSignature> {
        let Some(bytes) = self.bytes(name) else { return Ok(None) };
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= max_length);
        let detail = || format!("The parameter `{name}` must be UTF-8 text of at most {max_length} bytes.");
        let error = || MalformedSignature::new(detail()).with_parameter(name);
        text.map(|text| Some(text.to_owned())).ok_or_else(error)
    }

    fn required(&self, name: &'static str, max_length: usize) -> Result<String, MalformedSignature> {
        let text = self.text(name, max_length)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| MalformedSignature::missing(name))
    }

    /// PLAINTEXT may omit both (O1-14); if one is sent, both are required.
    fn timestamp_nonce(&self, method: SignatureMethod) -> Result<Option<TimestampNonce>, MalformedSignature> {
        let sent = (self.text("oauth_timestamp", MAX_LENGTH)?, self.bytes("oauth_nonce"));
        let (text, nonce) = match sent {
            (None, None) if method == SignatureMethod::Plaintext => return Ok(None),
            (None, _) => return Err(MalformedSignature::missing("oauth_timestamp")),
            (_, None) => return Err(MalformedSignature::missing("oauth_nonce")),
            (Some(text), Some(nonce)) => (text, nonce),
        };
        let timestamp = timestamp::parse(&text).ok_or_else(|| {
            let detail = "The parameter `oauth_timestamp` must be a Unix time: 1 to 10 digits without a leading zero.";
            MalformedSignature::new(detail).with_parameter("oauth_timestamp")
        })?;
        if !(1..=MAX_LENGTH).contains(&nonce.len()) {
            let detail = "The parameter `oauth_nonce` must have 1 to 256 bytes.";
            return Err(MalformedSignature::new(detail).with_parameter("oauth_nonce"));
        }
        Ok(Some(TimestampNonce { timestamp, nonce: nonce.to_vec() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "oauth_consumer_key=k&oauth_signature_method=HMAC-SHA1&oauth_signature=s&oauth_timestamp=1&oauth_nonce=n";

    fn parse(
        authorization: Option<&str>,
        target: &str,
        form: Option<&str>,
    ) -> Result<Option<SignedRequest>, (u16, String)> {
        let target: Uri = target.parse().unwrap();
        let raw = RawRequest {
            method: &Method::POST,
            scheme: "http",
            authority: "x",
            prefix: "",
            target: &target,
            authorization: authorization.map(str::as_bytes),
            form: form.map(str::as_bytes),
        };
        SignedRequest::parse(&raw).map_err(|problem| (problem.class().status(), problem.parameter.unwrap_or_default()))
    }

    fn header(change: impl Fn(String) -> String) -> Result<Option<SignedRequest>, (u16, String)> {
        parse(Some(&format!("OAuth {}", change(GOOD.replace('&', ",")))), "/", None)
    }

    #[test]
    fn o1_20_each_place_is_accepted() {
        let query = format!("/?a=1&{GOOD}");
        let form = format!("a=1&{GOOD}");
        let signed = [header(|good| good), parse(None, &query, None), parse(None, "/", Some(&form))];
        for signed in signed {
            assert_eq!(signed.unwrap().unwrap().consumer_key, "k");
        }
        for unsigned in
            [parse(None, "/?oauth_token=x", None), parse(Some("Bearer x"), &query, None), parse(None, "/", None)]
        {
            assert!(unsigned.unwrap().is_none());
        }
        assert_eq!(strip_protocol_parameters(form.as_bytes()), b"a=1");
        assert_eq!(strip_protocol_parameters(b"oauth_uid=1&&oauth%5Fnonce=2&b"), b"oauth_uid=1&&b");
    }

    #[test]
    fn o1_20_two_places_two_values_and_two_credentials_are_rejected() {
        let in_header = format!("OAuth {}", GOOD.replace('&', ","));
        for target in ["/?oauth_nonce=1", "/?oauth%5Ftoken=1", "/?access_token=x"] {
            assert_eq!(parse(Some(&in_header), target, None).unwrap_err().0, 400, "{target}");
        }
        assert_eq!(parse(Some(&in_header), "/", Some("oauth_nonce=1")).unwrap_err().0, 400);
        assert_eq!(parse(None, &format!("/?{GOOD}"), Some(GOOD)).unwrap_err().0, 400);
        let twice = parse(None, &format!("/?{GOOD}&oauth_nonce=n"), None).unwrap_err();
        assert_eq!(twice, (400, "oauth_nonce".to_owned()));
        // A field of Odoo that starts with `oauth_` is not a protocol parameter.
        assert!(parse(Some(&in_header), "/?oauth_uid=1", None).is_ok());
    }

    #[test]
    fn errors_name_the_missing_or_malformed_parameter() {
        for (from, to, parameter) in [
            ("oauth_consumer_key=k,", "", "oauth_consumer_key"),
            ("oauth_consumer_key=k,", "oauth_consumer_key='',", "oauth_consumer_key"),
            ("oauth_signature_method=HMAC-SHA1,", "", "oauth_signature_method"),
            ("HMAC-SHA1", "hmac-sha1", "oauth_signature_method"),
            ("HMAC-SHA1", "MD5", "oauth_signature_method"),
            ("oauth_signature=s,", "oauth_signature='',", "oauth_signature"),
            ("oauth_timestamp=1,", "", "oauth_timestamp"),
            ("oauth_timestamp=1", "oauth_timestamp=01", "oauth_timestamp"),
            (",oauth_nonce=n", "", "oauth_nonce"),
            ("oauth_nonce=n", "oauth_nonce=''", "oauth_nonce"),
            ("oauth_nonce=n", "oauth_nonce=n,oauth_version=2.0", "oauth_version"),
            ("oauth_nonce=n", "oauth_nonce=n,oauth_verifier=%FF", "oauth_verifier"),
        ] {
            let error = header(|good| good.replace(from, to)).unwrap_err();
            assert_eq!(error, (400, parameter.to_owned()), "{from} -> {to}");
        }
        assert_eq!(parse(Some("OAuth"), "/", None).unwrap_err().0, 401);
        let long = |length: usize| {
            header(|good| good.replace("oauth_nonce=n", &format!("oauth_nonce={}", "n".repeat(length))))
        };
        assert!(long(256).is_ok() && long(257).is_err());
        // O1-17: a nonce may contain any bytes.
        assert!(header(|good| good.replace("oauth_nonce=n", "oauth_nonce=%FF")).is_ok());
    }

    #[test]
    fn o1_14_plaintext_may_omit_timestamp_and_nonce() {
        let plain = |rest: &str| {
            header(|_| format!("oauth_consumer_key=k,oauth_signature_method=PLAINTEXT,oauth_signature=x%26{rest}"))
        };
        assert_eq!(plain("").unwrap().unwrap().timestamp_nonce, None);
        assert!(plain(",oauth_timestamp=5,oauth_nonce=n").unwrap().unwrap().timestamp_nonce.is_some());
        assert_eq!(plain(",oauth_nonce=n").unwrap_err().0, 400);
    }
}
