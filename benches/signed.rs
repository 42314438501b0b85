//! What it costs to verify a signed request of OAuth 1.0a: the arithmetic alone, and all of it, from the request to the
//! principal, on SQLite, one after the other and many at once. The requests are signed by oauth1-request.
//!
//! `cargo bench --bench signed`. CPU is that of all threads of this process, those of SQLite too; the waits between them,
//! as for the disk, are in the time alone.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::{Method, Uri};
use oauth1_request::signature_method::HmacSha1;
use oauth1_request::{Credentials, Token as Keys};
use odoo_gateway::admin::{Administration, ApplicationSettings, SignatureMethod, WantedApplication};
use odoo_gateway::app;
use odoo_gateway::auth::oauth1::{OAuth1, OAuth1Settings, Occasion, Secrets, Sent, Signed, verify_shared};
use odoo_gateway::auth::{
    Approver, CredentialKind, OAuthSettings, Principal, Rate, Throttle, ThrottleSettings, TokenSettings, Tokens,
};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::error::Problem;
use odoo_gateway::odoo::{Caller, Uid};
use odoo_gateway::plan::Scope;
use odoo_gateway::store::KeyTerms;

/// How many requests make a turn, and how many turns there are.
const TIMES: usize = 2_000;
const TURNS: usize = 7;
/// How many are at work at once, where many are.
const AT_ONCE: usize = 50;

const OCCASION: Occasion = Occasion { address: IpAddr::V4(Ipv4Addr::LOCALHOST), is_private: true };
const TARGET: &str = "/restapi/1.0/object/res.partner/search";
const QUERY: [(&str, &str); 3] = [("domain", "[('is_company','=',True)]"), ("limit", "80"), ("order", "name")];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Room {
    admin: Administration,
    tokens: Arc<Tokens>,
    provider: OAuth1,
    target: Uri,
}

