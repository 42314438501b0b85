//! Who calls: a credential becomes a [`Principal`], or a refusal that tells a guesser nothing.
//!
//! ```text
//! credential   headers → the one credential that counts
//! password     login and secret → an Odoo user, remembered; guesses are slowed down
//! throttle     how often something may be tried
//! principal    who calls, with whose rights at Odoo
//! ```
//!
//! In: header values, the client's address. Out: a [`Principal`]. Must not know: routes, bodies, answers.

mod credential;
mod password;
mod principal;
mod throttle;

pub use credential::{Credential, credential};
pub use password::{PasswordSettings, Passwords};
pub use principal::{CredentialKind, Principal};
pub use throttle::{Rate, Throttle, ThrottleSettings};
