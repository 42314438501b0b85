//! The parameters of a request, wherever they stand: query string, form, multipart form or JSON body.
//!
//! In: the request's head and body. Out: [`Input`], asked by name for what a parameter should hold. Must not know:
//! routes, which parameters there are. The body wins over the query; a parameter that is said twice is refused,
//! because nobody knows which was meant.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;

use crate::error::Problem;
use crate::explain::Code;
use crate::language::domain::Domain;
use crate::language::literal::{self, Limits};
use crate::language::order::Order;
use crate::language::{SyntaxError, TreeError, lists, words};
use crate::names::{FieldName, RecordId};
use crate::plan::Fields;
use crate::value::Value;

/// All parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Input {
    parameters: Vec<(String, Said)>,
}

/// What a parameter says.
#[derive(Debug)]
enum Said {
    /// A text, which may hold a literal.
    Text(String, Limits),
    /// A member of a JSON body.
    Tree(Value<'static>),
}

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyType {
    Json,
    Form,
    Multipart,
}

impl Input {
    /// Reads query and body.
    ///
    /// # Errors
    /// 400 for what cannot be read or is said twice, 415 for a body of another type.
    pub(super) async fn read(query: Option<&str>, headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let mut input = Self::default();
        for (name, value) in pairs(query.unwrap_or_default().as_bytes(), "the query string")? {
            input.add(name, Said::Text(value, Limits::query()))?;
        }
        if !body.is_empty() {
            input.overlay(read_body(headers, body).await?);
        }
        Ok(input)
    }

    fn add(&mut self, name: String, said: Said) -> Result<(), Problem> {
        if self.parameters.iter().any(|(known, _)| *known == name) {
            let shown: String = name.chars().take(64).collect();
            let detail = format!("The parameter {shown} is given twice.");
            return Err(Problem::new(Code::RepeatedParameter, detail).parameter(shown));
        }
        self.parameters.push((name, said));
        Ok(())
    }

    fn overlay(&mut self, above: Self) {
        self.parameters.retain(|(name, _)| !above.parameters.iter().any(|(other, _)| other == name));
        self.parameters.extend(above.parameters);
    }

    /// What the parameter says; an empty text says nothing.
    fn said(&self, name: &str) -> Option<&Said> {
        let said = self.parameters.iter().find(|(known, _)| known == name).map(|(_, said)| said)?;
        match said {
            Said::Text(text, _) if text.trim().is_empty() => None,
            Said::Tree(Value::Text(text)) if text.trim().is_empty() => None,
            said => Some(said),
        }
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
            Some(Said::Text(text, limits)) => {
                of_text(text, *limits).map(Some).map_err(|error| error.into_problem(code, name))
            }
            Some(Said::Tree(tree)) => of_tree(tree).map(Some).map_err(|error| error.into_problem(code, name)),
        }
    }

    /// A domain; all records when there is none.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(super) fn domain(&self, name: &str) -> Result<Domain<'static>, Problem> {
        let of_tree = |tree: &Value<'static>| Domain::from_value(domain_tree(tree)?);
        let of_text = |text: &str, limits| Domain::read(text, limits).map(Domain::into_owned);
        Ok(self.parse(name, Code::InvalidDomain, of_text, of_tree)?.unwrap_or_default())
    }

    /// A list of names; `None` when there is none or it is empty.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(super) fn names(&self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        Ok(self.parse(name, Code::InvalidParameter, lists::names, lists::names_in)?.flatten())
    }

    /// The fields that are wanted.
    ///
    /// # Errors
    /// 400 for what can be no field's name.
    pub(super) fn fields(&self, name: &str) -> Result<Fields, Problem> {
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
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<RecordId>>, Problem> {
        if self.said(name).is_none() {
            return Ok(self.parameters.iter().any(|(known, _)| known == name).then(Vec::new));
        }
        self.parse(name, Code::InvalidParameter, lists::ids, lists::ids_in)
    }

    /// A boolean word.
    ///
    /// # Errors
    /// 400 for any other word.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        Ok(self
            .parse(name, Code::InvalidParameter, |text, _| words::boolean(text), words::boolean_in)?
            .unwrap_or(default))
    }

    /// An integer of at least `least`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(super) fn number(&self, name: &str, least: u32) -> Result<Option<u32>, Problem> {
        let bounds = i64::from(least)..=i64::from(i32::MAX);
        let of_text = |text: &str, _| words::integer(text, bounds.clone());
        let number =
            self.parse(name, Code::InvalidParameter, of_text, |tree| words::integer_in(tree, bounds.clone()))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }

    /// A text, as it stands; never quoted, it may be a secret.
    ///
    /// # Errors
    /// 400 for a member of a JSON body that is no text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.said(name) {
            None => Ok(None),
            Some(Said::Text(text, _)) => Ok(Some(text)),
            Some(Said::Tree(Value::Text(text))) => Ok(Some(text)),
            Some(Said::Tree(_)) => {
                Err(Problem::new(Code::InvalidParameter, format!("{name}: expected a text.")).parameter(name))
            }
        }
    }

    /// An order; `None` when there is none.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(super) fn order(&self, name: &str) -> Result<Option<Order>, Problem> {
        let order = self.parse(name, Code::InvalidOrder, Order::read, Order::from_value)?;
        Ok(order.filter(|order| !order.is_empty()))
    }

    /// Any value: a literal in a text, or a member of the JSON body. A text in a JSON body is read as a literal too,
    /// because that is how the same parameter would stand in a query.
    ///
    /// # Errors
    /// 400 with the place of the mistake.
    pub(super) fn tree(&self, name: &str) -> Result<Option<Value<'static>>, Problem> {
        let read = |text: &str, limits| literal::read(text, limits).map(Value::into_owned);
        let of_tree = |tree: &Value<'static>| match tree {
            Value::Text(text) => read(text, Limits::body()).map_err(TreeError::from),
            tree => Ok(tree.clone()),
        };
        self.parse(name, Code::InvalidLiteral, read, of_tree)
    }
}

