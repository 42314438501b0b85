//! The authorization request of OAuth 2 (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 9700).
//!
//! In: parameters. Out: the application and its redirect URI, or a [`Problem`] for a page; then the validated
//! request, or an [`AuthorizationError`] for the application. Must not know: pages, sessions.

use super::raw_parameters::{AuthorizationParams, invalid_parameter, require};
use super::redirect::RedirectParams;
use crate::auth::{Application, Applications, CodeRequest, GrantType, is_localhost};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::Scope;
use crate::secret::Aad;

/// The parameters that must not be repeated. Others are ignored (RFC 6749 section 3.1).
const KNOWN_PARAMETERS: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
];

/// The maximum length of `state` as sent, in bytes.
const MAX_STATE_BYTES: usize = 4096;

/// The length of an S256 code challenge: 256 bits in base64url.
const CHALLENGE_LENGTH: usize = 43;

/// RFC 8252 section 7.3: the port may differ for loopback addresses, not for host names.
const LOCALHOST_HINT: &str = "A redirect URI with `localhost` must match including its port. Register and send \
                              http://127.0.0.1/… instead: with that address any port is accepted.";

/// The application, and where the browser is redirected to.
#[derive(Debug)]
pub(super) struct AuthorizationClient {
    pub application: Application,
    /// The parameter `redirect_uri` as it was sent.
    pub sent_redirect_uri: Option<String>,
    /// The redirect URI. `None` for an application without a registered one, which can only use JSON.
    pub redirect_uri: Option<String>,
    /// `state` as it was sent, byte for byte.
    state: Option<String>,
}

/// A validated authorization request.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub scope: Scope,
    /// The PKCE code challenge (S256).
    pub challenge: Option<String>,
    /// `prompt=consent`: show the consent page even if the user approved the same request before.
    pub force_consent: bool,
}

/// An error for the application (RFC 6749 section 4.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthorizationError {
    pub error: &'static str,
    pub description: &'static str,
}

impl AuthorizationError {
    /// The same error for a client that is answered with JSON.
    pub(super) fn into_problem(self) -> Problem {
        let code = match self.error {
            "unauthorized_client" => ErrorCode::UnauthorizedClient,
            "unsupported_response_type" => ErrorCode::UnsupportedResponseType,
            "invalid_scope" => ErrorCode::InvalidScope,
            _ => ErrorCode::InvalidParameter,
        };
        Problem::new(code, self.description)
    }
}

const fn error(error: &'static str, description: &'static str) -> AuthorizationError {
    AuthorizationError { error, description }
}

impl AuthorizationClient {
    /// Finds the application and its redirect URI. Errors of this step are never sent to the redirect URI (O2-02).
    ///
    /// # Errors
    /// 401 for an unknown application, 400 for a redirect URI that is not registered.
    pub(super) async fn find(parameters: &AuthorizationParams, applications: &Applications) -> Result<Self, Problem> {
        let client_id = require(parameters, "client_id")?;
        let unknown = || {
            let detail = "No application with this client_id is registered.";
            Problem::new(ErrorCode::InvalidClient, detail).parameter("client_id")
        };
        let application = applications.find(client_id).await?.ok_or_else(unknown)?;
        let sent = parameters.value("redirect_uri").map_err(|error| invalid_parameter("redirect_uri", error))?;
        let redirect_uri = application.resolve_redirect_uri(sent);
        let needs_one = sent.is_some() || application.settings.redirect_uris.len() > 1;
        if redirect_uri.is_none() && needs_one {
            let detail = "The redirect_uri is not registered for this application. It must match byte for byte.";
            let problem = Problem::new(ErrorCode::InvalidParameter, detail).parameter("redirect_uri");
            return Err(if sent.is_some_and(is_localhost) { problem.hint(LOCALHOST_HINT) } else { problem });
        }
        let state = parameters.raw("state").ok().flatten().filter(|state| state.len() <= MAX_STATE_BYTES);
        let (sent_redirect_uri, state) = (sent.map(str::to_owned), state.map(str::to_owned));
        Ok(Self { application, sent_redirect_uri, redirect_uri, state })
    }

