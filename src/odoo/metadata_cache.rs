//! Cached metadata of a database: version, languages, users' settings, schemas, labels, orders.
//!
//! ```text
//! model_labels  the names of models for people
//! ```
//!
//! In: a user with whose rights Odoo is asked. Out: values from bounded caches; concurrent requests share one call.
//! Must not know: intents, dialects. Schemas and labels are cached per user, because groups hide fields, and not
//! every user may read the names of models.

mod model_labels;

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::client::OdooClient;
use super::error::OdooError;
use super::fetch_schema;
use super::model_description::{self, FieldDescription, WriteRight};
use super::read_failure_cache::ReadQuirks;
use super::reply::Reply;
use super::user::{OdooUser, Uid};
use super::version::ServerVersion;
use crate::cache::{CacheLimits, LoadingCache};
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

/// Maximum size of the descriptions of models, in bytes.
const DESCRIPTIONS_SIZE: u64 = 16 << 20;
/// The size of the description of a large model, in bytes.
const LARGE_DESCRIPTION: u64 = 128 << 10;

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

/// What a user may read is loaded with calls of that user; concurrent requests share a call and its error.
type Loading<K, V> = LoadingCache<K, V, Problem>;

/// The metadata cache of one database.
#[derive(Debug)]
pub struct MetadataCache {
    client: OdooClient,
    ttl: Duration,
    recent_version: Loading<(), Arc<ServerVersion>>,
    last_version: Mutex<Option<(Instant, Arc<ServerVersion>)>>,
    languages: Loading<(), Arc<[String]>>,
    defaults: Loading<Uid, UserDefaults>,
    schemas: Loading<(Uid, ModelName), CachedSchema>,
    labels: Loading<(Uid, ModelName), Arc<str>>,
    orders: Loading<(Uid, ModelName), Arc<str>>,
    /// The third part of the key is the language.
    descriptions: Loading<(Uid, ModelName, String), Arc<[FieldDescription]>>,
    /// The third part of the key is `None` for the right to read.
    rights: Loading<(Uid, ModelName, Option<WriteRight>), bool>,
    needed: Loading<(Uid, ModelName), Arc<BTreeSet<FieldName>>>,
    pub(super) quirks: ReadQuirks,
    /// Missing fields that were logged already. Only configured schemas add to it, so its size is bounded.
    logged_fields: Mutex<HashSet<(ModelName, FieldName)>>,
}

impl MetadataCache {
    /// An empty cache.
    #[must_use]
    pub fn new(client: OdooClient, settings: &MetadataCacheSettings) -> Self {
        fn cache<K: Hash + Eq + Clone, V: Clone>(settings: &MetadataCacheSettings) -> Loading<K, V> {
            LoadingCache::new(CacheLimits::capacity(settings.capacity).time_to_live(settings.ttl))
        }
        Self {
            client,
            ttl: settings.ttl,
            recent_version: LoadingCache::new(CacheLimits::capacity(1).time_to_live(VERSION_TTL)),
            last_version: Mutex::new(None),
            languages: cache(settings),
            defaults: cache(settings),
            schemas: cache(settings),
            labels: cache(settings),
            orders: cache(settings),
            descriptions: LoadingCache::weighted(
                CacheLimits::capacity(DESCRIPTIONS_SIZE)
                    .expected_entries(DESCRIPTIONS_SIZE / LARGE_DESCRIPTION)
                    .time_to_live(settings.ttl),
                |fields: &Arc<[FieldDescription]>| model_description::size(fields),
            ),
            rights: cache(settings),
            needed: cache(settings),
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
            let fetched = (Instant::now(), version.clone());
            let last = self.last_version.lock().unwrap_or_else(PoisonError::into_inner).replace(fetched);
            if last.is_none_or(|(_, last)| last.server_version != version.server_version) {
                self.warn_if_unknown(&version);
            }
            Ok(version)
        };
        self.recent_version.get_or_load((), fetch).await
    }

    fn warn_if_unknown(&self, version: &ServerVersion) {
        if version.is_unknown() {
            let database = self.client.settings().name.as_str();
            let (found, known) = (version.server_version.as_str(), ServerVersion::NEWEST);
            tracing::warn!(database, odoo = found, "this Odoo is newer than Odoo {known}, and is treated like it");
        }
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
        self.languages.get_or_load((), fetch).await
    }

