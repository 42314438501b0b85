//! The operations that are described for each model: how they are named, what they need, what they contain.
//!
//! In: the id of a generic operation. Out: a row of the table. Must not know: models, schemas. An operation that is not
//! in the table is left out of typed documents.

use crate::http::openapi::document_query::TypedDialect;
use crate::plan::Operation;

/// An operation on records of one model.
#[derive(Debug)]
pub(super) struct TypedOperation {
    /// The id of the generic operation.
    pub id: &'static str,
    pub dialect: TypedDialect,
    /// The start of the typed operation's id: `list` of `listResPartner`.
    pub verb: &'static str,
    /// What the user and the credential must be allowed to do.
    pub needs: Operation,
    /// What the JSON response contains; `None`: the same as without types.
    pub response: Option<TypedBody>,
    /// What the JSON body of the request contains.
    pub request: Option<TypedBody>,
}

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypedBody {
    /// The end of the name of its schema. Empty: the content itself, without an envelope.
    pub name: &'static str,
    /// The member of the envelope that contains the content; the members in it, if there are several.
    pub member: &'static [&'static str],
    pub content: TypedContent,
}

/// What is typed in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypedContent {
    /// A record.
    Record,
    /// A list of records.
    Records,
    /// The record that was created.
    Created,
    /// The record that was updated.
    Updated,
    /// A list of records with their number.
    Counted,
    /// A list of records with their number and the number of all that match.
    Found,
    /// A record under the label of the model.
    LabeledRecord,
    /// A list of records under the label of the model.
    LabeledRecords,
    /// A list of ids under the label of the model.
    LabeledIds,
    /// The values of a new record.
    Values,
    /// A list of values of new records.
    ValuesList,
    /// The values of an update.
    Changes,
}

const fn body(name: &'static str, member: &'static [&'static str], content: TypedContent) -> Option<TypedBody> {
    Some(TypedBody { name, member, content })
}

/// A body without an envelope.
const fn bare(content: TypedContent) -> Option<TypedBody> {
    body("", &[], content)
}

macro_rules! operations {
    ($($dialect:ident { $($id:literal $verb:literal $needs:ident $response:expr, $request:expr;)* })*) => {
        &[$($(TypedOperation {
            id: $id,
            dialect: TypedDialect::$dialect,
            verb: $verb,
            needs: Operation::$needs,
            response: $response,
            request: $request,
        },)*)*]
    };
}

const RESPONSE: Option<TypedBody> = body("Response", &["data"], TypedContent::Record);
const UPDATE: Option<TypedBody> = body("UpdateRequest", &["data"], TypedContent::Changes);
const LABELED: Option<TypedBody> = body("RestapiRecord", &[], TypedContent::LabeledRecord);
const LABELED_LIST: Option<TypedBody> = body("RestapiRecords", &[], TypedContent::LabeledRecords);
const VALS: Option<TypedBody> = body("RestapiUpdateRequest", &["vals"], TypedContent::Changes);

/// All typed operations.
pub(super) const OPERATIONS: &[TypedOperation] = operations! {
    ApiV1 {
        "apiv1_list_records" "list" Read body("Page", &["data", "records"], TypedContent::Records), None;
        "apiv1_search" "search" Read body("Found", &["data"], TypedContent::Found), None;
        "apiv1_read_record" "get" Read RESPONSE, None;
        "apiv1_create_records" "create" Create RESPONSE, body("CreateRequest", &["data"], TypedContent::Values);
        "apiv1_create_batch" "createMany" Create
            body("BatchResponse", &["data"], TypedContent::Counted),
            body("BatchRequest", &["data"], TypedContent::ValuesList);
        "apiv1_update_record" "update" Update RESPONSE, UPDATE;
        "apiv1_change_record" "patch" Update RESPONSE, UPDATE;
        "apiv1_update_records" "updateMany" Update
            None, body("UpdateManyRequest", &["data"], TypedContent::Changes);
        "apiv1_delete_record" "delete" Delete None, None;
        "apiv1_delete_records" "deleteMany" Delete None, None;
        "apiv1_fields" "describe" Read None, None;
        "apiv1_download" "download" Read None, None;
        "apiv1_call_function" "call" Execute None, None;
        "apiv1_call_record_function" "callRecord" Execute None, None;
    }
    Restapi {
        "restapi_list_records" "list" Read LABELED_LIST, None;
        "restapi_search" "search" Read body("RestapiIds", &[], TypedContent::LabeledIds), None;
        "restapi_search_count" "count" Read None, None;
        "restapi_read_record" "get" Read LABELED, None;
        "restapi_create_records" "create" Create
            LABELED, body("RestapiCreateRequest", &["vals"], TypedContent::Values);
        "restapi_update_record" "update" Update LABELED, VALS;
        "restapi_update_records" "updateMany" Update LABELED_LIST, VALS;
        "restapi_delete_record" "delete" Delete None, None;
        "restapi_delete_records" "deleteMany" Delete None, None;
        "restapi_fields_get" "describe" Read None, None;
        "restapi_check_access_rights" "checkAccess" Read None, None;
        "restapi_call_model_method" "call" Execute None, None;
        "restapi_call_record_method" "callRecord" Execute None, None;
    }
    Api {
        "api_search" "list" Read bare(TypedContent::Records), None;
        "api_record_count" "count" Read None, None;
        "api_read_record" "get" Read bare(TypedContent::Record), None;
        "api_create_record" "create" Create None, bare(TypedContent::Values);
        "api_update_record" "update" Update None, bare(TypedContent::Changes);
        "api_delete_record" "delete" Delete None, None;
        "api_schema" "describe" Read None, None;
        "api_execute_kw" "call" Execute None, None;
    }
    Restful {
        "restful_list_records" "list" Read bare(TypedContent::Records), None;
        "restful_read_record" "get" Read bare(TypedContent::Record), None;
        "restful_create_record" "create" Create bare(TypedContent::Created), bare(TypedContent::Values);
        "restful_update_record" "update" Update bare(TypedContent::Updated), bare(TypedContent::Changes);
        "restful_change_record" "patch" Update bare(TypedContent::Updated), bare(TypedContent::Changes);
        "restful_delete_record" "delete" Delete None, None;
        "restful_call_method_by_post" "callRecord" Execute None, None;
        "restful_call_method" "callRecordByPatch" Execute None, None;
    }
};
