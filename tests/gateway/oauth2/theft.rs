//! What an attacker can do to applications with a dump, with write access to the store, or with the master key.

use odoo_gateway::admin::SignatureMethod;
use odoo_gateway::auth::open_consumer_secret;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::{Fixture, TOKEN, member, oauth_error};
use crate::support::changes_reach_gateways;
use crate::support::stub_odoo::PASSWORD;

async fn connection(fixture: &Fixture) -> AnyConnection {
    let file = fixture.gateway.folder().join("gateway.db");
    AnyConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
}

#[tokio::test]
async fn application_secrets_are_not_in_the_store_in_any_notation() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("shop", |_| {}).await;
    let (signing, signing_secret) = fixture
        .application("signing", |new_application| new_application.settings.oauth1 = [SignatureMethod::HmacSha1].into())
        .await;
    let code = fixture.code(&application, "", None).await;
    let spare = fixture.code(&application, "", None).await;
    let issued = fixture.redeem(&application, &secret, &code).await.ok();
    let next = fixture.refresh(&application, &secret, &member(&issued, "refresh_token")).await.ok();
    let form = [
        ("grant_type", "client_credentials"),
        ("token_format", "jwt"),
        ("client_id", signing.client_id()),
        ("client_secret", &signing_secret),
    ];
    let jwt = member(&fixture.post(TOKEN, &form).await.ok(), "access_token");
    let inside = jwt.split('.').nth(1).unwrap().to_owned();
    let mut secrets = vec![PASSWORD.to_owned(), secret, signing_secret.clone(), code, spare, jwt, inside];
    for response in [&issued, &next] {
        secrets.extend([member(response, "access_token"), member(response, "refresh_token")]);
    }
    for (name, content) in crate::secrecy::files(fixture.gateway.folder()) {
        if !name.contains("/keys/") {
            let ends = |secret: &String| secret.len().saturating_sub(24);
            let secrets: Vec<&str> = secrets.iter().map(|secret| &secret[ends(secret)..]).collect();
            crate::secrecy::assert_absent(&name, &content, &secrets);
        }
    }
    // What the master key alone decrypts, and for which applications.
    let vault = fixture.admin.key_provider.load_existing().await.unwrap().unwrap();
    let opened =
        |application: &odoo_gateway::admin::Application| open_consumer_secret(&vault.keyring, &application.row);
    assert!(opened(&application).unwrap().is_none());
    let signs = opened(&signing).unwrap().unwrap();
    assert_ne!(
        signs.expose(),
        signing_secret,
        "the signing secret differs from the secret that decrypts the user's credential"
    );
}

#[tokio::test]
async fn changing_an_applications_rows_gives_no_access() {
    let attacks = [
        ("another redirection", "UPDATE applications SET settings = replace(settings, 'app.example', 'evil.example')"),
        ("trust", "UPDATE applications SET settings = replace(settings, '\"trusted\":false', '\"trusted\":true')"),
        ("another client id", "UPDATE applications SET client_id = 'ogw_app_mine'"),
        ("a wider scope", "UPDATE tokens SET scope = '\"all\" '"),
        ("an older secret's hash", "UPDATE tokens SET kind = 'api_key' WHERE kind = 'client_secret'"),
        ("no more networks", "UPDATE api_keys SET networks = '127.0.0.0/8'"),
        ("another user", "UPDATE grants SET uid = 3"),
        ("another grant", "UPDATE oauth_tokens SET family_id = 'mine'"),
        ("no challenge", "UPDATE oauth_tokens SET challenge = NULL"),
        ("another redirection of a code", "UPDATE oauth_tokens SET redirect_uri = 'https://evil.example/'"),
        ("a headless code", "UPDATE oauth_tokens SET headless = 1"),
    ];
    for (case, attack) in attacks {
        let fixture = Fixture::with(&[]).await;
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let code = fixture.code(&application, "", Some(challenge)).await;
        let changed = sqlx::query(attack).execute(&mut connection(&fixture).await).await.unwrap();
        assert!(changed.rows_affected() > 0, "{case}");
        let response = fixture.redeem(&application, &secret, &code).await;
        assert!(matches!(response.status, 400 | 401 | 500), "{case}: {}", response.text);
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", application.client_id()),
            ("client_secret", &secret),
            ("code", &code),
            ("redirect_uri", "https://evil.example/"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ];
        let response = fixture.post(TOKEN, &form).await;
        assert!(matches!(response.status, 400 | 401 | 500), "{case}: {}", response.text);
    }
}

#[tokio::test]
async fn used_token_is_useless_even_with_the_store_and_the_master_key() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("shop", |_| {}).await;
    let code = fixture.code(&application, "", None).await;
    let issued = fixture.redeem(&application, &secret, &code).await.ok();
    fixture.refresh(&application, &secret, &member(&issued, "refresh_token")).await.ok();
    let spent = "oauth_tokens o WHERE o.spent_at IS NOT NULL";
    let opened = "oauth_tokens o JOIN wraps w ON w.token_id = o.token_id WHERE o.spent_at IS NOT NULL";
    for (rows, expected) in [(spent, 2), (opened, 0)] {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {rows}"));
        let row = sqlx::query(count).fetch_one(&mut connection(&fixture).await).await.unwrap();
        assert_eq!(row.get::<i64, _>(0), expected, "{rows}");
    }
}

#[tokio::test]
async fn new_secret_ends_the_old_one_but_not_the_issued_tokens() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let request_token = async |secret: &str| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", application.client_id()),
                ("client_secret", secret),
            ];
            fixture.post(TOKEN, &form).await
        };
        let before = member(&request_token(&secret).await.ok(), "access_token");
        fixture.admin.rotate_secret("shop", None).await.unwrap_err();
        let next = fixture.admin.rotate_secret("shop", Some(PASSWORD.into())).await.unwrap().client.unwrap();
        oauth_error(&request_token(&secret).await, 401, "invalid_client");
        let after = member(&request_token(next.expose()).await.ok(), "access_token");
        for token in [&before, &after] {
            fixture.call_api(token).await.ok();
        }
        fixture.admin.add_master_key().await.unwrap();
        fixture.admin.rewrap(|_, _| ()).await.unwrap();
        assert_eq!(fixture.admin.prune_master_keys().await.unwrap().len(), 1);
        request_token(next.expose()).await.ok();
        fixture.call_api(&after).await.ok();
    }
}

#[tokio::test]
async fn disabled_application_cannot_be_enabled_by_changing_rows() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let form =
            [("grant_type", "client_credentials"), ("client_id", application.client_id()), ("client_secret", &secret)];
        let token = member(&fixture.post(TOKEN, &form).await.ok(), "access_token");
        fixture.call_api(&token).await.ok();
        fixture.admin.set_application_enabled("shop", false).await.unwrap();
        fixture.execute_sql("UPDATE tokens SET disabled_at = NULL").await;
        changes_reach_gateways().await;
        oauth_error(&fixture.post(TOKEN, &form).await, 401, "invalid_client");
        fixture.call_api(&token).await.problem(401, "credential_invalid");
        fixture.execute_sql("UPDATE tokens SET disabled_at = 1 WHERE kind = 'client_secret'").await;
        fixture.admin.set_application_enabled("shop", true).await.unwrap();
        changes_reach_gateways().await;
        fixture.post(TOKEN, &form).await.ok();
        fixture.call_api(&token).await.ok();
    }
}
