//! What a configured schema asks for and an Odoo has not: fields that will be left out, blocks that lead nowhere.
//!
//! In: a selection, and the schemas of the models it reaches. Out: every [`Unmet`] wish, with its path. Must not know:
//! requests; nobody has asked yet.

use std::fmt;

use super::metadata::{Known, PlanError, schema_of};
use super::schema::Schema;
use crate::language::selection::{Item, Selection};
use crate::names::ModelName;

/// A wish of a schema that will not be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// The field at this path is not there, or this user may not see it.
    Field(String),
    /// The field at this path has a block, but leads to no records.
    Relation(String),
}

impl fmt::Display for Unmet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => write!(out, "there is no field {path}, it is left out"),
            Self::Relation(path) => write!(out, "{path} is no relation, so nothing can stand behind it"),
        }
    }
}

/// What `selection` wishes of `model` in vain.
///
/// # Errors
/// A lacking schema.
pub fn unmet(selection: &Selection, model: &ModelName, known: &dyn Known) -> Result<Vec<Unmet>, PlanError> {
    let mut found = Vec::new();
    Walk { known, found: &mut found }.level(selection, &*schema_of(known, model)?, "")?;
    Ok(found)
}

struct Walk<'w> {
    known: &'w dyn Known,
    found: &'w mut Vec<Unmet>,
}

impl Walk<'_> {
    fn level(&mut self, selection: &Selection, schema: &Schema, path: &str) -> Result<(), PlanError> {
        for item in &selection.items {
            let (name, within) = match item {
                Item::All => continue,
                Item::Except(name) => (name, None),
                Item::Field { name, within } => (name, within.as_ref()),
            };
            let path = format!("{path}{name}");
            match (schema.field(name.as_str()), within) {
                (None, _) => self.found.push(Unmet::Field(path)),
                (Some(_), None) => {}
                (Some(field), Some(within)) => match field.relation.as_ref().filter(|_| field.kind.is_relation()) {
                    Some(model) => self.level(within, &*schema_of(self.known, model)?, &format!("{path}."))?,
                    None => self.found.push(Unmet::Relation(path)),
                },
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::metadata::Lack;
    use crate::plan::schema::samples::Samples;

    fn of_partner(schema: &str) -> Result<Vec<String>, PlanError> {
        let found =
            unmet(&Selection::read_schema(schema).unwrap(), &ModelName::parse("res.partner").unwrap(), &Samples);
        found.map(|unmet| unmet.iter().map(Unmet::to_string).collect())
    }

    #[test]
    fn every_wish_in_vain_is_told_with_its_path() {
        let schema =
            "['id', 'nosuch', ('country_id', ('code', 'nosuch')), ('name', ('id',)), ('parent_id', ('nmae',))]";
        let told = of_partner(schema).unwrap();
        assert_eq!(
            told,
            [
                "there is no field nosuch, it is left out",
                "there is no field country_id.nosuch, it is left out",
                "name is no relation, so nothing can stand behind it",
                "there is no field parent_id.nmae, it is left out",
            ]
        );
        assert_eq!(of_partner("{*, country_id{-code}}").unwrap(), [""; 0]);
    }

    #[test]
    fn a_model_that_is_not_known_yet_is_asked_for() {
        let lacking = of_partner("{category_id{name}}").unwrap_err();
        let model = ModelName::parse("res.partner.category").unwrap();
        assert_eq!(lacking, PlanError::Lacking(Lack::Schema(model)));
    }
}
