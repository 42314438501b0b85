//! A token of the gateway's own becomes an Odoo user.
//!
//! The row is read at each request, in one question to the store, so that what was revoked is dead at once everywhere.
//! What it takes to open the credential is spared while the row stays the same: opened credentials are remembered for
//! minutes, under the token's index. Odoo is not asked at all; it checks the credential with the call itself.
//!
//! In: a token, the client's address. Out: a [`Principal`]. Must not know: headers, HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::credential::Shown;
use super::key_set::{Vault, VaultError, Vaults};
use super::limits::concurrency::{Seat, Seats};
use super::limits::min_failure_time::Floor;
use super::limits::rate_limit::Allowances;
use super::limits::throttle::Throttle;
use super::oauth2::OAuthSettings;
use super::password::too_many_attempts;
use super::principal::Principal;
use crate::clock::Clock;
use crate::error::{Problem, RateLimit};
use crate::error_code::Code;
use crate::odoo::{Caller, Databases, Uid};
use crate::plan::Scope;
use crate::secret::{AccessClaims, DataKey, LoginClaims, SecretError, Token, TokenIndex, TokenKind};
use crate::store::{Store, StoreError, StoredToken};

/// How long an opened credential is remembered at most, and how long when it is not used.
const OPENED_TTL: Duration = Duration::from_secs(5 * 60);
const OPENED_IDLE: Duration = Duration::from_secs(60);
const MOST_OPENED: u64 = 10_000;

/// When who found no seat may come back: nobody knows how long the others take.
const SEAT_WAIT: Duration = Duration::from_secs(1);

/// A row as it was when its credential was opened.
#[derive(Debug)]
struct Opened {
    row: Arc<StoredToken>,
    secret: SecretString,
    scope: Scope,
}

/// How tokens are handled.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// All refusals are answered at a multiple of this time after the question came.
    pub failure_floor: Duration,
    /// An access token ends when it is not used for so long.
    pub access_token_idle: Duration,
    /// How long what applications get lives.
    pub oauth: OAuthSettings,
}

/// Verifies the gateway's own tokens.
#[derive(Debug)]
pub struct Tokens {
    pub(super) store: Store,
    pub(super) vaults: Vaults,
    pub(super) clock: Clock,
    pub(super) access_token_idle: Duration,
    pub(super) oauth: OAuthSettings,
    pub(super) floor: Floor,
    pub(super) throttle: Arc<Throttle>,
    allowances: Allowances,
    seats: Seats,
    opened: Cache<TokenIndex, Arc<Opened>>,
}

/// Why a token was not taken.
pub(super) enum Refusal {
    /// It is none of ours, or is so no longer, or is not from here. Takes as long as any other refusal.
    Wrong,
    /// Something else, which tells nothing to a guesser.
    Other(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(cause: StoreError) -> Self {
        Self::Other(unavailable(&cause))
    }
}

impl From<VaultError> for Refusal {
    fn from(cause: VaultError) -> Self {
        Self::Other(cause.into())
    }
}

impl Refusal {
    /// Where there is nothing to guess.
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Self::Other(problem) => problem,
            Self::Wrong => not_valid(),
        }
    }
}

impl Tokens {
    /// Remembers nothing.
    #[must_use]
    pub fn new(store: Store, vaults: Vaults, settings: TokenSettings, throttle: Arc<Throttle>, clock: Clock) -> Self {
        let opened = Cache::builder().max_capacity(MOST_OPENED).time_to_live(OPENED_TTL).time_to_idle(OPENED_IDLE);
        Self {
            allowances: Allowances::new(clock.clone()),
            seats: Seats::default(),
            opened: opened.build(),
            floor: Floor(settings.failure_floor),
            access_token_idle: settings.access_token_idle,
            oauth: settings.oauth,
            store,
            vaults,
            clock,
            throttle,
        }
    }

    /// The user behind what was shown. `named` is the database that the request names.
    ///
    /// # Errors
    /// 401 when it is not taken, 429 when it is used too often or too many wrong ones came, 503 without the store.
    pub async fn identify(
        &self,
        shown: &Shown,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let began = Instant::now();
        let verdict = self.judge(shown, named, databases, address).await;
        self.tell(verdict, began, address).await
    }

    /// A refusal leaves when all refusals leave, and costs.
    pub(super) async fn tell<T>(
        &self,
        verdict: Result<T, Refusal>,
        began: Instant,
        address: IpAddr,
    ) -> Result<T, Problem> {
        self.tell_as(verdict, began, address, not_valid).await
    }

