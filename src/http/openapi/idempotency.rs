//! What the OpenAPI document says of idempotency keys.
//!
//! In: routes. Out: the same, with a header more where something is written. Must not know: how keys work.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa_axum::router::OpenApiRouter;

use crate::http::idempotency::LONGEST_KEY;
use crate::http::state::Gateway;

/// Says of every one of these routes that writes that it takes a key.
pub(in crate::http) fn offer_keys(mut routes: OpenApiRouter<Gateway>) -> OpenApiRouter<Gateway> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        let operations = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(offer_key);
    }
    routes
}

fn offer_key(operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_KEY)).build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name of the caller's own for this request: sent again under it within 24 hours, it is not done again but \
             answered as before, with `Idempotency-Replayed: true`. While the first is under way: 409. Another request \
             under the same name: 422. When the gateway ended in the middle: 409, and after three minutes 504, because \
             nobody knows what came of it.",
        ))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(key.into());
}
