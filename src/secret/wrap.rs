//! A grant's data key: it seals the credential for Odoo, and is itself kept once for each token that may use it.
//!
//! ```text
//! credential = seal(data key, "login's password or API key")
//! inner      = seal(HKDF(token), data key)       bound to what never changes: row, kind, grant, user
//! wrap       = seal(master key, inner)           bound to that and to what an administrator may change: the terms
//! ```
//!
//! Two layers, because the outer one can be renewed without the token: under another master key, or for other terms.
//! Deleting the wraps of a grant shreds its credential.
//!
//! In: tokens, keys, facts of rows. Out: blobs. Must not know: tables.

use std::fmt;

use hkdf::Hkdf;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::keys::{Keyring, expand};
use super::seal::{Aad, SealKey, Sealed};
use super::token::Token;
use super::{SecretError, random_key};

/// Whose credential it is.
#[derive(Debug, Clone, Copy)]
pub struct GrantFacts<'a> {
    /// The grant's row.
    pub id: &'a str,
    /// The database, by the name it has at the gateway.
    pub database: &'a str,
    /// The user at Odoo.
    pub uid: i64,
    /// Unix time.
    pub created_at: i64,
}

/// What a token is and may.
#[derive(Debug, Clone, Copy)]
pub struct TokenFacts<'a> {
    /// The token's row.
    pub id: &'a str,
    /// Its kind's word.
    pub kind: &'a str,
    /// The account it was made for, when that is not itself.
    pub account: Option<&'a str>,
    /// Everything that limits it, in a form that is the same each time.
    pub terms: &'a [u8],
    /// Unix time of its end.
    pub not_after: Option<i64>,
}

/// A grant's own key.
#[derive(Clone)]
pub struct DataKey(SealKey);

impl DataKey {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, SecretError> {
        random_key().map(|key| Self(SealKey::new(key)))
    }

    /// Seals what the grant's user shows to Odoo.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal_credential(&self, grant: GrantFacts<'_>, secret: &SecretString) -> Result<Sealed, SecretError> {
        self.0.seal(secret.expose_secret().as_bytes(), &credential_aad(grant))
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was altered or belongs to another grant.
    pub fn open_credential(&self, grant: GrantFacts<'_>, sealed: &Sealed) -> Result<SecretString, SecretError> {
        // A key that belongs to one row knows no other: what names another key was put here.
        let opened = self.0.open(sealed, &credential_aad(grant)).map_err(|_| SecretError::Altered)?;
        std::str::from_utf8(&opened).map(SecretString::from).map_err(|_| SecretError::Altered)
    }

    /// Lets `token` use it.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn wrap(
        &self,
        keyring: &Keyring,
        token: &Token,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
    ) -> Result<Sealed, SecretError> {
        let inner = key_of(token, facts.id).seal(self.0.expose(), &inner_aad(facts, grant))?;
        keyring.seal(&inner.0, &outer_aad(facts, grant))
    }

    /// Takes it out with the token.
    ///
    /// # Errors
    /// When anything about the row is not as it was sealed, or its master key is not at hand.
    pub fn unwrap(
        keyring: &Keyring,
        token: &Token,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
        wrap: &Sealed,
    ) -> Result<Self, SecretError> {
        let inner = Sealed(keyring.open(wrap, &outer_aad(facts, grant))?.to_vec());
        let opened = key_of(token, facts.id).open(&inner, &inner_aad(facts, grant));
        let opened = opened.map_err(|_| SecretError::Altered)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(SecretError::Altered);
        }
        key.copy_from_slice(&opened);
        Ok(Self(SealKey::new(key)))
    }

    /// Whether the row is as it was sealed, as far as that can be told without the token.
    ///
    /// # Errors
    /// When it is not, or its master key is not at hand.
    pub fn verify(
        keyring: &Keyring,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
        wrap: &Sealed,
    ) -> Result<(), SecretError> {
        keyring.open(wrap, &outer_aad(facts, grant)).map(drop)
    }

    /// Seals the secret that belongs to the token of this row: who shows the token, and only he, makes it readable.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal_secret(&self, row: &str, secret: &SecretString) -> Result<Sealed, SecretError> {
        self.0.seal(secret.expose_secret().as_bytes(), &Aad::of("token secret").with(row.as_bytes()))
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was altered or belongs to another row.
    pub fn open_secret(&self, row: &str, sealed: &Sealed) -> Result<SecretString, SecretError> {
        let opened = self.0.open(sealed, &Aad::of("token secret").with(row.as_bytes()));
        let opened = opened.map_err(|_| SecretError::Altered)?;
        std::str::from_utf8(&opened).map(SecretString::from).map_err(|_| SecretError::Altered)
    }

    /// The outer layer anew, under the newest master key and for `after`. Needs no token.
    ///
    /// # Errors
    /// When the wrap is not that of `before`.
    pub fn rewrap(
        keyring: &Keyring,
        before: TokenFacts<'_>,
        after: TokenFacts<'_>,
        grant: GrantFacts<'_>,
        wrap: &Sealed,
    ) -> Result<Sealed, SecretError> {
        keyring.seal(&keyring.open(wrap, &outer_aad(before, grant))?, &outer_aad(after, grant))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DataKey([redacted])")
    }
}

