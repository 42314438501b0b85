//! `Idempotency-Key`: a request that writes is done once under it; who sends it again gets the first one's answer.
//!
//! ```text
//! key       1 to 255 visible ASCII characters, the caller's own; it counts for one credential and 24 hours
//! the same  method, path, query, X-Odoo-…, Accept, Prefer, Content-Type and body, but for OAuth's own parameters
//! replayed  the answer with `Idempotency-Replayed: true`
//! released  nothing was done, and the next try may go better: 401, 403, 429, 503, concurrent updates
//! ```
//!
//! In: a request's head and body, who calls, the work. Out: the answer, the first or the kept one. Must not know: what
//! the work is. Work that has begun goes on to its end without its caller: who lost the connection asks again and is
//! told what came of it.

use std::borrow::Cow;
use std::future::Future;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use tracing::Instrument as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, Required};

use crate::auth::Principal;
use crate::error::Problem;
use crate::explain::{Class, Code};
use crate::repeat::{Claim, Kept, Outcome, Repeats, Turn};

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;

/// Headers that say something about what is asked.
const ASKING: [&str; 7] =
    ["x-odoo-database", "x-odoo-lang", "x-odoo-tz", "x-odoo-company", "prefer", "accept", "content-type"];

/// Headers of an answer that are kept with it. The others belong to the request that is answered.
const KEPT: [HeaderName; 6] = [
    CONTENT_TYPE,
    CONTENT_DISPOSITION,
    LOCATION,
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("x-read-back"),
    HeaderName::from_static("x-omitted-fields"),
];

/// A request under a key, not yet begun.
#[derive(Debug)]
pub(super) struct Once {
    repeats: Repeats,
    key: String,
    request: Vec<Vec<u8>>,
}

impl Once {
    /// Of a request that has the header; `None` without it.
    ///
    /// # Errors
    /// 400 for two keys and for one that is no key.
    pub(super) fn of(repeats: &Repeats, head: &Parts, body: &Bytes) -> Result<Option<Self>, Problem> {
        let Some(key) = key(&head.headers)? else { return Ok(None) };
        Ok(Some(Self { repeats: repeats.clone(), key: key.to_owned(), request: parts_of(head, body) }))
    }

    /// Does the work if it is the first under its key, else answers what came of the first.
    ///
    /// # Errors
    /// The work's own; 409, 422 and 504 of the key.
    pub(super) async fn run<W>(self, who: &Principal, work: W) -> Result<Response, Problem>
    where
        W: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let request: Vec<&[u8]> = self.request.iter().map(Vec::as_slice).collect();
        match self.repeats.begin(who, &self.key, &request).await? {
            Turn::Again(kept) => replay(kept),
            Turn::First(claim) => {
                let work = async move { settle(claim, work.await).await };
                tokio::spawn(work.in_current_span()).await.map_err(Problem::internal)?
            }
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let refuse = |code, detail: &str| Err(Problem::new(code, detail).parameter("Idempotency-Key"));
    if keys.next().is_some() {
        return refuse(Code::RepeatedParameter, "Idempotency-Key: the header is given twice.");
    }
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fits => Ok(Some(key)),
        _ => refuse(Code::InvalidParameter, "Idempotency-Key: expected 1 to 255 visible ASCII characters."),
    }
}

/// Everything that makes this request another one.
fn parts_of(head: &Parts, body: &Bytes) -> Vec<Vec<u8>> {
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let is_form = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded"));
    let body = if is_form { without_oauth(body) } else { Cow::Borrowed(body.as_ref()) };
    let mut parts = vec![
        head.method.as_str().as_bytes().to_vec(),
        head.uri.path().as_bytes().to_vec(),
        without_oauth(query).into_owned(),
    ];
    parts.extend(ASKING.map(|name| head.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b'\n')));
    parts.push(body.into_owned());
    parts
}

/// Pairs without those of OAuth 1.0a: nonce and signature are new each time.
fn without_oauth(pairs: &[u8]) -> Cow<'_, [u8]> {
    if !pairs.windows(6).any(|start| start == b"oauth_") {
        return Cow::Borrowed(pairs);
    }
    let own = |pair: &&[u8]| !pair.starts_with(b"oauth_");
    Cow::Owned(pairs.split(|byte| *byte == b'&').filter(own).collect::<Vec<_>>().join(&b'&'))
}

/// Keeps what came of the work, or releases the key.
async fn settle(claim: Claim, done: Result<Response, Problem>) -> Result<Response, Problem> {
    match done {
        Ok(answer) => keep_answer(claim, answer).await,
        Err(problem) if may_go_better(&problem) => {
            claim.release().await;
            Err(problem)
        }
        Err(problem) => {
            claim.keep(&Kept(Outcome::Failed(Box::new(problem.clone())))).await;
            Err(problem)
        }
    }
}

