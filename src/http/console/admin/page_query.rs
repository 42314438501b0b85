//! The parameters in the query of a page.
//!
//! In: a request. Out: values, links that keep some of them. Must not know: what they mean.

use std::borrow::Cow;

use crate::http::request::ApiRequest;

/// The parameters in the query of a page.
#[derive(Debug)]
pub(super) struct LinkQuery(Vec<(String, String)>);

impl LinkQuery {
    pub(super) fn parse(request: &ApiRequest) -> Self {
        Self::parse_text(request.head.uri.query().unwrap_or_default())
    }

    pub(super) fn parse_text(query: &str) -> Self {
        // No text that is searched contains control characters, and PostgreSQL accepts no NUL.
        let printable = |text: Cow<'_, str>| text.replace(char::is_control, "");
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), printable(value))).collect())
    }

    /// The value of a parameter without spaces around it; empty without the parameter.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// A target with some of these parameters and one more.
    pub(super) fn with(&self, path: &str, kept: &[&str], added: (&str, impl ToString)) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for name in kept.iter().filter(|name| !self.value(name).is_empty()) {
            query.append_pair(name, self.value(name));
        }
        query.append_pair(added.0, &added.1.to_string());
        format!("{path}?{}", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_no_control_characters_and_no_spaces_around_them() {
        let query = LinkQuery::parse_text("search=+a%00b%0A+&page=2");
        assert_eq!((query.value("search"), query.value("page"), query.value("other")), ("ab", "2", ""));
        assert_eq!(query.with("/x", &["search", "other"], ("page", 3)), "/x?search=ab&page=3");
    }
}
