//! The Odoo context that a request asks for, in headers and in the parameter `context`.
//!
//! In: headers and [`RequestParams`]. Out: [`RequestedContext`], lowest precedence first. Must not know: what the
//! request asks for, which languages are installed.

use http::HeaderMap;

use super::params::RequestParams;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::lists;
use crate::language::literal::Limits;
use crate::plan::RequestedContext;
use crate::value::Value;

/// Parses the headers, then the parameter.
///
/// # Errors
/// 400 for malformed values.
pub(in crate::http) fn parse(headers: &HeaderMap, params: &RequestParams) -> Result<RequestedContext, Problem> {
    let mut requested = RequestedContext::default();
    if let Some(lang) = header(headers, "X-Odoo-Lang")? {
        requested.set("X-Odoo-Lang", "lang", lang.to_owned().into());
    }
    if let Some(tz) = header(headers, "X-Odoo-Tz")? {
        requested.set("X-Odoo-Tz", "tz", tz.to_owned().into());
    }
    if let Some(companies) = header(headers, "X-Odoo-Company")? {
        let ids = lists::parse_ids(companies, Limits::query())
            .map_err(|error| error.into_problem(ErrorCode::InvalidContext, "X-Odoo-Company"))?;
        let ids = ids.into_iter().map(|id| Value::Int(id.get())).collect();
        requested.set("X-Odoo-Company", "allowed_company_ids", ids);
    }
    if let Some(context) = params.tree("context")? {
        requested.extend("context", context)?;
    }
    Ok(requested)
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let Some(value) = super::headers::single(headers, name)? else { return Ok(None) };
    let not_ascii = |_| {
        Problem::new(ErrorCode::InvalidContext, format!("{name}: expected visible ASCII characters.")).parameter(name)
    };
    let text = value.to_str().map_err(not_ascii)?.trim();
    Ok((!text.is_empty()).then_some(text))
}
