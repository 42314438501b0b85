//! The requests of the benchmark and the calls that the gateway makes for them, recorded in front of the real Odoo.
//!
//! In: an Odoo and its PostgreSQL. Out: [`Workload`], [`Recording`]. Must not know: how requests are measured.

use std::io;
use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};

use super::Outcome;
use super::exchange::{Connection, DATABASE};
use super::process::Gateway;
use super::recording::{Recorded, Recording};
use super::request::{Header, HttpRequest, api_key, basic, target};

/// The number of different records that are read in turn, so that concurrent requests are never equal. It is larger
/// than the largest number of clients.
const READS: usize = 512;
/// The lengths of the lists.
const LENGTHS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// The number of records when calls are recorded, and in the export.
const FEW_PARTNERS: usize = 10_000;
pub(crate) const MANY_PARTNERS: usize = 100_000;

const PARTNER: &str = "/restapi/1.0/object/res.partner";
const TEN_FIELDS: &str =
    "['name','email','phone','street','city','zip','country_id','category_id','active','write_date']";

/// A request, and the gateway's calls for it once the metadata is cached.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) target: String,
    pub(crate) calls: Vec<Recorded>,
}

/// The requests.
#[derive(Debug)]
pub(crate) struct Workload {
    /// One record, two fields.
    pub(crate) reads: Vec<Case>,
    /// Lists of ten fields, by their length.
    pub(crate) lists: Vec<(usize, Case)>,
    /// The partner that the others are copies of, and the number of all.
    pub(crate) first_partner: i64,
    pub(crate) partners: usize,
    /// The number of calls of other requests, by their name.
    pub(crate) calls: Vec<(&'static str, usize)>,
}

impl Workload {
    /// Creates partners, sends each request through a recording gateway, and uses the calls once nothing is cold.
    pub(crate) fn record(odoo: SocketAddr, postgres: &str) -> Outcome<(Self, Recording)> {
        let recording = Recording::default();
        let (gateway, key) = Gateway::start_with_key(recording.record(odoo)?, &[])?;
        let mut connection = Connection::open(gateway.address)?;
        let first = create_partner(&mut connection, api_key(&key))?;
        copy_partner(postgres, first, FEW_PARTNERS - 1)?;
        let targets = read_targets(&mut connection, api_key(&key))?;
        let mut recorder = Recorder { connection, recording: &recording, key: &key };
        let reads = targets.into_iter().map(|target| recorder.case(target)).collect::<Outcome<Vec<_>>>()?;
        if let Some(case) = reads.iter().find(|case| case.calls.len() != 1) {
            return Err(format!("a read makes {} calls: {}", case.calls.len(), case.target).into());
        }
        let mut list = |length| -> Outcome<_> { Ok((length, recorder.case(list_target(length))?)) };
        let lists = LENGTHS.into_iter().map(&mut list).collect::<Outcome<Vec<_>>>()?;
        let calls = recorder.other_calls(first)?;
        Ok((Self { reads, lists, first_partner: first, partners: FEW_PARTNERS, calls }, recording))
    }

    /// The read of each record.
    pub(crate) fn read_requests(&self, credential: &Header) -> Vec<HttpRequest> {
        self.reads.iter().map(|case| HttpRequest::get(&case.target, credential.clone())).collect()
    }

    /// The same reads as calls to Odoo.
    pub(crate) fn direct_reads(&self) -> Vec<HttpRequest> {
        self.reads.iter().flat_map(|case| &case.calls).map(HttpRequest::direct).collect()
    }

    /// The list of this length.
    pub(crate) fn list(&self, length: usize) -> Outcome<&Case> {
        let list = self.lists.iter().find(|(each, _)| *each == length);
        Ok(list.map(|(_, case)| case).ok_or("no list of this length")?)
    }
}

/// All partners that were created here, as an export of ten fields.
pub(crate) fn export_target() -> String {
    target(PARTNER, &[("domain", "[('ref','=','bench')]"), ("fields", TEN_FIELDS), ("order", "id")])
}

fn list_target(length: usize) -> String {
    let length = length.to_string();
    let query =
        [("domain", "[('ref','=','bench')]"), ("fields", TEN_FIELDS), ("order", "id"), ("limit", length.as_str())];
    target(PARTNER, &query)
}

/// Sends requests and takes the calls that they cause.
struct Recorder<'a> {
    connection: Connection,
    recording: &'a Recording,
    key: &'a str,
}

