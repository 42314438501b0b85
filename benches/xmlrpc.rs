//! The XML-RPC codec, compared with dxr and with a plain pass of quick-xml over the same text, which builds nothing.
//!
//! `cargo bench --bench xmlrpc`. The texts have Odoo's layout, with a line feed after most tags.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;
use odoo_gateway::odoo::xmlrpc::writer::CallWriter;
use odoo_gateway::value::Value;
use quick_xml::Reader;
use quick_xml::events::Event;

#[path = "instructions/odoo_text.rs"]
mod odoo_text;

use odoo_text::{in_method_response, record, response_with};

fn main() {
    divan::main();
}

/// The size of the value that a benchmark parses or writes.
#[derive(Debug, Clone, Copy)]
enum Size {
    /// One record of ten fields.
    Small,
    /// A page of a thousand records of ten fields.
    Large,
    /// One binary field of four megabytes.
    Binary,
}

const SIZES: [Size; 3] = [Size::Small, Size::Large, Size::Binary];

fn value(size: Size) -> Value<'static> {
    match size {
        Size::Small => vec![record(1)].into(),
        Size::Large => (1..=1000).map(record).collect(),
        Size::Binary => Value::List(vec![Value::Map(vec![("datas".into(), "QUJD".repeat(1 << 20).into())])]),
    }
}

fn response_of(size: Size) -> String {
    response_with(&value(size))
}

fn parse(text: &str) -> Value<'_> {
    match response::parse(text) {
        Ok(RpcResponse::Result(value)) => value,
        _ => unreachable!("the texts are results"),
    }
}

/// Parses every event and its text; does not resolve references and stores nothing.
fn events_only(text: &str) -> usize {
    let mut reader = Reader::from_str(text);
    let mut sum = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return sum,
            Ok(Event::Text(text)) => sum += text.xml10_content().len(),
            Ok(event) => sum += event.len(),
        }
    }
}

mod parsing {
    use super::{Bencher, BytesCount, RpcResponse, SIZES, Size, black_box, events_only, parse, response, response_of};

    #[divan::bench(args = SIZES)]
    fn gateway(bencher: Bencher<'_, '_>, size: Size) {
        let text = response_of(size);
        bencher
            .counter(BytesCount::of_str(&text))
            .bench(|| matches!(response::parse(black_box(&text)), Ok(RpcResponse::Result(_))));
    }

    #[divan::bench(args = SIZES)]
    fn gateway_into_json(bencher: Bencher<'_, '_>, size: Size) {
        let text = response_of(size);
        bencher.counter(BytesCount::of_str(&text)).bench(|| serde_json::to_vec(&parse(black_box(&text))));
    }

    #[divan::bench(args = SIZES)]
    fn quick_xml_events_only(bencher: Bencher<'_, '_>, size: Size) {
        let text = response_of(size);
        bencher.counter(BytesCount::of_str(&text)).bench(|| events_only(black_box(&text)));
    }

    #[divan::bench(args = SIZES)]
    fn dxr(bencher: Bencher<'_, '_>, size: Size) {
        let text = response_of(size);
        bencher.counter(BytesCount::of_str(&text)).bench(|| dxr::MethodResponse::from_xml(black_box(&text)));
    }
}

mod writing {
    use super::{Bencher, BytesCount, CallWriter, SIZES, Size, Value, black_box, value};

    #[divan::bench(args = SIZES)]
    fn gateway(bencher: Bencher<'_, '_>, size: Size) {
        let value = value(size);
        let write = || CallWriter::new("execute_kw").param("value", black_box(&value)).map(CallWriter::finish);
        let length = write().map_or(0, |call| call.len());
        bencher.counter(BytesCount::new(length)).bench(write);
    }

    fn into_dxr(value: &Value<'_>) -> dxr::Value {
        match value {
            Value::Null => dxr::Value::Nil,
            Value::Bool(boolean) => dxr::Value::Boolean(*boolean),
            Value::Int(int) => dxr::Value::Long(*int),
            Value::Float(float) => dxr::Value::Double(*float),
            Value::Text(text) => dxr::Value::String(text.to_string()),
            Value::List(items) => dxr::Value::Array(items.iter().map(into_dxr).collect()),
            Value::Map(members) => {
                dxr::Value::Struct(members.iter().map(|(key, value)| (key.to_string(), into_dxr(value))).collect())
            }
        }
    }

    /// Converts the value before the measurement.
    #[divan::bench(args = SIZES)]
    fn dxr(bencher: Bencher<'_, '_>, size: Size) {
        let call = dxr::MethodCall { name: "execute_kw".into(), params: vec![into_dxr(&value(size))] };
        let length = call.to_xml().map_or(0, |call| call.len());
        bencher.counter(BytesCount::new(length)).bench(|| black_box(&call).to_xml());
    }
}

/// Hostile texts of a megabyte each: the rate must not fall far below that of ordinary ones.
mod hostile {
    use super::{Bencher, BytesCount, black_box, in_method_response, response};

    #[derive(Debug, Clone, Copy)]
    enum Kind {
        References,
        ControlCharacters,
        Comments,
        Attributes,
        EmptyValues,
        Nesting,
        ManyMembers,
        Unclosed,
    }

    use Kind::{Attributes, Comments, ControlCharacters, EmptyValues, ManyMembers, Nesting, References, Unclosed};

    fn text(kind: Kind) -> String {
        let fill = |piece: &str| piece.repeat((1 << 20) / piece.len());
        let value = match kind {
            References => format!("<value><string>{}</string></value>", fill("&amp;")),
            ControlCharacters => format!("<value><string>{}</string></value>", fill("\u{1}")),
            Comments => format!("<value><string>{}</string></value>", fill("a<!---->")),
            Attributes => format!("<value {}>a</value>", fill("a='b' ")),
            EmptyValues => format!("<value><array><data>{}</data></array></value>", fill("<value/>")),
            Nesting => fill("<value><array><data>"),
            ManyMembers => {
                let member = |n| format!("<member><name>{n}</name><value/></member>");
                format!("<value><struct>{}</struct></value>", (0..25_000).map(member).collect::<String>())
            }
            Unclosed => format!("<value><string>{}", fill("a")),
        };
        in_method_response(&value)
    }

    #[divan::bench(args = [References, ControlCharacters, Comments, Attributes, EmptyValues, Nesting, ManyMembers, Unclosed])]
    fn gateway(bencher: Bencher<'_, '_>, kind: Kind) {
        let text = text(kind);
        bencher.counter(BytesCount::of_str(&text)).bench(|| response::parse(black_box(&text)).is_ok());
    }
}
