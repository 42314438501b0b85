//! The cost of authenticating a request with warm caches, for each kind of credential, on SQLite: from the headers to
//! the principal, without HTTP, and the cost of its parts.
//!
//! `cargo bench --bench credentials`. The measurements alternate, so that other load on the machine affects all of
//! them. CPU is the processor time of all threads of this process, including those of SQLite; waits are only in the
//! time.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use odoo_gateway::admin::{Administration, Application, ApplicationSettings, GrantType, NewApiKey, NewApplication};
use odoo_gateway::app;
use odoo_gateway::auth::{
    AccessTokenFormat, AuthenticatedClient, CodeExchange, CodeRequest, Credential, KeySet, LoginTokenRequest,
    OdooAuthenticator, OdooAuthenticatorSettings, Principal, Throttle, ThrottleRate, ThrottleSettings, TokenServices,
    TokenSettings,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::error::Problem;
use odoo_gateway::http::parse_credential;
use odoo_gateway::secret::{Token, TokenKind};
use odoo_gateway::store::KeyTerms;

/// The number of repetitions per round, and the number of rounds.
const TIMES: u32 = 2_000;
const ROUNDS: usize = 7;
/// The number of tokens issued per round: each is written to the disk.
const ISSUED: u32 = 200;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The objects that authenticate a request.
struct Authentication {
    admin: Administration,
    odoo_authenticator: OdooAuthenticator,
    tokens: TokenServices,
    key_set: Arc<KeySet>,
}

impl Authentication {
    async fn open(folder: &Path, odoo: &str) -> Outcome<Self> {
        let store = format!("sqlite:{}", folder.join("gateway.db").display());
        let key = folder.join("keys/master.key").display().to_string();
        let settings = [
            ("ODOO_GATEWAY__STORE__URL", store.as_str()),
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key),
            ("ODOO_GATEWAY__ODOO__0__URL", odoo),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo"),
        ];
        let config = Config::load(None, settings.map(|(name, value)| (name.into(), value.into())))?;
        let admin = app::administration(&config, Clock::system()).await?;
        let key_set = admin.key_provider.for_sealing().await?;
        let rate = ThrottleRate { burst: 100, per_minute: 100 };
        let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
        let throttle = Arc::new(Throttle::new(rates, Clock::system()));
        let (floor, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        let settings = OdooAuthenticatorSettings {
            min_failure_time: floor,
            rejection_ttl: hour,
            identity_ttl: hour,
            checks_in_flight: 2,
            check_wait: floor,
        };
        let (store, clock) = (admin.store.clone(), Clock::system());
        let odoo_authenticator =
            OdooAuthenticator::new(settings, throttle.clone(), store, &admin.databases, clock).map_err(problem_text)?;
        let settings = TokenSettings {
            min_failure_time: floor,
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
        Ok(Self { admin, odoo_authenticator, tokens, key_set })
    }

    /// As the gateway does it for each request.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let databases = &self.admin.databases;
        match parse_credential(headers)? {
            Credential::GatewayToken(token) => {
                self.tokens.gateway_tokens.authenticate(&token, None, databases, HERE).await
            }
            Credential::OAuth1Signature => Err(Problem::internal("nothing is signed here")),
            Credential::OdooApiKey(key) => {
                self.odoo_authenticator.authenticate_api_key(databases.pick(None)?, key, HERE).await
            }
            Credential::Basic { login, secret } => {
                self.odoo_authenticator.authenticate(databases.pick(None)?, login, secret, HERE).await
            }
        }
    }

    /// A key for the user of the stub, restricted as keys are.
    async fn key(&self) -> Outcome<Token> {
        let wanted = NewApiKey {
            database: None,
            login: "ada".to_owned(),
            secret: "right".into(),
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms { networks: vec!["127.0.0.0/8".parse()?], ..KeyTerms::unlimited("bench") },
        };
        Ok(self.admin.create_key(wanted).await?.1)
    }

    /// An application of the user of the stub, and its secret.
    async fn application(&self) -> Outcome<(Application, Token)> {
        let wanted = NewApplication {
            database: None,
            bound: Some(("ada".to_owned(), "right".into())),
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms {
                networks: vec!["127.0.0.0/8".parse()?],
                ..KeyTerms::unlimited(format!("bench {}", odoo_gateway::store::random_id()?))
            },
            settings: ApplicationSettings {
                grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
                trusted: true,
                ..ApplicationSettings::default()
            },
            origins: Vec::new(),
        };
        let (application, secret) = self.admin.create_application(wanted).await?;
        Ok((application, secret.client.ok_or("the application has no secret")?))
    }

    async fn client(&self, application: &Application, secret: &Token) -> Outcome<AuthenticatedClient> {
        Ok(self
            .tokens
            .oauth2
            .authenticate_client(application.client_id(), Some(secret.expose()), HERE)
            .await
            .map_err(problem_text)?)
    }

    /// The first refresh token of a grant.
    async fn refresh_token(&self, client: &AuthenticatedClient) -> Outcome<Token> {
        let resource_owner = self.tokens.oauth2.bound_user(client).await.map_err(problem_text)?;
        let scope = client.application.scope.clone();
        let request = CodeRequest { redirect_uri: None, scope, challenge: None };
        let code =
            self.tokens.oauth2.issue_code(&client.application, &resource_owner, request).await.map_err(problem_text)?;
        let exchange = CodeExchange { code: code.expose(), redirect_uri: None, verifier: None };
        let issued = self
            .tokens
            .oauth2
            .exchange_code(client, exchange, AccessTokenFormat::Opaque)
            .await
            .map_err(problem_text)?;
        Ok(issued.refresh_token.ok_or("a refresh token")?)
    }

    /// How long client credentials and refreshes take, each with the secret verified.
    async fn issuing(&self) -> Outcome<[Measurements; 2]> {
        let (application, secret) = self.application().await?;
        let mut token = self.refresh_token(&self.client(&application, &secret).await?).await?;
        let (mut credentials, mut refreshes) = (Measurements::default(), Measurements::default());
        for _ in 0..ROUNDS {
            let issue = async || {
                let client = self.client(&application, &secret).await?;
                let issued = self.tokens.oauth2.client_credentials(&client, None, AccessTokenFormat::Opaque).await;
                Ok(issued.map_err(problem_text)?)
            };
            credentials.measure_round(ISSUED, issue).await?;
            let refresh = async || {
                let client = self.client(&application, &secret).await?;
                let issued = self.tokens.oauth2.refresh(&client, token.expose(), None, AccessTokenFormat::Opaque).await;
                token = issued.map_err(problem_text)?.refresh_token.ok_or("the next refresh token")?;
                Ok(())
            };
            refreshes.measure_round(ISSUED, refresh).await?;
        }
        Ok([credentials, refreshes])
    }

    /// The headers of each kind of credential, with a name for the table.
    async fn credentials(&self) -> Outcome<Vec<(&'static str, HeaderMap)>> {
        // base64 of ada:right
        let basic = headers("authorization", "Basic YWRhOnJpZ2h0")?;
        let key = self.key().await?;
        let with_key = headers("api-key", key.expose())?;
        let access = self
            .tokens
            .access_tokens
            .log_in(self.authenticate(&basic).await.map_err(problem_text)?)
            .await
            .map_err(problem_text)?;
        let account = self.tokens.login_tokens.verify_api_key(key, HERE).await.map_err(problem_text)?;
        let request = LoginTokenRequest { user: None, days: Some(1) };
        let minted =
            self.tokens.login_tokens.issue(account, request, &self.admin.databases).await.map_err(problem_text)?;
        let login = headers("token", &minted.token)?;
        let mut both = login.clone();
        both.extend(with_key.clone());
        let (application, secret) = self.application().await?;
        let client = self.client(&application, &secret).await?;
        let mut bearers = Vec::new();
        for form in [AccessTokenFormat::Opaque, AccessTokenFormat::Jwt] {
            let issued = self.tokens.oauth2.client_credentials(&client, None, form).await.map_err(problem_text)?;
            bearers.push(headers("authorization", &format!("Bearer {}", issued.access_token.as_str()))?);
        }
        let [opaque, jwt] = bearers.try_into().map_err(|_| "two forms")?;
        Ok(vec![
            ("OAuth 2, opaque", opaque),
            ("OAuth 2, JWT (Ed25519)", jwt),
            ("Basic, cached", basic),
            ("API key", with_key),
            ("login token (JWT)", login),
            ("login token and API key", both),
            ("access token", headers("access-token", access.expose())?),
        ])
    }
}

fn headers(name: &'static str, value: &str) -> Outcome<HeaderMap> {
    Ok(HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value)?)]))
}

