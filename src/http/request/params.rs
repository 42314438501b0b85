//! The parameters of a request: from the query string, a form, a multipart form or a JSON body.
//!
//! ```text
//! body       parses JSON, forms and multipart forms
//! arguments  args, kwargs, or a body of keyword arguments
//! repeated   parameters that a query repeats
//! unknown    parameters that no route reads
//! ```
//!
//! In: the head and the body of a request. Out: [`RequestParams`], with one method per type of parameter; the body as
//! the values of a record. Must not know: routes, which parameters exist. A parameter in the body takes precedence
//! over one in the query. A repeated parameter is rejected as ambiguous, unless the dialect defines what repetition
//! means.

mod arguments;
mod body;
mod repeated;
mod unknown;

pub(in crate::http) use unknown::similar_name;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderMap;
use indexmap::IndexMap;

use crate::auth::oauth1::form_pairs;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::domain::Domain;
use crate::language::literal::{self, Limits};
use crate::language::order::Order;
use crate::language::selection::Selection;
use crate::language::{SyntaxError, TreeError, bool_and_int, lists};
use crate::names::{FieldName, RecordId};
use crate::plan::{FieldSet, FormEntry, Values, Window};
use crate::value::{Member, Value};

/// All parameters of a request.
#[derive(Debug, Default)]
pub(in crate::http) struct RequestParams {
    query: ParamMap,
    body: ParamMap,
    /// The values of repeated query parameters after the first one.
    repeated: IndexMap<String, Vec<String>>,
    /// The number of values parsed from the body so far: all literals in a body share one limit.
    values: AtomicUsize,
    /// The parameters that the route has read, whether they were sent or not.
    read: Mutex<ReadParams>,
}

/// The parameters that a route has read.
#[derive(Debug, Default)]
struct ReadParams {
    /// Names, each once.
    names: Vec<String>,
    /// Whether the route reads every parameter of the query.
    query: bool,
    /// Whether the route reads every member of the body.
    body: bool,
}

/// The parameters of the query or of the body, each once. Lookup takes constant time: a form may have many parameters.
#[derive(Debug, Clone, Default)]
struct ParamMap(IndexMap<String, ParamValue>);

/// The value of a parameter.
#[derive(Debug, Clone)]
enum ParamValue {
    /// A text, which may contain a literal.
    Text(String, ParamLocation),
    /// A member of a JSON body.
    Tree(Value<'static>),
    /// A file of a multipart form.
    File(Bytes),
}

/// Where a text was sent, which determines the limits of a literal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParamLocation {
    Query,
    Body,
}

impl ParamLocation {
    fn limits(self) -> Limits {
        match self {
            Self::Query => Limits::query(),
            Self::Body => Limits::body(),
        }
    }
}

impl ParamMap {
    fn add(&mut self, name: String, value: ParamValue) -> Result<(), Problem> {
        if self.0.contains_key(&name) {
            return Err(repeated_parameter(&name));
        }
        self.0.insert(name, value);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&ParamValue> {
        self.0.get(name)
    }
}

impl RequestParams {
    /// Parses query and body.
    ///
    /// # Errors
    /// 400 for malformed or repeated parameters, 415 for a body of another media type.
    pub(in crate::http) async fn parse(query: Option<&str>, headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let params = Self::parse_repeated(query, headers, body).await?;
        params.require_all_single()?;
        Ok(params)
    }

