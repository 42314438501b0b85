//! The schema of a model: its fields as one user sees them.
//!
//! In: the response of `fields_get` with [`ATTRIBUTES`]. Out: [`Schema`], a lookup by field name. Must not know: how
//! it was fetched, for which user, how long it is valid. Labels and help texts are left out: they depend on the
//! language, and planning does not use them.

use indexmap::IndexMap;

use super::error::PlanError;
use super::renamed_fields::names_of;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{FieldName, ModelName};
use crate::value::Value;

/// The attributes requested from `fields_get`. `domain` and `context` are not included: for some fields of Odoo 14
/// and 19 they contain `None`, which XML-RPC cannot carry. `readonly` is not included either: Odoo 14 and 15 return
/// it for every field of models that the user may not write.
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

/// The type of a field, as `fields_get` names it (Odoo 14-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `boolean`
    Boolean,
    /// `integer`, and `many2one_reference`: an id whose model is named in another field
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
    /// Any other type: `serialized`, `properties_definition`, types of later versions
    Other,
}

impl FieldType {
    /// The type with this name in `fields_get`.
    #[must_use]
    pub fn parse(name: &str) -> Self {
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

    /// The name in `fields_get`; the first one if several names share a type.
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

    /// Whether the value refers to records of another model.
    #[must_use]
    pub fn is_relation(self) -> bool {
        matches!(self, Self::Many2one | Self::One2many | Self::Many2many)
    }

    /// Whether the value can refer to several records.
    #[must_use]
    pub fn is_x2many(self) -> bool {
        matches!(self, Self::One2many | Self::Many2many)
    }
}

/// One field of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The type.
    pub kind: FieldType,
    /// Whether the database stores it, as a column or a relation table.
    pub stored: bool,
    /// Whether Odoo can search it: it is stored, or computed with a search method.
    pub searchable: bool,
    /// Whether Odoo can order by it.
    pub sortable: bool,
    /// Whether each company has its own value.
    pub company_dependent: bool,
    /// Whether its value is translated.
    pub translated: bool,
    /// The related model.
    pub relation: Option<ModelName>,
    /// The keys of a selection; `None` if they are unknown or not strings.
    pub selection: Option<Vec<String>>,
    /// Whether every record must have a value.
    pub required: bool,
    /// The path of a related field, such as `partner_id.email`.
    pub related: Option<String>,
    /// The paths of the fields that it is computed from.
    pub depends: Vec<String>,
    /// Another name of this field, which Odoo does not know.
    pub alias: Option<&'static str>,
    /// The field of Odoo that this one is another name of.
    pub alias_of: Option<&'static str>,
}

/// The field of attachments, and of models that delegate to them, with the content as bytes; from Odoo 19.3 on in
/// base64.
pub(super) const RAW: &str = "raw";
/// The field with the same content in base64, until Odoo 19.2.
pub(super) const DATAS: &str = "datas";

/// The fields of a model as one user sees them, in the server's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The model.
    pub model: ModelName,
    fields: IndexMap<FieldName, Field>,
}

impl Schema {
    /// Parses the response of `fields_get`. Returns `None` if it is not a map of maps. Fields with a name outside the
    /// grammar are skipped: no client could address them.
    #[must_use]
    pub fn from_fields_get(model: ModelName, fields_get: &Value<'_>) -> Option<Self> {
        let mut fields = fields_get
            .as_map()?
            .iter()
            .filter_map(|(name, attributes)| Some((FieldName::parse(name).ok()?, Field::from_attributes(attributes)?)))
            .collect();
        add_base64_alias(&mut fields);
        Some(Self { model, fields })
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// The field of this name, together with the name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&FieldName, &Field)> {
        self.fields.get_key_value(name)
    }

    /// All fields, in the server's order.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldName, &Field)> {
        self.fields.iter()
    }

    /// The field that a wrong name probably refers to: one that starts with `wrong`, otherwise the most similar name,
    /// if it is similar enough.
    #[must_use]
    pub fn closest_name(&self, misspelled: &str) -> Option<&FieldName> {
        // The cost is the product of both lengths, and the client chooses one of them.
        if misspelled.len() > MAX_NAME_LEN {
            return None;
        }
        let is_begun = |name: &&FieldName| {
            let rest = name.as_str().strip_prefix(misspelled).filter(|_| misspelled.len() >= 3);
            rest.is_some_and(|rest| rest.starts_with('_') || rest.len() <= 2)
        };
        if let Some(name) = self.fields.keys().filter(is_begun).min_by_key(|name| name.as_str().len()) {
            return Some(name);
        }
        let distance = |name: &FieldName| strsim::damerau_levenshtein(name.as_str(), misspelled);
        let (best, name) = self.fields.keys().map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
        (best <= 1 + misspelled.len() / 4).then_some(name)
    }
}

