//! Tokens in clear: random strings that only the client stores.
//!
//! ```text
//! api key       = "ogw_key_" 64*hex 8*hex     256 random bits and a checksum: scanners find leaks, typos are detected
//! access token  = "access_token_" 40*hex      the format of the dialect `restful`: 160 random bits
//! login token   = "ogw_jti_" 64*hex 8*hex     the secret inside the JWT
//! Odoo API key  = 40*hex                      issued by Odoo, linked once with its user
//! OAuth         = oauth-prefix 64*hex 8*hex
//! oauth-prefix  = "ogw_cs_" | "ogw_ck_" | "ogw_os_" | "ogw_ac_" | "ogw_at_" | "ogw_rt_" | "ogw_o1r_" | "ogw_o1a_"
//! session       = "ogw_ses_" 64*hex 8*hex     a browser session, in a cookie
//! console       = "ogw_con_" 64*hex 8*hex     a session of the console, in a cookie
//! hex           = "0"-"9" | "a"-"f"
//! ```
//!
//! In: random numbers, text from clients. Out: [`Token`], and its [`TokenIndex`] for the store. Must not know: the
//! owner of a token.

use std::fmt;

use aws_lc_rs::digest;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::token_index::{IndexKey, TokenIndex};
use super::{SecretError, fill, hex};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An API key, created by an administrator for a program.
    ApiKey,
    /// The secret that an API key had before it was rotated.
    PreviousApiKey,
    /// The secret inside a login token of the dialect `api`.
    LoginToken,
    /// An access token of the dialect `restful`, issued at a login.
    AccessToken,
    /// An Odoo API key that was linked with its user, because Odoo 14 to 18 cannot look up the owner.
    OdooKey,
    /// The client secret of an application. Without a bound user it also signs OAuth 1.0a requests.
    ClientSecret,
    /// The part of an OAuth 1.0a consumer key that opens the bound user's credential.
    ConsumerKey,
    /// The OAuth 1.0a consumer secret of an application that is bound to a user. It opens nothing.
    ConsumerSecret,
    /// An OAuth 2 authorization code.
    OAuthCode,
    /// An OAuth 2 access token: opaque, or the secret inside a JWT.
    OAuthAccess,
    /// An OAuth 2 refresh token.
    OAuthRefresh,
    /// A browser session with a logged-in user.
    Session,
    /// A session of the console, with a logged-in user.
    ConsoleSession,
    /// OAuth 1.0a temporary credentials: a request token.
    OAuth1Request,
    /// OAuth 1.0a token credentials: an access token.
    OAuth1Access,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::ApiKey,
        Self::PreviousApiKey,
        Self::LoginToken,
        Self::AccessToken,
        Self::OdooKey,
        Self::ClientSecret,
        Self::ConsumerKey,
        Self::ConsumerSecret,
        Self::OAuthCode,
        Self::OAuthAccess,
        Self::OAuthRefresh,
        Self::Session,
        Self::ConsoleSession,
        Self::OAuth1Request,
        Self::OAuth1Access,
    ];

    /// The name in the store, in logs and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::PreviousApiKey => "previous_api_key",
            Self::LoginToken => "login_token",
            Self::AccessToken => "access_token",
            Self::OdooKey => "odoo_key",
            Self::ClientSecret => "client_secret",
            Self::ConsumerKey => "consumer_key",
            Self::ConsumerSecret => "consumer_secret",
            Self::OAuthCode => "oauth2_code",
            Self::OAuthAccess => "oauth2_access",
            Self::OAuthRefresh => "oauth2_refresh",
            Self::Session => "session",
            Self::ConsoleSession => "console_session",
            Self::OAuth1Request => "oauth1_request",
            Self::OAuth1Access => "oauth1_access",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The prefix of its tokens.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey | Self::PreviousApiKey => "ogw_key_",
            Self::LoginToken => "ogw_jti_",
            Self::AccessToken => "access_token_",
            Self::OdooKey => "",
            Self::ClientSecret => "ogw_cs_",
            Self::ConsumerKey => "ogw_ck_",
            Self::ConsumerSecret => "ogw_os_",
            Self::OAuthCode => "ogw_ac_",
            Self::OAuthAccess => "ogw_at_",
            Self::OAuthRefresh => "ogw_rt_",
            Self::Session => "ogw_ses_",
            Self::ConsoleSession => "ogw_con_",
            Self::OAuth1Request => "ogw_o1r_",
            Self::OAuth1Access => "ogw_o1a_",
        }
    }

    fn random_bytes(self) -> usize {
        match self {
            Self::AccessToken | Self::OdooKey => 20,
            _ => 32,
        }
    }

    fn has_checksum(self) -> bool {
        !matches!(self, Self::AccessToken | Self::OdooKey)
    }
}

