//! The metadata for one plan: what is cached is looked up when the planner asks for it, without I/O; what is not cached
//! is fetched between two attempts to plan.
//!
//! In: a [`MetadataCache`] and a user. Out: an implementation of [`plan::Metadata`](crate::plan::Metadata). Must not
//! know: intents.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use super::metadata_cache::{CachedSchema, MetadataCache};
use super::user::OdooUser;
use crate::error::Problem;
use crate::names::{FieldName, ModelName};
use crate::plan::model_schema::Schema;
use crate::plan::{self, MissingMetadata, UserDefaults, VersionNumber};

/// The metadata for one plan. A value that was looked up once stays the same for the whole plan.
#[derive(Debug)]
pub struct MetadataSnapshot<'k> {
    cache: &'k MetadataCache,
    user: &'k OdooUser,
    version: VersionNumber,
    defaults: OnceCell<UserDefaults>,
    languages: OnceCell<Arc<[String]>>,
    schemas: RefCell<Vec<CachedSchema>>,
    orders: RefCell<Vec<(ModelName, Arc<str>)>>,
}

impl<'k> MetadataSnapshot<'k> {
    /// The version, which every plan needs. Other metadata is fetched when the planner asks for it, one call after the
    /// other: the first call with a secret costs Odoo a full password hash, and concurrent calls would each cost one.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn load(cache: &'k MetadataCache, user: &'k OdooUser) -> Result<Self, Problem> {
        let version = cache.cached_version().await?.number();
        let (defaults, languages) = (OnceCell::new(), OnceCell::new());
        let (schemas, orders) = (RefCell::default(), RefCell::default());
        Ok(Self { cache, user, version, defaults, languages, schemas, orders })
    }

    /// Fetches what the planner needs.
    ///
    /// # Errors
    /// If Odoo does not respond, or the model does not exist.
    pub async fn fetch(&mut self, missing: MissingMetadata) -> Result<(), Problem> {
        match missing {
            MissingMetadata::UserDefaults => {
                self.defaults = OnceCell::from(self.cache.user_defaults(self.user).await?);
            }
            MissingMetadata::Languages => self.languages = OnceCell::from(self.cache.languages(self.user).await?),
            MissingMetadata::DefaultOrder(model) => {
                let order = self.cache.default_order(self.user, &model).await?;
                self.orders.get_mut().push((model, order));
            }
            MissingMetadata::Schema(model) => {
                let schema = self.cache.schema(self.user, &model).await?;
                self.schemas.get_mut().push(schema);
            }
        }
        Ok(())
    }

    /// Fetches schemas again that are old enough to be outdated; returns whether there were any.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn refresh_schemas(&mut self) -> Result<bool, Problem> {
        let (old, young): (Vec<_>, Vec<_>) =
            self.schemas.take().into_iter().partition(CachedSchema::is_worth_rechecking);
        self.schemas = RefCell::new(young);
        for CachedSchema { schema, .. } in &old {
            self.cache.invalidate_schema(self.user, &schema.model);
            self.fetch(MissingMetadata::Schema(schema.model.clone())).await?;
        }
        Ok(!old.is_empty())
    }
}

