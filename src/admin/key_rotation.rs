//! Replaces the secret of an API key.
//!
//! ```text
//! with the current secret       linked users stay linked; the current secret can stay valid for a while
//! with the user's credential    links end: nothing but the lost secret opens the credentials of linked users
//! ```
//!
//! In: a key, its current secret or its user's password or Odoo API key. Out: the new secret, once. Must not know: how
//! secrets are displayed.

use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

use super::{AdminError, Administration, verify_credential};
use crate::auth::{KeySet, TokenOwner, seal_credential, unsealed_row};
use crate::clock::format_timestamp;
use crate::secret::{DataKey, SecretError, Token, TokenKind};
use crate::store::{KeyRotation, StoredToken, random_id};

/// The longest time for which the previous secret stays valid.
const MAX_OVERLAP: Duration = Duration::days(30);

/// An API key with a new secret.
#[derive(Debug)]
pub struct RotatedKey {
    /// The key.
    pub row: StoredToken,
    /// Its new secret.
    pub secret: Token,
    /// How long the previous secret stays valid; `None`: it ended.
    pub previous_until: Option<OffsetDateTime>,
    /// The number of users who have to link themselves again.
    pub unlinked: usize,
}

/// What a rotation stores.
struct Replacement {
    after: StoredToken,
    links: Vec<StoredToken>,
    previous: Vec<StoredToken>,
}

impl Administration {
    /// Replaces the secret of an API key. `proof`: its current secret, or the password or an Odoo API key of its user.
    /// The current secret stays valid for `overlap`; that requires the secret itself. Issued login tokens stay valid.
    ///
    /// # Errors
    /// Fails if the key does not exist, the secret is not that of the key, Odoo rejects the user, or the overlap is too
    /// long.
    pub async fn rotate_key(
        &self,
        name_or_id: &str,
        proof: &SecretString,
        overlap: Duration,
    ) -> Result<RotatedKey, AdminError> {
        let key = self.find_key(name_or_id).await?;
        if overlap.is_negative() || overlap > MAX_OVERLAP {
            let reason = format!("the previous secret can stay valid for at most {} days", MAX_OVERLAP.whole_days());
            return Err(AdminError::Invalid(reason));
        }
        let keys = self.key_provider.for_sealing().await?;
        let links = self.store.links(&key.id, self.clock.now()).await?;
        let links: Vec<StoredToken> = links.into_iter().filter(|link| link.grant.id != key.grant.id).collect();
        let secret = Token::generate(TokenKind::ApiKey)?;
        let previous_until = overlap.is_positive().then(|| self.previous_until(&key, overlap));
        let replacement = match Token::parse(TokenKind::ApiKey, proof.expose_secret()) {
            Some(current) if current.index(&keys.index).matches(&key.index) => {
                reseal(&keys, &key, (&current, &secret), &links, previous_until)?
            }
            Some(_) => {
                return Err(AdminError::Invalid("this is not the current secret of this API key".to_owned()));
            }
            None if previous_until.is_some() => {
                let reason = "an overlap requires the current secret of the API key, not the password of its user";
                return Err(AdminError::Invalid(reason.to_owned()));
            }
            None => self.seal_again(&keys, &key, &secret, proof).await?,
        };
        let Replacement { after, links: kept, previous } = replacement;
        let unlinked = links.len() - kept.len();
        let event = self.audit_event("key.rotate", &key.id, audit_detail(&key, previous_until, unlinked));
        let rotation =
            KeyRotation { before: (&key, links.len() + 1), after: &after, links: &kept, previous: &previous };
        if !self.store.rotate_key(&rotation, &event).await? {
            return Err(AdminError::Invalid("the API key was changed at the same time; try again".to_owned()));
        }
        Ok(RotatedKey { row: after, secret, previous_until, unlinked })
    }