fn domain_tree(tree: &Value<'static>) -> Result<Value<'static>, TreeError> {
    match tree {
        Value::Text(text) => Ok(literal::read(text, Limits::body())?.into_owned()),
        tree => Ok(tree.clone()),
    }
}

/// The decoded pairs of a query string or form body (WHATWG URL section 5.1), but strict: what is no UTF-8 is refused.
fn pairs(encoded: &[u8], place: &str) -> Result<Vec<(String, String)>, Problem> {
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

async fn read_body(headers: &HeaderMap, body: Bytes) -> Result<Input, Problem> {
    match body_type(headers)? {
        BodyType::Json => json_members(&body),
        BodyType::Form => {
            let mut input = Input::default();
            for (name, value) in pairs(&body, "the form")? {
                input.add(name, Said::Text(value, Limits::body()))?;
            }
            Ok(input)
        }
        BodyType::Multipart => multipart_parts(headers, body).await,
    }
}

fn body_type(headers: &HeaderMap) -> Result<BodyType, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(BodyType::Json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/json" => Ok(BodyType::Json),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(BodyType::Json),
        "application/x-www-form-urlencoded" => Ok(BodyType::Form),
        "multipart/form-data" => Ok(BodyType::Multipart),
        _ => {
            let detail = "The body can be application/json, application/x-www-form-urlencoded or multipart/form-data.";
            Err(Problem::new(Code::UnsupportedMediaType, detail).parameter("Content-Type"))
        }
    }
}

/// The text of a JSON body. A byte order mark is no part of it (RFC 8259 section 8.1).
fn json_members(body: &[u8]) -> Result<Input, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| {
            let detail = format!("body: expected UTF-8, found something else behind byte {}", error.valid_up_to());
            Problem::new(Code::InvalidLiteral, detail).parameter("body")
        })?
        .trim_start_matches('\u{feff}');
    let tree =
        literal::read_json(text, Limits::body()).map_err(|error| error.into_problem(Code::InvalidLiteral, "body"))?;
    let Value::Map(members) = tree.into_owned() else {
        let detail = "body: expected a JSON object whose members are the parameters";
        return Err(Problem::new(Code::InvalidLiteral, detail).parameter("body"));
    };
    let parameters = members.into_iter().map(|(name, value)| (name.into_owned(), Said::Tree(value))).collect();
    Ok(Input { parameters })
}

async fn multipart_parts(headers: &HeaderMap, body: Bytes) -> Result<Input, Problem> {
    let refuse = |error: multer::Error| {
        Problem::new(Code::MalformedRequest, format!("body: the multipart form cannot be read: {error}"))
            .parameter("body")
    };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(refuse)?;
    let whole = futures_util::stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body)));
    let mut form = multer::Multipart::new(whole, boundary);
    let mut input = Input::default();
    while let Some(part) = form.next_field().await.map_err(refuse)? {
        let name = part.name().unwrap_or_default().to_owned();
        let text = part.text().await.map_err(refuse)?;
        input.add(name, Said::Text(text, Limits::body()))?;
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
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