impl plan::Metadata for MetadataSnapshot<'_> {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        let mut schemas = self.schemas.borrow_mut();
        if let Some(known) = schemas.iter().find(|known| known.schema.model == *model) {
            return Some(known.schema.clone());
        }
        let cached = self.cache.cached_schema(self.user, model)?;
        let schema = cached.schema.clone();
        schemas.push(cached);
        Some(schema)
    }

    fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        let mut orders = self.orders.borrow_mut();
        if let Some((_, order)) = orders.iter().find(|(known, _)| known == model) {
            return Some(order.clone());
        }
        let order = self.cache.cached_default_order(self.user, model)?;
        orders.push((model.clone(), order.clone()));
        Some(order)
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        if let Some(languages) = self.languages.get() {
            return Some(languages.clone());
        }
        let languages = self.cache.cached_languages()?;
        Some(self.languages.get_or_init(|| languages).clone())
    }

    fn version(&self) -> VersionNumber {
        self.version
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        if let Some(defaults) = self.defaults.get() {
            return Some(defaults.clone());
        }
        let defaults = self.cache.cached_user_defaults(self.user)?;
        Some(self.defaults.get_or_init(|| defaults).clone())
    }

    fn record_missing_field(&self, model: &ModelName, field: &FieldName) {
        self.cache.log_missing_field(model, field);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::names::MethodName;
    use crate::odoo::client::OdooClient;
    use crate::odoo::metadata_cache::MetadataCacheSettings;
    use crate::odoo::settings::OdooSettings;
    use crate::odoo::transport::Transport;
    use crate::odoo::user::Uid;
    use crate::plan::{
        Action, FieldSet, Intent, Many2oneDisplay, Metadata as _, Plan, PlanError, RequestedContext, Scope,
        UncheckedCall, Window,
    };
    use crate::value::{Member, Value};

    fn user() -> OdooUser {
        OdooUser { uid: Uid::new(7).unwrap(), secret: secrecy::SecretString::from("secret").into() }
    }

    fn model() -> ModelName {
        ModelName::from_static("x.thing")
    }

    /// A cache that knows the model. What it does not know cannot be fetched: nothing listens at the address of Odoo.
    async fn warm_cache() -> MetadataCache {
        let settings = OdooSettings::for_tests("http://127.0.0.1:1", "prod");
        let transport = Transport::new(Duration::from_secs(1), Duration::from_secs(1)).unwrap();
        let client = OdooClient::new(settings, transport, Arc::default(), Clock::system()).unwrap();
        let cache = MetadataCache::new(client, &MetadataCacheSettings { ttl: Duration::from_secs(60), capacity: 16 });
        let fields = [("id", "integer"), ("name", "char"), ("sequence", "integer")];
        let field = |(name, kind): (&'static str, &'static str)| -> Member<'static> {
            (name.into(), Value::Map(vec![("type".into(), kind.into())]))
        };
        let schema = Schema::from_fields_get(model(), &Value::Map(fields.map(field).to_vec())).unwrap();
        cache.insert_for_tests(&user(), schema, "sequence desc", &["en_US".to_owned()]).await;
        cache
    }

    #[tokio::test]
    async fn a_list_is_planned_at_the_first_attempt_if_everything_is_cached() {
        let (cache, user) = (warm_cache().await, user());
        let metadata = MetadataSnapshot::load(&cache, &user).await.unwrap();
        let list = Action::List {
            domain: Default::default(),
            filters: Vec::new(),
            window: Window::default(),
            fields: FieldSet::All,
            with_total: false,
        };
        let many2one_display = Many2oneDisplay::Named;
        let mut intent = Intent { model: model(), action: list, many2one_display, domain_parameter: "domain" };
        let mut context = RequestedContext::default();
        context.set("context", "lang", "en_US".into());
        let Ok(Plan::List { list, .. }) = plan::plan(&mut intent, &context, &Scope::All, &metadata) else {
            panic!("no metadata is missing")
        };
        let order = Value::from("sequence desc, id");
        assert!(list.call().kwargs.iter().any(|(name, value)| name == "order" && *value == order));
    }

    #[tokio::test]
    async fn a_plan_sees_the_same_metadata_until_it_ends() {
        let (cache, user) = (warm_cache().await, user());
        let metadata = MetadataSnapshot::load(&cache, &user).await.unwrap();
        let seen = |metadata: &MetadataSnapshot<'_>| {
            let (schema, order) = (metadata.schema(&model()).is_some(), metadata.default_order(&model()).is_some());
            (schema, order, metadata.languages().is_some(), metadata.user_defaults().is_some())
        };
        assert_eq!(seen(&metadata), (true, true, true, true));
        cache.invalidate();
        assert_eq!(seen(&metadata), (true, true, true, true));
        let other = ModelName::from_static("x.other");
        assert!(metadata.schema(&other).is_none() && metadata.default_order(&other).is_none());
    }

    #[tokio::test]
    async fn the_users_preferences_are_asked_for_only_by_plans_that_use_them() {
        let (cache, user) = (warm_cache().await, user());
        cache.invalidate();
        // Nothing listens at the address of Odoo, so this would fail if it read them.
        let metadata = MetadataSnapshot::load(&cache, &user).await.unwrap();
        let method = MethodName::from_static("search");
        let requested = UncheckedCall { model: model(), method, args: Vec::new(), kwargs: Vec::new() };
        assert!(plan::plan_unchanged(&requested, &Scope::All, &metadata).is_ok());
        let count = Action::Count { domain: Default::default() };
        let many2one_display = Many2oneDisplay::Named;
        let mut intent = Intent { model: model(), action: count, many2one_display, domain_parameter: "domain" };
        let missing = plan::plan(&mut intent, &RequestedContext::default(), &Scope::All, &metadata).err();
        assert_eq!(missing, Some(PlanError::NeedsMetadata(MissingMetadata::UserDefaults)));
    }
}
