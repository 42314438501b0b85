//! Sample schemas and metadata for the unit tests of `plan`.

use std::sync::Arc;

use super::metadata::{Metadata, UserDefaults};
use super::model_schema::Schema;
use super::version_number::VersionNumber;
use crate::names::ModelName;
use crate::value::{Member, Value};

pub(crate) fn field(
    name: &'static str,
    kind: &'static str,
    more: &[(&'static str, Value<'static>)],
) -> Member<'static> {
    let mut attributes: Vec<Member<'static>> = vec![("type".into(), kind.into())];
    attributes.extend(more.iter().map(|(key, value)| ((*key).into(), value.clone())));
    (name.into(), Value::Map(attributes))
}

/// A partner with a field of each type.
pub(crate) fn partner() -> Arc<Schema> {
    let options = Value::List(vec![
        Value::List(vec!["contact".into(), "Contact".into()]),
        Value::List(vec!["invoice".into(), "Invoice Address".into()]),
    ]);
    schema(
        "res.partner",
        vec![
            field("id", "integer", &[]),
            field("name", "char", &[]),
            field("comment", "html", &[]),
            field("color", "integer", &[]),
            field("credit", "monetary", &[]),
            field("active", "boolean", &[]),
            field("date", "date", &[]),
            field("create_date", "datetime", &[]),
            field("image_1920", "binary", &[("store", false.into()), ("searchable", false.into())]),
            field("type", "selection", &[("selection", options)]),
            field("parent_id", "many2one", &[("relation", "res.partner".into())]),
            field("country_id", "many2one", &[("relation", "res.country".into())]),
            field("child_ids", "one2many", &[("relation", "res.partner".into())]),
            field("category_id", "many2many", &[("relation", "res.partner.category".into())]),
            field(
                "tz_offset",
                "char",
                &[("store", false.into()), ("searchable", false.into()), ("sortable", false.into())],
            ),
            field("ref_to", "reference", &[]),
            field("props", "properties", &[]),
        ],
    )
}

/// A country, the relation of `country_id`.
pub(crate) fn country() -> Arc<Schema> {
    schema("res.country", vec![field("id", "integer", &[]), field("name", "char", &[]), field("code", "char", &[])])
}

/// An attachment of Odoo 19; or of Odoo 20, which has no `datas`.
pub(crate) fn attachment(has_datas: bool) -> Arc<Schema> {
    let texts = ["name", "mimetype", "checksum"].map(|name| field(name, "char", &[]));
    let files = ["raw", "datas"].into_iter().filter(|name| has_datas || *name == "raw");
    let files = files.map(|name| field(name, "binary", &[("store", false.into()), ("searchable", true.into())]));
    schema("ir.attachment", texts.into_iter().chain(files).collect())
}

pub(crate) fn schema(model: &str, fields: Vec<Member<'static>>) -> Arc<Schema> {
    Arc::new(Schema::from_fields_get(ModelName::parse(model).unwrap(), &Value::Map(fields)).unwrap())
}

/// Metadata of an Odoo 19 with partners and countries, in English and French.
pub(crate) struct Samples;

impl Metadata for Samples {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        match model.as_str() {
            "res.partner" => Some(partner()),
            "res.country" => Some(country()),
            _ => None,
        }
    }

    fn default_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("name".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Some(["en_US".to_owned(), "fr_FR".to_owned()].into())
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(19, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Some(UserDefaults { lang: Some("en_US".into()), tz: Some("Europe/Brussels".into()) })
    }
}

/// The same metadata of an Odoo of this version: major, minor.
pub(crate) struct SamplesOn(pub(crate) u8, pub(crate) u8);

impl Metadata for SamplesOn {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        Samples.schema(model)
    }

    fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        Samples.default_order(model)
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(self.0, self.1)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Samples.user_defaults()
    }
}

/// Metadata of an Odoo 20 with the same partners and countries, and with attachments.
pub(crate) struct SamplesOfOdoo20;

impl Metadata for SamplesOfOdoo20 {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        if model.as_str() == "ir.attachment" { Some(attachment(false)) } else { Samples.schema(model) }
    }

    fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        Samples.default_order(model)
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(20, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Samples.user_defaults()
    }
}
