//! Data keys: each grant has one that seals its Odoo credential. It is wrapped once for each token that may use it.
//!
//! ```text
//! credential = seal(data key, "Odoo password or API key")
//! inner      = seal(HKDF(token), data key)       bound to what never changes: row, kind, grant, user
//! wrap       = seal(master key, inner)           bound to that and to the terms, which an administrator can change
//! ```
//!
//! The outer layer can be renewed without the token: under another master key, or for other terms. Deleting all wraps
//! of a grant shreds its credential.
//!
//! In: tokens, keys, columns of rows. Out: blobs. Must not know: tables.

use std::fmt;

use aws_lc_rs::digest;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::kdf::Kdf;
use super::keys::Keyring;
use super::seal::{Aad, SealKey, Sealed};
use super::token::Token;
use super::{SecretError, random_key};

/// The columns of a grant that its credential is bound to.
#[derive(Debug, Clone, Copy)]
pub struct GrantFacts<'a> {
    /// The id of the grant's row.
    pub id: &'a str,
    /// The gateway's name of the database.
    pub database: &'a str,
    /// The user's id in Odoo.
    pub uid: i64,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// The columns of a token that its wrap is bound to.
#[derive(Debug, Clone, Copy)]
pub struct TokenFacts<'a> {
    /// The id of the token's row.
    pub id: &'a str,
    /// The name of its kind.
    pub kind: &'a str,
    /// The account that it was issued for, if that is another row.
    pub account: Option<&'a str>,
    /// Everything that limits the token, in a canonical form.
    pub terms: &'a [u8],
    /// When the token expires, in seconds since 1970.
    pub not_after: Option<i64>,
}

/// The data key of a grant.
#[derive(Clone)]
pub struct DataKey(SealKey);

impl DataKey {
    /// Generates a data key.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn generate() -> Result<Self, SecretError> {
        random_key().map(|key| Self(SealKey::new(key)))
    }

    /// Seals the Odoo password or API key of the grant's user.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal_credential(&self, grant: GrantFacts<'_>, secret: &SecretString) -> Result<Sealed, SecretError> {
        self.0.seal(secret.expose_secret().as_bytes(), &credential_aad(grant))
    }

    /// Opens it.
    ///
    /// # Errors
    /// If it was changed or belongs to another grant.
    pub fn open_credential(&self, grant: GrantFacts<'_>, sealed: &Sealed) -> Result<SecretString, SecretError> {
        self.open_text(sealed, &credential_aad(grant))
    }

    /// Wraps the data key for a token.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn wrap(
        &self,
        keyring: &Keyring,
        token: &Token,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
    ) -> Result<Sealed, SecretError> {
        let inner = wrapping_key(token, facts.id).seal(self.0.expose(), &inner_aad(facts, grant))?;
        keyring.seal(&inner.0, &outer_aad(facts, grant))
    }

    /// Unwraps the data key with the token.
    ///
    /// # Errors
    /// If a column differs from what was sealed, or the master key is not loaded.
    pub fn unwrap(
        keyring: &Keyring,
        token: &Token,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
        wrap: &Sealed,
    ) -> Result<Self, SecretError> {
        let inner = Sealed(keyring.open(wrap, &outer_aad(facts, grant))?.to_vec());
        let opened = wrapping_key(token, facts.id).open(&inner, &inner_aad(facts, grant));
        let opened = opened.map_err(|_| SecretError::Altered)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(SecretError::Altered);
        }
        key.copy_from_slice(&opened);
        Ok(Self(SealKey::new(key)))
    }

    /// Checks the outer layer: that the row is as it was sealed. Needs no token.
    ///
    /// # Errors
    /// If a column differs from what was sealed, or the master key is not loaded.
    pub fn verify(
        keyring: &Keyring,
        facts: TokenFacts<'_>,
        grant: GrantFacts<'_>,
        wrap: &Sealed,
    ) -> Result<(), SecretError> {
        keyring.open(wrap, &outer_aad(facts, grant)).map(drop)
    }

    /// Seals the secret that belongs to the token of this row. Only the token itself makes it readable.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal_secret(&self, row: &str, secret: &SecretString) -> Result<Sealed, SecretError> {
        self.0.seal(secret.expose_secret().as_bytes(), &Aad::new("token secret").with(row.as_bytes()))
    }

    /// Opens it.
    ///
    /// # Errors
    /// If it was changed or belongs to another row.
    pub fn open_secret(&self, row: &str, sealed: &Sealed) -> Result<SecretString, SecretError> {
        self.open_text(sealed, &Aad::new("token secret").with(row.as_bytes()))
    }

    /// Seals a secret that belongs to the credential of the grant. `purpose`: what it is.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal_for_grant(
        &self,
        grant: GrantFacts<'_>,
        purpose: &str,
        secret: &SecretString,
    ) -> Result<Sealed, SecretError> {
        self.0.seal(secret.expose_secret().as_bytes(), &grant_secret_aad(grant, purpose))
    }

    /// Opens it.
    ///
    /// # Errors
    /// If it was changed, belongs to another grant, or is something else.
    pub fn open_for_grant(
        &self,
        grant: GrantFacts<'_>,
        purpose: &str,
        sealed: &Sealed,
    ) -> Result<SecretString, SecretError> {
        self.open_text(sealed, &grant_secret_aad(grant, purpose))
    }

    fn open_text(&self, sealed: &Sealed, aad: &Aad) -> Result<SecretString, SecretError> {
        // Only this key seals values of this row: a blob that contains the id of another key was put here.
        let opened = self.0.open(sealed, aad).map_err(|_| SecretError::Altered)?;
        std::str::from_utf8(&opened).map(SecretString::from).map_err(|_| SecretError::Altered)
    }

    /// Renews the outer layer, under the newest master key and for the terms of `after`. Needs no token.
    ///
    /// # Errors
    /// If the wrap does not belong to `before`.
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

