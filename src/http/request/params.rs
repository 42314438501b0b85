//! The parameters of a request, wherever they stand: query string, form, multipart form or JSON body.
//!
//! In: the request's head and body. Out: [`Input`], asked by name for what a parameter should hold, or for the body as the
//! values of a record. Must not know: routes, which parameters there are. The body wins over the query; a parameter
//! that is said twice is refused, because nobody knows which was meant; unless the family knows.
//!
//! ```text
//! body       JSON, form, multipart form
//! arguments  args, kwargs, or a body of keywords
//! several    parameters that are said several times
//! unread     parameters that nobody asked for
//! ```

mod arguments;
mod body;
mod repeated;
mod unknown;

pub(in crate::http) use unknown::meant;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderMap;
use indexmap::IndexMap;
use percent_encoding::percent_decode;

use crate::error::Problem;
use crate::error_code::Code;
use crate::language::domain::Domain;
use crate::language::literal::{self, Limits};
use crate::language::order::Order;
use crate::language::selection::Selection;
use crate::language::{SyntaxError, TreeError, lists, scalars};
use crate::names::{FieldName, RecordId};
use crate::plan::{Entry, Fields, Slice, Values};
use crate::value::{Member, Value};

/// All parameters of a request.
#[derive(Debug, Default)]
pub(in crate::http) struct Input {
    query: Parameters,
    body: Parameters,
    /// What parameters of the query say after the first time, where they may.
    again: IndexMap<String, Vec<String>>,
    /// How many values of the body were read so far: all its literals share one limit.
    values: AtomicUsize,
    /// The names that were asked for, whether they are given or not.
    read: Mutex<WasRead>,
}

/// What a route asked for.
#[derive(Debug, Default)]
struct WasRead {
    /// By name, once each.
    names: Vec<String>,
    /// Whether it asked for whatever the query has.
    query: bool,
    /// Whether it asked for whatever the body has.
    body: bool,
}

/// The parameters of one place, each once; looked up in constant time, for a form may have a million.
#[derive(Debug, Clone, Default)]
struct Parameters(IndexMap<String, Said>);

/// What a parameter says.
#[derive(Debug, Clone)]
enum Said {
    /// A text, which may hold a literal.
    Text(String, Place),
    /// A member of a JSON body.
    Tree(Value<'static>),
    /// A file of a multipart form.
    File(Bytes),
}

/// Where a text stands, which decides what a literal in it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    Body,
}

impl Place {
    fn limits(self) -> Limits {
        match self {
            Self::Query => Limits::query(),
            Self::Body => Limits::body(),
        }
    }
}

impl Parameters {
    fn add(&mut self, name: String, said: Said) -> Result<(), Problem> {
        if self.0.contains_key(&name) {
            return Err(given_twice(&name));
        }
        self.0.insert(name, said);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Said> {
        self.0.get(name)
    }
}

impl Input {
    /// Reads query and body.
    ///
    /// # Errors
    /// 400 for what cannot be read or is said twice, 415 for a body of another type.
    pub(in crate::http) async fn read(query: Option<&str>, headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let input = Self::read_several(query, headers, body).await?;
        input.all_once()?;
        Ok(input)
    }

    /// The same, where parameters of the query may be said several times.
    ///
    /// # Errors
    /// As [`Input::read`], but for those.
    pub(in crate::http) async fn read_several(
        query: Option<&str>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Problem> {
        let mut input = Self::default();
        for (name, value) in pairs(query.unwrap_or_default().as_bytes(), "the query string")? {
            if input.query.get(&name).is_some() {
                input.again.entry(name).or_default().push(value);
            } else {
                input.query.add(name, Said::Text(value, Place::Query))?;
            }
        }
        if !body.is_empty() {
            let (parameters, values) = body::read(headers, body).await?;
            (input.body, input.values) = (parameters, values.into());
        }
        Ok(input)
    }

    /// What stands in the query string, for a family whose body is the record: nothing in there is a parameter.
    pub(in crate::http) fn outside_body(&self) -> Self {
        Self { query: self.query.clone(), again: self.again.clone(), ..Self::default() }
    }

    /// The body as the values of a record: every member, whatever its name, is a field.
    pub(in crate::http) fn values(&self) -> Values {
        self.mark_body();
        let is_tree = |said: &Said| matches!(said, Said::Tree(_));
        if self.body.0.values().all(is_tree) {
            return Values::tree("body", Value::Map(self.members()));
        }
        let entry = |said: &Said| match said {
            Said::Text(text, _) => Entry::Text(text.clone()),
            Said::Tree(tree) => Entry::Text(tree.excerpt(usize::MAX)),
            Said::File(content) => Entry::File(BASE64.encode(content)),
        };
        Values::form(self.body.0.iter().map(|(name, said)| (name.clone(), entry(said))).collect())
    }

    /// The members of a JSON body.
    fn members(&self) -> Vec<Member<'static>> {
        let tree = |said: &Said| match said {
            Said::Tree(tree) => Some(tree.clone()),
            _ => None,
        };
        self.body.0.iter().filter_map(|(name, said)| Some((name.clone().into(), tree(said)?))).collect()
    }

