//! The origins of applications: whose scripts may read a response (CORS, H-08).
//!
//! A preflight carries no credential, so any enabled application's origin passes it. The response to the request itself
//! is only for the origins of the application that the credential belongs to. A response without a verified credential
//! contains nothing of anybody: it is for the origins of all enabled applications.
//!
//! The table is in memory, and is read again after each change of credentials, as [`CredentialChanges`] reports it. If
//! the store cannot be read, the last table is used: an origin alone opens nothing.
//!
//! In: an origin, the owner of a credential, the store. Out: whether the origin is allowed. Must not know: headers, the
//! origins in the configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::{Host, Url};

use crate::clock::Clock;
use crate::store::{ApplicationOrigin, CredentialChanges, Store, StoreContact, StoreError};

/// A change by another gateway is effective after this time. After a failure, the store is read again after this time.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum duration of reading the table.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// The most origins of an application.
const MAX_ORIGINS: usize = 50;
/// The longest origin, in bytes: a host name has at most 253.
const MAX_ORIGIN_BYTES: usize = 270;

/// Whose credential a request has, as far as it was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CredentialOwner {
    /// No credential was verified.
    #[default]
    Unverified,
    /// A token or the secret of the application with this client id.
    Application(String),
    /// Another credential, such as a password or an API key.
    Other,
}

/// The origins of all applications. Clones share them.
#[derive(Debug, Clone)]
pub struct ApplicationOrigins {
    store: Store,
    clock: Clock,
    table: Arc<ArcSwap<OriginTable>>,
    /// One request reads the table, the others wait for it.
    reading: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct OriginTable {
    by_origin: HashMap<String, Vec<ApplicationOrigin>>,
    /// The generation of credentials when the table was read; 0: it was never read.
    generation: u64,
    read_at: Instant,
    /// Whether the last attempt to read it failed.
    is_outdated: bool,
}

impl ApplicationOrigins {
    pub(in crate::auth) fn new(store: Store, clock: Clock) -> Self {
        let table = Arc::new(ArcSwap::from_pointee(OriginTable::new(Vec::new(), 0, Instant::now())));
        Self { store, clock, table, reading: Arc::default() }
    }

    /// Whether scripts of the origin may read a response to a request with this credential.
    pub async fn allows(&self, origin: &str, owner: &CredentialOwner) -> bool {
        if origin.len() > MAX_ORIGIN_BYTES {
            return false;
        }
        self.current_table().await.allows(origin, owner, self.clock.now())
    }

    async fn current_table(&self) -> Arc<OriginTable> {
        let changes = self.store.credential_changes();
        let table = self.table.load_full();
        if table.is_current(changes, Instant::now()) {
            return table;
        }
        let _reading = self.reading.lock().await;
        let table = self.table.load_full();
        // Another request has read it in the meantime.
        if table.is_current(changes, Instant::now()) {
            return table;
        }
        // Before the query: a change during the query makes the table outdated.
        let (generation, read_at) = (changes.generation(), Instant::now());
        let read = timeout(READ_TIMEOUT, self.store.application_origins()).await;
        let read = match read.unwrap_or(Err(StoreError::TimedOut)) {
            Ok(origins) => OriginTable::new(origins, generation, read_at),
            Err(cause) => {
                tracing::warn!(%cause, "the origins of applications cannot be read; the ones in memory are used");
                table.after_failure(Instant::now())
            }
        };
        let read = Arc::new(read);
        self.table.store(read.clone());
        read
    }
}

impl OriginTable {
    fn new(origins: Vec<ApplicationOrigin>, generation: u64, read_at: Instant) -> Self {
        let mut by_origin: HashMap<String, Vec<ApplicationOrigin>> = HashMap::new();
        for origin in origins.into_iter().filter(|origin| !origin.is_disabled) {
            by_origin.entry(origin.origin.clone()).or_default().push(origin);
        }
        Self { by_origin, generation, read_at, is_outdated: false }
    }

    /// The same table, which is used until the next attempt.
    fn after_failure(&self, now: Instant) -> Self {
        let Self { by_origin, generation, .. } = self;
        Self { by_origin: by_origin.clone(), generation: *generation, read_at: now, is_outdated: true }
    }

    fn is_current(&self, changes: &CredentialChanges, now: Instant) -> bool {
        let is_recent = now.saturating_duration_since(self.read_at) < READ_INTERVAL;
        if self.is_outdated {
            return is_recent;
        }
        let is_confirmed = is_recent || changes.contact(now) != StoreContact::Lost;
        is_confirmed && self.generation == changes.generation()
    }

