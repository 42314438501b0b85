//! The schemas of a model: its records in each dialect, the values of a write, its selections.
//!
//! In: named models. Out: schemas by name. Must not know: operations, envelopes.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::TypedModel;
use super::fields::{or_empty, response_schema, value_schema};
use super::names::{SchemaNames, variant_names};
use super::references::{RELATED_RECORD, RELATION_COMMANDS, commands_schema, reference};
use crate::http::openapi::document_query::{DocumentQuery, TypedDialect};
use crate::language::selection::{Selection, SelectionItem};
use crate::names::{FieldName, ModelName};
use crate::odoo::FieldDescription;
use crate::plan::model_schema::FieldType;
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Style};

/// A selection with more values has no list of them in its description.
const MAX_LISTED_VALUES: usize = 40;

/// A model with the names of its schemas.
#[derive(Debug)]
pub(super) struct NamedModel<'m> {
    pub model: &'m TypedModel,
    /// The name of its records in `api_v1`. The other names start with it.
    pub name: String,
    selections: HashMap<&'m FieldName, String>,
}

/// All models of a document.
#[derive(Debug)]
pub(super) struct NamedModels<'m>(pub Vec<NamedModel<'m>>);

/// What the values of a write are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    New,
    /// Odoo sets the field that leads to the other record, so no field can be called required.
    NewRelated,
    Update,
}

/// A fragment of the name of a schema that only one dialect has.
pub(super) const fn dialect_suffix(dialect: TypedDialect) -> &'static str {
    match dialect {
        TypedDialect::ApiV1 => "",
        TypedDialect::Restapi => "Restapi",
        TypedDialect::Api => "Api",
        TypedDialect::Restful => "Restful",
    }
}

/// The style of values in the responses of a dialect.
pub(super) const fn style(dialect: TypedDialect, empty: EmptyFormat) -> Style {
    let (many2one, datetime) = match dialect {
        TypedDialect::ApiV1 => (Many2oneFormat::Id, DatetimeFormat::Utc),
        TypedDialect::Restapi => (Many2oneFormat::Pair, DatetimeFormat::Odoo),
        TypedDialect::Api => (Many2oneFormat::Pair, DatetimeFormat::Iso),
        TypedDialect::Restful => (Many2oneFormat::Object, DatetimeFormat::Iso),
    };
    Style { many2one, datetime, empty, binary: BinaryFormat::Text }
}

impl<'m> NamedModels<'m> {
    /// Names the models and their selections.
    pub(super) fn new(models: &'m [TypedModel], mut names: SchemaNames) -> Self {
        // All models first, so that the name of a selection never takes the name of a model.
        let named: Vec<_> = models.iter().map(|model| (model, names.add_model(&model.description.model))).collect();
        let with_selections = |(model, name): (&'m TypedModel, String)| {
            let has_values = |field: &&FieldDescription| {
                field.kind == FieldType::Selection && field.selection.as_ref().is_some_and(|values| !values.is_empty())
            };
            let fields = model.description.fields.iter().filter(has_values);
            let selections = fields.map(|field| (&field.name, names.add_selection(&name, &field.name))).collect();
            NamedModel { model, selections, name }
        };
        Self(named.into_iter().map(with_selections).collect())
    }

    /// Adds the schemas of all models. Those that no operation needs can be removed afterwards.
    pub(super) fn add_schemas(&self, query: &DocumentQuery, schemas: &mut Map<String, Value>) {
        let has = |dialect| query.dialect.is_none_or(|only| only == dialect);
        for named in &self.0 {
            let dialects = TypedDialect::ALL.into_iter().filter(|dialect| has(*dialect));
            for (position, dialect) in dialects.enumerate() {
                // Help texts are the same in every dialect, so the document contains them once.
                named.add_records(dialect, query.empty, position == 0, schemas);
            }
            if let Some(fields) = named.creatable() {
                schemas.insert(named.named("Create"), named.values(self, fields, Purpose::New, query.empty));
                if !named.shares_values() {
                    schemas.insert(named.named("Values"), named.values(self, fields, Purpose::NewRelated, query.empty));
                }
            }
            if let Some(fields) = named.updatable() {
                schemas.insert(named.named("Update"), named.values(self, fields, Purpose::Update, query.empty));
            }
            schemas.insert(named.named("Commands"), named.commands());
            named.add_selections(schemas);
        }
    }

