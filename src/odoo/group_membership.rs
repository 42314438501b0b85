//! Whether a user is a member of a group.
//!
//! In: a user, the external id of a group. Out: yes or no, as Odoo answers it to the user's own credential. Must not
//! know: what members may do.

use super::database::Database;
use super::user::OdooUser;
use super::user_client::unexpected_form;
use crate::error::Problem;
use crate::names::{MethodName, ModelName};
use crate::plan::{Call, Effect};
use crate::value::Value;

/// From this version on `has_group` is a method of the user's record. Before, it has no ids and means the caller.
const FIRST_WITH_IDS: u8 = 18;

impl Database {
    /// Asks Odoo whether the user is a member of this group, directly or by another group. A group that does not exist
    /// has no members.
    ///
    /// # Errors
    /// If Odoo rejects the credential, cannot be reached, or does not respond as expected.
    pub async fn is_member(&self, user: &OdooUser, group: &str) -> Result<bool, Problem> {
        let mut args = vec![Value::from(group.to_owned())];
        if self.metadata.cached_version().await?.major >= FIRST_WITH_IDS {
            args.insert(0, Value::List(vec![Value::Int(user.uid.get())]));
        }
        let call = Call {
            model: ModelName::from_static("res.users"),
            method: MethodName::from_static("has_group"),
            args,
            kwargs: Vec::new(),
            effect: Effect::Read,
        };
        let reply = self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        match reply.value()? {
            Value::Bool(is_member) => Ok(is_member),
            _ => Err(unexpected_form(&call)),
        }
    }
}
