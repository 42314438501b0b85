//! What the gateway remembers of a database: versions, languages, users' settings, schemas, labels.
//!
//! In: a caller whose rights the questions are asked with. Out: answers from bounded caches, fetched at most once at
//! a time. Must not know: wishes, route families. Schemas and labels are kept apart by user: groups hide fields, and
//! not everybody may read model names.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use tokio::time::Instant;

use super::client::OdooClient;
use super::error::Failure;
use super::field_descriptions;
use super::read_quirks::Learned;
use super::reply::Reply;
use super::user::{Caller, Uid};
use super::version::ServerVersion;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{FieldName, MethodName, ModelName};
use crate::plan::schema::Schema;
use crate::plan::{Call, Effect, UserDefaults};
use crate::value::{Member, Value};

/// How long what was learned is believed, and how much of it is kept.
#[derive(Debug, Clone)]
pub struct KnowledgeSettings {
    /// Schemas, labels, languages and users' settings are asked for again after this.
    pub ttl: Duration,
    /// How many schemas and how many labels are kept at most.
    pub capacity: u64,
}

/// What `common/version` answers is at most this old.
const VERSION_TTL: Duration = Duration::from_secs(60);

/// A schema younger than this is not asked for again because of an unknown name.
const RECHECK_AFTER: Duration = Duration::from_secs(10);

/// A schema and when it was learned.
#[derive(Debug, Clone)]
pub struct LearnedSchema {
    /// The schema.
    pub schema: Arc<Schema>,
    learned: Instant,
}

impl LearnedSchema {
    /// Whether an unknown name is worth another question.
    #[must_use]
    pub fn is_worth_rechecking(&self) -> bool {
        self.learned.elapsed() >= RECHECK_AFTER
    }
}

/// The memory of one database.
#[derive(Debug)]
pub struct Knowledge {
    client: OdooClient,
    ttl: Duration,
    recent_version: Cache<(), Arc<ServerVersion>>,
    last_version: Mutex<Option<(Instant, Arc<ServerVersion>)>>,
    languages: Cache<(), Arc<[String]>>,
    defaults: Cache<Uid, UserDefaults>,
    schemas: Cache<(Uid, ModelName), LearnedSchema>,
    labels: Cache<(Uid, ModelName), Arc<str>>,
    orders: Cache<(Uid, ModelName), Arc<str>>,
    pub(super) learned: Learned,
    /// What was logged already. Only configured schemas add to it, so it is no longer than they are.
    noted: Mutex<HashSet<(ModelName, FieldName)>>,
}