    /// The user's language and time zone.
    ///
    /// # Errors
    /// If Odoo does not respond as expected.
    pub async fn user_defaults(&self, user: &OdooUser) -> Result<UserDefaults, Problem> {
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
        self.defaults.get_or_load(user.uid, fetch).await
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
        self.schemas.get_or_load((user.uid, model.clone()), fetch).await
    }

    /// The fields of a model in a language; an empty code is the source language. The schema is in the same response,
    /// so it need not be fetched, too.
    ///
    /// # Errors
    /// If the model does not exist, or Odoo does not respond.
    pub async fn describe_fields(
        &self,
        user: &OdooUser,
        model: &ModelName,
        lang: &str,
    ) -> Result<Arc<[FieldDescription]>, Problem> {
        let fetch = async {
            let (fields, schema) = model_description::fetch_fields(&self.client, user, model, lang).await?;
            let schema = CachedSchema { schema: Arc::new(schema), fetched_at: Instant::now() };
            self.schemas.insert((user.uid, model.clone()), schema);
            Ok(fields)
        };
        self.descriptions.get_or_load((user.uid, model.clone(), lang.to_owned()), fetch).await
    }

    /// Whether Odoo's access control gives the user a right on a model; without one, whether the user may read it.
    ///
    /// # Errors
    /// If the model does not exist, or Odoo does not respond.
    pub async fn has_right(
        &self,
        user: &OdooUser,
        model: &ModelName,
        right: Option<WriteRight>,
    ) -> Result<bool, Problem> {
        let fetch = async {
            let version = self.cached_version().await?.number();
            model_description::fetch_right(&self.client, user, model, right, version).await
        };
        self.rights.get_or_load((user.uid, model.clone(), right), fetch).await
    }

    /// Which of the model's fields a new record is known to need. Reads defaults from Odoo.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn needed_fields(
        &self,
        user: &OdooUser,
        model: &ModelName,
        fields: &[FieldDescription],
    ) -> Result<Arc<BTreeSet<FieldName>>, Problem> {
        let fetch = async { Ok(Arc::new(model_description::fetch_needed(&self.client, user, model, fields).await?)) };
        self.needed.get_or_load((user.uid, model.clone()), fetch).await
    }

    /// The fields of a model, if they are cached.
    pub(super) fn cached_schema(&self, user: &OdooUser, model: &ModelName) -> Option<CachedSchema> {
        self.schemas.get(&(user.uid, model.clone()))
    }

    /// The model's default order, if it is cached.
    pub(super) fn cached_default_order(&self, user: &OdooUser, model: &ModelName) -> Option<Arc<str>> {
        self.orders.get(&(user.uid, model.clone()))
    }

    /// The user's language and time zone, if they are cached.
    pub(super) fn cached_user_defaults(&self, user: &OdooUser) -> Option<UserDefaults> {
        self.defaults.get(&user.uid)
    }

    /// The codes of the installed languages, if they are cached.
    pub(super) fn cached_languages(&self) -> Option<Arc<[String]>> {
        self.languages.get(&())
    }

    /// Removes one schema from the cache.
    pub fn invalidate_schema(&self, user: &OdooUser, model: &ModelName) {
        self.schemas.remove(&(user.uid, model.clone()));
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
        self.schemas.clear();
        self.labels.clear();
        self.orders.clear();
        self.descriptions.clear();
        self.rights.clear();
        self.needed.clear();
        self.quirks.clear();
        self.languages.clear();
        self.defaults.clear();
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
        self.orders.get_or_load((user.uid, model.clone()), fetch).await
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
            minor: 0,
        };
        *self.last_version.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::new(version)));
        let key = (user.uid, schema.model.clone());
        self.defaults.insert(user.uid, UserDefaults::default());
        self.languages.insert((), languages.into());
        self.orders.insert(key.clone(), order.into());
        self.schemas.insert(key, CachedSchema { schema: Arc::new(schema), fetched_at: Instant::now() });
    }
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
