//! The signature base string (RFC 5849 section 3.4.1): what a client signs and the gateway signs again.
//!
//! ```text
//! base string = method "&" encode( uri ) "&" encode( parameters )
//! uri         = scheme "://" authority path        lower case, without the scheme's own port; the path as it was sent
//! parameters  = name "=" value *( "&" name "=" value )     encoded, sorted as bytes by name, then by value
//! ```
//!
//! In: the request as it was sent. Out: the base string. Must not know: protocol parameters by name, but for the two
//! that are not signed: the signature, and the realm, which is gone already.

use super::encoding::{encode, encode_onto};
use super::malformed::Malformed;

/// The parameter that holds the signature and is not signed itself.
const SIGNATURE: &[u8] = b"oauth_signature";

/// More make no request; nobody can make the gateway sort millions.
const MOST_PARAMETERS: usize = 10_000;

/// The base string URI (O1-08). A path that is empty is `/`.
#[must_use]
pub fn uri(scheme: &str, authority: &str, path: &str) -> String {
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    // An IPv6 address ends with a bracket, so only a port is cut.
    let host = authority.strip_suffix(own_port).or_else(|| authority.strip_suffix(':')).unwrap_or(&authority);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}")
}

/// The parameters in the form that is signed (O1-01). Duplicates stay.
///
/// # Errors
/// When there are too many.
pub fn normalize(pairs: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<String, Malformed> {
    let mut encoded: Vec<(String, String)> = pairs
        .filter(|(name, _)| name != SIGNATURE)
        .map(|(name, value)| (encode(&name), encode(&value)))
        .take(MOST_PARAMETERS + 1)
        .collect();
    if encoded.len() > MOST_PARAMETERS {
        let detail = format!("A signed request has at most {MOST_PARAMETERS} parameters.");
        return Err(Malformed::new(detail));
    }
    encoded.sort_unstable();
    let parts: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(parts.join("&"))
}

/// The base string of a request.
#[must_use]
pub fn base_string(method: &str, uri: &str, parameters: &str) -> String {
    let mut text = String::with_capacity(method.len() + uri.len() + 2 * parameters.len() + 32);
    text.push_str(&method.to_ascii_uppercase());
    text.push('&');
    encode_onto(&mut text, uri.as_bytes());
    text.push('&');
    encode_onto(&mut text, parameters.as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_08_only_the_port_of_the_scheme_is_dropped() {
        for (parts, expected) in [
            (("HTTP", "EXAMPLE.com:80", "/A"), "http://example.com/A"),
            (("https", "x:80", "/"), "https://x:80/"),
            (("https", "[::1]:443", "/%2f//"), "https://[::1]/%2f//"),
            (("http", "[::80]", ""), "http://[::80]/"),
        ] {
            assert_eq!(uri(parts.0, parts.1, parts.2), expected);
        }
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let pairs = |count: usize| (0..count).map(|_| (b"a".to_vec(), Vec::new()));
        assert!(normalize(pairs(10_000)).is_ok());
        assert!(normalize(pairs(10_001)).is_err());
        assert!(normalize(std::iter::repeat((b"a".to_vec(), Vec::new()))).is_err());
    }
}