    /// The same, with the problem that a caller is told when it is wrong.
    pub(super) async fn tell_as<T>(
        &self,
        verdict: Result<T, Refusal>,
        began: Instant,
        address: IpAddr,
        wrong: fn() -> Problem,
    ) -> Result<T, Problem> {
        match verdict {
            Ok(known) => Ok(known),
            Err(Refusal::Other(problem)) => Err(problem),
            Err(Refusal::Wrong) => {
                // Wrong tokens cannot be guessed; they are counted so that trying costs something.
                let _spent = self.throttle.take(address, WRONG_TOKENS).map_err(too_many_attempts)?;
                self.floor.reached_since(began).await;
                Err(wrong())
            }
        }
    }

    async fn judge(
        &self,
        shown: &Shown,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Refusal> {
        if matches!(shown, Shown::Unknown) {
            return Err(Refusal::Wrong);
        }
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        match self.judge_by(&vault, shown, named, databases, address).await {
            // The keys may have been exchanged a moment ago.
            Err(Refusal::Wrong) => match self.vaults.changed_since(&vault).await? {
                Some(vault) => self.judge_by(&vault, shown, named, databases, address).await,
                None => Err(Refusal::Wrong),
            },
            judged => judged,
        }
    }

    async fn judge_by(
        &self,
        vault: &Vault,
        shown: &Shown,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Refusal> {
        let claimed = self.claimed(shown, vault).ok_or(Refusal::Wrong)?;
        let (row, index) = self.row(&claimed, vault, address).await?;
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| Refusal::Wrong)?.clone();
        if let Some(named) = named
            && databases.pick(Some(named))?.name != database.name
        {
            return Err(Refusal::Wrong);
        }
        is_enough(&row)?;
        let seat = self.seat(&row)?;
        let allowance = self.charge(&row)?;
        let opened = self.open(vault, &claimed.token, index, &row).await?;
        self.note_use(&row);
        let uid = Uid::new(row.grant.uid).ok_or(Refusal::Wrong)?;
        let caller = Caller { uid, secret: opened.secret.clone() };
        Ok(Principal {
            scope: opened.scope.clone(),
            database,
            caller,
            login: row.grant.login,
            kind: row.kind.into(),
            allowance,
            seat,
            token: Some(opened.row.clone()),
        })
    }

    /// Whether a token that was taken would be taken now: it is there, neither switched off nor at its end nor its account,
    /// from where it may be used, and limited as it was.
    ///
    /// # Errors
    /// 401 when it would not, 503 without the store.
    pub async fn check_again(&self, token: &StoredToken, address: IpAddr) -> Result<(), Problem> {
        self.try_check_again(token, address).await.map_err(Refusal::into_problem)
    }

    async fn try_check_again(&self, token: &StoredToken, address: IpAddr) -> Result<(), Refusal> {
        let row = self.store.token(&token.id, self.clock.now()).await?.ok_or(Refusal::Wrong)?;
        if !(self.is_good(&row, token.kind, address) && is_as_limited(token, &row)) {
            return Err(Refusal::Wrong);
        }
        if !is_as_sealed(token, &row) {
            self.verify_with_account(&row).await?;
        }
        self.note_use(&row);
        Ok(())
    }

    /// Whether nobody has written into the row, nor into that of the account it was made for. Both may have been sealed
    /// anew.
    pub(super) async fn verify_with_account(&self, row: &StoredToken) -> Result<(), Refusal> {
        self.verify(row).await?;
        self.verify_account(row).await
    }

    /// The same of the account alone: that its token is alive says nothing of an account that somebody switched on again.
    pub(super) async fn verify_account(&self, row: &StoredToken) -> Result<(), Refusal> {
        let Some(account) = &row.account else { return Ok(()) };
        let account = self.store.token(account, self.clock.now()).await?.ok_or(Refusal::Wrong)?;
        if !account.is_alive(self.clock.now()) {
            return Err(Refusal::Wrong);
        }
        self.verify(&account).await
    }

    /// Reads what was shown. A JSON Web Token says itself of which kind it is, and is never taken for another.
    fn claimed<'s>(&self, shown: &'s Shown, vault: &Vault) -> Option<Claimed<'s>> {
        let now = self.clock.now();
        match (shown, &vault.access) {
            (Shown::Jwt(text), Some(keys)) => match keys.verify(text.expose_secret(), self.issuer(), now) {
                Some((claims, token)) => Some(Claimed { token, claims: Some(Claims::Access(claims)), key: None }),
                None => Claimed::read(shown, vault, now),
            },
            _ => Claimed::read(shown, vault, now),
        }
    }

    /// The row of what was shown, when it is good here and now and fits to what was shown beside it.
    pub(super) async fn row(
        &self,
        claimed: &Claimed<'_>,
        vault: &Vault,
        address: IpAddr,
    ) -> Result<(StoredToken, TokenIndex), Refusal> {
        let index = claimed.token.index(&vault.index);
        let beside = claimed.key.map(|key| key.index(&vault.index));
        let mut rows = self.store.tokens_by_index([index, beside.unwrap_or(index)], self.clock.now()).await?;
        let mut good = |index: TokenIndex, kind| {
            let found = rows.iter().position(|row| index.finds(&row.index) && self.is_good(row, kind, address))?;
            Some(rows.swap_remove(found))
        };
        let row = good(index, claimed.token.kind()).filter(|row| claimed.fits(row));
        let mut key_fits = |row: &StoredToken| match beside {
            Some(key) => good(key, TokenKind::ApiKey).is_some_and(|key| row.account == Some(key.id)),
            None => true,
        };
        let Some(row) = row.filter(&mut key_fits) else {
            self.opened.invalidate(&index);
            return Err(Refusal::Wrong);
        };
        self.move_to_newest_index(index, &row);
        Ok((row, index))
    }

    /// Nobody waits for it, and both hashes find the row until it is done.
    fn move_to_newest_index(&self, index: TokenIndex, row: &StoredToken) {
        if row.index.hash == index.hash {
            return;
        }
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(cause) = store.move_to_newest_index(index).await {
                tracing::warn!(%cause, "a token was not moved to the newest index key");
            }
        });
    }

    /// What was opened with a token that has ended is not kept.
    pub(super) fn forget(&self, index: TokenIndex) {
        self.opened.invalidate(&index);
    }

    fn is_good(&self, row: &StoredToken, kind: TokenKind, address: IpAddr) -> bool {
        row.kind == kind && row.is_alive(self.clock.now()) && is_admitted(row, address)
    }

    /// A place among what the key has under way. Nothing is charged for who finds none.
    pub(super) fn seat(&self, row: &StoredToken) -> Result<Option<Seat>, Problem> {
        let Some(most) = row.key.as_ref().and_then(|key| key.concurrent) else { return Ok(None) };
        let seat = self.seats.take(row.account.as_ref().unwrap_or(&row.id), most);
        seat.map(Some).ok_or_else(|| {
            let detail = format!("This API key may have {most} requests under way at one time.");
            Problem::new(Code::TooManyAtOnce, detail).retry_after(SEAT_WAIT)
        })
    }

    pub(super) fn charge(&self, row: &StoredToken) -> Result<Option<RateLimit>, Problem> {
        let Some(rate) = row.key.as_ref().and_then(|key| key.rate) else { return Ok(None) };
        self.allowances.take(row.account.as_ref().unwrap_or(&row.id), rate).map(Some).map_err(|(limit, wait)| {
            let detail = format!("This API key may be used {} times in {} s.", rate.requests, rate.seconds);
            Problem::new(Code::RateLimited, detail).rate_limit(limit).retry_after(wait)
        })
    }

    async fn open(
        &self,
        vault: &Vault,
        token: &Token,
        index: TokenIndex,
        row: &StoredToken,
    ) -> Result<Arc<Opened>, Refusal> {
        if let Some(opened) = self.opened.get(&index)
            && is_same(&opened.row, row)
        {
            return Ok(opened);
        }
        let secret = self.data_key(vault, token, row).await?.open_credential(row.grant.facts(), &row.grant.credential);
        let secret = secret.map_err(|cause| refuse_altered(row, &cause))?;
        // A scope that this gateway cannot read, a newer one's say, opens nothing.
        let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
        self.verify_account(row).await?;
        let opened = Arc::new(Opened { row: Arc::new(row.clone()), secret, scope });
        self.opened.insert(index, opened.clone());
        Ok(opened)
    }

    /// The key of the row's grant.
    pub(super) async fn data_key(&self, vault: &Vault, token: &Token, row: &StoredToken) -> Result<DataKey, Refusal> {
        let key = match unwrap(vault, token, row) {
            // The master key may have been exchanged a moment ago.
            Err(SecretError::UnknownKey(_)) => {
                let vault = self.vaults.reread().await?.ok_or(Refusal::Wrong)?;
                unwrap(&vault, token, row)
            }
            other => other,
        };
        key.map_err(|cause| refuse_altered(row, &cause))
    }

    /// Nobody waits for it.
    pub(super) fn note_use(&self, row: &StoredToken) {
        let now = self.clock.now();
        if !row.is_use_due(now) {
            return;
        }
        let (store, token) = (self.store.clone(), row.id.clone());
        tokio::spawn(async move {
            if let Err(cause) = store.note_use(&token, now).await {
                tracing::warn!(%cause, "the use of a token was not written down");
            }
        });
    }
}

