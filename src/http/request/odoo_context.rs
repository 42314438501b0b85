//! What a request says about the context of its calls, by headers and by the `context` parameter.
//!
//! In: headers and [`Input`]. Out: [`ContextAsked`], lowest rank first. Must not know: what is wished, which
//! languages there are.

use http::HeaderMap;

use super::params::Input;
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::lists;
use crate::language::literal::Limits;
use crate::plan::ContextAsked;
use crate::value::Value;

/// Reads headers, then the parameter.
///
/// # Errors
/// 400 for what cannot be read.
pub(in crate::http) fn read(headers: &HeaderMap, input: &Input) -> Result<ContextAsked, Problem> {
    let mut asked = ContextAsked::default();
    if let Some(lang) = header(headers, "X-Odoo-Lang")? {
        asked.say("X-Odoo-Lang", "lang", lang.to_owned().into());
    }
    if let Some(tz) = header(headers, "X-Odoo-Tz")? {
        asked.say("X-Odoo-Tz", "tz", tz.to_owned().into());
    }
    if let Some(companies) = header(headers, "X-Odoo-Company")? {
        let ids = lists::ids(companies, Limits::query())
            .map_err(|error| error.into_problem(Code::InvalidContext, "X-Odoo-Company"))?;
        let ids = ids.into_iter().map(|id| Value::Int(id.get())).collect();
        asked.say("X-Odoo-Company", "allowed_company_ids", ids);
    }
    if let Some(context) = input.tree("context")? {
        asked.say_all("context", context)?;
    }
    Ok(asked)
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let Some(value) = super::headers::single(headers, name)? else { return Ok(None) };
    let refuse = |_| Problem::new(Code::InvalidContext, format!("{name}: expected ASCII")).parameter(name);
    let text = value.to_str().map_err(refuse)?.trim();
    Ok((!text.is_empty()).then_some(text))
}