fn key_of(token: &Token, row: &str) -> SealKey {
    let from = Hkdf::new(None, token.expose().as_bytes());
    SealKey::new(expand(&from, &[b"ogw/1/wrap", &(row.len() as u64).to_be_bytes(), row.as_bytes()]))
}

fn credential_aad(grant: GrantFacts<'_>) -> Aad {
    Aad::of("credential")
        .with(grant.id.as_bytes())
        .with(grant.database.as_bytes())
        .with_number(Some(grant.uid))
        .with_number(Some(grant.created_at))
}

fn inner_aad(token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Aad {
    identity(Aad::of("wrap/inner"), token, grant)
}

fn outer_aad(token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Aad {
    identity(Aad::of("wrap/outer"), token, grant)
        .with(Sha256::digest(token.terms).as_slice())
        .with_number(token.not_after)
}

fn identity(aad: Aad, token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Aad {
    aad.with(b"wraps")
        .with(token.id.as_bytes())
        .with(token.kind.as_bytes())
        .with(token.account.unwrap_or_default().as_bytes())
        .with(grant.id.as_bytes())
        .with(grant.database.as_bytes())
        .with_number(Some(grant.uid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{MasterKey, TokenKind};

    const GRANT: GrantFacts<'_> = GrantFacts { id: "g1", database: "odoo", uid: 7, created_at: 100 };
    const TOKEN: TokenFacts<'_> =
        TokenFacts { id: "t1", kind: "api_key", account: None, terms: b"read only", not_after: Some(200) };

    struct Kept {
        masters: Vec<MasterKey>,
        token: Token,
        credential: Sealed,
        wrap: Sealed,
    }

    impl Kept {
        fn keyring(&self) -> Keyring {
            Keyring::new(&self.masters, "i").unwrap()
        }

        fn open(&self, token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Result<String, SecretError> {
            let key = DataKey::unwrap(&self.keyring(), &self.token, token, grant, &self.wrap)?;
            key.open_credential(grant, &self.credential).map(|secret| secret.expose_secret().to_owned())
        }
    }

    fn kept() -> Kept {
        let masters = vec![MasterKey::generate().unwrap()];
        let (token, key) = (Token::generate(TokenKind::ApiKey).unwrap(), DataKey::generate().unwrap());
        let credential = key.seal_credential(GRANT, &"hunter2".into()).unwrap();
        let wrap = key.wrap(&Keyring::new(&masters, "i").unwrap(), &token, TOKEN, GRANT).unwrap();
        Kept { masters, token, credential, wrap }
    }

    #[test]
    fn the_token_opens_the_credential() {
        assert_eq!(kept().open(TOKEN, GRANT), Ok("hunter2".to_owned()));
    }

    #[test]
    fn whoever_changes_the_row_opens_nothing() {
        let kept = kept();
        let tokens = [
            TokenFacts { id: "t2", ..TOKEN },
            TokenFacts { kind: "access_token", ..TOKEN },
            TokenFacts { account: Some("a"), ..TOKEN },
            TokenFacts { terms: b"all", ..TOKEN },
            TokenFacts { not_after: Some(999), ..TOKEN },
            TokenFacts { not_after: None, ..TOKEN },
        ];
        for token in tokens {
            assert_eq!(kept.open(token, GRANT), Err(SecretError::Altered), "{token:?}");
        }
        let grants = [
            GrantFacts { id: "g2", ..GRANT },
            GrantFacts { database: "other", ..GRANT },
            GrantFacts { uid: 2, ..GRANT },
            GrantFacts { created_at: 101, ..GRANT },
        ];
        for grant in grants {
            assert_eq!(kept.open(TOKEN, grant), Err(SecretError::Altered), "{grant:?}");
        }
    }

    #[test]
    fn the_master_key_without_the_token_opens_nothing() {
        let kept = kept();
        let thief = Token::generate(TokenKind::ApiKey).unwrap();
        assert!(DataKey::unwrap(&kept.keyring(), &thief, TOKEN, GRANT, &kept.wrap).is_err());
        let inner = kept.keyring().open(&kept.wrap, &outer_aad(TOKEN, GRANT)).unwrap();
        assert_eq!(inner.len(), 10 + 24 + 32 + 16, "the data key is still sealed");
        assert!(kept.keyring().open(&Sealed(inner.to_vec()), &inner_aad(TOKEN, GRANT)).is_err());
    }

    #[test]
    fn the_token_without_the_master_key_opens_nothing() {
        let kept = Kept { masters: vec![MasterKey::generate().unwrap()], ..kept() };
        assert!(matches!(kept.open(TOKEN, GRANT), Err(SecretError::UnknownKey(_))));
    }

    #[test]
    fn the_outer_layer_is_renewed_without_the_token() {
        let mut kept = kept();
        kept.masters.push(MasterKey::generate().unwrap());
        let terms = TokenFacts { terms: b"less", ..TOKEN };
        kept.wrap = DataKey::rewrap(&kept.keyring(), TOKEN, terms, GRANT, &kept.wrap).unwrap();
        kept.masters.remove(0);
        assert_eq!(kept.open(terms, GRANT), Ok("hunter2".to_owned()));
        assert_eq!(kept.open(TOKEN, GRANT), Err(SecretError::Altered));
    }
}
