//! What is counted: the steps of a request that need no I/O.
//!
//! In: nothing. Out: [`Unit`]s, with everything prepared that a request does not do itself. Must not know: how they
//! are counted.
//!
//! `warm_read` composes the steps of a read whose metadata is cached: fields, plan, call, response, shape, JSON. It
//! does not contain HTTP, the credential, and the transport, which `make bench` measures as processor time.

use std::sync::Arc;

use odoo_gateway::language::domain::Domain;
use odoo_gateway::language::lists::parse_names;
use odoo_gateway::language::literal::{Limits, parse_json};
use odoo_gateway::language::order::Order;
use odoo_gateway::names::{FieldName, ModelName, RecordId};
use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;
use odoo_gateway::odoo::xmlrpc::writer::CallWriter;
use odoo_gateway::odoo::{Outcome as OdooOutcome, RecordSource, Records, RelatedRecords};
use odoo_gateway::plan::model_schema::Schema;
use odoo_gateway::plan::{
    Action, Column, Columns, FieldSet, Intent, Many2oneDisplay, Metadata, Plan, RequestedContext, Scope, UserDefaults,
    VersionNumber, Window, plan,
};
use odoo_gateway::shape::{Style, shape};
use odoo_gateway::value::{Member, Value};

use super::Outcome;
use super::odoo_text::{record, response_with};

/// Something that is executed repeatedly.
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    /// How often it is executed for one count.
    pub(crate) times: u64,
    /// Returns something that depends on all of the work, so that nothing is optimized away.
    pub(crate) work: Work,
}

type Work = Box<dyn FnMut() -> Outcome<usize>>;

const MODEL: &str = "res.partner";
const FIELDS: &str =
    "['name','email','phone','street','country_id','category_id','active','credit_limit','write_date']";
const SCOPE: &str = r#"[{"models": "res.partner", "operations": ["read"], "fields": {"except": ["comment"]}},
                        {"models": "res.country", "operations": ["read"]},
                        {"models": "res.partner.category", "operations": ["read"]}]"#;
const DOMAIN: &str = "[('active','=',True),'|',('email','ilike','example.com'),('name','=like','Contact%')]";

/// All units.
pub(crate) fn units() -> Outcome<Vec<Unit>> {
    let unit = |name, times, work| Unit { name, times, work };
    Ok(vec![
        unit("decode_1_record", 500, decode(1)),
        unit("decode_1000_records", 3, decode(1000)),
        unit("plan_list", 200, plan_list()?),
        unit("plan_read", 200, plan_read()?),
        unit("shape_1000_records", 3, shape_many()?),
        unit("parse_json_body", 20, json_body()),
        unit("warm_read", 200, warm_read()?),
    ])
}

fn records(number: i64) -> Vec<Value<'static>> {
    (1..=number).map(record).collect()
}

fn decoded(text: &str) -> Outcome<Value<'_>> {
    match response::parse(text)? {
        RpcResponse::Result(value) => Ok(value),
        RpcResponse::Fault(_) => Err("a fault".into()),
    }
}

