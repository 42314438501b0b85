//! The description of a model for people and programs: labels, help texts, types, and the user's access rights.
//!
//! In: a user, a model, a language. Out: the parts of a [`ModelDescription`]. Must not know: scopes, dialects, how long
//! the parts are valid. Planning uses a [`Schema`] instead, which is the same in every language and is parsed from the
//! same response.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::client::OdooClient;
use super::fetch_schema::{self, FieldsGet, fetch_attributes};
use super::user::OdooUser;
use crate::error::Problem;
use crate::names::{FieldName, MethodName, ModelName};
use crate::plan::model_schema::{self, FieldType, Schema};
use crate::plan::{AccessOperation, Call, Effect, VersionNumber, access_check};
use crate::value::{Member, Value};

/// The attributes of a field, in addition to those of a schema. `states` exists before Odoo 17: the states of a record
/// in which a field that is otherwise read-only can be written.
const ATTRIBUTES: [&str; 4] = ["string", "help", "readonly", "states"];

/// A model as one user sees it, in one language. The parts that do not depend on the language are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDescription {
    /// The model.
    pub model: ModelName,
    /// The user's access rights.
    pub rights: ModelRights,
    /// The fields, in the server's order.
    pub fields: Arc<[FieldDescription]>,
    /// The fields that a new record is known to need from the client: Odoo requires them and has no default.
    pub needed: Arc<BTreeSet<FieldName>>,
}

/// A right of Odoo's access control, other than to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteRight {
    /// To create records.
    Create,
    /// To change records.
    Update,
    /// To delete records.
    Delete,
}

/// The access rights of a user who may read the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelRights {
    /// Whether the user may create records.
    pub create: bool,
    /// Whether the user may change records.
    pub update: bool,
    /// Whether the user may delete records.
    pub delete: bool,
}

/// A field as one user sees it, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDescription {
    /// The name.
    pub name: FieldName,
    /// The type.
    pub kind: FieldType,
    /// The type as Odoo calls it. Several of them can share one [`FieldType`].
    pub odoo_type: String,
    /// The label.
    pub label: String,
    /// The help text; empty if the field has none.
    pub help: String,
    /// Whether no record is without a value, because the database guarantees it.
    pub is_never_empty: bool,
    /// Whether clients cannot write the field.
    pub is_read_only: bool,
    /// Whether the database stores it.
    pub is_stored: bool,
    /// Whether a new record needs a value from the client unless Odoo has a default.
    pub may_be_needed: bool,
    /// The related model.
    pub relation: Option<ModelName>,
    /// The keys of a selection, each with its label; `None` if they are unknown or not strings.
    pub selection: Option<Vec<(String, String)>>,
}

/// Fetches the fields of a model, and its schema, which is a part of the same response.
///
/// # Errors
/// If the model does not exist, or Odoo does not respond.
pub(super) async fn fetch_fields(
    client: &OdooClient,
    user: &OdooUser,
    model: &ModelName,
    lang: &str,
) -> Result<(Arc<[FieldDescription]>, Schema), Problem> {
    let context: &[Member<'static>] = &[("lang".into(), lang.to_owned().into())];
    let context = if lang.is_empty() { &[] } else { context };
    let attributes: Vec<&str> = model_schema::ATTRIBUTES.into_iter().chain(ATTRIBUTES).collect();
    let response = fetch_attributes(client, user, FieldsGet { model, attributes: &attributes, context }).await?;
    let links = delegation_links(&response);
    let parse = |(name, attributes): &Member<'_>| {
        let mut field = FieldDescription::parse(name, attributes)?;
        // Odoo creates the record of the other model together with the new record.
        field.may_be_needed &= !links.contains(field.name.as_str());
        Some(field)
    };
    let mut fields: Vec<FieldDescription> = response.iter().filter_map(parse).collect();
    let schema = fetch_schema::parse(model, response)?;
    add_aliases(&mut fields, &schema);
    Ok((fields.into(), schema))
}

/// Describes the names of fields that Odoo does not know, but that the gateway accepts and returns.
fn add_aliases(fields: &mut Vec<FieldDescription>, schema: &Schema) {
    let aliases = schema.fields().filter_map(|(name, field)| {
        let named = fields.iter().find(|named| Some(named.name.as_str()) == field.alias_of)?;
        Some(FieldDescription { name: name.clone(), ..named.clone() })
    });
    let aliases: Vec<FieldDescription> = aliases.collect();
    fields.extend(aliases);
}

/// Asks Odoo whether a user has a right on a model; without one, whether the user may read it.
///
/// # Errors
/// If the model does not exist, or Odoo does not respond.
pub(super) async fn fetch_right(
    client: &OdooClient,
    user: &OdooUser,
    model: &ModelName,
    right: Option<WriteRight>,
    version: VersionNumber,
) -> Result<bool, Problem> {
    let operation = match right {
        None => AccessOperation::Read,
        Some(WriteRight::Create) => AccessOperation::Create,
        Some(WriteRight::Update) => AccessOperation::Write,
        Some(WriteRight::Delete) => AccessOperation::Unlink,
    };
    let call = access_check(model, operation, &[], version);
    let reply = client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
    Ok(reply.is_none() || reply.value()? == Value::Bool(true))
}

