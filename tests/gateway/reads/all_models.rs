//! Every model of both Odoos, in every dialect, as an administrator and as an internal user: a request fails only if
//! Odoo rejects it.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use serde_json::json;

use super::{call, user};
use crate::support::{Client, Version};

/// The number of concurrent requests.
const CONCURRENCY: usize = 6;

fn path(dialect: usize, model: &str) -> String {
    match dialect {
        0 => format!("/restapi/1.0/object/{model}?limit=3"),
        1 => format!("/api/{model}/search?limit=3"),
        2 => format!("/restful/api/v1/{model}?limit=3"),
        _ => format!("/api/v1/{model}?page_size=3"),
    }
}

/// A description of an unexpected error. An error is expected if Odoo rejects the plain search, too.
async fn unexpected_error(client: &Client, model: &str, path: &str) -> Option<String> {
    let response = client.get(path, &[]).await;
    let describe = || format!("{path}: {} {}", response.status, response.text.chars().take(400).collect::<String>());
    match response.status {
        200 => None,
        400..500 => {
            let search = format!("/restapi/1.0/object/{model}/search");
            let bare = client.post(&search, &json!({"args": [[], 0, 1]})).await;
            (bare.status == 200).then(describe)
        }
        _ => Some(describe()),
    }
}

#[tokio::test]
async fn every_model_can_be_listed_in_every_dialect() {
    let count = AtomicUsize::new(0);
    for version in Version::each() {
        let admin = user(version, "admin");
        let models = call(&admin, "ir.model", "search_read", json!([[], ["model"]])).await;
        let models: Vec<&str> =
            models.as_array().unwrap().iter().filter_map(|model| model["model"].as_str()).collect::<Vec<_>>();
        // The placeholder of a removed model has a name that clients cannot send.
        let models: Vec<&str> = models.into_iter().filter(|model| !model.starts_with('_')).collect();
        assert!(models.len() > 200);
        let clients = [admin.clone(), user(version, "internal")];
        // Every model as both users. The dialects rotate, so that each of them covers models of every kind.
        let all = models.iter().enumerate().flat_map(|(index, model)| {
            clients.iter().enumerate().flat_map(move |(user, client)| {
                [(index + user) % 4, (index + user + 2) % 4].map(|dialect| (client, *model, path(dialect, model)))
            })
        });
        let errors: Vec<String> = futures_util::stream::iter(all)
            .map(|(client, model, path)| {
                count.fetch_add(1, Ordering::Relaxed);
                async move { unexpected_error(client, model, &path).await }
            })
            .buffer_unordered(CONCURRENCY)
            .filter_map(std::future::ready)
            .collect()
            .await;
        assert!(errors.is_empty(), "{version:?}: {} of {}:\n{}", errors.len(), models.len(), errors.join("\n"));
    }
    assert!(count.load(Ordering::Relaxed) > 1000);
}
