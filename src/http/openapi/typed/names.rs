//! Names of schemas: `ResPartner` for `res.partner`.
//!
//! In: models, and the names that are taken. Out: one name per model, of which every derived name is free, and names of
//! selections. Must not know: what the schemas contain.

use std::collections::HashSet;

use crate::names::{FieldName, ModelName};

/// What can follow the name of a model in the name of a schema.
const DERIVED: [&str; 21] = [
    "",
    "Create",
    "Values",
    "Update",
    "Commands",
    "Page",
    "Response",
    "Found",
    "BatchResponse",
    "CreateRequest",
    "BatchRequest",
    "UpdateRequest",
    "UpdateManyRequest",
    "Restapi",
    "RestapiRecord",
    "RestapiRecords",
    "RestapiIds",
    "RestapiCreateRequest",
    "RestapiUpdateRequest",
    "Api",
    "Restful",
];

/// The names that are taken.
#[derive(Debug)]
pub(super) struct SchemaNames(HashSet<String>);

impl SchemaNames {
    /// Only these names are taken.
    pub(super) fn new(taken: impl Iterator<Item = String>) -> Self {
        Self(taken.collect())
    }

    /// The name of a model. Models whose names differ only in `.` and `_` get different names.
    pub(super) fn add_model(&mut self, model: &ModelName) -> String {
        let mut name = pascal_case(model.as_str());
        while DERIVED.iter().any(|end| self.0.contains(&format!("{name}{end}"))) {
            name.push_str("Model");
        }
        self.0.extend(DERIVED.iter().map(|end| format!("{name}{end}")));
        name
    }

    /// The name of the values of a selection.
    pub(super) fn add_selection(&mut self, model: &str, field: &FieldName) -> String {
        let mut name = format!("{model}{}", pascal_case(field.as_str()));
        while !self.0.insert(name.clone()) {
            name.push_str("Value");
        }
        name
    }
}

fn pascal_case(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for word in name.split(['.', '_']) {
        let mut letters = word.chars();
        result.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        result.push_str(letters.as_str());
    }
    result
}

/// Identifiers for the values of a selection, all different: `Etc/GMT+1` is `ETC_GMT_PLUS_1`.
pub(super) fn variant_names<'v>(values: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let unique = |value: &str| {
        let plain = variant_name(value);
        let numbered = (2..).map(|number: u32| format!("{plain}_{number}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
        name.unwrap_or(plain)
    };
    values.map(unique).collect()
}

fn variant_name(value: &str) -> String {
    let mut name = String::new();
    for character in value.chars() {
        match character {
            '+' => name.push_str("_PLUS_"),
            '-' => name.push_str("_MINUS_"),
            _ if character.is_ascii_alphanumeric() => name.push(character.to_ascii_uppercase()),
            _ => name.push('_'),
        }
    }
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { name } else { format!("VALUE_{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> ModelName {
        ModelName::parse(name).unwrap()
    }

    #[test]
    fn every_schema_has_a_name_of_its_own() {
        let mut names = SchemaNames::new(["Problem".to_owned()].into_iter());
        for (name, expected) in [
            ("res.partner", "ResPartner"),
            ("res.partner.create", "ResPartnerCreateModel"),
            ("a.b_c", "ABC"),
            ("a.b.c", "ABCModel"),
            ("problem", "ProblemModel"),
            ("x_studio.thing2", "XStudioThing2"),
        ] {
            assert_eq!(names.add_model(&model(name)), expected);
        }
        let field = |name| FieldName::parse(name).unwrap();
        assert_eq!(names.add_selection("ResPartner", &field("company_type")), "ResPartnerCompanyType");
        assert_eq!(names.add_selection("ResPartner", &field("update")), "ResPartnerUpdateValue");
    }

    #[test]
    fn values_of_a_selection_become_different_identifiers() {
        let values = ["draft", "Etc/GMT+1", "Etc/GMT-1", "1", "", "en_US", "en-us", "En_us", "ü"];
        let expected = [
            "DRAFT",
            "ETC_GMT_PLUS_1",
            "ETC_GMT_MINUS_1",
            "VALUE_1",
            "VALUE_",
            "EN_US",
            "EN_MINUS_US",
            "EN_US_2",
            "VALUE__2",
        ];
        assert_eq!(variant_names(values.into_iter()), expected);
    }
}
