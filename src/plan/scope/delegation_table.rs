//! Models that delegate to others (`_inherits`): their records are also records of another model.
//!
//! In: a name. Out: the models that it delegates to. Must not know: scopes, schemas. The table contains every model
//! of the community add-ons of Odoo 14-19 that always delegates, as `tests/testbed/delegations.py` prints them from
//! Odoo's sources; a test compares the table with real servers. `crm.team` and `hr.job` only delegate if another
//! add-on is installed: these, and models of other add-ons, are detected by their fields, see `scope_check`.

use crate::names::ModelName;

/// Each model with one that it delegates to.
const DELEGATIONS: [(&str, &str); 26] = [
    ("account.bank.statement.line", "account.move"),
    ("account.invoice.send", "mail.compose.message"),
    ("account.payment", "account.move"),
    ("account.setup.bank.manual.config", "res.partner.bank"),
    ("account.tour.upload.bill", "mail.compose.message"),
    ("base.automation", "ir.actions.server"),
    ("coupon.program", "coupon.reward"),
    ("coupon.program", "coupon.rule"),
    ("hr.employee", "hr.version"),
    ("hr.recruitment.source", "utm.source"),
    ("ir.cron", "ir.actions.server"),
    ("mail.alias.mixin", "mail.alias"),
    ("mail.channel", "mail.alias"),
    ("mail.group", "mail.alias"),
    ("mail.mail", "mail.message"),
    ("mailing.mailing", "utm.source"),
    ("maintenance.equipment.category", "mail.alias"),
    ("maintenance.team", "mail.alias"),
    ("mrp.document", "ir.attachment"),
    ("product.document", "ir.attachment"),
    ("product.product", "product.template"),
    ("project.project", "mail.alias"),
    ("quotation.document", "ir.attachment"),
    ("res.users", "res.partner"),
    ("website.controller.page", "ir.ui.view"),
    ("website.page", "ir.ui.view"),
];

/// The models that a model delegates to.
pub(in crate::plan) fn delegated_by(model: &ModelName) -> impl Iterator<Item = ModelName> {
    let pairs = DELEGATIONS.iter().filter(move |(name, _)| *name == model.as_str());
    pairs.map(|(_, to)| ModelName::from_static(to))
}
