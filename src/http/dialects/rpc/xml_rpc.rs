//! `/xmlrpc/2/{service}` and `/xmlrpc/{service}`: XML-RPC.
//!
//! In: a `methodCall`. Out: a `methodResponse`; Odoo's response to a method is passed on as it is. Must not know: what
//! a call does. As in Odoo, the status of a fault is 200; a body that cannot be read has its own status.

use std::borrow::Cow;

use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;

use super::arguments::python_error;
use super::exchange::{read_body, respond, respond_to_problem};
use super::fault::{FaultForm, RpcFault};
use super::services::{ArgumentPart, CallResult, OBJECT, ParseArguments, ServiceCall, ServiceResult, call_service};
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::body::BodyLimits;
use crate::http::request::unauthenticated_body;
use crate::http::state::AppState;
use crate::odoo::CallProtocol;
use crate::odoo::xmlrpc::{request, response_writer};
use crate::value::Value;

const MEDIA: &str = "text/xml; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().route("/xmlrpc/2/{service}", post(with_numbers)).route("/xmlrpc/{service}", post(with_classes))
}

async fn with_numbers(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, FaultForm::Numbers).await
}

async fn with_classes(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, FaultForm::Classes).await
}

async fn handle(mut request: ApiRequest, form: FaultForm) -> Result<Response, Problem> {
    let service = request.segment("service").to_owned();
    let body = if service == OBJECT {
        read_body(&mut request).await?
    } else {
        // Only a call of a method has large arguments.
        unauthenticated_body::body(&mut request).await?
    };
    let max_values = BodyLimits::max_values_in(&request.head.extensions);
    let part = ArgumentPart::before_authentication(&service, body.len());
    let parsed = request.run_on_body(|| parse(&body, max_values, part)).await;
    // The body is kept only to be parsed again: the call has copies of its values, and keeping both would double the
    // memory of the request.
    let parse_all = (part == ArgumentPart::Credential).then(|| -> ParseArguments {
        Box::new(move || parse_and_drop(body, max_values).map(|(_, arguments)| arguments))
    });
    let answered = match parsed {
        Ok((function, arguments)) => {
            let call = ServiceCall { service, function, arguments, parse_all };
            call_service(&request, call, CallProtocol::XmlRpc).await
        }
        Err(problem) => Err(problem),
    };
    match answered {
        Ok(answered) => succeed(&request, answered, form),
        Err(problem) => {
            let body = fault(&RpcFault::from_problem(&problem), form);
            Ok(respond_to_problem(&request, &problem, body, MEDIA))
        }
    }
}

/// The name and a part of the parameters of a call, all of which are checked.
fn parse(body: &[u8], max_values: usize, part: ArgumentPart) -> Result<(String, Vec<Value<'static>>), Problem> {
    parse_text(&decode(body)?, max_values, part)
}

/// As [`parse`], with all parameters. A text that had to be copied is not in memory twice while they are copied.
fn parse_and_drop(body: Bytes, max_values: usize) -> Result<(String, Vec<Value<'static>>), Problem> {
    let copy = match decode(&body)? {
        Cow::Owned(copy) => Some(copy),
        Cow::Borrowed(_) => None,
    };
    match copy {
        Some(text) => {
            drop(body);
            parse_text(&text, max_values, ArgumentPart::All)
        }
        None => parse(&body, max_values, ArgumentPart::All),
    }
}

fn parse_text(text: &str, max_values: usize, part: ArgumentPart) -> Result<(String, Vec<Value<'static>>), Problem> {
    let call = request::parse(text, max_values).map_err(|error| {
        if request::has_too_many_values(error) {
            let detail = format!("The call contains more than {max_values} values.");
            return Problem::new(ErrorCode::BodyTooLarge, detail).hint("Send fewer values at a time.");
        }
        python_error(ErrorCode::InvalidLiteral, "xml.parsers.expat.ExpatError", error.to_string())
    })?;
    Ok((call.method.into_owned(), part.copy(call.params)))
}

/// The text of a body in UTF-8, or in ISO-8859-1 if it says so, as PHP's does. Line ends are those of XML 1.0, section
/// 2.11.
fn decode(body: &[u8]) -> Result<Cow<'_, str>, Problem> {
    // Without other characters than those of ASCII, both are the same text.
    if is_latin1(body) && !body.is_ascii() {
        return Ok(from_latin1(body).into());
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("expected UTF-8, found an invalid sequence after byte {}", error.valid_up_to());
        python_error(ErrorCode::InvalidLiteral, "UnicodeDecodeError", detail)
    })?;
    if memchr::memchr(b'\r', body).is_none() {
        return Ok(text.into());
    }
    Ok(with_line_feeds(text).into())
}

