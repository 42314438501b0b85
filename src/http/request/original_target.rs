//! With and without a slash at the end, a path is one route (contract 0.2).
//!
//! In: the request's target. Out: the target for routing, and in the extensions the [`SentTarget`], which
//! signatures are made over. Must not know: routes. One slash only: `/a//` is not `/a`.

use http::Request;
use http::uri::{PathAndQuery, Uri};

/// The target as the caller sent it, its path untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTarget(pub Uri);

/// Keeps the target and takes the slash off the end of the path.
pub(in crate::http) fn normalize<B>(request: &mut Request<B>) {
    let sent = request.uri().clone();
    if let Some(trimmed) = trimmed(&sent) {
        *request.uri_mut() = trimmed;
    }
    request.extensions_mut().insert(SentTarget(sent));
}

fn trimmed(sent: &Uri) -> Option<Uri> {
    let path = sent.path().strip_suffix('/').filter(|rest| !rest.is_empty() && !rest.ends_with('/'))?;
    let path_and_query = match sent.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")).ok()?,
        None => PathAndQuery::try_from(path).ok()?,
    };
    let mut parts = sent.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_goes_and_what_was_sent_is_kept() {
        for (sent, routed) in [
            ("/a/b/", "/a/b"),
            ("/a/?d=[(%22x%22)]/", "/a?d=[(%22x%22)]/"),
            ("http://x/a/", "http://x/a"),
            ("/a", "/a"),
            ("/", "/"),
            ("/a//", "/a//"),
            ("//", "//"),
            ("*", "*"),
        ] {
            let mut request = Request::builder().uri(sent).body(()).unwrap();
            normalize(&mut request);
            assert_eq!(request.uri().to_string(), routed, "{sent}");
            let SentTarget(kept) = request.extensions().get().unwrap();
            assert_eq!(kept, sent);
        }
    }
}
