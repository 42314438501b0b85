//! Requests that are signed as OAuth 1.0a says: what of them is read before it is known who calls.
//!
//! A signature covers the form that came with it, and its parameters may stand in the form or in the query among those of
//! the family. So of a signed request, and of no other, the form is read first; and what belongs to the signature is taken
//! out of query and form, for the families to find nothing but their own. All other bodies wait for their turn.
//!
//! In: an [`Arrival`] nobody has looked at. Out: the same, fit for families, with what was sent beside it. Must not know:
//! who signs, what for.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::{PathAndQuery, Uri};

use super::Arrival;
use super::forwarded::Origin;
use super::unauthenticated::{self, LARGEST_BODY};
use crate::auth::oauth1::{Sent, Signed, is_signed, of_scheme, without_protocol};
use crate::auth::shows_own;
use crate::error::Problem;
use crate::http::middleware::SentTarget;

/// What was sent, as far as families see something else.
#[derive(Debug, Default)]
pub(in crate::http) struct AsSent {
    /// The form that a signature may cover.
    form: Option<Bytes>,
    /// The protocol parameters stand in query or form.
    is_signed_there: bool,
}

impl AsSent {
    /// Whether the credential stands in query or form.
    pub(in crate::http) fn is_signed(&self) -> bool {
        self.is_signed_there
    }
}

/// Reads what must be read. A form that nobody vouches for is looked at up to 64 KiB; with its signature in the header it
/// may be larger.
///
/// # Errors
/// 400, 413, 415 for a form that cannot be read.
pub(in crate::http) async fn settle(arrival: &mut Arrival) -> Result<(), Problem> {
    let headers = &arrival.head.headers;
    if shows_own(headers) {
        return Ok(());
    }
    match headers.get(AUTHORIZATION).map(|shown| shown.as_bytes()) {
        Some(shown) if of_scheme(shown).is_some() => {
            let whatever_its_size = arrival.announced() > LARGEST_BODY && is_known(arrival).await;
            read_form(arrival, whatever_its_size).await
        }
        Some(_) => Ok(()),
        None => settle_elsewhere(arrival).await,
    }
}

/// The signature in query or form, if there is one.
async fn settle_elsewhere(arrival: &mut Arrival) -> Result<(), Problem> {
    let query = arrival.head.uri.query().unwrap_or_default().as_bytes().to_vec();
    if is_signed(&query) {
        read_form(arrival, false).await?;
        arrival.as_sent.is_signed_there = true;
        arrival.head.uri = with_query(&arrival.head.uri, &without_protocol(&query));
        return Ok(());
    }
    read_form(arrival, false).await?;
    let Some(form) = arrival.as_sent.form.take_if(|form| is_signed(form)) else { return Ok(()) };
    arrival.replace_body(Body::from(without_protocol(&form)));
    arrival.as_sent = AsSent { form: Some(form), is_signed_there: true };
    Ok(())
}

/// Whether the header names an application that exists. Only for such a one more than a little is read.
async fn is_known(arrival: &Arrival) -> bool {
    match signed(arrival) {
        Ok(Some(signed)) => arrival.gateway.oauth1.knows(&signed.consumer_key).await,
        _ => false,
    }
}

async fn read_form(arrival: &mut Arrival, whatever_its_size: bool) -> Result<(), Problem> {
    let headers = &arrival.head.headers;
    let readable = is_form(headers) && !headers.contains_key(CONTENT_ENCODING);
    if readable && (whatever_its_size || arrival.announced() <= LARGEST_BODY) {
        let form = arrival.unproven_body().await?;
        arrival.replace_body(Body::from(form.clone()));
        arrival.as_sent.form = Some(form);
    }
    Ok(())
}

/// Single-part forms are signed, whatever their charset, and nothing else is (O1-03).
pub(in crate::http) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn with_query(uri: &Uri, query: &[u8]) -> Uri {
    let query = std::str::from_utf8(query).unwrap_or_default();
    let text = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(text).ok();
    Uri::from_parts(parts).unwrap_or_default()
}

/// Who says to have signed this, and over what; `None`: nobody.
///
/// # Errors
/// 400 for what is malformed, 401 for a header that says nothing.
pub(in crate::http) fn signed(arrival: &Arrival) -> Result<Option<Signed>, Problem> {
    let origin = origin(arrival)?;
    let target = arrival.head.extensions.get().map_or(&arrival.head.uri, |SentTarget(sent)| sent);
    Signed::read(&Sent {
        method: &arrival.head.method,
        scheme: &origin.scheme,
        authority: &origin.authority,
        prefix: &origin.prefix,
        target,
        authorization: arrival.head.headers.get(AUTHORIZATION).map(|shown| shown.as_bytes()),
        form: arrival.as_sent.form.as_deref(),
    })
}

/// Whether the body is the one that was signed, where the signature says which that is. The signature was verified before:
/// only then is a large body read.
///
/// # Errors
/// 401 for another body; 413, 400 for one that cannot be read.
pub(in crate::http) async fn check_body(arrival: &mut Arrival, signed: &Signed) -> Result<(), Problem> {
    if let Some(checked) = check_without_reading(arrival, signed) {
        return checked;
    }
    let body = arrival.body().await?;
    arrival.replace_body(Body::from(body.clone()));
    signed.check_body(&body)
}

/// The same before the signature is verified, where nobody needs a large body.
///
/// # Errors
/// As [`check_body`].
pub(in crate::http) async fn check_open_body(arrival: &mut Arrival, signed: &Signed) -> Result<(), Problem> {
    match check_without_reading(arrival, signed) {
        Some(checked) => checked,
        None => signed.check_body(&unauthenticated::body(arrival).await?),
    }
}

/// A body that does not have to be checked, or that was read before.
fn check_without_reading(arrival: &Arrival, signed: &Signed) -> Option<Result<(), Problem>> {
    match (&signed.body_hash, &arrival.as_sent.form) {
        (None, _) => Some(Ok(())),
        (Some(_), Some(form)) => Some(signed.check_body(form)),
        (Some(_), None) => None,
    }
}

/// By which address the client reached us.
///
/// # Errors
/// 400 when a trusted proxy does not say it plainly.
pub(in crate::http) fn origin(arrival: &Arrival) -> Result<Origin, Problem> {
    Origin::of(&arrival.head, arrival.gateway.public_url.as_ref())
}
