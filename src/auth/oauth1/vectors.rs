//! Test vectors in `tests/data/oauth1.json`: requests of the RFC, of other implementations and of the gateway's own
//! routes. Independent libraries confirmed their base strings and signatures.

use http::{Method, Uri};
use serde_json::Value;

use super::request::{RawRequest, SignedRequest};
use super::signature::{RsaKey, SigningSecrets, verify_with_secrets};
use super::{base_string, encoding, header};
use crate::auth::clients::signature_method::SignatureMethod;

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

/// Whether the body is signed, by the rule that the gateway applies to the header.
fn is_form(request: &Value) -> bool {
    text(request, "content_type")
        .split(';')
        .next()
        .unwrap()
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn parse(vector: &Value) -> Result<SignedRequest, String> {
    let request = &vector["request"];
    let method: Method = text(request, "method").parse().unwrap();
    let target: Uri = text(request, "target").parse().unwrap();
    let raw = RawRequest {
        method: &method,
        scheme: text(request, "scheme"),
        authority: text(request, "host"),
        prefix: "",
        target: &target,
        authorization: request["authorization"].as_str().map(str::as_bytes),
        form: request["body"].as_str().filter(|_| is_form(request)).map(str::as_bytes),
    };
    SignedRequest::parse(&raw).map_err(|error| error.to_string())?.ok_or_else(|| "not signed".to_owned())
}

/// Whether the signature was made with the vector's secrets or key. Keys of examples are short.
fn is_valid(vector: &Value, method: SignatureMethod, base: &str, signature: &str) -> bool {
    let secrets = SigningSecrets::new(text(vector, "client_secret"), text(vector, "token_secret"));
    match vector["rsa_public_key_pem"].as_str() {
        Some(pem) => RsaKey::from_pem(pem).unwrap().verify_with_short_key(method, base, signature),
        None => verify_with_secrets(method, base, &secrets, signature),
    }
}

#[test]
fn o1_01_to_o1_12_every_valid_vector_is_accepted() {
    let mut accepted = 0;
    for vector in table("vectors").iter().filter(|vector| vector["expect"] == "accept") {
        let id = text(vector, "id");
        let signed = parse(vector).unwrap_or_else(|error| panic!("{id}: {error}"));
        if vector["base_string"].is_string() && signed.method != SignatureMethod::Plaintext {
            assert_eq!(signed.base_string, text(vector, "base_string"), "{id}");
        }
        assert_eq!(signed.signature, text(vector, "signature"), "{id}");
        assert_eq!(signed.method.as_str(), text(vector, "signature_method"), "{id}");
        assert!(is_valid(vector, signed.method, &signed.base_string, &signed.signature), "{id}");
        let other = signed.base_string.replacen('&', "X&", 1);
        let signs_base_string = signed.method != SignatureMethod::Plaintext;
        assert_eq!(is_valid(vector, signed.method, &other, &signed.signature), !signs_base_string, "{id}");
        accepted += 1;
    }
    assert!(accepted > 50, "{accepted}");
}

#[test]
fn base_string_and_signature_are_right_for_unusual_requests() {
    for vector in table("vectors").iter().filter(|vector| vector["expect"] == "signature-only") {
        let id = text(vector, "id");
        let request = &vector["request"];
        let target: Uri = text(request, "target").parse().unwrap();
        let parameters_text = header::strip_oauth_scheme(text(request, "authorization").as_bytes()).unwrap();
        let form = request["body"].as_str().filter(|_| is_form(request)).unwrap_or_default();
        let query = encoding::pairs(target.query().unwrap_or_default().as_bytes());
        let header = header::parse_parameters(parameters_text).unwrap();
        let pairs = header.into_iter().chain(query).chain(encoding::pairs(form.as_bytes()));
        let parameters = base_string::normalize_parameters(pairs).unwrap();
        assert_eq!(parameters, text(vector, "normalized_parameters"), "{id}");
        let uri = base_string::base_string_uri(text(request, "scheme"), text(request, "host"), target.path());
        assert_eq!(uri, text(vector, "base_string_uri"), "{id}");
        let base = base_string::base_string(text(request, "method"), &uri, &parameters);
        assert_eq!(base, text(vector, "base_string"), "{id}");
        let method = SignatureMethod::from_name(text(vector, "signature_method")).unwrap();
        assert!(is_valid(vector, method, &base, text(vector, "signature")), "{id}");
    }
}

#[test]
fn o1_13_short_keys_are_rejected() {
    let vectors = table("vectors");
    let signed_by_rsa: Vec<_> = vectors.iter().filter(|vector| vector["rsa_public_key_pem"].is_string()).collect();
    assert!(signed_by_rsa.len() >= 4);
    for vector in signed_by_rsa {
        let key = RsaKey::from_pem(text(vector, "rsa_public_key_pem")).unwrap();
        let method = SignatureMethod::from_name(text(vector, "signature_method")).unwrap();
        assert!(!key.verify(method, text(vector, "base_string"), text(vector, "signature")), "{}", text(vector, "id"));
        let pem = SigningSecrets::new(text(vector, "rsa_public_key_pem"), "");
        assert!(!verify_with_secrets(method, text(vector, "base_string"), &pem, text(vector, "signature")));
    }
}

#[test]
fn o1_05_percent_encoding_matches_the_table() {
    for row in table("percent_encoding") {
        assert_eq!(encoding::encode(row[0].as_str().unwrap().as_bytes()), row[1].as_str().unwrap());
    }
}

#[test]
fn o1_01_o1_04_normalized_queries_match_the_table() {
    for row in table("query_normalisation") {
        let pairs = encoding::pairs(row[0].as_str().unwrap().as_bytes());
        assert_eq!(base_string::normalize_parameters(pairs).unwrap(), row[1].as_str().unwrap());
    }
}

#[test]
fn o1_08_base_string_uris_match_the_table() {
    for row in table("base_string_uri") {
        let uri = base_string::base_string_uri(text(&row, "scheme"), text(&row, "host"), text(&row, "path"));
        assert_eq!(uri, text(&row, "uri"));
    }
}

#[test]
fn o1_11_o1_12_signatures_match_the_table() {
    for row in table("signatures_from_base") {
        let method = SignatureMethod::from_name(text(&row, "method")).unwrap();
        assert!(is_valid(&row, method, text(&row, "base"), text(&row, "signature")), "{row}");
    }
}

#[test]
fn o1_21_o1_22_parsed_authorization_headers_match_the_table() {
    for row in table("authorization_headers") {
        let (id, value) = (text(&row, "id"), text(&row, "authorization"));
        let parsed = header::parse_parameters(header::strip_oauth_scheme(value.as_bytes()).unwrap());
        if row["expect"] == "reject" {
            assert!(parsed.is_err() || parsed.is_ok_and(|pairs| pairs.is_empty()), "{id}");
            continue;
        }
        let expected =
            row["parsed"].as_array().unwrap().iter().map(|pair| {
                (pair[0].as_str().unwrap().as_bytes().to_vec(), pair[1].as_str().unwrap().as_bytes().to_vec())
            });
        // The realm is not a parameter.
        let expected: Vec<_> = expected.filter(|(name, _)| name != b"realm").collect();
        assert_eq!(parsed.unwrap(), expected, "{id}");
    }
}
