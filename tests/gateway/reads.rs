//! Reading in every dialect: each record that matches is returned once, with every field that can be read.
//!
//! ```text
//! stable_paging      pages of records with equal sort keys
//! short_pages        models that filter records after the limit was applied
//! unreadable_fields  fields whose computation fails
//! one_call_lists     the calls to Odoo per list, and the form of the records
//! active_test        archived records with `active_test` in the context
//! fields_get         models whose fields Odoo describes only in part
//! all_models         every model of both Odoos
//! ```

mod active_test;
mod all_models;
mod fields_get;
mod one_call_lists;
mod short_pages;
mod stable_paging;
mod unreadable_fields;

use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::odoo::fresh_database;
use crate::support::{Client, Gateway, Version};

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn user(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

/// A gateway in front of a fresh copy of the database, which other tests do not change. Its `restful` dialect allows
/// every model.
async fn fresh_gateway(version: Version) -> Gateway {
    let database = fresh_database(version).await;
    Gateway::start_with_database(version, &database, &[("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")]).await
}

/// A request for a window of a model's records, independent of the dialect.
struct ListRequest<'a> {
    model: &'a str,
    domain: &'a str,
    /// A JSON object; empty for none.
    context: &'a str,
    /// A field to read in addition to the id.
    field: &'a str,
    offset: usize,
    limit: Option<usize>,
}

/// Every request that lists records as JSON.
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

    /// Lists the records. `api_v1` also returns the total.
    async fn list(self, client: &Client, request: &ListRequest<'_>) -> (Vec<Value>, Option<u64>) {
        let ListRequest { model, domain, context, field, offset, limit } = *request;
        let mut query: Vec<(&str, String)> = vec![];
        if self != Self::ApiV1Search {
            let domain_name = if matches!(self, Self::ApiV1 | Self::ApiV1Nested) { "filter" } else { "domain" };
            query.push((domain_name, domain.to_owned()));
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
        let response = if self == Self::ApiV1Search {
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
        let response = response.ok();
        let total = match self {
            Self::ApiV1 | Self::ApiV1Nested => response["data"]["pagination"]["total_count"].as_u64(),
            Self::ApiV1Search => response["data"]["total_count"].as_u64(),
            _ => None,
        };
        let records = match self {
            Self::Restapi => response.as_object().unwrap().values().next().unwrap().clone(),
            Self::Api | Self::Restful => response,
            _ => response["data"]["records"].clone(),
        };
        (records.as_array().unwrap_or_else(|| panic!("{self:?} {records}")).clone(), total)
    }
}

fn ids_of(records: &[Value]) -> Vec<i64> {
    records.iter().map(|record| record["id"].as_i64().unwrap_or_else(|| panic!("{record}"))).collect()
}

/// Calls a method and returns Odoo's own result.
async fn call(client: &Client, model: &str, method: &str, args: Value) -> Value {
    client.post(&format!("/restapi/1.0/object/{model}/{method}"), &json!({"args": args})).await.ok()["return"].clone()
}