    /// As [`parse`](Self::parse), but the query may repeat parameters.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), except for repeated query parameters.
    pub(in crate::http) async fn parse_repeated(
        query: Option<&str>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Problem> {
        let mut params = Self::default();
        for (name, value) in parse_pairs(query.unwrap_or_default().as_bytes(), "the query string")? {
            if params.query.get(&name).is_some() {
                params.repeated.entry(name).or_default().push(value);
            } else {
                params.query.add(name, ParamValue::Text(value, ParamLocation::Query))?;
            }
        }
        if !body.is_empty() {
            let (parameters, values) = body::parse(headers, body).await?;
            (params.body, params.values) = (parameters, values.into());
        }
        Ok(params)
    }

    /// The parameters of the query alone, for dialects whose body is a record and contains no parameters.
    pub(in crate::http) fn without_body(&self) -> Self {
        Self { query: self.query.clone(), repeated: self.repeated.clone(), ..Self::default() }
    }

    /// The body as the values of a record: every member is a field.
    pub(in crate::http) fn values(&self) -> Values {
        self.mark_body_read();
        let is_tree = |value: &ParamValue| matches!(value, ParamValue::Tree(_));
        if self.body.0.values().all(is_tree) {
            return Values::from_tree("body", Value::Map(self.members()));
        }
        let entry = |value: &ParamValue| match value {
            ParamValue::Text(text, _) => FormEntry::Text(text.clone()),
            ParamValue::Tree(tree) => FormEntry::Text(tree.excerpt(usize::MAX)),
            ParamValue::File(content) => FormEntry::File(BASE64.encode(content)),
        };
        Values::from_form(self.body.0.iter().map(|(name, value)| (name.clone(), entry(value))).collect())
    }

    /// The members of a JSON body.
    fn members(&self) -> Vec<Member<'static>> {
        let tree = |value: &ParamValue| match value {
            ParamValue::Tree(tree) => Some(tree.clone()),
            _ => None,
        };
        self.body.0.iter().filter_map(|(name, value)| Some((name.clone().into(), tree(value)?))).collect()
    }

    /// The value of the parameter; `None` for an empty text.
    fn non_empty(&self, name: &str) -> Option<&ParamValue> {
        match self.get(name)? {
            ParamValue::Text(text, _) if text.trim().is_empty() => None,
            ParamValue::Tree(Value::Text(text)) if text.trim().is_empty() => None,
            value => Some(value),
        }
    }

    /// Whether the parameter was sent and is not empty.
    pub(in crate::http) fn is_set(&self, name: &str) -> bool {
        self.non_empty(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&ParamValue> {
        self.mark_read(name);
        self.body.get(name).or_else(|| self.query.get(name))
    }

    fn mark_read(&self, name: &str) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.names.iter().any(|known| known == name) {
            read.names.push(name.to_owned());
        }
    }

    /// Marks every member of the body as read.
    fn mark_body_read(&self) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).body = true;
    }

