//! Tests with the faults captured from Odoo 14.0 and 19.0, in both forms of XML-RPC. Those of 20 are from its source.
//!
//! `tests/data/faults.tsv` contains the case; Odoo's major version; the integer code, `TB` for code 1 with a
//! traceback of which only the exception is in the table, or `OK` for no fault; model, method, and ids of the call;
//! the text (`\n`, `\t`, `\\` escaped); and the expected class, code, and status.

use super::{CallTarget, Fault, FaultClass, redirect_warning};
use crate::odoo::rpc_codec::RpcResponse;
use crate::odoo::xmlrpc::response::{self, FaultCode, XmlRpcFault};
use crate::plan::Effect;

const TABLE: &str = include_str!("../../../tests/data/faults.tsv");

struct Row {
    name: String,
    wire: &'static str,
    model: &'static str,
    method: &'static str,
    ids: Vec<i64>,
    text: String,
    expected: [&'static str; 3],
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        let [case, odoo, wire, model, method, ids, text, class, code, status] = cells[..] else { panic!("{line}") };
        Row {
            name: format!("{case} on {odoo}"),
            wire,
            model,
            method,
            ids: ids.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().unwrap()).collect(),
            text: unescaped(text),
            expected: [class, code, status],
        }
    })
}

fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut unescaped = String::new();
    while let Some(character) = characters.next() {
        unescaped.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                _ => '\\',
            },
            other => other,
        });
    }
    unescaped
}

const CAUSE: &str = "Traceback (most recent call last):\n  File \"/usr/lib/python3/odoo/api.py\", line 793, in get\n    \
    return field_cache[record._ids[0]]\n           ~~~~~~~~~~~^^^^^^^^^^^^^^^^^\nKeyError: 19\n\n\
    During handling of the above exception, another exception occurred:\n\n";
const DISPATCH: &str = "Traceback (most recent call last):\n  File \"/usr/lib/python3/odoo/addons/base/controllers/rpc.py\", \
    line 63, in xmlrpc_2\n    response = self._xmlrpc(service)\n               ^^^^^^^^^^^^^^^^^^^^^\n";
const INSIDE: &str = "  File \"/usr/lib/python3/odoo/service/model.py\", line 40, in dispatch\n    res = fn(db, uid, *params)\n  \
    [Previous line repeated 2 more times]\n  File \"/usr/lib/python3/odoo/models.py\", line 3, in write\n    raise x\n";
const WRITING: &str =
    "  File \"/usr/lib/python3.9/xmlrpc/client.py\", line 968, in dumps\n    data = m.dumps(params)\n";

/// The complete traceback, as Odoo sends it for this exception.
fn traceback(exception: &str) -> String {
    let frames = if exception.contains("cannot marshal") { WRITING } else { INSIDE };
    let cause = if exception.starts_with("psycopg2") { CAUSE } else { "" };
    format!("{cause}{DISPATCH}{frames}{exception}\n")
}

/// The fault in the form of `/xmlrpc/2` and in the form of `/xmlrpc`.
fn both_forms(row: &Row) -> [XmlRpcFault<'static>; 2] {
    let text = row.text.clone();
    let warning = |class| (format!("warning -- {class}\n\n{text}"), String::new());
    let (number, string, (code, detail)) = match row.wire {
        "TB" => {
            let message = text.split_once(": ").unwrap().1.to_owned();
            (1, traceback(&text), (message, traceback(&text)))
        }
        "3" => (3, text.clone(), ("AccessDenied".to_owned(), text.clone())),
        "4" => (4, text.clone(), warning("AccessError")),
        "2" if text.contains("\n(Record: ") => (2, text.clone(), warning("MissingError")),
        "2" if text.starts_with("('") => (2, text.clone(), warning("Warning")),
        "2" => (2, text.clone(), warning("UserError")),
        other => panic!("{other}"),
    };
    [
        XmlRpcFault { code: FaultCode::Int(number), string: string.into() },
        XmlRpcFault { code: FaultCode::Text(code.into()), string: detail.into() },
    ]
}

fn outcome(fault: &Fault, row: &Row) -> [String; 3] {
    if fault.class == FaultClass::NoResult {
        return ["NoResult", "-", "200"].map(str::to_owned);
    }
    let problem =
        fault.problem(&CallTarget { model: row.model, method: row.method, ids: &row.ids, effect: Effect::Write });
    let class = format!("{:?}", fault.class);
    [class, problem.code.as_str().to_owned(), problem.class().status().to_string()]
}

#[test]
fn every_captured_fault_has_the_expected_class_code_and_status() {
    let (mut faults, mut results) = (0, 0);
    for row in rows() {
        if row.wire == "OK" {
            results += 1;
            continue;
        }
        faults += 1;
        for form in both_forms(&row) {
            let fault = Fault::from_xmlrpc(&form);
            assert_eq!(outcome(&fault, &row), row.expected, "{} as {:?}", row.name, form.code);
        }
    }
    assert!(faults >= 200 && results >= 50, "{faults} faults, {results} results");
}

#[test]
fn no_captured_fault_reveals_a_traceback_a_statement_or_a_path() {
    for row in rows().filter(|row| row.wire != "OK") {
        for form in both_forms(&row) {
            let fault = Fault::from_xmlrpc(&form);
            let shown = format!(
                "{:?}",
                fault.problem(&CallTarget {
                    model: row.model,
                    method: row.method,
                    ids: &row.ids,
                    effect: Effect::Write
                })
            );
            for inside in [
                "Traceback",
                "LINE 1",
                "SELECT",
                "VALUES",
                "File \"",
                "/usr/lib",
                ".py",
                "ir.actions",
                "127.0.0.1",
                ")=(",
            ] {
                assert!(!shown.contains(inside), "{} shows {inside}: {shown}", row.name);
            }
        }
    }
}

#[test]
fn redirect_warning_shows_only_its_first_item() {
    let row = rows().find(|row| row.name == "RedirectWarning on 19").unwrap();
    for form in both_forms(&row) {
        let fault = Fault::from_xmlrpc(&form);
        assert_eq!(fault.exception, "RedirectWarning");
        assert_eq!(fault.class, FaultClass::Rejected);
        assert_eq!(Some(&fault.message), redirect_warning::parse_message(&row.text).as_ref());
        assert!(fault.message.starts_with("You cannot archive contacts linked to an active user.\nYou first"));
    }
}

#[test]
fn result_is_not_parsed_as_a_fault() {
    let text = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><boolean>0</boolean></value>\n</param>\n\
                </params>\n</methodResponse>\n";
    assert!(matches!(response::parse(text), Ok(RpcResponse::Result(_))));
    assert_eq!(response::is_fault(text), Ok(false));
}
