//! The requests of `api_v1`.
//!
//! In: nothing. Out: recipes. Must not know: Postman's format.

use super::{CREATED, FILES, METHODS, MODEL, RECORD_ID, RECORDS};
use crate::http::openapi::postman::folder::PostmanFolder::ApiV1;
use crate::http::openapi::postman::recipe::{Recipe, RecipeBody};

/// The parameters that name the records that were created last.
const CREATED_RECORDS: &[(&str, &str)] = &[MODEL, ("id", "{{recordIds}}")];

/// The recipes, in the order of the collection.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("get", "/api/v1/health", ApiV1, "Server"),
    Recipe::new("get", "/api/v1/info", ApiV1, "Server"),
    Recipe::new("get", "/api/v1/{model}", ApiV1, RECORDS),
    Recipe {
        body: RecipeBody::OfModel("{\n    \"fields\": [\"id\", \"display_name\"],\n    \"limit\": 5\n}"),
        ..Recipe::new("post", "/api/v1/{model}/search", ApiV1, RECORDS)
    },
    Recipe::new("get", "/api/v1/{model}/fields", ApiV1, RECORDS),
    Recipe {
        // The example also creates a category, which would remain.
        body: RecipeBody::Without("/data", "category_id"),
        saves: &[("recordId", "body.data.id")],
        ..Recipe::new("post", "/api/v1/{model}", ApiV1, RECORDS)
    },
    Recipe {
        values: CREATED,
        checks: &[("It is the created record", "body.data.id", RECORD_ID)],
        ..Recipe::new("get", "/api/v1/{model}/{id}", ApiV1, RECORDS)
    },
    Recipe { values: CREATED, ..Recipe::new("put", "/api/v1/{model}/{id}", ApiV1, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("patch", "/api/v1/{model}/{id}", ApiV1, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("post", "/api/v1/object/{model}/{id}/{function}", ApiV1, RECORDS) },
    Recipe { values: CREATED, ..Recipe::new("delete", "/api/v1/{model}/{id}", ApiV1, RECORDS) },
    Recipe {
        checks: &[("All records were created", "body.data.records.length", "body.data.count")],
        saves: &[("recordIds", "JSON.stringify(body.data.records.map((record) => record.id))")],
        ..Recipe::new("post", "/api/v1/{model}/batch", ApiV1, RECORDS)
    },
    Recipe {
        values: CREATED_RECORDS,
        checks: &[("These records were updated", "JSON.stringify(body.data.ids)", "pm.variables.get(\"recordIds\")")],
        ..Recipe::new("put", "/api/v1/{model}", ApiV1, RECORDS)
    },
    Recipe {
        values: CREATED_RECORDS,
        body: RecipeBody::Empty,
        checks: &[(
            "All of them were deleted",
            "body.data.deleted",
            "JSON.parse(pm.variables.get(\"recordIds\")).length",
        )],
        ..Recipe::new("delete", "/api/v1/{model}", ApiV1, RECORDS)
    },
    // A record may have no file.
    Recipe { accepts: &[200, 404], ..Recipe::new("get", "/api/v1/{model}/{id}/{field}", ApiV1, FILES) },
    Recipe::new("post", "/api/v1/object/{model}/{function}", ApiV1, METHODS),
];