fn not_valid() -> Problem {
    Problem::new(Code::CredentialInvalid, "This key or token is not valid here.")
}

/// Whether a client at this address may use what it has just shown to have. If not, the log names it, so that its
/// administrator sees why a program fails; the client is told nothing.
pub(super) fn is_admitted(row: &StoredToken, address: IpAddr) -> bool {
    let Some(key) = row.key.as_ref().filter(|key| !key.admits(address)) else { return true };
    tracing::warn!(
        name = key.name,
        token = row.id,
        kind = row.kind.as_str(),
        %address,
        networks = ?key.networks,
        "a key was used from outside its networks; behind a proxy, check server.trusted_proxies"
    );
    false
}

/// Whether nothing of what the credential was opened with has changed.
pub(super) fn is_same(before: &StoredToken, now: &StoredToken) -> bool {
    is_as_limited(before, now) && is_as_sealed(before, now)
}

/// Whether both have the same seals. Sealed anew, a row may mean the same.
fn is_as_sealed(before: &StoredToken, now: &StoredToken) -> bool {
    before.wrap == now.wrap && before.account_wrap == now.account_wrap && before.application == now.application
}

/// Whether both open the same and are limited in the same way.
fn is_as_limited(before: &StoredToken, now: &StoredToken) -> bool {
    let terms = |row: &StoredToken| (row.idle_seconds, row.not_after);
    let same_terms = terms(before) == terms(now) && before.scope == now.scope && before.key == now.key;
    let application = |row: &StoredToken| row.application.clone().map(|terms| (terms.client_id, terms.settings));
    let same_application = application(before) == application(now) && before.oauth == now.oauth;
    same_terms && same_application && before.grant == now.grant && {
        let (before, now) = (before.facts(&[]), now.facts(&[]));
        (before.id, before.kind, before.account) == (now.id, now.kind, now.account)
    }
}

