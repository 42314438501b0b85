//! The crate oauth1-request as a client over HTTP: request token, authorization, access token, signed reads and writes
//! on real Odoos.

use oauth1_request::signature_method::HmacSha1;
use oauth1_request::{Builder, Credentials, ParameterList, Token};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ACCESS_TOKEN, CALLBACK, PARTNERS, REQUEST_TOKEN, new_application, parse_token_pair, unthrottled_gateway};
use crate::support::client::send;
use crate::support::signer::FORM;
use crate::support::{Client, Gateway, Response, Version, unique};

const AUTHORIZE: &str = "/restapi/1.0/common/oauth1/authorize";
const OBJECT: &str = "/restapi/1.0/object/res.partner";

type Parameters<'p> = ParameterList<&'p str, &'p str>;

/// A client that signs with the crate.
struct SigningClient {
    client: Client,
    base: String,
    token: Token,
}

impl SigningClient {
    /// Sends a request with the parameters in the query.
    async fn query(&self, method: &str, path: &str, parameters: &[(&str, &str)]) -> Response {
        let (uri, list) = (format!("{}{path}", self.base), sorted(parameters));
        let header = oauth1_request::authorize(method, &uri, &list, &self.token, HmacSha1::new());
        let target = oauth1_request::to_query(path.to_owned(), &list);
        let request = self.client.request(method.parse().unwrap(), &target);
        send(request.header("authorization", header)).await
    }

    /// Sends a request with the parameters in a form.
    async fn form(&self, method: &str, path: &str, parameters: &[(&str, &str)]) -> Response {
        let (uri, list) = (format!("{}{path}", self.base), sorted(parameters));
        let header = oauth1_request::authorize(method, &uri, &list, &self.token, HmacSha1::new());
        let request = self.client.request(method.parse().unwrap(), path).body(oauth1_request::to_form(&list));
        send(request.header("authorization", header).header("content-type", FORM)).await
    }
}

fn sorted<'p>(parameters: &[(&'p str, &'p str)]) -> Parameters<'p> {
    ParameterList::new(parameters.to_vec())
}

/// Completes the flow from an application's secret to a user's token.
async fn connect(gateway: &Gateway, consumer: Credentials) -> SigningClient {
    let (client, base) = (gateway.client(), format!("http://{}", gateway.address()));
    let post = async |path: &str, header: String| {
        parse_token_pair(&send(client.request(Method::POST, path).header("authorization", header)).await)
    };
    let mut token_request = Builder::<_, _>::new(consumer.as_ref(), HmacSha1::new());
    let header = token_request.callback(CALLBACK).post(format!("{base}{REQUEST_TOKEN}"), &());
    let (token, secret) = post(REQUEST_TOKEN, header).await;
    // The application is trusted, so no page is shown.
    let agreed = client.with_header("accept", "application/json").get(AUTHORIZE, &[("oauth_token", &token)]).await.ok();
    assert_eq!(agreed["oauth_token"], token.as_str());
    let request = Credentials::new(token, secret);
    let mut exchange = Builder::<_, _>::new(consumer.as_ref(), HmacSha1::new());
    exchange.token(request.as_ref()).verifier(agreed["oauth_verifier"].as_str().unwrap());
    let header = exchange.post(format!("{base}{ACCESS_TOKEN}"), &());
    let (token, secret) = post(ACCESS_TOKEN, header).await;
    SigningClient { client: client.clone(), base, token: Token::new(consumer, Credentials::new(token, secret)) }
}

fn record(response: &Response) -> Value {
    response.ok().as_object().unwrap().values().next().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth1_request_completes_the_flow_and_reads_and_writes() {
    let gateway = unthrottled_gateway(&[]).await;
    let admin = gateway.administration().await;
    for version in Version::each() {
        let new_application = new_application(version, version.database());
        let (_, secrets) = admin.create_application(new_application).await.unwrap();
        let consumer = secrets.consumer.unwrap();
        let consumer = Credentials::new(consumer.key().to_owned(), consumer.secret().to_owned());
        let user = connect(&gateway, consumer).await;
        let name = unique("Signed & sealed + \u{20ac} ~*'()");
        let vals = json!({"name": name}).to_string();
        let created = record(&user.form("POST", OBJECT, &[("vals", &vals)]).await);
        assert_eq!(created["name"], name.as_str());
        let path = format!("{OBJECT}/{}", created["id"]);
        let domain = format!("[['name','=',{}]]", json!(name));
        let counted = user.query("GET", PARTNERS, &[("domain", &domain)]).await.ok();
        assert_eq!(counted["count"], 1);
        user.form("PUT", &path, &[("vals", "{'city': 'Ghent'}")]).await.ok();
        let read = record(&user.query("GET", &path, &[("fields", "name,city")]).await);
        assert_eq!((&read["name"], &read["city"]), (&json!(name), &json!("Ghent")));
        user.query("DELETE", &path, &[]).await.ok();
        user.query("GET", &path, &[("fields", "name")]).await.problem(404, "record_not_found");
        // Another user's token does not work with this secret.
        let stranger = Credentials::new(user.token.token.identifier.clone(), "another secret".to_owned());
        let stranger = Token::new(user.token.client.clone(), stranger);
        let stranger = SigningClient { token: stranger, client: user.client.clone(), base: user.base.clone() };
        stranger.query("GET", PARTNERS, &[]).await.problem(401, "credential_invalid");
    }
}
