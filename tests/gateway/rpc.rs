//! XML-RPC and JSON-RPC in front of Odoo: what programs that speak them to Odoo see at the gateway.
//!
//! ```text
//! comparison   the same calls made directly and through the gateway
//! clients      unmodified clients in Python and Node
//! credentials  passwords, keys, and what is rejected
//! requests     what is checked before a call: size, form, service
//! tokens       OAuth 2 access tokens and login tokens as secrets
//! ```

mod clients;
mod comparison;
mod credentials;
mod requests;
mod tokens;

use odoo_gateway::language::literal::{Limits, parse_json};
use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response::{self, FaultCode};
use odoo_gateway::odoo::xmlrpc::writer::CallWriter;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::{Client, Response};

/// The protocols, with the two forms of XML-RPC's faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// `/xmlrpc/2`
    Numbers,
    /// `/xmlrpc`
    Classes,
    /// `/jsonrpc`
    Json,
}

/// A fault: `faultCode` and `faultString`, or the class and the message of the exception.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) code: Value,
    pub(crate) text: String,
}

impl Front {
    pub(crate) const ALL: [Self; 3] = [Self::Numbers, Self::Classes, Self::Json];

    /// Calls a function of a service.
    pub(crate) async fn call(
        self,
        client: &Client,
        service: &str,
        function: &'static str,
        args: &[Value],
    ) -> Result<Value, Fault> {
        match self {
            Self::Numbers => xml_outcome(&post_xml(client, &format!("/xmlrpc/2/{service}"), xml(function, args)).await),
            Self::Classes => xml_outcome(&post_xml(client, &format!("/xmlrpc/{service}"), xml(function, args)).await),
            Self::Json => {
                let params = json!({"service": service, "method": function, "args": args});
                let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 7});
                json_outcome(&client.post("/jsonrpc", &body).await)
            }
        }
    }
}

/// A user who calls methods over one protocol.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) front: Front,
    pub(crate) client: Client,
    pub(crate) database: String,
    pub(crate) uid: i64,
    pub(crate) secret: String,
}

impl Caller {
    pub(crate) async fn execute_kw(
        &self,
        model: &str,
        method: &str,
        args: &Value,
        kwargs: &Value,
    ) -> Result<Value, Fault> {
        let arguments = [self.arguments(model, method), vec![args.clone(), kwargs.clone()]].concat();
        self.front.call(&self.client, "object", "execute_kw", &arguments).await
    }

    async fn execute(&self, model: &str, method: &str, args: &[Value]) -> Result<Value, Fault> {
        let arguments = [&self.arguments(model, method), args].concat();
        self.front.call(&self.client, "object", "execute", &arguments).await
    }

    fn arguments(&self, model: &str, method: &str) -> Vec<Value> {
        vec![json!(self.database), json!(self.uid), json!(self.secret), json!(model), json!(method)]
    }
}

fn xml(function: &'static str, args: &[Value]) -> Vec<u8> {
    let write = |call: CallWriter, arg: &Value| {
        let text = arg.to_string();
        call.param("params", &parse_json(&text, Limits::trusted()).unwrap()).unwrap()
    };
    args.iter().fold(CallWriter::new(function), write).finish().to_vec()
}

async fn post_xml(client: &Client, path: &str, body: Vec<u8>) -> Response {
    send(client.request(Method::POST, path).header("content-type", "text/xml").body(body)).await
}

#[track_caller]
fn xml_outcome(response: &Response) -> Result<Value, Fault> {
    assert_eq!(response.status, 200, "{}", response.text);
    assert!(response.header("content-type").starts_with("text/xml"), "{}", response.header("content-type"));
    match response::parse(&response.text).unwrap() {
        RpcResponse::Result(value) => Ok(serde_json::to_value(value).unwrap()),
        RpcResponse::Fault(fault) => {
            let code = match fault.code {
                FaultCode::Int(code) => json!(code),
                FaultCode::Text(code) => json!(code),
            };
            Err(Fault { code, text: fault.string.into_owned() })
        }
    }
}

#[track_caller]
fn json_outcome(response: &Response) -> Result<Value, Fault> {
    let body = response.ok();
    assert_eq!((&body["jsonrpc"], &body["id"]), (&json!("2.0"), &json!(7)), "{body}");
    let data = &body["error"]["data"];
    if data.is_null() {
        // Odoo omits the member if a method returns `None`.
        return Ok(body["result"].clone());
    }
    assert_eq!(body["error"]["message"], "Odoo Server Error", "{body}");
    Err(Fault { code: data["name"].clone(), text: data["message"].as_str().unwrap().to_owned() })
}
