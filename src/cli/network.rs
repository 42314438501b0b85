//! A network on the command line.
//!
//! In: a text. Out: a network; a bare address is a network of one. Must not know: what it is for.

use std::net::IpAddr;

use ipnet::IpNet;

/// Parses an address or a network.
///
/// # Errors
/// What was expected.
pub(super) fn parse(text: &str) -> Result<IpNet, String> {
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| "expected an address or a network, as 192.0.2.7 or 192.0.2.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        for (text, network) in
            [("192.0.2.7", "192.0.2.7/32"), ("192.0.2.0/24", "192.0.2.0/24"), ("2001:db8::1", "2001:db8::1/128")]
        {
            assert_eq!(parse(text).unwrap().to_string(), network);
        }
        for wrong in ["", "shop.example", "192.0.2.0/33", "192.0.2"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
