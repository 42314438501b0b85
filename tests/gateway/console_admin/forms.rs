//! Pages and forms without a browser, on both databases of the store.

use std::time::Duration;

use reqwest::Method;

use super::{Session, text_of};
use crate::console::guard;
use crate::credentials::new_key;
use crate::support::client::send;
use crate::support::odoo::empty_database;
use crate::support::{Gateway, Response, Version, testbed};

/// Every page for administrators. `ID` is the id of a key or an application.
const PAGES: [&str; 12] = [
    "/console/admin/keys",
    "/console/admin/keys/new",
    "/console/admin/keys/ID",
    "/console/admin/keys/ID/edit",
    "/console/admin/applications",
    "/console/admin/applications/new",
    "/console/admin/applications/ID/origins",
    "/console/admin/odoo-keys",
    "/console/admin/audit",
    "/console/admin/audit.csv",
    "/console/admin/health",
    "/console/admin/configuration",
];
/// Every form for administrators.
const FORMS: [&str; 12] = [
    "/console/admin/keys/new",
    "/console/admin/keys/ID/disable",
    "/console/admin/keys/ID/enable",
    "/console/admin/keys/ID/delete",
    "/console/admin/keys/ID/edit",
    "/console/admin/keys/ID/rotate",
    "/console/admin/applications/new",
    "/console/admin/applications/ID/disable",
    "/console/admin/applications/ID/origins",
    "/console/admin/applications/ID/enable",
    "/console/admin/applications/ID/rotate",
    "/console/admin/applications/ID/delete",
];

/// What the key of these tests may do after its scope was changed.
const COUNTRY: &str = "/restapi/1.0/object/res.country?limit=1&fields=['code']";
/// What the key of these tests may do.
const NAMES: &str = "/restapi/1.0/object/res.partner?limit=1&fields=['name']";

/// A key that may only read the names of partners.
const KEY_FIELDS: [(&str, &str); 9] = [
    ("name", "Scanner <b>"),
    ("scope", "rules"),
    ("model", "res.partner"),
    ("operations:res.partner", "read"),
    ("fields:res.partner", "only"),
    ("field:res.partner", "name"),
    ("expires", "30"),
    ("login", "internal"),
    ("step", "create"),
];

async fn create_key(admin: &Session, password: &str) -> (String, String) {
    let mut fields = KEY_FIELDS.to_vec();
    fields.push(("password", password));
    let created = admin.submit("/console/admin/keys/new", &fields).await;
    assert_eq!(created.status, 200, "{}", created.text);
    assert!(created.text.contains("Scanner &#60;b&#62;"), "names are escaped: {}", created.text);
    assert!(!created.text.contains(password), "the password is not displayed");
    let id = id_in(&created.text, "keys").expect("a link to the key");
    (text_of(&created, "secret"), id)
}

