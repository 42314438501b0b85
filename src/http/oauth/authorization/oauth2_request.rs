//! An authorization request of OAuth 2 (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 9700).
//!
//! In: parameters as sent. Out: who asks and where the answer goes, else a [`Problem`] for a page; then what is wished,
//! else a [`Refusal`] for the application. Must not know: pages, sessions.

use crate::auth::{Application, CodeWish, GrantType, Tokens, is_localhost};
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::Scope;
use crate::secret::Aad;

use super::parameters::{Parameters, needed, told_badly};
use super::redirect::Told;

/// Every parameter that is understood here. Others are ignored (section 3.1).
const UNDERSTOOD: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
];

/// The most bytes that a state may have, as sent.
const LONGEST_STATE: usize = 4096;

/// What S256 makes of a verifier: 256 bits in base64url.
const CHALLENGE: usize = 43;

/// RFC 8252 section 7.3 lets the port differ for loopback addresses, not for names.
const LOCALHOST: &str = "An address with `localhost` is registered with its port. Register and send http://127.0.0.1/… \
                         instead: with that address any port works.";

/// Who asks, and where the answer goes.
#[derive(Debug)]
pub(super) struct Asker {
    pub application: Application,
    /// As it was sent.
    pub redirect_sent: Option<String>,
    /// Where the answer goes; `None` for an application without any address, which only takes JSON.
    pub redirect_to: Option<String>,
    /// As it was sent, byte for byte.
    state: Option<String>,
}

/// What is wished.
#[derive(Debug)]
pub(super) struct Wish {
    pub scope: Scope,
    pub challenge: Option<String>,
    /// The user is asked, whatever he agreed to before.
    pub ask: bool,
}

/// Why an application gets no code (section 4.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub error: &'static str,
    pub description: &'static str,
}

const fn refuse(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description }
}

impl Asker {
    /// Finds the application and where its answers go. The answer to a mistake here never goes there (O2-02).
    ///
    /// # Errors
    /// 401 for an unknown application, 400 for an address that is not registered.
    pub(super) async fn find(parameters: &Parameters, tokens: &Tokens) -> Result<Self, Problem> {
        let client_id = needed(parameters, "client_id")?;
        let unknown =
            || Problem::new(Code::InvalidClient, "This application is not known here.").parameter("client_id");
        let application = tokens.application(client_id).await?.ok_or_else(unknown)?;
        let sent = parameters.value("redirect_uri").map_err(|unclear| told_badly("redirect_uri", unclear))?;
        let redirect_to = application.redirect_to(sent);
        let needs_one = sent.is_some() || application.settings.redirect_uris.len() > 1;
        if redirect_to.is_none() && needs_one {
            let detail = "The address to return to is not registered for this application, byte for byte.";
            let problem = Problem::new(Code::InvalidParameter, detail).parameter("redirect_uri");
            return Err(if sent.is_some_and(is_localhost) { problem.hint(LOCALHOST) } else { problem });
        }
        let state = parameters.raw("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE);
        let (redirect_sent, state) = (sent.map(str::to_owned), state.map(str::to_owned));
        Ok(Self { application, redirect_sent, redirect_to, state })
    }

    /// Reads the rest of the request.
    ///
    /// # Errors
    /// What the application is told.
    pub(super) fn wish(&self, parameters: &Parameters) -> Result<Wish, Refusal> {
        if parameters.has_repetition(&UNDERSTOOD) {
            return Err(refuse("invalid_request", "a parameter is given twice"));
        }
        self.check_state(parameters)?;
        match text(parameters, "response_type")? {
            Some("code") => {}
            Some(_) => return Err(refuse("unsupported_response_type", "response_type can be code only")),
            None => return Err(refuse("invalid_request", "response_type is missing")),
        }
        if !self.application.settings.grants.contains(&GrantType::AuthorizationCode) {
            return Err(refuse("unauthorized_client", "this application may not ask for codes"));
        }
        let scope = self.application.narrowed(text(parameters, "scope")?);
        let scope = scope.map_err(|_| refuse("invalid_scope", "the scope is unknown or beyond this application"))?;
        let ask = text(parameters, "prompt")?.is_some_and(|prompt| prompt.split(' ').any(|word| word == "consent"));
        Ok(Wish { scope, challenge: self.challenge(parameters)?, ask })
    }

    fn check_state(&self, parameters: &Parameters) -> Result<(), Refusal> {
        let sent = parameters.raw("state").ok().flatten();
        if sent.is_some() && self.state.is_none() {
            return Err(refuse("invalid_request", "the state is longer than 4096 bytes"));
        }
        Ok(())
    }

    /// PKCE: asked of public applications, and of others when their administrator wishes (O2-08).
    fn challenge(&self, parameters: &Parameters) -> Result<Option<String>, Refusal> {
        let (challenge, method) = (text(parameters, "code_challenge")?, text(parameters, "code_challenge_method")?);
        match (challenge, method) {
            (None, None) if self.application.needs_pkce() => {
                Err(refuse("invalid_request", "this application must send code_challenge (PKCE, S256)"))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => Err(refuse("invalid_request", "code_challenge is missing")),
            (Some(challenge), Some("S256")) => {
                let is_digest = challenge.len() == CHALLENGE
                    && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                let wrong = refuse("invalid_request", "code_challenge is no SHA-256 in base64url, 43 characters");
                is_digest.then(|| Some(challenge.to_owned())).ok_or(wrong)
            }
            (Some(_), _) => Err(refuse("invalid_request", "code_challenge_method can be S256 only")),
        }
    }

    /// What stands in every answer: the state as it was sent, and who answers (RFC 9207).
    pub(super) fn told(&self, told: Told, issuer: &str) -> Told {
        let told = match &self.state {
            Some(state) => told.with_raw("state", state),
            None => told,
        };
        told.with("iss", issuer)
    }

    /// All of the request in a form that is the same each time.
    pub(super) fn fingerprint(&self, wish: &Wish) -> Vec<u8> {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        let parts = [
            self.application.client_id().to_owned(),
            or_nothing(&self.redirect_to),
            or_nothing(&self.redirect_sent),
            or_nothing(&self.state),
            or_nothing(&wish.challenge),
            wish.scope.to_json(),
        ];
        parts.iter().fold(Aad::of("oauth2"), |aad, part| aad.with(part.as_bytes())).bytes().to_vec()
    }

    /// What a code is to be.
    pub(super) fn code(&self, wish: &Wish) -> CodeWish {
        CodeWish {
            redirect_uri: self.redirect_sent.clone(),
            scope: wish.scope.clone(),
            challenge: wish.challenge.clone(),
        }
    }

    /// Whether what a user agreed to may be remembered: not of applications that anybody can pretend to be (O2-15).
    pub(super) fn may_be_remembered(&self) -> bool {
        let is_safe = |uri: &String| uri.starts_with("https://");
        !self.application.settings.public && self.redirect_to.as_ref().is_some_and(is_safe)
    }
}

fn text<'p>(parameters: &'p Parameters, name: &str) -> Result<Option<&'p str>, Refusal> {
    parameters.value(name).map_err(|_| refuse("invalid_request", "a parameter is no UTF-8 once it is decoded"))
}
