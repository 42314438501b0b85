//! Samples for the unit tests: a partner as an administrator of Odoo 19 sees it.

use std::sync::Arc;

use super::{RestfulShapes, TypedModel};
use crate::names::{FieldName, ModelName};
use crate::odoo::{FieldDescription, ModelDescription, ModelRights};
use crate::plan::ModelAccess;
use crate::plan::model_schema::FieldType;

/// A field of this type that can be written.
pub(super) fn field(name: &str, odoo_type: &str) -> FieldDescription {
    FieldDescription {
        name: FieldName::parse(name).unwrap(),
        kind: FieldType::parse(odoo_type),
        odoo_type: odoo_type.to_owned(),
        label: format!("Label of {name}"),
        help: String::new(),
        is_never_empty: false,
        is_read_only: false,
        is_stored: true,
        may_be_needed: false,
        relation: None,
        selection: None,
    }
}

/// A model with these fields and all rights.
pub(super) fn model(name: &str, fields: Vec<FieldDescription>) -> TypedModel {
    let names = || fields.iter().map(|field| field.name.clone()).collect();
    let access = ModelAccess {
        readable: names(),
        creatable: Some(names()),
        updatable: Some(names()),
        delete: true,
        execute: true,
    };
    let rights = ModelRights { create: true, update: true, delete: true };
    let needed = fields.iter().filter(|field| field.may_be_needed).map(|field| field.name.clone()).collect();
    let model = ModelName::parse(name).unwrap();
    let description = ModelDescription { model, rights, fields: fields.into(), needed: Arc::new(needed) };
    let restful = Some(RestfulShapes::default());
    TypedModel { description, access, label: "Contact".into(), restful }
}

/// A partner with a field of each interesting type.
pub(super) fn partner() -> TypedModel {
    let state = vec![("contact".to_owned(), "Contact".to_owned()), ("other".to_owned(), "Other Address".to_owned())];
    let relation = |model| Some(ModelName::from_static(model));
    model(
        "res.partner",
        vec![
            FieldDescription { is_read_only: true, is_never_empty: true, ..field("id", "integer") },
            FieldDescription { may_be_needed: true, is_never_empty: true, ..field("name", "char") },
            FieldDescription { selection: Some(state), ..field("type", "selection") },
            FieldDescription { relation: relation("res.country"), ..field("country_id", "many2one") },
            FieldDescription { relation: relation("res.partner"), ..field("child_ids", "one2many") },
            FieldDescription { relation: relation("res.partner.category"), ..field("category_id", "many2many") },
            field("image_1920", "binary"),
        ],
    )
}
