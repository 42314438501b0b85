//! Forms and queries that carry an OAuth 1.0a signature (RFC 5849 section 3.4.1.3): what has to be read before the
//! client is authenticated.
//!
//! A signature covers the form that is sent with it, and the protocol parameters may be in the form or in the query,
//! among the parameters of the operation. Therefore the form of a signed request, and of no other, is read first, and
//! the protocol parameters are removed from query and form, so that dialects see only their own parameters. All other
//! bodies are read after authentication.
//!
//! In: the head and the body of a request. Out: both without protocol parameters, and a [`SignedForm`] with the
//! original. Must not know: which client signs, routes.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use url::Url;

use super::authorization::Authorization;
use super::body::{BodyLimits, RequestBody};
use super::content_type::ContentType;
use super::credential::has_gateway_token;
use super::external_url::ExternalUrl;
use super::request_facts::RequestFacts;
use super::unauthenticated_body::LARGEST_BODY;
use crate::auth::oauth1::{RawRequest, SignedRequest, has_signature, strip_protocol_parameters};
use crate::error::Problem;
use crate::http::body_budget::BodySender;
use crate::http::state::AppState;

/// What the client sent and dialects do not see.
#[derive(Debug, Default)]
pub(in crate::http) struct SignedForm {
    /// The form that a signature may cover.
    form: Option<Bytes>,
    /// Whether the protocol parameters are in the query or in the form.
    is_signed_in_parameters: bool,
}

impl SignedForm {
    /// Reads the form if it may be covered by a signature, and removes the protocol parameters from query and form. A
    /// form of an unauthenticated client is read up to 64 KiB; up to the body limit if the header names an existing
    /// client.
    ///
    /// # Errors
    /// 400, 413 or 415 for a form that cannot be read.
    pub(in crate::http) async fn extract(
        head: &mut Parts,
        body: &mut RequestBody,
        state: &AppState,
    ) -> Result<Self, Problem> {
        if has_gateway_token(&head.headers) {
            return Ok(Self::default());
        }
        if !head.headers.contains_key(AUTHORIZATION) {
            return Self::extract_from_parameters(head, body, state).await;
        }
        if !matches!(Authorization::parse(&head.headers), Ok(Some(Authorization::OAuth(_)))) {
            return Ok(Self::default());
        }
        let may_be_large = body.announced_size() > LARGEST_BODY && names_existing_client(head, state).await;
        let form = read_form(head, body, state, may_be_large).await?;
        Ok(Self { form, is_signed_in_parameters: false })
    }

    /// Without an `Authorization` header the signature can be in the query or in the form.
    async fn extract_from_parameters(
        head: &mut Parts,
        body: &mut RequestBody,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let form = read_form(head, body, state, false).await?;
        let query = head.uri.query().unwrap_or_default().as_bytes();
        if has_signature(query) {
            head.uri = with_query(&head.uri, &strip_protocol_parameters(query));
            return Ok(Self { form, is_signed_in_parameters: true });
        }
        let signed_form = form.as_ref().filter(|form| has_signature(form));
        let is_signed_in_parameters = signed_form.is_some();
        if let Some(form) = signed_form {
            body.replace(strip_protocol_parameters(form));
        }
        Ok(Self { form, is_signed_in_parameters })
    }

    /// Whether the protocol parameters are in the query or in the form.
    pub(in crate::http) fn is_signed_in_parameters(&self) -> bool {
        self.is_signed_in_parameters
    }

    /// The form as it was sent, if it was read.
    pub(in crate::http) fn form(&self) -> Option<&Bytes> {
        self.form.as_ref()
    }

    /// Frees the form after the signature was verified: it can be as large as the body.
    pub(in crate::http) fn release_form(&mut self) {
        self.form = None;
    }

    /// The signed request with its protocol parameters, not yet verified; `None` if the request is not signed.
    ///
    /// # Errors
    /// 400 for malformed parameters or forwarding headers, 401 for an empty header.
    pub(in crate::http) fn parse_signature(
        &self,
        head: &Parts,
        public_url: Option<&Url>,
    ) -> Result<Option<SignedRequest>, Problem> {
        let url = ExternalUrl::from_request(head, public_url)?;
        let target = RequestFacts::from_extensions(&head.extensions).map_or(&head.uri, |facts| &facts.target.0);
        SignedRequest::parse(&RawRequest {
            method: &head.method,
            scheme: &url.scheme,
            authority: &url.authority,
            prefix: &url.prefix,
            target,
            authorization: head.headers.get(AUTHORIZATION).map(|value| value.as_bytes()),
            form: self.form.as_deref(),
        })
    }
}

/// Whether the header names an application that exists. Only then a form of more than 64 KiB is read.
async fn names_existing_client(head: &Parts, state: &AppState) -> bool {
    match SignedForm::default().parse_signature(head, state.public_url.as_ref()) {
        Ok(Some(signed)) => state.tokens.oauth1.client_exists(&signed.consumer_key).await,
        _ => false,
    }
}

/// The form in the body, if there is one that may be read. The body still contains it afterwards. Only forms of a
/// single part are signed, with any charset, and no other bodies (O1-03).
async fn read_form(
    head: &Parts,
    body: &mut RequestBody,
    state: &AppState,
    may_be_large: bool,
) -> Result<Option<Bytes>, Problem> {
    let is_form = ContentType::parse(&head.headers) == ContentType::Form;
    let is_readable = is_form && !head.headers.contains_key(CONTENT_ENCODING);
    if !is_readable || (!may_be_large && body.announced_size() > LARGEST_BODY) {
        return Ok(None);
    }
    let largest = BodyLimits::largest_in(&head.extensions);
    let form = body.read(largest, &state.body_budget, BodySender::Unauthenticated).await?;
    body.replace(form.clone());
    Ok(Some(form))
}

fn with_query(uri: &Uri, query: &[u8]) -> Uri {
    let query = std::str::from_utf8(query).unwrap_or_default();
    let text = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(text).ok();
    Uri::from_parts(parts).unwrap_or_default()
}
