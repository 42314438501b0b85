//! What it costs to authenticate a request once the gateway is warm, for each kind of credential, on SQLite: from the
//! headers to the principal, without HTTP, beside what it is made of.
//!
//! `cargo bench --bench credentials`. All are taken in turns, so that what disturbs the machine disturbs all. CPU is that
//! of all threads of this process, those of SQLite too; the waits between them are in the time alone.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use odoo_gateway::admin::{Administration, Application, ApplicationSettings, GrantType, WantedApplication, WantedKey};
use odoo_gateway::app;
use odoo_gateway::auth::{
    Client, CodeWish, Credential, MintWish, OAuthSettings, PasswordSettings, Passwords, Principal, Rate, Redemption,
    Throttle, ThrottleSettings, TokenForm, TokenSettings, Tokens, Vault, credential,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::error::Problem;
use odoo_gateway::secret::{Token, TokenKind};
use odoo_gateway::store::KeyTerms;

/// How often each is done in a turn, and how many turns there are.
const TIMES: u32 = 2_000;
const TURNS: usize = 7;
/// How often a token is issued in a turn: each is written to the disk.
const ISSUED: u32 = 200;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The room that knows who calls.
struct Room {
    admin: Administration,
    passwords: Passwords,
    tokens: Tokens,
    vault: Arc<Vault>,
}

impl Room {
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
        let vault = admin.vaults.for_sealing().await?;
        let rate = Rate { burst: 100, per_minute: 100 };
        let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
        let throttle = Arc::new(Throttle::new(rates, Clock::system()));
        let (floor, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        let settings = PasswordSettings {
            failure_floor: floor,
            refusal_ttl: hour,
            identity_ttl: hour,
            checks_in_flight: 2,
            check_wait: floor,
        };
        let (store, clock) = (admin.store.clone(), Clock::system());
        let passwords = Passwords::new(settings, throttle.clone(), store, &admin.databases, clock).map_err(said)?;
        let settings = TokenSettings { failure_floor: floor, access_token_idle: hour, oauth: OAuthSettings::default() };
        let tokens = Tokens::new(admin.store.clone(), admin.vaults.clone(), settings, throttle, Clock::system());
        Ok(Self { admin, passwords, tokens, vault })
    }

    /// As the gateway does it for each request.
    async fn identify(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let databases = &self.admin.databases;
        match credential(headers)? {
            Credential::Own(shown) => self.tokens.identify(&shown, None, databases, HERE).await,
            Credential::Signature => Err(Problem::internal("nothing is signed here")),
            Credential::OdooKey(key) => self.passwords.identify_key(databases.pick(None)?, key, HERE).await,
            Credential::Basic { login, secret } => {
                self.passwords.identify(databases.pick(None)?, login, secret, HERE).await
            }
        }
    }

    /// A key for the user of the stub, restricted as keys are.
    async fn key(&self) -> Outcome<Token> {
        let wanted = WantedKey {
            database: None,
            login: "ada".to_owned(),
            secret: "right".into(),
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms {
                name: "bench".to_owned(),
                needs_login_token: false,
                may_mint_for_others: false,
                networks: vec!["127.0.0.0/8".parse()?],
                rate: None,
                concurrent: None,
            },
        };
        Ok(self.admin.create_key(wanted).await?.1)
    }

    /// An application of the user of the stub, and its secret.
    async fn application(&self) -> Outcome<(Application, Token)> {
        let wanted = WantedApplication {
            database: None,
            bound: Some(("ada".to_owned(), "right".into())),
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms {
                name: format!("bench {}", odoo_gateway::store::random_id()?),
                needs_login_token: false,
                may_mint_for_others: false,
                networks: vec!["127.0.0.0/8".parse()?],
                rate: None,
                concurrent: None,
            },
            settings: ApplicationSettings {
                grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
                trusted: true,
                ..ApplicationSettings::default()
            },
        };
        let (application, secret) = self.admin.create_application(wanted).await?;
        Ok((application, secret.client.ok_or("it has a secret")?))
    }

    async fn client(&self, application: &Application, secret: &Token) -> Outcome<Client> {
        Ok(self.tokens.client(application.client_id(), Some(secret.expose()), HERE).await.map_err(said)?)
    }

    /// The first refresh token of a family.
    async fn refresh_token(&self, client: &Client) -> Outcome<Token> {
        let approver = self.tokens.bound_user(client).await.map_err(said)?;
        let scope = client.application.scope.clone();
        let wish = CodeWish { redirect_uri: None, scope, challenge: None };
        let code = self.tokens.issue_code(&client.application, &approver, wish).await.map_err(said)?;
        let shown = Redemption { code: code.expose(), redirect_uri: None, verifier: None };
        let issued = self.tokens.redeem(client, shown, TokenForm::Opaque).await.map_err(said)?;
        Ok(issued.refresh.ok_or("it may refresh")?)
    }

    /// How long client credentials and refreshes take, each with the secret verified.
    async fn issuing(&self) -> Outcome<[Figures; 2]> {
        let (application, secret) = self.application().await?;
        let mut token = self.refresh_token(&self.client(&application, &secret).await?).await?;
        let (mut credentials, mut refreshes) = (Figures::default(), Figures::default());
        for _ in 0..TURNS {
            let issue = async || {
                let client = self.client(&application, &secret).await?;
                let issued = self.tokens.client_credentials(&client, None, TokenForm::Opaque).await;
                Ok(issued.map_err(said)?)
            };
            credentials.turn(ISSUED, issue).await?;
            let refresh = async || {
                let client = self.client(&application, &secret).await?;
                let issued = self.tokens.refresh(&client, token.expose(), None, TokenForm::Opaque).await;
                token = issued.map_err(said)?.refresh.ok_or("the next one")?;
                Ok(())
            };
            refreshes.turn(ISSUED, refresh).await?;
        }
        Ok([credentials, refreshes])
    }

    /// The headers of each kind, with a name for the table.
    async fn shown(&self) -> Outcome<Vec<(&'static str, HeaderMap)>> {
        // base64 of ada:right
        let basic = headers("authorization", "Basic YWRhOnJpZ2h0")?;
        let key = self.key().await?;
        let with_key = headers("api-key", key.expose())?;
        let access = self.tokens.log_in(self.identify(&basic).await.map_err(said)?).await.map_err(said)?;
        let account = self.tokens.account(key, HERE).await.map_err(said)?;
        let wish = MintWish { user: None, days: 1 };
        let minted = self.tokens.mint(account, wish, &self.admin.databases).await.map_err(said)?;
        let login = headers("token", &minted.token)?;
        let mut both = login.clone();
        both.extend(with_key.clone());
        let (application, secret) = self.application().await?;
        let client = self.client(&application, &secret).await?;
        let mut bearers = Vec::new();
        for form in [TokenForm::Opaque, TokenForm::Jwt] {
            let issued = self.tokens.client_credentials(&client, None, form).await.map_err(said)?;
            bearers.push(headers("authorization", &format!("Bearer {}", issued.access.as_str()))?);
        }
        let [opaque, jwt] = bearers.try_into().map_err(|_| "two forms")?;
        Ok(vec![
            ("OAuth 2, opaque", opaque),
            ("OAuth 2, JWT (Ed25519)", jwt),
            ("Basic, remembered", basic),
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

fn said(problem: Problem) -> String {
    problem.to_string()
}

/// As much of an Odoo as it takes to be warm; it counts what it is asked.
fn stub(asked: Arc<AtomicUsize>) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            asked.fetch_add(1, Ordering::SeqCst);
            // Whoever went away needs no answer.
            let _ = answer(stream);
        }
    });
    Ok(url)
}

/// User 7, whose name is Ada.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
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

/// What all threads of this process have computed so far.
fn cpu() -> std::io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Times of one thing, in microseconds for each time it was done.
#[derive(Default)]
struct Figures {
    time: Vec<f64>,
    cpu: Vec<f64>,
}

impl Figures {
    async fn turn<T>(&mut self, times: u32, mut work: impl AsyncFnMut() -> Outcome<T>) -> Outcome<()> {
        let (began, computed) = (Instant::now(), cpu()?);
        for _ in 0..times {
            std::hint::black_box(work().await?);
        }
        let each = |all: Duration| all.as_secs_f64() * 1e6 / f64::from(times);
        // The time first: reading the other takes some.
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
        #[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
        {
            println!("{name:34}{time:12.1}{cpu:12.1}");
        }
    }
}

async fn measure() -> Outcome<()> {
    let (folder, asked) = (tempfile::tempdir()?, Arc::new(AtomicUsize::new(0)));
    let room = Room::open(folder.path(), &stub(asked.clone())?).await?;
    let shown = room.shown().await?;
    for (_, headers) in &shown {
        room.identify(headers).await.map_err(said)?;
    }
    let warm = asked.load(Ordering::SeqCst);
    let some = Token::generate(TokenKind::ApiKey)?;
    let mut kinds: Vec<Figures> = shown.iter().map(|_| Figures::default()).collect();
    let (mut select, mut hmac) = (Figures::default(), Figures::default());
    for _ in 0..TURNS {
        hmac.turn(TIMES, async || Ok(some.index(&room.vault.index))).await?;
        select.turn(TIMES, async || Ok(room.admin.store.ping().await?)).await?;
        for ((_, headers), figures) in shown.iter().zip(&mut kinds) {
            figures.turn(TIMES, async || Ok(room.identify(headers).await.map_err(said)?)).await?;
        }
    }
    if asked.load(Ordering::SeqCst) != warm {
        return Err("Odoo was asked although all was warm".into());
    }
    #[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
    {
        println!("{:34}{:>12}{:>12}", "each, in microseconds", "time", "CPU");
    }
    hmac.print("for scale: one HMAC-SHA256");
    select.print("for scale: SELECT 1 on the store");
    for ((name, _), figures) in shown.iter().zip(kinds) {
        figures.print(name);
    }
    let [credentials, refreshes] = room.issuing().await?;
    credentials.print("client_credentials, kept");
    refreshes.print("refresh, kept");
    Ok(())
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}
