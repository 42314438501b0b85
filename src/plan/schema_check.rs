//! What a configured schema requests in vain: fields that do not exist, nested fields of something that is not a
//! relation.
//!
//! In: a selection, and the schemas of the models that it reaches. Out: every [`UnresolvedField`] with its path. Must
//! not know: requests; the check runs before any.

use std::fmt;

use super::error::PlanError;
use super::metadata::{Metadata, require_schema};
use super::model_schema::Schema;
use crate::language::selection::{Selection, SelectionItem};
use crate::names::ModelName;

/// A field of a configured schema that cannot be returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnresolvedField {
    /// The field at this path does not exist, or the user does not have access to it.
    Unknown(String),
    /// The field at this path has nested fields, but is not a relation.
    NotARelation(String),
}

impl fmt::Display for UnresolvedField {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(path) => write!(out, "the field {path} does not exist and is left out"),
            Self::NotARelation(path) => write!(out, "{path} is not a relation and has no nested fields"),
        }
    }
}

/// Returns the fields of `selection` that `model` cannot resolve.
///
/// # Errors
/// Metadata is missing.
pub fn unresolved_fields(
    selection: &Selection,
    model: &ModelName,
    metadata: &dyn Metadata,
) -> Result<Vec<UnresolvedField>, PlanError> {
    let mut found = Vec::new();
    Walk { metadata, found: &mut found }.level(selection, &*require_schema(metadata, model)?, "")?;
    Ok(found)
}

struct Walk<'w> {
    metadata: &'w dyn Metadata,
    found: &'w mut Vec<UnresolvedField>,
}

impl Walk<'_> {
    fn level(&mut self, selection: &Selection, schema: &Schema, path: &str) -> Result<(), PlanError> {
        for item in &selection.items {
            let (name, nested) = match item {
                SelectionItem::All => continue,
                SelectionItem::Except(name) => (name, None),
                SelectionItem::Field { name, nested } => (name, nested.as_ref()),
            };
            let path = format!("{path}{name}");
            match (schema.field(name.as_str()), nested) {
                (None, _) => self.found.push(UnresolvedField::Unknown(path)),
                (Some(_), None) => {}
                (Some(field), Some(nested)) => match field.relation.as_ref().filter(|_| field.kind.is_relation()) {
                    Some(model) => self.level(nested, &*require_schema(self.metadata, model)?, &format!("{path}."))?,
                    None => self.found.push(UnresolvedField::NotARelation(path)),
                },
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::error::MissingMetadata;
    use crate::plan::samples::Samples;

    fn unresolved_of_partner(schema: &str) -> Result<Vec<String>, PlanError> {
        let found = unresolved_fields(
            &Selection::parse_schema(schema).unwrap(),
            &ModelName::parse("res.partner").unwrap(),
            &Samples,
        );
        found.map(|unmet| unmet.iter().map(UnresolvedField::to_string).collect())
    }

    #[test]
    fn unresolved_fields_are_reported_with_their_path() {
        let schema =
            "['id', 'nosuch', ('country_id', ('code', 'nosuch')), ('name', ('id',)), ('parent_id', ('nmae',))]";
        let reported = unresolved_of_partner(schema).unwrap();
        assert_eq!(
            reported,
            [
                "the field nosuch does not exist and is left out",
                "the field country_id.nosuch does not exist and is left out",
                "name is not a relation and has no nested fields",
                "the field parent_id.nmae does not exist and is left out",
            ]
        );
        assert_eq!(unresolved_of_partner("{*, country_id{-code}}").unwrap(), [""; 0]);
    }

    #[test]
    fn a_missing_schema_is_requested() {
        let missing = unresolved_of_partner("{category_id{name}}").unwrap_err();
        let model = ModelName::parse("res.partner.category").unwrap();
        assert_eq!(missing, PlanError::NeedsMetadata(MissingMetadata::Schema(model)));
    }
}
