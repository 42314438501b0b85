//! The context: language, time zone and companies, and which source takes precedence.

use serde_json::json;

use super::{ORDERS, TAGS, admin, new_tag, unique};
use crate::support::{Client, Gateway, Version};

async fn name(client: &Client, id: i64, query: &[(&str, &str)]) -> String {
    let query = [query, &[("fields", "name")]].concat();
    let read = client.get(&format!("{TAGS}/{id}"), &query).await.ok();
    read["Partner Tags"]["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn values_are_read_and_written_in_the_requested_language() {
    for version in Version::each() {
        let (english, french) = (admin(version), admin(version).with_header("X-Odoo-Lang", "fr_FR"));
        let original = unique("cheese");
        let id = new_tag(version, &original).await;
        assert_eq!(name(&french, id, &[]).await, original, "not translated yet");
        let written = french.put(&format!("{TAGS}/{id}"), &json!({"vals": {"name": "fromage"}})).await.ok();
        assert_eq!(written["Partner Tags"]["name"], "fromage");
        assert_eq!(name(&french, id, &[]).await, "fromage");
        assert_eq!(name(&english, id, &[]).await, original);
        let domain = format!("[('id','=',{id}),('name','=','fromage')]");
        let found = french.get(&format!("{TAGS}/search"), &[("domain", &domain)]).await.ok();
        assert_eq!(found, json!({"Partner Tags": [id]}));
    }
}

#[tokio::test]
async fn most_specific_source_of_the_context_takes_precedence() {
    for version in Version::each() {
        let header = admin(version).with_header("X-Odoo-Lang", "fr_FR");
        let id = new_tag(version, "en").await;
        header.put(&format!("{TAGS}/{id}"), &json!({"vals": {"name": "fr"}})).await.ok();
        assert_eq!(name(&admin(version), id, &[]).await, "en", "the user's own language is the default");
        assert_eq!(name(&header, id, &[]).await, "fr");
        assert_eq!(
            name(&header, id, &[("context", "{'lang': 'en_US'}")]).await,
            "en",
            "a parameter wins over a header"
        );
        assert_eq!(
            name(&header, id, &[("context", "{'tz': 'UTC'}")]).await,
            "fr",
            "keys that it does not contain stay"
        );
        let path = format!("{TAGS}/{id}/read");
        for (body, expected) in [
            (json!({"args": [["name"]]}), "fr"),
            (json!({"args": [["name"]], "context": {"lang": "en_US"}}), "en"),
            (json!({"args": [["name"]], "context": {"lang": "en_US"}, "kwargs": {"context": {"lang": "fr_FR"}}}), "fr"),
            (json!({"args": [["name"]], "kwargs": {"context": {"lang": "en_US"}}}), "en"),
        ] {
            let read = header.post(&path, &body).await.ok();
            assert_eq!(read, json!({"return": [{"id": id, "name": expected}]}), "{body}");
        }
    }
}

#[tokio::test]
async fn default_date_depends_on_the_time_zone() {
    for version in Version::each() {
        let path = "/restapi/1.0/object/mail.activity/default_get";
        let mut days = Vec::new();
        // 25 hours apart, so never the same day.
        for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            let by_header = admin(version).with_header("X-Odoo-Tz", zone);
            let by_header = by_header.post(path, &json!({"args": [["date_deadline"]]})).await.ok();
            days.push(by_header["return"]["date_deadline"].as_str().unwrap().to_owned());
        }
        assert!(days[0] > days[1], "{days:?}");
    }
}

#[tokio::test]
async fn current_company_is_the_first_allowed_one() {
    for version in Version::each() {
        let domain = [("domain", "[('name','=','Second Company')]")];
        let second = admin(version).get("/restapi/1.0/object/res.company/search", &domain).await.ok();
        let second = second["Companies"][0].as_i64().unwrap();
        let path = format!("{ORDERS}/default_get");
        let body = json!({"args": [["company_id"]]});
        let (second_first, main_first) = (format!("{second},1"), format!("[1,{second}]"));
        for (companies, expected) in
            [(None, 1), (Some(second.to_string()), second), (Some(second_first), second), (Some(main_first), 1)]
        {
            let client = match companies {
                Some(companies) => admin(version).with_header("X-Odoo-Company", &companies),
                None => admin(version),
            };
            assert_eq!(client.post(&path, &body).await.ok(), json!({"return": {"company_id": expected}}));
        }
        let strange = admin(version).with_header("X-Odoo-Company", "999999");
        strange.post(&path, &body).await.problem(403, "access_denied");
    }
}

#[tokio::test]
async fn first_configured_database_is_the_default() {
    let anonymous = Gateway::shared().client();
    let version = anonymous.get("/restapi/1.0/common/version", &[]).await.ok();
    assert_eq!(version["server_version"], "19.0");
    for (database, label) in [(None, "User"), (Some("odoo19"), "User"), (Some("odoo14"), "Users")] {
        let client =
            database.iter().fold(anonymous.clone(), |client, name| client.with_header("X-Odoo-Database", name));
        let read = client.as_user("admin").get("/restapi/1.0/object/res.users/2", &[("fields", "login")]).await.ok();
        assert_eq!(read, json!({(label): {"id": 2, "login": "admin"}}), "{database:?}");
    }
    let elsewhere = anonymous.with_header("X-Odoo-Database", "template1").as_user("admin");
    elsewhere.get(TAGS, &[]).await.problem(404, "unknown_database");
}

#[tokio::test]
async fn invalid_context_is_400_and_the_error_names_its_source() {
    for version in Version::each() {
        let admin = admin(version);
        for (header, value) in [
            ("X-Odoo-Lang", "xx_YY"),
            ("X-Odoo-Lang", "de_DE"),
            ("X-Odoo-Tz", "Mars/Phobos"),
            ("X-Odoo-Company", "abc"),
            ("X-Odoo-Company", "0"),
        ] {
            let problem = admin.with_header(header, value).get(TAGS, &[]).await.problem(400, "invalid_context");
            assert_eq!(problem["parameter"], header, "{value}");
        }
        for context in [
            "{'lang': 'xx_YY'}",
            "{'tz': 'Mars/Phobos'}",
            "{'allowed_company_ids': 1}",
            "{'allowed_company_ids': ['x']}",
            "[1]",
            "7",
        ] {
            let problem = admin.get(TAGS, &[("context", context)]).await.problem(400, "invalid_context");
            assert_eq!(problem["parameter"], "context", "{context}");
        }
        assert_eq!(
            admin.get(TAGS, &[("context", "{'lang")]).await.problem(400, "invalid_literal")["parameter"],
            "context"
        );
        let kwargs = json!({"args": [["name"]], "kwargs": {"context": {"lang": "xx_YY"}}});
        let problem = admin.post(&format!("{TAGS}/1/read"), &kwargs).await.problem(400, "invalid_context");
        assert_eq!(problem["parameter"], "kwargs.context");
        let english = admin.get(&format!("{TAGS}/search_count"), &[("context", "{'lang': False, 'tz': None}")]).await;
        assert_eq!(english.status, 200, "{}", english.text);
    }
}
