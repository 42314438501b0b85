//! A mixed load: clients of the four dialects that read, create records with an `Idempotency-Key`, and request OAuth 2
//! tokens, without a pause. Half of the clients only read, so they do not wait for what the store has to do.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::oauth2::TOKEN;
use crate::support::unique;

pub(super) const TAG: &str = "res.partner.category";
const CLIENTS: usize = 8;

/// What the clients need.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) http: reqwest::Client,
    pub(super) base: String,
    pub(super) api_key: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// The record that is read.
    pub(super) record: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    Read,
    /// The name of the record, which is also the idempotency key, and the dialect.
    Create(String, usize),
    Token,
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) sent: Sent,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    /// 0 if there was no response.
    pub(super) status: u16,
    pub(super) text: String,
}

impl Credentials {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).timeout(Duration::from_secs(60))
    }

    pub(super) async fn send(&self, sent: Sent, dialect: usize) -> Answer {
        let request = match &sent {
            Sent::Read => self.read(dialect),
            Sent::Create(name, dialect) => self.create(name, *dialect),
            Sent::Token => self.token(),
        };
        let begun = Instant::now();
        let (status, text) = match request.send().await {
            Ok(response) => (response.status().as_u16(), response.text().await.unwrap_or_else(|e| e.to_string())),
            Err(error) => (0, format!("{error:?}")),
        };
        Answer { sent, begun, ended: Instant::now(), status, text }
    }

    fn read(&self, dialect: usize) -> RequestBuilder {
        let id = self.record;
        let path = match dialect {
            0 => format!("/restapi/1.0/object/{TAG}/{id}?fields=name"),
            1 => format!("/api/{TAG}/{id}?fields=name"),
            2 => format!("/restful/api/v1/{TAG}/{id}?fields=name"),
            _ => format!("/api/v1/{TAG}/{id}?query=%7Bname%7D"),
        };
        self.request(Method::GET, &path).header("api-key", &self.api_key)
    }

    fn create(&self, name: &str, dialect: usize) -> RequestBuilder {
        let values = json!({"name": name});
        let (path, body) = match dialect {
            0 => (format!("/restapi/1.0/object/{TAG}"), json!({"vals": values})),
            1 => (format!("/api/{TAG}/create"), values),
            2 => (format!("/restful/api/v1/{TAG}"), values),
            _ => (format!("/api/v1/{TAG}"), json!({"data": values})),
        };
        let request = self.request(Method::POST, &path).header("api-key", &self.api_key);
        request.header("Idempotency-Key", name).json(&body)
    }

    fn token(&self) -> RequestBuilder {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.as_str()),
        ];
        self.request(Method::POST, TOKEN).form(&form)
    }

    /// The status of a read with an access token.
    pub(super) async fn use_token(&self, response: &str) -> u16 {
        let response: Value = serde_json::from_str(response).unwrap();
        let token = response["access_token"].as_str().unwrap();
        let path = format!("/restapi/1.0/object/{TAG}/{}?fields=name", self.record);
        self.request(Method::GET, &path).bearer_auth(token).send().await.unwrap().status().as_u16()
    }

    /// How many records of the load have each name.
    pub(super) async fn created(&self) -> HashMap<String, usize> {
        let path = format!("/restapi/1.0/object/{TAG}?fields=name&domain=[('name','like','load-')]");
        let request = self.request(Method::GET, &path).header("api-key", &self.api_key);
        let response = request.header("accept", "application/x-ndjson").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut counts = HashMap::new();
        for line in response.text().await.unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            *counts.entry(record["name"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }
}

/// The running clients.
pub(super) struct MixedLoad {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<Answer>>>,
}

impl MixedLoad {
    pub(super) fn start(credentials: &Credentials) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |number: usize| {
            let (credentials, stop, answered) = (credentials.clone(), stop.clone(), answered.clone());
            tokio::spawn(async move {
                let (dialect, is_reader, mut answers) = (number % 4, number >= CLIENTS / 2, Vec::new());
                for step in number.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let sent = match step % 6 {
                        _ if is_reader => Sent::Read,
                        0 | 3 => Sent::Create(unique("load").replace(' ', "-"), dialect),
                        4 => Sent::Token,
                        _ => Sent::Read,
                    };
                    let answer = credentials.send(sent, dialect).await;
                    let is_failure = answer.status != 200;
                    answers.push(answer);
                    answered.fetch_add(1, Ordering::Relaxed);
                    if is_failure {
                        sleep(Duration::from_millis(50)).await;
                    }
                }
                answers
            })
        };
        let tasks = (0..CLIENTS).map(client).collect();
        Self { stop, answered, tasks }
    }

    /// Waits until this many more requests were answered.
    pub(super) async fn answers(&self, count: usize) {
        let until = self.answered.load(Ordering::Relaxed) + count;
        let reached = async {
            while self.answered.load(Ordering::Relaxed) < until {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(120), reached).await.expect("the load goes on");
    }

    /// Ends the load. Returns all answers.
    pub(super) async fn stop(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        for task in self.tasks {
            answers.extend(task.await.unwrap());
        }
        answers
    }
}