    /// The name of the schema of commands for records of a model.
    fn commands_name(&self, relation: Option<&ModelName>) -> String {
        let related = relation.and_then(|model| self.0.iter().find(|named| named.model.description.model == *model));
        related.map_or_else(|| RELATION_COMMANDS.to_owned(), |named| named.named("Commands"))
    }
}

impl<'m> NamedModel<'m> {
    /// A name that starts with the name of the model.
    pub(super) fn named(&self, end: &str) -> String {
        format!("{}{end}", self.name)
    }

    /// The fields of a new record, if the user and the credential may create one.
    pub(super) fn creatable(&self) -> Option<&'m BTreeSet<FieldName>> {
        self.model.access.creatable.as_ref().filter(|_| self.model.description.rights.create)
    }

    /// The fields of an update, if the user and the credential may make one.
    pub(super) fn updatable(&self) -> Option<&'m BTreeSet<FieldName>> {
        self.model.access.updatable.as_ref().filter(|_| self.model.description.rights.update)
    }

    /// Whether a record that is created together with another one has the values of an update: no field is required in
    /// either.
    fn shares_values(&self) -> bool {
        self.creatable().is_some() && self.creatable() == self.updatable()
    }

    /// The fields that responses can contain.
    pub(super) fn readable(&self) -> impl Iterator<Item = &'m FieldDescription> {
        let access = &self.model.access;
        self.model.description.fields.iter().filter(|field| access.readable.contains(&field.name))
    }

    /// Whether a new record is known to need the field.
    pub(super) fn needs(&self, field: &FieldDescription) -> bool {
        self.model.description.needed.contains(&field.name)
    }

    fn selection(&self, field: &FieldDescription) -> Option<&str> {
        self.selections.get(&field.name).map(String::as_str)
    }

    fn add_records(
        &self,
        dialect: TypedDialect,
        empty: EmptyFormat,
        with_help: bool,
        schemas: &mut Map<String, Value>,
    ) {
        let name = self.named(dialect_suffix(dialect));
        let restful = self.model.restful.as_ref().filter(|_| dialect == TypedDialect::Restful);
        let style = style(dialect, empty);
        if let Some(shapes) = restful {
            for (end, selection) in [("Created", &shapes.create), ("Updated", &shapes.update)] {
                if selection.is_some() {
                    let record = self.record(dialect, style, selection.as_ref(), with_help);
                    schemas.insert(format!("{name}{end}"), record);
                }
            }
        }
        let selection = restful.and_then(|shapes| shapes.read.as_ref());
        schemas.insert(name, self.record(dialect, style, selection, with_help));
    }

    /// The schema of records in responses; with a selection, of the fields that it selects.
    fn record(&self, dialect: TypedDialect, style: Style, selection: Option<&Selection>, with_help: bool) -> Value {
        let property = |field: &FieldDescription| {
            let mut schema = response_schema(field, style, self.selection(field));
            if let (Some(members), false) = (schema.as_object_mut(), with_help) {
                members.remove("description");
            }
            schema
        };
        let mut properties = Map::new();
        for field in self.readable() {
            let schema = match selection.map_or(Selected::Plain, |selection| selected(selection, &field.name)) {
                Selected::No => continue,
                Selected::Plain => property(field),
                Selected::Nested => nested_schema(field, style.empty),
            };
            properties.insert(field.name.as_str().to_owned(), schema);
        }
        let required: Vec<&str> = properties.keys().map(String::as_str).filter(|name| *name == "id").collect();
        json!({
            "type": "object",
            "description": format!("{} (`{}`) in responses of `{}`. A response contains the requested fields.",
                self.model.label, self.model.description.model, dialect.name()),
            "required": required,
            "properties": properties,
        })
    }

    /// The schema of the values of a write.
    fn values(
        &self,
        models: &NamedModels<'_>,
        allowed: &BTreeSet<FieldName>,
        purpose: Purpose,
        empty: EmptyFormat,
    ) -> Value {
        let fields = || self.writable(allowed);
        let is_needed = |field: &&FieldDescription| purpose == Purpose::New && self.needs(field);
        let property = |field: &FieldDescription| {
            let commands = models.commands_name(field.relation.as_ref());
            let schema = value_schema(field, empty, self.selection(field), &commands);
            (field.name.as_str().to_owned(), schema)
        };
        let needed: Vec<&str> = fields().filter(is_needed).map(|field| field.name.as_str()).collect();
        let purpose = match purpose {
            Purpose::New => "a new record",
            Purpose::NewRelated => "a record that is created together with another one",
            Purpose::Update => "an update",
        };
        let model = &self.model.description.model;
        let mut schema = json!({
            "type": "object",
            "description": format!("The values of {purpose} of {} (`{model}`).", self.model.label),
            "properties": fields().map(property).collect::<Map<_, _>>(),
        });
        if let (Some(members), false) = (schema.as_object_mut(), needed.is_empty()) {
            members.insert("required".to_owned(), json!(needed));
        }
        schema
    }

    /// The fields that a client may write.
    pub(super) fn writable<'s>(
        &'s self,
        allowed: &'s BTreeSet<FieldName>,
    ) -> impl Iterator<Item = &'m FieldDescription> + 's {
        let fields = self.model.description.fields.iter();
        fields.filter(|field| !field.is_read_only && allowed.contains(&field.name))
    }

    fn commands(&self) -> Value {
        let values = if self.shares_values() { "Update" } else { "Values" };
        let create = self.creatable().map(|_| reference(&self.named(values)));
        let update = self.updatable().map(|_| reference(&self.named("Update")));
        commands_schema(create, update)
    }

    fn add_selections(&self, schemas: &mut Map<String, Value>) {
        for field in self.model.description.fields.iter() {
            let (Some(name), Some(values)) = (self.selection(field), &field.selection) else { continue };
            schemas.insert(name.to_owned(), selection_schema(field, values));
        }
    }
}