/// The text with `\n` for each `\r\n` and each other `\r`. It is copied only once and into the memory that it needs,
/// because it can be large.
fn from_latin1(body: &[u8]) -> String {
    let two_bytes = body.iter().filter(|byte| !byte.is_ascii()).count();
    let mut text = String::with_capacity(body.len() + two_bytes);
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
            text.push('\n');
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// The text with `\n` for each `\r\n` and each other `\r`. It is copied only once, because it can be large.
fn with_line_feeds(text: &str) -> String {
    let mut copy = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\r') {
        copy.push_str(line);
        copy.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    copy.push_str(rest);
    copy
}

/// Whether the XML declaration names ISO-8859-1.
fn is_latin1(body: &[u8]) -> bool {
    let declaration = body.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declaration = declaration.get(..declaration.len().min(128)).unwrap_or_default().to_ascii_lowercase();
    let names = |name: &str| declaration.windows(name.len()).any(|window| window == name.as_bytes());
    declaration.starts_with(b"<?xml") && (names("encoding=\"iso-8859-1\"") || names("encoding='iso-8859-1'"))
}

fn succeed(request: &ApiRequest, (result, rate_limit): CallResult, form: FaultForm) -> Result<Response, Problem> {
    const NONE: &str = "cannot marshal None unless allow_none is enabled";
    const OMITTED: &str = "the method ran and its changes are committed, but XML-RPC cannot transmit its result";
    let body = match result {
        ServiceResult::Value(value) => response_writer::result(&value)?.into(),
        ServiceResult::Reply(reply) if reply.is_none() => fault(&RpcFault::unsent_result(NONE), form),
        ServiceResult::Reply(reply) => {
            let size = reply.size() as u64;
            match request.timing.run("shape", || run_cpu_work(size, || reply.into_xml())) {
                Some(xml) => xml,
                None => {
                    request.log.code(ErrorCode::ResultNotRepresentable.as_str());
                    fault(&RpcFault::unsent_result(OMITTED), form)
                }
            }
        }
    };
    Ok(respond(body, MEDIA, rate_limit))
}

fn fault(fault: &RpcFault<'_>, form: FaultForm) -> Bytes {
    let (code, text) = fault.to_xml_rpc(form);
    response_writer::fault(code, &text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &[u8]) -> Result<(String, Vec<Value<'static>>), String> {
        parse(body, 10, ArgumentPart::All).map_err(|problem| problem.detail)
    }

    fn call(declaration: &str, text: &[u8]) -> Vec<u8> {
        let head = format!("{declaration}<methodCall><methodName>m</methodName><params><param><value>");
        [head.as_bytes(), text, b"</value></param></params></methodCall>"].concat()
    }

    #[test]
    fn text_is_utf_8_or_the_declared_latin_1() {
        let expected = Ok(("m".to_owned(), vec!["é".into()]));
        for declaration in ["", "<?xml version='1.0'?>\n", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"] {
            assert_eq!(parsed(&call(declaration, "é".as_bytes())), expected, "{declaration}");
            let rejected = parsed(&call(declaration, b"\xe9")).unwrap_err();
            assert!(rejected.starts_with("expected UTF-8"), "{rejected}");
        }
        for encoding in ["\"iso-8859-1\"", "'ISO-8859-1'"] {
            let declaration = &format!("<?xml version='1.0' encoding={encoding}?>");
            assert_eq!(parsed(&call(declaration, b"\xe9")), expected, "{declaration}");
            assert_eq!(parsed(&call(declaration, b"&#233;")), expected, "{declaration}");
            // These bytes are valid in UTF-8, too.
            let two = Ok(("m".to_owned(), vec!["Ã©".into()]));
            assert_eq!(parsed(&call(declaration, "é".as_bytes())), two, "{declaration}");
        }
    }

    #[test]
    fn line_ends_are_those_that_an_xml_parser_reads() {
        let lines = call("", b"a\r\nb\rc&#13;\nd");
        assert_eq!(parsed(&lines), Ok(("m".to_owned(), vec!["a\nb\nc\r\nd".into()])));
        for (text, expected) in [("", ""), ("\r", "\n"), ("\r\r\n\n\r", "\n\n\n\n"), ("é\n\ré", "é\n\né")] {
            assert_eq!(with_line_feeds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn latin_1_is_copied_once_and_only_if_it_has_other_characters_than_ascii() {
        let declaration = "<?xml version='1.0' encoding='iso-8859-1'?>";
        let text = from_latin1(b"\xe9\r\n\xff\ra\n");
        assert_eq!(text, "\u{e9}\n\u{ff}\na\n");
        let body = call(declaration, &[0xe9; 1000]);
        let decoded = decode(&body).unwrap().into_owned();
        assert_eq!((decoded.len(), decoded.capacity()), (body.len() + 1000, body.len() + 1000));
        assert!(matches!(decode(&call(declaration, b"e")), Ok(Cow::Borrowed(_))));
        let all = parse_and_drop(body.into(), 10).unwrap();
        assert_eq!(all.1, vec!["é".repeat(1000).into()]);
    }

    #[test]
    fn errors_name_the_position_and_no_content() {
        let long = format!("<array>{}", "secret".repeat(100));
        for text in ["<int>secret</int>", "<secret/>", "&secret;", &long] {
            let detail = parsed(&call("", text.as_bytes())).unwrap_err();
            assert!(detail.contains(" at byte ") && !detail.contains("secret"), "{detail}");
        }
        let many = call("", b"<array><data><value/><value/></data></array>");
        assert_eq!(parse(&many, 2, ArgumentPart::All).unwrap_err().code, ErrorCode::BodyTooLarge);
    }

    #[test]
    fn all_of_a_call_is_checked_before_its_credential() {
        let params = |last: &str| {
            let params = format!("{}<param>{last}</param>", "<param><value>a</value></param>".repeat(3));
            format!("<methodCall><methodName>m</methodName><params>{params}</params></methodCall>")
        };
        let part = |last: &str| parse(params(last).as_bytes(), 10, ArgumentPart::Credential);
        assert_eq!(part("<value/>"), Ok(("m".to_owned(), vec!["a".into(); 3])));
        let member = "<member><name>a</name><value/></member>";
        for invalid in ["<value>", &format!("<value><struct>{member}{member}</struct></value>")] {
            assert_eq!(part(invalid).map_err(|problem| problem.code), Err(ErrorCode::InvalidLiteral), "{invalid}");
        }
    }
}