/// The kinds that can be sent as bearer tokens.
const BEARERS: [TokenKind; 3] = [TokenKind::ApiKey, TokenKind::AccessToken, TokenKind::OAuthAccess];

/// The number of characters after the prefix that lists show.
const DISPLAYED_CHARACTERS: usize = 6;
const CHECKSUM_DIGITS: usize = 8;

/// A token in clear.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: SecretString,
}

impl Token {
    /// Generates a token.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn generate(kind: TokenKind) -> Result<Self, SecretError> {
        let mut random = Zeroizing::new(vec![0; kind.random_bytes()]);
        fill(&mut random)?;
        let mut text = Zeroizing::new(format!("{}{}", kind.prefix(), *hex(&random)));
        if kind.has_checksum() {
            let checksum = checksum(&text);
            text.push_str(&checksum);
        }
        Ok(Self { kind, text: text.as_str().into() })
    }

    /// Parses a token of this kind. `None` for text that the gateway cannot have generated. Needs no lookup.
    #[must_use]
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(kind.prefix())?;
        let checksum_digits = if kind.has_checksum() { CHECKSUM_DIGITS } else { 0 };
        let is_well_formed = digits.len() == 2 * kind.random_bytes() + checksum_digits
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (body, end) = text.split_at_checked(text.len().checked_sub(checksum_digits)?)?;
        let is_checksum_valid = !kind.has_checksum() || end == checksum(body);
        (is_well_formed && is_checksum_valid).then(|| Self { kind, text: text.into() })
    }

    /// Parses a bearer token of any kind. Other tokens are sent inside something else, or to one endpoint only.
    #[must_use]
    pub fn parse_bearer(text: &str) -> Option<Self> {
        BEARERS.into_iter().find_map(|kind| Self::parse(kind, text))
    }

    /// The kind of the token.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The token in clear, to be sent to the client once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The first characters, by which users distinguish tokens.
    #[must_use]
    pub fn display_prefix(&self) -> String {
        self.expose().chars().take(self.kind.prefix().len() + DISPLAYED_CHARACTERS).collect()
    }

    /// The keyed hash that finds the token in the store.
    #[must_use]
    pub fn index(&self, key: &IndexKey) -> TokenIndex {
        key.index(self.expose().as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token({}, [redacted])", self.kind.as_str())
    }
}

/// The first digits of the SHA-256 of the rest. It detects typing errors and is no protection.
fn checksum(text: &str) -> String {
    let sum = digest::digest(&digest::SHA256, text.as_bytes());
    hex(sum.as_ref()).chars().take(CHECKSUM_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_parsed_and_a_typo_is_detected() {
        for kind in TokenKind::ALL {
            let token = Token::generate(kind).unwrap();
            let text = token.expose();
            assert_eq!(Token::parse(kind, text).unwrap().expose(), text);
            // Both secrets of an API key look alike.
            let parsed = if kind == TokenKind::PreviousApiKey { TokenKind::ApiKey } else { kind };
            let bearer = BEARERS.contains(&parsed).then_some(parsed);
            assert_eq!(Token::parse_bearer(text).map(|token| token.kind()), bearer);
            assert!(Token::parse(kind, &text[..text.len() - 1]).is_none());
            assert!(Token::parse(kind, &format!("{text}0")).is_none());
            assert!(Token::parse(kind, &text.to_uppercase()).is_none());
        }
        let key = Token::generate(TokenKind::ApiKey).unwrap();
        let last = if key.expose().ends_with('0') { '1' } else { '0' };
        let typo: String = key.expose().chars().take(79).chain([last]).collect();
        assert!(Token::parse(TokenKind::ApiKey, &typo).is_none());
        for nonsense in ["", "ogw_key_", "ogw_key_é", "access_token_zz", "ogw_key_\u{1F600}\u{1F600}aa"] {
            assert!(TokenKind::ALL.into_iter().all(|kind| Token::parse(kind, nonsense).is_none()), "{nonsense}");
        }
    }

    #[test]
    fn tokens_have_the_documented_lengths() {
        let length = |kind| Token::generate(kind).unwrap().expose().len();
        assert_eq!(length(TokenKind::ApiKey), "ogw_key_".len() + 72);
        assert_eq!(length(TokenKind::AccessToken), "access_token_".len() + 40);
    }

    #[test]
    fn debug_output_contains_no_token() {
        let token = Token::generate(TokenKind::ApiKey).unwrap();
        assert_eq!(format!("{token:?}"), "Token(api_key, [redacted])");
        assert_eq!(token.display_prefix().len(), "ogw_key_".len() + 6);
    }

    #[test]
    fn tokens_are_unique() {
        let texts: std::collections::HashSet<String> =
            (0..1000).map(|_| Token::generate(TokenKind::ApiKey).unwrap().expose().to_owned()).collect();
        assert_eq!(texts.len(), 1000);
    }
}