    /// What the parameter says; an empty text says nothing.
    fn said(&self, name: &str) -> Option<&Said> {
        match self.given(name)? {
            Said::Text(text, _) if text.trim().is_empty() => None,
            Said::Tree(Value::Text(text)) if text.trim().is_empty() => None,
            said => Some(said),
        }
    }

    /// Whether the parameter says something.
    pub(in crate::http) fn is_given(&self, name: &str) -> bool {
        self.said(name).is_some()
    }

    fn given(&self, name: &str) -> Option<&Said> {
        self.mark(name);
        self.body.get(name).or_else(|| self.query.get(name))
    }

    fn mark(&self, name: &str) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.names.iter().any(|known| known == name) {
            read.names.push(name.to_owned());
        }
    }

    /// Every member of the body is asked for by its name.
    fn mark_body(&self) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).body = true;
    }

    /// Every parameter is asked for by its name.
    fn mark_all(&self) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        (read.query, read.body) = (true, true);
    }

    fn parse<T>(
        &self,
        name: &str,
        code: Code,
        of_text: impl FnOnce(&str, Limits) -> Result<T, SyntaxError>,
        of_tree: impl FnOnce(&Value<'static>) -> Result<T, TreeError>,
    ) -> Result<Option<T>, Problem> {
        match self.said(name) {
            None => Ok(None),
            Some(Said::Text(text, place)) => {
                of_text(text, place.limits()).map(Some).map_err(|error| error.into_problem(code, name))
            }
            // As the same parameter would stand in a query.
            Some(Said::Tree(Value::Text(text))) => {
                of_text(text, Limits::body()).map(Some).map_err(|error| error.into_problem(code, name))
            }
            Some(Said::Tree(tree)) => of_tree(tree).map(Some).map_err(|error| error.into_problem(code, name)),
            Some(Said::File(content)) => {
                let text = text_of(name, content)?;
                of_text(text, Limits::body()).map(Some).map_err(|error| error.into_problem(code, name))
            }
        }
    }

    /// A domain; all records when there is none.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn domain(&self, name: &str) -> Result<Domain<'static>, Problem> {
        let of_tree = |tree: &Value<'static>| Domain::from_value(tree.clone());
        let of_text = |text: &str, limits| Domain::read(text, limits).map(Domain::into_owned);
        Ok(self.parse(name, Code::InvalidDomain, of_text, of_tree)?.unwrap_or_default())
    }

    /// A list of names; `None` when there is none or it is empty.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn names(&self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        Ok(self.parse(name, Code::InvalidParameter, lists::names, lists::names_in)?.flatten())
    }

    /// The fields that are wanted.
    ///
    /// # Errors
    /// 400 for what can be no field's name.
    pub(in crate::http) fn fields(&self, name: &str) -> Result<Fields, Problem> {
        let Some(names) = self.names(name)? else { return Ok(Fields::All) };
        let parse = |text: &String| {
            FieldName::parse(text)
                .map_err(|error| Problem::new(Code::UnknownField, format!("{name}: {error}")).parameter(name))
        };
        names.iter().map(parse).collect::<Result<_, _>>().map(Fields::Named)
    }

    /// A list of record ids; `None` when the parameter is not there. An empty list is a list.
    ///
    /// # Errors
    /// 400 with the place of what is no id.
    pub(in crate::http) fn ids(&self, name: &str) -> Result<Option<Vec<RecordId>>, Problem> {
        if self.said(name).is_none() {
            return Ok(self.given(name).is_some().then(Vec::new));
        }
        self.parse(name, Code::InvalidParameter, lists::ids, lists::ids_in)
    }

    /// A boolean word.
    ///
    /// # Errors
    /// 400 for any other word.
    pub(in crate::http) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        Ok(self
            .parse(name, Code::InvalidParameter, |text, _| scalars::boolean(text), scalars::boolean_in)?
            .unwrap_or(default))
    }

    /// An integer of at least `least`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(in crate::http) fn number(&self, name: &str, least: u32) -> Result<Option<u32>, Problem> {
        let bounds = i64::from(least)..=i64::from(i32::MAX);
        let of_text = |text: &str, _| scalars::integer(text, bounds.clone());
        let number =
            self.parse(name, Code::InvalidParameter, of_text, |tree| scalars::integer_in(tree, bounds.clone()))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }

    /// A text, as it stands; never quoted, it may be a secret.
    ///
    /// # Errors
    /// 400 for a member of a JSON body that is no text.
    pub(in crate::http) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        Self::as_text(name, self.said(name))
    }

    /// The same, also an empty text: logins and passwords count as they were sent.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub(in crate::http) fn text_as_sent(&self, name: &str) -> Result<Option<&str>, Problem> {
        Self::as_text(name, self.given(name))
    }

    fn as_text<'s>(name: &str, said: Option<&'s Said>) -> Result<Option<&'s str>, Problem> {
        match said {
            None => Ok(None),
            Some(Said::Text(text, _)) => Ok(Some(text)),
            Some(Said::Tree(Value::Text(text))) => Ok(Some(text)),
            Some(Said::File(content)) => text_of(name, content).map(Some),
            Some(Said::Tree(_)) => {
                Err(Problem::new(Code::InvalidParameter, format!("{name}: expected a text.")).parameter(name))
            }
        }
    }

    /// An order; `None` when there is none.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn order(&self, name: &str) -> Result<Option<Order>, Problem> {
        let order = self.parse(name, Code::InvalidOrder, Order::read, Order::from_value)?;
        Ok(order.filter(|order| !order.is_empty()))
    }

    /// The part of a listing that `offset`, `limit` and `order` ask for.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn slice(&self) -> Result<Slice, Problem> {
        Ok(Slice {
            offset: self.number("offset", 0)?.unwrap_or(0),
            limit: self.number("limit", 1)?,
            order: self.order("order")?,
        })
    }

    /// A selection of fields; `None` when there is none.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn selection(&self, name: &str) -> Result<Option<Selection>, Problem> {
        self.parse(name, Code::InvalidParameter, Selection::read, |tree| Selection::from_value(tree))
    }

    /// Any value: a literal in a text, or a member of the JSON body.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(in crate::http) fn tree(&self, name: &str) -> Result<Option<Value<'static>>, Problem> {
        let read = |text: &str, limits: Limits| {
            let is_body = limits.bytes.is_none();
            let limits = if is_body { Limits::body_after(self.values.load(Relaxed)) } else { limits };
            let tree = literal::read(text, limits)?.into_owned();
            if is_body {
                self.values.fetch_add(tree.count(), Relaxed);
            }
            Ok(tree)
        };
        self.parse(name, Code::InvalidLiteral, read, |tree| Ok(tree.clone()))
    }
}

