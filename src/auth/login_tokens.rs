//! Login tokens: made with an API key, for its own user or for one who has linked a credential with it.
//!
//! In: an API key, whose token it is to be and for how long. Out: the token. Must not know: HTTP. The token takes over
//! the key's scope and limits, and ends with the key.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::key_set::Vault;
use super::limits::concurrency::Seat;
use super::tokens::{Claimed, Refusal, Tokens};
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::{Caller, Databases, Uid};
use crate::secret::{DataKey, LoginClaims, Sealed, SecretError, Token, TokenKind};
use crate::store::{Act, StoredToken, random_id};

/// Whose token, for how long.
#[derive(Debug, Clone, Copy)]
pub struct MintWish {
    /// The user; `None`: the key's own.
    pub user: Option<i64>,
    /// Its life in days.
    pub days: u32,
}

/// An API key that was verified.
#[derive(Debug)]
pub struct Account {
    key: Token,
    row: StoredToken,
    vault: Arc<Vault>,
    _seat: Option<Seat>,
}

/// A new login token.
#[derive(Debug)]
pub struct Minted {
    /// To be shown once.
    pub token: Zeroizing<String>,
    /// Its end.
    pub ends: OffsetDateTime,
    /// The user.
    pub uid: Uid,
    /// His login.
    pub login: String,
    /// His name at Odoo.
    pub name: String,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Tokens {
    /// Verifies an API key as the account that login tokens are made for; whether it is enough alone does not matter.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub async fn account(&self, key: Token, address: IpAddr) -> Result<Account, Problem> {
        let began = Instant::now();
        let verdict = self.known_account(&key, address).await;
        let (row, vault, seat) = self.tell(verdict, began, address).await?;
        Ok(Account { key, row, vault, _seat: seat })
    }

    async fn known_account(
        &self,
        key: &Token,
        address: IpAddr,
    ) -> Result<(StoredToken, Arc<Vault>, Option<Seat>), Refusal> {
        let mut vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let mut found = self.row(&Claimed::of(key), &vault, address).await;
        if let Err(Refusal::Wrong) = found
            && let Some(changed) = self.vaults.changed_since(&vault).await?
        {
            vault = changed;
            found = self.row(&Claimed::of(key), &vault, address).await;
        }
        let (row, _) = found?;
        let seat = self.seat(&row)?;
        self.charge(&row)?;
        Ok((row, vault, seat))
    }

    /// Makes a login token.
    ///
    /// # Errors
    /// 403 when the key may not do that for others, 409 for a user who has not linked a credential, 401 when Odoo no
    /// longer takes the credential.
    pub async fn mint(&self, account: Account, wish: MintWish, databases: &Databases) -> Result<Minted, Problem> {
        let minted = self.try_mint(account, wish, databases).await;
        minted.map_err(Refusal::into_problem)
    }

    async fn try_mint(&self, account: Account, wish: MintWish, databases: &Databases) -> Result<Minted, Refusal> {
        let Account { key, row, vault, _seat } = account;
        let link = self.link(row, wish.user).await?;
        let data_key = self.data_key(&vault, &key, &link).await?;
        let secret = data_key.open_credential(link.grant.facts(), &link.grant.credential);
        let secret = secret.map_err(|_| Refusal::Wrong)?;
        let uid = Uid::new(link.grant.uid).ok_or(Refusal::Wrong)?;
        let database = databases.pick(Some(&link.grant.database)).map_err(|_| Refusal::Wrong)?;
        let name = database.knowledge.user_name(&Caller { uid, secret }).await.map_err(stale)?;
        let (token, ends) = self.keep(&link, &data_key, wish).await?;
        Ok(Minted { token, ends, uid, login: link.grant.login, name })
    }

    /// The key's row with the grant of the wanted user.
    async fn link(&self, account: StoredToken, user: Option<i64>) -> Result<StoredToken, Refusal> {
        let Some(user) = user.filter(|user| *user != account.grant.uid) else { return Ok(account) };
        if !account.key.as_ref().is_some_and(|key| key.may_mint_for_others) {
            let detail = "This API key may make login tokens for its own user only.";
            return Err(Problem::new(Code::MintForbidden, detail).parameter("user_id").into());
        }
        let links = self.store.links(&account.id, self.clock.now()).await?;
        let of_user = |link: &StoredToken| link.grant.uid == user && link.grant.database == account.grant.database;
        links.into_iter().rfind(of_user).ok_or_else(|| {
            let detail = "This user has not linked a credential with this API key.";
            let hint = "An administrator does it with `odoo-gateway user link`.";
            Problem::new(Code::NotLinked, detail).hint(hint).parameter("user_id").into()
        })
    }

    async fn keep(
        &self,
        link: &StoredToken,
        data_key: &DataKey,
        wish: MintWish,
    ) -> Result<(Zeroizing<String>, OffsetDateTime), Refusal> {
        let vault = self.vaults.for_sealing().await?;
        let now = self.clock.now();
        let ends = now.saturating_add(time::Duration::try_from(DAY * wish.days).unwrap_or_default());
        let (row, token) = seal(&vault, link, data_key, now, ends).map_err(Problem::internal)?;
        let name = row.key.as_ref().map_or("", |key| &key.name);
        let claims = LoginClaims {
            iss: vault.issuer.clone(),
            aud: vault.issuer.clone(),
            user_id: row.grant.uid,
            username: row.grant.login.clone(),
            webservice_account_id: link.id.clone(),
            webservice_name: name.to_owned(),
            iat: row.created_at,
            exp: ends.unix_timestamp(),
            jti: token.expose().to_owned(),
        };
        let text = vault.signing.sign(&claims).map_err(Problem::internal)?;
        let detail = format!("for {} of {}", row.grant.login, row.grant.database);
        let act = Act::new(now, &format!("key:{name}"), "login_token.create", &row.id, detail);
        self.store.add_token_of_grant(&row, &act).await?;
        Ok((text, ends))
    }
}

/// The row of a new token for the grant of `link`, and the secret inside of it.
fn seal(
    vault: &Vault,
    link: &StoredToken,
    data_key: &DataKey,
    now: OffsetDateTime,
    ends: OffsetDateTime,
) -> Result<(StoredToken, Token), SecretError> {
    let token = Token::generate(TokenKind::LoginToken)?;
    let mut row = StoredToken {
        id: random_id().map_err(|cause| SecretError::NoRandomness(cause.to_string()))?,
        kind: TokenKind::LoginToken,
        index: token.index(&vault.index),
        // Nobody sees the secret itself; its row's id tells tokens apart.
        shown: String::new(),
        account: Some(link.id.clone()),
        created_at: now.unix_timestamp(),
        not_after: Some(ends.unix_timestamp()),
        idle_seconds: None,
        last_used_at: None,
        wrap: Sealed(Vec::new()),
        ..link.clone()
    };
    row.wrap = data_key.wrap(&vault.keyring, &token, row.facts(&row.terms()), row.grant.facts())?;
    Ok((row, token))
}

fn stale(problem: Problem) -> Problem {
    if problem.code != Code::CredentialInvalid {
        return problem;
    }
    Problem::new(Code::OdooCredentialStale, "Odoo no longer takes the password or API key of this user.")
        .hint("Link the user anew, or make a new API key.")
}
