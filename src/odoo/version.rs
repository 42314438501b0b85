//! What Odoo says of itself: `common.version`.
//!
//! In: the answer of `/xmlrpc/2/common`. Out: [`ServerVersion`]. Must not know: what differs between versions.
//!
//! The shape is fixed and small, so dxr's derived types read it. Its errors hold the whole answer and are dropped; and
//! its reader has no limit of depth, so ours goes over the text first.

use dxr::{MethodCall, MethodResponse, TryFromValue};

use super::error::{Failure, unreadable};
use super::xmlrpc::answer::{self, Answer};
use crate::error::Problem;
use crate::odoo::faults::Fault;
use crate::value::Value;

/// Odoo's version, as it tells it and as a number.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerVersion {
    /// `19.0`, `17.0+e`, `saas~18.2+e`.
    pub server_version: String,
    /// `[19, 0, 0, 'final', 0, '']`; on Odoo Online the first item may be a text.
    pub server_version_info: Vec<Value<'static>>,
    /// `19.0`, `saas~18.2`.
    pub server_serie: String,
    /// 1.
    pub protocol_version: i32,
    /// The number that decides what there is: 14..19.
    pub major: u8,
}

#[derive(TryFromValue)]
struct Told {
    server_version: String,
    server_version_info: Vec<dxr::Value>,
    server_serie: String,
    protocol_version: i32,
}

/// The call.
pub(super) fn call() -> Result<String, Problem> {
    let call = MethodCall { name: "version".into(), params: Vec::new() };
    call.to_xml().map_err(|_| Problem::internal("the call of `version` cannot be written"))
}

/// Reads the answer.
pub(super) fn read(text: &str) -> Result<ServerVersion, Failure> {
    match answer::read(text).map_err(unreadable)? {
        Answer::Fault(fault) => Err(Failure::Fault(Fault::read(&fault))),
        Answer::Value(_) => read_told(text).ok_or_else(|| Failure::from(unreadable("Odoo's version"))),
    }
}

fn read_told(text: &str) -> Option<ServerVersion> {
    let answer = MethodResponse::from_xml(text).ok()?;
    let told = Told::try_from_value(&answer.value).ok()?;
    Some(ServerVersion {
        major: major_of(&told.server_serie).or_else(|| major_of(&told.server_version))?,
        server_version: told.server_version,
        server_version_info: told.server_version_info.into_iter().map(plain).collect(),
        server_serie: told.server_serie,
        protocol_version: told.protocol_version,
    })
}

/// The number that `19.0`, `17.0+e` and `saas~18.2+e` begin with.
fn major_of(version: &str) -> Option<u8> {
    let number = version.strip_prefix("saas").map_or(version, |rest| rest.trim_start_matches(['~', '-']));
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Numbers and texts; nothing else stands in `server_version_info`.
fn plain(value: dxr::Value) -> Value<'static> {
    match value {
        dxr::Value::Integer(int) => Value::Int(int.into()),
        dxr::Value::Long(int) => Value::Int(int),
        dxr::Value::Boolean(boolean) => Value::Bool(boolean),
        dxr::Value::String(text) => Value::from(text),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(version: &str, info: &str, serie: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>server_version\
             </name>\n<value><string>{version}</string></value>\n</member>\n<member>\n<name>server_version_info</name>\n\
             <value><array><data>\n{info}</data></array></value>\n</member>\n<member>\n<name>server_serie</name>\n<value>\
             <string>{serie}</string></value>\n</member>\n<member>\n<name>protocol_version</name>\n<value><int>1</int>\
             </value>\n</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n"
        )
    }

    #[test]
    fn every_way_to_tell_a_version_has_a_number() {
        let int = "<value><int>19</int></value>\n<value><string></string></value>\n";
        let text = "<value><string>saas~18</string></value>\n";
        for (version, info, serie, major) in [
            ("19.0", int, "19.0", 19),
            ("17.0+e-20240101", int, "17.0", 17),
            ("saas~18.2+e", text, "saas~18.2", 18),
            ("saas-15.3", int, "saas-15.3", 15),
            ("14.0", int, "", 14),
        ] {
            let read = read(&answer(version, info, serie)).unwrap();
            assert_eq!((read.major, read.server_version.as_str()), (major, version));
        }
        let read = read(&answer("19.0", int, "19.0")).unwrap();
        assert_eq!(read.server_version_info, [Value::Int(19), "".into()]);
    }

    #[test]
    fn what_is_no_version_is_refused_without_being_shown() {
        let deep = "<value><array><data>".repeat(10_000);
        for text in [answer("secret", "", "x"), "<methodResponse>secret".to_owned(), deep, String::new()] {
            let Err(Failure::Problem(problem)) = read(&text) else { panic!("a problem") };
            assert!(!format!("{problem:?}").contains("secret"));
        }
    }

    #[test]
    fn the_call_is_one_that_odoo_reads() {
        assert!(call().unwrap().contains("<methodName>version</methodName>"));
    }
}
