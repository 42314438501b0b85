//! Parameters that no stage asked for: nearly right ones, those of other dialects, and others.
//!
//! In: an [`Input`] from which a route has read what it knows. Out: nothing, or 400 that names the right parameter: a
//! filter that is ignored answers everything. Must not know: routes.

use std::sync::PoisonError;

use super::Input;
use crate::error::Problem;
use crate::error_code::Code;

/// Names for one thing, in the dialects or elsewhere: where a route knows one of them, the others are mistakes. The first
/// that the route knows is the one to use.
const ALIKE: &[&[&str]] = &[
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

/// How many names that nobody asked for are ignored. Each is compared with all that are known, a body may have a million
/// of them, and which of so many was meant to be a filter, nobody knows.
const MOST_UNKNOWN: usize = 256;

impl Input {
    /// Refuses what was given and is nearly the name of something that was asked for; under `strict` all that was given
    /// and not asked for.
    ///
    /// # Errors
    /// 400 naming the parameter, and the right one where there is one.
    pub(in crate::http) fn refuse_unread(&self, strict: bool) -> Result<(), Problem> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let in_query = self.query.0.keys().filter(|_| !read.query);
        let in_body = self.body.0.keys().filter(|_| !read.body);
        let is_read = |name: &String| read.names.contains(name);
        for (place, name) in in_query.chain(in_body).filter(|name| !is_read(name)).enumerate() {
            if place == MOST_UNKNOWN {
                return Err(too_many());
            }
            // Credentials may stand among the parameters, and signatures cover them.
            if name.starts_with("oauth_") || name == "context" {
                continue;
            }
            if let Some(right) = meant(name, read.names.iter().map(String::as_str)) {
                return Err(misnamed(name, right));
            }
            if strict {
                let detail = format!("There is no parameter {} here.", shown(name));
                let hint = "Prefer: handling=strict refuses what is not known; without it, it is ignored.";
                return Err(Problem::new(Code::InvalidParameter, detail).parameter(shown(name)).hint(hint));
            }
        }
        Ok(())
    }
}

/// The parameter among `known` that was probably meant.
pub(in crate::http) fn meant<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // No parameter is much longer, and comparing costs the product of both lengths.
    if name.len() > 32 {
        return None;
    }
    let known: Vec<&str> = known.collect();
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let named = |wanted: &str| known.iter().copied().find(|known| *known == wanted);
    let of_group = |group: &&&[&str]| group.contains(&plain.as_str());
    let alike = || ALIKE.iter().filter(of_group).find_map(|group| group.iter().find_map(|alike| named(alike)));
    let is_near = |known: &&str| {
        let most = if known.len() >= 6 { 2 } else { 1 };
        known.len() >= 4 && strsim::damerau_levenshtein(known, &plain) <= most
    };
    named(&plain).or_else(alike).or_else(|| known.iter().copied().find(is_near))
}

fn misnamed(name: &str, right: &str) -> Problem {
    let shown = shown(name);
    let detail = format!("There is no parameter {shown} here. The parameter {right} is the one to use.");
    Problem::new(Code::InvalidParameter, detail).parameter(shown).hint(format!("Did you mean {right}?"))
}

fn too_many() -> Problem {
    let detail = format!("There are more than {MOST_UNKNOWN} parameters here that are not known.");
    Problem::new(Code::InvalidParameter, detail).hint("Send the values of a record as the operation describes it.")
}

/// A name as errors show it: it comes from outside, and may be anything.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    async fn refused(query: &str, read: &[&str], strict: bool) -> Option<String> {
        let input = Input::read(Some(query), &HeaderMap::new(), Bytes::new()).await.unwrap();
        read.iter().for_each(|name| assert!(input.tree(name).is_ok()));
        input.refuse_unread(strict).err().map(|problem| problem.hint.unwrap_or_default())
    }

    #[tokio::test]
    async fn a_name_of_another_dialect_or_a_near_one_names_the_right_one() {
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
            assert_eq!(refused(query, &list, false).await, expected, "{query}");
        }
        assert_eq!(refused("domain=1", &["fields"], false).await, None);
    }

    #[tokio::test]
    async fn more_unknown_names_than_anybody_means_are_refused() {
        let query = |count: usize| (0..count).map(|name| format!("k{name}=1&")).collect::<String>();
        assert_eq!(refused(&query(MOST_UNKNOWN), &["limit"], false).await, None);
        assert!(refused(&query(MOST_UNKNOWN + 1), &["limit"], false).await.is_some());
    }

    #[tokio::test]
    async fn what_is_not_known_is_ignored_unless_the_client_wants_it_strictly() {
        assert_eq!(refused("limit=1&color=2", &["limit"], false).await, None);
        assert!(refused("limit=1&color=2", &["limit"], true).await.unwrap().starts_with("Prefer: handling=strict"));
        assert_eq!(refused("limit=1&context={}", &["limit"], true).await, None);
    }
}
