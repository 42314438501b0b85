//! The cost of verifying a signed request of OAuth 1.0a: the signature alone, and the complete authentication from the
//! request to the principal, on SQLite, sequentially and concurrently. The crate oauth1-request signs the requests.
//!
//! `cargo bench --bench oauth1`. CPU is the processor time of all threads of this process, including those of SQLite;
//! waits, as for the disk, are only in the time.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::{Method, Uri};
use oauth1_request::signature_method::HmacSha1;
use oauth1_request::{Credentials, Token as Keys};
use odoo_gateway::admin::{Administration, ApplicationSettings, NewApplication, SignatureMethod};
use odoo_gateway::app;
use odoo_gateway::auth::oauth1::{ConnectionInfo, RawRequest, SignedRequest, SigningSecrets, verify_with_secrets};
use odoo_gateway::auth::{
    CredentialKind, Principal, ResourceOwner, Throttle, ThrottleRate, ThrottleSettings, TokenServices, TokenSettings,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::error::Problem;
use odoo_gateway::odoo::{OdooUser, Uid};
use odoo_gateway::plan::Scope;
use odoo_gateway::store::KeyTerms;

/// The number of requests per round, and the number of rounds.
const TIMES: usize = 2_000;
const ROUNDS: usize = 7;
/// The number of concurrent requests.
const AT_ONCE: usize = 50;

const CONNECTION: ConnectionInfo = ConnectionInfo { address: IpAddr::V4(Ipv4Addr::LOCALHOST), is_confidential: true };
const TARGET: &str = "/restapi/1.0/object/res.partner/search";
const QUERY: [(&str, &str); 3] = [("domain", "[('is_company','=',True)]"), ("limit", "80"), ("order", "name")];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Authentication {
    admin: Administration,
    tokens: TokenServices,
    target: Uri,
}

impl Authentication {
    async fn open(folder: &Path) -> Outcome<Self> {
        let store = format!("sqlite:{}", folder.join("gateway.db").display());
        let key = folder.join("keys/master.key").display().to_string();
        let settings = [("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key)];
        let config = Config::load(None, settings.map(|(name, value)| (name.into(), value.into())))?;
        let admin = app::administration(&config, Clock::system()).await?;
        admin.key_provider.for_sealing().await?;
        let rate = ThrottleRate { burst: 100, per_minute: 100 };
        let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
        let throttle = Arc::new(Throttle::new(rates, Clock::system()));
        let hour = Duration::from_secs(3600);
        let settings = TokenSettings {
            min_failure_time: hour,
            access_token_idle: hour,
            ..app::token_settings(&config, (Ipv4Addr::LOCALHOST, 0).into())
        };
        let tokens =
            TokenServices::new(admin.store.clone(), admin.key_provider.clone(), settings, throttle, Clock::system());
        // As in a running gateway: without it, every request would read its row.
        let mut poll = admin.store.credential_poll();
        tokio::spawn(async move {
            while poll.poll().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        Ok(Self { admin, tokens, target: format!("{TARGET}?{}", query()).parse()? })
    }

    /// Creates an application, and a user's token for it.
    async fn keys(&self) -> Outcome<Keys> {
        let wanted = NewApplication {
            database: None,
            bound: None,
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms::unlimited("bench"),
            settings: ApplicationSettings {
                oauth1: [SignatureMethod::HmacSha1].into(),
                ..ApplicationSettings::default()
            },
            origins: Vec::new(),
        };
        let (application, secret) = self.admin.create_application(wanted).await?;
        let secret = secret.client.ok_or("the application has no secret")?;
        let client = Credentials::new(application.client_id().to_owned(), secret.expose().to_owned());
        let issued = self.fetch_token(&client, None, &[("oauth_callback", "oob")]).await?;
        let request = self
            .tokens
            .oauth1
            .find_request_token(issued.identifier())
            .await
            .map_err(problem_text)?
            .ok_or("it waits")?;
        let decided = self.tokens.oauth1.approve(request, &self.resource_owner().await?).await.map_err(problem_text)?;
        let verifier = decided.verifier.ok_or("the request token was not approved")?;
        let token = self.fetch_token(&client, Some(&issued), &[("oauth_verifier", verifier.expose())]).await?;
        Ok(Keys::new(client, token))
    }

    /// Gets a request token, or an access token for a request token.
    async fn fetch_token(
        &self,
        client: &Credentials,
        token: Option<&Credentials>,
        parameters: &[(&str, &str)],
    ) -> Outcome<Credentials> {
        let mut builder = oauth1_request::Builder::new(client.as_ref(), HmacSha1::new());
        builder.token(token.map(Credentials::as_ref));
        for (name, value) in parameters {
            match *name {
                "oauth_callback" => builder.callback(*value),
                _ => builder.verifier(*value),
            };
        }
        let header = builder.post(format!("http://localhost{TARGET}"), &());
        let signed = parse_signed(&Method::POST, &TARGET.parse()?, &header)?;
        let issued = match token {
            None => self.tokens.oauth1.issue_request_token(&signed, CONNECTION).await,
            Some(_) => self.tokens.oauth1.issue_access_token(&signed, CONNECTION).await,
        };
        let issued = issued.map_err(problem_text)?;
        Ok(Credentials::new(issued.token.expose().to_owned(), issued.expose_secret().to_owned()))
    }

    async fn resource_owner(&self) -> Outcome<ResourceOwner> {
        let user = Principal {
            database: self.admin.databases.pick(None).map_err(problem_text)?.clone(),
            odoo_user: OdooUser {
                uid: Uid::new(7).ok_or("a user")?,
                secret: secrecy::SecretString::from("right").into(),
            },
            login: "ada".into(),
            credential_kind: CredentialKind::Basic,
            permit: None,
            rate_limit: None,
            scope: Scope::All.into(),
            token: None,
            usage: None,
        };
        let cookie = self.tokens.sessions.create(user).await.map_err(problem_text)?;
        let session = self.tokens.sessions.find(cookie.expose(), Ipv4Addr::LOCALHOST.into()).await;
        Ok(session.map_err(problem_text)?.ok_or("a session")?.resource_owner())
    }

    /// The complete authentication of a request.
    async fn authenticate(&self, header: &str) -> Outcome<Principal> {
        let signed = parse_signed(&Method::GET, &self.target, header)?;
        let identified = self.tokens.oauth1.authenticate(&signed, None, &self.admin.databases, CONNECTION).await;
        Ok(identified.map_err(problem_text)?)
    }

    /// Signed requests, each with a nonce of its own.
    fn sign(&self, keys: &Keys) -> Outcome<Vec<String>> {
        let sign = || Ok(oauth1_request::get(format!("http://localhost{TARGET}"), &Search, keys, HmacSha1::new()));
        (0..TIMES).map(|_| sign()).collect()
    }
}

/// The parameters of the query, in the form that oauth1-request requires.
struct Search;

impl oauth1_request::Request for Search {
    fn serialize<S: oauth1_request::serializer::Serializer>(&self, mut serializer: S) -> S::Output {
        use oauth1_request::serializer::SerializerExt as _;
        for (name, value) in &QUERY[..2] {
            serializer.serialize_parameter(name, value);
        }
        serializer.serialize_oauth_parameters();
        for (name, value) in &QUERY[2..] {
            serializer.serialize_parameter(name, value);
        }
        serializer.end()
    }
}

fn query() -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(QUERY);
    query.finish()
}

fn parse_signed(method: &Method, target: &Uri, header: &str) -> Outcome<SignedRequest> {
    let sent = RawRequest {
        method,
        scheme: "http",
        authority: "localhost",
        prefix: "",
        target,
        authorization: Some(header.as_bytes()),
        form: None,
    };
    Ok(SignedRequest::parse(&sent).map_err(problem_text)?.ok_or("the request is not signed")?)
}

fn problem_text(problem: Problem) -> String {
    problem.to_string()
}

/// The processor time of all threads of this process so far.
fn cpu() -> std::io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Times of an operation, in microseconds per repetition.
#[derive(Default)]
struct Measurements {
    time: Vec<f64>,
    cpu: Vec<f64>,
}

impl Measurements {
    async fn measure_round(&mut self, work: impl Future<Output = Outcome<()>>) -> Outcome<()> {
        let (began, computed) = (Instant::now(), cpu()?);
        work.await?;
        let each = |all: Duration| all.as_secs_f64() * 1e6 / TIMES as f64;
        // The time first, because reading the processor time takes some.
        self.time.push(each(began.elapsed()));
        self.cpu.push(each(cpu()?.saturating_sub(computed)));
        Ok(())
    }

    fn print(mut self, name: &str) {
        let median = |figures: &mut Vec<f64>| {
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let (time, cpu) = (median(&mut self.time), median(&mut self.cpu));
        #[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
        {
            println!("{name:44}{time:12.1}{cpu:12.1}");
        }
    }
}

async fn measure() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let authentication = Authentication::open(folder.path()).await?;
    let keys = authentication.keys().await?;
    let [mut arithmetic, mut alone, mut at_once] = [(); 3].map(|()| Measurements::default());
    for _ in 0..ROUNDS {
        let requests = authentication.sign(&keys)?;
        arithmetic
            .measure_round(async {
                for header in &requests {
                    let signed = parse_signed(&Method::GET, &authentication.target, header)?;
                    let secrets = SigningSecrets::new(&keys.client.secret, &keys.token.secret);
                    if !verify_with_secrets(signed.method, &signed.base_string, &secrets, &signed.signature) {
                        return Err("a valid signature was rejected".into());
                    }
                }
                Ok(())
            })
            .await?;
        alone
            .measure_round(async {
                for header in &requests {
                    authentication.authenticate(header).await?;
                }
                Ok(())
            })
            .await?;
        let requests = authentication.sign(&keys)?;
        at_once
            .measure_round(async {
                for some in requests.chunks(AT_ONCE) {
                    try_join_all(some.iter().map(|header| authentication.authenticate(header))).await?;
                }
                Ok(())
            })
            .await?;
    }
    #[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
    {
        println!("{:44}{:>12}{:>12}", "each, in microseconds", "time", "CPU");
    }
    arithmetic.print("parsed and verified, without the store");
    alone.print("authenticated, sequentially");
    at_once.print("authenticated, fifty concurrently");
    Ok(())
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}
