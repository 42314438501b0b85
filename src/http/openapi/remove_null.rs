//! Types that client generators understand.
//!
//! `Option` in a described type means "can be omitted", but the derived schema also allows `null`. A header, query
//! parameter or body cannot be null.
//!
//! In: an operation. Out: the same operation, each parameter and body with one type. Must not know: dialects.

use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Schema, SchemaType, Type};

/// Removes `null` from parameters and request bodies.
pub(super) fn remove_null(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            parameter.schema = parameter.schema.take().map(without_null);
        }
    }
    let bodies = operation.request_body.iter_mut().filter_map(|body| match body {
        RefOr::T(body) => Some(body),
        RefOr::Ref(_) => None,
    });
    for content in bodies.flat_map(|body| body.content.values_mut()) {
        if let RefOr::T(content) = content {
            content.schema = content.schema.take().map(without_null);
        }
    }
}

fn without_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(mut choice)) => {
            choice.items.retain(|item| !is_null(item));
            if choice.items.len() == 1 { choice.items.remove(0) } else { Schema::OneOf(choice).into() }
        }
        RefOr::T(Schema::Object(mut object)) => {
            object.schema_type = non_null_type(object.schema_type);
            Schema::Object(object).into()
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.schema_type = non_null_type(array.schema_type);
            Schema::Array(array).into()
        }
        other => other,
    }
}

fn non_null_type(kind: SchemaType) -> SchemaType {
    match kind {
        SchemaType::Array(mut kinds) => {
            kinds.retain(|kind| *kind != Type::Null);
            if kinds.len() == 1 { SchemaType::Type(kinds.remove(0)) } else { SchemaType::Array(kinds) }
        }
        other => other,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
