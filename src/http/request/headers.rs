//! Request headers, found by name with `-` and `_` as equal.
//!
//! In: a header map. Out: the values of a header. Must not know: what they mean. Some proxies replace `_` by `-`: a
//! request must mean the same with and without such a proxy.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The header that selects one of the configured databases.
pub(in crate::http) const X_ODOO_DATABASE: &str = "X-Odoo-Database";

/// All values of a header, with any spelling of its name.
pub(in crate::http) fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h HeaderValue> {
    headers.iter().filter(move |(known, _)| has_name(known, name)).map(|(_, value)| value)
}

/// The value of a header that must not be repeated.
///
/// # Errors
/// 400 for a repeated header.
pub(in crate::http) fn single<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut values = values(headers, name);
    match (values.next(), values.next()) {
        (_, Some(_)) => {
            let detail = format!("The header {name} is sent more than once.");
            let hint = "Send it once. In header names `-` and `_` count as the same character.";
            Err(Problem::new(ErrorCode::RepeatedParameter, detail).parameter(name).hint(hint))
        }
        (value, None) => Ok(value),
    }
}

/// The name of the database that the request selects.
///
/// # Errors
/// 400 for a repeated header.
pub(in crate::http) fn database(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    Ok(single(headers, X_ODOO_DATABASE)?.map(|value| value.to_str().unwrap_or_default()))
}

/// Whether a header has this name, with `-` and `_` equivalent.
pub(super) fn has_name(known: &HeaderName, name: &str) -> bool {
    let is_equal = |(one, other): (u8, u8)| one == other.to_ascii_lowercase() || (one == b'_' && other == b'-');
    known.as_str().len() == name.len() && known.as_str().bytes().zip(name.bytes()).all(is_equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_of(sent: &[&str]) -> Result<Option<String>, ErrorCode> {
        let mut headers = HeaderMap::new();
        for name in sent {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("odoo14"));
        }
        database(&headers).map(|name| name.map(str::to_owned)).map_err(|problem| problem.code)
    }

    #[test]
    fn every_spelling_is_found_and_repetition_is_rejected() {
        assert_eq!(database_of(&["X-Odoo-Databases", "XOdoo-Database"]), Ok(None));
        for spelling in ["X-Odoo-Database", "x_odoo_database", "X-ODOO_DATABASE"] {
            assert_eq!(database_of(&[spelling]), Ok(Some("odoo14".to_owned())), "{spelling}");
            assert_eq!(database_of(&["x-odoo-database", spelling]), Err(ErrorCode::RepeatedParameter), "{spelling}");
        }
    }
}
