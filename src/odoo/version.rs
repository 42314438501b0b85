//! Odoo's version: `common.version`, or `/web/version` without XML-RPC.
//!
//! In: the response of one of them. Out: [`ServerVersion`]. Must not know: how versions differ.
//!
//! The call is serialized and its result is parsed with dxr's typed values, which suit its small, fixed shape. dxr's
//! errors contain the entire response, so they are dropped; and its parser does not limit the depth, so ours checks the
//! text first. `common.authenticate` does not use dxr: its parameters contain a password, and dxr leaves copies of them
//! in memory.

use dxr::{MethodCall, MethodResponse, TryFromValue};

use super::error::{OdooError, unreadable};
use super::jsonrpc::python_json;
use super::rpc_codec::RpcResponse;
use super::xmlrpc::response;
use crate::error::Problem;
use crate::odoo::faults::Fault;
use crate::plan::VersionNumber;
use crate::value::Value;

/// The result of `common.version`, and the version as numbers.
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
    /// The major version: 19 of `saas~19.4`.
    pub major: u8,
    /// The minor version: 4 of `saas~19.4`; 0 for the yearly versions.
    pub minor: u8,
}

impl ServerVersion {
    /// The oldest major version that works.
    pub const OLDEST: u8 = 14;
    /// The newest major version that is known. Newer ones are treated like it.
    pub const NEWEST: u8 = 20;

    /// Whether the version is newer than the newest one that is known.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.major > Self::NEWEST
    }

    /// The version as a number that can be compared.
    #[must_use]
    pub const fn number(&self) -> VersionNumber {
        VersionNumber { major: self.major, minor: self.minor }
    }

    /// Whether the server has the version `first` or a later one.
    #[must_use]
    pub fn is_at_least(&self, first: (u8, u8)) -> bool {
        self.number().is_at_least(first)
    }
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
    let number = parse_number(&reply.server_serie).or_else(|| parse_number(&reply.server_version))?;
    Some(ServerVersion {
        major: number.major,
        minor: number.minor,
        server_version: reply.server_version,
        server_version_info: reply.server_version_info.into_iter().map(convert).collect(),
        server_serie: reply.server_serie,
        protocol_version: reply.protocol_version,
    })
}

/// Parses the response of `/web/version`: `{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}`.
pub(super) fn parse_json(text: &str) -> Option<ServerVersion> {
    let reply = python_json::parse(text).ok()?;
    let version = reply.get("version")?.as_text()?;
    let info = reply.get("version_info")?.as_list()?;
    let serie = version.split(['+', '-']).next().unwrap_or_default();
    let VersionNumber { major, minor } = parse_number(serie)?;
    Some(ServerVersion {
        server_version: version.to_owned(),
        server_version_info: info.iter().map(|item| item.clone().into_owned()).collect(),
        server_serie: serie.to_owned(),
        protocol_version: 1,
        major,
        minor,
    })
}

/// The numbers in `19.0`, `17.0+e`, or `saas~18.2+e`.
fn parse_number(version: &str) -> Option<VersionNumber> {
    let number = version.strip_prefix("saas").map_or(version, |rest| rest.trim_start_matches(['~', '-']));
    let mut numbers = number.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some(VersionNumber::new(major, minor))
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
    fn version_is_parsed_from_every_format() {
        let int = "<value><int>19</int></value>\n<value><string></string></value>\n";
        let text = "<value><string>saas~18</string></value>\n";
        for (server_version, info, serie, number) in [
            ("19.0", int, "19.0", (19, 0)),
            ("17.0+e-20240101", int, "17.0", (17, 0)),
            ("saas~18.2+e", text, "saas~18.2", (18, 2)),
            ("saas-15.3", int, "saas-15.3", (15, 3)),
            ("saas~19.4+e", text, "saas~19.4", (19, 4)),
            ("saas~19.5+e", text, "saas~19.5", (20, 0)),
            ("20.0", int, "20.0", (20, 0)),
            ("14.0", int, "", (14, 0)),
            ("14", int, "", (14, 0)),
        ] {
            let version = parse(&response(server_version, info, serie)).unwrap();
            assert_eq!((version.major, version.minor), number);
            assert_eq!(version.server_version, server_version);
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
    fn version_of_the_web_client_is_the_same() {
        let int = "<value><int>19</int></value>\n<value><string></string></value>\n";
        for (version, serie) in [("19.0", "19.0"), ("19.0+e-20260101", "19.0"), ("saas~19.4+e", "saas~19.4")] {
            let json = format!(r#"{{"version_info": [19, ""], "version": "{version}"}}"#);
            assert_eq!(parse_json(&json), Some(parse(&response(version, int, serie)).unwrap()));
        }
        for other in ["", "<html>", "{}", r#"{"version": 19, "version_info": []}"#, r#"{"version": "19.0"}"#] {
            assert_eq!(parse_json(other), None, "{other}");
        }
    }

    #[test]
    fn call_names_the_method() {
        assert!(request().unwrap().contains("<methodName>version</methodName>"));
    }
}
