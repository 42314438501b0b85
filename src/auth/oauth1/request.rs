//! A signed request, read and not yet verified.
//!
//! In: the request as it was sent. Out: [`Signed`], or why it is none (RFC 5849 section 3.2: 400 for what is missing,
//! malformed, unknown or said twice). Must not know: clients, tokens, time.

use http::{Method, Uri};

use super::malformed::{Malformed, Pairs};
use super::signature::SignatureMethod;
use super::{base_string, body_hash, encoding, header, timestamp};
use crate::error::Problem;
use crate::error_code::Code;

/// The request as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'r> {
    /// The method.
    pub method: &'r Method,
    /// The scheme by which the client reached us.
    pub scheme: &'r str,
    /// Host and port by which it did.
    pub authority: &'r str,
    /// What a proxy cut off the front of the path.
    pub prefix: &'r str,
    /// The target, its path and query untouched.
    pub target: &'r Uri,
    /// The one `Authorization` header.
    pub authorization: Option<&'r [u8]>,
    /// The body, when it is a form of one part (O1-03).
    pub form: Option<&'r [u8]>,
}

/// The parameters that mean something to OAuth, wherever they stand.
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

/// A request that says who signed it.
#[derive(Debug)]
pub struct Signed {
    /// `oauth_consumer_key`: the client id, and behind a dot what opens the bound user's credential where the application
    /// is trusted.
    pub consumer_key: String,
    /// `oauth_token`; none when it is empty, which means the same.
    pub token: Option<String>,
    /// `oauth_signature_method`
    pub method: SignatureMethod,
    /// `oauth_signature`, decoded once.
    pub signature: String,
    /// `oauth_timestamp` and `oauth_nonce`; both or, with PLAINTEXT, none.
    pub moment: Option<Moment>,
    /// `oauth_callback`
    pub callback: Option<String>,
    /// `oauth_verifier`
    pub verifier: Option<String>,
    /// `oauth_body_hash`
    pub body_hash: Option<String>,
    /// What was signed.
    pub base: String,
}

impl Signed {
    /// The application that says to have signed.
    pub(super) fn client_id(&self) -> &str {
        self.consumer_key.split_once('.').map_or(&self.consumer_key, |(client_id, _)| client_id)
    }

    /// The second part of the consumer key, as it is shown.
    pub(super) fn opening_part(&self) -> Option<&str> {
        self.consumer_key.split_once('.').map(|(_, opening)| opening)
    }
}

/// What makes one request another than the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub timestamp: i64,
    /// 1 to 256 bytes.
    pub nonce: Vec<u8>,
}

/// The longest nonce, key, token or verifier.
const LONGEST: usize = 256;
/// The longest callback.
const LONGEST_CALLBACK: usize = 2048;

/// Where the protocol parameters of a request stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In the `Authorization` header.
    Header,
    /// In the query string.
    Query,
    /// In the form body.
    Body,
}

/// Whether a query or form holds the protocol parameters of a signed request.
#[must_use]
pub fn is_signed(encoded: &[u8]) -> bool {
    let names = |wanted: &[u8]| encoding::pairs(encoded).any(|(name, _)| name == wanted);
    memchr::memmem::find(encoded, b"oauth").is_some() && names(b"oauth_consumer_key") && names(b"oauth_signature")
}

/// A query or form without the protocol parameters, for those who read the rest. Nothing else changes.
#[must_use]
pub fn without_protocol(encoded: &[u8]) -> Vec<u8> {
    let kept = encoded.split(|byte| *byte == b'&').filter(|segment| !is_protocol(&encoding::name_of(segment)));
    kept.collect::<Vec<_>>().join(&b'&')
}

fn is_protocol(name: &[u8]) -> bool {
    PROTOCOL.contains(&name)
}

impl Signed {
    /// Reads a request; `None` when nobody signed it.
    ///
    /// # Errors
    /// 400 for what is malformed, 401 for a header that says nothing at all.
    pub fn read(sent: &Sent<'_>) -> Result<Option<Self>, Problem> {
        let Some((placement, shown)) = sent.placed()? else { return Ok(None) };
        sent.only_there(placement)?;
        let all = sent.pairs(placement, &shown);
        let parameters = base_string::normalize(all)?;
        let path = format!("{}{}", sent.prefix, sent.target.path());
        let uri = base_string::uri(sent.scheme, sent.authority, &path);
        let base = base_string::base_string(sent.method.as_str(), &uri, &parameters);
        Ok(Some(Self::of(&Said(shown), base)?))
    }