    /// When the secret before the current one of an API key ends, in seconds since 1970; `None` if only the current one
    /// works.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn previous_secret_end(&self, key: &StoredToken) -> Result<Option<i64>, AdminError> {
        Ok(self.store.previous_secret_end(&key.id, self.clock.now()).await?)
    }

    /// The previous secret ends with the key.
    fn previous_until(&self, key: &StoredToken, overlap: Duration) -> OffsetDateTime {
        let until = self.clock.now().saturating_add(overlap);
        let end = key.not_after.and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok());
        end.map_or(until, |end| end.min(until))
    }

    /// Seals the credential of the key's user again, in a grant of its own.
    async fn seal_again(
        &self,
        keys: &KeySet,
        key: &StoredToken,
        secret: &Token,
        credential: &SecretString,
    ) -> Result<Replacement, AdminError> {
        check_unaltered(keys, key, "API key")?;
        let database = self.databases.pick(Some(&key.grant.database)).map_err(AdminError::Odoo)?;
        let login = key.grant.login.clone();
        let uid = verify_credential(database, &login, credential).await?.get();
        if uid != key.grant.uid {
            return Err(AdminError::CredentialRejected);
        }
        let user = TokenOwner { database: database.name.clone(), uid, login };
        let fresh = unsealed_row(keys, secret, user, key.scope.clone(), self.clock.now().unix_timestamp())?;
        let mut after = StoredToken { grant: fresh.grant, ..with_secret(keys, key, secret) };
        seal_credential(keys, secret, &mut after, credential)?;
        Ok(Replacement { after, links: Vec::new(), previous: Vec::new() })
    }
}

/// Checks that the row was not altered in the store: sealing it again would make what was written there valid.
/// `name`: what the row is, for the error.
pub(super) fn check_unaltered(keys: &KeySet, row: &StoredToken, name: &str) -> Result<(), AdminError> {
    let verified = DataKey::verify(&keys.keyring, row.facts(&row.terms()), row.grant.facts(), &row.wrap);
    verified.map_err(|cause| match cause {
        SecretError::Altered => AdminError::Invalid(format!("the {name} was altered in the store; delete it")),
        other => AdminError::from(other),
    })
}

/// The row of the key with another secret, still with the wrap of the one before.
fn with_secret(keys: &KeySet, key: &StoredToken, secret: &Token) -> StoredToken {
    StoredToken { index: secret.index(&keys.index), display_prefix: secret.display_prefix(), ..key.clone() }
}

/// Wraps every data key that the current secret opens for the new secret, and for the row of the previous one.
fn reseal(
    keys: &KeySet,
    key: &StoredToken,
    (current, secret): (&Token, &Token),
    links: &[StoredToken],
    previous_until: Option<OffsetDateTime>,
) -> Result<Replacement, AdminError> {
    let open = |row: &StoredToken| {
        DataKey::unwrap(&keys.keyring, current, row.facts(&row.terms()), row.grant.facts(), &row.wrap)
    };
    let wrap = |data_key: &DataKey, token: &Token, row: StoredToken| -> Result<StoredToken, SecretError> {
        let wrap = data_key.wrap(&keys.keyring, token, row.facts(&row.terms()), row.grant.facts())?;
        Ok(StoredToken { wrap, ..row })
    };
    let own_key = open(key)?;
    let template = previous_until.map(|until| previous_row(key, until)).transpose()?;
    let of_grant = |row: &StoredToken, grant: &StoredToken| StoredToken { grant: grant.grant.clone(), ..row.clone() };
    let mut previous = Vec::new();
    if let Some(template) = &template {
        previous.push(wrap(&own_key, current, template.clone())?);
    }
    let mut kept = Vec::with_capacity(links.len());
    // A link that was altered in the store opens nothing, and ends.
    for (link, data_key) in links.iter().filter_map(|link| open(link).ok().map(|data_key| (link, data_key))) {
        kept.push(wrap(&data_key, secret, with_secret(keys, link, secret))?);
        if let Some(template) = &template {
            previous.push(wrap(&data_key, current, of_grant(template, link))?);
        }
    }
    let after = wrap(&own_key, secret, with_secret(keys, key, secret))?;
    Ok(Replacement { after, links: kept, previous })
}

/// The row of the secret before: found by its hash, with the limits of the key.
fn previous_row(key: &StoredToken, until: OffsetDateTime) -> Result<StoredToken, AdminError> {
    Ok(StoredToken {
        id: random_id()?,
        kind: TokenKind::PreviousApiKey,
        account: Some(key.id.clone()),
        account_scope: Some(key.scope.clone()),
        not_after: Some(until.unix_timestamp()),
        disabled_at: None,
        ..key.clone()
    })
}

fn audit_detail(key: &StoredToken, previous_until: Option<OffsetDateTime>, unlinked: usize) -> String {
    let name = key.account_name();
    let overlap = match previous_until {
        Some(until) => format!("the previous secret is valid until {}", format_timestamp(until.unix_timestamp())),
        None => "the previous secret ended".to_owned(),
    };
    match unlinked {
        0 => format!("{name}: {overlap}"),
        users => format!("{name}: {overlap}, and the links of {users} users"),
    }
}
