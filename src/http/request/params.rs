//! The parameters of a request: from the query string, a form, a multipart form or a JSON body.
//!
//! ```text
//! body       parses JSON, forms and multipart forms
//! arguments  args, kwargs, or a body of keyword arguments
//! member     a member of a JSON body, which the action takes out of the parameters
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
mod member;
mod repeated;
mod unknown;

pub(in crate::http) use body::parse_json_tree;
pub(in crate::http) use unknown::similar_name;

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts;
use indexmap::IndexMap;

use self::member::BodyMember;
use crate::auth::oauth1::{form_pairs, pairs_of_form};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::body::BodyLimits;
use crate::language::domain::Domain;
use crate::language::literal::{self, BodyValues, Limits};
use crate::language::order::Order;
use crate::language::selection::Selection;
use crate::language::{SyntaxError, TreeError, bool_and_int, lists};
use crate::names::{FieldName, RecordId};
use crate::plan::{FieldSet, FormEntry, Values, Window};
use crate::value::Value;

/// All parameters of a request.
#[derive(Debug)]
pub(in crate::http) struct RequestParams {
    query: ParamMap,
    body: ParamMap,
    /// The values of repeated query parameters after the first one.
    repeated: IndexMap<String, Vec<String>>,
    /// The values that the body contains and may still contain: all literals in a body share one limit.
    values: BodyValues,
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
#[derive(Debug, Default)]
struct ParamMap(IndexMap<String, ParamValue>);

/// The value of a parameter.
#[derive(Debug)]
enum ParamValue {
    /// A text, which may contain a literal.
    Text(String, ParamLocation),
    /// A member of a JSON body.
    Tree(BodyMember),
    /// A file of a multipart form.
    File(Bytes),
}

/// Where a text was sent, which determines the limits of a literal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParamLocation {
    Query,
    Body,
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
    /// 400 for malformed or repeated parameters, 413 for too many, 415 for a body of another media type.
    pub(in crate::http) async fn parse(head: &Parts, body: Bytes) -> Result<Self, Problem> {
        let params = Self::parse_repeated(head, body).await?;
        params.require_all_single()?;
        Ok(params)
    }

    /// As [`parse`](Self::parse), but the query may repeat parameters.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), except for repeated query parameters.
    pub(in crate::http) async fn parse_repeated(head: &Parts, body: Bytes) -> Result<Self, Problem> {
        let mut params = Self::new(BodyValues::at_most(BodyLimits::max_values_in(&head.extensions)));
        for (name, value) in parse_pairs(head.uri.query().unwrap_or_default().as_bytes(), "the query string")? {
            if params.query.get(&name).is_some() {
                params.repeated.entry(name).or_default().push(value);
            } else {
                params.query.add(name, ParamValue::Text(value, ParamLocation::Query))?;
            }
        }
        if !body.is_empty() {
            params.body = body::parse(&head.headers, body, &params.values).await?;
        }
        Ok(params)
    }

    fn new(values: BodyValues) -> Self {
        Self {
            query: ParamMap::default(),
            body: ParamMap::default(),
            repeated: IndexMap::new(),
            values,
            read: Mutex::default(),
        }
    }

    /// The parameters of the query alone, for dialects whose body is a record and contains no parameters.
    pub(in crate::http) fn without_body(&self) -> Self {
        let text = |(name, value): (&String, &ParamValue)| match value {
            ParamValue::Text(text, location) => Some((name.clone(), ParamValue::Text(text.clone(), *location))),
            ParamValue::Tree(_) | ParamValue::File(_) => None,
        };
        Self {
            query: ParamMap(self.query.0.iter().filter_map(text).collect()),
            repeated: self.repeated.clone(),
            ..Self::new(self.values.clone())
        }
    }

