//! What the plan knows of a model: its fields as this user sees them.
//!
//! In: the answer of `fields_get` with [`ATTRIBUTES`]. Out: [`Schema`], looked at by name. Must not know: how it
//! was fetched, for whom, how long it is good. Labels and help are left out: they depend on the language and no
//! plan needs them.

use indexmap::IndexMap;

use super::metadata::PlanError;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{FieldName, ModelName};
use crate::value::Value;

/// The attributes that are asked of `fields_get`. `domain` and `context` are not among them: they hold `None`
/// for some fields of Odoo 14 and 19, and `None` cannot travel over XML-RPC. `readonly` neither: 14 and 15 answer it
/// for every field where the user may not write.
pub const ATTRIBUTES: [&str; 12] = [
    "type",
    "store",
    "searchable",
    "sortable",
    "relation",
    "selection",
    "definition_record",
    "company_dependent",
    "required",
    "related",
    "depends",
    "translate",
];

/// A field's type, as `fields_get` names it (Odoo 14..19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `boolean`
    Boolean,
    /// `integer`, and `many2one_reference`: the bare id beside a model's name
    Integer,
    /// `float`
    Float,
    /// `monetary`: a float that Odoo rounds by its currency
    Monetary,
    /// `char`
    Char,
    /// `text`
    Text,
    /// `html`
    Html,
    /// `date`: `YYYY-MM-DD`
    Date,
    /// `datetime`: `YYYY-MM-DD HH:MM:SS`, UTC
    Datetime,
    /// `binary` and `image`: base64 text
    Binary,
    /// `selection`
    Selection,
    /// `many2one`
    Many2one,
    /// `one2many`
    One2many,
    /// `many2many`
    Many2many,
    /// `reference`: `model,id`
    Reference,
    /// `properties` (16+)
    Properties,
    /// `json` (16+)
    Json,
    /// Anything else: `serialized`, `properties_definition`, what a later Odoo invents
    Other,
}

impl FieldType {
    fn parse(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "integer" | "many2one_reference" => Self::Integer,
            "float" => Self::Float,
            "monetary" => Self::Monetary,
            "char" => Self::Char,
            "text" => Self::Text,
            "html" => Self::Html,
            "date" => Self::Date,
            "datetime" => Self::Datetime,
            "binary" | "image" => Self::Binary,
            "selection" => Self::Selection,
            "many2one" => Self::Many2one,
            "one2many" => Self::One2many,
            "many2many" => Self::Many2many,
            "reference" => Self::Reference,
            "properties" => Self::Properties,
            "json" => Self::Json,
            _ => Self::Other,
        }
    }

    /// Its name, as `fields_get` says it; of several, the first.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Monetary => "monetary",
            Self::Char => "char",
            Self::Text => "text",
            Self::Html => "html",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Binary => "binary",
            Self::Selection => "selection",
            Self::Many2one => "many2one",
            Self::One2many => "one2many",
            Self::Many2many => "many2many",
            Self::Reference => "reference",
            Self::Properties => "properties",
            Self::Json => "json",
            Self::Other => "other",
        }
    }

    /// Whether the field leads to records of another model.
    #[must_use]
    pub fn is_relation(self) -> bool {
        matches!(self, Self::Many2one | Self::One2many | Self::Many2many)
    }

    /// Whether the field holds any number of records.
    #[must_use]
    pub fn is_x2many(self) -> bool {
        matches!(self, Self::One2many | Self::Many2many)
    }
}

/// One field of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its type.
    pub kind: FieldType,
    /// Whether it is a column (or a relation table) of the database.
    pub stored: bool,
    /// Whether Odoo can search it: stored, or computed with a search method.
    pub searchable: bool,
    /// Whether Odoo can order by it.
    pub sortable: bool,
    /// Whether each company has a value of its own.
    pub company_dependent: bool,
    /// Whether its text is translated.
    pub translated: bool,
    /// The model it leads to.
    pub relation: Option<ModelName>,
    /// The keys of a selection whose keys are texts; `None` where they are not known or not texts.
    pub selection: Option<Vec<String>>,
    /// Whether a record cannot be without it.
    pub required: bool,
    /// The path to the field whose value it shows and takes, as `partner_id.email`.
    pub related: Option<String>,
    /// The paths to the fields from which Odoo computes it.
    pub depends: Vec<String>,
}

/// A model's fields as one user sees them, in the server's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The model.
    pub model: ModelName,
    fields: IndexMap<FieldName, Field>,
}

impl Schema {
    /// Reads the answer of `fields_get`. `None` when it is no map of maps. A field whose name is outside the grammar
    /// is left out: nobody could ask for it.
    #[must_use]
    pub fn read(model: ModelName, fields_get: &Value<'_>) -> Option<Self> {
        let fields = fields_get
            .as_map()?
            .iter()
            .filter_map(|(name, attributes)| Some((FieldName::parse(name).ok()?, Field::read(attributes)?)))
            .collect();
        Some(Self { model, fields })
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// The field of this name, with its name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&FieldName, &Field)> {
        self.fields.get_key_value(name)
    }

