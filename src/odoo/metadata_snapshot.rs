//! What is known to one plan: taken from the memory of its database once, then answered without waiting.
//!
//! In: [`Knowledge`] and a caller. Out: an answer to [`plan::Known`](crate::plan::Known). Must not know: wishes.

use std::sync::Arc;

use super::metadata_cache::{Knowledge, LearnedSchema};
use super::user::Caller;
use crate::error::Problem;
use crate::names::{FieldName, ModelName};
use crate::plan::schema::Schema;
use crate::plan::{self, Lack, UserDefaults};

/// What a plan may look at.
#[derive(Debug)]
pub struct Known<'k> {
    knowledge: &'k Knowledge,
    caller: &'k Caller,
    major_version: u8,
    defaults: UserDefaults,
    languages: Option<Arc<[String]>>,
    schemas: Vec<LearnedSchema>,
    orders: Vec<(ModelName, Arc<str>)>,
}

impl<'k> Known<'k> {
    /// The version and the user's settings, which every plan needs, and what is remembered of the model that is
    /// addressed; it is not asked for before the plan wants it. One after the other: the first call with a secret
    /// costs Odoo a full hash, and two at once would cost two.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn of(knowledge: &'k Knowledge, caller: &'k Caller, model: &ModelName) -> Result<Self, Problem> {
        let major_version = knowledge.known_version().await?.major;
        let defaults = knowledge.user_defaults(caller).await?;
        let schemas = knowledge.remembered_schema(caller, model).await.into_iter().collect();
        Ok(Self { knowledge, caller, major_version, defaults, languages: None, schemas, orders: Vec::new() })
    }

    /// Makes up for a lack.
    ///
    /// # Errors
    /// When Odoo cannot be asked, or knows no such model.
    pub async fn learn(&mut self, lack: Lack) -> Result<(), Problem> {
        match lack {
            Lack::Languages => self.languages = Some(self.knowledge.languages(self.caller).await?),
            Lack::Order(model) => {
                let order = self.knowledge.own_order(self.caller, &model).await?;
                self.orders.push((model, order));
            }
            Lack::Schema(model) => self.schemas.push(self.knowledge.schema(self.caller, &model).await?),
        }
        Ok(())
    }

    /// Asks again for schemas that are old enough to be wrong. Says whether there were any.
    ///
    /// # Errors
    /// When Odoo cannot be asked.
    pub async fn relearn_schemas(&mut self) -> Result<bool, Problem> {
        let (old, young): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.schemas).into_iter().partition(LearnedSchema::is_worth_rechecking);
        self.schemas = young;
        for LearnedSchema { schema, .. } in &old {
            self.knowledge.forget_schema(self.caller, &schema.model).await;
            self.learn(Lack::Schema(schema.model.clone())).await?;
        }
        Ok(!old.is_empty())
    }
}

impl plan::Known for Known<'_> {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        self.schemas.iter().find(|known| known.schema.model == *model).map(|known| known.schema.clone())
    }

    fn own_order(&self, model: &ModelName) -> Option<Arc<str>> {
        self.orders.iter().find(|(known, _)| known == model).map(|(_, order)| order.clone())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        self.languages.clone()
    }

    fn major_version(&self) -> u8 {
        self.major_version
    }

    fn user_defaults(&self) -> UserDefaults {
        self.defaults.clone()
    }

    fn note_lacking(&self, model: &ModelName, field: &FieldName) {
        self.knowledge.note_lacking(model, field);
    }
}