/// The values of a selection, with their labels.
fn selection_schema(field: &FieldDescription, values: &[(String, String)]) -> Value {
    let mut seen = BTreeSet::new();
    let values: Vec<_> = values.iter().filter(|(key, _)| seen.insert(key)).collect();
    let keys: Vec<&str> = values.iter().map(|(key, _)| key.as_str()).collect();
    let labels: Vec<&str> = values.iter().map(|(_, label)| label.as_str()).collect();
    let mut description = format!("{}.", field.label);
    if values.len() <= MAX_LISTED_VALUES {
        let lines: Vec<String> = values.iter().map(|(key, label)| format!("- `{key}`: {label}")).collect();
        description = format!("{description}\n\n{}", lines.join("\n"));
    }
    let mut schema = json!({
        "type": "string",
        "description": description,
        "enum": keys,
        "x-enum-varnames": variant_names(keys.iter().copied()),
    });
    if let (Some(members), true) = (schema.as_object_mut(), labels != keys) {
        members.insert("x-enum-descriptions".to_owned(), json!(labels));
    }
    schema
}

/// Whether a selection contains a field.
enum Selected {
    No,
    Plain,
    /// With fields of the related records.
    Nested,
}

fn selected(selection: &Selection, field: &FieldName) -> Selected {
    let mut result = Selected::No;
    for item in &selection.items {
        match item {
            SelectionItem::Except(name) if name == field => return Selected::No,
            SelectionItem::Field { name, nested } if name == field => {
                return if nested.is_some() { Selected::Nested } else { Selected::Plain };
            }
            SelectionItem::All | SelectionItem::Except(_) => result = Selected::Plain,
            SelectionItem::Field { .. } => {}
        }
    }
    result
}

/// The schema of a relation whose related records are part of the response.
fn nested_schema(field: &FieldDescription, empty: EmptyFormat) -> Value {
    let record = reference(RELATED_RECORD);
    if field.kind.is_x2many() { json!({"type": "array", "items": record}) } else { or_empty(record, empty) }
}
