//! Who calls: a credential becomes a [`Principal`], or a refusal that tells a guesser nothing.
//!
//! ```text
//! credential   headers → the one credential that counts
//! password     login and secret → an Odoo user, remembered; guesses are slowed down
//! odoo_key     an Odoo API key alone → its user, in the same way
//! tokens       a key or token of the gateway's own → an Odoo user
//! access_tokens made at a login, ended at a logout
//! login_tokens made with an API key, for a user
//! oauth        applications, and what they are given for users
//! oauth1       who signed a request (OAuth 1.0a)
//! issue        a new token, its user's credential sealed behind it
//! vault        the keys of this installation, for what is sealed in the store
//! check_slots  how many passwords one database checks at a time
//! proven_addresses where a login was proven before
//! keyed_hash   what is remembered of secrets
//! throttle     how often something may be tried and fail
//! allowance    how often a key may be used
//! seats        how many requests it may have under way at one time
//! forms        pages of ours, sent back once
//! floor        the moment at which refusals leave
//! principal    who calls, with whose rights at Odoo
//! ```
//!
//! In: header values, the client's address. Out: a [`Principal`]. Must not know: routes, bodies, answers.

mod access_tokens;
mod clients;
mod credential;
mod csrf;
mod key_set;
mod keyed_hash;
mod limits;
mod login_tokens;
mod new_token;
pub mod oauth1;
mod oauth2;
mod odoo_api_key;
mod password;
mod principal;
mod tokens;

pub use credential::{Credential, Shown, credential, shows_own};
pub use csrf::{FormOf, Guard};
pub use key_set::{MasterKeyState, Vault, VaultError, Vaults};
pub use limits::concurrency::Seat;
pub use limits::throttle::{Rate, Throttle, ThrottleSettings};
pub use login_tokens::{Account, MintWish, Minted};
pub use new_token::{Issue, User, blank, issue, keep, seal};
pub use oauth2::{
    Application, ApplicationSettings, Approver, Client, CodeWish, Given, GrantType, Inspected, Issued, OAuthSettings,
    Redemption, Session, TokenForm, is_localhost, new_client_id, open_consumer_secret, seal_consumer_secret,
};
pub use odoo_api_key::tells_owners;
pub use password::{PasswordSettings, Passwords};
pub use principal::{CredentialKind, Principal};
pub use tokens::{TokenSettings, Tokens};
