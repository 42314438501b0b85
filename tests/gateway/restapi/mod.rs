//! Family A, `/restapi/1.0`: every row of its contract on real Odoo 19 and 14.

mod reading;
