//! Callbacks and verifiers (RFC 5849 section 2.2): where a user is sent after the decision, with which proof of it.
//!
//! ```text
//! callback = "oob" | a registered URI              compared byte by byte; "oob" in lower case only
//! code     = 5*symbol "-" 5*symbol                 50 random bits, for people to type
//! symbol   = "0"-"9" | "A"-"Z" except I, L, O, U   Crockford's base32
//! ```
//!
//! In: the parameter of a client, randomness. Out: [`Callback`], [`Verifier`]. Must not know: the store.

use zeroize::Zeroizing;

use super::encoding::encode;
use crate::auth::clients::application::Application;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{SecretError, random_bytes, random_hex};

/// The callback of a client that cannot receive one.
const OUT_OF_BAND: &str = "oob";

/// Where the user is sent after the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// Nowhere: a page shows a code, which the user types into the application.
    OutOfBand,
    /// To this URI of the application.
    Uri(String),
}

impl Callback {
    /// Parses a callback that must be registered for the application (O1-23).
    ///
    /// # Errors
    /// 400 for a callback that is not registered.
    pub fn parse_registered(application: &Application, text: &str) -> Result<Self, Problem> {
        let callback = Self::parse(text);
        let is_registered = match &callback {
            Self::OutOfBand => true,
            Self::Uri(uri) => application.settings.redirect_uris.contains(uri),
        };
        is_registered.then_some(callback).ok_or_else(|| {
            let detail = "oauth_callback must be `oob` or a callback that is registered for this application.";
            Problem::new(ErrorCode::InvalidParameter, detail).parameter("oauth_callback")
        })
    }

    pub(super) fn parse(text: &str) -> Self {
        if text == OUT_OF_BAND { Self::OutOfBand } else { Self::Uri(text.to_owned()) }
    }

    /// The parameter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::OutOfBand => OUT_OF_BAND,
            Self::Uri(uri) => uri,
        }
    }

    /// The URI with these parameters appended to its query. The URI itself stays unchanged, byte for byte (O1-26).
    /// `None` without a URI.
    #[must_use]
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> Option<String> {
        let Self::Uri(uri) = self else { return None };
        let mut uri = uri.clone();
        for (name, value) in parameters {
            let separator = match uri.split_once('?') {
                None => "?",
                Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
                Some(_) => "&",
            };
            uri.push_str(&format!("{separator}{}={}", encode(name.as_bytes()), encode(value.as_bytes())));
        }
        Some(uri)
    }
}

/// Proves that the user who approved is the user who returns to the application (O1-27).
#[derive(Clone)]
pub struct Verifier(Zeroizing<String>);

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 10;

impl Verifier {
    /// A new verifier: 256 random bits for a callback, ten characters if the user types it.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub(super) fn generate(callback: &Callback) -> Result<Self, SecretError> {
        match callback {
            Callback::Uri(_) => random_hex().map(Self),
            Callback::OutOfBand => {
                let random = random_bytes::<CODE_LENGTH>()?;
                let symbol = |byte: &u8| SYMBOLS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
                let mut code: String = random.iter().map(symbol).collect();
                code.insert(CODE_LENGTH / 2, '-');
                Ok(Self(Zeroizing::new(code)))
            }
        }
    }

    /// Parses a verifier. A typed code is accepted in any case, with or without the dash, with spaces, and with
    /// letters that look like digits.
    pub(super) fn parse(callback: &Callback, text: &str) -> Self {
        match callback {
            Callback::Uri(_) => Self(Zeroizing::new(text.to_owned())),
            Callback::OutOfBand => Self(Zeroizing::new(normalize_code(text))),
        }
    }

    /// The verifier in clear, for the redirect or to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text that is compared, without the separator of a code.
    pub(super) fn without_separator(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.replace('-', ""))
    }
}

fn normalize_code(text: &str) -> String {
    let digit = |symbol: char| match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    text.chars().filter(|symbol| !matches!(symbol, '-' | ' ')).map(digit).collect()
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Verifier([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_26_appended_parameters_leave_the_uri_unchanged() {
        let with = |uri: &str| Callback::parse(uri).with_parameters(&[("oauth_token", "t"), ("oauth_verifier", "v&")]);
        for (uri, expected) in [
            ("https://a/cb", "https://a/cb?oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?", "https://a/cb?oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?x=%7e+&y", "https://a/cb?x=%7e+&y&oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?x&", "https://a/cb?x&oauth_token=t&oauth_verifier=v%26"),
        ] {
            assert_eq!(with(uri).as_deref(), Some(expected));
        }
        assert_eq!(with("oob"), None);
        assert_eq!(Callback::parse("OOB"), Callback::Uri("OOB".to_owned()));
    }

    #[test]
    fn o1_27_a_code_is_easy_to_type_and_a_verifier_is_long() {
        let code = Verifier::generate(&Callback::OutOfBand).unwrap();
        assert_eq!((code.expose().len(), code.expose().chars().nth(5)), (11, Some('-')));
        for typed in [code.expose().to_lowercase(), code.expose().replace('-', " "), code.expose().replace('0', "o")] {
            let parsed = Verifier::parse(&Callback::OutOfBand, &typed);
            assert_eq!(*parsed.without_separator(), *code.without_separator(), "{typed}");
        }
        let long = Verifier::generate(&Callback::parse("https://a/")).unwrap();
        assert_eq!(long.expose().len(), 64);
        let upper_case = Verifier::parse(&Callback::parse("https://a/"), &long.expose().to_uppercase());
        assert_ne!(*upper_case.without_separator(), *long.without_separator());
        assert_eq!(format!("{long:?}"), "Verifier([redacted])");
    }
}