fn given_twice(name: &str) -> Problem {
    let shown: String = name.chars().take(64).collect();
    Problem::new(Code::RepeatedParameter, format!("The parameter {shown} is given twice.")).parameter(shown)
}

/// A file that stands for a parameter holds its text.
fn text_of<'t>(name: &str, content: &'t [u8]) -> Result<&'t str, Problem> {
    std::str::from_utf8(content).map_err(|_| {
        Problem::new(Code::InvalidParameter, format!("{name}: expected UTF-8, found a file of something else."))
            .parameter(name)
    })
}

/// The decoded pairs of a query string or form body (WHATWG URL section 5.1), but strict: what is no UTF-8 is refused.
pub(in crate::http) fn pairs(encoded: &[u8], place: &str) -> Result<Vec<(String, String)>, Problem> {
    let decode = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| {
            Problem::new(Code::MalformedRequest, format!("A parameter in {place} is no UTF-8 once decoded."))
        })
    };
    let pair = |segment: &[u8]| {
        let cut = memchr::memchr(b'=', segment).unwrap_or(segment.len());
        let (name, value) = segment.split_at(cut);
        Ok((decode(name)?, decode(value.strip_prefix(b"=").unwrap_or_default())?))
    };
    encoded.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    async fn input(query: &str, content_type: Option<&str>, body: &'static str) -> Result<Input, Code> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        Input::read(Some(query), &headers, Bytes::from_static(body.as_bytes())).await.map_err(|problem| problem.code)
    }

    fn shown(input: &Input, name: &str) -> String {
        input.tree(name).map_or_else(|problem| problem.detail, |tree| serde_json::to_string(&tree).unwrap())
    }

    #[tokio::test]
    async fn the_same_parameter_is_read_wherever_it_stands() {
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
            let input = input(query, content_type, body).await.unwrap();
            assert_eq!(shown(&input, "vals"), r#"{"a":true}"#, "{query} {body}");
        }
    }

    #[tokio::test]
    async fn a_body_is_the_values_of_a_record() {
        let multipart = concat!(
            "--x\r\nContent-Disposition: form-data; name=\"context\"\r\n\r\n5\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n\u{1}\u{2}\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--x--\r\n",
        );
        let form = |entries: &[(&str, Entry)]| {
            Values::form(entries.iter().map(|(name, entry)| ((*name).to_owned(), entry.clone())).collect())
        };
        let text = |text: &str| Entry::Text(text.to_owned());
        let tree = Values::tree("body", Value::Map(vec![("context".into(), Value::Int(5))]));
        for (content_type, body, values) in [
            (None, r#"{"context": 5}"#, tree),
            (None, "", Values::tree("body", Value::Map(Vec::new()))),
            (
                Some("application/x-www-form-urlencoded"),
                "context=5&a=",
                form(&[("context", text("5")), ("a", text(""))]),
            ),
            (
                Some("multipart/form-data; boundary=x"),
                multipart,
                form(&[("context", text("5")), ("image", Entry::File("AQI=".into())), ("none", text(""))]),
            ),
        ] {
            let input = input("context={}", content_type, body).await.unwrap();
            assert_eq!(input.values(), values, "{body}");
            assert_eq!(shown(&input.outside_body(), "context"), "{}");
        }
    }

    #[tokio::test]
    async fn a_file_stands_for_the_text_of_a_parameter() {
        let file = "--x\r\nContent-Disposition: form-data; name=\"vals\"; filename=\"v.json\"\r\n\r\n[1]\r\n--x--\r\n";
        let input = input("", Some("multipart/form-data; boundary=x"), file).await.unwrap();
        assert_eq!(shown(&input, "vals"), "[1]");
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused() {
        for (query, content_type, body, code) in [
            ("a=1&b=2&a=3", None, "", Code::RepeatedParameter),
            ("a=%FF", None, "", Code::MalformedRequest),
            ("", Some("text/plain"), "x", Code::UnsupportedMediaType),
            ("", None, "{", Code::InvalidLiteral),
            ("", None, "[1]", Code::InvalidLiteral),
            ("", None, "{'a': 1}", Code::InvalidLiteral),
            ("", Some("application/x-www-form-urlencoded"), "a=1&a=1", Code::RepeatedParameter),
            ("", Some("multipart/form-data"), "x", Code::MalformedRequest),
            ("", Some("multipart/form-data; boundary=x"), "--x\r\nbroken", Code::MalformedRequest),
        ] {
            assert_eq!(input(query, content_type, body).await.err(), Some(code), "{query} {body}");
        }
    }

    #[tokio::test]
    async fn empty_means_not_given_except_for_ids() {
        let input = input("domain=&fields=&limit=&order=&ids=&count=", None, "").await.unwrap();
        assert!(input.domain("domain").unwrap().is_all());
        assert_eq!(input.fields("fields").unwrap(), Fields::All);
        assert_eq!(input.number("limit", 1).unwrap(), None);
        assert_eq!(input.order("order").unwrap(), None);
        assert_eq!(input.ids("ids").unwrap(), Some(Vec::new()));
        assert_eq!(input.ids("absent").unwrap(), None);
        assert!(input.flag("count", true).unwrap());
    }

    #[tokio::test]
    async fn mistakes_name_the_parameter_and_the_place() {
        let input = input("domain=[('a','~',1)]&limit=0&ids=12,x&count=maybe&fields=a-b", None, "").await.unwrap();
        let details = [
            input.domain("domain").unwrap_err(),
            input.number("limit", 1).unwrap_err(),
            input.ids("ids").unwrap_err(),
            input.flag("count", false).unwrap_err(),
            input.fields("fields").unwrap_err(),
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
