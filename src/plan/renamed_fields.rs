//! Fields that Odoo renamed or replaced between two versions.
//!
//! In: a model, and a field that it does not have. Out: the names under which other versions have it. Must not know:
//! versions: which of the names a server has, its schema shows.

use crate::names::ModelName;

/// The names that one field of a model has or had in Odoo 14-20.
const NAMES: &[(&str, &[&str])] = &[
    ("purchase.order.line", &["product_uom", "product_uom_id"]),
    ("purchase.order.line", &["taxes_id", "tax_ids"]),
    ("res.partner", &["company_type", "is_company"]),
    ("res.partner", &["mobile", "phone"]),
    ("res.partner.bank", &["acc_holder_name", "holder_name"]),
    ("res.partner.bank", &["acc_number", "account_number"]),
    ("res.partner.bank", &["bank_id", "bank_name"]),
    ("res.partner.bank", &["sanitized_acc_number", "sanitized_account_number"]),
    ("res.users", &["groups_id", "group_ids"]),
    ("sale.order.line", &["product_uom", "product_uom_id"]),
    ("sale.order.line", &["tax_id", "tax_ids"]),
];

/// The names of this field in any version, `name` included; none if it was never renamed.
pub(super) fn names_of(model: &ModelName, name: &str) -> &'static [&'static str] {
    let is_named = |(of, names): &&(&str, &[&str])| *of == model.as_str() && names.contains(&name);
    NAMES.iter().find(is_named).map_or(&[], |(_, names)| names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_from_each_of_them() {
        let names = |model, name| names_of(&ModelName::from_static(model), name);
        assert_eq!(names("res.partner.bank", "acc_number"), ["acc_number", "account_number"]);
        assert_eq!(names("res.partner.bank", "account_number"), ["acc_number", "account_number"]);
        assert!(names("res.partner", "acc_number").is_empty() && names("res.partner", "name").is_empty());
    }
}
