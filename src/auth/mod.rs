//! Who calls: a credential becomes a [`Principal`], or a refusal that tells a guesser nothing.
//!
//! ```text
//! credential   headers → the one credential that counts
//! password     login and secret → an Odoo user, remembered; guesses are slowed down
//! odoo_key     an Odoo API key alone → its user, in the same way
//! tokens       a key or token of the gateway's own → an Odoo user
//! access_tokens made at a login, ended at a logout
//! login_tokens made with an API key, for a user
//! issue        a new token, its user's credential sealed behind it
//! vault        the keys of this installation, for what is sealed in the store
//! throttle     how often something may be tried and fail
//! allowance    how often a key may be used
//! seats        how many requests it may have under way at one time
//! floor        the moment at which refusals leave
//! principal    who calls, with whose rights at Odoo
//! ```
//!
//! In: header values, the client's address. Out: a [`Principal`]. Must not know: routes, bodies, answers.

mod access_tokens;
mod allowance;
mod credential;
mod floor;
mod issue;
mod login_tokens;
mod odoo_key;
mod password;
mod principal;
mod seats;
mod throttle;
mod tokens;
mod vault;

pub use credential::{Credential, Shown, credential};
pub use issue::{Issue, issue, keep};
pub use login_tokens::{Account, MintWish, Minted};
pub use odoo_key::tells_owners;
pub use password::{PasswordSettings, Passwords};
pub use principal::{CredentialKind, Principal};
pub use seats::Seat;
pub use throttle::{Rate, Throttle, ThrottleSettings};
pub use tokens::{TokenSettings, Tokens};
pub use vault::{Vault, VaultError, Vaults};