    /// Parses and validates the other parameters.
    ///
    /// # Errors
    /// The error that is sent to the application.
    pub(super) fn parse_request(
        &self,
        parameters: &AuthorizationParams,
    ) -> Result<AuthorizationRequest, AuthorizationError> {
        if parameters.has_repetition(&KNOWN_PARAMETERS) {
            return Err(error("invalid_request", "A parameter is repeated."));
        }
        self.check_state(parameters)?;
        match text(parameters, "response_type")? {
            Some("code") => {}
            Some(_) => return Err(error("unsupported_response_type", "The response_type must be code.")),
            None => return Err(error("invalid_request", "The parameter response_type is missing.")),
        }
        if !self.application.settings.grants.contains(&GrantType::AuthorizationCode) {
            return Err(error("unauthorized_client", "This application may not use the authorization code grant."));
        }
        let scope = self.application.narrow_scope(text(parameters, "scope")?);
        let invalid_scope = "The scope is unknown, or this application does not have it.";
        let scope = scope.map_err(|_| error("invalid_scope", invalid_scope))?;
        let prompt = text(parameters, "prompt")?;
        let force_consent = prompt.is_some_and(|prompt| prompt.split(' ').any(|value| value == "consent"));
        Ok(AuthorizationRequest { scope, challenge: self.challenge(parameters)?, force_consent })
    }

    fn check_state(&self, parameters: &AuthorizationParams) -> Result<(), AuthorizationError> {
        let sent = parameters.raw("state").ok().flatten();
        if sent.is_some() && self.state.is_none() {
            return Err(error("invalid_request", "The state is longer than 4096 bytes."));
        }
        Ok(())
    }

    /// PKCE is required for public applications, and for others if their administrator requires it (O2-08).
    fn challenge(&self, parameters: &AuthorizationParams) -> Result<Option<String>, AuthorizationError> {
        let (challenge, method) = (text(parameters, "code_challenge")?, text(parameters, "code_challenge_method")?);
        match (challenge, method) {
            (None, None) if self.application.requires_pkce() => {
                Err(error("invalid_request", "This application must use PKCE: send code_challenge with S256."))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => Err(error("invalid_request", "The parameter code_challenge is missing.")),
            (Some(challenge), Some("S256")) => {
                let is_digest = challenge.len() == CHALLENGE_LENGTH
                    && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                let invalid = "The code_challenge must be a SHA-256 hash in base64url, 43 characters.";
                is_digest.then(|| Some(challenge.to_owned())).ok_or(error("invalid_request", invalid))
            }
            (Some(_), _) => Err(error("invalid_request", "The code_challenge_method must be S256.")),
        }
    }

    /// Adds what every redirect contains: `state` as it was sent, and the issuer (RFC 9207).
    pub(super) fn with_common_params(&self, parameters: RedirectParams, issuer: &str) -> RedirectParams {
        let parameters = match &self.state {
            Some(state) => parameters.with_raw("state", state),
            None => parameters,
        };
        parameters.with("iss", issuer)
    }

    /// The request in a canonical form.
    pub(super) fn fingerprint(&self, request: &AuthorizationRequest) -> Vec<u8> {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let parts = [
            self.application.client_id().to_owned(),
            or_empty(&self.redirect_uri),
            or_empty(&self.sent_redirect_uri),
            or_empty(&self.state),
            or_empty(&request.challenge),
            request.scope.to_json(),
        ];
        parts.iter().fold(Aad::new("oauth2"), |aad, part| aad.with(part.as_bytes())).as_bytes().to_vec()
    }

    /// What the code is bound to.
    pub(super) fn code_request(&self, request: &AuthorizationRequest) -> CodeRequest {
        CodeRequest {
            redirect_uri: self.sent_redirect_uri.clone(),
            scope: request.scope.clone(),
            challenge: request.challenge.clone(),
        }
    }

    /// Whether the user's consent may be remembered: not for applications that another program can impersonate
    /// (O2-15).
    pub(super) fn can_remember_consent(&self) -> bool {
        let is_https = |uri: &String| uri.starts_with("https://");
        !self.application.settings.public && self.redirect_uri.as_ref().is_some_and(is_https)
    }
}

fn text<'p>(parameters: &'p AuthorizationParams, name: &str) -> Result<Option<&'p str>, AuthorizationError> {
    let not_utf8 = "A parameter is not valid UTF-8 after percent-decoding.";
    parameters.value(name).map_err(|_| error("invalid_request", not_utf8))
}
