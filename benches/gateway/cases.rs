//! What is asked of the gateway, and the calls that it makes of it.
//!
//! In: an Odoo. Out: requests, each with its calls as they were recorded, and the tape. Must not know: how they are timed.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Outcome;
use super::exchange::Connection;
use super::process::Gateway;
use super::tape::{Recorded, Tape};

/// A request that is asked again and again.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) request: Vec<u8>,
    /// The request whose calls do the same directly; `None`: the calls of the request itself.
    whole: Option<Vec<u8>>,
    /// What the gateway calls for it, once it knows the model; or for the `whole`.
    pub(crate) calls: Vec<Recorded>,
    /// How often it is compared, if time allows.
    pub(crate) pairs: usize,
    /// Whether the answer is large.
    pub(crate) is_large: bool,
}

const PARTNER: &str = "/restapi/1.0/object/res.partner";
const MANY: usize = 1000;
/// How many batches of so many; the first is the `bench` of the lists, the others are listed in pages only.
const BATCHES: usize = 10;
const TEN_FIELDS: &str =
    "['name','email','phone','street','city','zip','country_id','category_id','active','write_date']";

/// Asks everything twice through a recording gateway; what the second time takes is the case.
pub(crate) fn record(odoo: SocketAddr) -> Outcome<(Vec<Case>, Tape)> {
    let tape = Tape::default();
    let gateway = Gateway::start(tape.record(odoo)?)?;
    let mut connection = Connection::open(gateway.address)?;
    let first = create_partners(&mut connection, "bench")?;
    for _ in 1..BATCHES {
        create_partners(&mut connection, "bench more")?;
    }
    let mut cases = cases(first);
    for case in &mut cases {
        connection.ask(&case.request)?;
        tape.take_calls();
        connection.ask(case.whole.as_ref().unwrap_or(&case.request))?;
        case.calls = tape.take_calls();
    }
    Ok((cases, tape))
}

fn cases(partner: i64) -> Vec<Case> {
    let case = |name, request, pairs, is_large| Case { name, request, whole: None, calls: Vec::new(), pairs, is_large };
    let one = format!("{PARTNER}/{partner}");
    let few = [("fields", "['name','email']")];
    let found = [("domain", "[('ref','=','bench')]"), ("limit", "80")];
    let all = [("domain", "[('ref','=','bench')]"), ("fields", TEN_FIELDS)];
    let more = [("domain", "[('ref','like','bench')]"), ("fields", TEN_FIELDS), ("order", "id")];
    let whole = request("GET", PARTNER, &more, "");
    let lines = String::from_utf8_lossy(&whole).replacen("\r\n", "\r\naccept: application/x-ndjson\r\n", 1);
    let lines = Case { whole: Some(whole), ..case("NDJSON, 10,000 x 10 fields", lines.into_bytes(), 20, true) };
    vec![
        case("read, 2 fields", request("GET", &format!("{PARTNER}/1"), &few, ""), 500, false),
        case("search, 80 ids", request("GET", &format!("{PARTNER}/search"), &found, ""), 500, false),
        case("update (3 calls)", request("PUT", &one, &[("vals", "{'city': 'London'}")], ""), 200, false),
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
    let answer = connection.ask(&request("POST", &format!("{PARTNER}/create"), &[], &body))?;
    let answer: Value = serde_json::from_slice(&answer)?;
    Ok(answer.pointer("/return/0").and_then(Value::as_i64).ok_or("no partners were made")?)
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
