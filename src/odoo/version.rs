//! Odoo's version: `common.version`.
//!
//! In: the response of `/xmlrpc/2/common`. Out: [`ServerVersion`]. Must not know: how versions differ.
//!
//! The call is serialized and its result is parsed with dxr's typed values, which suit its small, fixed shape. dxr's
//! errors contain the entire response, so they are dropped; and its parser does not limit the depth, so ours checks the
//! text first. `common.authenticate` does not use dxr: its parameters contain a password, and dxr leaves copies of them
//! in memory.

use dxr::{MethodCall, MethodResponse, TryFromValue};

use super::error::{OdooError, unreadable};
use super::rpc_codec::RpcResponse;
use super::xmlrpc::response;
use crate::error::Problem;
use crate::odoo::faults::Fault;
use crate::value::Value;

/// The result of `common.version`, and the major version as a number.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerVersion {
    /// `19.0`, `17.0+e`, `saas~18.2+e`.
    pub server_version: String,
    /// `[19, 0, 0, 'final', 0, '']`; on Odoo Online the first item can be a string.
    pub server_version_info: Vec<Value<'static>>,
    /// `19.0`, `saas~18.2`.
    pub server_serie: String,
    /// Always 1.
    pub protocol_version: i32,
    /// The major version, 14 to 19.
    pub major: u8,
}

#[derive(TryFromValue)]
struct VersionReply {
    server_version: String,
    server_version_info: Vec<dxr::Value>,
    server_serie: String,
    protocol_version: i32,
}

/// Serializes the call.
pub(super) fn request() -> Result<String, Problem> {
    let call = MethodCall { name: "version".into(), params: Vec::new() };
    call.to_xml().map_err(|_| Problem::internal("the call of `common.version` cannot be serialized"))
}

/// Parses the response.
pub(super) fn parse(text: &str) -> Result<ServerVersion, OdooError> {
    match response::parse(text).map_err(unreadable)? {
        RpcResponse::Fault(fault) => Err(OdooError::Fault(Fault::from_xmlrpc(&fault))),
        RpcResponse::Result(_) => parse_version(text).ok_or_else(|| OdooError::from(unreadable("it is not a version"))),
    }
}

fn parse_version(text: &str) -> Option<ServerVersion> {
    let response = MethodResponse::from_xml(text).ok()?;
    let reply = VersionReply::try_from_value(&response.value).ok()?;
    Some(ServerVersion {
        major: parse_major(&reply.server_serie).or_else(|| parse_major(&reply.server_version))?,
        server_version: reply.server_version,
        server_version_info: reply.server_version_info.into_iter().map(convert).collect(),
        server_serie: reply.server_serie,
        protocol_version: reply.protocol_version,
    })
}

/// The major version in `19.0`, `17.0+e`, or `saas~18.2+e`.
fn parse_major(version: &str) -> Option<u8> {
    let number = version.strip_prefix("saas").map_or(version, |rest| rest.trim_start_matches(['~', '-']));
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Converts an item of `server_version_info`, which contains only numbers and strings.
fn convert(value: dxr::Value) -> Value<'static> {
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

    fn response(version: &str, info: &str, serie: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>server_version\
             </name>\n<value><string>{version}</string></value>\n</member>\n<member>\n<name>server_version_info</name>\n\
             <value><array><data>\n{info}</data></array></value>\n</member>\n<member>\n<name>server_serie</name>\n<value>\
             <string>{serie}</string></value>\n</member>\n<member>\n<name>protocol_version</name>\n<value><int>1</int>\
             </value>\n</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n"
        )
    }

    #[test]
    fn major_version_is_parsed_from_every_format() {
        let int = "<value><int>19</int></value>\n<value><string></string></value>\n";
        let text = "<value><string>saas~18</string></value>\n";
        for (server_version, info, serie, major) in [
            ("19.0", int, "19.0", 19),
            ("17.0+e-20240101", int, "17.0", 17),
            ("saas~18.2+e", text, "saas~18.2", 18),
            ("saas-15.3", int, "saas-15.3", 15),
            ("14.0", int, "", 14),
        ] {
            let version = parse(&response(server_version, info, serie)).unwrap();
            assert_eq!((version.major, version.server_version.as_str()), (major, server_version));
        }
        let version = parse(&response("19.0", int, "19.0")).unwrap();
        assert_eq!(version.server_version_info, [Value::Int(19), "".into()]);
    }

    #[test]
    fn other_responses_are_rejected_and_never_shown() {
        let deep = "<value><array><data>".repeat(10_000);
        for text in [response("secret", "", "x"), "<methodResponse>secret".to_owned(), deep, String::new()] {
            let Err(OdooError::Problem(problem)) = parse(&text) else { panic!("a problem") };
            assert!(!format!("{problem:?}").contains("secret"));
        }
    }

    #[test]
    fn call_names_the_method() {
        assert!(request().unwrap().contains("<methodName>version</methodName>"));
    }
}