    fn of(said: &Said, base: String) -> Result<Self, Malformed> {
        if said.text("oauth_version", LONGEST)?.is_some_and(|version| version != "1.0") {
            return Err(Malformed::new("The only version of OAuth in a signed request is 1.0.").of("oauth_version"));
        }
        let method = said.needed("oauth_signature_method", LONGEST)?;
        let method = SignatureMethod::of_name(&method).ok_or_else(|| {
            let known = SignatureMethod::ALL.map(SignatureMethod::as_str).join(", ");
            Malformed::new(format!("The signature methods are {known}; in capitals.")).of("oauth_signature_method")
        })?;
        Ok(Self {
            consumer_key: said.needed("oauth_consumer_key", LONGEST)?,
            token: said.text("oauth_token", LONGEST)?.filter(|token| !token.is_empty()),
            method,
            // An RSA signature of 8192 bits has 1368 characters.
            signature: said.needed("oauth_signature", LONGEST_CALLBACK)?,
            moment: said.moment(method)?,
            callback: said.text("oauth_callback", LONGEST_CALLBACK)?,
            verifier: said.text("oauth_verifier", LONGEST)?,
            body_hash: said.text("oauth_body_hash", LONGEST)?,
            base,
        })
    }

    /// Whether the body is the one that was signed. Without `oauth_body_hash` only forms are.
    ///
    /// # Errors
    /// 401 for another body.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Problem> {
        match &self.body_hash {
            Some(shown) if !body_hash::is_hash_of(body, shown, self.method) => {
                let detail = "The body is not the one that was signed: oauth_body_hash is the hash of another body.";
                Err(Problem::new(Code::CredentialInvalid, detail).parameter("oauth_body_hash"))
            }
            _ => Ok(()),
        }
    }
}

impl Sent<'_> {
    /// Where the protocol parameters stand, and all pairs that stand there.
    fn placed(&self) -> Result<Option<(Placement, Pairs)>, Problem> {
        if let Some(shown) = self.authorization {
            let Some(rest) = header::of_scheme(shown) else { return Ok(None) };
            let pairs = header::parse(rest)?;
            if pairs.is_empty() {
                let detail = "The Authorization header says OAuth and nothing more.";
                return Err(Problem::new(Code::CredentialMissing, detail));
            }
            return Ok(Some((Placement::Header, pairs)));
        }
        Ok(match (self.query(), self.form) {
            (query, _) if is_signed(query) => Some((Placement::Query, encoding::pairs(query).collect())),
            (_, Some(form)) if is_signed(form) => Some((Placement::Body, encoding::pairs(form).collect())),
            _ => None,
        })
    }

    fn query(&self) -> &[u8] {
        self.target.query().unwrap_or_default().as_bytes()
    }

    /// Everything that is signed, from all three places; `shown` are those of one of them.
    fn pairs(&self, placement: Placement, shown: &Pairs) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let header = if placement == Placement::Header { shown.clone() } else { Vec::new() };
        let form = self.form.unwrap_or_default();
        header.into_iter().chain(encoding::pairs(self.query())).chain(encoding::pairs(form))
    }

    /// One place for all of them, and no second credential (O1-20).
    fn only_there(&self, placement: Placement) -> Result<(), Malformed> {
        let places = [(Placement::Query, self.query()), (Placement::Body, self.form.unwrap_or_default())];
        for (place, encoded) in places {
            let mut seen: Vec<Vec<u8>> = Vec::new();
            for (name, _) in encoding::pairs(encoded).filter(|(name, _)| is_protocol(name) || name == b"access_token") {
                let named = String::from_utf8_lossy(&name).into_owned();
                if place != placement || !is_protocol(&name) {
                    let detail = "The credential of a request stands in one place: the Authorization header, the query string or the form.";
                    return Err(Malformed::new(detail).of(named));
                }
                if seen.contains(&name) {
                    return Err(Malformed::twice(&name));
                }
                seen.push(name);
            }
        }
        Ok(())
    }
}

/// What stands at the placement.
struct Said(Pairs);

