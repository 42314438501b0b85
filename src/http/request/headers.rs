//! Headers of requests, found by name whichever way their names are written: `-` and `_` are the same.
//!
//! In: a header map. Out: the one value of a header. Must not know: what it means. A proxy that turns `_` into `-`, and
//! one that does not, must not make two requests of one.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Problem;
use crate::error_code::Code;

/// The header that picks one of the configured databases.
pub(in crate::http) const X_ODOO_DATABASE: &str = "X-Odoo-Database";

/// All values of a header, in whichever way its name is written.
pub(in crate::http) fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h HeaderValue> {
    headers.iter().filter(move |(known, _)| is_named(known, name)).map(|(_, value)| value)
}

/// The value of a header that can be sent once.
///
/// # Errors
/// 400 for one that is sent twice.
pub(in crate::http) fn single<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut values = values(headers, name);
    match (values.next(), values.next()) {
        (_, Some(_)) => {
            let detail = format!("The header {name} is sent twice. `-` and `_` are the same in its name.");
            Err(Problem::new(Code::RepeatedParameter, detail).parameter(name).hint("Send it once."))
        }
        (value, None) => Ok(value),
    }
}

/// The name of the database that a request picks.
///
/// # Errors
/// 400 for two of them.
pub(in crate::http) fn database(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    Ok(single(headers, X_ODOO_DATABASE)?.map(|value| value.to_str().unwrap_or_default()))
}

fn is_named(known: &HeaderName, name: &str) -> bool {
    let same = |(one, other): (u8, u8)| one == other.to_ascii_lowercase() || (one == b'_' && other == b'-');
    known.as_str().len() == name.len() && known.as_str().bytes().zip(name.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sent: &[&str]) -> Result<Option<String>, Code> {
        let mut headers = HeaderMap::new();
        for name in sent {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("odoo14"));
        }
        database(&headers).map(|named| named.map(str::to_owned)).map_err(|problem| problem.code)
    }

    #[test]
    fn a_header_is_found_by_each_spelling_and_refused_when_it_is_sent_twice() {
        assert_eq!(found(&["X-Odoo-Databases", "XOdoo-Database"]), Ok(None));
        for spelling in ["X-Odoo-Database", "x_odoo_database", "X-ODOO_DATABASE"] {
            assert_eq!(found(&[spelling]), Ok(Some("odoo14".to_owned())), "{spelling}");
            assert_eq!(found(&["x-odoo-database", spelling]), Err(Code::RepeatedParameter), "{spelling}");
        }
    }
}
