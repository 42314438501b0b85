//! Cached metadata of a database: version, languages, users' settings, schemas, labels, orders.
//!
//! In: a user with whose rights Odoo is asked. Out: values from bounded caches; concurrent requests share one call.
//! Must not know: intents, dialects. Schemas and labels are cached per user, because groups hide fields, and not
//! every user may read the names of models.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use moka::future::Cache;
use tokio::time::Instant;

use super::client::OdooClient;
use super::error::OdooError;
use super::fetch_schema;
use super::read_failure_cache::ReadQuirks;
use super::reply::Reply;
use super::user::{OdooUser, Uid};
use super::version::ServerVersion;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{FieldName, MethodName, ModelName};
use crate::plan::model_schema::Schema;
use crate::plan::{Call, Effect, UserDefaults};
use crate::value::{Member, Value};

/// Limits of the cache.
#[derive(Debug, Clone)]
pub struct MetadataCacheSettings {
    /// How long schemas, labels, languages, and users' settings are valid.
    pub ttl: Duration,
    /// Maximum number of schemas, and of labels.
    pub capacity: u64,
}

/// How long the response of `common.version` is valid.
const VERSION_TTL: Duration = Duration::from_secs(60);

/// A younger schema is not fetched again because of an unknown field.
const RECHECK_AFTER: Duration = Duration::from_secs(10);

/// A schema, and when it was fetched.
#[derive(Debug, Clone)]
pub struct CachedSchema {
    /// The schema.
    pub schema: Arc<Schema>,
    fetched_at: Instant,
}

impl CachedSchema {
    /// Whether the schema is old enough to be fetched again because of an unknown field.
    #[must_use]
    pub fn is_worth_rechecking(&self) -> bool {
        self.fetched_at.elapsed() >= RECHECK_AFTER
    }
}

/// The metadata cache of one database.
#[derive(Debug)]
pub struct MetadataCache {
    client: OdooClient,
    ttl: Duration,
    recent_version: Cache<(), Arc<ServerVersion>>,
    last_version: Mutex<Option<(Instant, Arc<ServerVersion>)>>,
    languages: Cache<(), Arc<[String]>>,
    defaults: Cache<Uid, UserDefaults>,
    schemas: Cache<(Uid, ModelName), CachedSchema>,
    labels: Cache<(Uid, ModelName), Arc<str>>,
    orders: Cache<(Uid, ModelName), Arc<str>>,
    pub(super) quirks: ReadQuirks,
    /// Missing fields that were logged already. Only configured schemas add to it, so its size is bounded.
    logged_fields: Mutex<HashSet<(ModelName, FieldName)>>,
}