/// The length limit of field names. No longer name can be similar to one.
const MAX_NAME_LEN: usize = 128;

/// The error for an unknown field name. The hint names the closest field that is visible.
pub(super) fn unknown_field(
    schema: &Schema,
    name: &str,
    parameter: &str,
    is_visible: impl Fn(&FieldName) -> bool,
) -> PlanError {
    let excerpt: String = name.chars().take(64).collect();
    let detail = format!("The model {} has no field {excerpt}, or this user may not see it.", schema.model);
    let names = names_of(&schema.model, name);
    let mut visible = schema.fields().map(|(name, _)| name).filter(|name| is_visible(name));
    let present = visible.find(|present| names.contains(&present.as_str()));
    let near = schema.closest_name(name).filter(|near| is_visible(near));
    let hint = match (present, near) {
        (Some(present), _) => format!("This version of Odoo has {present} instead."),
        (None, Some(near)) => format!("Did you mean {near}?"),
        (None, None) => "Call `fields_get` for the list of fields.".into(),
    };
    Problem::new(ErrorCode::UnknownField, detail).parameter(parameter).hint(hint).into()
}

impl Field {
    /// Whether it is the content of an attachment that Odoo has under one name. What Odoo calls the name and the size
    /// of that file are the fields `name` and `file_size`.
    pub(super) fn is_attachment_content(&self) -> bool {
        self.alias.is_some() || self.alias_of.is_some()
    }

    fn from_attributes(attributes: &Value<'_>) -> Option<Self> {
        let flag = |key: &str, default: bool| match attributes.get(key) {
            Some(Value::Bool(b)) => *b,
            _ => default,
        };
        let stored = flag("store", true);
        Some(Self {
            kind: FieldType::parse(attributes.get("type")?.as_text()?),
            stored,
            searchable: flag("searchable", stored),
            sortable: flag("sortable", stored),
            company_dependent: flag("company_dependent", false),
            translated: flag("translate", false),
            relation: attributes.get("relation").and_then(Value::as_text).and_then(|name| ModelName::parse(name).ok()),
            selection: attributes.get("selection").and_then(selection_keys),
            required: flag("required", false),
            related: attributes.get("related").and_then(path),
            depends: attributes.get("depends").and_then(Value::as_list).map(texts).unwrap_or_default(),
            alias: None,
            alias_of: None,
        })
    }
}

/// Adds `datas` to an attachment that only has `raw`: clients use the same name on every version.
fn add_base64_alias(fields: &mut IndexMap<FieldName, Field>) {
    let is = |name: &str, kind| fields.get(name).is_some_and(|field| field.kind == kind);
    if fields.contains_key(DATAS) || !is("mimetype", FieldType::Char) || !is("checksum", FieldType::Char) {
        return;
    }
    if let Some(raw) = fields.get_mut(RAW).filter(|raw| raw.kind == FieldType::Binary) {
        let datas = Field { alias_of: Some(RAW), ..raw.clone() };
        raw.alias = Some(DATAS);
        fields.insert(FieldName::from_static(DATAS), datas);
    }
}

/// Until Odoo 15 a path is a list of its steps.
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
mod tests {
    use super::*;
    use crate::plan::samples::{field, schema};

    #[test]
    fn an_attachment_without_datas_has_it_as_another_name_of_raw() {
        let attachment = |more: &[&'static str]| {
            let texts = ["mimetype", "checksum"].map(|name| field(name, "char", &[]));
            let files = more.iter().map(|name| field(name, "binary", &[("store", false.into())]));
            schema("ir.attachment", texts.into_iter().chain(files).collect())
        };
        let names = |schema: &Schema| {
            let [raw, datas] = [RAW, DATAS].map(|name| schema.field(name).unwrap());
            (raw.alias, raw.alias_of, datas.alias, datas.alias_of)
        };
        assert_eq!(names(&attachment(&["raw", "datas"])), (None, None, None, None));
        assert_eq!(names(&attachment(&["raw"])), (Some(DATAS), None, None, Some(RAW)));
        let other = schema("x.message", vec![field("raw", "binary", &[])]);
        assert_eq!(other.field(DATAS), None);
    }

    #[test]
    fn a_misspelled_name_finds_the_closest_field() {
        let schema = crate::plan::samples::partner();
        let closest_name = |misspelled| schema.closest_name(misspelled).map(FieldName::as_str);
        assert_eq!(closest_name("nmae"), Some("name"));
        assert_eq!(closest_name("contry_id"), Some("country_id"));
        assert_eq!(closest_name("zzzzzzz"), None);
        assert_eq!(closest_name("country"), Some("country_id"));
        assert_eq!(closest_name("child_id"), Some("child_ids"));
        assert_eq!(closest_name("image"), Some("image_1920"));
    }
}
