//! A field hidden by `except` cannot be read, not even letter by letter with comparisons.

use serde_json::json;

use super::delegation::call;
use super::over_rpc::{as_call, caller_with_scope};
use super::{over_json2, send_line, with_scope_on};
use crate::rpc::{Caller, Front};
use crate::support::{Client, Gateway, Version, unique};

/// Contacts without their email addresses. All other models can be read, so that paths through them exist.
const NO_MAIL: &str = r#"[
    {"models": "*", "operations": ["read", "create", "update"]},
    {"models": "res.partner", "operations": ["read", "create", "update"], "fields": {"except": ["email"]}}
]"#;

/// Requests that compare the start of an email address, on both versions. `TRY` is the start, `ID` the contact.
const COMPARISONS: &[&str] = &[
    "GET res.partner/search?domain=[('email','=ilike','TRY%')]",
    "GET res.partner/search?domain=[('email_normalized','=ilike','TRY%')]",
    "GET res.partner/search?domain=[('display_name','=ilike','TRY%')]",
    "GET res.partner/search_count?domain=[('display_name','ilike','TRY')]",
    "GET res.partner/search?domain=[('parent_id','=ilike','TRY%')]",
    "GET res.partner/search?domain=[('parent_id','ilike','TRY')]",
    "GET res.partner/search?domain=[('parent_id','=','TRY')]",
    "GET res.partner/search?domain=[('parent_id','in',['TRY'])]",
    "GET res.partner/search?domain=[('parent_id','not ilike','TRY')]",
    "GET res.partner/search?domain=[('id','child_of','TRY')]",
    "GET res.partner/search?domain=[('id','parent_of','TRY')]",
    "GET res.partner/search?domain=[('parent_id','child_of','TRY')]",
    "GET res.partner/search?domain=[('child_ids.email','=ilike','TRY%')]",
    "GET res.partner/search?domain=[('parent_id.display_name','ilike','TRY')]",
    "GET sale.order/search?domain=[('partner_id','ilike','TRY')]",
    "GET sale.order/search?domain=[('partner_id.email','=ilike','TRY%')]",
    "GET sale.order/search?domain=[('partner_id','child_of','TRY')]",
    "GET res.country/search?domain=['|',('id','=',0),('create_uid.partner_id','ilike','TRY')]",
    "GET res.partner?domain=[('id','=',ID)]&fields=email",
    "GET res.partner?domain=[('id','=',ID)]&fields=email_formatted",
    "GET res.partner?domain=[('id','=',ID)]&fields=email_normalized",
    "GET res.partner?domain=[('id','=',ID)]&order=email",
    "GET res.partner?domain=[('id','=',ID)]&order=email_normalized",
    "POST res.partner/name_search?args=['TRY']",
    "POST res.partner/name_search?args=['TRY',[],'=ilike']",
    "POST res.partner/name_search?kwargs={'name':'TRY'}",
    "POST res.partner/search?args=[[['display_name','ilike','TRY']]]",
    "POST res.partner/search_count?args=[[['parent_id','ilike','TRY']]]",
    "POST res.partner/search_read?args=[[['email','=ilike','TRY%']],['name']]",
    "POST res.partner/read_group?args=[[['id','=',ID]],['email'],['email']]",
    "POST res.partner/read_group?args=[[['id','=',ID]],['name'],['email_normalized']]",
    "POST res.partner/read_group?args=[[['display_name','ilike','TRY']],['name'],['name']]",
    "POST res.partner/export_data?args=[[ID],['email_formatted']]",
    "POST res.partner/export_data?args=[[ID],['child_ids/email']]",
    "POST res.partner/load?args=[['name','parent_id'],[['found','TRY']]]",
    "POST res.partner/load?args=[['name','child_ids'],[['found','TRY']]]",
    "POST sale.order/load?args=[['partner_id'],[['TRY']]]",
    "POST res.partner/name_create?args=['TRY']",
    "POST res.partner/read?args=[[ID],['email_normalized']]",
    "POST res.partner/default_get?args=[['email']]",
];

/// The same on Odoo 19 alone.
const COMPARISONS_ON_19: &[&str] = &[
    "GET res.partner/search?domain=[('child_ids','any',[('email','=ilike','TRY%')])]",
    "GET res.partner/search?domain=[('parent_id','any',[('display_name','ilike','TRY')])]",
    "GET sale.order/search?domain=[('partner_id','any',[('parent_id','ilike','TRY')])]",
    "POST res.partner/web_name_search?args=['TRY',{'display_name':{}}]",
    "POST res.partner/web_search_read?args=[[['display_name','ilike','TRY']],{'name':{}}]",
    "POST res.partner/web_read?args=[[ID],{'email_formatted':{}}]",
    "POST res.partner/web_read?args=[[ID],{'child_ids':{'fields':{'email_normalized':{}}}}]",
    "POST res.partner/formatted_read_group?args=[[['id','=',ID]],['email'],['__count']]",
    "POST res.partner/onchange?args=[[ID],{},[],{'email_normalized':{}}]",
];