    /// Marks every parameter as read.
    fn mark_all_read(&self) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        (read.query, read.body) = (true, true);
    }

    fn parse_param<T>(
        &self,
        name: &str,
        code: ErrorCode,
        parse_text: impl FnOnce(&str, Limits) -> Result<T, SyntaxError>,
        parse_tree: impl FnOnce(&Value<'static>) -> Result<T, TreeError>,
    ) -> Result<Option<T>, Problem> {
        match self.non_empty(name) {
            None => Ok(None),
            Some(ParamValue::Text(text, location)) => {
                parse_text(text, location.limits()).map(Some).map_err(|error| error.into_problem(code, name))
            }
            // A JSON string may contain a literal, as the same parameter in a query.
            Some(ParamValue::Tree(Value::Text(text))) => {
                parse_text(text, Limits::body()).map(Some).map_err(|error| error.into_problem(code, name))
            }
            Some(ParamValue::Tree(tree)) => parse_tree(tree).map(Some).map_err(|error| error.into_problem(code, name)),
            Some(ParamValue::File(content)) => {
                let text = file_text(name, content)?;
                parse_text(text, Limits::body()).map(Some).map_err(|error| error.into_problem(code, name))
            }
        }
    }

    /// A domain; all records without the parameter.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn domain(&self, name: &str) -> Result<Domain<'static>, Problem> {
        let parse_tree = |tree: &Value<'static>| Domain::from_value(tree.clone());
        let parse_text = |text: &str, limits| Domain::parse(text, limits).map(Domain::into_owned);
        Ok(self.parse_param(name, ErrorCode::InvalidDomain, parse_text, parse_tree)?.unwrap_or_default())
    }

    /// A list of names; `None` without the parameter or for an empty list.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn names(&self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        Ok(self.parse_param(name, ErrorCode::InvalidParameter, lists::parse_names, lists::names_from_value)?.flatten())
    }

    /// The names of fields; all fields without the parameter.
    ///
    /// # Errors
    /// 400 for an invalid field name.
    pub(in crate::http) fn fields(&self, name: &str) -> Result<FieldSet, Problem> {
        let Some(names) = self.names(name)? else { return Ok(FieldSet::All) };
        let parse = |text: &String| {
            FieldName::parse(text)
                .map_err(|error| Problem::new(ErrorCode::UnknownField, format!("{name}: {error}")).parameter(name))
        };
        names.iter().map(parse).collect::<Result<_, _>>().map(FieldSet::Named)
    }

    /// A list of record ids; `None` without the parameter. An empty parameter is an empty list.
    ///
    /// # Errors
    /// 400 with the position of the first invalid id.
    pub(in crate::http) fn ids(&self, name: &str) -> Result<Option<Vec<RecordId>>, Problem> {
        if self.non_empty(name).is_none() {
            return Ok(self.get(name).is_some().then(Vec::new));
        }
        self.parse_param(name, ErrorCode::InvalidParameter, lists::parse_ids, lists::ids_from_value)
    }

    /// A boolean.
    ///
    /// # Errors
    /// 400 for any other value.
    pub(in crate::http) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        Ok(self
            .parse_param(
                name,
                ErrorCode::InvalidParameter,
                |text, _| bool_and_int::parse_boolean(text),
                bool_and_int::boolean_from_value,
            )?
            .unwrap_or(default))
    }

    /// An integer of at least `least`.
    ///
    /// # Errors
    /// 400 for any other value.
    pub(in crate::http) fn number(&self, name: &str, least: u32) -> Result<Option<u32>, Problem> {
        let bounds = i64::from(least)..=i64::from(i32::MAX);
        let parse_text = |text: &str, _| bool_and_int::parse_integer(text, bounds.clone());
        let number = self.parse_param(name, ErrorCode::InvalidParameter, parse_text, |tree| {
            bool_and_int::integer_from_value(tree, bounds.clone())
        })?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }

    /// A text. Errors never quote it, as it may be a secret.
    ///
    /// # Errors
    /// 400 for a member of a JSON body that is not a string.
    pub(in crate::http) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        Self::to_text(name, self.non_empty(name))
    }

    /// As [`text`](Self::text), but including an empty text: logins and passwords are not trimmed.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub(in crate::http) fn text_as_sent(&self, name: &str) -> Result<Option<&str>, Problem> {
        Self::to_text(name, self.get(name))
    }

    fn to_text<'s>(name: &str, value: Option<&'s ParamValue>) -> Result<Option<&'s str>, Problem> {
        match value {
            None => Ok(None),
            Some(ParamValue::Text(text, _)) => Ok(Some(text)),
            Some(ParamValue::Tree(Value::Text(text))) => Ok(Some(text)),
            Some(ParamValue::File(content)) => file_text(name, content).map(Some),
            Some(ParamValue::Tree(_)) => {
                Err(Problem::new(ErrorCode::InvalidParameter, format!("{name}: expected a string.")).parameter(name))
            }
        }
    }

    /// A sort order; `None` without the parameter or for an empty one.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn order(&self, name: &str) -> Result<Option<Order>, Problem> {
        let order = self.parse_param(name, ErrorCode::InvalidOrder, Order::parse, Order::from_value)?;
        Ok(order.filter(|order| !order.is_empty()))
    }

    /// The window of a list: `offset`, `limit` and `order`.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn window(&self) -> Result<Window, Problem> {
        Ok(Window {
            offset: self.number("offset", 0)?.unwrap_or(0),
            limit: self.number("limit", 1)?,
            order: self.order("order")?,
        })
    }

    /// A selection of fields; `None` without the parameter.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn selection(&self, name: &str) -> Result<Option<Selection>, Problem> {
        self.parse_param(name, ErrorCode::InvalidParameter, Selection::parse, |tree| Selection::from_value(tree))
    }

    /// Any value: a literal in a text, or a member of the JSON body.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn tree(&self, name: &str) -> Result<Option<Value<'static>>, Problem> {
        let parse = |text: &str, limits: Limits| {
            let is_body = limits.bytes.is_none();
            let limits = if is_body { Limits::body_after(self.values.load(Relaxed)) } else { limits };
            let tree = literal::parse(text, limits)?.into_owned();
            if is_body {
                self.values.fetch_add(tree.count(), Relaxed);
            }
            Ok(tree)
        };
        self.parse_param(name, ErrorCode::InvalidLiteral, parse, |tree| Ok(tree.clone()))
    }
}

