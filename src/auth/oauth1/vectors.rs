//! The vectors of `tests/data/oauth1.json`: requests of the RFC, of other implementations and of our own routes, whose
//! base strings and signatures independent libraries have confirmed.

use http::{Method, Uri};
use serde_json::Value;

use super::request::{Sent, Signed};
use super::signature::{RsaKey, Secrets, SignatureMethod, verify_shared};
use super::{base_string, encoding, header};

fn file() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/oauth1.json")).unwrap()
}

fn table(name: &str) -> Vec<Value> {
    let table = file()[name].as_array().unwrap().clone();
    assert!(!table.is_empty());
    table
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// Whether the body counts, as the gateway itself judges by the header.
fn is_form(request: &Value) -> bool {
    text(request, "content_type")
        .split(';')
        .next()
        .unwrap()
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn read(vector: &Value) -> Result<Signed, String> {
    let request = &vector["request"];
    let method: Method = text(request, "method").parse().unwrap();
    let target: Uri = text(request, "target").parse().unwrap();
    let sent = Sent {
        method: &method,
        scheme: text(request, "scheme"),
        authority: text(request, "host"),
        prefix: "",
        target: &target,
        authorization: request["authorization"].as_str().map(str::as_bytes),
        form: request["body"].as_str().filter(|_| is_form(request)).map(str::as_bytes),
    };
    Signed::read(&sent).map_err(|wrong| wrong.to_string())?.ok_or_else(|| "not signed".to_owned())
}

/// Whether the signature is that of the vector's secrets; examples have short keys.
fn is_good(vector: &Value, method: SignatureMethod, base: &str, signature: &str) -> bool {
    let secrets = Secrets::new(text(vector, "client_secret"), text(vector, "token_secret"));
    match vector["rsa_public_key_pem"].as_str() {
        Some(pem) => RsaKey::from_pem(pem).unwrap().verify_with_a_short_key(method, base, signature),
        None => verify_shared(method, base, &secrets, signature),
    }
}

#[test]
fn o1_01_to_o1_12_every_vector_that_is_to_be_accepted_is() {
    let mut accepted = 0;
    for vector in table("vectors").iter().filter(|vector| vector["expect"] == "accept") {
        let id = text(vector, "id");
        let signed = read(vector).unwrap_or_else(|wrong| panic!("{id}: {wrong}"));
        if vector["base_string"].is_string() && signed.method != SignatureMethod::Plaintext {
            assert_eq!(signed.base, text(vector, "base_string"), "{id}");
        }
        assert_eq!(signed.signature, text(vector, "signature"), "{id}");
        assert_eq!(signed.method.as_str(), text(vector, "signature_method"), "{id}");
        assert!(is_good(vector, signed.method, &signed.base, &signed.signature), "{id}");
        let other = signed.base.replacen('&', "X&", 1);
        let bound = signed.method != SignatureMethod::Plaintext;
        assert_eq!(is_good(vector, signed.method, &other, &signed.signature), !bound, "{id}");
        accepted += 1;
    }
    assert!(accepted > 50, "{accepted}");
}

#[test]
fn base_string_and_signature_are_right_where_the_request_is_odd() {
    for vector in table("vectors").iter().filter(|vector| vector["expect"] == "signature-only") {
        let id = text(vector, "id");
        let request = &vector["request"];
        let target: Uri = text(request, "target").parse().unwrap();
        let shown = header::of_scheme(text(request, "authorization").as_bytes()).unwrap();
        let form = request["body"].as_str().filter(|_| is_form(request)).unwrap_or_default();
        let query = encoding::pairs(target.query().unwrap_or_default().as_bytes());
        let pairs = header::parse(shown).unwrap().into_iter().chain(query).chain(encoding::pairs(form.as_bytes()));
        let parameters = base_string::normalize(pairs).unwrap();
        assert_eq!(parameters, text(vector, "normalized_parameters"), "{id}");
        let uri = base_string::uri(text(request, "scheme"), text(request, "host"), target.path());
        assert_eq!(uri, text(vector, "base_string_uri"), "{id}");
        let base = base_string::base_string(text(request, "method"), &uri, &parameters);
        assert_eq!(base, text(vector, "base_string"), "{id}");
        let method = SignatureMethod::of_name(text(vector, "signature_method")).unwrap();
        assert!(is_good(vector, method, &base, text(vector, "signature")), "{id}");
    }
}

#[test]
fn o1_13_the_short_keys_of_examples_are_too_short_for_the_gateway() {
    let vectors = table("vectors");
    let signed_by_rsa: Vec<_> = vectors.iter().filter(|vector| vector["rsa_public_key_pem"].is_string()).collect();
    assert!(signed_by_rsa.len() >= 4);
    for vector in signed_by_rsa {
        let key = RsaKey::from_pem(text(vector, "rsa_public_key_pem")).unwrap();
        let method = SignatureMethod::of_name(text(vector, "signature_method")).unwrap();
        assert!(!key.verify(method, text(vector, "base_string"), text(vector, "signature")), "{}", text(vector, "id"));
        let pem = Secrets::new(text(vector, "rsa_public_key_pem"), "");
        assert!(!verify_shared(method, text(vector, "base_string"), &pem, text(vector, "signature")));
    }
}

#[test]
fn o1_05_percent_encoding_is_that_of_the_table() {
    for row in table("percent_encoding") {
        assert_eq!(encoding::encode(row[0].as_str().unwrap().as_bytes()), row[1].as_str().unwrap());
    }
}

#[test]
fn o1_01_o1_04_queries_are_normalised_as_in_the_table() {
    for row in table("query_normalisation") {
        let pairs = encoding::pairs(row[0].as_str().unwrap().as_bytes());
        assert_eq!(base_string::normalize(pairs).unwrap(), row[1].as_str().unwrap());
    }
}

#[test]
fn o1_08_base_string_uris_are_those_of_the_table() {
    for row in table("base_string_uri") {
        let uri = base_string::uri(text(&row, "scheme"), text(&row, "host"), text(&row, "path"));
        assert_eq!(uri, text(&row, "uri"));
    }
}

#[test]
fn o1_11_o1_12_signatures_are_those_of_the_table() {
    for row in table("signatures_from_base") {
        let method = SignatureMethod::of_name(text(&row, "method")).unwrap();
        assert!(is_good(&row, method, text(&row, "base"), text(&row, "signature")), "{row}");
    }
}

#[test]
fn o1_21_o1_22_authorization_headers_are_read_as_in_the_table() {
    for row in table("authorization_headers") {
        let (id, shown) = (text(&row, "id"), text(&row, "authorization"));
        let parsed = header::parse(header::of_scheme(shown.as_bytes()).unwrap());
        if row["expect"] == "reject" {
            assert!(parsed.is_err() || parsed.is_ok_and(|pairs| pairs.is_empty()), "{id}");
            continue;
        }
        let wanted =
            row["parsed"].as_array().unwrap().iter().map(|pair| {
                (pair[0].as_str().unwrap().as_bytes().to_vec(), pair[1].as_str().unwrap().as_bytes().to_vec())
            });
        // The realm is read over: it is no parameter.
        let wanted: Vec<_> = wanted.filter(|(name, _)| name != b"realm").collect();
        assert_eq!(parsed.unwrap(), wanted, "{id}");
    }
}
