//! The example request of an operation, as a command for curl.
//!
//! In: an operation of the document. Out: the command. Must not know: pages.

use std::fmt::Write as _;

use serde_json::Value;

use super::api_document::ApiDocument;

/// Lines are joined with this.
const NEXT_LINE: &str = " \\\n     ";

/// The options with which curl sends a credential of each security scheme.
const CREDENTIALS: [(&str, &str); 7] = [
    ("basic", "-u LOGIN:PASSWORD"),
    ("api_key", "-H 'api-key: API_KEY'"),
    ("login_token", "-H 'token: LOGIN_TOKEN'"),
    ("access_token", "-H 'access-token: ACCESS_TOKEN'"),
    ("bearer", "-H 'Authorization: Bearer TOKEN'"),
    ("oauth2", "-H 'Authorization: Bearer TOKEN'"),
    ("oauth1", "-H 'Authorization: OAuth …'"),
];

/// The command that sends an operation's example. `url` is the URL of the gateway.
pub(super) fn curl(document: &ApiDocument, method: &str, path: &str, operation: &Value, url: &str) -> String {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let parameters: Vec<&Value> = parameters.map(|parameter| document.resolve(parameter)).collect();
    let query = examples(document, &parameters, "query");
    let path = examples(document, &parameters, "path")
        .into_iter()
        .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), &value));
    let mut command = "curl".to_owned();
    if let Some(option) = credential(operation) {
        let _ = write!(command, " {option}");
    }
    let body = body_options(document, operation);
    match (method, query.is_empty(), body.is_empty()) {
        ("GET", false, _) => command.push_str(" -G"),
        ("GET", true, _) | ("POST", _, false) => {}
        (_, false, true) => {
            let _ = write!(command, " -G -X {method}");
        }
        _ => {
            let _ = write!(command, " -X {method}");
        }
    }
    // With a body, `-G` would move it to the query.
    let in_url = if body.is_empty() { String::new() } else { query_string(&query) };
    let _ = write!(command, " {}", quoted(&format!("{url}{path}{in_url}")));
    if body.is_empty() {
        for (name, value) in &query {
            let _ = write!(command, "{NEXT_LINE}--data-urlencode {}", quoted(&format!("{name}={value}")));
        }
    }
    body.iter().for_each(|option| {
        let _ = write!(command, "{NEXT_LINE}{option}");
    });
    command
}

fn credential(operation: &Value) -> Option<&'static str> {
    let schemes = operation.get("security")?.as_array()?.iter().filter_map(Value::as_object).flat_map(|one| one.keys());
    let known = |scheme: &String| CREDENTIALS.iter().find(|(name, _)| name == scheme).map(|(_, option)| *option);
    schemes.filter_map(known).next()
}

/// The names and examples of the parameters in one place.
fn examples(document: &ApiDocument, parameters: &[&Value], place: &str) -> Vec<(String, String)> {
    let here = parameters.iter().filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some(place));
    let example = |parameter: &&Value| {
        let example = document.example(parameter).or_else(|| document.example(parameter.get("schema")?))?;
        Some((parameter.get("name")?.as_str()?.to_owned(), plain(example)))
    };
    here.filter_map(example).collect()
}

fn query_string(query: &[(String, String)]) -> String {
    if query.is_empty() {
        return String::new();
    }
    let mut serializer = url::form_urlencoded::Serializer::new(String::new());
    format!("?{}", serializer.extend_pairs(query).finish())
}

fn body_options(document: &ApiDocument, operation: &Value) -> Vec<String> {
    let Some(body) = operation.get("requestBody").map(|body| document.resolve(body)) else { return Vec::new() };
    let content = body.get("content").and_then(Value::as_object);
    let Some((name, media_type)) = content.and_then(|content| content.iter().next()) else { return Vec::new() };
    let Some(example) = document.content_example(media_type) else { return Vec::new() };
    match (name.as_str(), example) {
        ("application/x-www-form-urlencoded", Value::Object(members)) => {
            let option = |(name, value): (&String, &Value)| {
                format!("--data-urlencode {}", quoted(&format!("{name}={}", plain(value))))
            };
            members.iter().map(option).collect()
        }
        (name, example) => vec![format!("-H 'Content-Type: {name}'"), format!("-d {}", quoted(&plain(&example)))],
    }
}

/// Text as it is, other values as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b'=' | b',');
    if text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn command(method: &str, operation: &Value) -> String {
        curl(&ApiDocument(json!({})), method, "/api/{model}", operation, "https://gw.example")
    }

    fn parameter(place: &str, name: &str, example: &str) -> Value {
        json!({"in": place, "name": name, "example": example})
    }

    #[test]
    fn examples_become_words_of_the_shell() {
        let model = parameter("path", "model", "res.partner");
        let domain = parameter("query", "domain", "[('name','=','O''Hara')]");
        let unused = json!({"in": "query", "name": "limit"});
        let get = json!({"parameters": [model, domain, unused], "security": [{"unknown": []}, {"basic": []}]});
        assert_eq!(
            command("GET", &get),
            "curl -u LOGIN:PASSWORD -G https://gw.example/api/res.partner \\\n     \
             --data-urlencode 'domain=[('\\''name'\\'','\\''='\\'','\\''O'\\'''\\''Hara'\\'')]'"
        );
        let body = json!({"content": {"application/json": {"example": {"name": "It's"}}}});
        let post = json!({"parameters": [model], "requestBody": body, "security": []});
        assert_eq!(
            command("POST", &post),
            "curl https://gw.example/api/res.partner \\\n     -H 'Content-Type: application/json' \\\n     \
             -d '{\"name\":\"It'\\''s\"}'"
        );
        let put = json!({"parameters": [model, parameter("query", "id", "[1,2]")], "requestBody": body});
        assert!(command("PUT", &put).starts_with("curl -X PUT 'https://gw.example/api/res.partner?id=%5B1%2C2%5D' "));
        let form = json!({"application/x-www-form-urlencoded": {"example": {"grant_type": "client_credentials"}}});
        let token = json!({"parameters": [model], "requestBody": {"content": form}});
        assert!(command("POST", &token).ends_with("--data-urlencode grant_type=client_credentials"));
        let delete = command("DELETE", &json!({"parameters": [model]}));
        assert_eq!(delete, "curl -X DELETE https://gw.example/api/res.partner");
    }
}
