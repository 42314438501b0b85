//! The `Idempotency-Key` header in the OpenAPI document.
//!
//! In: routes. Out: the same routes; those that write have the header. Must not know: how keys are stored.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa_axum::router::OpenApiRouter;

use crate::http::state::AppState;
use crate::idempotency::LONGEST_KEY;

/// Adds the `Idempotency-Key` header to all of these routes except GET.
pub(in crate::http) fn document_idempotency_key(mut routes: OpenApiRouter<AppState>) -> OpenApiRouter<AppState> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        let operations = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(add_key);
    }
    routes
}

fn add_key(operation: &mut Operation) {
    let schema =
        ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_KEY)).build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A unique key that the client chooses for this request. If the client sends the same request again under \
             the same key within 24 hours, the gateway does not repeat it, but returns the first response with \
             `Idempotency-Replayed: true`. It returns 409 while the first request is in progress, and 422 for another \
             request under the same key. If the gateway stopped before the first request ended, it returns 409, and \
             after three minutes 504, because the outcome is unknown.",
        ))
        .schema(Some(schema))
        .build();
    operation.parameters.get_or_insert_default().push(key.into());
}
