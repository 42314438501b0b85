//! Parameters that the route did not read: misspelled ones, those of other dialects, and unknown ones.
//!
//! In: [`RequestParams`] from which the route has read its parameters. Out: nothing, or 400 that names the right
//! parameter: a misspelled filter must not return all records. Must not know: routes.

use std::sync::PoisonError;

use super::RequestParams;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// Names for the same parameter in the dialects and in other APIs. If a route reads one of a group, the others are
/// errors; the first one that the route reads is suggested.
const SYNONYMS: &[&[&str]] = &[
    &["ids", "id"],
    &["domain", "filter", "id", "ids", "filters", "domains", "where"],
    &["fields", "query", "allfields", "field", "select", "columns", "attributes"],
    &["limit", "page_size", "pagesize", "per_page", "size"],
    &["offset", "page", "skip", "start"],
    &["order", "sort", "order_by", "orderby", "sort_by"],
    &["vals", "data", "values", "body"],
    &["args", "arguments", "params"],
    &["kwargs", "keywords"],
    &["method", "function"],
];

/// The largest number of unknown names that are ignored. Each is compared with all known names, so a body with very
/// many names would be expensive.
const MAX_UNKNOWN: usize = 256;

impl RequestParams {
    /// Rejects a parameter whose name resembles one that the route has read; with `strict`, every parameter that the
    /// route has not read.
    ///
    /// # Errors
    /// 400 with the name of the parameter, and of the similar one if there is one.
    pub(in crate::http) fn reject_unknown(&self, strict: bool) -> Result<(), Problem> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let in_query = self.query.0.keys().filter(|_| !read.query);
        let in_body = self.body.0.keys().filter(|_| !read.body);
        let is_read = |name: &String| read.names.contains(name);
        for (position, name) in in_query.chain(in_body).filter(|name| !is_read(name)).enumerate() {
            if position == MAX_UNKNOWN {
                return Err(too_many());
            }
            // OAuth 1.0a allows its parameters in query and form.
            if name.starts_with("oauth_") || name == "context" {
                continue;
            }
            if let Some(right) = similar_name(name, read.names.iter().map(String::as_str)) {
                return Err(misnamed(name, right));
            }
            if strict {
                let detail = format!("This operation has no parameter {}.", truncate(name));
                let hint = "`Prefer: handling=strict` rejects unknown parameters. Without it they are ignored.";
                return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter(truncate(name)).hint(hint));
            }
        }
        Ok(())
    }
}

/// The parameter among `known` that `name` most likely stands for.
pub(in crate::http) fn similar_name<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // All parameters are shorter, and the comparison costs the product of both lengths.
    if name.len() > 32 {
        return None;
    }
    let known: Vec<&str> = known.collect();
    let normalized = name.to_ascii_lowercase().replace('-', "_");
    let find = |wanted: &str| known.iter().copied().find(|known| *known == wanted);
    let contains_name = |group: &&&[&str]| group.contains(&normalized.as_str());
    let synonym =
        || SYNONYMS.iter().filter(contains_name).find_map(|group| group.iter().find_map(|synonym| find(synonym)));
    let is_similar = |known: &&str| {
        let max_distance = if known.len() >= 6 { 2 } else { 1 };
        known.len() >= 4 && strsim::damerau_levenshtein(known, &normalized) <= max_distance
    };
    find(&normalized).or_else(synonym).or_else(|| known.iter().copied().find(is_similar))
}

fn misnamed(name: &str, right: &str) -> Problem {
    let name = truncate(name);
    let detail = format!("This operation has no parameter {name}. Use the parameter {right} instead.");
    Problem::new(ErrorCode::InvalidParameter, detail).parameter(name).hint(format!("Did you mean {right}?"))
}

fn too_many() -> Problem {
    let detail = format!("The request has more than {MAX_UNKNOWN} unknown parameters.");
    Problem::new(ErrorCode::InvalidParameter, detail)
        .hint("Send the values of a record in the parameter that the documentation of the operation names.")
}

/// A name as errors contain it: clients can send names of any length.
fn truncate(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    async fn hint(query: &str, read: &[&str], strict: bool) -> Option<String> {
        let (head, ()) = Request::builder().uri(format!("/?{query}")).body(()).unwrap().into_parts();
        let params = RequestParams::parse(&head, Bytes::new()).await.unwrap();
        read.iter().for_each(|name| assert!(params.tree(name).is_ok()));
        params.reject_unknown(strict).err().map(|problem| problem.hint.unwrap_or_default())
    }

    #[tokio::test]
    async fn misspelled_names_and_names_of_other_dialects_are_rejected_with_a_suggestion() {
        let list = ["query", "filter", "order", "limit", "page"];
        for (query, right) in [
            ("domain=1", Some("filter")),
            ("ids=1", Some("filter")),
            ("fields=1", Some("query")),
            ("flter=1", Some("filter")),
            ("Limit=1", Some("limit")),
            ("per_page=1", Some("limit")),
            ("offset=1", Some("page")),
            ("limit=1&color=2&context={}", None),
            ("oauth_token=x", None),
        ] {
            let expected = right.map(|right| format!("Did you mean {right}?"));
            assert_eq!(hint(query, &list, false).await, expected, "{query}");
        }
        assert_eq!(hint("domain=1", &["fields"], false).await, None);
    }

    #[tokio::test]
    async fn very_many_unknown_names_are_rejected() {
        let query = |count: usize| (0..count).map(|name| format!("k{name}=1&")).collect::<String>();
        assert_eq!(hint(&query(MAX_UNKNOWN), &["limit"], false).await, None);
        assert!(hint(&query(MAX_UNKNOWN + 1), &["limit"], false).await.is_some());
    }

    #[tokio::test]
    async fn unknown_names_are_ignored_unless_handling_is_strict() {
        assert_eq!(hint("limit=1&color=2", &["limit"], false).await, None);
        assert!(hint("limit=1&color=2", &["limit"], true).await.unwrap().starts_with("`Prefer: handling=strict`"));
        assert_eq!(hint("limit=1&context={}", &["limit"], true).await, None);
    }
}
