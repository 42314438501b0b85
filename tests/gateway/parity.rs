//! One wish, four families: Odoo hears the same call whichever dialect it was said in.

use serde_json::{Value, json};

use crate::support::counting::{Counting, counted};
use crate::support::{Client, Version, unique};

const TAG: &str = "res.partner.category";

/// A wish in each family: method, path and body.
type Said = (&'static str, String, Option<Value>);

async fn say(client: &Client, (method, path, body): &Said) -> Value {
    let request = client.request(method.parse().unwrap(), path);
    let request = body.iter().fold(request, |request, body| request.json(body));
    crate::support::client::send(request).await.ok()
}

/// What Odoo heard of each, and that it is the same.
async fn heard<const N: usize>(counting: &Counting, client: &Client, families: [Said; N], calls: usize) {
    let mut before: Option<Vec<(String, String)>> = None;
    for said in families {
        counting.take();
        say(client, &said).await;
        let heard: Vec<_> = counting.take_whole().into_iter().take(calls).collect();
        assert_eq!(heard.len(), calls, "{said:?}");
        if let Some(before) = &before {
            assert_eq!(&heard, before, "{said:?}");
        }
        before = Some(heard);
    }
}

fn get<const N: usize>(paths: [String; N]) -> [Said; N] {
    paths.map(|path| ("GET", path, None))
}

#[tokio::test]
async fn one_wish_leads_to_the_same_call_through_every_family() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let name = unique("parity");
        let made = say(&admin, &("POST", format!("/api/{TAG}/create"), Some(json!({"name": name})))).await;
        let id = made["id"].as_i64().unwrap();
        // The label that family A shows is learned once.
        say(&admin, &("GET", format!("/restapi/1.0/object/{TAG}/{id}"), None)).await;
        let list = format!("[(%27id%27,%27=%27,{id})]");
        let listing = [
            format!("/restapi/1.0/object/{TAG}?domain={list}&fields=name&order=name&limit=5"),
            format!("/api/{TAG}/search?domain={list}&fields=name&order=name&limit=5"),
            format!("/restful/api/v1/{TAG}?domain={list}&fields=name&order=name&limit=5"),
        ];
        heard(&counting, &admin, get(listing), 1).await;
        // Family D says how many there are in all, in the same call.
        say(&admin, &("GET", format!("/api/v1/{TAG}?filter={list}&query=%7Bname%7D&order=name&limit=5"), None)).await;
        assert_eq!(counting.take(), [format!("{TAG}.web_search_read")]);
        let reading = [
            format!("/restapi/1.0/object/{TAG}/{id}?fields=name,color"),
            format!("/api/{TAG}/{id}?fields=name,color"),
            format!("/restful/api/v1/{TAG}/{id}?fields=name,color"),
            format!("/api/v1/{TAG}/{id}?query=%7Bname,color%7D"),
        ];
        heard(&counting, &admin, get(reading), 1).await;
        let arguments = json!({"args": [name], "kwargs": {"limit": 3}});
        let calling: [Said; 4] = [
            ("POST", format!("/restapi/1.0/object/{TAG}/name_search"), Some(arguments.clone())),
            (
                "POST",
                format!("/api/{TAG}/execute_kw"),
                Some(json!({"method": "name_search", "args": [name], "kwargs": {"limit": 3}})),
            ),
            ("POST", format!("/restapi/1.0/object/{TAG}/name_search"), Some(arguments.clone())),
            ("POST", format!("/api/v1/object/{TAG}/name_search"), Some(arguments)),
        ];
        heard(&counting, &admin, calling, 1).await;
        // Of an update the first two calls: what is answered differs, and with it what is read back.
        let values = json!({"color": 4});
        let updating: [Said; 4] = [
            ("PUT", format!("/restapi/1.0/object/{TAG}/{id}"), Some(json!({"vals": values}))),
            ("PUT", format!("/api/{TAG}/{id}"), Some(values.clone())),
            ("PATCH", format!("/restful/api/v1/{TAG}/{id}"), Some(values.clone())),
            ("PATCH", format!("/api/v1/{TAG}/{id}"), Some(json!({"data": values}))),
        ];
        heard(&counting, &admin, updating, 2).await;
        let values = json!({"name": unique("parity"), "color": 2});
        let creating: [Said; 4] = [
            ("POST", format!("/restapi/1.0/object/{TAG}"), Some(json!({"vals": values}))),
            ("POST", format!("/api/{TAG}/create"), Some(values.clone())),
            ("POST", format!("/restful/api/v1/{TAG}"), Some(values.clone())),
            ("POST", format!("/api/v1/{TAG}"), Some(json!({"data": values}))),
        ];
        heard(&counting, &admin, creating, 1).await;
        gateway.stop().await;
    }
}
