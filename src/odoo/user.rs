//! In whose name Odoo is called.
//!
//! In: nothing. Out: [`Caller`]. Must not know: where the secret comes from.

use secrecy::SecretString;

use crate::names::RecordId;

/// The id of a user: a record of `res.users`.
pub type Uid = RecordId;

/// A user of Odoo, as `execute_kw` wants him.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub uid: Uid,
    /// His password or API key.
    pub secret: SecretString,
}
