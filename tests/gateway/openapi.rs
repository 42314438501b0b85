//! The OpenAPI document: correct, complete, equal to its committed copy, and readable in a browser.

mod clients;
mod examples;
mod json_schema;
mod schemathesis;
mod typed;
mod typed_calls;
mod versions;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use odoo_gateway::error_code::ErrorCode;
use reqwest::Method;
use serde_json::Value;

use super::support::binary::run;
use super::support::client::send;
use super::support::testbed::tool;
use super::support::{Client, Gateway, Response};

/// An operation of the document.
struct Operation {
    method: Method,
    path: String,
    spec: Value,
}

fn document() -> Value {
    serde_json::to_value(odoo_gateway::http::openapi()).unwrap()
}

fn operations() -> Vec<Operation> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations_of_path = |(path, item): (&String, &Value)| {
        let operations = item.as_object().unwrap().iter();
        let operation = |(method, spec): (&String, &Value)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            spec: with_parameters(spec.clone(), &document),
        };
        operations.map(operation).collect::<Vec<_>>()
    };
    paths.iter().flat_map(operations_of_path).collect()
}

/// The operation with its shared parameters in place of the references to them.
fn with_parameters(mut spec: Value, document: &Value) -> Value {
    for parameter in spec.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(reference) = parameter["$ref"].as_str() {
            *parameter = document.pointer(reference.trim_start_matches('#')).unwrap().clone();
        }
    }
    spec
}

/// The login of the dialect `restful`.
const LOGIN: &str = "/rest/api/login/token";

impl Operation {
    /// Needs no credential, or (the login) expects it in the parameters.
    fn is_open(&self) -> bool {
        self.path.ends_with("/common/version")
            || self.path == LOGIN
            || self.path == "/api/v1/health"
            || self.path == "/api/v1/info"
            || self.path == "/start"
            || matches!(
                self.path.as_str(),
                "/web/version" | "/json/version" | "/jsonrpc" | "/web/webclient/version_info"
            )
            || (self.is_oauth() && !self.is_signed())
    }

    /// Requires an OAuth 1 signature.
    fn is_signed(&self) -> bool {
        self.path.contains("/oauth1/") && !self.is_browser_page()
    }

    /// A browser page where a user decides about an authorization request.
    fn is_browser_page(&self) -> bool {
        self.path.ends_with("/authorize")
    }

    /// An OAuth endpoint, with forms and client authentication as the RFCs define them.
    fn is_oauth(&self) -> bool {
        self.path.starts_with("/restapi/1.0/common/oauth") || self.path.starts_with("/.well-known/")
    }

    /// Requires client authentication in a form.
    fn authenticates_by_form(&self) -> bool {
        self.is_oauth() && self.method == Method::POST && !self.is_browser_page()
    }

    fn supports_xml(&self) -> bool {
        self.path.starts_with("/restapi/") && !self.is_oauth()
    }

    /// A request for records: a password is sufficient, and the examples work on every Odoo with demo data.
    fn can_be_tried(&self) -> bool {
        let prefixes = ["/restapi/", "/restful/", "/api/", "/json/2/", "/doc-bearer/"];
        let issues_tokens = self.path.contains("/oauth") || self.path.ends_with("/generate_token");
        prefixes.iter().any(|prefix| self.path.starts_with(prefix)) && !issues_tokens
    }

    fn id(&self) -> &str {
        self.spec["operationId"].as_str().unwrap()
    }

