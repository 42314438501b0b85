//! Records, and Odoo's XML-RPC text for them.
//!
//! In: a number of records. Out: values and text in Odoo's layout, with a line feed after most tags. Must not know:
//! what is measured.

use odoo_gateway::value::Value;

/// A record of ten fields.
pub(crate) fn record(id: i64) -> Value<'static> {
    Value::Map(vec![
        ("id".into(), Value::Int(id)),
        ("name".into(), Value::from(format!("Contact {id} of <Société> & Söhne"))),
        ("email".into(), Value::from(format!("contact.{id}@example.com"))),
        ("phone".into(), Value::Bool(false)),
        ("street".into(), Value::from(format!("{id} Rue de la Paix"))),
        ("country_id".into(), vec![Value::Int(75), "France".into()].into()),
        ("category_id".into(), (1..5).map(Value::Int).collect()),
        ("active".into(), Value::Bool(true)),
        ("credit_limit".into(), Value::Float(1250.5)),
        ("write_date".into(), "2024-01-02 03:04:05".into()),
    ])
}

/// A response with this value, as Odoo writes it.
pub(crate) fn response_with(value: &Value<'_>) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    in_method_response(&text)
}

/// A response with this text as its value.
pub(crate) fn in_method_response(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}</param>\n</params>\n</methodResponse>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As Python's `xmlrpc.client` writes it.
fn write_value(value: &Value<'_>, out: &mut String) {
    out.push_str("<value>");
    match value {
        Value::Bool(boolean) => *out += &format!("<boolean>{}</boolean>", u8::from(*boolean)),
        Value::Int(int) => *out += &format!("<int>{int}</int>"),
        Value::Float(float) => *out += &format!("<double>{float:?}</double>"),
        Value::Text(text) => *out += &format!("<string>{}</string>", escaped(text)),
        Value::List(items) => {
            out.push_str("<array><data>\n");
            items.iter().for_each(|item| write_value(item, out));
            out.push_str("</data></array>");
        }
        Value::Map(members) => {
            out.push_str("<struct>\n");
            for (key, value) in members {
                *out += &format!("<member>\n<name>{}</name>\n", escaped(key));
                write_value(value, out);
                out.push_str("</member>\n");
            }
            out.push_str("</struct>");
        }
        Value::Null => {}
    }
    out.push_str("</value>\n");
}