/// The login under which wrong tokens are counted, beside their addresses.
const WRONG_TOKENS: &str = "\0tokens";

/// What a JSON Web Token says.
enum Claims {
    Login(LoginClaims),
    Access(AccessClaims),
}

/// What was shown, once it is read.
pub(super) struct Claimed<'s> {
    pub(super) token: Token,
    /// What the JSON Web Token around it says.
    claims: Option<Claims>,
    /// The API key beside it.
    key: Option<&'s Token>,
}

impl<'s> Claimed<'s> {
    fn read(shown: &'s Shown, vault: &Vault, now: OffsetDateTime) -> Option<Self> {
        match shown {
            Shown::Unknown => None,
            Shown::Token(token) => Some(Self::of(token)),
            Shown::Login { token, key } => Self::login(token, key.as_ref(), vault, now),
            Shown::Jwt(token) => Self::login(token, None, vault, now),
        }
    }

    fn login(token: &SecretString, key: Option<&'s Token>, vault: &Vault, now: OffsetDateTime) -> Option<Self> {
        let (claims, token) = vault.signing.verify(token.expose_secret(), &vault.issuer, now)?;
        Some(Self { token, claims: Some(Claims::Login(claims)), key })
    }

    /// A token that stands for itself.
    pub(super) fn of(token: &Token) -> Self {
        Self { token: token.clone(), claims: None, key: None }
    }

    /// Whether a JSON Web Token says what its row says.
    fn fits(&self, row: &StoredToken) -> bool {
        match &self.claims {
            None => true,
            Some(Claims::Login(claims)) => {
                (claims.user_id, Some(claims.exp)) == (row.grant.uid, row.not_after)
                    && Some(&claims.webservice_account_id) == row.account.as_ref()
            }
            Some(Claims::Access(claims)) => {
                let application = row.application.as_ref().map(|application| &application.client_id);
                Some(claims.exp) == row.not_after && Some(&claims.client_id) == application
            }
        }
    }
}

/// Whether it opens anything alone.
fn is_enough(row: &StoredToken) -> Result<(), Problem> {
    if row.kind == TokenKind::ApiKey && row.key.as_ref().is_some_and(|key| key.needs_login_token) {
        let detail = "This API key is not enough alone.";
        return Err(Problem::new(Code::CredentialMissing, detail).hint("Send a user's login token as `token` too."));
    }
    Ok(())
}

fn unwrap(vault: &Vault, token: &Token, row: &StoredToken) -> Result<DataKey, SecretError> {
    let terms = row.terms();
    DataKey::unwrap(&vault.keyring, token, row.facts(&terms), row.grant.facts(), &row.wrap)
}

/// The right token found a row that it does not open: somebody wrote into the store.
pub(super) fn refuse_altered(row: &StoredToken, cause: &SecretError) -> Refusal {
    tracing::error!(target: "odoo_gateway::audit", act = "token.altered", subject = row.id, %cause, "audit");
    match cause {
        SecretError::Altered => Refusal::Wrong,
        other => Refusal::from(VaultError::from(other.clone())),
    }
}

pub(super) fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%cause, "credentials cannot be verified");
    Problem::new(Code::StoreUnavailable, "The gateway cannot verify credentials now.")
        .retry_after(Duration::from_secs(5))
}
