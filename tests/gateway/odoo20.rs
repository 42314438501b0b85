//! Odoo 20, as a stand-in: Odoo 19 with what Odoo 20 changed (`tests/testbed/odoo20`). Each test fails without what the
//! gateway does for that change.

mod binaries;
mod methods;
mod server;
mod stand_in;
