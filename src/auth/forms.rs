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

impl Tokens {
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

    /// Whether a form carried what [`guard_form`](Self::guard_form) made for it.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn is_form_ours(&self, form: FormOf<'_>, guard: &str) -> Result<bool, Problem> {
        let vault = self.vaults.existing().await.map_err(|cause| Refusal::from(cause).into_problem())?;
        let Some(vault) = vault else { return Ok(false) };
        let mut parts = guard.splitn(3, '.');
        let (Some(issued), Some(nonce), Some(mark)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(false);
        };
        let age = |issued: i64| self.clock.now().unix_timestamp().saturating_sub(issued);
        let fresh = issued.parse().is_ok_and(|issued| (0..LONGEST_OPEN.whole_seconds()).contains(&age(issued)));
        Ok(fresh && vault.keyring.is_form_marked(&bound(issued, nonce, form), mark))
    }
}

fn bound(issued: &str, nonce: &str, form: FormOf<'_>) -> Aad {
    let parts = [issued.as_bytes(), nonce.as_bytes(), form.cookie.as_bytes(), form.request];
    parts.iter().fold(Aad::of("form"), |aad, part| aad.with(part))
}
