//! Where a user is sent when he has decided (RFC 5849 section 2.2), and the verifier he brings along.
//!
//! ```text
//! callback = "oob" | a registered URI              compared byte by byte; "oob" in lower case only
//! code     = 5*symbol "-" 5*symbol                 50 random bits, for people to type
//! symbol   = "0"-"9" | "A"-"Z" but I, L, O, U      Crockford's
//! ```
//!
//! In: what a client sent, randomness. Out: [`Callback`], [`Verifier`]. Must not know: the store.

use zeroize::Zeroizing;

use crate::auth::oauth1::encoding::encode;
use crate::auth::oauth2::Application;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{SecretError, random_bytes, random_text};

/// What a client without a callback says.
const OUT_OF_BAND: &str = "oob";

/// Where the user goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// Nowhere: he types the code.
    OutOfBand,
    /// To this URI of the application's.
    Uri(String),
}

impl Callback {
    /// What a client sent, when it is registered for the application (O1-23).
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn of(application: &Application, sent: &str) -> Result<Self, Problem> {
        let callback = Self::read(sent);
        let registered = match &callback {
            Self::OutOfBand => true,
            Self::Uri(uri) => application.settings.redirect_uris.contains(uri),
        };
        registered.then_some(callback).ok_or_else(|| {
            let detail = "oauth_callback is neither a callback that is registered for this application, nor oob.";
            Problem::new(Code::InvalidParameter, detail).parameter("oauth_callback")
        })
    }

    pub(super) fn read(text: &str) -> Self {
        if text == OUT_OF_BAND { Self::OutOfBand } else { Self::Uri(text.to_owned()) }
    }

    /// As it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::OutOfBand => OUT_OF_BAND,
            Self::Uri(uri) => uri,
        }
    }

    /// The URI with these parameters at its end; what stands there already stays as it is, byte for byte (O1-26).
    #[must_use]
    pub fn with(&self, parameters: &[(&str, &str)]) -> Option<String> {
        let Self::Uri(uri) = self else { return None };
        let mut whole = uri.clone();
        for (name, value) in parameters {
            let separator = match whole.split_once('?') {
                None => "?",
                Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
                Some(_) => "&",
            };
            whole.push_str(&format!("{separator}{}={}", encode(name.as_bytes()), encode(value.as_bytes())));
        }
        Some(whole)
    }
}

/// What proves that the user who approved is the one who came back (O1-27).
#[derive(Clone)]
pub struct Verifier(Zeroizing<String>);

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 10;

impl Verifier {
    /// For a callback 256 bits, for people ten characters.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub(super) fn generate(callback: &Callback) -> Result<Self, SecretError> {
        match callback {
            Callback::Uri(_) => random_text().map(Self),
            Callback::OutOfBand => {
                let random = random_bytes::<CODE_LENGTH>()?;
                let symbol = |byte: &u8| SYMBOLS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
                let mut code: String = random.iter().map(symbol).collect();
                code.insert(CODE_LENGTH / 2, '-');
                Ok(Self(Zeroizing::new(code)))
            }
        }
    }

    /// What came back. A code counts however it was typed: in any case, with or without the dash, with blanks, with
    /// letters that look like digits.
    pub(super) fn read(callback: &Callback, text: &str) -> Self {
        match callback {
            Callback::Uri(_) => Self(Zeroizing::new(text.to_owned())),
            Callback::OutOfBand => Self(Zeroizing::new(typed(text))),
        }
    }

    /// In clear: for the redirection, or to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is compared: without what makes it readable.
    pub(super) fn bare(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.replace('-', ""))
    }
}

fn typed(text: &str) -> String {
    let alike = |symbol: char| match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    text.chars().filter(|symbol| !matches!(symbol, '-' | ' ')).map(alike).collect()
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
    fn o1_26_what_is_appended_leaves_the_rest_alone() {
        let with = |uri: &str| Callback::read(uri).with(&[("oauth_token", "t"), ("oauth_verifier", "v&")]);
        for (uri, whole) in [
            ("https://a/cb", "https://a/cb?oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?", "https://a/cb?oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?x=%7e+&y", "https://a/cb?x=%7e+&y&oauth_token=t&oauth_verifier=v%26"),
            ("https://a/cb?x&", "https://a/cb?x&oauth_token=t&oauth_verifier=v%26"),
        ] {
            assert_eq!(with(uri).as_deref(), Some(whole));
        }
        assert_eq!(with("oob"), None);
        assert_eq!(Callback::read("OOB"), Callback::Uri("OOB".to_owned()));
    }

    #[test]
    fn o1_27_a_code_is_readable_and_a_verifier_is_long() {
        let code = Verifier::generate(&Callback::OutOfBand).unwrap();
        assert_eq!((code.expose().len(), code.expose().chars().nth(5)), (11, Some('-')));
        for typed in [code.expose().to_lowercase(), code.expose().replace('-', " "), code.expose().replace('0', "o")] {
            assert_eq!(*Verifier::read(&Callback::OutOfBand, &typed).bare(), *code.bare(), "{typed}");
        }
        let long = Verifier::generate(&Callback::read("https://a/")).unwrap();
        assert_eq!(long.expose().len(), 64);
        assert_ne!(*Verifier::read(&Callback::read("https://a/"), &long.expose().to_uppercase()).bare(), *long.bare());
        assert_eq!(format!("{long:?}"), "Verifier([redacted])");
    }
}
