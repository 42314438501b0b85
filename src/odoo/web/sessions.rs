//! The web sessions of one database.
//!
//! In: a [`SessionOwner`]. Out: the owner's [`WebSession`], cached or new. Must not know: pages. Sessions exist only in
//! memory, under a keyed hash of user and secret; their ids are wiped when they are dropped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use rand::TryRng as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::login::{Login, log_in};
use crate::cache::{CacheLimits, ExpiringCache, LoadingCache};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::call_queue::{CallPermit, CallPriority, CallQueue};
use crate::odoo::client::OdooClient;
use crate::odoo::error::busy;
use crate::odoo::settings::SettingsError;
use crate::odoo::user::{OdooUser, is_api_key};
use crate::shared_limits::LeasedSlots;

/// Maximum number of cached sessions.
const MAX_SESSIONS: u64 = 10_000;
/// Unused sessions are dropped after this time; Odoo keeps them for days.
const IDLE_TTL: Duration = Duration::from_secs(60 * 60);
/// Every session is replaced after this time.
const MAX_AGE: Duration = Duration::from_secs(12 * 60 * 60);
/// Minimum for the maximum wait of a report, because printing takes seconds, not milliseconds.
const MIN_PRINT_WAIT: Duration = Duration::from_secs(60);
/// How long a rejected login is not tried again.
const REJECTION_TTL: Duration = Duration::from_secs(10 * 60);

type Fingerprint = [u8; 32];

/// The user to whom a session belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::odoo) struct SessionOwner<'v> {
    pub(in crate::odoo) user: &'v OdooUser,
    /// The user's login; `None` with an API key, which opens no session.
    pub(in crate::odoo) login: Option<&'v str>,
}

/// An open session. Odoo can change its id with every response.
#[derive(Debug)]
pub(in crate::odoo) struct WebSession(Mutex<SecretString>);

impl WebSession {
    /// The current session id.
    pub(in crate::odoo) fn id(&self) -> SecretString {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the session id after Odoo has changed it.
    pub(in crate::odoo) fn set_id(&self, id: SecretString) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

/// The web sessions of one database, and the permits to print in them.
#[derive(Debug)]
pub(in crate::odoo) struct WebSessions {
    client: OdooClient,
    key: hmac::Key,
    sessions: LoadingCache<Fingerprint, Arc<WebSession>, Problem>,
    rejected: ExpiringCache<Fingerprint, ()>,
    /// Allows one login at a time, because each restores the former `web.base.url`.
    login_lock: Arc<tokio::sync::Mutex<()>>,
    print_queue: CallQueue,
}

impl WebSessions {
    /// No sessions yet.
    ///
    /// # Errors
    /// If the operating system provides no random bytes.
    pub(in crate::odoo) fn new(client: OdooClient) -> Result<Self, SettingsError> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = rand::rngs::SysRng.try_fill_bytes(key.as_mut_slice());
        filled.map_err(|error| SettingsError { key: "randomness", reason: error.to_string() })?;
        let settings = client.settings();
        Ok(Self {
            print_queue: CallQueue::new(
                LeasedSlots::new(format!("report:{}", settings.name), settings.report_concurrency),
                settings.queue,
                settings.queue_wait.max(MIN_PRINT_WAIT),
            ),
            sessions: LoadingCache::new(
                CacheLimits::capacity(MAX_SESSIONS).time_to_idle(IDLE_TTL).time_to_live(MAX_AGE),
            ),
            rejected: ExpiringCache::new(CacheLimits::capacity(MAX_SESSIONS).time_to_live(REJECTION_TTL)),
            login_lock: Arc::default(),
            client,
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()),
        })
    }

    /// The client that sends the requests.
    pub(in crate::odoo) fn client(&self) -> &OdooClient {
        &self.client
    }

    /// The slots of reports that are printed.
    pub(in crate::odoo) fn print_slots(&self) -> &LeasedSlots {
        self.print_queue.slots()
    }

    /// A permit to print one report.
    pub(in crate::odoo) async fn acquire_print_permit(&self) -> Result<CallPermit, Problem> {
        self.print_queue.acquire(CallPriority::Interactive).await.map_err(busy)
    }

    /// The owner's session. XML-RPC must have accepted the secret just before.
    ///
    /// # Errors
    /// 403 `report_needs_password` if Odoo opens no session; an error if Odoo does not respond.
    pub(in crate::odoo) async fn session(&self, owner: SessionOwner<'_>) -> Result<Arc<WebSession>, Problem> {
        let login = owner.login.filter(|_| !is_api_key(&owner.user.secret));
        let login = login.ok_or_else(|| needs_password("This credential is an Odoo API key."))?;
        let fingerprint = self.fingerprint(owner.user);
        if self.rejected.get(&fingerprint).is_some() {
            return Err(rejected());
        }
        let opened = self.sessions.get_or_load(fingerprint, self.open(owner.user, login)).await;
        match opened {
            Ok(session) => Ok(session),
            Err(problem) => {
                if problem.code == ErrorCode::ReportNeedsPassword {
                    self.rejected.insert(fingerprint, ());
                }
                Err(problem)
            }
        }
    }

    async fn open(&self, user: &OdooUser, login: &str) -> Result<Arc<WebSession>, Problem> {
        match log_in(self.client.clone(), self.login_lock.clone(), user.clone(), login.to_owned()).await? {
            Login::Opened(id) => Ok(Arc::new(WebSession(Mutex::new(id)))),
            Login::Rejected => Err(rejected()),
        }
    }

    /// Drops a session that Odoo has ended, unless a newer one has replaced it.
    pub(in crate::odoo) async fn remove(&self, owner: SessionOwner<'_>, ended: &Arc<WebSession>) {
        let fingerprint = self.fingerprint(owner.user);
        if self.sessions.get(&fingerprint).is_some_and(|known| Arc::ptr_eq(&known, ended)) {
            self.sessions.remove(&fingerprint);
        }
    }

    fn fingerprint(&self, user: &OdooUser) -> Fingerprint {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(&user.uid.get().to_be_bytes());
        mac.update(user.secret.expose_secret().as_bytes());
        let mut bytes = [0; 32];
        // HMAC-SHA256 has 32 bytes. A fallback would give all inputs the same hash.
        bytes.copy_from_slice(mac.sign().as_ref());
        bytes
    }
}

fn rejected() -> Problem {
    needs_password("Odoo's web client rejects this secret; it may be an API key.")
}

/// The problem for a report that needs a password; `reason` is a complete sentence.
pub(in crate::odoo) fn needs_password(reason: &str) -> Problem {
    Problem::new(
        ErrorCode::ReportNeedsPassword,
        format!("Odoo prints this report only in a session of its web client, which requires a password. {reason}"),
    )
    .hint(
        "Use HTTP Basic with the user's password, or a key or token that was created with it. An API key can print the \
         documents of Odoo's portal: sale.report_saleorder, account.report_invoice.",
    )
}