impl MetadataCache {
    /// An empty cache.
    #[must_use]
    pub fn new(client: OdooClient, settings: &MetadataCacheSettings) -> Self {
        fn cache<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
            settings: &MetadataCacheSettings,
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
            quirks: ReadQuirks::new(settings.ttl, settings.capacity),
            logged_fields: Mutex::default(),
        }
    }

    async fn call(&self, user: &OdooUser, call: &Call) -> Result<Reply, Problem> {
        let reply = self.client.execute_kw(user, call).await;
        reply.map_err(|error| error.into_call_problem(call))
    }

    /// The server's version, at most a minute old.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn recent_version(&self) -> Result<Arc<ServerVersion>, Problem> {
        let fetch = async {
            let version = Arc::new(self.client.version().await.map_err(OdooError::into_problem)?);
            *self.last_version.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), version.clone()));
            Ok(version)
        };
        self.recent_version.try_get_with((), fetch).await.map_err(into_owned)
    }

    /// The server's version for a plan, at most as old as the other metadata, so that an upgrade of Odoo is noticed
    /// without a restart of the gateway.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn cached_version(&self) -> Result<Arc<ServerVersion>, Problem> {
        let last = self.last_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some((fetched_at, version)) if fetched_at.elapsed() < self.ttl => Ok(version),
            // Boxed, because it is rare and large.
            _ => Box::pin(self.recent_version()).await,
        }
    }

    /// The codes of the installed languages.
    ///
    /// # Errors
    /// If Odoo does not respond as expected.
    pub async fn languages(&self, user: &OdooUser) -> Result<Arc<[String]>, Problem> {
        let fetch = async {
            let call = metadata_call("res.lang", "get_installed", Vec::new());
            let reply = self.call(user, &call).await?;
            let code = |pair: &Value<'_>| Some(pair.as_list()?.first()?.as_text()?.to_owned());
            let codes = reply.value()?.as_list().and_then(|pairs| pairs.iter().map(code).collect::<Option<Vec<_>>>());
            codes.map(Arc::from).ok_or_else(|| unreadable("res.lang.get_installed"))
        };
        self.languages.try_get_with((), fetch).await.map_err(into_owned)
    }

    /// The user's language and time zone.
    ///
    /// # Errors
    /// If Odoo does not respond as expected.
    pub async fn user_defaults(&self, user: &OdooUser) -> Result<UserDefaults, Problem> {
        match cached(&self.defaults, &user.uid) {
            Some(defaults) => Ok(defaults),
            // Boxed, because it is rare and large.
            None => Box::pin(self.fetch_user_defaults(user)).await,
        }
    }

    async fn fetch_user_defaults(&self, user: &OdooUser) -> Result<UserDefaults, Problem> {
        let fetch = async {
            let ids = Value::List(vec![Value::Int(user.uid.get())]);
            let fields = Value::List(vec!["lang".into(), "tz".into()]);
            let call = metadata_call("res.users", "read", vec![ids, fields]);
            let reply = self.call(user, &call).await?;
            let records = reply.value()?;
            let user = records.as_list().and_then(<[_]>::first).ok_or_else(|| unreadable("res.users.read"))?;
            let setting = |key: &str| user.get(key).and_then(Value::as_text).map(str::to_owned);
            Ok(UserDefaults { lang: setting("lang"), tz: setting("tz") })
        };
        self.defaults.try_get_with(user.uid, fetch).await.map_err(into_owned)
    }

    /// The user's name. Not cached: a response proves that Odoo accepts the user's credential.
    ///
    /// # Errors
    /// If Odoo rejects the credential, or does not respond as expected.
    pub async fn user_name(&self, user: &OdooUser) -> Result<String, Problem> {
        let ids = Value::List(vec![Value::Int(user.uid.get())]);
        let call = metadata_call("res.users", "read", vec![ids, Value::List(vec!["name".into()])]);
        let reply = self.call(user, &call).await?;
        let name = first_text(&reply.value()?, "name");
        name.map(|name| name.to_string()).ok_or_else(|| unreadable("res.users.read"))
    }

    /// The fields of a model that the user can see.
    ///
    /// # Errors
    /// If the model does not exist, the user may not see it, or Odoo does not respond.
    pub async fn schema(&self, user: &OdooUser, model: &ModelName) -> Result<CachedSchema, Problem> {
        let fetch = async {
            let schema = fetch_schema::fetch(&self.client, user, model).await?;
            Ok(CachedSchema { schema: Arc::new(schema), fetched_at: Instant::now() })
        };
        self.schemas.try_get_with((user.uid, model.clone()), fetch).await.map_err(into_owned)
    }

    /// The fields of a model, if they are cached.
    pub(super) fn cached_schema(&self, user: &OdooUser, model: &ModelName) -> Option<CachedSchema> {
        cached(&self.schemas, &(user.uid, model.clone()))
    }

    /// The model's default order, if it is cached.
    pub(super) fn cached_default_order(&self, user: &OdooUser, model: &ModelName) -> Option<Arc<str>> {
        cached(&self.orders, &(user.uid, model.clone()))
    }

    /// The codes of the installed languages, if they are cached.
    pub(super) fn cached_languages(&self) -> Option<Arc<[String]>> {
        cached(&self.languages, &())
    }

    /// Removes one schema from the cache.
    pub async fn invalidate_schema(&self, user: &OdooUser, model: &ModelName) {
        self.schemas.invalidate(&(user.uid, model.clone())).await;
    }

    /// Logs, once per field, that a configured schema names a field that does not exist or is hidden.
    pub(super) fn log_missing_field(&self, model: &ModelName, field: &FieldName) {
        let mut logged_fields = self.logged_fields.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_fields.insert((model.clone(), field.clone())) {
            let odoo = self.client.settings().name.as_str();
            tracing::warn!(odoo, %model, %field, "a configured schema names a field that this user cannot see");
        }
    }

    /// Removes everything that a write to models, fields, modules, languages, groups, or users can change.
    pub fn invalidate(&self) {
        self.schemas.invalidate_all();
        self.labels.invalidate_all();
        self.orders.invalidate_all();
        self.quirks.clear();
        self.languages.invalidate_all();
        self.defaults.invalidate_all();
    }

    /// The model's name for people in the source language, or its technical name if the user may not read the former.
    ///
    /// Since Odoo 16, `display_name_for` answers every user. Before, `ir.model` itself is read, which Odoo 15 denies
    /// to most users, and every version denies to portal users.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn model_label(&self, user: &OdooUser, model: &ModelName) -> Result<Arc<str>, Problem> {
        match cached(&self.labels, &(user.uid, model.clone())) {
            Some(label) => Ok(label),
            // Boxed, because it is rare and large.
            None => Box::pin(self.fetch_model_label(user, model)).await,
        }
    }

    async fn fetch_model_label(&self, user: &OdooUser, model: &ModelName) -> Result<Arc<str>, Problem> {
        let fetch = async {
            let name = Value::from(model.as_str().to_owned());
            let (call, key) = if self.cached_version().await?.major >= 16 {
                (metadata_call("ir.model", "display_name_for", vec![Value::List(vec![name])]), "display_name")
            } else {
                let domain = Value::List(vec![Value::List(vec!["model".into(), "=".into(), name])]);
                (metadata_call("ir.model", "search_read", vec![domain, Value::List(vec!["name".into()])]), "name")
            };
            let label = match self.call(user, &call).await {
                Ok(reply) => first_text(&reply.value()?, key),
                Err(problem) if problem.code == ErrorCode::AccessDenied => None,
                Err(problem) => return Err(problem),
            };
            Ok(label.unwrap_or_else(|| model.as_str().into()))
        };
        self.labels.try_get_with((user.uid, model.clone()), fetch).await.map_err(into_owned)
    }

    /// The model's default order; empty if the user may not read it.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn default_order(&self, user: &OdooUser, model: &ModelName) -> Result<Arc<str>, Problem> {
        let fetch = async {
            let name = Value::from(model.as_str().to_owned());
            let domain = Value::List(vec![Value::List(vec!["model".into(), "=".into(), name])]);
            let call = metadata_call("ir.model", "search_read", vec![domain, Value::List(vec!["order".into()])]);
            match self.client.execute_kw(user, &call).await {
                Ok(reply) => Ok(first_text(&reply.value()?, "order").unwrap_or_default()),
                Err(error) if error.may_be_field_specific() => Ok(Arc::default()),
                Err(error) => Err(error.into_call_problem(&call)),
            }
        };
        self.orders.try_get_with((user.uid, model.clone()), fetch).await.map_err(into_owned)
    }
}

