//! What a request may not leave open (F9, H-02, H-03): one credential, one way to end, heads of a sane size.
//!
//! In: a request head. Out: nothing, or why it is refused. Must not know: routes. The lengths that contradict
//! each other are refused earlier, where the bytes are still seen: see `serve`.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderName, Request};

use crate::error::Problem;
use crate::error_code::Code;
use crate::serve::{HeadersTooLarge, TargetTooLong};

/// The largest header block, in bytes, without the request line.
const LARGEST_BLOCK: usize = 32 * 1024;
/// The most header lines.
const MOST_HEADERS: usize = 100;
/// `: ` and CRLF of each line.
const LINE_OVERHEAD: usize = 4;

/// Refuses what could be read in two ways, and what is too much.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    check_size(request)?;
    let headers = request.headers();
    check_single(headers, &AUTHORIZATION)?;
    check_single(headers, &CONTENT_TYPE)?;
    check_transfer_coding(headers)
}

fn check_size<B>(request: &Request<B>) -> Result<(), Problem> {
    if request.extensions().get::<TargetTooLong>().is_some() {
        let problem = Problem::new(Code::UriTooLong, "The request target is longer than 65,534 bytes.");
        return Err(problem.hint("Send long parameters in a form or JSON body."));
    }
    let headers = request.headers();
    let block: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_OVERHEAD).sum();
    let is_cut = request.extensions().get::<HeadersTooLarge>().is_some();
    if is_cut || headers.len() > MOST_HEADERS || block > LARGEST_BLOCK {
        let detail = format!("The header block has more than {LARGEST_BLOCK} bytes or more than {MOST_HEADERS} lines.");
        return Err(Problem::new(Code::HeadersTooLarge, detail));
    }
    Ok(())
}

fn check_single(headers: &HeaderMap, name: &HeaderName) -> Result<(), Problem> {
    if headers.get_all(name).iter().nth(1).is_none() {
        return Ok(());
    }
    let detail = format!("The header `{name}` is given more than once.");
    Err(Problem::new(Code::MalformedRequest, detail).parameter(name.as_str()))
}

fn check_transfer_coding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(TRANSFER_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Err(Problem::new(Code::MalformedRequest, "The only transfer coding understood is `chunked`."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(headers: &[(&str, &str)]) -> Option<Code> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap()).err().map(|problem| problem.code)
    }

    #[test]
    fn an_ordinary_request_passes() {
        assert_eq!(
            verdict(&[("authorization", "Basic x"), ("transfer-encoding", "Chunked"), ("x", "1"), ("x", "2")]),
            None
        );
    }

    #[test]
    fn two_credentials_two_types_and_unknown_codings_are_refused() {
        for headers in [
            [("authorization", "Basic a"), ("authorization", "Basic a")],
            [("content-type", "text/csv"), ("content-type", "application/json")],
            [("transfer-encoding", "gzip, chunked"), ("x", "y")],
        ] {
            assert_eq!(verdict(&headers), Some(Code::MalformedRequest), "{headers:?}");
        }
    }

    #[test]
    fn the_block_has_a_size_and_a_number_of_lines() {
        let value = "y".repeat(LARGEST_BLOCK - 5);
        assert_eq!(verdict(&[("x", &value)]), None);
        assert_eq!(verdict(&[("x", &format!("{value}y"))]), Some(Code::HeadersTooLarge));
        assert_eq!(verdict(&[("x", "y"); 100]), None);
        assert_eq!(verdict(&[("x", "y"); 101]), Some(Code::HeadersTooLarge));
    }

    #[test]
    fn a_cut_target_is_414_and_cut_headers_are_431() {
        let mut request = Request::new(());
        request.extensions_mut().insert(HeadersTooLarge);
        assert_eq!(check(&request).unwrap_err().code, Code::HeadersTooLarge);
        request.extensions_mut().insert(TargetTooLong);
        assert_eq!(check(&request).unwrap_err().code, Code::UriTooLong);
    }
}
