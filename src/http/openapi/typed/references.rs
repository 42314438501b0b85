//! References to schemas, and the schemas that all models share.
//!
//! In: names. Out: JSON schemas. Must not know: models, fields.

use serde_json::{Value, json};

/// `[7, "Azure"]`
pub(super) const MANY2ONE_PAIR: &str = "Many2onePair";
/// `{"id": 7, "name": "Azure"}`
pub(super) const MANY2ONE_OBJECT: &str = "Many2oneObject";
/// `{"id": "10", "name": "10"}`, from models whose ids Odoo makes from texts
pub(super) const TEXT_ID_OBJECT: &str = "Many2oneTextIdObject";
/// A property of a record: its definition and its value.
pub(super) const PROPERTY: &str = "RecordProperty";
/// The values of properties by name.
pub(super) const PROPERTY_VALUES: &str = "PropertyValues";
/// An object with any members, such as the tax totals of an order.
pub(super) const STRUCTURE: &str = "Structure";
/// A related record in a configured shape.
pub(super) const RELATED_RECORD: &str = "RelatedRecord";
/// `[4, 7]`
pub(super) const ODOO_COMMAND: &str = "OdooCommand";
/// `{"link": [7]}` for a model that the document does not describe.
pub(super) const RELATION_COMMANDS: &str = "RelationCommands";

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object with any members.
fn any_object(description: &str) -> Value {
    json!({"type": "object", "description": description, "additionalProperties": true})
}

/// The schemas that all models share, each with its name. Objects among alternatives are here, because generators name
/// those without a name after their position: `Type0`.
pub(super) fn shared_schemas() -> [(&'static str, Value); 9] {
    let display_name = json!({"anyOf": [{"type": "string"}, {"type": "boolean", "const": false}]});
    [
        (PROPERTY, any_object("A property of a record: its definition and its value.")),
        (PROPERTY_VALUES, any_object("The values of properties by name.")),
        (STRUCTURE, any_object("An object that Odoo computes.")),
        (RELATED_RECORD, any_object("A related record with the configured fields.")),
        (
            TEXT_ID_OBJECT,
            json!({
                "type": "object",
                "description": "A related record whose id can be text: its id and its display name.",
                "required": ["id"],
                "properties": {
                    "id": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                    "name": {"type": "string"},
                },
            }),
        ),
        (
            MANY2ONE_PAIR,
            json!({
                "type": "array",
                "description": "A related record: its id and its display name.",
                "prefixItems": [{"type": "integer"}, display_name],
                "items": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "boolean"}]},
                "minItems": 2,
                "maxItems": 2,
            }),
        ),
        (
            MANY2ONE_OBJECT,
            json!({
                "type": "object",
                "description": "A related record: its id and its display name.",
                "required": ["id"],
                "properties": {"id": {"type": "integer"}, "name": display_name},
            }),
        ),
        (
            ODOO_COMMAND,
            json!({
                "type": "array",
                "description": "A command of Odoo: `[0, 0, {…}]` creates, `[1, id, {…}]` updates, `[2, id]` deletes, \
                    `[3, id]` unlinks, `[4, id]` links, `[5]` clears, `[6, 0, [ids]]` sets the linked records.",
                "items": {},
                "minItems": 1,
                "maxItems": 3,
            }),
        ),
        (RELATION_COMMANDS, commands_schema(None, None)),
    ]
}

/// The schema of named commands. `create` and `update` are the schemas of the values, if the document has them.
pub(super) fn commands_schema(create: Option<Value>, update: Option<Value>) -> Value {
    let any_values = || json!({"type": "object", "additionalProperties": true});
    let values = |schema: Option<Value>| schema.unwrap_or_else(any_values);
    let ids = |description: &str| json!({"type": "array", "items": {"type": "integer"}, "description": description});
    json!({
        "type": "object",
        "description": "Changes of the linked records.",
        "additionalProperties": false,
        "properties": {
            "create": {"type": "array", "items": values(create), "description": "Creates records and links them."},
            "update": {
                "type": "object",
                "additionalProperties": values(update),
                "description": "Updates linked records: values by id.",
            },
            "link": ids("Links records."),
            "unlink": ids("Unlinks records."),
            "delete": ids("Deletes records."),
            "set": ids("Links exactly these records."),
            "clear": {"type": "boolean", "description": "Unlinks all records if it is true."},
        },
    })
}