    /// All fields, in the server's order.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldName, &Field)> {
        self.fields.iter()
    }

    /// The name that was perhaps meant: one that `wrong` begins, else the most like it when that is near enough.
    #[must_use]
    pub fn nearest(&self, wrong: &str) -> Option<&FieldName> {
        // The comparison costs the product of both lengths, and a client chooses one of them.
        if wrong.len() > LONGEST_NAME {
            return None;
        }
        let is_begun = |name: &&FieldName| {
            let rest = name.as_str().strip_prefix(wrong).filter(|_| wrong.len() >= 3);
            rest.is_some_and(|rest| rest.starts_with('_') || rest.len() <= 2)
        };
        if let Some(name) = self.fields.keys().filter(is_begun).min_by_key(|name| name.as_str().len()) {
            return Some(name);
        }
        let distance = |name: &FieldName| strsim::damerau_levenshtein(name.as_str(), wrong);
        let (best, name) = self.fields.keys().map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
        (best <= 1 + wrong.len() / 4).then_some(name)
    }
}

/// No field's name is longer, so nothing longer is like one.
const LONGEST_NAME: usize = 128;

/// The refusal of a field name, with the name that was perhaps meant, if the caller may know of it.
pub(super) fn unknown_field(
    schema: &Schema,
    name: &str,
    parameter: &str,
    may_know: impl Fn(&FieldName) -> bool,
) -> PlanError {
    let shown: String = name.chars().take(64).collect();
    let detail = format!("The model {} has no field {shown}, or this user may not see it.", schema.model);
    let hint = match schema.nearest(name).filter(|near| may_know(near)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "fields_get lists the fields of a model.".into(),
    };
    Problem::new(Code::UnknownField, detail).parameter(parameter).hint(hint).into()
}

impl Field {
    fn read(attributes: &Value<'_>) -> Option<Self> {
        let yes = |key: &str, default: bool| match attributes.get(key) {
            Some(Value::Bool(b)) => *b,
            _ => default,
        };
        let stored = yes("store", true);
        Some(Self {
            kind: FieldType::parse(attributes.get("type")?.as_text()?),
            stored,
            searchable: yes("searchable", stored),
            sortable: yes("sortable", stored),
            company_dependent: yes("company_dependent", false),
            translated: yes("translate", false),
            relation: attributes.get("relation").and_then(Value::as_text).and_then(|name| ModelName::parse(name).ok()),
            selection: attributes.get("selection").and_then(selection_keys),
            required: yes("required", false),
            related: attributes.get("related").and_then(path),
            depends: attributes.get("depends").and_then(Value::as_list).map(texts).unwrap_or_default(),
        })
    }
}

/// Until 15 a path is the list of its steps.
fn path(related: &Value<'_>) -> Option<String> {
    let steps = |steps: &[Value<'_>]| texts(steps).join(".");
    related.as_text().map(str::to_owned).or_else(|| related.as_list().map(steps)).filter(|path| !path.is_empty())
}

fn texts(items: &[Value<'_>]) -> Vec<String> {
    items.iter().filter_map(|item| item.as_text().map(str::to_owned)).collect()
}

fn selection_keys(selection: &Value<'_>) -> Option<Vec<String>> {
    let key = |pair: &Value<'_>| Some(pair.as_list()?.first()?.as_text()?.to_owned());
    selection.as_list()?.iter().map(key).collect()
}

#[cfg(test)]
pub(crate) mod samples {
    //! Small schemas for the tests of this room.

    use std::sync::Arc;

    use super::*;
    use crate::plan::metadata::{Known, UserDefaults};
    use crate::value::Member;

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

    /// A country, to which partners lead.
    pub(crate) fn country() -> Arc<Schema> {
        schema("res.country", vec![field("id", "integer", &[]), field("name", "char", &[]), field("code", "char", &[])])
    }

    pub(crate) fn schema(model: &str, fields: Vec<Member<'static>>) -> Arc<Schema> {
        Arc::new(Schema::read(ModelName::parse(model).unwrap(), &Value::Map(fields)).unwrap())
    }

    /// Knows partners and countries of an Odoo 19 where English and French are installed.
    pub(crate) struct Samples;

    impl Known for Samples {
        fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
            match model.as_str() {
                "res.partner" => Some(partner()),
                "res.country" => Some(country()),
                _ => None,
            }
        }

        fn own_order(&self, _model: &ModelName) -> Option<Arc<str>> {
            Some("name".into())
        }

        fn languages(&self) -> Option<Arc<[String]>> {
            Some(["en_US".to_owned(), "fr_FR".to_owned()].into())
        }

        fn major_version(&self) -> u8 {
            19
        }

        fn user_defaults(&self) -> UserDefaults {
            UserDefaults { lang: Some("en_US".into()), tz: Some("Europe/Brussels".into()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_finds_the_field_that_was_meant() {
        let schema = samples::partner();
        let nearest = |wrong| schema.nearest(wrong).map(FieldName::as_str);
        assert_eq!(nearest("nmae"), Some("name"));
        assert_eq!(nearest("contry_id"), Some("country_id"));
        assert_eq!(nearest("zzzzzzz"), None);
        assert_eq!(nearest("country"), Some("country_id"));
        assert_eq!(nearest("child_id"), Some("child_ids"));
        assert_eq!(nearest("image"), Some("image_1920"));
    }
}
