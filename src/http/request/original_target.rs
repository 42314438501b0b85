//! The target of a request with and without its trailing slash: `/a/` is the same route as `/a`.
//!
//! In: the target as the client sent it, which is kept as the [`OriginalTarget`] that OAuth signatures cover. Out: the
//! target for routing. Must not know: routes. Only one slash is removed: `/a//` is not `/a`.

use http::Request;
use http::uri::{PathAndQuery, Uri};

/// The target as the client sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct OriginalTarget(pub Uri);

/// Removes a trailing slash of the path.
pub(in crate::http) fn normalize<B>(request: &mut Request<B>) {
    if let Some(trimmed) = trimmed(request.uri()) {
        *request.uri_mut() = trimmed;
    }
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
    fn one_trailing_slash_is_removed() {
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
        }
    }
}