/// The same in the other dialects.
const PATHS: &[&str] = &[
    "/api/res.partner/search?domain=[('display_name','=ilike','TRY%')]",
    "/api/res.partner/record_count?domain=[('email','=ilike','TRY%')]",
    "/api/res.partner/ID?fields=email_normalized",
    "/restful/api/v1/res.partner?email=TRY",
    "/restful/api/v1/res.partner?email_start=TRY",
    "/restful/api/v1/res.partner?display_name=TRY",
    "/api/v1/res.partner?filter=[('display_name','=ilike','TRY%')]",
    "/api/v1/res.partner?filter=[('parent_id','ilike','TRY')]",
    "/api/v1/res.partner/ID?query={email_formatted}",
    "/api/v1/res.partner?query={child_ids{email}}",
];

/// Reads of contacts without names of fields, in each form that Odoo takes for none.
const READS_OF_ALL_FIELDS: &[&str] = &[
    "POST res.partner/read?args=[[ID]]",
    "POST res.partner/read?args=[[ID],[]]",
    "POST res.partner/read?args=[[ID],'']",
    "POST res.partner/read?args=[[ID],0]",
    "POST res.partner/read?args=[[ID],{}]",
    "POST res.partner/search_read?args=[[['id','=',ID]],False]",
    "POST res.partner/search_read?args=[[['id','=',ID]],'']",
    "POST res.partner/search_read?args=[[['id','=',ID]],0]",
    "POST res.partner/search_read?args=[[['id','=',ID]],{}]",
    "POST res.partner/search_read?args=[[['id','=',ID]]]&kwargs={'fields':{}}",
    "POST res.partner/web_search_read?args=[[['id','=',ID]],{}]",
    "POST res.partner/web_search_read?args=[[['id','=',ID]],'']",
    "POST res.partner/web_search_read?args=[[['id','=',ID]]]&kwargs={'fields':{}}",
    "POST res.partner/web_search_read?args=[[['id','=',ID]]]&kwargs={'specification':{}}",
];

fn comparisons_on(version: Version) -> Vec<&'static str> {
    let more = if version == Version::Odoo14 { &[][..] } else { COMPARISONS_ON_19 };
    COMPARISONS.iter().chain(more).copied().collect()
}

async fn contact(open: &Client) -> (i64, String) {
    let email = format!("{}@example.org", unique("q").replace(' ', ""));
    let created = call(open, "res.partner", "create", json!([{"name": unique("hidden"), "email": email}])).await;
    (created.as_i64().unwrap(), email)
}

#[tokio::test]
async fn hidden_email_address_cannot_be_guessed_by_comparisons() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let clerk = with_scope_on(version, &gateway, NO_MAIL, "clerk").await;
        let (id, _) = contact(&open).await;
        let comparisons = comparisons_on(version);
        let mut leaks = Vec::new();
        for letter in 'a'..='z' {
            for comparison in &comparisons {
                let response = send_line(&clerk, &comparison.replace("TRY", &letter.to_string()), id).await;
                if (response.status, response.json()["code"].as_str()) != (403, Some("scope_forbidden")) {
                    leaks.push(format!("{comparison} {letter}: {} {}", response.status, response.text));
                }
            }
            for path in PATHS {
                let request = path.replace("TRY", &letter.to_string()).replace("ID", &id.to_string());
                let (path, query) = request.split_once('?').unwrap();
                let (name, value) = query.split_once('=').unwrap();
                let response = clerk.get(path, &[(name, value)]).await;
                if response.status != 403 {
                    leaks.push(format!("{request}: {} {}", response.status, response.text));
                }
            }
        }
        assert!(leaks.is_empty(), "{version:?}: {:#?}", &leaks[..leaks.len().min(20)]);
    }
}

#[tokio::test]
async fn reads_of_all_fields_return_no_hidden_field_and_no_secret() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let clerk = with_scope_on(version, &gateway, NO_MAIL, "clerk").await;
        let (id, email) = contact(&open).await;
        let (mut leaks, mut is_shown) = (Vec::new(), false);
        for line in READS_OF_ALL_FIELDS {
            let (hidden, all) = (send_line(&clerk, line, id).await, send_line(&open, line, id).await);
            is_shown |= all.text.contains(&email);
            if hidden.text.contains(&email) || hidden.text.contains("\"email\"") {
                leaks.push(format!("{line}: {}", hidden.text));
            }
            if all.text.contains("signup_t") {
                leaks.push(format!("{line} with the full scope: {}", all.text));
            }
        }
        for fields in [json!(""), json!(0), json!({})] {
            let body = json!({"domain": [["id", "=", id]], "fields": fields});
            let response = clerk.post("/json/2/res.partner/search_read", &body).await;
            if response.text.contains(&email) {
                leaks.push(format!("{body}: {}", response.text));
            }
        }
        assert!(leaks.is_empty(), "{version:?}: {leaks:#?}");
        assert!(is_shown, "{version:?}: the full scope shows the address");
    }
}

