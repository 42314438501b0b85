//! `docs/guides/odoo-versions.md`: each row of its tables is a request, which is sent to every Odoo that can be run.
//!
//! The tables are the expected values: a cell must state what the request returns. The columns 15 to 18 cannot be
//! checked, nor can the column 20 of the rows about fields: the stand-in has the fields of Odoo 19.

use odoo_gateway::language::literal::{Limits, parse};
use serde_json::{Value, json};

use crate::credentials::new_key_of;
use crate::support::{Client, Gateway, Response, Version, testbed, unique};

const PAGE: &str = include_str!("../../docs/guides/odoo-versions.md");
const VERSIONS: [(Version, usize); 3] = [(Version::Odoo14, 1), (Version::Odoo19, 6), (Version::Odoo20, 7)];
/// The columns of a table: the request, seven versions, the hint.
const COLUMNS: usize = 9;

/// How a row is checked.
#[derive(Debug, Clone, Copy)]
enum Probe {
    /// A method of a model with these arguments, over `restapi`.
    Method(&'static str, &'static str, &'static str),
    /// The same with named arguments, over JSON-2.
    Json2(&'static str, &'static str, &'static str),
    /// The same with arguments by position and by name, over JSON-RPC.
    Rpc(&'static str, &'static str, &'static str, &'static str),
    /// A condition of a domain on a model, over `restapi`.
    Condition(&'static str, &'static str),
    /// A field of a model.
    Field(&'static str, &'static str),
    /// A field of a record, or of a list of all fields, over `restapi`.
    Binary { named: bool },
    /// The number of records that a search with this limit finds, over JSON-RPC.
    Found(&'static str),
    /// What a copy returns, over `restapi` or JSON-2.
    Copied { json2: bool },
    /// A bearer token that Odoo issued.
    OdooKey,
}

use Probe::{Binary, Condition, Copied, Field, Found, Json2, Method, OdooKey, Rpc};

const CATEGORY: &str = "res.partner.category";
const GROUPS: &str = "{'domain': [], 'groupby': ['is_company'], 'aggregates': ['__count']}";
const EVERYWHERE: &str =
    "('name', '=?', False), ('name', '=like', 'a%'), ('id', 'child_of', [1]), ('id', 'parent_of', [1])";
const FORM: &str = "{'values': {}, 'field_names': [], 'fields_spec': {'name': {}}}";

/// The rows of the page, in its order.
const ROWS: &[(&str, Probe)] = &[
    ("`read_group`", Method("res.partner", "read_group", "[[], ['id:count'], ['is_company']]")),
    ("`formatted_read_group`", Method("res.partner", "formatted_read_group", "[[], ['is_company'], ['__count']]")),
    ("`web_read`", Method("res.partner", "web_read", "[[1], {'name': {}}]")),
    ("`web_search_read` with a specification", Method("res.country", "web_search_read", "[[], {'name': {}}, 0, 1]")),
    ("`onchange` with a specification", Method(CATEGORY, "onchange", "[[], {}, [], {'name': {}}]")),
    ("`name_get`", Method("res.partner", "name_get", "[[1]]")),
    ("`web_name_search`", Method("res.country", "web_name_search", "['Belg', {'display_name': {}}]")),
    ("`check_access_rights`", Method("res.partner", "check_access_rights", "['read', False]")),
    ("`has_access`", Method("res.partner", "has_access", "[[], 'read']")),
    ("`toggle_active`", Method(CATEGORY, "toggle_active", "[[]]")),
    ("`action_archive`", Method(CATEGORY, "action_archive", "[[]]")),
    ("`fields_view_get`", Method("res.partner", "fields_view_get", "[]")),
    ("`get_view`", Method("res.partner", "get_view", "[]")),
    ("`ir.config_parameter.get_param`", Method("ir.config_parameter", "get_param", "['web.base.url']")),
    ("`search_count` with a limit", Method("res.country", "search_count", "[[], 5]")),
    ("`copy` returns", Copied { json2: false }),
    ("`formatted_read_group` (JSON-2)", Json2("res.partner", "formatted_read_group", GROUPS)),
    ("`onchange` with a specification (JSON-2)", Json2(CATEGORY, "onchange", FORM)),
    ("`has_access` without ids (JSON-2)", Json2("res.partner", "has_access", "{'operation': 'read'}")),
    ("`name_search` with a domain (JSON-2)", Json2("res.country", "name_search", "{'domain': [], 'limit': 1}")),
    ("`search_count` with a limit (JSON-2)", Json2("res.country", "search_count", "{'domain': [], 'limit': 5}")),
    ("`web_read` (JSON-2)", Json2("res.partner", "web_read", "{'ids': [1], 'specification': {'name': {}}}")),
    ("`copy` returns (JSON-2)", Copied { json2: true }),
    ("`search` with `limit=0` (RPC)", Found("{'limit': 0}")),
    ("`read` of the id 0 (RPC)", Rpc("res.country", "read", "[[0], ['name']]", "{}")),
    ("A language that is not installed (RPC)", Rpc("res.country", "search", "[[]]", "{'context': {'lang': 'xx_XX'}}")),
    ("An Odoo API key alone, as a bearer token", OdooKey),
    ("`=?`, `=like`, `child_of`, `parent_of`", Condition("res.partner", EVERYWHERE)),
    ("`any`, `not any`", Condition("res.partner", "('child_ids', 'any', [('id', '>', 0)])")),
    ("`not =like`, `not =ilike`", Condition("res.partner", "('name', 'not =like', 'a%')")),
    ("A part of a date: `date.month_number`", Condition("res.partner", "('create_date.month_number', '=', 5)")),
    ("`access`", Condition("res.partner", "('parent_id', 'access', 'read')")),
    ("A binary field that is named", Binary { named: true }),
    ("A binary field in a list of all fields", Binary { named: false }),
    ("`res.users.groups_id`", Field("res.users", "groups_id")),
    ("`res.users.group_ids`", Field("res.users", "group_ids")),
    ("`res.partner.mobile`", Field("res.partner", "mobile")),
    ("`res.partner.company_type`", Field("res.partner", "company_type")),
    ("`res.partner.bank.acc_number`", Field("res.partner.bank", "acc_number")),
    ("`sale.order.line.tax_id`", Field("sale.order.line", "tax_id")),
    ("`sale.order.line.tax_ids`", Field("sale.order.line", "tax_ids")),
    ("`sale.order.line.product_uom`", Field("sale.order.line", "product_uom")),
    ("`sale.order.line.product_uom_id`", Field("sale.order.line", "product_uom_id")),
    ("`__last_update`", Field("res.partner", "__last_update")),
];

impl Probe {
    /// Whether the stand-in for Odoo 20 can tell.
    fn can_be_checked(self, version: Version) -> bool {
        version != Version::Odoo20 || !matches!(self, Field(..))
    }
}

/// A caller of one Odoo: an administrator of it.
struct Prober {
    client: Client,
    bearer: Client,
    key: String,
    version: Version,
}

impl Prober {
    async fn new(gateway: &Gateway, version: Version) -> Self {
        let new_key = new_key_of(version.database(), &unique("versions"), "admin", "admin");
        let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
        let client = gateway.client().with_header("api-key", key.expose());
        let bearer = gateway.client().with_header("authorization", &format!("Bearer {}", testbed().api_key(version)));
        Self { client, bearer: bearer.on(version), key: key.expose().to_owned(), version }
    }

    /// The cell that states what the request returns.
    async fn cell(&self, probe: Probe) -> String {
        match probe {
            Method(model, method, args) => rest_cell(&self.call(model, method, &tree(args)).await),
            Json2(model, method, arguments) => {
                let response = self.json2(model, method, &tree(arguments)).await;
                if response.status == 200 { "yes".to_owned() } else { response.status.to_string() }
            }
            Rpc(model, method, args, kwargs) => match self.rpc(model, method, args, kwargs).await {
                Ok(_) => "yes".to_owned(),
                Err(exception) => format!("`{exception}`"),
            },
            Found(kwargs) => {
                let found = self.rpc("res.country", "search", "[[]]", kwargs).await.unwrap();
                if found.as_array().unwrap().is_empty() { "nothing" } else { "all records" }.to_owned()
            }
            Condition(model, condition) => {
                let domain = format!("[{condition}]");
                let path = format!("/restapi/1.0/object/{model}/search_count");
                rest_cell(&self.client.get(&path, &[("domain", &domain)]).await)
            }
            Field(model, field) => {
                let fields = self.call(model, "fields_get", &json!([[field], ["type"]])).await.ok();
                if fields["return"].get(field).is_some() { "yes" } else { "no" }.to_owned()
            }
            Binary { named } => self.binary(named).await,
            Copied { json2 } => self.copy(json2).await,
            OdooKey => rest_cell(&self.bearer.get("/restapi/1.0/object/res.partner/search_count", &[]).await),
        }
    }

    async fn call(&self, model: &str, method: &str, args: &Value) -> Response {
        self.client.post(&format!("/restapi/1.0/object/{model}/{method}"), &json!({"args": args})).await
    }

    async fn json2(&self, model: &str, method: &str, arguments: &Value) -> Response {
        self.client.post(&format!("/json/2/{model}/{method}"), arguments).await
    }

    /// The result, or the class of the exception.
    async fn rpc(&self, model: &str, method: &str, args: &str, kwargs: &str) -> Result<Value, String> {
        let args = json!([self.version.database(), 2, self.key, model, method, tree(args), tree(kwargs)]);
        let params = json!({"service": "object", "method": "execute_kw", "args": args});
        let body = self.client.post("/jsonrpc", &json!({"params": params, "id": 1})).await.ok();
        match body["error"]["data"]["name"].as_str() {
            Some(exception) => Err(exception.to_owned()),
            None => Ok(body["result"].clone()),
        }
    }

    /// The picture of the administrator, who has one in the demo data of every version.
    async fn binary(&self, named: bool) -> String {
        let mut query = vec![("domain", "[('image_128', '!=', False), ('id', '=', 3)]")];
        query.extend(named.then_some(("fields", "image_128")));
        let records = self.client.get("/restapi/1.0/object/res.partner", &query).await.ok();
        let records = records.as_object().unwrap().values().next().unwrap();
        match records[0]["image_128"].as_str() {
            Some(text) if text.len() > 100 => "the content".to_owned(),
            Some(text) if text.ends_with('b') || text.ends_with("bytes") => "the size".to_owned(),
            other => format!("{other:?}"),
        }
    }

    async fn copy(&self, json2: bool) -> String {
        let created = self.call(CATEGORY, "create", &json!([{"name": unique("versions")}])).await.ok();
        let id = created["return"].as_i64().unwrap();
        let copied = if json2 {
            self.json2(CATEGORY, "copy", &json!({"ids": [id]})).await.ok()
        } else {
            self.call(CATEGORY, "copy", &json!([[id]])).await.ok()["return"].clone()
        };
        let (ids, form) = match &copied {
            Value::Array(ids) => (ids.clone(), "a list of ids"),
            id => (vec![id.clone()], "the id"),
        };
        let all: Vec<Value> = ids.into_iter().chain([json!(id)]).collect();
        self.call(CATEGORY, "unlink", &json!([all])).await.ok();
        form.to_owned()
    }
}

fn rest_cell(response: &Response) -> String {
    match response.status {
        200 => "yes".to_owned(),
        status => format!("{status} `{}`", response.json()["code"].as_str().unwrap_or_default()),
    }
}

fn tree(text: &str) -> Value {
    serde_json::to_value(parse(text, Limits::trusted()).unwrap()).unwrap()
}

/// The cells of all rows of the page's tables that have a column for each version.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'));
    let cells = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let is_row = |cells: &Vec<&str>| cells.len() == COLUMNS && cells[1] != "14" && !cells[1].starts_with("---");
    cells.filter(is_row).collect()
}

#[test]
fn every_row_is_checked_and_every_difference_has_a_hint() {
    let rows = rows();
    let names: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    let checked: Vec<&str> = ROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, checked);
    for cells in rows {
        let (versions, hint) = (&cells[1..COLUMNS - 1], cells[COLUMNS - 1]);
        let is_same = versions.iter().all(|cell| *cell == versions[0]);
        assert!(is_same || !hint.is_empty(), "{}: no hint what to do", cells[0]);
    }
}

#[tokio::test]
async fn cells_state_what_requests_return() {
    let mut wrong = Vec::new();
    let of_both = Gateway::start_with_odoo(&[]).await;
    let of_20 = Gateway::start_with_database(Version::Odoo20, Version::Odoo20.database(), &[]).await;
    for (version, column) in VERSIONS {
        let gateway = if version == Version::Odoo20 { &of_20 } else { &of_both };
        let prober = Prober::new(gateway, version).await;
        for ((name, probe), cells) in ROWS.iter().zip(rows()).filter(|((_, probe), _)| probe.can_be_checked(version)) {
            let found = prober.cell(*probe).await;
            if found != cells[column] {
                wrong.push(format!("{version:?}: {name}: the page states {:?}, found {found:?}", cells[column]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
