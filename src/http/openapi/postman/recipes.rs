//! The recipes of all operations that need one, in the order in which the collection sends them.
//!
//! ```text
//! api_v1   records, files and methods of `api_v1`
//! restapi  OAuth 2, OAuth 1, records, methods and reports of `restapi`
//! api      login tokens, records and methods of `api`
//! restful  login, records, methods and logout of `restful`
//! json2    records and methods of `json2`
//! rpc      login, records and methods of `rpc`, over JSON-RPC
//! ```
//!
//! A request that creates a record stores its id in `recordId`. The requests after it read, update and finally delete
//! this record, so the collection leaves nothing in Odoo. An operation without a recipe is sent after those of its
//! folder, as the document describes it.
//!
//! In: an operation. Out: its recipes. Must not know: Postman's format.

mod api;
mod api_v1;
mod json2;
mod restapi;
mod restful;
mod rpc;

use super::document::DocumentedOperation;
use super::folder::PostmanFolder;
use super::recipe::Recipe;

/// All recipes.
const RECIPES: [&[Recipe]; 6] =
    [api_v1::RECIPES, restapi::RECIPES, api::RECIPES, restful::RECIPES, json2::RECIPES, rpc::RECIPES];

/// The subfolder of the requests for records.
pub(super) const RECORDS: &str = "Records";
/// The subfolder of the requests that call methods.
const METHODS: &str = "Methods";
/// The subfolder of files.
const FILES: &str = "Files";

/// The model of the examples that create records. Those that delete records name another model.
const MODEL: (&str, &str) = ("model", "res.partner");
/// The parameters that name the record that was created last.
const CREATED: &[(&str, &str)] = &[MODEL, ("id", "{{recordId}}")];

/// The id that was stored.
const RECORD_ID: &str = "Number(pm.collectionVariables.get(\"recordId\"))";

/// The recipes for an operation, with their places in the collection. Most operations have one.
pub(super) fn recipes_for(operation: &DocumentedOperation<'_>) -> Vec<(usize, &'static Recipe)> {
    let all = RECIPES.into_iter().flatten().enumerate();
    let matching: Vec<_> = all
        .filter(|(_, recipe)| recipe.method == operation.method)
        .filter_map(|(place, recipe)| Some((recipe.fixed_segments(operation.path)?, place, recipe)))
        .collect();
    let most = matching.iter().map(|(fixed, ..)| *fixed).max();
    let best = matching.into_iter().filter(|(fixed, ..)| Some(*fixed) == most);
    // The further requests for one operation show how to authenticate, which is the same for every model.
    let is_needed = |recipe: &Recipe| {
        recipe.variant.is_none() || is_of_model(recipe.group) || recipe.model_in(operation.path).is_none()
    };
    best.map(|(_, place, recipe)| (place, recipe)).filter(|(_, recipe)| is_needed(recipe)).collect()
}

/// Whether a subfolder has requests of one model. In a document that names models, each model has such a subfolder.
pub(super) fn is_of_model(group: &str) -> bool {
    [RECORDS, FILES, METHODS].contains(&group)
}

/// Where a subfolder stands in its folder.
pub(super) fn group_place(folder: PostmanFolder, group: &str) -> usize {
    let mut all = RECIPES.into_iter().flatten();
    all.position(|recipe| recipe.folder == folder && recipe.group == group).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::operations;
    use super::*;

    #[test]
    fn a_fixed_segment_is_better_than_a_parameter() {
        let document = json!({"paths": {
            "/api/v1/{model}/fields": {"get": {}},
            "/api/v1/res.partner/{id}": {"get": {}},
            "/api/v1/{model}/unknown/{id}/{field}": {"get": {}},
        }});
        let found: Vec<Vec<_>> = operations(&document)
            .iter()
            .map(|operation| recipes_for(operation).iter().map(|(_, recipe)| recipe.path).collect())
            .collect();
        assert_eq!(found, [vec!["/api/v1/{model}/fields"], vec!["/api/v1/{model}/{id}"], vec![]]);
        let (_, recipe) = recipes_for(&operations(&document)[1])[0];
        assert_eq!(recipe.model_in("/api/v1/res.partner/{id}"), Some("res.partner"));
        assert_eq!(recipe.model_in("/api/v1/{model}/{id}"), None);
    }

    #[test]
    fn every_recipe_is_for_an_operation() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        for recipe in RECIPES.into_iter().flatten() {
            assert!(document["paths"][recipe.path].get(recipe.method).is_some(), "{} {}", recipe.method, recipe.path);
        }
    }
}
