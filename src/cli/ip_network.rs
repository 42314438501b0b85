//! Parses a network argument.
//!
//! In: text. Out: a network; a single address is a network with one address. Must not know: what it is for.

use std::net::IpAddr;

use ipnet::IpNet;

/// Parses an address or a network.
///
/// # Errors
/// Describes what was expected.
pub(super) fn parse(text: &str) -> Result<IpNet, String> {
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| "expected an address or a network, such as 192.0.2.7 or 192.0.2.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_with_one_address() {
        for (text, network) in
            [("192.0.2.7", "192.0.2.7/32"), ("192.0.2.0/24", "192.0.2.0/24"), ("2001:db8::1", "2001:db8::1/128")]
        {
            assert_eq!(parse(text).unwrap().to_string(), network);
        }
        for invalid in ["", "shop.example", "192.0.2.0/33", "192.0.2"] {
            assert!(parse(invalid).is_err(), "{invalid}");
        }
    }
}
