//! Requests and answers in few words.

use odoo_gateway::error_code::Code;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::stand::Version;

/// Someone who sends requests. Cheap to clone; each `as_…`, `on_…` and `with…` makes another someone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credential: Option<(String, String)>,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is a client of the gateway")]
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base, credential: None, headers: Vec::new() }
    }

    /// With a login whose password is the same word, as all users of the stand have it.
    pub(crate) fn as_user(&self, login: &str) -> Self {
        self.with_password(login, login)
    }

    pub(crate) fn with_password(&self, login: &str, password: &str) -> Self {
        Self { credential: Some((login.to_owned(), password.to_owned())), ..self.clone() }
    }

    pub(crate) fn on(&self, version: Version) -> Self {
        self.with_header("X-Odoo-Database", version.database())
    }

    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The request, to be changed before it is sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some((login, password)) = &self.credential {
            request = request.basic_auth(login, Some(password));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.request(Method::DELETE, path).query(query)).await
    }

    /// POST with everything in the query, as the vendor's manual prints it.
    pub(crate) async fn post_query(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.request(Method::POST, path).query(query)).await
    }

    /// PUT with everything in the query, as the vendor's manual prints it.
    pub(crate) async fn put_query(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.request(Method::PUT, path).query(query)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }
}

/// Sends and reads to the end.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the gateway answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("the answer is whole") }
}

impl Answer {
    /// The body as JSON, whatever the status.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The problem of a refusal with this status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem:#}");
        assert_eq!(problem["status"], status);
        problem
    }

    /// The message of a refusal by family B, which tells the title of the code.
    #[track_caller]
    pub(crate) fn refused_by_api(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        let (body, code) = (self.json(), Code::ALL.iter().find(|known| known.as_str() == code).unwrap());
        assert_eq!(body["error"], code.title(), "{body:#}");
        assert_eq!((&body["code"], &body["request_id"]), (&status.into(), &self.header("x-request-id").into()));
        body["message"].as_str().unwrap().to_owned()
    }

    /// A header's text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
