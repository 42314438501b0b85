//! Forms of ours: that one came from us, for this browser and for this very request, not long ago, and once.
//!
//! ```text
//! guard = issued "." nonce "." mark          issued: Unix time; nonce: 32*hex; mark: 64*hex
//! mark  = HMAC(K_csrf, issued, nonce, cookie, request)
//! ```
//!
//! In: a browser's cookie, what is asked. Out: the text for a form, and whether a text is good. Must not know: HTTP.

use time::Duration;

use super::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::secret::Aad;
use crate::store::random_id;

/// How long a page may stay open before it is sent.
const LONGEST_OPEN: Duration = Duration::minutes(30);

/// What a form belongs to.
#[derive(Debug, Clone, Copy)]
pub struct FormOf<'a> {
    /// The browser's cookie.
    pub cookie: &'a str,
    /// Everything that was asked, in a form that is the same each time.
    pub request: &'a [u8],
}

/// What a form carried.
#[derive(Debug)]
pub struct Guard {
    mark: [u8; 32],
    until: i64,
}

impl Tokens {
    /// A cookie for a browser in which nobody has logged in yet: 32 hexadecimal digits.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new_visitor(&self) -> Result<String, Problem> {
        random_id().map_err(Problem::internal)
    }

    /// The text that a form carries.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn guard_form(&self, form: FormOf<'_>) -> Result<String, Problem> {
        let vault = self.vaults.for_sealing().await.map_err(|cause| Refusal::from(cause).into_problem())?;
        let nonce = random_id().map_err(Problem::internal)?;
        let issued = self.clock.now().unix_timestamp().to_string();
        let mark = vault.keyring.mark_form(&bound(&issued, &nonce, form));
        Ok(format!("{issued}.{nonce}.{mark}"))
    }

    /// What a form carried, when [`guard_form`](Self::guard_form) made it for this form, not too long ago.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn read_guard(&self, form: FormOf<'_>, text: &str) -> Result<Option<Guard>, Problem> {
        let vault = self.vaults.existing().await.map_err(|cause| Refusal::from(cause).into_problem())?;
        let now = self.clock.now().unix_timestamp();
        Ok(vault.and_then(|vault| {
            let (issued, rest) = text.split_once('.')?;
            let (nonce, mark) = rest.split_once('.')?;
            let until = issued.parse::<i64>().ok()?.checked_add(LONGEST_OPEN.whole_seconds())?;
            let mark = vault.keyring.form_mark(&bound(issued, nonce, form), mark)?;
            (now < until).then_some(Guard { mark, until })
        }))
    }

    /// Takes what a form carried, once; `false` when it was taken before.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn spend_guard(&self, guard: &Guard) -> Result<bool, Problem> {
        let first = self.store.first_seen(guard.mark, guard.until).await;
        first.map_err(|cause| Refusal::from(cause).into_problem())
    }
}

fn bound(issued: &str, nonce: &str, form: FormOf<'_>) -> Aad {
    let parts = [issued.as_bytes(), nonce.as_bytes(), form.cookie.as_bytes(), form.request];
    parts.iter().fold(Aad::of("form"), |aad, part| aad.with(part))
}
