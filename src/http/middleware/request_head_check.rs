//! Limits and ambiguities of request heads (F9, H-02, H-03): one credential, one content type, a known transfer
//! coding, a head of limited size.
//!
//! In: a request head. Out: nothing, or why it is rejected. Must not know: routes. Contradicting lengths are rejected
//! before, in `serve`, which sees the raw bytes.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderName, Request};

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::serve::{HeadersTooLarge, TargetTooLong};

/// The largest header block, in bytes, without the request line.
const MAX_BLOCK: usize = 32 * 1024;
/// The largest number of header lines.
const MAX_HEADERS: usize = 100;
/// `: ` and CRLF of a header line.
const LINE_OVERHEAD: usize = 4;

/// Rejects heads that are ambiguous or too large.
///
/// # Errors
/// 400 for an ambiguous head, 414 for a long target, 431 for a large header block.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    check_size(request)?;
    let headers = request.headers();
    check_single(headers, &AUTHORIZATION)?;
    check_single(headers, &CONTENT_TYPE)?;
    check_transfer_coding(headers)
}

fn check_size<B>(request: &Request<B>) -> Result<(), Problem> {
    if request.extensions().get::<TargetTooLong>().is_some() {
        let problem = Problem::new(ErrorCode::UriTooLong, "The request target is longer than 65,534 bytes.");
        return Err(problem.hint("Send long parameters in a form or JSON body."));
    }
    let headers = request.headers();
    let block: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_OVERHEAD).sum();
    let is_truncated = request.extensions().get::<HeadersTooLarge>().is_some();
    if is_truncated || headers.len() > MAX_HEADERS || block > MAX_BLOCK {
        let detail = format!("The header block has more than {MAX_BLOCK} bytes or more than {MAX_HEADERS} lines.");
        return Err(Problem::new(ErrorCode::HeadersTooLarge, detail).hint("Send fewer or shorter headers."));
    }
    Ok(())
}

fn check_single(headers: &HeaderMap, name: &HeaderName) -> Result<(), Problem> {
    if headers.get_all(name).iter().nth(1).is_none() {
        return Ok(());
    }
    let detail = format!("The header `{name}` is sent more than once.");
    Err(Problem::new(ErrorCode::MalformedRequest, detail).parameter(name.as_str()).hint("Send it once."))
}

fn check_transfer_coding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(TRANSFER_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Err(Problem::new(ErrorCode::MalformedRequest, "The transfer coding is not supported. Use `chunked`."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_headers(headers: &[(&str, &str)]) -> Option<ErrorCode> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap()).err().map(|problem| problem.code)
    }

    #[test]
    fn an_ordinary_head_passes() {
        assert_eq!(
            check_headers(&[("authorization", "Basic x"), ("transfer-encoding", "Chunked"), ("x", "1"), ("x", "2")]),
            None
        );
    }

    #[test]
    fn repeated_credentials_or_types_and_unknown_codings_are_rejected() {
        for headers in [
            [("authorization", "Basic a"), ("authorization", "Basic a")],
            [("content-type", "text/csv"), ("content-type", "application/json")],
            [("transfer-encoding", "gzip, chunked"), ("x", "y")],
        ] {
            assert_eq!(check_headers(&headers), Some(ErrorCode::MalformedRequest), "{headers:?}");
        }
    }

    #[test]
    fn the_header_block_is_limited_in_bytes_and_lines() {
        let value = "y".repeat(MAX_BLOCK - 5);
        assert_eq!(check_headers(&[("x", &value)]), None);
        assert_eq!(check_headers(&[("x", &format!("{value}y"))]), Some(ErrorCode::HeadersTooLarge));
        assert_eq!(check_headers(&[("x", "y"); 100]), None);
        assert_eq!(check_headers(&[("x", "y"); 101]), Some(ErrorCode::HeadersTooLarge));
    }

    #[test]
    fn truncated_targets_are_414_and_truncated_headers_431() {
        let mut request = Request::new(());
        request.extensions_mut().insert(HeadersTooLarge);
        assert_eq!(check(&request).unwrap_err().code, ErrorCode::HeadersTooLarge);
        request.extensions_mut().insert(TargetTooLong);
        assert_eq!(check(&request).unwrap_err().code, ErrorCode::UriTooLong);
    }
}
