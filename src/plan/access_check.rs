//! The call that asks Odoo for an access right of the user.
//!
//! In: a model, an operation, the version of the server. Out: a [`Call`] whose result is `True` or `False`. Must not
//! know: scopes, who asks.

use super::call::{Call, OrmMethod};
use super::intent::AccessOperation;
use super::version_number::VersionNumber;
use crate::names::ModelName;
use crate::value::{Member, Value};

/// The first version with `has_access`. Odoo 19.1 removed `check_access_rights`.
const HAS_ACCESS_FROM: (u8, u8) = (18, 0);

/// Asks whether Odoo's access control allows the user an operation on a model. `raise_exception` stays `False`: with
/// `True` the method returns `None`, which XML-RPC cannot transmit.
#[must_use]
pub fn access_check(
    model: &ModelName,
    operation: AccessOperation,
    context: &[Member<'static>],
    version: VersionNumber,
) -> Call {
    let operation = Value::from(operation.as_str());
    if version.is_at_least(HAS_ACCESS_FROM) {
        return Call::orm(model, OrmMethod::HasAccess, vec![Value::List(Vec::new()), operation], context);
    }
    Call::orm(model, OrmMethod::CheckAccessRights, vec![operation, Value::Bool(false)], context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_is_asked_with_the_method_of_the_version() {
        let model = ModelName::from_static("res.partner");
        let asked = |major, minor| {
            let call = access_check(&model, AccessOperation::Write, &[], VersionNumber::new(major, minor));
            format!("{} {}", call.method, serde_json::to_string(&call.args.into_iter().collect::<Value<'_>>()).unwrap())
        };
        assert_eq!(asked(14, 0), r#"check_access_rights ["write",false]"#);
        assert_eq!(asked(17, 4), r#"check_access_rights ["write",false]"#);
        assert_eq!(asked(18, 0), r#"has_access [[],"write"]"#);
        assert_eq!(asked(20, 0), r#"has_access [[],"write"]"#);
    }
}
