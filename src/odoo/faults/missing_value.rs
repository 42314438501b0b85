//! The field that Odoo names because it lacks a value.
//!
//! In: the message about a missing value, the model of the call. Out: the name of the field. Must not know: statuses,
//! the wording, which Odoo translates.
//!
//! ```text
//! Odoo 14, 15   …
//!               Model: Bank Accounts (res.partner.bank), Field: Account Number (acc_number)
//! Odoo 16-19    … for the field 'Account Number' (acc_number).
//!               Model: 'Bank Accounts' (res.partner.bank)
//! Odoo 20       … field 'Account Number' (acc_number) for model 'Bank Accounts' (res.partner.bank)
//! ```

use crate::names::FieldName;

/// The field that lacks a value; `None` if it belongs to another model than that of the call, or is not named.
pub(super) fn missing_field(message: &str, model: &str) -> Option<FieldName> {
    let model = format!("({model})");
    if !message.contains(&model) {
        return None;
    }
    // A label can contain parentheses, too. It is quoted, or the field is at the end of the message.
    let is_quoted = message.contains(&format!("' {model}"));
    let names = message.split(if is_quoted { "' (" } else { " (" }).skip(1).filter_map(|rest| rest.split_once(')'));
    let mut fields = names.filter_map(|(name, _)| FieldName::parse(name).ok());
    if is_quoted { fields.next() } else { fields.last() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_in_the_message_of_every_version() {
        let bank = "res.partner.bank";
        for (message, model, field) in [
            (
                "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another \
                 model requires the record being deleted. If possible, archive it instead.\n\nModel: Bank Accounts \
                 (res.partner.bank), Field: Account Number (acc_number)",
                bank,
                Some("acc_number"),
            ),
            (
                "The operation cannot be completed: Missing required value for the field 'Account Number' \
                 (acc_number).\nModel: 'Bank Accounts' (res.partner.bank)\n- create/update: a mandatory field is not \
                 set\n- delete: another model requires the record being deleted, you can archive it instead\n",
                bank,
                Some("acc_number"),
            ),
            (
                "The operation cannot be completed: Missing required field 'Account Number' (acc_number) for model \
                 'Bank Accounts' (res.partner.bank)",
                bank,
                Some("acc_number"),
            ),
            (
                "Missing required field 'Code (old)' (code) for model 'Country' (res.country)",
                "res.country",
                Some("code"),
            ),
            ("Champ manquant : 'Nom' (name) du modèle 'Pays' (res.country)", "res.country", Some("name")),
            ("Missing required field 'Name' (name) for model 'Country' (res.country)", bank, None),
            ("Missing required field Unknown for model Unknown", bank, None),
            ("", bank, None),
        ] {
            let found = missing_field(message, model);
            assert_eq!(found.as_ref().map(FieldName::as_str), field, "{message}");
        }
    }
}