impl Room {
    async fn open(folder: &Path) -> Outcome<Self> {
        let store = format!("sqlite:{}", folder.join("gateway.db").display());
        let key = folder.join("keys/master.key").display().to_string();
        let settings = [("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key)];
        let config = Config::load(None, settings.map(|(name, value)| (name.into(), value.into())))?;
        let admin = app::administration(&config, Clock::system()).await?;
        admin.vaults.for_sealing().await?;
        let rate = Rate { burst: 100, per_minute: 100 };
        let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
        let throttle = Arc::new(Throttle::new(rates, Clock::system()));
        let hour = Duration::from_secs(3600);
        let settings = TokenSettings { failure_floor: hour, access_token_idle: hour, oauth: OAuthSettings::default() };
        let tokens = Tokens::new(admin.store.clone(), admin.vaults.clone(), settings, throttle, Clock::system());
        let tokens = Arc::new(tokens);
        let provider = OAuth1::new(tokens.clone(), OAuth1Settings::default());
        Ok(Self { admin, tokens, provider, target: format!("{TARGET}?{}", query()).parse()? })
    }

    /// An application, and a user's token for it.
    async fn keys(&self) -> Outcome<Keys> {
        let wanted = WantedApplication {
            database: None,
            bound: None,
            scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
            not_after: None,
            terms: KeyTerms {
                name: "bench".to_owned(),
                needs_login_token: false,
                may_mint_for_others: false,
                networks: Vec::new(),
                rate: None,
                concurrent: None,
            },
            settings: ApplicationSettings {
                oauth1: [SignatureMethod::HmacSha1].into(),
                ..ApplicationSettings::default()
            },
        };
        let (application, secret) = self.admin.create_application(wanted).await?;
        let secret = secret.client.ok_or("it is confidential")?;
        let client = Credentials::new(application.client_id().to_owned(), secret.expose().to_owned());
        let given = self.give(&client, None, &[("oauth_callback", "oob")]).await?;
        let request = self.provider.find_request_token(given.identifier()).await.map_err(said)?.ok_or("it waits")?;
        let decided = self.provider.approve(request, &self.approver().await?).await.map_err(said)?;
        let verifier = decided.verifier.ok_or("he approved")?;
        let token = self.give(&client, Some(&given), &[("oauth_verifier", verifier.expose())]).await?;
        Ok(Keys::new(client, token))
    }

    /// Asks for a request token, or with one for an access token.
    async fn give(
        &self,
        client: &Credentials,
        token: Option<&Credentials>,
        said_too: &[(&str, &str)],
    ) -> Outcome<Credentials> {
        let mut builder = oauth1_request::Builder::new(client.as_ref(), HmacSha1::new());
        builder.token(token.map(Credentials::as_ref));
        for (name, value) in said_too {
            match *name {
                "oauth_callback" => builder.callback(*value),
                _ => builder.verifier(*value),
            };
        }
        let header = builder.post(format!("http://localhost{TARGET}"), &());
        let signed = signed(&Method::POST, &TARGET.parse()?, &header)?;
        let given = match token {
            None => self.provider.give_request_token(&signed, OCCASION).await,
            Some(_) => self.provider.give_access_token(&signed, OCCASION).await,
        };
        let given = given.map_err(said)?;
        Ok(Credentials::new(given.token.expose().to_owned(), given.expose_secret().to_owned()))
    }

    async fn approver(&self) -> Outcome<Approver> {
        let user = Principal {
            database: self.admin.databases.pick(None).map_err(said)?.clone(),
            caller: Caller { uid: Uid::new(7).ok_or("a user")?, secret: "right".into() },
            login: "ada".to_owned(),
            kind: CredentialKind::Basic,
            seat: None,
            allowance: None,
            scope: Scope::All,
            token: None,
        };
        let cookie = self.tokens.begin_session(user).await.map_err(said)?;
        Ok(self.tokens.session(cookie.expose()).await.map_err(said)?.ok_or("a session")?.approver())
    }

    /// The whole way, from the request as it was sent.
    async fn identify(&self, header: &str) -> Outcome<Principal> {
        let signed = signed(&Method::GET, &self.target, header)?;
        let identified = self.provider.identify(&signed, None, &self.admin.databases, OCCASION).await;
        Ok(identified.map_err(said)?)
    }

    /// Requests, each with a nonce of its own.
    fn sign(&self, keys: &Keys) -> Outcome<Vec<String>> {
        let sign = || Ok(oauth1_request::get(format!("http://localhost{TARGET}"), &Search, keys, HmacSha1::new()));
        (0..TIMES).map(|_| sign()).collect()
    }
}

/// The parameters of the query, as oauth1-request wants to be told them.
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

fn signed(method: &Method, target: &Uri, header: &str) -> Outcome<Signed> {
    let sent = Sent {
        method,
        scheme: "http",
        authority: "localhost",
        prefix: "",
        target,
        authorization: Some(header.as_bytes()),
        form: None,
    };
    Ok(Signed::read(&sent).map_err(said)?.ok_or("it is signed")?)
}

fn said(problem: Problem) -> String {
    problem.to_string()
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
    async fn turn(&mut self, work: impl Future<Output = Outcome<()>>) -> Outcome<()> {
        let (began, computed) = (Instant::now(), cpu()?);
        work.await?;
        let each = |all: Duration| all.as_secs_f64() * 1e6 / TIMES as f64;
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
            println!("{name:44}{time:12.1}{cpu:12.1}");
        }
    }
}

async fn measure() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let room = Room::open(folder.path()).await?;
    let keys = room.keys().await?;
    let [mut arithmetic, mut alone, mut at_once] = [(); 3].map(|()| Figures::default());
    for _ in 0..TURNS {
        let requests = room.sign(&keys)?;
        arithmetic
            .turn(async {
                for header in &requests {
                    let signed = signed(&Method::GET, &room.target, header)?;
                    let secrets = Secrets::new(&keys.client.secret, &keys.token.secret);
                    if !verify_shared(signed.method, &signed.base, &secrets, &signed.signature) {
                        return Err("it is well signed".into());
                    }
                }
                Ok(())
            })
            .await?;
        alone
            .turn(async {
                for header in &requests {
                    room.identify(header).await?;
                }
                Ok(())
            })
            .await?;
        let requests = room.sign(&keys)?;
        at_once
            .turn(async {
                for some in requests.chunks(AT_ONCE) {
                    try_join_all(some.iter().map(|header| room.identify(header))).await?;
                }
                Ok(())
            })
            .await?;
    }
    #[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
    {
        println!("{:44}{:>12}{:>12}", "each, in microseconds", "time", "CPU");
    }
    arithmetic.print("read and verified, without the store");
    alone.print("identified, one after the other");
    at_once.print("identified, fifty at once");
    Ok(())
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}
