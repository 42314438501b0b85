//! The requests of the benchmark, and the calls to Odoo that the gateway makes for them.
//!
//! In: an Odoo. Out: requests, each with its recorded calls, and the recording. Must not know: how they are timed.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Outcome;
use super::exchange::Connection;
use super::process::Gateway;
use super::recording::{Recorded, Recording};

/// A request that is measured.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) request: Vec<u8>,
    /// The request whose calls do the same directly; `None` for the calls of the request itself.
    equivalent: Option<Vec<u8>>,
    /// The gateway's calls for the request (or for `equivalent`) once the metadata is cached.
    pub(crate) calls: Vec<Recorded>,
    /// The number of comparisons, if time allows.
    pub(crate) pairs: usize,
    /// Whether the response is large.
    pub(crate) is_large: bool,
}

const PARTNER: &str = "/restapi/1.0/object/res.partner";
const MANY: usize = 1000;
/// The number of batches of [`MANY`] records. The lists read the first one; only the export reads all.
const BATCHES: usize = 10;
const TEN_FIELDS: &str =
    "['name','email','phone','street','city','zip','country_id','category_id','active','write_date']";

/// Sends each request twice through a recording gateway, and uses the calls of the second time.
pub(crate) fn record(odoo: SocketAddr) -> Outcome<(Vec<Case>, Recording)> {
    let recording = Recording::default();
    let gateway = Gateway::start(recording.record(odoo)?)?;
    let mut connection = Connection::open(gateway.address)?;
    let first = create_partners(&mut connection, "bench")?;
    for _ in 1..BATCHES {
        create_partners(&mut connection, "bench more")?;
    }
    let mut cases = cases(first);
    for case in &mut cases {
        connection.send(&case.request)?;
        recording.take_calls();
        connection.send(case.equivalent.as_ref().unwrap_or(&case.request))?;
        case.calls = recording.take_calls();
    }
    Ok((cases, recording))
}

fn cases(partner: i64) -> Vec<Case> {
    let case =
        |name, request, pairs, is_large| Case { name, request, equivalent: None, calls: Vec::new(), pairs, is_large };
    let one = format!("{PARTNER}/{partner}");
    let few = [("fields", "['name','email']")];
    let found = [("domain", "[('ref','=','bench')]"), ("limit", "80")];
    let all = [("domain", "[('ref','=','bench')]"), ("fields", TEN_FIELDS)];
    let more = [("domain", "[('ref','like','bench')]"), ("fields", TEN_FIELDS), ("order", "id")];
    let buffered = request("GET", PARTNER, &more, "");
    let lines = String::from_utf8_lossy(&buffered).replacen("\r\n", "\r\naccept: application/x-ndjson\r\n", 1);
    let lines = Case { equivalent: Some(buffered), ..case("NDJSON, 10,000 x 10 fields", lines.into_bytes(), 20, true) };
    vec![
        case("read, 2 fields", request("GET", &format!("{PARTNER}/1"), &few, ""), 500, false),
        case("search, 80 ids", request("GET", &format!("{PARTNER}/search"), &found, ""), 500, false),
        case("update (2 calls)", request("PUT", &one, &[("vals", "{'city': 'London'}")], ""), 200, false),
        case("list, 1000 x 10 fields", request("GET", PARTNER, &all, ""), 100, true),
        lines,
    ]
}

fn create_partners(connection: &mut Connection, mark: &str) -> Outcome<i64> {
    let partner = |n| {
        json!({
            "ref": mark, "name": format!("Contact {n} of <Société> & Söhne"), "email": format!("contact.{n}@example.com"),
            "phone": format!("+32 2 290 {n}"), "street": format!("{n} Rue de la Paix"), "city": "Paris", "zip": "75002",
        })
    };
    let partners: Vec<Value> = (0..MANY).map(partner).collect();
    let body = json!({ "args": [partners] }).to_string();
    let response = connection.send(&request("POST", &format!("{PARTNER}/create"), &[], &body))?;
    let response: Value = serde_json::from_slice(&response)?;
    Ok(response.pointer("/return/0").and_then(Value::as_i64).ok_or("no partners were created")?)
}

fn request(method: &str, path: &str, query: &[(&str, &str)], body: &str) -> Vec<u8> {
    let query: Vec<String> =
        query.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))).collect();
    format!(
        "{method} {path}?{} HTTP/1.1\r\nhost: gateway\r\nauthorization: Basic YWRtaW46YWRtaW4=\r\n\
         content-length: {}\r\ncontent-type: application/json\r\n\r\n{body}",
        query.join("&"),
        body.len()
    )
    .into_bytes()
}
