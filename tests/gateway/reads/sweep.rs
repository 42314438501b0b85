//! Every model of both Odoos, in every dialect, as an administrator and as a plain user: nothing but a true refusal.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use serde_json::json;

use super::{call, user};
use crate::support::{Client, Version};

/// Requests that are under way at a time.
const AT_ONCE: usize = 6;

fn path(dialect: usize, model: &str) -> String {
    match dialect {
        0 => format!("/restapi/1.0/object/{model}?limit=3"),
        1 => format!("/api/{model}/search?limit=3"),
        2 => format!("/restful/api/v1/{model}?limit=3"),
        _ => format!("/api/v1/{model}?page_size=3"),
    }
}

/// What is wrong with an answer. A refusal is true where Odoo refuses the bare search too.
async fn fault_of(client: &Client, model: &str, path: &str) -> Option<String> {
    let answer = client.get(path, &[]).await;
    let told = || format!("{path}: {} {}", answer.status, answer.text.chars().take(400).collect::<String>());
    match answer.status {
        200 => None,
        400..500 => {
            let search = format!("/restapi/1.0/object/{model}/search");
            let bare = client.post(&search, &json!({"args": [[], 0, 1]})).await;
            (bare.status == 200).then(told)
        }
        _ => Some(told()),
    }
}

#[tokio::test]
async fn every_model_is_listed_in_every_dialect() {
    let asked = AtomicUsize::new(0);
    for version in Version::BOTH {
        let admin = user(version, "admin");
        let models = call(&admin, "ir.model", "search_read", json!([[], ["model"]])).await;
        let models: Vec<&str> =
            models.as_array().unwrap().iter().filter_map(|model| model["model"].as_str()).collect::<Vec<_>>();
        // What stands for a model that was removed has no name that a client could say.
        let models: Vec<&str> = models.into_iter().filter(|model| !model.starts_with('_')).collect();
        assert!(models.len() > 200);
        let clients = [admin.clone(), user(version, "internal")];
        // Every model for everybody; the dialects take turns, so that each meets every kind of model.
        let all = models.iter().enumerate().flat_map(|(at, model)| {
            clients.iter().enumerate().flat_map(move |(who, client)| {
                [(at + who) % 4, (at + who + 2) % 4].map(|dialect| (client, *model, path(dialect, model)))
            })
        });
        let faults: Vec<String> = futures_util::stream::iter(all)
            .map(|(client, model, path)| {
                asked.fetch_add(1, Ordering::Relaxed);
                async move { fault_of(client, model, &path).await }
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        assert!(faults.is_empty(), "{version:?}: {} of {}:\n{}", faults.len(), models.len(), faults.join("\n"));
    }
    assert!(asked.load(Ordering::Relaxed) > 1000);
}