    /// The OAuth 2 scope that the operation needs.
    fn scope(&self) -> &str {
        let mut schemes = self.spec["security"].as_array().into_iter().flatten();
        schemes.find_map(|scheme| scheme["oauth2"][0].as_str()).unwrap()
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn parameters(&self, place: &str) -> Vec<&Value> {
        let parameters = self.spec["parameters"].as_array().into_iter().flatten();
        parameters.filter(|parameter| parameter["in"] == place).collect()
    }

    /// The parameters that have an example, with it.
    fn examples(&self, place: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let example = |parameter: &&Value| {
            let example = parameter.get("example")?;
            Some((parameter["name"].as_str()?.to_owned(), text(example)))
        };
        self.parameters(place).iter().filter_map(example).collect()
    }

    /// Sends the request with the examples as its values.
    async fn send_example(&self, client: &Client) -> Response {
        let path = self
            .examples("path")
            .into_iter()
            .fold(self.path.clone(), |path, (name, example)| path.replace(&format!("{{{name}}}"), &example));
        let mut request = client.request(self.method.clone(), &path).query(&self.examples("query"));
        if let Some(body) = self.body_example().filter(|_| !self.is_oauth()) {
            request = request.json(&body);
        }
        send(request).await
    }

    fn body_example(&self) -> Option<Value> {
        let content = &self.spec["requestBody"]["content"];
        let body = content.get("application/json").or_else(|| content.get("application/x-www-form-urlencoded"))?;
        if let Some(own) = body.get("example") {
            return Some(own.clone());
        }
        let schema = &body["schema"];
        let name = schema.pointer("/$ref").or_else(|| schema.pointer("/oneOf/0/$ref"))?.as_str()?;
        document().pointer(&format!("{}/example", name.trim_start_matches('#'))).cloned()
    }
}

#[tokio::test]
async fn committed_document_is_up_to_date() {
    let printed = run(&["openapi"], Path::new("."), &[]).await;
    assert_eq!((printed.status.code(), String::from_utf8_lossy(&printed.stderr).as_ref()), (Some(0), ""));
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json"));
    let same = committed.unwrap() == String::from_utf8(printed.stdout).unwrap();
    assert!(
        same,
        "openapi/openapi.json is not what the routes say of themselves: run `make openapi` and look at the diff"
    );
}

#[test]
fn committed_document_is_small() {
    let document = std::fs::metadata(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap();
    assert!(document.len() <= 350_000, "{} bytes: see what is repeated", document.len());
}

#[tokio::test]
async fn independent_validator_accepts_the_document() {
    let verdict = tool(&["validate", concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")]).await;
    assert!(verdict.status.success(), "{verdict:?}");
    assert_eq!(document()["openapi"], "3.1.0");
}

#[tokio::test]
async fn linters_find_no_problems() {
    let verdict = tool(&["lint", concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")]).await;
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
}

#[test]
fn every_operation_is_described_completely() {
    let mut ids = HashSet::new();
    for operation in operations() {
        let (spec, name) = (&operation.spec, operation.name());
        for key in ["operationId", "summary"] {
            assert!(!spec[key].as_str().unwrap_or_default().is_empty(), "{name} has no {key}");
        }
        assert!(ids.insert(spec["operationId"].as_str().unwrap().to_owned()), "{name} has another's operationId");
        assert_eq!(spec["tags"].as_array().map(Vec::len), Some(1), "{name}");
        let security = spec["security"].as_array().unwrap_or_else(|| panic!("{name} has no security requirement"));
        assert_eq!(security.is_empty(), operation.is_open(), "{name}");

        let responses: BTreeSet<&str> = spec["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["400", "404", "405", "406", "414", "421", "431", "500", "502", "503", "504"];
        assert!(responses.is_superset(&expected.into()), "{name} documents {responses:?}");
        if operation.is_browser_page() {
            // A page, or a redirect to the next page or to the application.
            assert!(responses.contains(if operation.method == Method::GET { "200" } else { "303" }), "{name}");
            continue;
        }
        assert!(responses.contains("200"), "{name} documents {responses:?}");
        // Parameters can also be in a body.
        let takes_body = spec.get("requestBody").is_some() || !security.is_empty() || operation.path == LOGIN;
        assert_eq!(
            responses.contains("413") && responses.contains("415"),
            takes_body,
            "{name} documents {responses:?}"
        );
        let authenticates = !security.is_empty() || operation.path == LOGIN || operation.authenticates_by_form();
        assert_eq!(responses.contains("401") && responses.contains("429"), authenticates, "{name}");
        let kinds = match operation.path.as_str() {
            "/api/v1/{model}/{id}/{field}" => vec!["octet-stream"],
            _ if operation.supports_xml() => vec!["json", "xml"],
            _ => vec!["json"],
        };
        for kind in kinds {
            let schema = spec.pointer(&format!("/responses/200/content/application~1{kind}/schema"));
            let has_no_body = operation.path.ends_with("/oauth2/revoke");
            assert!(schema.is_some() || has_no_body, "{name} does not describe its {kind}");
        }
    }
}

#[test]
fn every_parameter_is_described_and_matches_the_path() {
    for operation in operations() {
        let name = operation.name();
        let in_path: BTreeSet<&str> = operation.path.split(['{', '}']).skip(1).step_by(2).collect();
        let path = operation.parameters("path");
        let documented: BTreeSet<&str> = path.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
        assert_eq!(in_path, documented, "{name}");
        for parameter in operation.spec["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}: {parameter}");
            let is_needed = parameter["required"] == true;
            assert!(!is_needed || parameter.get("example").is_some(), "{name}: no example of {}", parameter["name"]);
        }
        let takes_body = operation.spec.get("requestBody").is_some();
        let rendered = !takes_body || operation.is_browser_page() || operation.body_example().is_some();
        assert!(rendered, "{name}: no example of a body");
    }
}

#[test]
fn every_reference_resolves() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_documented_route_exists_and_authenticates() {
    for operation in operations() {
        let result = operation.send_example(&Gateway::shared().client()).await;
        let expected = match operation.path.as_str() {
            // The demonstration is disabled here.
            "/start" => 404,
            // The issuer of this gateway has no path.
            "/.well-known/oauth-authorization-server/{issuer}" => 404,
            // The application and the request token of the example do not exist.
            _ if operation.is_browser_page() => 400,
            _ if operation.is_open() && !operation.authenticates_by_form() => 200,
            _ => 401,
        };
        assert_eq!(result.status, expected, "{}: {}", operation.name(), result.text);
    }
}

#[tokio::test]
async fn document_needs_no_credential() {
    let result = Gateway::shared().client().get("/openapi.json", &[]).await;
    assert_eq!(result.header("content-type"), "application/json");
    assert_eq!(result.ok(), document());
}

#[tokio::test]
async fn documentation_page_loads_no_external_resources() {
    let client = Gateway::shared().client();
    let page = client.get("/docs", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(client.get("/docs/", &[]).await.text, page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; ") && !policy.contains("http"), "{policy}");
    let mut loaded = 0;
    for part in page.text.split(['"', '\'']).filter(|part| part.starts_with('/') || part.contains("://")) {
        let asset = client.get(part, &[]).await;
        assert_eq!(asset.status, 200, "{part}");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        loaded += 1;
    }
    assert!(loaded > 5, "scripts, stylesheets, icon, and links: {loaded}");
    let style = client.get("/docs/swagger-ui.css", &[]).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    let mut images = style.text.split("url(").skip(1).map(|rest| rest.trim_start_matches(['"', '\'']));
    assert!(images.all(|image| image.starts_with("data:")) && !style.text.contains("@import"));
    for nowhere in ["/docs/nothing", "/docs/swagger-initializer.js", "/docs/a/b"] {
        client.get(nowhere, &[]).await.problem(404, "unknown_route");
    }
}

#[tokio::test]
async fn browser_shows_every_operation() {
    let rendered = tool(&["browse", &format!("http://{}/docs", Gateway::shared().address())]).await;
    assert!(rendered.status.success(), "{rendered:?}");
    let page = String::from_utf8(rendered.stdout).unwrap();
    for operation in operations() {
        let (tag, id) = (operation.spec["tags"][0].as_str().unwrap(), operation.spec["operationId"].as_str().unwrap());
        assert!(page.contains(&format!(r#"id="operations-{tag}-{id}""#)), "{id} is not shown");
    }
    // Errors in the console, such as violations of the content security policy.
    let console = String::from_utf8(rendered.stderr).unwrap();
    assert!(!console.contains("CONSOLE"), "{console}");
}

#[tokio::test]
async fn every_error_code_is_explained() {
    let page = Gateway::shared().client().get("/docs/errors", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for code in ErrorCode::ALL {
        let (name, status, title) = (code.as_str(), code.class().status(), code.title());
        let (_, section) = page.text.split_once(&format!(r#"id="{name}""#)).unwrap_or_else(|| panic!("{name}"));
        let section = section.split("</section>").next().unwrap().replace("&#39;", "'");
        for part in [format!(r#"<span class="status">{status}</span>"#), format!("<p>{title}.</p>")] {
            assert!(section.contains(&part), "{name} does not contain {part}");
        }
        assert_eq!(section.matches("<dd>").count(), 2, "{name} does not contain its cause or its remedy");
    }
    assert!(!page.text.contains('`'), "code is marked up");
}

#[test]
fn errors_are_documented_with_each_dialects_body() {
    let document = document();
    for operation in operations() {
        let schema_of = |status: &str| {
            let response = &operation.spec["responses"][status];
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => response,
            };
            let content = response["content"].as_object().unwrap_or_else(|| panic!("{}", operation.name()));
            let json = content.iter().find(|(media_type, _)| media_type.contains("json"));
            let (media_type, body) = json.unwrap_or_else(|| panic!("{}", operation.name()));
            let name = body["schema"]["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            (media_type.clone(), name.to_owned())
        };
        let expected = match operation.path.as_str() {
            path if path.starts_with("/api/v1/") => ("application/json", "ApiV1Failed"),
            path if path.starts_with("/api/") => ("application/json", "ApiError"),
            path if path.contains("/oauth2/") || path.starts_with("/.well-known/") => {
                ("application/json", "OAuth2Error")
            }
            _ if operation.spec["tags"][0] == "json2" => ("application/json", "Json2Error"),
            _ => ("application/problem+json", "Problem"),
        };
        for status in ["400", "404", "405", "503"] {
            let (media_type, schema) = schema_of(status);
            assert_eq!((media_type.as_str(), schema.as_str()), expected, "{} {status}", operation.name());
        }
    }
}

#[test]
fn parameters_and_bodies_are_not_nullable() {
    fn has_null(schema: &Value) -> bool {
        let kinds = schema["type"].as_array().into_iter().flatten();
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        kinds.chain(choices.map(|choice| &choice["type"])).any(|kind| kind == "null")
    }
    for operation in operations() {
        let parameters = operation.spec["parameters"].as_array().into_iter().flatten();
        let bodies = operation.spec["requestBody"]["content"].as_object().into_iter().flatten();
        for schema in parameters.map(|one| &one["schema"]).chain(bodies.map(|(_, body)| &body["schema"])) {
            assert!(!has_null(schema), "{}: {schema}", operation.name());
        }
    }
}

#[test]
fn files_are_binary_and_their_headers_are_described() {
    let document = document();
    let download = &document["paths"]["/api/v1/{model}/{id}/{field}"]["get"]["responses"]["200"];
    let file = serde_json::json!({"type": "string", "format": "binary"});
    let schema = &download["content"]["application/octet-stream"]["schema"];
    assert_eq!((&schema["type"], &schema["format"]), (&file["type"], &file["format"]));
    let pdf = &document["paths"]["/restapi/1.0/report/{report_name}/{id}"]["get"]["responses"]["200"]["content"];
    assert_eq!(pdf["application/pdf"]["schema"]["format"], "binary");
    for header in ["ETag", "Content-Disposition", "Accept-Ranges", "X-Request-Id", "RateLimit"] {
        assert!(download["headers"].get(header).is_some(), "{header}");
    }
    let throttled = &document["components"]["responses"]["ApiTooManyRequests"]["headers"];
    assert!(throttled.get("Retry-After").is_some() && throttled.get("RateLimit").is_some());
}

#[tokio::test]
async fn urls_in_the_document_start_with_the_public_url() {
    let gateway = Gateway::start(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/")]).await;
    let document = gateway.client().get("/openapi.json", &[]).await.ok();
    assert_eq!(document["servers"], serde_json::json!([{"url": "https://api.example.com/odoo"}]));
    let flows = &document["components"]["securitySchemes"]["oauth2"]["flows"];
    let token = "https://api.example.com/odoo/restapi/1.0/common/oauth2/token";
    assert_eq!(flows["authorizationCode"]["tokenUrl"], token);
    assert_eq!(flows["clientCredentials"]["tokenUrl"], token);
    let page = gateway.client().get("/docs", &[]).await;
    assert!(page.text.contains("src=\"/odoo/docs/start.js\""), "{}", page.text);
}

#[tokio::test]
async fn root_redirects_to_the_documentation() {
    let client = Gateway::shared().client();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = client.with_header("accept", browser).get("/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("href=\"/docs\""), "{}", page.text);
    let links = client.get("/", &[]).await.ok();
    for member in ["documentation", "openapi", "errors"] {
        let found = client.get(links[member].as_str().unwrap(), &[]).await;
        assert_eq!(found.status, 200, "{member}");
    }
}
