//! Parameters in the query and in every kind of body, their limits, and the errors that name them.

use http::Request;
use http::header::CONTENT_TYPE;

use super::*;

fn head(query: &str, content_type: Option<&str>) -> Parts {
    let mut request = Request::builder().uri(format!("/?{}", query.replace(' ', "+")));
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(()).unwrap().into_parts().0
}

async fn parse(query: &str, content_type: Option<&str>, body: &'static str) -> Result<RequestParams, ErrorCode> {
    let body = Bytes::from_static(body.as_bytes());
    RequestParams::parse(&head(query, content_type), body).await.map_err(|problem| problem.code)
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
        let body = BodyValues::at_most(usize::MAX);
        body.record(entries.len());
        let entries = entries.iter().map(|(name, entry)| ((*name).to_owned(), entry.clone())).collect();
        Values::from_form(entries, body)
    };
    let text = |text: &str| FormEntry::Text(text.to_owned());
    let tree = Values::from_tree("body", Value::Map(vec![("context".into(), Value::Int(5))]));
    for (content_type, body, values) in [
        (None, r#"{"context": 5}"#, tree),
        (None, "", Values::from_tree("body", Value::Map(Vec::new()))),
        (Some("application/x-www-form-urlencoded"), "context=5&a=", form(&[("context", text("5")), ("a", text(""))])),
        (
            Some("multipart/form-data; boundary=x"),
            multipart,
            form(&[("context", text("5")), ("image", FormEntry::File("AQI=".into())), ("none", text(""))]),
        ),
    ] {
        let params = parse("context={}", content_type, body).await.unwrap();
        assert_eq!(params.values().unwrap(), values, "{body}");
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

/// The first problem of a request whose body may contain ten values.
async fn first_problem(content_type: Option<&str>, body: &'static str) -> Option<(ErrorCode, String)> {
    let mut head = head("", content_type);
    head.extensions.insert(BodyLimits { max_values: 10, ..BodyLimits::for_tests() });
    let problem = match RequestParams::parse(&head, Bytes::from_static(body.as_bytes())).await {
        Err(problem) => Some(problem),
        Ok(params) => [
            params.domain("domain").err(),
            params.tree("vals").err(),
            params.ids("ids").err(),
            params.names("fields").err(),
        ]
        .into_iter()
        .flatten()
        .next(),
    };
    problem.map(|problem| (problem.code, problem.detail))
}

#[tokio::test]
async fn values_of_a_body_are_counted_in_every_form_and_in_all_literals_together() {
    let form = Some("application/x-www-form-urlencoded");
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"vals\"\r\n\r\n{'a': [1,2,3,4,5,6,7,8,9]}\r\n--x--\r\n";
    for (content_type, body, at) in [
        (None, r#"{"vals": [1,2,3,4,5,6,7,8,9]}"#, Some("body: ")),
        (None, r#"{"vals": "[1,2,3,4,5,6,7,8,9]"}"#, Some("vals: ")),
        (None, r#"{"domain": "['!','!',('a','=',1)]", "vals": "[1]"}"#, Some("vals: ")),
        (None, r#"{"ids": "1,2,3,4,5,6,7,8,9,10"}"#, Some("ids: ")),
        (None, r#"{"ids": "'1,2,3,4,5,6,7,8,9'"}"#, Some("ids: ")),
        (None, r#"{"vals": "[1,2,3]", "ids": "1,2"}"#, None),
        (form, "vals=[1,2,3,4,5,6,7,8,9]", Some("vals: ")),
        (form, "vals=(1,2,3,4,)&ids=1,2,3,4,5", Some("ids: ")),
        (form, "vals=(1,2,3,4,)&ids=1,2,3", None),
        (Some("multipart/form-data; boundary=x"), multipart, Some("vals: ")),
    ] {
        let problem = first_problem(content_type, body).await;
        let found = problem.as_ref().map(|(code, detail)| (*code, detail.split_inclusive(": ").next().unwrap()));
        assert_eq!(found, at.map(|at| (ErrorCode::BodyTooLarge, at)), "{body}: {problem:?}");
        assert!(problem.is_none_or(|(_, detail)| detail.contains("at most 10 values in a body")), "{body}");
    }
}

#[tokio::test]
async fn list_of_names_is_limited() {
    let names: &'static str = Box::leak(format!("{{\"fields\":\"{}a\"}}", "a,".repeat(100_000)).into_boxed_str());
    let params = parse("", None, names).await.unwrap();
    let problem = params.names("fields").unwrap_err();
    assert_eq!((problem.code, problem.parameter.as_deref()), (ErrorCode::BodyTooLarge, Some("fields")));
    assert!(problem.detail.contains("at most 100000 names"), "{}", problem.detail);
}