fn wrapping_key(token: &Token, row: &str) -> SealKey {
    let kdf = Kdf::new(&[], token.expose().as_bytes());
    SealKey::new(kdf.derive_key(&[b"ogw/1/wrap", &(row.len() as u64).to_be_bytes(), row.as_bytes()]))
}

fn credential_aad(grant: GrantFacts<'_>) -> Aad {
    Aad::new("credential")
        .with(grant.id.as_bytes())
        .with(grant.database.as_bytes())
        .with_number(Some(grant.uid))
        .with_number(Some(grant.created_at))
}

fn grant_secret_aad(grant: GrantFacts<'_>, purpose: &str) -> Aad {
    let aad = Aad::new("grant secret").with(purpose.as_bytes()).with(grant.id.as_bytes());
    aad.with(grant.database.as_bytes()).with_number(Some(grant.uid))
}

fn inner_aad(token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Aad {
    identity(Aad::new("wrap/inner"), token, grant)
}

fn outer_aad(token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Aad {
    identity(Aad::new("wrap/outer"), token, grant)
        .with(digest::digest(&digest::SHA256, token.terms).as_ref())
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

    struct Row {
        masters: Vec<MasterKey>,
        token: Token,
        credential: Sealed,
        wrap: Sealed,
    }

    impl Row {
        fn keyring(&self) -> Keyring {
            Keyring::new(&self.masters, "i").unwrap()
        }

        fn open(&self, token: TokenFacts<'_>, grant: GrantFacts<'_>) -> Result<String, SecretError> {
            let key = DataKey::unwrap(&self.keyring(), &self.token, token, grant, &self.wrap)?;
            key.open_credential(grant, &self.credential).map(|secret| secret.expose_secret().to_owned())
        }
    }

    fn row() -> Row {
        let masters = vec![MasterKey::generate().unwrap()];
        let (token, key) = (Token::generate(TokenKind::ApiKey).unwrap(), DataKey::generate().unwrap());
        let credential = key.seal_credential(GRANT, &"hunter2".into()).unwrap();
        let wrap = key.wrap(&Keyring::new(&masters, "i").unwrap(), &token, TOKEN, GRANT).unwrap();
        Row { masters, token, credential, wrap }
    }

    #[test]
    fn token_opens_the_credential() {
        assert_eq!(row().open(TOKEN, GRANT), Ok("hunter2".to_owned()));
    }

    #[test]
    fn changed_row_opens_nothing() {
        let row = row();
        let tokens = [
            TokenFacts { id: "t2", ..TOKEN },
            TokenFacts { kind: "access_token", ..TOKEN },
            TokenFacts { account: Some("a"), ..TOKEN },
            TokenFacts { terms: b"all", ..TOKEN },
            TokenFacts { not_after: Some(999), ..TOKEN },
            TokenFacts { not_after: None, ..TOKEN },
        ];
        for token in tokens {
            assert_eq!(row.open(token, GRANT), Err(SecretError::Altered), "{token:?}");
        }
        let grants = [
            GrantFacts { id: "g2", ..GRANT },
            GrantFacts { database: "other", ..GRANT },
            GrantFacts { uid: 2, ..GRANT },
            GrantFacts { created_at: 101, ..GRANT },
        ];
        for grant in grants {
            assert_eq!(row.open(TOKEN, grant), Err(SecretError::Altered), "{grant:?}");
        }
    }

    #[test]
    fn secret_of_a_grant_is_bound_to_grant_and_purpose() {
        let key = DataKey::generate().unwrap();
        let sealed = key.seal_for_grant(GRANT, "password", &"hunter2".into()).unwrap();
        assert_eq!(key.open_for_grant(GRANT, "password", &sealed).unwrap().expose_secret(), "hunter2");
        assert!(key.open_for_grant(GRANT, "replaced key", &sealed).is_err());
        assert!(key.open_for_grant(GrantFacts { id: "g2", ..GRANT }, "password", &sealed).is_err());
        assert!(key.open_credential(GRANT, &sealed).is_err());
    }

    #[test]
    fn master_key_without_the_token_opens_nothing() {
        let row = row();
        let thief = Token::generate(TokenKind::ApiKey).unwrap();
        assert!(DataKey::unwrap(&row.keyring(), &thief, TOKEN, GRANT, &row.wrap).is_err());
        let inner = row.keyring().open(&row.wrap, &outer_aad(TOKEN, GRANT)).unwrap();
        assert_eq!(inner.len(), 10 + 24 + 32 + 16, "the data key is still sealed");
        assert!(row.keyring().open(&Sealed(inner.to_vec()), &inner_aad(TOKEN, GRANT)).is_err());
    }

    #[test]
    fn token_without_the_master_key_opens_nothing() {
        let row = Row { masters: vec![MasterKey::generate().unwrap()], ..row() };
        assert!(matches!(row.open(TOKEN, GRANT), Err(SecretError::UnknownKey(_))));
    }

    #[test]
    fn outer_layer_is_renewed_without_the_token() {
        let mut row = row();
        row.masters.push(MasterKey::generate().unwrap());
        let terms = TokenFacts { terms: b"less", ..TOKEN };
        row.wrap = DataKey::rewrap(&row.keyring(), TOKEN, terms, GRANT, &row.wrap).unwrap();
        row.masters.remove(0);
        assert_eq!(row.open(terms, GRANT), Ok("hunter2".to_owned()));
        assert_eq!(row.open(TOKEN, GRANT), Err(SecretError::Altered));
    }
}
