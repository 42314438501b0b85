//! An HTTP client with short method names, and assertions on its responses.

use odoo_gateway::error_code::ErrorCode;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::testbed::Version;
use super::upstream;

/// A client of the gateway. Cheap to clone; each `as_…`, `on` and `with_…` method returns a changed copy.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credential: Option<(String, String)>,
    headers: Vec<(String, String)>,
}

/// A response that was received completely.
#[derive(Debug)]
pub(crate) struct Response {
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

    /// As a user of the testbed, whose password equals the login.
    pub(crate) fn as_user(&self, login: &str) -> Self {
        self.with_password(login, login)
    }

    pub(crate) fn with_password(&self, login: &str, password: &str) -> Self {
        let key = if upstream::uses_json2() && login == password { upstream::api_key_of(login) } else { None };
        let password = key.unwrap_or(password);
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

    /// A request that can be changed before it is sent.
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

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Response {
        send(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Response {
        send(self.request(Method::DELETE, path).query(query)).await
    }

    /// POST with everything in the query, as the vendor's manual prints it.
    pub(crate) async fn post_query(&self, path: &str, query: &[(&str, &str)]) -> Response {
        send(self.request(Method::POST, path).query(query)).await
    }

    /// PUT with everything in the query, as the vendor's manual prints it.
    pub(crate) async fn put_query(&self, path: &str, query: &[(&str, &str)]) -> Response {
        send(self.request(Method::PUT, path).query(query)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        send(self.request(Method::PUT, path).json(body)).await
    }
}

/// Sends a request and reads the complete response.
pub(crate) async fn send(request: RequestBuilder) -> Response {
    let response = request.send().await.expect("the gateway responds");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Response { status, headers, text: response.text().await.expect("the response is complete") }
}

impl Response {
    /// The body as JSON, whatever the status.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The JSON body of a response with status 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The body of an `application/problem+json` response with this status and error code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem:#}");
        assert_eq!(problem["status"], status);
        problem
    }

    /// The message of an error of the dialect `api`, whose body contains the title of the error code.
    #[track_caller]
    pub(crate) fn api_problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        let (body, code) = (self.json(), ErrorCode::ALL.iter().find(|known| known.as_str() == code).unwrap());
        assert_eq!(body["error"], code.title(), "{body:#}");
        assert_eq!((&body["code"], &body["request_id"]), (&status.into(), &self.header("x-request-id").into()));
        body["message"].as_str().unwrap().to_owned()
    }

    /// A header's text; empty if the header is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
