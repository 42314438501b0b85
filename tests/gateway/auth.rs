//! Authentication: HTTP Basic with a password or an Odoo API key.
//!
//! Real Odoos test which credentials are accepted; the stub tests how often Odoo is called.

mod brute_force;
mod credentials;

use crate::support::{Client, Response};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const FLOOR: &str = "ODOO_GATEWAY__AUTH__FAILURE_FLOOR";

/// A request that every user may send and that needs Odoo.
async fn ping(client: &Client) -> Response {
    client.get("/restapi/1.0/object/res.users/check_access_rights", &[("operation", "read")]).await
}
