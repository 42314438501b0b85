//! The models that `/restful/api/v1` serves, and the schemas of their records.
//!
//! In: the configuration `restful.models`. Out: the [`ModelSchemas`] of a model, or 403. Must not know: the fields of
//! the model. A schema may contain fields that an Odoo does not have.

use std::collections::HashMap;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::RestfulShapes;
use crate::language::selection::{Selection, SelectionItem};
use crate::names::{FieldName, ModelName};
use crate::plan::{FieldSet, Returning};

/// The enabled models. By default no model is enabled.
#[derive(Debug, Default)]
pub struct RestfulModels {
    named: HashMap<ModelName, ModelSchemas>,
    others: Option<ModelSchemas>,
}

/// The schemas of a model's records in responses. `None` means all fields without related records; after an update,
/// the fields that were written.
#[derive(Debug, Clone, Default)]
pub struct ModelSchemas {
    /// The schema of records that are read.
    pub read: Option<Selection>,
    /// The schema of new records.
    pub create: Option<Selection>,
    /// The schema of updated records.
    pub update: Option<Selection>,
}

impl RestfulModels {
    /// Enables the models in `named`, and all other models if `others` is set.
    #[must_use]
    pub fn new(named: HashMap<ModelName, ModelSchemas>, others: Option<ModelSchemas>) -> Self {
        Self { named, others }
    }

    /// The schemas of a model.
    ///
    /// # Errors
    /// 403 if the model is not enabled.
    pub(super) fn schemas(&self, model: &ModelName) -> Result<&ModelSchemas, Problem> {
        self.named.get(model).or(self.others.as_ref()).ok_or_else(|| {
            let detail = format!("The model `{model}` is not enabled for `/restful/api/v1`.");
            let hint =
                format!("The administrator can enable it with `[restful.models.\"{model}\"]` in the configuration.");
            Problem::new(ErrorCode::ModelNotEnabled, detail).hint(hint)
        })
    }

    /// The shapes of a model's records for its documentation; `None` if the model is not enabled.
    pub(in crate::http) fn shapes(&self, model: &ModelName) -> Option<RestfulShapes> {
        let ModelSchemas { read, create, update } = self.schemas(model).ok()?.clone();
        Some(RestfulShapes { read, create, update })
    }
}

impl ModelSchemas {
    /// The fields to read: the named fields, else the fields of the schema.
    pub(super) fn fields_to_read(&self, fields: FieldSet) -> FieldSet {
        match fields {
            FieldSet::Named(names) => FieldSet::Selected(narrow(self.read.as_ref(), &names)),
            _ => selected(self.read.as_ref()),
        }
    }

    /// The response to a creation.
    pub(super) fn after_create(&self) -> Returning {
        Returning::Records(selected(self.create.as_ref()))
    }

    /// The response to an update.
    pub(super) fn after_update(&self) -> Returning {
        self.update.as_ref().map_or(Returning::Written, |schema| Returning::Records(FieldSet::Selected(schema.clone())))
    }
}

fn selected(schema: Option<&Selection>) -> FieldSet {
    schema.map_or(FieldSet::All, |schema| FieldSet::Selected(schema.clone()))
}

/// Selects the named fields in their order: with the related fields of the schema, if it contains the field. A named
/// field must exist.
fn narrow(schema: Option<&Selection>, names: &[FieldName]) -> Selection {
    let items = schema.map(|schema| schema.items.as_slice()).unwrap_or_default();
    let related = |field: &FieldName| {
        let of_item = |item: &SelectionItem| match item {
            SelectionItem::Field { name, nested } if name == field => nested.clone(),
            _ => None,
        };
        items.iter().find_map(of_item)
    };
    let item = |name: &FieldName| SelectionItem::Field { name: name.clone(), nested: related(name) };
    Selection { items: names.iter().map(item).collect(), lenient: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> FieldSet {
        FieldSet::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
    }

    fn format(fields: &FieldSet) -> String {
        match fields {
            FieldSet::Selected(selection) => format!("{selection} {}", selection.lenient),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn named_fields_narrow_the_schema_in_their_own_order() {
        let read = Some(Selection::parse_schema("{id, name, partner_id{id, city}}").unwrap());
        let schemas = ModelSchemas { read, ..ModelSchemas::default() };
        assert_eq!(format(&schemas.fields_to_read(FieldSet::All)), "{id, name, partner_id{id, city}} true");
        assert_eq!(
            format(&schemas.fields_to_read(names("note,partner_id,name"))),
            "{note, partner_id{id, city}, name} false"
        );
        assert_eq!(format(&ModelSchemas::default().fields_to_read(names("note,id"))), "{note, id} false");
        assert_eq!(ModelSchemas::default().fields_to_read(FieldSet::All), FieldSet::All);
    }

    #[test]
    fn model_without_an_entry_is_enabled_only_by_the_entry_for_all_others() {
        let [partner, order] = ["res.partner", "sale.order"].map(|name| ModelName::parse(name).unwrap());
        let named = || HashMap::from([(partner.clone(), ModelSchemas::default())]);
        let models = RestfulModels::new(named(), None);
        assert!(models.schemas(&partner).is_ok());
        assert_eq!(models.schemas(&order).unwrap_err().code, ErrorCode::ModelNotEnabled);
        assert!(RestfulModels::new(named(), Some(ModelSchemas::default())).schemas(&order).is_ok());
        assert!(RestfulModels::default().schemas(&partner).is_err());
    }
}
