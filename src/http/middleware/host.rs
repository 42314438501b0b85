//! The host that a request is for (H-01; RFC 9110 section 7.2).
//!
//! In: `Host`, `:authority` or an absolute target. Out: nothing, or why the request is rejected. Must not know:
//! routes. Links, redirects and cookies never depend on `Host`, only on the configured public URL.

use http::header::HOST;
use http::uri::Authority;
use http::{Request, Version};

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// Rejects a request without exactly one host, and one for a host that the gateway does not serve.
///
/// # Errors
/// 400 for a missing or ambiguous host, 421 for another host.
pub(super) fn check<B>(request: &Request<B>, public_hosts: &[String]) -> Result<(), Problem> {
    let host = host(request)?;
    let target = request.uri().authority();
    if let (Some(host), Some(target)) = (&host, target)
        && !is_same(host, target)
    {
        return Err(malformed("The `Host` header and the request target name different hosts."));
    }
    match host.as_ref().or(target) {
        Some(host) if public_hosts.is_empty() || public_hosts.iter().any(|public| covers(public, host)) => Ok(()),
        None if public_hosts.is_empty() => Ok(()),
        _ => Err(Problem::new(ErrorCode::UnknownHost, "This gateway does not serve the host in the request.")
            .hint("Send the request to a public host name of the gateway (server.public_hosts).")),
    }
}

fn host<B>(request: &Request<B>) -> Result<Option<Authority>, Problem> {
    let mut values = request.headers().get_all(HOST).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(malformed("The `Host` header is sent more than once.")),
        (Some(value), None) => match Authority::try_from(value.as_bytes()) {
            Ok(host) if !host.as_str().contains('@') => Ok(Some(host)),
            _ => Err(malformed("The `Host` header is not a valid host.")),
        },
        // HTTP/2 has `:authority` instead; HTTP/1.0 has no `Host`.
        (None, _) if request.version() == Version::HTTP_11 => Err(malformed("The `Host` header is missing.")),
        (None, _) => Ok(None),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ErrorCode::MalformedRequest, detail)
}

fn is_same(one: &Authority, other: &Authority) -> bool {
    one.host().eq_ignore_ascii_case(other.host()) && one.port_u16().unwrap_or(80) == other.port_u16().unwrap_or(80)
}

/// A configured host with a port covers that port, one without a port covers all.
fn covers(public: &str, host: &Authority) -> bool {
    public.eq_ignore_ascii_case(host.as_str()) || public.eq_ignore_ascii_case(host.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(target: &str, hosts: &[&str], public: &[&str]) -> Option<ErrorCode> {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let public: Vec<String> = public.iter().map(|&host| host.to_owned()).collect();
        check(&request.body(()).unwrap(), &public).err().map(|problem| problem.code)
    }

    #[test]
    fn one_well_formed_host_passes() {
        for host in ["x", "x:8080", "[::1]:8080", "192.0.2.1", "gw.example"] {
            assert_eq!(rejection("/", &[host], &[]), None, "{host}");
        }
    }

    #[test]
    fn missing_repeated_and_invalid_hosts_are_rejected() {
        for hosts in [&[][..], &["x", "x"], &["a b"], &[""], &["u@x"], &["x/y"], &["x:y:z"]] {
            assert_eq!(rejection("/", hosts, &[]), Some(ErrorCode::MalformedRequest), "{hosts:?}");
        }
    }

    #[test]
    fn an_absolute_target_must_name_the_same_host() {
        assert_eq!(rejection("http://X.example/a", &["x.example:80"], &[]), None);
        assert_eq!(rejection("http://y.example/a", &["x.example"], &[]), Some(ErrorCode::MalformedRequest));
        assert_eq!(rejection("http://x.example:81/a", &["x.example"], &[]), Some(ErrorCode::MalformedRequest));
    }

    #[test]
    fn http2_has_the_host_in_the_target() {
        let request = |target: &str| Request::builder().version(Version::HTTP_2).uri(target).body(()).unwrap();
        assert!(check(&request("http://gw.example/"), &["gw.example".to_owned()]).is_ok());
        assert!(check(&request("http://other/"), &["gw.example".to_owned()]).is_err());
    }

    #[test]
    fn with_public_hosts_all_other_hosts_are_rejected() {
        for (host, expected) in [
            ("gw.example", None),
            ("GW.example:8443", None),
            ("api.example:8443", None),
            ("api.example", Some(ErrorCode::UnknownHost)),
            ("gw.example.evil", Some(ErrorCode::UnknownHost)),
        ] {
            assert_eq!(rejection("/", &[host], &["gw.example", "api.example:8443"]), expected, "{host}");
        }
    }
}