/// Asks Odoo which fields of a new record have no default. Calls Odoo only if a field may be needed.
///
/// # Errors
/// If Odoo does not respond.
pub(super) async fn fetch_needed(
    client: &OdooClient,
    user: &OdooUser,
    model: &ModelName,
    fields: &[FieldDescription],
) -> Result<BTreeSet<FieldName>, Problem> {
    let candidates = || fields.iter().filter(|field| field.may_be_needed).map(|field| &field.name);
    if candidates().next().is_none() {
        return Ok(BTreeSet::new());
    }
    let names: Value<'static> = candidates().map(|name| Value::from(name.as_str().to_owned())).collect();
    let call = read_call(model, MethodName::from_static("default_get"), vec![names]);
    let defaults = match client.execute_kw(user, &call).await {
        Ok(reply) => default_names(&reply.value()?),
        // The defaults are unknown, so nothing can be called needed.
        Err(error) if error.may_be_field_specific() => None,
        Err(error) => return Err(error.into_call_problem(&call)),
    };
    let has_no_default = |name: &&FieldName| defaults.as_ref().is_some_and(|names| !names.contains(name.as_str()));
    Ok(candidates().filter(has_no_default).cloned().collect())
}

fn default_names(defaults: &Value<'_>) -> Option<HashSet<String>> {
    Some(defaults.as_map()?.iter().map(|(name, _)| name.to_string()).collect())
}

fn read_call(model: &ModelName, method: MethodName, args: Vec<Value<'static>>) -> Call {
    Call { model: model.clone(), method, args, kwargs: Vec::new(), effect: Effect::Read }
}

/// The many2one fields through which the model delegates (`_inherits`): at least two fields mirror a field of the same
/// name through them. A single one is an ordinary related field.
fn delegation_links(fields: &[Member<'_>]) -> HashSet<String> {
    let mirrors = fields.iter().filter_map(|(name, attributes)| {
        let path = related_path(attributes)?;
        let (link, mirrored) = path.split_once('.')?;
        (mirrored == name).then(|| link.to_owned())
    });
    let mut counts: HashMap<String, usize> = HashMap::new();
    mirrors.for_each(|link| *counts.entry(link).or_default() += 1);
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(link, _)| link).collect()
}