fn problem_text(problem: Problem) -> String {
    problem.to_string()
}

/// A stub Odoo that is sufficient to fill the caches; it counts the calls.
fn stub(calls: Arc<AtomicUsize>) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            calls.fetch_add(1, Ordering::SeqCst);
            // A client that disconnected needs no response.
            let _ = response(stream);
        }
    });
    Ok(url)
}

/// Responds as user 7, whose name is Ada.
fn response(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&request).trim_end().ends_with("</methodCall>") {
        let read = stream.read(&mut part)?;
        request.extend(part.iter().take(read));
        if read == 0 {
            return Ok(());
        }
    }
    let value = if String::from_utf8_lossy(&request).contains("<methodName>authenticate<") {
        "<int>7</int>"
    } else {
        "<array><data><value><struct><member><name>name</name><value><string>Ada</string></value></member></struct>\
         </value></data></array>"
    };
    let body = format!(
        "<?xml version='1.0'?><methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    );
    write!(stream, "HTTP/1.0 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}", body.len())
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
    async fn measure_round<T>(&mut self, times: u32, mut work: impl AsyncFnMut() -> Outcome<T>) -> Outcome<()> {
        let (began, computed) = (Instant::now(), cpu()?);
        for _ in 0..times {
            std::hint::black_box(work().await?);
        }
        let each = |all: Duration| all.as_secs_f64() * 1e6 / f64::from(times);
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
            println!("{name:34}{time:12.1}{cpu:12.1}");
        }
    }
}

