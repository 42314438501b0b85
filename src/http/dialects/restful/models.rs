//! The models that family C answers, and what their records look like.
//!
//! In: what an administrator configured. Out: the [`Schemas`] of a model, or 403. Must not know: which fields there
//! are; a schema may name fields that an Odoo lacks.

use std::collections::HashMap;

use crate::error::Problem;
use crate::error_code::Code;
use crate::language::selection::{Item, Selection};
use crate::names::{FieldName, ModelName};
use crate::plan::{Back, Fields};

/// What is configured. By default no model is answered.
#[derive(Debug, Default)]
pub struct RestfulModels {
    named: HashMap<ModelName, Schemas>,
    others: Option<Schemas>,
}

/// What a model's records look like in answers. `None`: all fields, flat; after an update those that were written.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// When they are read.
    pub read: Option<Selection>,
    /// When they were created.
    pub create: Option<Selection>,
    /// When they were updated.
    pub update: Option<Selection>,
}

impl RestfulModels {
    /// Answers `named` models, and all `others` when they have schemas too.
    #[must_use]
    pub fn new(named: HashMap<ModelName, Schemas>, others: Option<Schemas>) -> Self {
        Self { named, others }
    }

    /// The schemas of a model.
    ///
    /// # Errors
    /// 403 when it is not answered.
    pub(super) fn schemas(&self, model: &ModelName) -> Result<&Schemas, Problem> {
        self.named.get(model).or(self.others.as_ref()).ok_or_else(|| {
            let detail = format!("The model {model} is not enabled for this interface.");
            let hint = format!("An administrator enables it with [restful.models.\"{model}\"] in the configuration.");
            Problem::new(Code::ModelNotEnabled, detail).hint(hint)
        })
    }
}

impl Schemas {
    /// What a reader gets: what he names, or what the schema says.
    pub(super) fn to_read(&self, named: Fields) -> Fields {
        match named {
            Fields::Named(names) => Fields::Selected(narrow(self.read.as_ref(), &names)),
            _ => shaped(self.read.as_ref()),
        }
    }

    /// What a new record answers.
    pub(super) fn to_create(&self) -> Back {
        Back::Records(shaped(self.create.as_ref()))
    }

    /// What a changed record answers.
    pub(super) fn to_update(&self) -> Back {
        self.update.as_ref().map_or(Back::Written, |schema| Back::Records(Fields::Selected(schema.clone())))
    }
}

fn shaped(schema: Option<&Selection>) -> Fields {
    schema.map_or(Fields::All, |schema| Fields::Selected(schema.clone()))
}

/// The named fields in their order: as the schema has them, those outside of it flat. What is named must be there.
fn narrow(schema: Option<&Selection>, names: &[FieldName]) -> Selection {
    let items = schema.map(|schema| schema.items.as_slice()).unwrap_or_default();
    let behind = |wanted: &FieldName| {
        let of_field = |item: &Item| match item {
            Item::Field { name, within } if name == wanted => within.clone(),
            _ => None,
        };
        items.iter().find_map(of_field)
    };
    let item = |name: &FieldName| Item::Field { name: name.clone(), within: behind(name) };
    Selection { items: names.iter().map(item).collect(), lenient: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Fields {
        Fields::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
    }

    fn shown(fields: &Fields) -> String {
        match fields {
            Fields::Selected(selection) => format!("{selection} {}", selection.lenient),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_named_narrows_the_schema_in_its_own_order() {
        let read = Some(Selection::read_schema("{id, name, partner_id{id, city}}").unwrap());
        let schemas = Schemas { read, ..Schemas::default() };
        assert_eq!(shown(&schemas.to_read(Fields::All)), "{id, name, partner_id{id, city}} true");
        assert_eq!(shown(&schemas.to_read(names("note,partner_id,name"))), "{note, partner_id{id, city}, name} false");
        assert_eq!(shown(&Schemas::default().to_read(names("note,id"))), "{note, id} false");
        assert_eq!(Schemas::default().to_read(Fields::All), Fields::All);
    }

    #[test]
    fn a_model_without_an_entry_is_answered_only_where_all_others_are() {
        let [partner, order] = ["res.partner", "sale.order"].map(|name| ModelName::parse(name).unwrap());
        let named = || HashMap::from([(partner.clone(), Schemas::default())]);
        let models = RestfulModels::new(named(), None);
        assert!(models.schemas(&partner).is_ok());
        assert_eq!(models.schemas(&order).unwrap_err().code, Code::ModelNotEnabled);
        assert!(RestfulModels::new(named(), Some(Schemas::default())).schemas(&order).is_ok());
        assert!(RestfulModels::default().schemas(&partner).is_err());
    }
}