    fn allows(&self, origin: &str, owner: &CredentialOwner, now: OffsetDateTime) -> bool {
        let applications = self.by_origin.get(origin).map(Vec::as_slice).unwrap_or_default();
        let is_active = |entry: &ApplicationOrigin| entry.not_after.is_none_or(|end| now.unix_timestamp() < end);
        applications.iter().filter(|entry| is_active(entry)).any(|entry| match owner {
            CredentialOwner::Unverified => true,
            CredentialOwner::Application(client_id) => entry.client_id == *client_id,
            CredentialOwner::Other => false,
        })
    }
}

/// Checks the origins of an application. Returns them sorted, each once.
///
/// # Errors
/// What is wrong, for the administrator.
pub fn validate_origins(origins: &[String]) -> Result<Vec<String>, String> {
    for origin in origins {
        validate_origin(origin)?;
    }
    let mut origins = origins.to_vec();
    origins.sort_unstable();
    origins.dedup();
    match origins.len() {
        0..=MAX_ORIGINS => Ok(origins),
        count => Err(format!("an application can have {MAX_ORIGINS} origins, and these are {count}")),
    }
}

/// An origin is allowed if a browser sends it (RFC 6454 section 6.2) and nobody on the network can change its pages.
fn validate_origin(text: &str) -> Result<(), String> {
    let invalid = |why: &str| Err(format!("{text:?} is not a valid origin: {why}"));
    if text.contains('*') {
        return invalid("wildcards are not supported; add each origin");
    }
    let Ok(url) = Url::parse(text) else { return invalid("write it as https://shop.example") };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let sent = url.origin().ascii_serialization();
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        "http" => return invalid("http is allowed for loopback addresses only; use https"),
        _ => return invalid("its scheme must be https"),
    }
    if text.len() > MAX_ORIGIN_BYTES {
        invalid("it is too long")
    } else if sent != text {
        invalid(&format!("browsers send {sent:?}, without a path, a user, or the usual port"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "https://shop.example";

    fn origin(client_id: &str, origin: &str) -> ApplicationOrigin {
        let (client_id, origin) = (client_id.to_owned(), origin.to_owned());
        ApplicationOrigin { client_id, origin, is_disabled: false, not_after: None }
    }

    fn owner(client_id: &str) -> CredentialOwner {
        CredentialOwner::Application(client_id.to_owned())
    }

    #[test]
    fn response_is_for_the_origins_of_the_application_that_the_credential_belongs_to() {
        let origins = vec![origin("shop", SHOP), origin("till", SHOP), origin("wiki", "https://wiki.example")];
        let table = OriginTable::new(origins, 1, Instant::now());
        let allows = |origin, owner| table.allows(origin, &owner, OffsetDateTime::UNIX_EPOCH);
        assert!(allows(SHOP, owner("shop")) && allows(SHOP, owner("till")));
        assert!(!allows(SHOP, owner("wiki")) && !allows("https://wiki.example", owner("shop")));
        assert!(allows(SHOP, CredentialOwner::Unverified) && !allows(SHOP, CredentialOwner::Other));
        for other in ["null", "", "https://evil.example", "https://SHOP.example", "https://shop.example/"] {
            assert!(!allows(other, CredentialOwner::Unverified), "{other}");
        }
    }

    #[test]
    fn disabled_and_expired_applications_allow_nothing() {
        let disabled = ApplicationOrigin { is_disabled: true, ..origin("off", "https://off.example") };
        let expired = ApplicationOrigin { not_after: Some(10), ..origin("shop", SHOP) };
        let table = OriginTable::new(vec![disabled, expired], 1, Instant::now());
        let allows = |origin, seconds| {
            let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
            table.allows(origin, &CredentialOwner::Unverified, now)
        };
        assert!(!allows("https://off.example", 1));
        assert!(allows(SHOP, 9) && !allows(SHOP, 10));
    }

    #[test]
    fn table_is_read_again_after_a_change_and_after_a_second_without_contact() {
        let (changes, now) = (CredentialChanges::new(Duration::ZERO), Instant::now());
        let table = |generation| OriginTable::new(vec![origin("shop", SHOP)], generation, now);
        assert!(table(changes.generation()).is_current(&changes, now));
        assert!(!table(changes.generation() - 1).is_current(&changes, now), "a change");
        assert!(!table(changes.generation()).is_current(&changes, now + READ_INTERVAL), "no poll confirms it");
        let failed = table(changes.generation() - 1).after_failure(now);
        assert!(failed.is_current(&changes, now) && !failed.is_current(&changes, now + READ_INTERVAL));
        assert!(failed.allows(SHOP, &owner("shop"), OffsetDateTime::UNIX_EPOCH));
    }

    #[test]
    fn only_origins_that_browsers_send_over_protected_connections_are_accepted() {
        for good in [
            SHOP,
            "https://shop.example:8443",
            "https://xn--mller-kva.example",
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
        ] {
            assert_eq!(validate_origins(&[good.to_owned()]), Ok(vec![good.to_owned()]));
        }
        for (bad, reason) in [
            ("https://*.shop.example", "wildcards"),
            ("*", "wildcards"),
            ("", "write it as"),
            ("null", "write it as"),
            ("shop.example", "write it as"),
            ("http://shop.example", "loopback"),
            ("http://localhost.evil.example", "loopback"),
            ("ftp://shop.example", "must be https"),
            ("file:///index.html", "must be https"),
            ("https://shop.example/", "browsers send \"https://shop.example\""),
            ("https://shop.example/app", "browsers send \"https://shop.example\""),
            ("https://shop.example?x", "browsers send \"https://shop.example\""),
            ("https://shop.example#x", "browsers send \"https://shop.example\""),
            ("https://user@shop.example", "browsers send \"https://shop.example\""),
            ("https://shop.example:443", "browsers send \"https://shop.example\""),
            ("https://SHOP.example", "browsers send \"https://shop.example\""),
            ("https://müller.example", "browsers send \"https://xn--mller-kva.example\""),
            (" https://shop.example", "browsers send \"https://shop.example\""),
        ] {
            let error = validate_origins(&[bad.to_owned()]).unwrap_err();
            assert!(error.contains(reason), "{bad}: {error}");
        }
    }

    #[test]
    fn origins_are_sorted_and_limited() {
        let texts = |range: std::ops::Range<usize>| range.rev().map(|n| format!("https://a{n:02}.example")).collect();
        let origins: Vec<String> = texts(0..MAX_ORIGINS);
        let twice = [origins.clone(), origins.clone()].concat();
        assert_eq!(validate_origins(&twice).unwrap(), origins.into_iter().rev().collect::<Vec<_>>());
        let too_many: Vec<String> = texts(0..MAX_ORIGINS + 1);
        assert!(validate_origins(&too_many).unwrap_err().contains("50 origins"));
    }
}
