//! Orders, checked against a schema and made total.
//!
//! In: an [`Order`] of the request, or a model's default order. Out: an order that Odoo accepts and that ends with `id`.
//! Must not know: pages, domains.

use super::error::PlanError;
use super::model_schema::{FieldType, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::language::literal::Limits;
use crate::language::order::{Order, OrderTerm};

/// Checks an order and appends `id`: pages of an order without `id` could overlap.
///
/// # Errors
/// 400 `invalid_order` or `unknown_field`; 403 outside the scope; or metadata is missing.
pub(super) fn total_order(
    order: &Order,
    schema: &Schema,
    major_version: u8,
    scope_check: ScopeCheck<'_>,
) -> Result<Order, PlanError> {
    order.terms.iter().try_for_each(|term| check_order(term, schema, major_version, scope_check))?;
    Ok(order.clone().with_id_appended())
}

/// The default order of a model, made total. Terms that the user cannot see or that Odoo cannot sort by are skipped,
/// as Odoo 14 does: the client did not request them.
///
/// # Errors
/// Metadata is missing.
pub(super) fn total_default_order(
    text: &str,
    schema: &Schema,
    major_version: u8,
    scope_check: ScopeCheck<'_>,
) -> Result<Order, PlanError> {
    let mut order = Order::default();
    for part in text.split(',').filter_map(|part| Order::parse(part, Limits::query()).ok()) {
        for term in part.terms {
            match check_order(&term, schema, major_version, scope_check) {
                Ok(()) => order.terms.push(term),
                Err(PlanError::Rejected(_)) => {}
                Err(missing) => return Err(missing),
            }
        }
    }
    Ok(order.with_id_appended())
}

fn check_order(
    term: &OrderTerm,
    schema: &Schema,
    major_version: u8,
    scope_check: ScopeCheck<'_>,
) -> Result<(), PlanError> {
    let name = term.field.as_str();
    let at = format_args!("order: {name}");
    scope_check.require_field(&schema.model, Operation::Read, name, &at)?;
    let field = schema.field(name).ok_or_else(|| scope_check.unknown_field(schema, name, "order"))?;
    let complaint = match field {
        field if field.kind.is_x2many() || field.kind == FieldType::Binary => {
            "cannot be sorted by: it holds several records or a file"
        }
        field if !field.sortable => "cannot be sorted by: Odoo computes it. Use a stored field",
        field if term.sub_id && field.kind != FieldType::Many2one => "has no `.id`, because it is not a many2one",
        _ if term.nulls.is_some() && major_version < 16 => {
            "cannot be sorted with `nulls first` or `nulls last` before Odoo 16"
        }
        _ if term.sub_id => return Ok(()),
        field => return scope_check.require_related(field, Operation::Read, &at),
    };
    Err(Problem::new(ErrorCode::InvalidOrder, format!("order: the field `{name}` {complaint}."))
        .parameter("order")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::partner;
    use crate::plan::scope::Scope;

    #[test]
    fn a_default_order_keeps_its_sortable_terms_and_ends_with_id() {
        let of = |text| total_default_order(text, &partner(), 19, ScopeCheck::new(&Scope::All, &[])).unwrap().to_odoo();
        for (text, expected) in [
            ("name", "name, id"),
            ("date DESC, id desc", "date desc, id desc"),
            ("tz_offset, name", "name, id"),
            ("nosuch desc, country_id.name, props.x, color", "color, id"),
            ("child_ids", "id"),
            ("", "id"),
            ("lower(name)", "id"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
