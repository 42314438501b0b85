//! The Odoo user on whose behalf the gateway calls Odoo.
//!
//! In: nothing. Out: [`OdooUser`]. Must not know: where the secret comes from.

use std::sync::Arc;

use secrecy::SecretString;

use crate::names::RecordId;

/// The id of a user: a record of `res.users`.
pub type Uid = RecordId;

/// A user of Odoo, as `execute_kw` expects it.
#[derive(Debug, Clone)]
pub struct OdooUser {
    /// The user's id.
    pub uid: Uid,
    /// The user's password or API key. Clones share it.
    pub secret: Arc<SecretString>,
}
