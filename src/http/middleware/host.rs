//! For whom the request is meant (H-01).
//!
//! In: `Host`, `:authority`, an absolute target. Out: nothing, or why it is refused. Must not know: routes. No
//! link, redirect or cookie is ever made from `Host`; that is configured.

use http::header::HOST;
use http::uri::Authority;
use http::{Request, Version};

use crate::error::Problem;
use crate::error_code::Code;

/// Refuses a request without a plain statement of whom it is for, and one that is for somebody else.
pub(super) fn check<B>(request: &Request<B>, public_hosts: &[String]) -> Result<(), Problem> {
    let host = host(request)?;
    let target = request.uri().authority();
    if let (Some(host), Some(target)) = (&host, target)
        && !same(host, target)
    {
        return Err(malformed("The `Host` header and the request target name different hosts."));
    }
    let named = host.as_ref().or(target);
    match named {
        Some(named) if public_hosts.is_empty() || public_hosts.iter().any(|known| is(known, named)) => Ok(()),
        None if public_hosts.is_empty() => Ok(()),
        _ => Err(Problem::new(Code::UnknownHost, "This gateway does not answer for the host in the request.")),
    }
}

fn host<B>(request: &Request<B>) -> Result<Option<Authority>, Problem> {
    let mut values = request.headers().get_all(HOST).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(malformed("The `Host` header is given twice.")),
        (Some(value), None) => match Authority::try_from(value.as_bytes()) {
            Ok(host) if !host.as_str().contains('@') => Ok(Some(host)),
            _ => Err(malformed("The `Host` header is not a host.")),
        },
        // HTTP/2 has `:authority` instead, HTTP/1.0 did not know it yet.
        (None, _) if request.version() == Version::HTTP_11 => Err(malformed("The `Host` header is missing.")),
        (None, _) => Ok(None),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Code::MalformedRequest, detail)
}

fn same(one: &Authority, other: &Authority) -> bool {
    one.host().eq_ignore_ascii_case(other.host()) && one.port_u16().unwrap_or(80) == other.port_u16().unwrap_or(80)
}

/// A configured name with a port means that port, one without means any.
fn is(known: &str, named: &Authority) -> bool {
    known.eq_ignore_ascii_case(named.as_str()) || known.eq_ignore_ascii_case(named.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(target: &str, hosts: &[&str], public: &[&str]) -> Option<Code> {
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
            assert_eq!(verdict("/", &[host], &[]), None, "{host}");
        }
    }

    #[test]
    fn none_two_or_nonsense_are_refused() {
        for hosts in [&[][..], &["x", "x"], &["a b"], &[""], &["u@x"], &["x/y"], &["x:y:z"]] {
            assert_eq!(verdict("/", hosts, &[]), Some(Code::MalformedRequest), "{hosts:?}");
        }
    }

    #[test]
    fn an_absolute_target_must_agree() {
        assert_eq!(verdict("http://X.example/a", &["x.example:80"], &[]), None);
        assert_eq!(verdict("http://y.example/a", &["x.example"], &[]), Some(Code::MalformedRequest));
        assert_eq!(verdict("http://x.example:81/a", &["x.example"], &[]), Some(Code::MalformedRequest));
    }

    #[test]
    fn http2_names_its_host_in_the_target() {
        let request = |target: &str| Request::builder().version(Version::HTTP_2).uri(target).body(()).unwrap();
        assert!(check(&request("http://gw.example/"), &["gw.example".to_owned()]).is_ok());
        assert!(check(&request("http://other/"), &["gw.example".to_owned()]).is_err());
    }

    #[test]
    fn with_public_hosts_others_are_misdirected() {
        for (host, expected) in [
            ("gw.example", None),
            ("GW.example:8443", None),
            ("api.example:8443", None),
            ("api.example", Some(Code::UnknownHost)),
            ("gw.example.evil", Some(Code::UnknownHost)),
        ] {
            assert_eq!(verdict("/", &[host], &["gw.example", "api.example:8443"]), expected, "{host}");
        }
    }
}