/// The id in a link to a key or an application.
fn id_in(page: &str, list: &str) -> Option<String> {
    let prefix = format!("/console/admin/{list}/");
    let parts = page.split(&prefix).skip(1).filter_map(|rest| rest.split_once('"'));
    parts.map(|(id, _)| id.to_owned()).find(|id| id.len() == 32)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_created_counted_disabled_and_deleted_on_sqlite() {
    run_key_lifecycle(&Gateway::start_with_odoo(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_created_counted_disabled_and_deleted_on_postgres() {
    let url = empty_database().await;
    let settings = [("ODOO_GATEWAY__STORE__URL", url.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")];
    run_key_lifecycle(&Gateway::start_with_odoo(&settings).await).await;
}

async fn run_key_lifecycle(gateway: &Gateway) {
    let admin = Session::log_in(gateway, "admin").await;
    let (key, id) = create_key(&admin, testbed().api_key(Version::Odoo19)).await;
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get(NAMES, &[]).await.ok();
    for outside in ["res.partner?limit=1&fields=['email']", "res.country?limit=1"] {
        client.get(&format!("/restapi/1.0/object/{outside}"), &[]).await.problem(403, "scope_forbidden");
    }
    let page = format!("/console/admin/keys/{id}");
    await_usage(&admin, &page, 3, 2).await;

    let disabled = admin.submit(&format!("{page}/disable"), &[]).await;
    assert_eq!((disabled.status, disabled.header("location")), (303, page.as_str()));
    client.get(NAMES, &[]).await.problem(401, "credential_invalid");
    assert!(admin.get(&page).await.text.contains("Enable</a>"));
    admin.submit(&format!("{page}/enable"), &[]).await;
    client.get(NAMES, &[]).await.ok();

    search_finds_capital_letters(gateway, &admin).await;
    admin.submit(&format!("{page}/delete"), &[]).await;
    assert_eq!(admin.get(&page).await.status, 404);
    audit_contains_everything(&admin, &id).await;
    key_is_edited_and_rotated(gateway, &admin).await;
}

async fn key_is_edited_and_rotated(gateway: &Gateway, admin: &Session) {
    let (key, id) = create_key(admin, testbed().api_key(Version::Odoo19)).await;
    let page = format!("/console/admin/keys/{id}");
    let form = admin.get(&format!("{page}/edit")).await.text;
    assert!(form.contains("name=\"field:res.partner\" value=\"name\" checked"), "the scope is displayed: {form}");
    let country = [("model", "res.country"), ("operations:res.country", "read"), ("fields:res.country", "all")];
    let save = [("scope", "rules"), ("step", "save")];
    let saved = admin.submit(&format!("{page}/edit"), &[&save[..], &country[..]].concat()).await;
    assert_eq!((saved.status, saved.header("location")), (303, page.as_str()), "{}", saved.text);
    let with_key = |key: &str| gateway.client().with_header("authorization", &format!("Bearer {key}"));
    with_key(&key).get(NAMES, &[]).await.problem(403, "scope_forbidden");
    with_key(&key).get(COUNTRY, &[]).await.ok();

    let rotate = format!("{page}/rotate");
    let wrong = admin.submit(&rotate, &[("password", "wrong")]).await;
    assert!(wrong.status == 400 && wrong.text.contains("Odoo does not accept"), "{}", wrong.text);
    let second = text_of(&admin.submit(&rotate, &[("password", &key), ("overlap", "3600")]).await, "secret");
    with_key(&key).get(COUNTRY, &[]).await.ok();
    with_key(&second).get(COUNTRY, &[]).await.ok();
    let shown = admin.get(&page).await.text;
    assert!(shown.contains("<dt>Previous secret</dt><dd>Valid until 20"), "{shown}");
    let third = text_of(&admin.submit(&rotate, &[("password", &second)]).await, "secret");
    for ended in [&key, &second] {
        with_key(ended).get(COUNTRY, &[]).await.problem(401, "credential_invalid");
    }
    with_key(&third).get(COUNTRY, &[]).await.ok();
    assert!(!admin.get(&page).await.text.contains("Previous secret"));
    let log = admin.get(&format!("/console/admin/audit.csv?subject={id}")).await.text;
    assert_eq!(log.matches(",key.rotate,").count(), 2, "{log}");
    assert_eq!(log.matches(",key.update,").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_form_cannot_show_leaves_the_terms_of_login_tokens() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut new = new_key(Version::Odoo19, "Pattern");
    new.scope = r#"[{"models": "sale.*", "operations": ["read"], "fields": {"except": ["credit"]}}]"#.to_owned();
    (new.terms.may_mint_for_others, new.terms.open_to_all_users) = (true, true);
    new.terms.login_token_days = Some(7);
    let (row, _) = gateway.administration().await.create_key(new).await.unwrap();
    let admin = Session::log_in(&gateway, "admin").await;
    let form = admin.get(&format!("/console/admin/keys/{}/edit", row.id)).await.text;
    let terms = ["name=\"open_to_all_users\" checked", "max=\"3650\" value=\"7\""];
    for shown in terms.into_iter().chain(["cannot be shown as a form"]) {
        assert!(form.contains(shown), "{shown}: {form}");
    }
    assert!(!form.contains("sale.*\" value=\"all\""), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_a_password_are_limited_when_a_secret_is_replaced() {
    let limit = [("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "2")];
    let gateway = Gateway::start_with_odoo(&limit).await;
    let admin = Session::log_in(&gateway, "admin").await;
    let (_, id) = create_key(&admin, testbed().api_key(Version::Odoo19)).await;
    let rotate = format!("/console/admin/keys/{id}/rotate");
    for guess in ["wrong 1", "wrong 2"] {
        let rejected = admin.submit(&rotate, &[("password", guess)]).await;
        assert!(rejected.text.contains("Odoo does not accept"), "{}", rejected.text);
    }
    let throttled = admin.submit(&rotate, &[("password", "internal")]).await;
    assert_eq!(throttled.status, 400, "{}", throttled.text);
    assert!(!throttled.text.contains("Odoo does not accept") && !throttled.text.contains("id=\"secret\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_another_database_are_not_searched_with_the_users_secret() {
    let gateway = Gateway::shared();
    let admin = Session::log_in_to(gateway, Version::Odoo19.database(), "admin").await;
    let other = ("database", Version::Odoo14.database());
    let search = [other, ("scope", "rules"), ("find", "res.partner.cat"), ("step", "find")];
    let searched = admin.submit("/console/admin/keys/new", &search).await;
    assert!(searched.text.contains("that you are not signed in to cannot be listed"), "{}", searched.text);
    assert!(!searched.text.contains("add:res.partner.category"), "{}", searched.text);
    let add = [other, ("scope", "rules"), ("step", "add:res.partner")];
    let added = admin.submit("/console/admin/keys/new", &add).await;
    assert!(added.text.contains("The fields cannot be listed"), "{}", added.text);
    assert!(!added.text.contains("name=\"field:res.partner\""), "{}", added.text);
}

/// Also those outside of ASCII.
async fn search_finds_capital_letters(gateway: &Gateway, admin: &Session) {
    let key = new_key(Version::Odoo19, "Überwachung 100%");
    let (row, _) = gateway.administration().await.create_key(key).await.unwrap();
    for (page, text) in
        [("keys?search", "ÜBERwachung"), ("keys?search", "überWACHUNG 100%"), ("audit?subject", "überwachung")]
    {
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let found = admin.get(&format!("/console/admin/{page}={query}")).await;
        assert!(found.text.contains(&row.id), "{page}={text}: {}", found.text);
    }
    let other = admin.get("/console/admin/keys?search=WACHUNG%20100_").await;
    assert!(!other.text.contains(&row.id), "a placeholder is a character: {}", other.text);
}

/// Counts are written within seconds.
async fn await_usage(admin: &Session, page: &str, requests: u32, errors: u32) {
    let sentence = format!("<strong>{requests}</strong> requests, <strong>{errors}</strong> of them failed");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let text = admin.get(page).await.text;
        if text.matches(&sentence).count() == 2 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{sentence}: {text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn audit_contains_everything(admin: &Session, id: &str) {
    let log = admin.get(&format!("/console/admin/audit?subject={id}")).await;
    let file = admin.get(&format!("/console/admin/audit.csv?subject={id}")).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    for (at, action) in ["key.delete", "key.enable", "key.disable", "key.create"].into_iter().enumerate() {
        assert!(log.text.contains(&format!("<code>{action}</code>")), "{action}: {}", log.text);
        let row = file.text.lines().nth(at + 1).unwrap();
        assert!(row.contains(&format!(",console:admin@odoo19,{action},{id},")), "{row}");
    }
    assert_eq!(file.text.lines().count(), 5, "{}", file.text);
    let other = admin.get(&format!("/console/admin/audit.csv?subject={id}&action=key.dis&actor=ADMIN")).await;
    assert_eq!(other.text.lines().count(), 2, "{}", other.text);
    let later = admin.get("/console/admin/audit.csv?from=2999-01-01").await;
    assert_eq!(later.text, "time,actor,action,subject,description\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_created_rotated_and_found() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = Session::log_in(&gateway, "admin").await;
    let fields = [("name", "Shop"), ("scope", "all"), ("grant", "client_credentials"), ("expires", "never")];
    let create = [("step", "create"), ("login", "internal"), ("password", "internal")];
    let created = admin.submit("/console/admin/applications/new", &[&fields[..], &create[..]].concat()).await;
    let (client_id, secret) = (text_of(&created, "client-id"), text_of(&created, "secret"));
    assert_eq!(token_status(&gateway, &client_id, &secret).await, 200);

    let found = admin.get("/console/admin/applications?search=SHO").await;
    assert!(found.text.contains("1 in total") && found.text.contains(&client_id), "{}", found.text);
    assert!(admin.get("/console/admin/applications?search=100%25").await.text.contains("Nothing matches"));
    let (_, rest) = found.text.split_once("<th scope=\"row\"><a href=\"").unwrap();
    let page = rest.split_once('"').unwrap().0.to_owned();

    let origins = format!("{page}/origins");
    let wrong = admin.submit(&origins, &[("origins", "https://shop.example/")]).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    assert!(wrong.text.contains("is not a valid origin") && text_of(&wrong, "origins") == "https://shop.example/");
    let lines = "https://shop.example\r\n\r\n https://<b>.example \r\n";
    assert_eq!(admin.submit(&origins, &[("origins", lines)]).await.status, 400);
    let changed = admin.submit(&origins, &[("origins", "https://shop.example\r\nhttps://b.example\r\n")]).await;
    assert_eq!((changed.status, changed.header("location")), (303, page.as_str()));
    assert!(admin.get(&page).await.text.contains("<dd>https://b.example, https://shop.example</dd>"));
    assert_eq!(text_of(&admin.get(&origins).await, "origins"), "https://b.example\nhttps://shop.example");
    assert_eq!(admin.submit(&origins, &[("origins", "")]).await.status, 303);
    assert!(admin.get(&page).await.text.contains("<dd>None</dd>"));

    let wrong = admin.submit(&format!("{page}/rotate"), &[("password", "wrong")]).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    assert!(wrong.text.contains("Odoo does not accept this password"));
    let rotated = admin.submit(&format!("{page}/rotate"), &[("password", "internal")]).await;
    let new_secret = text_of(&rotated, "secret");
    assert_ne!(new_secret, secret);
    assert_eq!(token_status(&gateway, &client_id, &secret).await, 401);
    assert_eq!(token_status(&gateway, &client_id, &new_secret).await, 200);
}

async fn token_status(gateway: &Gateway, client_id: &str, secret: &str) -> u16 {
    request_token(gateway, client_id, secret).await.status
}

async fn request_token(gateway: &Gateway, client_id: &str, secret: &str) -> Response {
    let client = gateway.client().with_password(client_id, secret);
    let request = client.request(Method::POST, "/restapi/1.0/common/oauth2/access_token");
    send(request.form(&[("grant_type", "client_credentials")])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_issued_tokens_and_above_the_rate_are_counted() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = Session::log_in(&gateway, "admin").await;
    let fields = [
        ("name", "Limited shop"),
        ("scope", "all"),
        ("grant", "client_credentials"),
        ("expires", "never"),
        ("rate", "3"),
        ("period", "86400"),
        ("login", "internal"),
        ("password", "internal"),
        ("step", "create"),
    ];
    let created = admin.submit("/console/admin/applications/new", &fields).await;
    // The request of the token is the first of three, and is counted.
    let token = request_token(&gateway, &text_of(&created, "client-id"), &text_of(&created, "secret")).await.ok();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let client = gateway.client().with_header("authorization", &bearer);
    for status in [200, 200, 429, 429, 429] {
        assert_eq!(client.get(NAMES, &[]).await.status, status);
    }
    let id = id_in(&created.text, "applications").expect("a link to the application");
    let wrong = request_token(&gateway, &text_of(&created, "client-id"), "wrong").await;
    assert_eq!(wrong.status, 401);
    await_usage(&admin, &format!("/console/admin/applications/{id}"), 7, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_keeps_what_was_typed_and_explains_what_is_wrong() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = Session::log_in(&gateway, "admin").await;
    let typed = [("name", "Typed name"), ("scope", "rules"), ("find", "res.partner.cat"), ("step", "find")];
    let searched = admin.submit("/console/admin/keys/new", &typed).await;
    assert!(searched.text.contains("value=\"Typed name\""), "{}", searched.text);
    assert!(searched.text.contains("value=\"add:res.partner.category\""), "{}", searched.text);
    let add = [("scope", "rules"), ("step", "add:res.partner.category")];
    let added = admin.submit("/console/admin/keys/new", &add).await;
    assert!(added.text.contains("name=\"field:res.partner.category\" value=\"color\""), "{}", added.text);
    for (wrong, reason) in [
        (("model", ""), "Choose at least one model"),
        (("networks", "shop.example"), "is no address and no network"),
        (("password", "wrong"), "Odoo does not accept this login"),
    ] {
        let mut fields: Vec<_> = KEY_FIELDS.iter().copied().filter(|(name, _)| *name != wrong.0).collect();
        fields.extend([wrong, ("password", "unused")].into_iter().take(if wrong.0 == "password" { 1 } else { 2 }));
        let rejected = admin.submit("/console/admin/keys/new", &fields).await;
        assert_eq!(rejected.status, 400, "{reason}: {}", rejected.text);
        assert!(rejected.text.contains(reason), "{reason}: {}", rejected.text);
        assert!(!rejected.text.contains("unused"), "a password is not displayed");
    }
    assert!(admin.get("/console/admin/keys").await.text.contains("There is no API key yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_reach_the_pages_and_forms() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (admin, user) = (Session::log_in(&gateway, "admin").await, Session::log_in(&gateway, "internal").await);
    let (key, id) = create_key(&admin, testbed().api_key(Version::Odoo19)).await;
    let shop = [("name", "Shop"), ("scope", "all"), ("redirect_uris", "https://shop.example/back")];
    let grant = [("grant", "authorization_code"), ("expires", "never"), ("step", "create")];
    let created = admin.submit("/console/admin/applications/new", &[&shop[..], &grant[..]].concat()).await;
    let application = id_in(&created.text, "applications").expect("a link to the application");
    for page in PAGES {
        let page = page.replace("ID", if page.contains("/applications/") { &application } else { &id });
        assert_eq!(admin.get(&page).await.status, 200, "{page}");
        let denied = user.get(&page).await;
        assert_eq!(denied.status, 403, "{page}");
        assert!(denied.text.contains("Only administrators"), "{page}: {}", denied.text);
        let anonymous = gateway.client().get(&page, &[]).await;
        assert_eq!(anonymous.status, 303, "{page}");
        assert!(anonymous.header("location").starts_with("/console/login?next="), "{page}");
    }
    let token = guard(&user.get("/console").await);
    for form in FORMS {
        let form = form.replace("ID", &id);
        let denied = user.post(&form, &[("guard", &token)]).await;
        assert_eq!(denied.status, 403, "{form}");
        assert!(denied.text.contains("Only administrators"), "{form}: {}", denied.text);
    }
    assert!(!user.get("/console").await.text.contains("/console/admin"), "no link to what is denied");
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get(NAMES, &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_of_another_database_are_users_like_all_others() {
    let gateway = Gateway::shared();
    for (version, status) in [(Version::Odoo19, 200), (Version::Odoo14, 403)] {
        let admin = Session::log_in_to(gateway, version.database(), "admin").await;
        assert_eq!(admin.get("/console").await.status, 200, "{version:?}");
        for page in PAGES.iter().filter(|page| !page.contains("ID")) {
            assert_eq!(admin.get(page).await.status, status, "{version:?}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_need_the_token_of_their_own_page_and_session() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (admin, other) = (Session::log_in(&gateway, "admin").await, Session::log_in(&gateway, "admin").await);
    let (key, id) = create_key(&admin, testbed().api_key(Version::Odoo19)).await;
    let disable = format!("/console/admin/keys/{id}/disable");
    let tokens = ["".to_owned(), guard(&other.get(&disable).await), guard(&admin.get("/console/admin/keys/new").await)];
    for form in FORMS {
        let form = form.replace("ID", &id);
        for token in tokens.iter().take(if form.ends_with("keys/new") { 1 } else { 3 }) {
            let rejected = admin.post(&form, &[("guard", token), ("step", "create")]).await;
            assert_eq!(rejected.status, 403, "{form}: {}", rejected.text);
        }
    }
    let cross_site = admin.client.with_header("origin", "https://evil.example");
    let fields = [("guard", guard(&admin.get(&disable).await))];
    assert_eq!(send(cross_site.request(Method::POST, &disable).form(&fields)).await.status, 403);
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get(NAMES, &[]).await.ok();
    assert_eq!(admin.post(&disable, &[("guard", &fields[0].1)]).await.status, 303, "the token itself is valid");
    assert_eq!(admin.post(&disable, &[("guard", &fields[0].1)]).await.status, 403, "and works once");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_configuration_are_displayed_without_secrets() {
    let unreachable = [
        ("ODOO_GATEWAY__ODOO__1__URL", "http://127.0.0.1:1"),
        ("ODOO_GATEWAY__DEMO__LOGIN", "internal"),
        ("ODOO_GATEWAY__DEMO__PASSWORD", "a-secret-of-the-demo"),
    ];
    let gateway = Gateway::start_with_odoo(&unreachable).await;
    let admin = Session::log_in(&gateway, "admin").await;
    let health = admin.get("/console/admin/health").await.text;
    for part in ["SQLite 3.", "Odoo odoo19", "Odoo 19.0", "Not usable", "Closed: requests are sent", "Ready"] {
        assert!(health.contains(part), "{part}: {health}");
    }
    let settings = admin.get("/console/admin/configuration").await.text;
    assert!(settings.contains("admin_group = &#34;base.group_system&#34;"), "{settings}");
    assert!(settings.contains("password = &#34;***&#34;") && !settings.contains("a-secret-of-the-demo"), "{settings}");
}
