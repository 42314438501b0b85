//! The examples of the guides are run as a reader runs them, in front of a real Odoo 19.
//!
//! A code block is an example if the second word of its info string is `run`: `sh run`, `python run`, `js run`,
//! `html run`. The next block states the output: `text output` exactly, `json shape` by the names and types of JSON. A
//! block `json scope` is a scope.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::names::ModelName;
use odoo_gateway::plan::{Operation, Scope};
use odoo_gateway::store::KeyTerms;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::create_key;
use crate::support::testbed::start_tool_in;
use crate::support::{Browser, Callback, Gateway, Version};

/// The gateway in the texts.
const EXAMPLE_URL: &str = "http://127.0.0.1:8080";
/// For one example. The first one may install packages.
const TIMEOUT: Duration = Duration::from_secs(600);

/// A code block that is run, with what its output should be.
#[derive(Debug)]
struct Example {
    language: String,
    code: String,
    /// The kind and the content.
    output: Option<(String, String)>,
}

/// The code blocks of a text: info string and content.
fn blocks(markdown: &str) -> Vec<(&str, &str)> {
    let mut parts = markdown.split("\n```").skip(1);
    let mut blocks = Vec::new();
    while let Some(part) = parts.next() {
        blocks.push(part.split_once('\n').unwrap_or((part, "")));
        parts.next();
    }
    blocks
}

/// The text of a guide.
fn text_of(guide: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides");
    std::fs::read_to_string(folder.join(guide).with_extension("md")).unwrap()
}

fn examples(guide: &str) -> Vec<Example> {
    let text = text_of(guide);
    let blocks = blocks(&text);
    let mut examples = Vec::new();
    for (index, (info, code)) in blocks.iter().enumerate() {
        let Some(language) = info.strip_suffix(" run") else { continue };
        let expected = blocks.get(index + 1).and_then(|(info, content)| match info.split_once(' ') {
            Some(("text", "output")) => Some(("text".to_owned(), (*content).to_owned())),
            Some(("json", "shape")) => Some(("json".to_owned(), (*content).to_owned())),
            _ => None,
        });
        examples.push(Example { language: language.to_owned(), code: (*code).to_owned(), output: expected });
    }
    assert!(!examples.is_empty(), "{guide} has no example");
    examples
}

/// Runs a program with the testbed's interpreter.
pub(super) async fn run_example(language: &str, code: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut tool = start_tool_in(folder, &["example", language], variables, Stdio::piped());
    tool.stdin.take().unwrap().write_all(code.as_bytes()).await.unwrap();
    timeout(TIMEOUT, tool.wait_with_output()).await.expect("the example ends").unwrap()
}

/// Whether two values have the same names and types. The first element stands for all of an array.
fn same_shape(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| same_shape(value, found)))
        }
        (Value::Array(expected), Value::Array(found)) => match (expected.first(), found.first()) {
            (Some(expected), Some(found)) => same_shape(expected, found),
            (expected, found) => expected.is_none() == found.is_none(),
        },
        (expected, found) => std::mem::discriminant(expected) == std::mem::discriminant(found),
    }
}

#[track_caller]
fn assert_output(example: &Example, output: &Output) {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", example.code);
    match &example.output {
        Some((kind, expected)) if kind == "json" => {
            let found: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert!(same_shape(&expected, &found), "{}\n{found:#}", example.code);
        }
        Some((_, expected)) => {
            assert_eq!(stdout.replace("\r\n", "\n").trim(), expected.trim(), "{}", example.code);
        }
        None => {}
    }
}

/// A gateway with the credentials that the examples use.
struct Reader {
    gateway: Gateway,
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Reader {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")];
        all.extend(settings);
        let gateway = Gateway::start_with_odoo(&all).await;
        let admin = gateway.administration().await;
        let key = create_key(&admin, "admin").await;
        let bound = Some(("admin".to_owned(), "admin".to_owned().into()));
        let settings =
            ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..ApplicationSettings::default() };
        let service = NewApplication { bound, ..application("service", settings) };
        let (service, secrets) = admin.create_application(service).await.unwrap();
        let variables = vec![
            ("KEY", key),
            ("CLIENT_ID", service.client_id().to_owned()),
            ("CLIENT_SECRET", secrets.client.unwrap().expose().to_owned()),
            ("PUBLIC_CLIENT_ID", register_public(&gateway, "http://127.0.0.1/callback").await),
        ];
        Self { gateway, folder: tempfile::tempdir().unwrap(), variables }
    }

    /// An example with the URL of this gateway.
    fn code(&self, example: &Example) -> String {
        example.code.replace(EXAMPLE_URL, &format!("http://{}", self.gateway.address()))
    }

    async fn run(&self, example: &Example, more: &[(&str, &str)]) {
        let mut variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        variables.extend(more);
        let output = run_example(&example.language, &self.code(example), self.folder.path(), &variables).await;
        assert_output(example, &output);
    }
}

fn application(name: &str, settings: ApplicationSettings) -> NewApplication {
    let terms = KeyTerms::unlimited(name);
    let database = Some(Version::Odoo19.database().to_owned());
    let (scope, origins) = ("\"all\"".to_owned(), Vec::new());
    NewApplication { database, bound: None, scope, not_after: None, terms, settings, origins }
}

