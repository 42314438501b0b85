//! Several grants of one user with the same Odoo API key: when one of them has renewed it, the others adopt the new
//! key.
//!
//! Odoo limits the number of keys that a user has, so each grant must not create one of its own. Only what a grant
//! seals opens the new key: it is sealed under the one that it has replaced.
//!
//! In: keys. Out: sealed keys, and the reverse. Must not know: when keys are renewed.

use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::KeySet;
use crate::secret::{Aad, Sealed, SecretError};
use crate::store::StoredToken;

/// Seals the new key for other grants of the token's user that have the replaced one.
pub(super) fn seal_successor(
    keys: &KeySet,
    token: &StoredToken,
    (replaced, successor): (&SecretString, &SecretString),
) -> Result<Sealed, SecretError> {
    keys.index.seal_successor(&sealed_under(token, replaced), successor)
}

/// Opens the new key with the replaced one.
pub(super) fn open_successor(
    keys: &KeySet,
    token: &StoredToken,
    replaced: &SecretString,
    successor: &Sealed,
) -> Result<SecretString, SecretError> {
    keys.index.open_successor(&sealed_under(token, replaced), successor)
}

/// What opens the successor of a key: the key, for the same user.
fn sealed_under(token: &StoredToken, replaced: &SecretString) -> Aad {
    let grant = &token.grant;
    let user = Aad::new("odoo key successor").with(grant.database.as_bytes()).with_number(Some(grant.uid));
    user.with(replaced.expose_secret().as_bytes())
}
