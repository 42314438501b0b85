//! Odoo's own description of the methods of a model, from Odoo 19 on.
//!
//! In: a user, a model. Out: the descriptions, if the user may read them. Must not know: what they are used for.

use reqwest::StatusCode;

use super::OdooClient;
use crate::names::ModelName;
use crate::odoo::api_key_owner::authorization;
use crate::odoo::jsonrpc::python_json;
use crate::odoo::user::{OdooUser, is_api_key};
use crate::value::Value;

impl OdooClient {
    /// The public methods of a model by name, as `/doc-bearer/<model>.json` describes them. `None` without an Odoo API
    /// key, for a user who may not read them, and if Odoo does not respond as expected.
    pub(in crate::odoo) async fn described_methods(
        &self,
        user: &OdooUser,
        model: &ModelName,
    ) -> Option<Value<'static>> {
        let authorization = is_api_key(&user.secret).then(|| authorization(&user.secret)).flatten()?;
        let response = self.fetch_document(&authorization, model).await.ok()?;
        if response.status != StatusCode::OK {
            return None;
        }
        let document = python_json::parse(&response.text).ok()?;
        let methods = document.get("methods").filter(|methods| methods.as_map().is_some());
        methods.cloned().map(Value::into_owned)
    }
}
