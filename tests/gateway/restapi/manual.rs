//! The requests of the vendor's manual, byte for byte over a socket: only the spaces are percent-encoded, which HTTP
//! does not allow in a request target.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{admin, create, unique};
use crate::support::{Gateway, Version};

/// admin:admin
const BASIC: &str = "Basic YWRtaW46YWRtaW4=";

/// Sends a request line with the headers of the manual. Returns status and body.
async fn exchange(version: Version, request: &str) -> (u16, Value) {
    let (address, request) = (Gateway::shared().address(), request.replace(' ', "%20").replacen("%20", " ", 1));
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {BASIC}\r\nX-Odoo-Database: {}\r\n\
         Accept: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        version.database()
    );
    let response = send(address, head.as_bytes()).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {response}")))
}

async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// The body of a response with status 200.
async fn ok(version: Version, request: &str) -> Value {
    let (status, body) = exchange(version, request).await;
    assert_eq!(status, 200, "{request}: {body:#}");
    body
}

#[tokio::test]
async fn manual_checks_access_rights() {
    for version in Version::each() {
        let request = "GET /restapi/1.0/object/res.partner/check_access_rights?operation=['read']&raise_exception=True";
        assert_eq!(ok(version, request).await, json!({"return": true}));
    }
}

#[tokio::test]
async fn manual_lists_and_counts_records() {
    for version in Version::each() {
        let found = ok(version, "GET /restapi/1.0/object/res.partner/search?domain=[('is_company','=',True)]").await;
        let ids = found["Contact"].as_array().unwrap();
        assert!(ids.len() > 5 && ids.iter().all(Value::is_i64), "{found}");
        let page = "GET /restapi/1.0/object/res.partner/search?domain=[('is_company','=',True)]&offset=2&limit=3";
        assert_eq!(ok(version, page).await["Contact"].as_array().unwrap().len(), 3);
        let raw_json =
            r#"GET /restapi/1.0/object/res.partner/search?domain=[["is_company","=",true]]&limit=2&order=id"#;
        assert_eq!(ok(version, raw_json).await["Contact"].as_array().unwrap().len(), 2);
        let count = "GET /restapi/1.0/object/res.partner/search_count?domain=[('is_company','=',True),('id','=',1)]";
        assert_eq!(ok(version, count).await, json!({"count": 1}));
    }
}

#[tokio::test]
async fn manual_field_customer_is_unknown_since_13() {
    for version in Version::each() {
        for path in ["res.partner/search", "res.partner/search_count", "res.partner", "res.partner/"] {
            let request =
                format!("GET /restapi/1.0/object/{path}?domain=[('is_company','=',True),('customer','=',True)]");
            let (status, problem) = exchange(version, &request).await;
            assert_eq!((status, &problem["code"]), (400, &json!("unknown_field")), "{problem:#}");
            let detail = "The model res.partner has no field customer, or this user may not see it.";
            assert_eq!(problem["detail"], detail);
            assert!(problem["hint"].is_string());
        }
    }
}

#[tokio::test]
async fn manual_reads_records() {
    for version in Version::each() {
        let values = |name: &str| json!({"name": name, "country_id": 21});
        let (think, edward) = (unique("Think Big Systems"), unique("Edward Foster"));
        let partners = "/restapi/1.0/object/res.partner";
        let a = create(&admin(version), partners, values(&think)).await;
        let b = create(&admin(version), partners, values(&edward)).await;
        let record = |id: i64, name: &str, country: &Value| json!({"id": id, "name": name, "country_id": country});
        let contact = ok(version, &format!("GET {partners}/{a}")).await;
        let country = contact["Contact"]["country_id"].clone();
        assert_eq!(country[0], 21);
        assert_eq!(contact["Contact"]["create_uid"], json!([2, "Mitchell Admin"]));
        let picked = ok(version, &format!("GET {partners}/{a}?fields=['name','country_id']")).await;
        assert_eq!(picked, json!({"Contact": record(a, &think, &country)}));
        let list = ok(version, &format!("GET {partners}?ids={a},{b}&fields=['name','country_id']")).await;
        let both = json!([record(a, &think, &country), record(b, &edward, &country)]);
        assert_eq!(list, json!({"Contact": both}));
        let all = ok(version, &format!("GET {partners}?ids={b},{a}")).await;
        assert_eq!((&all["Contact"][0]["id"], &all["Contact"][1]["name"]), (&json!(b), &json!(think)));
        for slash in ["", "/"] {
            let filtered = format!("GET {partners}{slash}?domain=[('id','in',[{a},{b}]),('is_company','=',False)]");
            let some = ok(version, &format!("{filtered}&fields=['name','country_id']&limit=5&order=id")).await;
            assert_eq!(some, json!({"Contact": both}));
            assert_eq!(ok(version, &filtered).await["Contact"].as_array().unwrap().len(), 2);
        }
    }
}

#[tokio::test]
async fn manual_lists_fields() {
    for version in Version::each() {
        let request = "GET /restapi/1.0/object/res.partner/fields_get?allfields=[]&attributes=['string','help','type']";
        let fields = ok(version, request).await;
        assert_eq!(fields["fields"]["country_id"], json!({"type": "many2one", "string": "Country"}));
    }
}

#[tokio::test]
async fn manual_creates_updates_and_deletes_records() {
    for version in Version::each() {
        let (name, partners) = (unique("Peter Mitchell"), "/restapi/1.0/object/res.partner");
        let vals =
            format!("{{'name':'{name}','street':'31 Hong Kong street','city':'Taipei','zip':'106','country_id':226}}");
        let created = ok(version, &format!("POST {partners}?vals={vals}")).await["Contact"].clone();
        assert_eq!(created["street"], "31 Hong Kong street");
        assert_eq!((&created["zip"], &created["country_id"][0]), (&json!("106"), &json!(226)));
        assert_eq!((&created["street2"], &created["state_id"]), (&json!(false), &json!(false)));
        let id = created["id"].as_i64().unwrap();

        let updated = ok(version, &format!("PUT {partners}/{id}?vals={{'street2':'Chung Hsiao East Road'}}")).await;
        assert_eq!(updated["Contact"]["street2"], "Chung Hsiao East Road");
        assert_eq!(updated["Contact"]["street"], "31 Hong Kong street");

        let other = create(&admin(version), partners, json!({"name": unique("Edward Foster")})).await;
        let both = format!("PUT {partners}?ids={other},{id}&vals={{'street2':'Chung Hsiao Road'}}");
        let updated = ok(version, &both).await;
        assert_eq!((&updated["Contact"][0]["id"], &updated["Contact"][1]["id"]), (&json!(other), &json!(id)));
        assert_eq!(updated["Contact"][0]["street2"], "Chung Hsiao Road");

        assert_eq!(ok(version, &format!("DELETE {partners}/{id}")).await, json!({}));
        let third = create(&admin(version), partners, json!({"name": unique("third")})).await;
        assert_eq!(ok(version, &format!("DELETE {partners}?ids={other},{third}")).await, json!({}));
        let gone = ok(version, &format!("GET {partners}/search?domain=[('id','in',[{id},{other},{third}])]")).await;
        assert_eq!(gone, json!({"Contact": []}));
    }
}
