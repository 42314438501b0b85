//! The memory of documents of models, from the descriptions to the last byte that a client has read.
//!
//! In: the number of models, a document, how its text is written. Out: content that returns its share of the memory
//! when it is sent. Must not know: what a document describes, who asks for it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::response::tagged_content::TaggedContent;
use crate::memory_budget::{MemoryBudget, MemoryShare};

/// The memory of all documents of models that are under way, in bytes.
const BUDGET: u64 = 192 << 20;
/// What a document needs while it is made, in bytes: the generic document twice as a tree, once as text.
const GENERIC: u64 = 12 << 20;
/// What each of its models needs for each dialect, in bytes: descriptions, trees in two forms, the text. Measured with
/// the ten largest models of Odoo 19 (130 to 213 fields) in four dialects: the peak is 35 MiB as OpenAPI 3, 44 MiB as
/// Swagger 2.0, and 59 MiB as a Postman collection; in one dialect 15, 18, and 24 MiB. The largest document, a Postman
/// collection of fifty models in four dialects, needs 181 MiB, and gets the complete budget.
const MODEL_IN_DIALECT: u64 = 3 << 19;
/// How long a document waits for its share of the memory.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The memory of documents of models.
#[derive(Debug)]
pub(super) struct DocumentMemory(MemoryBudget);

impl Default for DocumentMemory {
    fn default() -> Self {
        Self(MemoryBudget::new(BUDGET))
    }
}

impl DocumentMemory {
    /// The share of a document of so many models in so many dialects.
    ///
    /// # Errors
    /// 503 if no share becomes free in time. Nothing was done then.
    pub(super) async fn reserve(&self, models: usize, dialects: usize) -> Result<MemoryShare, Problem> {
        let parts = u64::try_from(models.saturating_mul(dialects)).unwrap_or(u64::MAX);
        let share = self.0.reserve(GENERIC.saturating_add(parts.saturating_mul(MODEL_IN_DIALECT)), MAX_WAIT).await;
        share.ok_or_else(|| {
            let detail = "Too many documents of models are being made or sent. Nothing was done.";
            Problem::new(ErrorCode::ShuttingDown, detail).retry_after(MAX_WAIT)
        })
    }
}

/// A document of models in OpenAPI 3.1, with its share of the memory.
#[derive(Debug)]
pub(in crate::http) struct BuiltDocument {
    document: Value,
    share: MemoryShare,
}

impl BuiltDocument {
    pub(super) fn new(document: Value, share: MemoryShare) -> Self {
        Self { document, share }
    }

    /// The content that `write` makes of the document. It holds as much memory as it is long, until it is sent.
    pub(super) fn into_content(self, media_type: &'static str, write: impl FnOnce(Value) -> String) -> TaggedContent {
        let Self { document, mut share } = self;
        let text = write(document).into_boxed_str();
        share.shrink_to(u64::try_from(text.len()).unwrap_or(u64::MAX));
        TaggedContent::new(media_type, Bytes::from_owner(SharedText { text, _share: share }))
    }
}

/// A text that returns its share of the memory when it is dropped.
struct SharedText {
    text: Box<str>,
    _share: MemoryShare,
}

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_document_holds_memory_until_the_client_has_read_it() {
        let memory = DocumentMemory::default();
        let share = memory.reserve(usize::MAX, 4).await.unwrap();
        let rejected = memory.reserve(1, 1).await.unwrap_err();
        assert_eq!((rejected.class().status(), rejected.retry_after), (503, Some(MAX_WAIT)));

        let half = usize::try_from(BUDGET / 2).unwrap();
        let content = BuiltDocument::new(json!({}), share).into_content("text/plain", |_| "x".repeat(half));
        assert!(memory.reserve(50, 4).await.is_err(), "the text is still in memory");
        assert!(memory.reserve(1, 4).await.is_ok(), "the tree is not");
        let response = content.respond(&HeaderMap::new());
        drop(content);
        assert!(memory.reserve(50, 4).await.is_err(), "the client has not read the body");
        drop(response);
        assert!(memory.reserve(50, 4).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn several_documents_of_few_models_are_made_at_the_same_time() {
        let memory = DocumentMemory::default();
        let mut shares = Vec::new();
        while let Ok(share) = memory.reserve(3, 4).await {
            shares.push(share);
        }
        assert_eq!(shares.len(), 6);
        drop(shares);
        // The measured peak of each is 59 MiB.
        let _two = [memory.reserve(10, 4).await.unwrap(), memory.reserve(10, 4).await.unwrap()];
        assert!(memory.reserve(10, 4).await.is_err());
        assert!(memory.reserve(10, 1).await.is_ok());
    }
}
