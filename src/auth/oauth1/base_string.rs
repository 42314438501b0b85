//! The signature base string (RFC 5849 section 3.4.1): the text that the client signs and the gateway verifies.
//!
//! ```text
//! base string = method "&" encode( uri ) "&" encode( parameters )
//! uri         = scheme "://" authority path   lower case, without the default port; the path as sent
//! parameters  = name "=" value *( "&" name "=" value )     encoded, sorted as bytes by name, then by value
//! ```
//!
//! In: the request as it was sent. Out: the base string. Must not know: protocol parameters by name, except the
//! signature, which is not signed. The realm, which is not signed either, is removed before.

use super::encoding::{encode, encoded_len, push_encoded};
use super::malformed::MalformedSignature;

/// The parameter that contains the signature and is not signed itself.
const SIGNATURE: &[u8] = b"oauth_signature";

/// The most parameters of a request, so that a client cannot make the gateway sort millions.
const MAX_PARAMETERS: usize = 10_000;

/// The base string URI (O1-08). An empty path is `/`.
#[must_use]
pub fn base_string_uri(scheme: &str, authority: &str, path: &str) -> String {
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    // An IPv6 address ends with a bracket, so only a port is removed.
    let host = authority.strip_suffix(default_port).or_else(|| authority.strip_suffix(':')).unwrap_or(&authority);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}")
}

/// The parameters, encoded and sorted as they are signed (O1-01). Duplicates are preserved.
///
/// # Errors
/// If there are too many.
pub fn normalize_parameters(pairs: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<String, MalformedSignature> {
    let mut encoded: Vec<(String, String)> = pairs
        .filter(|(name, _)| name != SIGNATURE)
        .map(|(name, value)| (encode(&name), encode(&value)))
        .take(MAX_PARAMETERS + 1)
        .collect();
    if encoded.len() > MAX_PARAMETERS {
        let detail = format!("A signed request may have at most {MAX_PARAMETERS} parameters.");
        return Err(MalformedSignature::new(detail));
    }
    encoded.sort_unstable();
    let length = encoded.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut parameters = String::with_capacity(length);
    for (name, value) in encoded {
        if !parameters.is_empty() {
            parameters.push('&');
        }
        parameters.push_str(&name);
        parameters.push('=');
        parameters.push_str(&value);
    }
    Ok(parameters)
}

/// The base string of a request.
#[must_use]
pub fn base_string(method: &str, uri: &str, parameters: &str) -> String {
    let length = method.len() + encoded_len(uri.as_bytes()) + encoded_len(parameters.as_bytes()) + 2;
    let mut text = String::with_capacity(length);
    text.push_str(&method.to_ascii_uppercase());
    text.push('&');
    push_encoded(&mut text, uri.as_bytes());
    text.push('&');
    push_encoded(&mut text, parameters.as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_08_only_the_default_port_is_removed() {
        for (parts, expected) in [
            (("HTTP", "EXAMPLE.com:80", "/A"), "http://example.com/A"),
            (("https", "x:80", "/"), "https://x:80/"),
            (("https", "[::1]:443", "/%2f//"), "https://[::1]/%2f//"),
            (("http", "[::80]", ""), "http://[::80]/"),
        ] {
            assert_eq!(base_string_uri(parts.0, parts.1, parts.2), expected);
        }
    }

    #[test]
    fn too_many_parameters_are_rejected() {
        let pairs = |count: usize| (0..count).map(|_| (b"a".to_vec(), Vec::new()));
        assert!(normalize_parameters(pairs(10_000)).is_ok());
        assert!(normalize_parameters(pairs(10_001)).is_err());
        assert!(normalize_parameters(std::iter::repeat((b"a".to_vec(), Vec::new()))).is_err());
    }
}
