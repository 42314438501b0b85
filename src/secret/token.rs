//! Plain tokens: random texts that a client shows and nobody else keeps.
//!
//! ```text
//! api key       = "ogw_key_" 64*hex 8*hex     256 random bits and a checksum, so that leaks are found and typos told
//! access token  = "access_token_" 40*hex      family C's own form: 160 random bits
//! login token   = "ogw_jti_" 64*hex 8*hex     the secret inside of the JWT
//! Odoo API key  = 40*hex                      Odoo's own, linked once with its user
//! OAuth         = ("ogw_cs_" | "ogw_ck_" | "ogw_os_" | "ogw_ac_" | "ogw_at_" | "ogw_rt_" | "ogw_o1r_" | "ogw_o1a_") 64*hex 8*hex
//! session       = "ogw_ses_" 64*hex 8*hex     a browser's, in a cookie
//! hex           = "0"-"9" | "a"-"f"
//! ```
//!
//! In: randomness, texts from outside. Out: [`Token`], and its [`TokenIndex`] for the store. Must not know: who owns
//! a token.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::keys::IndexKey;
use super::seal::KeyId;
use super::{SecretError, fill, hex};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Made by an administrator, for a program.
    ApiKey,
    /// The secret inside of a login token of family B.
    LoginToken,
    /// Family C's, made at a login.
    AccessToken,
    /// An API key of Odoo's, linked with its user: Odoo 14 to 18 cannot tell whose it is.
    OdooKey,
    /// The secret of an application; what it signs with by OAuth 1 too, when it is bound to no user.
    ClientSecret,
    /// The part of a consumer key of OAuth 1 behind which the bound user's credential lies.
    ConsumerKey,
    /// What an application that is bound to a user signs with by OAuth 1. It opens nothing.
    ConsumerSecret,
    /// An authorization code of OAuth 2.
    OAuthCode,
    /// An access token of OAuth 2, opaque or the secret inside of a JWT.
    OAuthAccess,
    /// A refresh token of OAuth 2.
    OAuthRefresh,
    /// A browser in which somebody has logged in.
    Session,
    /// Temporary credentials of OAuth 1: a request token.
    OAuth1Request,
    /// Token credentials of OAuth 1: an access token.
    OAuth1Access,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::ApiKey,
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
        Self::OAuth1Request,
        Self::OAuth1Access,
    ];

    /// The word for the store, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
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
            Self::OAuth1Request => "oauth1_request",
            Self::OAuth1Access => "oauth1_access",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How its tokens begin.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "ogw_key_",
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

/// What may be shown as bearer.
const BEARERS: [TokenKind; 3] = [TokenKind::ApiKey, TokenKind::AccessToken, TokenKind::OAuthAccess];

/// How many characters after the prefix may be shown in lists.
const SHOWN: usize = 6;
const CHECKSUM_DIGITS: usize = 8;

/// A token in clear.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: SecretString,
}

/// Under which a token is found: `HMAC-SHA256(K_index, token)`. Useless without the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenIndex {
    /// Under which it is kept.
    pub hash: [u8; 32],
    /// The key of that hash.
    pub key: KeyId,
    /// Under which it may still be found: by the index key that was exchanged, until no token needs that one any more.
    pub before: Option<[u8; 32]>,
}

impl TokenIndex {
    /// Whether a row that is kept under `row` is of the same token.
    #[must_use]
    pub fn finds(&self, row: &Self) -> bool {
        row.hash == self.hash || Some(row.hash) == self.before
    }
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
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

    /// Reads a token of this kind; `None` for what the gateway cannot have made. Asks nobody.
    #[must_use]
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(kind.prefix())?;
        let checked = if kind.has_checksum() { CHECKSUM_DIGITS } else { 0 };
        let right_form = digits.len() == 2 * kind.random_bytes() + checked
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (body, end) = text.split_at_checked(text.len().checked_sub(checked)?)?;
        let right_sum = !kind.has_checksum() || end == checksum(body);
        (right_form && right_sum).then(|| Self { kind, text: text.into() })
    }

    /// Reads a token of the gateway's own making that opens something as it is. All others are shown inside of something,
    /// or in one place only.
    #[must_use]
    pub fn parse_any(text: &str) -> Option<Self> {
        BEARERS.into_iter().find_map(|kind| Self::parse(kind, text))
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// In clear, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// Its beginning, by which people tell tokens apart.
    #[must_use]
    pub fn shown(&self) -> String {
        self.expose().chars().take(self.kind.prefix().len() + SHOWN).collect()
    }

    /// Where the store keeps it.
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

/// The first digits of SHA-256 over all before them. It keeps nobody out: whoever can write a token can write it.
fn checksum(text: &str) -> String {
    let sum = Sha256::digest(text.as_bytes());
    hex(&sum).chars().take(CHECKSUM_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_a_typo_is_told_offline() {
        for kind in TokenKind::ALL {
            let token = Token::generate(kind).unwrap();
            let text = token.expose();
            assert_eq!(Token::parse(kind, text).unwrap().expose(), text);
            let shown = BEARERS.contains(&kind).then_some(kind);
            assert_eq!(Token::parse_any(text).map(|token| token.kind()), shown);
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
    fn tokens_have_the_forms_of_the_contract() {
        let length = |kind| Token::generate(kind).unwrap().expose().len();
        assert_eq!(length(TokenKind::ApiKey), "ogw_key_".len() + 72);
        assert_eq!(length(TokenKind::AccessToken), "access_token_".len() + 40);
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let token = Token::generate(TokenKind::ApiKey).unwrap();
        assert_eq!(format!("{token:?}"), "Token(api_key, [redacted])");
        assert_eq!(token.shown().len(), "ogw_key_".len() + 6);
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let texts: std::collections::HashSet<String> =
            (0..1000).map(|_| Token::generate(TokenKind::ApiKey).unwrap().expose().to_owned()).collect();
        assert_eq!(texts.len(), 1000);
    }
}
