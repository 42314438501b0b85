//! Reading: every record that is found, each once, with all of it that can be read, in every dialect.
//!
//! ```text
//! orders   pages of records that are alike
//! short    models that take records away after a page was counted off
//! failing  fields that cannot be read
//! archived what a context with active_test shows
//! schemas  models whose fields Odoo does not describe as a whole
//! sweep    every model of both Odoos
//! ```

mod archived;
mod failing;
mod orders;
mod schemas;
mod short;
mod sweep;

use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::{Client, Gateway, Version};

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn user(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

/// A slice of a model's records, in a dialect.
struct Ask<'a> {
    model: &'a str,
    domain: &'a str,
    /// A JSON object; empty for none.
    context: &'a str,
    /// A field that is wanted beside the id.
    field: &'a str,
    offset: usize,
    limit: Option<usize>,
}

/// Every way to list records as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Restapi,
    Api,
    Restful,
    ApiV1,
    ApiV1Nested,
    ApiV1Search,
}

impl Dialect {
    const ALL: [Self; 6] = [Self::Restapi, Self::Api, Self::Restful, Self::ApiV1, Self::ApiV1Nested, Self::ApiV1Search];

    /// The records; of `api_v1` with the total that it tells.
    async fn list(self, client: &Client, ask: &Ask<'_>) -> (Vec<Value>, Option<u64>) {
        let Ask { model, domain, context, field, offset, limit } = *ask;
        let mut query: Vec<(&str, String)> = vec![];
        if self != Self::ApiV1Search {
            let domain_is = if matches!(self, Self::ApiV1 | Self::ApiV1Nested) { "filter" } else { "domain" };
            query.push((domain_is, domain.to_owned()));
            query.extend((!context.is_empty()).then(|| ("context", context.to_owned())));
        }
        match self {
            Self::ApiV1 => query.push(("query", format!("{{id, {field}}}"))),
            Self::ApiV1Nested => query.push(("query", format!("{{id, {field}, create_uid{{login}}}}"))),
            Self::Restful => query.push(("fields", format!("id,{field}"))),
            Self::Restapi | Self::Api => query.push(("fields", field.to_owned())),
            Self::ApiV1Search => {}
        }
        match self {
            Self::ApiV1 | Self::ApiV1Nested => {
                let size = limit.unwrap_or(1000);
                query.push(("page_size", size.to_string()));
                query.push(("page", (offset / size + 1).to_string()));
            }
            Self::ApiV1Search => {}
            _ => {
                query.extend((offset > 0).then(|| ("offset", offset.to_string())));
                query.extend(limit.map(|limit| ("limit", limit.to_string())));
            }
        }
        let path = match self {
            Self::Restapi => format!("/restapi/1.0/object/{model}"),
            Self::Api => format!("/api/{model}/search"),
            Self::Restful => format!("/restful/api/v1/{model}"),
            Self::ApiV1 | Self::ApiV1Nested => format!("/api/v1/{model}"),
            Self::ApiV1Search => format!("/api/v1/{model}/search"),
        };
        let answer = if self == Self::ApiV1Search {
            let mut body = json!({"domain": domain, "fields": [field], "offset": offset});
            if let Some(limit) = limit {
                body["limit"] = limit.into();
            }
            if !context.is_empty() {
                body["context"] = serde_json::from_str(context).unwrap();
            }
            client.post(&path, &body).await
        } else {
            send(client.request(reqwest::Method::GET, &path).query(&query)).await
        };
        let answer = answer.ok();
        let total = match self {
            Self::ApiV1 | Self::ApiV1Nested => answer["data"]["pagination"]["total_count"].as_u64(),
            Self::ApiV1Search => answer["data"]["total_count"].as_u64(),
            _ => None,
        };
        let records = match self {
            Self::Restapi => answer.as_object().unwrap().values().next().unwrap().clone(),
            Self::Api | Self::Restful => answer,
            _ => answer["data"]["records"].clone(),
        };
        (records.as_array().unwrap_or_else(|| panic!("{self:?} {records}")).clone(), total)
    }
}

fn ids_of(records: &[Value]) -> Vec<i64> {
    records.iter().map(|record| record["id"].as_i64().unwrap_or_else(|| panic!("{record}"))).collect()
}

/// Calls a method, as nothing but Odoo would answer.
async fn call(client: &Client, model: &str, method: &str, args: Value) -> Value {
    client.post(&format!("/restapi/1.0/object/{model}/{method}"), &json!({"args": args})).await.ok()["return"].clone()
}