impl Knowledge {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(client: OdooClient, settings: &KnowledgeSettings) -> Self {
        fn cache<K: std::hash::Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
            settings: &KnowledgeSettings,
        ) -> Cache<K, V> {
            Cache::builder().max_capacity(settings.capacity).time_to_live(settings.ttl).build()
        }
        Self {
            client,
            ttl: settings.ttl,
            recent_version: Cache::builder().max_capacity(1).time_to_live(VERSION_TTL).build(),
            last_version: Mutex::new(None),
            languages: cache(settings),
            defaults: cache(settings),
            schemas: cache(settings),
            labels: cache(settings),
            orders: cache(settings),
            learned: Learned::new(settings.ttl, settings.capacity),
            noted: Mutex::default(),
        }
    }

    async fn ask(&self, caller: &Caller, call: &Call) -> Result<Reply, Problem> {
        let reply = self.client.execute_kw(caller, call).await;
        reply.map_err(|failure| failure.explain(call))
    }

    /// The server's version, at most a minute old.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn recent_version(&self) -> Result<Arc<ServerVersion>, Problem> {
        let fetch = async {
            let version = Arc::new(self.client.version().await.map_err(Failure::into_problem)?);
            *self.last_version.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), version.clone()));
            Ok(version)
        };
        self.recent_version.try_get_with((), fetch).await.map_err(unshared)
    }

    /// The server's version for a plan. A server that was upgraded under a running gateway is noticed after the time
    /// in which everything else is forgotten.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn known_version(&self) -> Result<Arc<ServerVersion>, Problem> {
        let last = self.last_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some((learned, version)) if learned.elapsed() < self.ttl => Ok(version),
            _ => self.recent_version().await,
        }
    }

    /// The codes of the installed languages.
    ///
    /// # Errors
    /// When Odoo cannot be asked or answers something else.
    pub async fn languages(&self, caller: &Caller) -> Result<Arc<[String]>, Problem> {
        let fetch = async {
            let call = question("res.lang", "get_installed", Vec::new());
            let reply = self.ask(caller, &call).await?;
            let code = |pair: &Value<'_>| Some(pair.as_list()?.first()?.as_text()?.to_owned());
            let codes = reply.value()?.as_list().and_then(|pairs| pairs.iter().map(code).collect::<Option<Vec<_>>>());
            codes.map(Arc::from).ok_or_else(|| unreadable("res.lang.get_installed"))
        };
        self.languages.try_get_with((), fetch).await.map_err(unshared)
    }

    /// The caller's own language and time zone.
    ///
    /// # Errors
    /// When Odoo cannot be asked or answers something else.
    pub async fn user_defaults(&self, caller: &Caller) -> Result<UserDefaults, Problem> {
        let fetch = async {
            let ids = Value::List(vec![Value::Int(caller.uid.get())]);
            let fields = Value::List(vec!["lang".into(), "tz".into()]);
            let call = question("res.users", "read", vec![ids, fields]);
            let reply = self.ask(caller, &call).await?;
            let answer = reply.value()?;
            let user = answer.as_list().and_then(<[_]>::first).ok_or_else(|| unreadable("res.users.read"))?;
            let setting = |key: &str| user.get(key).and_then(Value::as_text).map(str::to_owned);
            Ok(UserDefaults { lang: setting("lang"), tz: setting("tz") })
        };
        self.defaults.try_get_with(caller.uid, fetch).await.map_err(unshared)
    }

    /// The caller's own name. Not remembered: that Odoo answers proves that it takes the caller.
    ///
    /// # Errors
    /// When Odoo cannot be asked, does not take the caller, or answers something else.
    pub async fn user_name(&self, caller: &Caller) -> Result<String, Problem> {
        let ids = Value::List(vec![Value::Int(caller.uid.get())]);
        let call = question("res.users", "read", vec![ids, Value::List(vec!["name".into()])]);
        let reply = self.ask(caller, &call).await?;
        let name = first_text(&reply.value()?, "name");
        name.map(|name| name.to_string()).ok_or_else(|| unreadable("res.users.read"))
    }

    /// A model's fields as the caller sees them.
    ///
    /// # Errors
    /// When Odoo knows no such model, denies it, or cannot be asked.
    pub async fn schema(&self, caller: &Caller, model: &ModelName) -> Result<LearnedSchema, Problem> {
        let fetch = async {
            let schema = field_descriptions::fetch(&self.client, caller, model).await?;
            Ok(LearnedSchema { schema: Arc::new(schema), learned: Instant::now() })
        };
        self.schemas.try_get_with((caller.uid, model.clone()), fetch).await.map_err(unshared)
    }

    /// The same, if it is remembered.
    pub async fn remembered_schema(&self, caller: &Caller, model: &ModelName) -> Option<LearnedSchema> {
        self.schemas.get(&(caller.uid, model.clone())).await
    }

    /// Forgets one schema, so that it is asked for again.
    pub async fn forget_schema(&self, caller: &Caller, model: &ModelName) {
        self.schemas.invalidate(&(caller.uid, model.clone())).await;
    }

    /// Logs, once, that a configured schema names a field which is not there.
    pub(super) fn note_lacking(&self, model: &ModelName, field: &FieldName) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.insert((model.clone(), field.clone())) {
            let odoo = self.client.settings().name.as_str();
            tracing::warn!(odoo, %model, %field, "a configured schema names a field that is not there for this user");
        }
    }

    /// Forgets what may have become wrong by a write to models, fields, modules, languages, groups or users.
    pub fn forget(&self) {
        self.schemas.invalidate_all();
        self.labels.invalidate_all();
        self.orders.invalidate_all();
        self.learned.forget();
        self.languages.invalidate_all();
        self.defaults.invalidate_all();
    }

    /// The model's human name in the source language, or its technical name where this user may not know it.
    ///
    /// From 16 on `display_name_for` answers every user; before it `ir.model` itself is read, which 15 and portal
    /// users of every version refuse.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn label(&self, caller: &Caller, model: &ModelName) -> Result<Arc<str>, Problem> {
        let fetch = async {
            let name = Value::from(model.as_str().to_owned());
            let (call, key) = if self.known_version().await?.major >= 16 {
                (question("ir.model", "display_name_for", vec![Value::List(vec![name])]), "display_name")
            } else {
                let domain = Value::List(vec![Value::List(vec!["model".into(), "=".into(), name])]);
                (question("ir.model", "search_read", vec![domain, Value::List(vec!["name".into()])]), "name")
            };
            let label = match self.ask(caller, &call).await {
                Ok(reply) => first_text(&reply.value()?, key),
                Err(problem) if problem.code == Code::AccessDenied => None,
                Err(problem) => return Err(problem),
            };
            Ok(label.unwrap_or_else(|| model.as_str().into()))
        };
        self.labels.try_get_with((caller.uid, model.clone()), fetch).await.map_err(unshared)
    }

    /// The order that the model gives its records by itself; empty where this user may not know it.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn own_order(&self, caller: &Caller, model: &ModelName) -> Result<Arc<str>, Problem> {
        let fetch = async {
            let name = Value::from(model.as_str().to_owned());
            let domain = Value::List(vec![Value::List(vec!["model".into(), "=".into(), name])]);
            let call = question("ir.model", "search_read", vec![domain, Value::List(vec!["order".into()])]);
            match self.client.execute_kw(caller, &call).await {
                Ok(reply) => Ok(first_text(&reply.value()?, "order").unwrap_or_default()),
                Err(failure) if failure.may_be_a_field() => Ok(Arc::default()),
                Err(failure) => Err(failure.explain(&call)),
            }
        };
        self.orders.try_get_with((caller.uid, model.clone()), fetch).await.map_err(unshared)
    }
}

fn first_text(records: &Value<'_>, key: &str) -> Option<Arc<str>> {
    records.as_list()?.first()?.get(key)?.as_text().map(Arc::from)
}

/// A question on the gateway's own account: without a context, so in the source language.
fn question(model: &'static str, method: &'static str, args: Vec<Value<'static>>) -> Call {
    let kwargs: Vec<Member<'static>> = Vec::new();
    Call {
        model: ModelName::of_literal(model),
        method: MethodName::of_literal(method),
        args,
        kwargs,
        effect: Effect::Read,
    }
}

fn unreadable(question: &str) -> Problem {
    Problem::new(Code::OdooUnreadable, format!("Odoo's answer to {question} has an unexpected form."))
}

/// Several requests may have waited for one question; each gets its own copy of the refusal.
fn unshared(problem: Arc<Problem>) -> Problem {
    Arc::unwrap_or_clone(problem)
}