/// XML-RPC text into values.
fn decode(number: i64) -> Work {
    let text = response_with(&records(number).into());
    Box::new(move || Ok(decoded(&text)?.as_list().map_or(0, <[Value<'_>]>::len)))
}

/// A domain, an order and a window, with a scope. The intent is cloned, as far as a plan consumes it.
fn plan_list() -> Outcome<Work> {
    let domain = Domain::parse(DOMAIN, Limits::query()).map_err(|error| format!("{error:?}"))?.into_owned();
    let order = Order::parse("name desc, id", Limits::query()).map_err(|error| format!("{error:?}"))?;
    let window = Window { offset: 0, limit: Some(80), order: Some(order) };
    let action =
        Action::List { domain, filters: Vec::new(), window, fields: FieldSet::Named(fields()?), with_total: false };
    let (intent, planning) = (intent(action)?, Planning::new()?);
    Ok(Box::new(move || planning.plan(intent.clone()).map(|plan| size_of_val(&plan))))
}

fn plan_read() -> Outcome<Work> {
    let action = Action::ReadOne { id: RecordId::new(1).ok_or("an id")?, fields: FieldSet::Named(fields()?) };
    let (intent, planning) = (intent(action)?, Planning::new()?);
    Ok(Box::new(move || planning.plan(intent.clone()).map(|plan| size_of_val(&plan))))
}

/// Records into the bytes of a JSON list.
fn shape_many() -> Outcome<Work> {
    let outcome = outcome(records(1000), &columns()?, false);
    Ok(Box::new(move || to_json(&outcome)))
}

fn outcome(records: Vec<Value<'static>>, columns: &Columns, one: bool) -> OdooOutcome {
    OdooOutcome::Records(Records {
        source: RecordSource::Assembled(records),
        requested: None,
        columns: columns.clone(),
        omitted: Vec::new(),
        one,
        total: None,
        related: RelatedRecords::Nothing,
    })
}

fn to_json(outcome: &OdooOutcome) -> Outcome<usize> {
    let shaped = shape(outcome, MODEL, Style::default())?;
    Ok(odoo_gateway::shape::to_json(&shaped.into_value())?.len())
}

/// The body of a request that creates 100 records.
fn json_body() -> Work {
    let body = serde_json::json!({ "args": [records(100)], "kwargs": {} }).to_string();
    Box::new(move || {
        let value = parse_json(&body, Limits::trusted()).map_err(|error| format!("{error:?}"))?;
        Ok(value.as_map().map_or(0, <[Member<'_>]>::len))
    })
}

fn warm_read() -> Outcome<Work> {
    let (planning, columns, text) = (Planning::new()?, columns()?, response_with(&records(1).into()));
    let id = RecordId::new(1).ok_or("an id")?;
    Ok(Box::new(move || {
        let action = Action::ReadOne { id, fields: FieldSet::Named(fields()?) };
        let plan = planning.plan(intent(action)?)?;
        let names = columns.requested().map(Value::from).collect();
        let call = CallWriter::new("execute_kw")
            .param("database", &"odoo".into())?
            .param("user", &Value::Int(2))?
            .param("password", &"secret".into())?
            .param("model", &MODEL.into())?
            .param("method", &"read".into())?
            .param("arguments", &Value::List(vec![Value::List(vec![Value::Int(id.get())]), names]))?
            .finish();
        let Value::List(records) = decoded(&text)?.into_owned() else { return Err("no list".into()) };
        Ok(to_json(&outcome(records, &columns, true))? + call.len() + size_of_val(&plan))
    }))
}

fn intent(action: Action) -> Outcome<Intent> {
    Ok(Intent {
        model: ModelName::parse(MODEL)?,
        action,
        many2one_display: Many2oneDisplay::Named,
        domain_parameter: "domain",
    })
}

fn fields() -> Outcome<Vec<FieldName>> {
    let names = parse_names(FIELDS, Limits::query()).map_err(|error| format!("{error:?}"))?.unwrap_or_default();
    Ok(names.iter().map(|name| FieldName::parse(name)).collect::<Result<_, _>>()?)
}

/// What planning needs, with everything cached.
struct Planning {
    context: RequestedContext,
    scope: Scope,
    metadata: CachedMetadata,
}

impl Planning {
    fn new() -> Outcome<Self> {
        let scope = Scope::from_json(SCOPE).map_err(|error| format!("{error:?}"))?;
        Ok(Self { context: RequestedContext::default(), scope, metadata: CachedMetadata::new()? })
    }

    fn plan(&self, mut intent: Intent) -> Outcome<Plan> {
        Ok(plan(&mut intent, &self.context, &self.scope, &self.metadata).map_err(|error| format!("{error:?}"))?)
    }
}

/// The metadata of an Odoo 19 with partners.
struct CachedMetadata {
    partner: Arc<Schema>,
}

impl CachedMetadata {
    fn new() -> Outcome<Self> {
        let schema = Schema::from_fields_get(ModelName::parse(MODEL)?, &fields_get());
        Ok(Self { partner: Arc::new(schema.ok_or("not a schema")?) })
    }
}

impl Metadata for CachedMetadata {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        (model.as_str() == MODEL).then(|| self.partner.clone())
    }

    fn default_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("complete_name ASC, id DESC".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Some(["en_US".to_owned()].into())
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(19, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Some(UserDefaults { lang: Some("en_US".to_owned()), tz: Some("Europe/Brussels".to_owned()) })
    }
}

/// The types of the fields, with the relations.
const TYPES: [(&str, &str, Option<&str>); 13] = [
    ("id", "integer", None),
    ("name", "char", None),
    ("complete_name", "char", None),
    ("email", "char", None),
    ("phone", "char", None),
    ("street", "char", None),
    ("comment", "html", None),
    ("country_id", "many2one", Some("res.country")),
    ("category_id", "many2many", Some("res.partner.category")),
    ("active", "boolean", None),
    ("credit_limit", "float", None),
    ("create_date", "datetime", None),
    ("write_date", "datetime", None),
];

/// As Odoo describes the fields.
fn fields_get() -> Value<'static> {
    let field = |(name, kind, relation): (&'static str, &'static str, Option<&'static str>)| -> Member<'static> {
        let mut attributes: Vec<Member<'static>> = vec![("type".into(), kind.into()), ("store".into(), true.into())];
        attributes.extend(relation.map(|model| ("relation".into(), model.into())));
        (name.into(), Value::Map(attributes))
    };
    Value::Map(TYPES.into_iter().map(field).collect())
}

/// The columns of [`record`]: those of its fields, in their order.
fn columns() -> Outcome<Columns> {
    let schema = CachedMetadata::new()?.partner;
    let mut visible = Vec::new();
    for (name, _) in record(1).as_map().unwrap_or_default() {
        let (name, field) = schema.entry(name).ok_or("no such field")?;
        visible.push(Column { name: name.clone(), kind: field.kind, nested: None, alias_of: None });
    }
    Ok(Columns { visible, named: true, existence_column: None })
}