async fn measure() -> Outcome<()> {
    let (folder, calls) = (tempfile::tempdir()?, Arc::new(AtomicUsize::new(0)));
    let authentication = Authentication::open(folder.path(), &stub(calls.clone())?).await?;
    let credentials = authentication.credentials().await?;
    for (_, headers) in &credentials {
        authentication.authenticate(headers).await.map_err(problem_text)?;
    }
    let warm = calls.load(Ordering::SeqCst);
    let some = Token::generate(TokenKind::ApiKey)?;
    let mut kinds: Vec<Measurements> = credentials.iter().map(|_| Measurements::default()).collect();
    let (mut select, mut hmac) = (Measurements::default(), Measurements::default());
    for _ in 0..ROUNDS {
        hmac.measure_round(TIMES, async || Ok(some.index(&authentication.key_set.index))).await?;
        select.measure_round(TIMES, async || Ok(authentication.admin.store.ping().await?)).await?;
        for ((_, headers), figures) in credentials.iter().zip(&mut kinds) {
            figures
                .measure_round(TIMES, async || Ok(authentication.authenticate(headers).await.map_err(problem_text)?))
                .await?;
        }
    }
    if calls.load(Ordering::SeqCst) != warm {
        return Err("Odoo was called although all caches were filled".into());
    }
    #[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
    {
        println!("{:34}{:>12}{:>12}", "each, in microseconds", "time", "CPU");
    }
    hmac.print("for scale: one HMAC-SHA256");
    select.print("for scale: SELECT 1 on the store");
    for ((name, _), figures) in credentials.iter().zip(kinds) {
        figures.print(name);
    }
    let [client_credentials, refreshes] = authentication.issuing().await?;
    client_credentials.print("client_credentials, stored");
    refreshes.print("refresh, stored");
    Ok(())
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}
