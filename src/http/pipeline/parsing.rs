//! The stages before planning, which are the same for every operation: authenticate, read, parse, negotiate.
//!
//! In: an [`ApiRequest`], and how an operation parses its path and parameters. Out: a [`ParsedRequest`], which is valid
//! as far as that is known without Odoo. Must not know: what the operation does.

use bytes::Bytes;

use super::Dialect;
use crate::auth::Principal;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::authenticate::authenticate;
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::response::negotiate::{Preferences, ResponseFormat};
use crate::plan::RequestedContext;

/// An authenticated request with its complete body. `N` is the name in its path: a model or a report.
pub(super) struct ReceivedRequest<N> {
    pub request: ApiRequest,
    pub caller: Principal,
    pub name: N,
    pub body: Bytes,
}

/// A request whose parameters are parsed. `P` is what the operation made of them.
pub(super) struct ParsedRequest<N, P> {
    pub request: ApiRequest,
    pub caller: Principal,
    pub dialect: &'static Dialect,
    pub name: N,
    pub parsed: P,
    pub context: RequestedContext,
    pub preferences: Preferences,
    pub format: ResponseFormat,
}

impl<N> ReceivedRequest<N> {
    /// Authenticates the caller, then checks the name in the path, and reads the body last.
    ///
    /// # Errors
    /// 401 without a valid credential; those of `parse_name`; 413, 400 or 503 for the body.
    pub(super) async fn receive(
        mut request: ApiRequest,
        parse_name: fn(&ApiRequest) -> Result<N, Problem>,
    ) -> Result<Self, Problem> {
        let timing = request.timing.clone();
        let caller = timing.time("auth", authenticate(&mut request)).await?;
        let name = parse_name(&request)?;
        let body = timing.time("body", request.read_body()).await?;
        Ok(Self { request, caller, name, body })
    }

    /// Parses the parameters and what the operation makes of them, negotiates the format, and rejects unknown
    /// parameters. An error of `parse` is reported last: `Accept` and the context are checked before it. `may_be_list`
    /// receives `None` if `parse` failed.
    ///
    /// # Errors
    /// 400, 413 or 415 for the parameters, 406 for `Accept`.
    pub(super) async fn parse<P>(
        self,
        dialect: &'static Dialect,
        parse: impl FnOnce(&ApiRequest, &RequestParams) -> Result<P, Problem> + Send,
        may_be_list: fn(Option<&P>) -> bool,
    ) -> Result<ParsedRequest<N, P>, Problem> {
        let Self { request, caller, name, body } = self;
        let parse_body = || {
            let params = dialect.parse_params(&request.head, body)?;
            let parsed = parse(&request, &params);
            Ok::<_, Problem>((params, parsed))
        };
        let (params, parsed) = request.run_on_body(parse_body).await?;
        let format = dialect.negotiate(&request, may_be_list(parsed.as_ref().ok()))?;
        let preferences = Preferences::parse(&request.head.headers);
        let context = dialect.parse_context(&request.head, &params)?;
        let parsed = parsed.map_err(|problem| prefer_misnamed(problem, &params))?;
        params.reject_unknown(preferences.strict)?;
        Ok(ParsedRequest { request, caller, dialect, name, parsed, context, preferences, format })
    }
}

/// A missing parameter that was sent under a similar name is reported as the misspelled one.
fn prefer_misnamed(problem: Problem, params: &RequestParams) -> Problem {
    match params.reject_unknown(false) {
        Err(misnamed) if problem.code == ErrorCode::MissingParameter => misnamed,
        _ => problem,
    }
}