impl Said {
    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// A text; that of invalid UTF-8 is refused, never mended (O1-36).
    fn text(&self, name: &'static str, longest: usize) -> Result<Option<String>, Malformed> {
        let Some(bytes) = self.bytes(name) else { return Ok(None) };
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= longest);
        let wrong = || Malformed::new(format!("{name}: expected a text of at most {longest} bytes.")).of(name);
        text.map(|text| Some(text.to_owned())).ok_or_else(wrong)
    }

    fn needed(&self, name: &'static str, longest: usize) -> Result<String, Malformed> {
        let text = self.text(name, longest)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Malformed::missing(name))
    }

    /// With PLAINTEXT both may be left out (O1-14); what is sent counts.
    fn moment(&self, method: SignatureMethod) -> Result<Option<Moment>, Malformed> {
        let shown = (self.text("oauth_timestamp", LONGEST)?, self.bytes("oauth_nonce"));
        let (text, nonce) = match shown {
            (None, None) if method == SignatureMethod::Plaintext => return Ok(None),
            (None, _) => return Err(Malformed::missing("oauth_timestamp")),
            (_, None) => return Err(Malformed::missing("oauth_nonce")),
            (Some(text), Some(nonce)) => (text, nonce),
        };
        let timestamp = timestamp::parse(&text).ok_or_else(|| {
            let detail = "oauth_timestamp: expected seconds since 1970, 1 to 10 digits without a leading zero.";
            Malformed::new(detail).of("oauth_timestamp")
        })?;
        if !(1..=LONGEST).contains(&nonce.len()) {
            return Err(Malformed::new("oauth_nonce: expected 1 to 256 bytes.").of("oauth_nonce"));
        }
        Ok(Some(Moment { timestamp, nonce: nonce.to_vec() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "oauth_consumer_key=k&oauth_signature_method=HMAC-SHA1&oauth_signature=s&oauth_timestamp=1&oauth_nonce=n";

    fn read(authorization: Option<&str>, target: &str, form: Option<&str>) -> Result<Option<Signed>, (u16, String)> {
        let target: Uri = target.parse().unwrap();
        let sent = Sent {
            method: &Method::POST,
            scheme: "http",
            authority: "x",
            prefix: "",
            target: &target,
            authorization: authorization.map(str::as_bytes),
            form: form.map(str::as_bytes),
        };
        Signed::read(&sent).map_err(|wrong| (wrong.class().status(), wrong.parameter.unwrap_or_default()))
    }

    fn header(change: impl Fn(String) -> String) -> Result<Option<Signed>, (u16, String)> {
        read(Some(&format!("OAuth {}", change(GOOD.replace('&', ",")))), "/", None)
    }

    #[test]
    fn o1_20_one_place_is_as_good_as_the_others() {
        let query = format!("/?a=1&{GOOD}");
        let form = format!("a=1&{GOOD}");
        let signed = [header(|good| good), read(None, &query, None), read(None, "/", Some(&form))];
        for signed in signed {
            assert_eq!(signed.unwrap().unwrap().consumer_key, "k");
        }
        for unsigned in
            [read(None, "/?oauth_token=x", None), read(Some("Bearer x"), &query, None), read(None, "/", None)]
        {
            assert!(unsigned.unwrap().is_none());
        }
        assert_eq!(without_protocol(form.as_bytes()), b"a=1");
        assert_eq!(without_protocol(b"oauth_uid=1&&oauth%5Fnonce=2&b"), b"oauth_uid=1&&b");
    }

    #[test]
    fn o1_20_two_places_two_values_two_credentials_are_400() {
        let in_header = format!("OAuth {}", GOOD.replace('&', ","));
        for target in ["/?oauth_nonce=1", "/?oauth%5Ftoken=1", "/?access_token=x"] {
            assert_eq!(read(Some(&in_header), target, None).unwrap_err().0, 400, "{target}");
        }
        assert_eq!(read(Some(&in_header), "/", Some("oauth_nonce=1")).unwrap_err().0, 400);
        assert_eq!(read(None, &format!("/?{GOOD}"), Some(GOOD)).unwrap_err().0, 400);
        let twice = read(None, &format!("/?{GOOD}&oauth_nonce=n"), None).unwrap_err();
        assert_eq!(twice, (400, "oauth_nonce".to_owned()));
        // Fields of Odoo that merely begin so are no protocol parameters.
        assert!(read(Some(&in_header), "/?oauth_uid=1", None).is_ok());
    }

    #[test]
    fn what_is_missing_or_malformed_is_told_by_name() {
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
            let wrong = header(|good| good.replace(from, to)).unwrap_err();
            assert_eq!(wrong, (400, parameter.to_owned()), "{from} -> {to}");
        }
        assert_eq!(read(Some("OAuth"), "/", None).unwrap_err().0, 401);
        let long = |length: usize| {
            header(|good| good.replace("oauth_nonce=n", &format!("oauth_nonce={}", "n".repeat(length))))
        };
        assert!(long(256).is_ok() && long(257).is_err());
        // O1-17: any bytes are a nonce.
        assert!(header(|good| good.replace("oauth_nonce=n", "oauth_nonce=%FF")).is_ok());
    }

    #[test]
    fn o1_14_plaintext_may_leave_the_moment_out() {
        let plain = |rest: &str| {
            header(|_| format!("oauth_consumer_key=k,oauth_signature_method=PLAINTEXT,oauth_signature=x%26{rest}"))
        };
        assert_eq!(plain("").unwrap().unwrap().moment, None);
        assert!(plain(",oauth_timestamp=5,oauth_nonce=n").unwrap().unwrap().moment.is_some());
        assert_eq!(plain(",oauth_nonce=n").unwrap_err().0, 400);
    }
}