impl Recorder<'_> {
    fn case(&mut self, target: String) -> Outcome<Case> {
        self.connection.send(&HttpRequest::get(&target, basic()).to_bytes())?;
        let calls = self.calls_of(&HttpRequest::get(&target, api_key(self.key)))?;
        Ok(Case { target, calls })
    }

    /// The calls of a request that is sent a second time.
    fn calls_of(&mut self, request: &HttpRequest) -> Outcome<Vec<Recorded>> {
        self.connection.send(&request.to_bytes())?;
        self.recording.take_calls();
        self.connection.send(&request.to_bytes())?;
        Ok(self.recording.take_calls())
    }

    fn other_calls(&mut self, partner: i64) -> Outcome<Vec<(&'static str, usize)>> {
        let key = self.key;
        let key = || api_key(key);
        let all = target("/api/v1/res.partner", &[("query", "{id, name, email}"), ("limit", "80")]);
        let update = json!({ "vals": { "city": "London" } }).to_string();
        let update_one = json!({ "data": { "city": "London" } }).to_string();
        let (restapi, api_v1) = (format!("{PARTNER}/{partner}"), format!("/api/v1/res.partner/{partner}"));
        let requests = [
            ("Update that answers (restapi)", HttpRequest::with_json("PUT", &restapi, key(), update)),
            ("Update that answers (api_v1)", HttpRequest::with_json("PUT", &api_v1, key(), update_one)),
            ("List with total (api_v1)", HttpRequest::get(&all, key())),
        ];
        let mut counts = Vec::new();
        for (name, request) in requests {
            counts.push((name, self.calls_of(&request)?.len()));
        }
        Ok(counts)
    }
}

/// The targets of reads of different partners.
fn read_targets(connection: &mut Connection, key: Header) -> Outcome<Vec<String>> {
    let limit = READS.to_string();
    let query = [("domain", "[('ref','=','bench')]"), ("order", "id"), ("limit", limit.as_str())];
    let found = HttpRequest::get(&target(&format!("{PARTNER}/search"), &query), key);
    let found: Value = serde_json::from_slice(&connection.send(&found.to_bytes())?)?;
    let ids: Vec<i64> = numbers(&found);
    if ids.len() != READS {
        return Err(format!("{} partners were found", ids.len()).into());
    }
    let read = |id: i64| target(&format!("{PARTNER}/{id}"), &[("fields", "['name','email']")]);
    Ok(ids.into_iter().map(read).collect())
}

/// All numbers in a tree.
fn numbers(tree: &Value) -> Vec<i64> {
    match tree {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(members) => members.values().flat_map(numbers).collect(),
        other => other.as_i64().into_iter().collect(),
    }
}

fn create_partner(connection: &mut Connection, key: Header) -> Outcome<i64> {
    let partner = json!({
        "ref": "bench", "name": "Contact 0 of <Société> & Söhne", "email": "contact.0@example.com",
        "phone": "+32 2 290 0", "street": "0 Rue de la Paix", "city": "Paris", "zip": "75002",
    });
    let body = json!({ "args": [[partner]] }).to_string();
    let request = HttpRequest::with_json("POST", &format!("{PARTNER}/create"), key, body);
    let response: Value = serde_json::from_slice(&connection.send(&request.to_bytes())?)?;
    Ok(response.pointer("/return/0").and_then(Value::as_i64).ok_or("no partner was created")?)
}

/// Copies a partner in the database, because Odoo needs minutes to create as many.
pub(crate) fn copy_partner(postgres: &str, partner: i64, times: usize) -> io::Result<()> {
    let url = postgres.strip_suffix("/postgres").unwrap_or(postgres);
    let copy = format!(
        "INSERT INTO res_partner SELECT copy.* FROM res_partner AS original, generate_series(1, {times}) AS n,
         LATERAL jsonb_populate_record(original, jsonb_build_object(
             'id', nextval('res_partner_id_seq') + 0 * n, 'name', 'Contact ' || n || ' of <Société> & Söhne',
             'complete_name', 'Contact ' || n || ' of <Société> & Söhne', 'email', 'contact.' || n || '@example.com',
             'phone', '+32 2 290 ' || n, 'street', n || ' Rue de la Paix')) AS copy
         WHERE original.id = {partner}"
    );
    let status = Command::new("psql")
        .arg(format!("{url}/{DATABASE}"))
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", &copy])
        .args(["--command", "ANALYZE res_partner"])
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the partners were not copied")) }
}