    /// The limits of a literal in a text that was sent here.
    fn limits(&self, location: ParamLocation) -> Limits<'_> {
        match location {
            ParamLocation::Query => Limits::query(),
            ParamLocation::Body => Limits::body(&self.values),
        }
    }

    /// The body as the values of a record: every member is a field.
    ///
    /// # Errors
    /// 500 if the values were taken before.
    pub(in crate::http) fn values(&self) -> Result<Values, Problem> {
        self.mark_body_read();
        let (mut members, mut entries) = (Vec::new(), Vec::new());
        for (name, value) in &self.body.0 {
            match value {
                ParamValue::Tree(member) => members.push((name.clone().into(), member.take()?)),
                ParamValue::Text(text, _) => entries.push((name.clone(), FormEntry::Text(text.clone()))),
                ParamValue::File(content) => entries.push((name.clone(), FormEntry::File(BASE64.encode(content)))),
            }
        }
        // A body is either JSON or a form.
        Ok(if entries.is_empty() {
            Values::from_tree("body", Value::Map(members))
        } else {
            Values::from_form(entries, self.values.clone())
        })
    }

    /// The value of the parameter; `None` for an empty text.
    fn non_empty(&self, name: &str) -> Option<&ParamValue> {
        match self.get(name)? {
            ParamValue::Text(text, _) if text.trim().is_empty() => None,
            ParamValue::Tree(member) if member.as_text().is_some_and(|text| text.trim().is_empty()) => None,
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
        parse_text: impl FnOnce(&str, Limits<'_>) -> Result<T, SyntaxError>,
        parse_tree: impl FnOnce(Value<'static>) -> Result<T, TreeError>,
    ) -> Result<Option<T>, Problem> {
        let (text, location) = match self.non_empty(name) {
            None => return Ok(None),
            Some(ParamValue::Text(text, location)) => (text.as_str(), *location),
            Some(ParamValue::File(content)) => (file_text(name, content)?, ParamLocation::Body),
            Some(ParamValue::Tree(member)) => match member.as_text() {
                // A JSON string may contain a literal, as the same parameter in a query.
                Some(text) => (text, ParamLocation::Body),
                None => {
                    let parsed = parse_tree(member.take()?);
                    return parsed.map(Some).map_err(|error| error.into_problem(code, name));
                }
            },
        };
        let parsed = parse_text(text, self.limits(location));
        parsed.map(Some).map_err(|error| error.into_problem(code, name))
    }

    /// A domain; all records without the parameter.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn domain(&self, name: &str) -> Result<Domain<'static>, Problem> {
        let parse_text = |text: &str, limits: Limits<'_>| Domain::parse(text, limits).map(Domain::into_owned);
        Ok(self.parse_param(name, ErrorCode::InvalidDomain, parse_text, Domain::from_value)?.unwrap_or_default())
    }

    /// A list of names; `None` without the parameter or for an empty list.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn names(&self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let parse_tree = |tree: Value<'static>| lists::names_from_value(&tree);
        Ok(self.parse_param(name, ErrorCode::InvalidParameter, lists::parse_names, parse_tree)?.flatten())
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
        let parse_tree = |tree: Value<'static>| lists::ids_from_value(&tree);
        self.parse_param(name, ErrorCode::InvalidParameter, lists::parse_ids, parse_tree)
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
                |tree| bool_and_int::boolean_from_value(&tree),
            )?
            .unwrap_or(default))
    }

    /// An integer of at least `least`.
    ///
    /// # Errors
    /// 400 for any other value.
    pub(in crate::http) fn number(&self, name: &str, least: u32) -> Result<Option<u32>, Problem> {
        let bounds = i64::from(least)..=i64::from(i32::MAX);
        let parse_text = |text: &str, _: Limits<'_>| bool_and_int::parse_integer(text, bounds.clone());
        let number = self.parse_param(name, ErrorCode::InvalidParameter, parse_text, |tree| {
            bool_and_int::integer_from_value(&tree, bounds.clone())
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
            Some(ParamValue::File(content)) => file_text(name, content).map(Some),
            Some(ParamValue::Tree(member)) => member.as_text().map(Some).ok_or_else(|| {
                Problem::new(ErrorCode::InvalidParameter, format!("{name}: expected a string.")).parameter(name)
            }),
        }
    }

    /// A sort order; `None` without the parameter or for an empty one.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn order(&self, name: &str) -> Result<Option<Order>, Problem> {
        let order = self.parse_param(name, ErrorCode::InvalidOrder, Order::parse, |tree| Order::from_value(&tree))?;
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
        self.parse_param(name, ErrorCode::InvalidParameter, Selection::parse, |tree| Selection::from_value(&tree))
    }

    /// Any value: a literal in a text, or a member of the JSON body.
    ///
    /// # Errors
    /// 400 with the position of the error.
    pub(in crate::http) fn tree(&self, name: &str) -> Result<Option<Value<'static>>, Problem> {
        let parse = |text: &str, limits: Limits<'_>| literal::parse(text, limits).map(Value::into_owned);
        self.parse_param(name, ErrorCode::InvalidLiteral, parse, Ok)
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
    form_pairs(encoded).map(|pair| into_texts(pair, location)).collect()
}

/// The same for the form in a body, which its largest value replaces in memory.
fn parse_form(form: Bytes) -> Result<Vec<(String, String)>, Problem> {
    pairs_of_form(form.into()).into_iter().map(|pair| into_texts(pair, "the form")).collect()
}

fn into_texts((name, value): (Vec<u8>, Vec<u8>), location: &str) -> Result<(String, String), Problem> {
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|_| {
            let detail = format!("A parameter in {location} is not valid UTF-8 after percent-decoding.");
            Problem::new(ErrorCode::MalformedRequest, detail)
        })
    };
    Ok((text(name)?, text(value)?))
}

#[cfg(test)]
mod tests;