/// Whether nothing was done, for a reason that may be gone at the next try.
fn may_go_better(problem: &Problem) -> bool {
    let classes = [Class::Unauthorized, Class::Forbidden, Class::TooManyRequests, Class::Unavailable];
    problem.code == Code::ConcurrentUpdate || classes.contains(&problem.class())
}

async fn keep_answer(claim: Claim, answer: Response) -> Result<Response, Problem> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(Problem::internal)?.to_bytes();
    let text = |name: &HeaderName| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let headers = KEPT.iter().filter_map(text).collect();
    claim.keep(&Kept::answer(head.status.as_u16(), headers, &body)).await;
    Ok(Response::from_parts(head, Body::from(body)))
}

/// The first one's answer. A problem is told anew, with this request's own id.
fn replay(Kept(outcome): Kept) -> Result<Response, Problem> {
    let mut answer = match outcome {
        Outcome::Failed(problem) => problem.into_response(),
        Outcome::TooLarge { size, .. } => {
            let detail = format!("It was done, but its answer of {size} bytes was too large to be kept.");
            Problem::new(Code::IdempotencyAnswerGone, detail).hint("Read the records.").into_response()
        }
        Outcome::Answer { status, headers, body } => {
            let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
            let mut answer = (status, body).into_response();
            answer.headers_mut().remove(CONTENT_TYPE);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
    };
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}

/// Says in the document that every operation that writes takes a key.
pub(super) fn offer_keys(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(offer_key);
    }
}

fn offer_key(operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_KEY)).build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name of the caller's own for this request: sent again under it within 24 hours, it is not done again but \
             answered as before, with `Idempotency-Replayed: true`. While the first is under way: 409. Another request \
             under the same name: 422. When the gateway ended in the middle: 409, and after three minutes 504, because \
             nobody knows what came of it.",
        ))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(key.into());
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(keys: &[&[u8]]) -> Result<Option<String>, Code> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(KEY, HeaderValue::from_bytes(key).unwrap());
        }
        key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.code)
    }

    #[test]
    fn a_key_is_visible_ascii_and_one() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        assert_eq!(found(&[]), Ok(None));
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "~!", &longest] {
            assert_eq!(found(&[good.as_bytes()]), Ok(Some(good.to_owned())));
        }
        for bad in [&b""[..], b"a b", b"\xc3\xa9", b"a\tb", longer.as_bytes()] {
            assert_eq!(found(&[bad]), Err(Code::InvalidParameter), "{bad:?}");
        }
        assert_eq!(found(&[b"a", b"a"]), Err(Code::RepeatedParameter));
    }

    fn parts(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<Vec<u8>> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(target), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.body(()).unwrap().into_parts();
        parts_of(&head, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn whatever_changes_what_is_asked_makes_another_request() {
        let usual = parts("POST", "/a?x=1", &[("accept", "application/json")], "b");
        assert_eq!(usual, parts("POST", "/a?x=1", &[("accept", "application/json"), ("user-agent", "y")], "b"));
        for other in [
            parts("PUT", "/a?x=1", &[("accept", "application/json")], "b"),
            parts("POST", "/b?x=1", &[("accept", "application/json")], "b"),
            parts("POST", "/a?x=2", &[("accept", "application/json")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/xml")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/json"), ("x-odoo-lang", "fr_FR")], "b"),
            parts("POST", "/a?x=1", &[("accept", "application/json")], "c"),
        ] {
            assert_ne!(usual, other);
        }
    }

    #[test]
    fn a_signature_that_is_new_each_time_is_not_what_is_asked() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
        assert_eq!(
            parts("POST", "/a?oauth_nonce=1&x=1", &form, "vals=1&oauth_signature=a"),
            parts("POST", "/a?x=1&oauth_nonce=2", &form, "oauth_signature=b&vals=1"),
        );
        assert_ne!(parts("POST", "/a", &[], "oauth_a=1"), parts("POST", "/a", &[], "oauth_a=2"));
    }

    #[test]
    fn only_what_was_certainly_not_done_and_may_go_better_is_tried_again() {
        let better = |code| may_go_better(&Problem::new(code, ""));
        for code in [
            Code::OdooBusy,
            Code::OdooUnreachable,
            Code::ConcurrentUpdate,
            Code::RateLimited,
            Code::AccessDenied,
            Code::OdooCredentialStale,
        ] {
            assert!(better(code), "{code:?}");
        }
        for code in [
            Code::OutcomeUnknown,
            Code::OdooInternalError,
            Code::OdooUnreadable,
            Code::ResultNotRepresentable,
            Code::Internal,
            Code::OdooRefused,
            Code::UniqueConflict,
            Code::RecordNotFound,
        ] {
            assert!(!better(code), "{code:?}");
        }
    }
}