/// Registers a public application. Returns its client id.
async fn register_public(gateway: &Gateway, redirect_uri: &str) -> String {
    let settings = ApplicationSettings {
        redirect_uris: vec![redirect_uri.to_owned()],
        grants: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
        public: true,
        ..ApplicationSettings::default()
    };
    let (application, _) =
        gateway.administration().await.create_application(application(redirect_uri, settings)).await.unwrap();
    application.client_id().to_owned()
}

/// All guides whose examples need no person, and the languages.
const GUIDES: [&str; 13] = [
    "start",
    "credentials",
    "scopes",
    "tasks",
    "errors",
    "exports",
    "typed-clients",
    "postman",
    "json2",
    "from-synconics",
    "from-candidroot",
    "from-odooapi-restful",
    "from-odoo-rest-api",
];

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_the_guides_work() {
    let reader = Reader::start(&[]).await;
    for guide in GUIDES {
        for example in examples(guide) {
            eprintln!("{guide}: {}", example.language);
            reader.run(&example, &[]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_oauth_work() {
    let reader = Reader::start(&[]).await;
    // The browser that Python opens: it passes the address on to the test.
    let mut opened = Callback::serving("").await;
    let script = reader.folder.path().join("browser");
    let text = format!("#!/bin/sh\ncurl --silent --get --data-urlencode \"url=$1\" {}/open\n", opened.origin);
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for example in examples("oauth") {
        eprintln!("oauth: {}", example.language);
        if !example.code.contains("webbrowser") {
            reader.run(&example, &[]).await;
            continue;
        }
        let person = async {
            let target = opened.next_request().await;
            let (_, query) = target.split_once('?').unwrap();
            let (_, url) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
            let browser = Browser::open(800, 800, &[]).await;
            browser.goto(&url).await;
            allow(&browser).await;
            browser.close().await;
        };
        let browser = [("BROWSER", script.to_str().unwrap())];
        tokio::join!(reader.run(&example, &browser), person);
    }
}

/// The scopes in a text: blocks with the info string `json scope`, and arguments of `--scope`.
fn scopes(text: &str) -> Vec<&str> {
    let blocks = blocks(text).into_iter().filter(|(info, _)| *info == "json scope").map(|(_, scope)| scope);
    let arguments = text.split("--scope '").skip(1).filter_map(|rest| rest.split('\'').next());
    blocks.chain(arguments).collect()
}

#[test]
fn scopes_in_the_guides_are_valid() {
    for (guide, count) in [("scopes", 3), ("credentials", 1), ("from-candidroot", 1)] {
        let text = text_of(guide);
        let scopes = scopes(&text);
        assert_eq!(scopes.len(), count, "{guide}");
        for scope in scopes {
            Scope::from_json(scope).unwrap_or_else(|error| panic!("{guide}: {error}: {scope}"));
        }
    }
    // What the text says about the first one.
    let text = text_of("scopes");
    let scope = Scope::from_json(scopes(&text)[0]).unwrap();
    let partner = ModelName::parse("res.partner").unwrap();
    assert!(scope.allows_field(&partner, Operation::Update, "name"));
    assert!(!scope.allows_field(&partner, Operation::Read, "credit"));
    assert!(!scope.allows(&partner, Operation::Delete));
}

/// Logs in on the gateway's page and allows the application.
async fn allow(browser: &Browser) {
    browser.fill("#login", "internal").await;
    browser.fill("#password", "internal").await;
    browser.click("button[value=login]").await;
    browser.click("button[value=allow]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_another_origin_works() {
    let page = examples("browser-apps").into_iter().find(|example| example.language == "html").unwrap();
    // The page contains the URL of the gateway, which has the origin of the page.
    let (server, content) = Callback::serving_later().await;
    let reader = Reader::start(&[]).await;
    let root = format!("{}/", server.origin);
    let client_id = register_public(&reader.gateway, &root).await;
    let admin = reader.gateway.administration().await;
    admin.set_application_origins(&client_id, std::slice::from_ref(&server.origin)).await.unwrap();
    content.set(reader.code(&page).replace("\"CLIENT_ID\"", &format!("{client_id:?}"))).unwrap();
    let browser = Browser::open(800, 800, &[]).await;
    browser.goto(&root).await;
    browser.click("#login").await;
    allow(&browser).await;
    browser.find("#customers li:nth-child(5)").await;
    browser.save_screenshot("browser-app").await;
    browser.close().await;
}

#[test]
fn shapes_are_compared() {
    let value = |text| serde_json::from_str::<Value>(text).unwrap();
    assert!(same_shape(&value(r#"{"a": [{"b": 1}], "c": null}"#), &value(r#"{"a": [{"b": 2}, {"b": 3}], "c": null}"#)));
    for other in [r#"{"a": [{"b": "1"}], "c": null}"#, r#"{"a": [], "c": null}"#, r#"{"a": [{"b": 1}]}"#, "[]"] {
        assert!(!same_shape(&value(r#"{"a": [{"b": 1}], "c": null}"#), &value(other)), "{other}");
    }
}
