//! Who calls: HTTP Basic with a password or an Odoo API key.
//!
//! What Odoo says of a credential is tried with real Odoos; how often it is asked, with the stub.

mod credentials;
mod guessing;

use crate::support::{Answer, Client};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const FLOOR: &str = "ODOO_GATEWAY__AUTH__FAILURE_FLOOR";

/// What everybody may ask, and only Odoo can answer.
async fn knock(client: &Client) -> Answer {
    client.get("/restapi/1.0/object/res.users/check_access_rights", &[("operation", "read")]).await
}
