//! Serializes `methodResponse`s, as Odoo sends them.
//!
//! In: a result, or the code and text of a fault. Out: the XML. Must not know: HTTP, what a fault means.

use super::escape::is_forbidden;
use super::response::FaultCode;
use super::writer::{UnsupportedValue, serialize_value};
use crate::value::Value;

const HEAD: &[u8] = b"<?xml version='1.0'?>\n<methodResponse>\n";
const TAIL: &[u8] = b"</methodResponse>\n";

/// Serializes a result.
///
/// # Errors
/// If XML-RPC cannot transmit it.
pub fn result(value: &Value<'_>) -> Result<Vec<u8>, UnsupportedValue> {
    let value = serialize_value(value)?;
    Ok([HEAD, b"<params>\n<param>\n", value.as_slice(), b"\n</param>\n</params>\n", TAIL].concat())
}

/// Serializes a fault. Characters that XML cannot represent are removed from its text.
#[must_use]
pub fn fault(code: FaultCode<'_>, text: &str) -> Vec<u8> {
    let code = match code {
        FaultCode::Int(code) => Value::Int(code),
        FaultCode::Text(code) => representable(&code),
    };
    let members = vec![("faultCode".into(), code), ("faultString".into(), representable(text))];
    // Representable texts and small integers always serialize.
    let value = serialize_value(&Value::Map(members)).unwrap_or_default();
    [HEAD, b"<fault>\n", value.as_slice(), b"\n</fault>\n", TAIL].concat()
}

fn representable(text: &str) -> Value<'static> {
    Value::from(text.chars().filter(|c| !is_forbidden(*c)).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::rpc_codec::RpcResponse;
    use crate::odoo::xmlrpc::response::{XmlRpcFault, parse};

    #[test]
    fn results_and_faults_are_parsed_again() {
        let value: Value<'_> = vec![Value::Int(1), "a & b".into(), Value::Bool(false)].into();
        let text = String::from_utf8(result(&value).unwrap()).unwrap();
        assert_eq!(parse(&text), Ok(RpcResponse::Result(value)));
        for code in [FaultCode::Int(2), FaultCode::Text("warning -- UserError\n\nNo < \u{1}no.".into())] {
            let text = String::from_utf8(fault(code.clone(), "a\u{0}\u{ffff}b\n")).unwrap();
            let code = match code {
                FaultCode::Text(_) => FaultCode::Text("warning -- UserError\n\nNo < no.".into()),
                code => code,
            };
            assert_eq!(parse(&text), Ok(RpcResponse::Fault(XmlRpcFault { code, string: "ab\n".into() })));
        }
    }
}