fn repeated_parameter(name: &str) -> Problem {
    let name: String = name.chars().take(64).collect();
    Problem::new(ErrorCode::RepeatedParameter, format!("The parameter {name} is sent more than once."))
        .parameter(name)
        .hint("Send it once.")
}

/// The text of a parameter that was sent as a file.
fn file_text<'t>(name: &str, content: &'t [u8]) -> Result<&'t str, Problem> {
    std::str::from_utf8(content).map_err(|_| {
        Problem::new(
            ErrorCode::InvalidParameter,
            format!("{name}: expected a UTF-8 text, found a file that is not UTF-8."),
        )
        .parameter(name)
    })
}

/// The decoded pairs of a query string or form (WHATWG URL section 5.1). Invalid UTF-8 is rejected, not replaced.
///
/// # Errors
/// 400 for invalid UTF-8; `location` names the query or form in the message.
pub(in crate::http) fn parse_pairs(encoded: &[u8], location: &str) -> Result<Vec<(String, String)>, Problem> {
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|_| {
            let detail = format!("A parameter in {location} is not valid UTF-8 after percent-decoding.");
            Problem::new(ErrorCode::MalformedRequest, detail)
        })
    };
    form_pairs(encoded).map(|(name, value)| Ok((text(name)?, text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    async fn parse(query: &str, content_type: Option<&str>, body: &'static str) -> Result<RequestParams, ErrorCode> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        RequestParams::parse(Some(query), &headers, Bytes::from_static(body.as_bytes()))
            .await
            .map_err(|problem| problem.code)
    }

    fn tree_json(params: &RequestParams, name: &str) -> String {
        params.tree(name).map_or_else(|problem| problem.detail, |tree| serde_json::to_string(&tree).unwrap())
    }

    #[tokio::test]
    async fn a_parameter_is_found_in_the_query_and_in_every_kind_of_body() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"vals\"\r\n\r\n{'a': True}\r\n--x--\r\n";
        for (query, content_type, body) in [
            ("vals=%7B%27a%27:+True%7D", None, ""),
            ("", None, r#"{"vals": {"a": true}}"#),
            ("", Some("application/json; charset=utf-8"), "\u{feff}{\"vals\": \"{'a': True}\"}"),
            ("", Some("application/vnd.api+json"), r#"{"vals": {"a": true}}"#),
            ("", Some("application/x-www-form-urlencoded"), "vals=%7B%22a%22%3Atrue%7D"),
            ("", Some("multipart/form-data; boundary=x"), multipart),
            ("vals={'a':0}", None, r#"{"vals": {"a": true}}"#),
        ] {
            let params = parse(query, content_type, body).await.unwrap();
            assert_eq!(tree_json(&params, "vals"), r#"{"a":true}"#, "{query} {body}");
        }
    }

    #[tokio::test]
    async fn a_body_is_the_values_of_a_record() {
        let multipart = concat!(
            "--x\r\nContent-Disposition: form-data; name=\"context\"\r\n\r\n5\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n\u{1}\u{2}\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--x--\r\n",
        );
        let form = |entries: &[(&str, FormEntry)]| {
            Values::from_form(entries.iter().map(|(name, entry)| ((*name).to_owned(), entry.clone())).collect())
        };
        let text = |text: &str| FormEntry::Text(text.to_owned());
        let tree = Values::from_tree("body", Value::Map(vec![("context".into(), Value::Int(5))]));
        for (content_type, body, values) in [
            (None, r#"{"context": 5}"#, tree),
            (None, "", Values::from_tree("body", Value::Map(Vec::new()))),
            (
                Some("application/x-www-form-urlencoded"),
                "context=5&a=",
                form(&[("context", text("5")), ("a", text(""))]),
            ),
            (
                Some("multipart/form-data; boundary=x"),
                multipart,
                form(&[("context", text("5")), ("image", FormEntry::File("AQI=".into())), ("none", text(""))]),
            ),
        ] {
            let params = parse("context={}", content_type, body).await.unwrap();
            assert_eq!(params.values(), values, "{body}");
            assert_eq!(tree_json(&params.without_body(), "context"), "{}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_as_the_text_of_a_parameter() {
        let file = "--x\r\nContent-Disposition: form-data; name=\"vals\"; filename=\"v.json\"\r\n\r\n[1]\r\n--x--\r\n";
        let params = parse("", Some("multipart/form-data; boundary=x"), file).await.unwrap();
        assert_eq!(tree_json(&params, "vals"), "[1]");
    }

    #[tokio::test]
    async fn malformed_and_repeated_parameters_are_rejected() {
        for (query, content_type, body, code) in [
            ("a=1&b=2&a=3", None, "", ErrorCode::RepeatedParameter),
            ("a=%FF", None, "", ErrorCode::MalformedRequest),
            ("", Some("text/plain"), "x", ErrorCode::UnsupportedMediaType),
            ("", None, "{", ErrorCode::InvalidLiteral),
            ("", None, "[1]", ErrorCode::InvalidLiteral),
            ("", None, "{'a': 1}", ErrorCode::InvalidLiteral),
            ("", Some("application/x-www-form-urlencoded"), "a=1&a=1", ErrorCode::RepeatedParameter),
            ("", Some("multipart/form-data"), "x", ErrorCode::MalformedRequest),
            ("", Some("multipart/form-data; boundary=x"), "--x\r\nbroken", ErrorCode::MalformedRequest),
        ] {
            assert_eq!(parse(query, content_type, body).await.err(), Some(code), "{query} {body}");
        }
    }

    #[tokio::test]
    async fn an_empty_parameter_counts_as_absent_except_ids() {
        let params = parse("domain=&fields=&limit=&order=&ids=&count=", None, "").await.unwrap();
        assert!(params.domain("domain").unwrap().is_all());
        assert_eq!(params.fields("fields").unwrap(), FieldSet::All);
        assert_eq!(params.number("limit", 1).unwrap(), None);
        assert_eq!(params.order("order").unwrap(), None);
        assert_eq!(params.ids("ids").unwrap(), Some(Vec::new()));
        assert_eq!(params.ids("absent").unwrap(), None);
        assert!(params.flag("count", true).unwrap());
    }

    #[tokio::test]
    async fn errors_name_the_parameter_and_the_position() {
        let params = parse("domain=[('a','~',1)]&limit=0&ids=12,x&count=maybe&fields=a-b", None, "").await.unwrap();
        let details = [
            params.domain("domain").unwrap_err(),
            params.number("limit", 1).unwrap_err(),
            params.ids("ids").unwrap_err(),
            params.flag("count", false).unwrap_err(),
            params.fields("fields").unwrap_err(),
        ]
        .map(|problem| (problem.code.class().status(), problem.parameter.unwrap(), problem.detail));
        for ((status, parameter, detail), (name, needle)) in details.iter().zip([
            ("domain", "position 7"),
            ("limit", "an integer from 1"),
            ("ids", "position 4"),
            ("count", "True or False"),
            ("fields", "a-b"),
        ]) {
            assert_eq!((*status, parameter.as_str()), (400, name));
            assert!(detail.contains(needle), "{detail}");
        }
    }
}