/// The text of what a caller gets for the request of a line.
async fn sent_over_rpc(caller: &Caller, line: &str, id: i64) -> String {
    let (model, method, args, kwargs) = as_call(line, id);
    format!("{:?}", caller.execute_kw(&model, &method, &args, &kwargs).await)
}

/// The same requests over XML-RPC, JSON-RPC and JSON-2.
#[tokio::test]
async fn hidden_email_address_is_neither_guessed_nor_read_over_rpc_and_json2() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let clerk = with_scope_on(version, &gateway, NO_MAIL, "clerk").await;
        let (id, email) = contact(&open).await;
        let mut leaks = Vec::new();
        for front in [Front::Numbers, Front::Json] {
            let by_rpc = caller_with_scope(&gateway, (front, version), NO_MAIL, "clerk").await;
            for line in comparisons_on(version) {
                let answer = sent_over_rpc(&by_rpc, &line.replace("TRY", &email), id).await;
                if !answer.contains("the credential's scope does not allow") {
                    leaks.push(format!("{front:?} {line}: {answer}"));
                }
            }
            for line in READS_OF_ALL_FIELDS {
                let answer = sent_over_rpc(&by_rpc, line, id).await;
                if answer.contains(&email) || answer.contains("\"email\"") {
                    leaks.push(format!("{front:?} {line}: {answer}"));
                }
            }
            let open = caller_with_scope(&gateway, (front, version), r#""all""#, "open").await;
            let shown = sent_over_rpc(&open, READS_OF_ALL_FIELDS[0], id).await;
            assert!(shown.contains(&email), "{version:?} {front:?}: the full scope shows the address: {shown}");
        }
        for line in comparisons_on(version) {
            let response = over_json2::send(&clerk, &line.replace("TRY", &email), id).await;
            if response.status != 403 || !response.text.contains("scope does not allow") {
                leaks.push(format!("JSON-2 {line}: {} {}", response.status, response.text));
            }
        }
        for line in READS_OF_ALL_FIELDS {
            let response = over_json2::send(&clerk, line, id).await;
            if response.text.contains(&email) || response.text.contains("\"email\"") {
                leaks.push(format!("JSON-2 {line}: {}", response.text));
            }
        }
        let shown = over_json2::send(&open, READS_OF_ALL_FIELDS[0], id).await;
        assert!(shown.text.contains(&email), "{version:?}: the full scope shows the address: {}", shown.text);
        assert!(leaks.is_empty(), "{version:?}: {leaks:#?}");
    }
}

/// If the requests were rejected for their form, the test above would prove nothing about the scope.
#[tokio::test]
async fn key_with_the_full_scope_finds_a_contact_by_comparing_names_with_its_email() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let (id, email) = contact(&open).await;
        call(&open, "res.partner", "create", json!([{"name": unique("child"), "parent_id": id}])).await;
        let searched = |name: &str| call(&open, "res.partner", "name_search", json!([name]));
        assert_eq!(searched(&email).await[0][0], id, "{version:?}");
        for comparison in ["[('parent_id','ilike','TRY')]", "[('id','child_of','TRY')]"] {
            let line = format!("GET res.partner/search_count?domain={}", comparison.replace("TRY", &email));
            let response = send_line(&open, &line, id).await;
            assert!(
                response.status == 200 && response.text.contains(['1', '2']),
                "{version:?} {comparison}: {}",
                response.text
            );
        }
    }
}

#[tokio::test]
async fn fields_derived_from_a_hidden_field_are_hidden_and_all_others_are_visible() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let clerk = with_scope_on(version, &gateway, NO_MAIL, "clerk").await;
        let (id, email) = contact(&open).await;
        let response = clerk.get(&format!("/api/res.partner/{id}"), &[]).await;
        let record = response.ok();
        assert!(!response.text.contains(&email), "{version:?}");
        for hidden in ["email", "email_normalized", "email_formatted", "is_blacklisted"] {
            assert_eq!(record.get(hidden), None, "{version:?} {hidden}");
        }
        for there in ["id", "display_name", "name", "parent_id", "country_id", "commercial_partner_id", "vat"] {
            assert!(record.get(there).is_some(), "{version:?} {there}");
        }
        send_line(&clerk, "GET res.partner/search?domain=[('name','ilike','hidden')]", id).await.ok();
        send_line(&clerk, "GET res.partner/search?domain=[('id','child_of',[ID])]", id).await.ok();
        send_line(&clerk, "GET res.partner/search?domain=[('parent_id','=',ID)]", id).await.ok();
        send_line(&clerk, "GET sale.order?fields=name,partner_id&limit=1", id).await.ok();
        send_line(&clerk, "GET res.partner/search?domain=[('country_id','ilike','belg')]", id).await.ok();
    }
}
