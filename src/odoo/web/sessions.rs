//! The sessions of one database.
//!
//! In: a visitor. Out: his [`Session`], remembered or opened. Must not know: pages. Sessions live in memory only, under
//! a keyed hash of whose they are; their ids are wiped with them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use moka::future::Cache;
use rand::TryRng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::login::{Login, log_in};
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::call_queue::{Gate, Permit};
use crate::odoo::client::OdooClient;
use crate::odoo::error::busy;
use crate::odoo::settings::SettingsError;
use crate::odoo::user::Caller;

/// How many sessions are kept at most.
const MOST_SESSIONS: u64 = 10_000;
/// Odoo ends sessions that were not used for days; so many callers do not come back sooner.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// A session is opened anew now and then, also one that is always used.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a document may wait for its turn, at least: those before it take seconds, not milliseconds.
const PRINT_WAIT: Duration = Duration::from_secs(60);
/// How long a login that Odoo refused is not tried again.
const REFUSED: Duration = Duration::from_secs(10 * 60);

type Fingerprint = [u8; 32];

/// Who visits.
#[derive(Debug, Clone, Copy)]
pub(in crate::odoo) struct Visitor<'v> {
    pub(in crate::odoo) caller: &'v Caller,
    /// His login; `None` where he has shown an API key, which opens no session.
    pub(in crate::odoo) login: Option<&'v str>,
}

/// An open session. Odoo may give it another id at any answer.
#[derive(Debug)]
pub(in crate::odoo) struct Session(Mutex<SecretString>);

impl Session {
    /// Its id as Odoo last said.
    pub(in crate::odoo) fn id(&self) -> SecretString {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Odoo said another.
    pub(in crate::odoo) fn follow(&self, id: SecretString) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

/// The web client of one database.
#[derive(Debug)]
pub(in crate::odoo) struct Web {
    client: OdooClient,
    key: Key<Hmac<Sha256>>,
    sessions: Cache<Fingerprint, Arc<Session>>,
    refused: Cache<Fingerprint, ()>,
    /// One login at a time: of what it changes the former state is put back.
    login: Arc<tokio::sync::Mutex<()>>,
    printing: Gate,
}

impl Web {
    /// No session is open yet.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub(in crate::odoo) fn new(client: OdooClient) -> Result<Self, SettingsError> {
        let mut key = Key::<Hmac<Sha256>>::default();
        let filled = rand::rngs::SysRng.try_fill_bytes(&mut key);
        filled.map_err(|error| SettingsError { key: "randomness", reason: error.to_string() })?;
        let settings = client.settings();
        Ok(Self {
            printing: Gate::new(settings.report_concurrency, settings.queue, settings.queue_wait.max(PRINT_WAIT)),
            sessions: Cache::builder().max_capacity(MOST_SESSIONS).time_to_idle(IDLE).time_to_live(LIFE).build(),
            refused: Cache::builder().max_capacity(MOST_SESSIONS).time_to_live(REFUSED).build(),
            login: Arc::default(),
            client,
            key,
        })
    }

    /// The way to Odoo.
    pub(in crate::odoo) fn client(&self) -> &OdooClient {
        &self.client
    }

    /// A place among those who print.
    pub(in crate::odoo) async fn turn_to_print(&self) -> Result<Permit, Problem> {
        self.printing.enter().await.map_err(busy)
    }

    /// The visitor's session. XML-RPC must have taken his secret a moment ago.
    ///
    /// # Errors
    /// 403 `report_needs_password` for whom Odoo opens none; why Odoo could not be asked.
    pub(in crate::odoo) async fn session(&self, visitor: Visitor<'_>) -> Result<Arc<Session>, Problem> {
        let login = visitor.login.filter(|_| !looks_like_api_key(&visitor.caller.secret));
        let login = login.ok_or_else(|| needs_password("This credential stands for an Odoo API key."))?;
        let fingerprint = self.fingerprint(visitor.caller);
        if self.refused.contains_key(&fingerprint) {
            return Err(refused());
        }
        let opened = self.sessions.try_get_with(fingerprint, self.open(visitor.caller, login)).await;
        match opened {
            Ok(session) => Ok(session),
            Err(problem) => {
                let problem = Arc::unwrap_or_clone(problem);
                if problem.code == Code::ReportNeedsPassword {
                    self.refused.insert(fingerprint, ()).await;
                }
                Err(problem)
            }
        }
    }

    async fn open(&self, caller: &Caller, login: &str) -> Result<Arc<Session>, Problem> {
        match log_in(self.client.clone(), self.login.clone(), caller.clone(), login.to_owned()).await? {
            Login::Opened(id) => Ok(Arc::new(Session(Mutex::new(id)))),
            Login::Refused => Err(refused()),
        }
    }

    /// Odoo has ended this session. One that was opened since then stays.
    pub(in crate::odoo) async fn forget(&self, visitor: Visitor<'_>, ended: &Arc<Session>) {
        let fingerprint = self.fingerprint(visitor.caller);
        if self.sessions.get(&fingerprint).await.is_some_and(|known| Arc::ptr_eq(&known, ended)) {
            self.sessions.invalidate(&fingerprint).await;
        }
    }

    fn fingerprint(&self, caller: &Caller) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new(&self.key);
        mac.update(&caller.uid.get().to_be_bytes());
        mac.update(caller.secret.expose_secret().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Odoo 14..19 write their keys as 40 lower-case hexadecimal digits.
fn looks_like_api_key(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    secret.len() == 40 && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn refused() -> Problem {
    needs_password("Odoo's web client does not let this user in with this secret: it is an API key perhaps.")
}

/// The refusal that explains.
pub(in crate::odoo) fn needs_password(because: &str) -> Problem {
    Problem::new(
        Code::ReportNeedsPassword,
        format!("Odoo prints this report only in a session of its web client, which a password opens. {because}"),
    )
    .hint("Call with HTTP Basic and the user's password, or with a key or token that was made with it. With an API key Odoo's own documents on portal pages can be printed: sale.report_saleorder, account.report_invoice.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_hexadecimal_digits_are_never_tried_as_a_password() {
        let of = |text: &str| looks_like_api_key(&text.into());
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert!(of(key));
        for other in ["admin", &key.to_uppercase(), &format!("{key}8"), &key.replace('a', "g")] {
            assert!(!of(other), "{other}");
        }
    }
}
