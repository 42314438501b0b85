//! The OpenAPI document in older versions, for clients that support only those.
//!
//! ```text
//! walk             visits a document; collects what a version cannot express
//! openapi_3_0      from OpenAPI 3.1 to 3.0: everything except schemas
//! schema_3_0       from OpenAPI 3.1 to 3.0: schemas
//! swagger_2_0      from OpenAPI 3.0 to Swagger 2.0: the document and its operations
//! parameter_2_0    from OpenAPI 3.0 to Swagger 2.0: parameters, bodies, headers
//! request_schemas  which schemas occur only in request bodies
//! schema_2_0       from OpenAPI 3.0 to Swagger 2.0: schemas
//! union_2_0        alternatives as one Swagger 2.0 schema
//! security_2_0     from OpenAPI 3.0 to Swagger 2.0: credentials
//! ```
//!
//! In: an OpenAPI 3.1 document. Out: the same interface in the requested version. Must not know: routes, models.

mod openapi_3_0;
mod parameter_2_0;
mod request_schemas;
mod schema_2_0;
mod schema_3_0;
mod security_2_0;
mod swagger_2_0;
#[cfg(test)]
mod tests;
mod union_2_0;
mod walk;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use self::walk::Walk;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// A version of the OpenAPI specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenApiVersion {
    /// OpenAPI 3.1, the version in which the document is written.
    #[default]
    V3_1,
    /// OpenAPI 3.0
    V3_0,
    /// Swagger 2.0
    V2_0,
}

impl OpenApiVersion {
    /// All versions, the latest first.
    pub const ALL: [Self; 3] = [Self::V3_1, Self::V3_0, Self::V2_0];

    /// The version as `?version=` names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3_1 => "3.1",
            Self::V3_0 => "3.0",
            Self::V2_0 => "2.0",
        }
    }
}

impl fmt::Display for OpenApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OpenApiVersion {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|version| version.as_str() == text).ok_or_else(|| {
            let detail = format!("The document is not available in the version `{text}` of OpenAPI.");
            Problem::new(ErrorCode::InvalidParameter, detail)
                .parameter("version")
                .hint(format!("Use one of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// A document in the requested version.
#[derive(Debug)]
pub struct ConvertedDocument {
    /// The document.
    pub document: Value,
    /// JSON pointers to the parts that have no equivalent in this version and were left out.
    pub unmapped: Vec<String>,
}

/// Converts an OpenAPI 3.1 document.
#[must_use]
pub fn to_version(mut document: Value, version: OpenApiVersion) -> ConvertedDocument {
    let mut walk = Walk::default();
    if version != OpenApiVersion::V3_1 {
        openapi_3_0::convert(&mut document, &mut walk);
    }
    if version == OpenApiVersion::V2_0 {
        document = swagger_2_0::convert(document, &mut walk);
    }
    ConvertedDocument { document, unmapped: walk.into_unmapped() }
}