#[cfg(test)]
impl MetadataCache {
    /// Inserts metadata as if Odoo 19 had returned it to the user.
    pub(super) async fn insert_for_tests(&self, user: &OdooUser, schema: Schema, order: &str, languages: &[String]) {
        let version = ServerVersion {
            server_version: "19.0".to_owned(),
            server_version_info: vec![Value::Int(19)],
            server_serie: "19.0".to_owned(),
            protocol_version: 1,
            major: 19,
        };
        *self.last_version.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::new(version)));
        let key = (user.uid, schema.model.clone());
        self.defaults.insert(user.uid, UserDefaults::default()).await;
        self.languages.insert((), languages.into()).await;
        self.orders.insert(key.clone(), order.into()).await;
        self.schemas.insert(key, CachedSchema { schema: Arc::new(schema), fetched_at: Instant::now() }).await;
    }
}

/// The value of this key, if it is cached. The lookup itself never waits; only the maintenance that the cache sometimes
/// adds to it can. Then the value counts as missing: it is fetched, which finds it in the cache.
fn cached<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    cache: &Cache<K, V>,
    key: &K,
) -> Option<V> {
    cache.get(key).now_or_never().flatten()
}

fn first_text(records: &Value<'_>, key: &str) -> Option<Arc<str>> {
    records.as_list()?.first()?.get(key)?.as_text().map(Arc::from)
}

/// A call of the gateway's own: without a context, so names are in the source language.
fn metadata_call(model: &'static str, method: &'static str, args: Vec<Value<'static>>) -> Call {
    let kwargs: Vec<Member<'static>> = Vec::new();
    Call {
        model: ModelName::from_static(model),
        method: MethodName::from_static(method),
        args,
        kwargs,
        effect: Effect::Read,
    }
}

fn unreadable(method: &str) -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("Odoo's response to {method} has an unexpected form."))
}

/// Concurrent requests share the result of one call; each gets its own copy of the error.
fn into_owned(problem: Arc<Problem>) -> Problem {
    Arc::unwrap_or_clone(problem)
}