/// The path of a related field. Until Odoo 15 it is a list of its steps.
fn related_path(attributes: &Value<'_>) -> Option<String> {
    let related = attributes.get("related")?;
    let steps = |steps: &[Value<'_>]| steps.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(".");
    related.as_text().map(str::to_owned).or_else(|| related.as_list().map(steps)).filter(|path| !path.is_empty())
}

impl FieldDescription {
    /// `None` for a name outside the grammar, which no client could send, or without a type.
    fn parse(name: &str, attributes: &Value<'_>) -> Option<Self> {
        let text = |key| attributes.get(key).and_then(Value::as_text);
        let flag = |key| attributes.get(key) == Some(&Value::Bool(true));
        let odoo_type = text("type")?;
        let (kind, is_stored) = (FieldType::parse(odoo_type), flag("store"));
        // A list of related records can be empty although the form of Odoo requires one.
        let is_never_empty = flag("required") && is_stored && !flag("company_dependent") && !kind.is_x2many();
        // Odoo computes some required numbers without naming what from. One that is really missing is its error 422.
        let is_number =
            matches!(kind, FieldType::Boolean | FieldType::Integer | FieldType::Float | FieldType::Monetary);
        // Odoo tells defaults only by running them, and that of a reference number takes the next number of a sequence.
        // A number is text that is not translated, so the need of such a field remains unknown.
        let may_be_numbered = matches!(kind, FieldType::Char | FieldType::Text) && !flag("translate");
        let is_read_only = flag("readonly") && !is_writable_in_a_state(attributes);
        let depends = attributes.get("depends").and_then(Value::as_list);
        let is_derived = depends.is_some_and(|depends| !depends.is_empty()) || related_path(attributes).is_some();
        Some(Self {
            name: FieldName::parse(name).ok()?,
            kind,
            odoo_type: odoo_type.to_owned(),
            label: text("string").unwrap_or(name).to_owned(),
            help: text("help").unwrap_or_default().trim().to_owned(),
            is_never_empty,
            is_read_only,
            is_stored,
            may_be_needed: is_never_empty && !is_number && !may_be_numbered && !is_read_only && !is_derived,
            relation: text("relation").and_then(|model| ModelName::parse(model).ok()),
            selection: attributes.get("selection").and_then(parse_selection),
        })
    }

    /// The approximate size in memory, in bytes.
    fn size(&self) -> usize {
        let selection = self.selection.iter().flatten().map(|(key, label)| key.len() + label.len() + 48);
        256 + self.name.as_str().len() + self.label.len() + self.help.len() + selection.sum::<usize>()
    }
}

/// The approximate size of fields in memory, in bytes.
pub(super) fn size(fields: &[FieldDescription]) -> u64 {
    fields.iter().map(|field| u64::try_from(field.size()).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
}

/// Whether `states` lifts `readonly` in some state of a record: `{"draft": [("readonly", False)]}`.
fn is_writable_in_a_state(attributes: &Value<'_>) -> bool {
    let lifts = |modifier: &Value<'_>| matches!(modifier.as_list(), Some([name, Value::Bool(false)]) if name.as_text() == Some("readonly"));
    let states = attributes.get("states").and_then(Value::as_map).unwrap_or_default();
    states.iter().any(|(_, modifiers)| modifiers.as_list().unwrap_or_default().iter().any(lifts))
}

fn parse_selection(selection: &Value<'_>) -> Option<Vec<(String, String)>> {
    let option = |pair: &Value<'_>| match pair.as_list()? {
        [key, label] => Some((key.as_text()?.to_owned(), label.as_text().unwrap_or_default().to_owned())),
        _ => None,
    };
    selection.as_list()?.iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(attributes: Vec<Member<'static>>) -> FieldDescription {
        FieldDescription::parse("x", &Value::Map(attributes)).unwrap()
    }

    fn pair(one: &'static str, other: Value<'static>) -> Value<'static> {
        Value::List(vec![one.into(), other])
    }

    #[test]
    fn a_field_that_some_state_makes_writable_is_not_read_only() {
        let read_only = |states: Option<Value<'static>>| {
            let mut attributes = vec![("type".into(), "char".into()), ("readonly".into(), Value::Bool(true))];
            attributes.extend(states.map(|states| ("states".into(), states)));
            parse(attributes).is_read_only
        };
        let states = |value| Value::Map(vec![("draft".into(), Value::List(vec![pair("readonly", value)]))]);
        assert!(read_only(None) && read_only(Some(states(Value::Bool(true)))));
        assert!(!read_only(Some(states(Value::Bool(false)))));
    }

    #[test]
    fn a_value_is_needed_if_odoo_neither_computes_nor_forbids_it() {
        let needed = |more: Vec<Member<'static>>| {
            let mut attributes = more;
            attributes.extend(["required", "store"].map(|key| (key.into(), Value::Bool(true))));
            attributes.push(("type".into(), "many2one".into()));
            parse(attributes).may_be_needed
        };
        assert!(needed(Vec::new()));
        assert!(!needed(vec![("readonly".into(), Value::Bool(true))]));
        assert!(!needed(vec![("depends".into(), Value::List(vec!["partner_id".into()]))]));
        assert!(!needed(vec![("related".into(), "partner_id.name".into())]));
        assert!(!needed(vec![("company_dependent".into(), Value::Bool(true))]));
        assert!(!needed(vec![("type".into(), "one2many".into())]));
    }

    #[test]
    fn text_that_a_sequence_may_number_is_not_needed_so_its_default_is_not_run() {
        let needed = |kind: &'static str, translate: bool| {
            let flags = [("required", true), ("store", true), ("translate", translate)];
            let mut attributes: Vec<Member<'static>> =
                flags.map(|(key, flag)| (key.into(), Value::Bool(flag))).to_vec();
            attributes.push(("type".into(), kind.into()));
            parse(attributes).may_be_needed
        };
        assert!(!needed("char", false) && !needed("text", false));
        assert!(needed("char", true), "the name of a product");
        assert!(needed("many2one", false));
    }

    #[test]
    fn a_model_delegates_through_a_link_that_several_fields_mirror() {
        let related = |name: &'static str, path: &'static str| -> Member<'static> {
            (name.into(), Value::Map(vec![("related".into(), path.into())]))
        };
        let user = [related("name", "partner_id.name"), related("email", "partner_id.email")];
        assert_eq!(delegation_links(&user), HashSet::from(["partner_id".to_owned()]));
        let steps = Value::List(vec!["partner_id".into(), "email".into()]);
        let listed: Member<'static> = ("email".into(), Value::Map(vec![("related".into(), steps)]));
        assert_eq!(delegation_links(&[related("name", "partner_id.name"), listed]).len(), 1, "Odoo 14");
        let order = [related("email", "partner_id.email"), related("currency_id", "company_id.currency")];
        assert_eq!(delegation_links(&order), HashSet::new());
    }

    #[test]
    fn a_selection_has_labels_unless_its_keys_are_not_strings() {
        let selection = |key: Value<'static>| {
            let options = Value::List(vec![Value::List(vec![key, "Draft".into()])]);
            parse(vec![("type".into(), "selection".into()), ("selection".into(), options)]).selection
        };
        assert_eq!(selection("draft".into()), Some(vec![("draft".to_owned(), "Draft".to_owned())]));
        assert_eq!(selection(Value::Int(1)), None);
    }
}
