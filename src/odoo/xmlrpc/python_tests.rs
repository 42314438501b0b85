//! Compares the codec with Python's `xmlrpc.client`, which Odoo uses.
//!
//! One Python process parses thousands of serialized calls, prints the values as JSON, and serializes them as responses
//! for our parser.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::generated::any_value;
use super::response;
use super::writer::CallWriter;
use crate::odoo::rpc_codec::RpcResponse;
use crate::value::Value;

const VALUES: usize = 4000;

/// Reads one base64 `methodCall` per line; writes its value as JSON, and as a base64 response.
const PYTHON: &str = r#"
import base64, json, struct, sys, xmlrpc.client

xmlrpc.client.MAXINT, xmlrpc.client.MININT = 2**63 - 1, -2**63

def as_json(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return {"map": [[key, as_json(item)] for key, item in value.items()]}

for line in sys.stdin:
    (value,), method = xmlrpc.client.loads(base64.b64decode(line))
    assert method == "execute_kw"
    response = xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True)
    print(json.dumps(as_json(value)), base64.b64encode(response.encode()).decode(), sep="\t")
"#;

fn as_json(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => json!(null),
        Value::Bool(boolean) => json!(boolean),
        Value::Int(int) => json!({"int": int.to_string()}),
        Value::Float(float) => json!({"float": format!("{:016x}", float.to_bits())}),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Map(members) => {
            json!({"map": members.iter().map(|(key, value)| json!([key, as_json(value)])).collect::<Vec<_>>()})
        }
    }
}

fn run_python(lines: String) -> String {
    let mut python = Command::new("python3")
        .args(["-c", PYTHON])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for this test");
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn codec_agrees_with_python() {
    let mut runner = TestRunner::deterministic();
    let strategy = any_value();
    let values: Vec<_> = (0..VALUES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let calls = values.iter().fold(String::new(), |mut lines, value| {
        let call = CallWriter::new("execute_kw").param("value", value).unwrap().finish();
        BASE64_STANDARD.encode_string(call.as_slice(), &mut lines);
        lines + "\n"
    });

    let responses = run_python(calls);
    assert_eq!(responses.lines().count(), VALUES);
    for (value, line) in values.iter().zip(responses.lines()) {
        let (parsed, response) = line.split_once('\t').unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(parsed).unwrap(), as_json(value));
        let response = String::from_utf8(BASE64_STANDARD.decode(response).unwrap()).unwrap();
        assert_eq!(response::parse(&response), Ok(RpcResponse::Result(value.clone())));
    }
}
