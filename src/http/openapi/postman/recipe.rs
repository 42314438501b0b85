//! What the document does not say about a request: where it stands, what it depends on, and what it checks.
//!
//! In: nothing. Out: [`Recipe`]. Must not know: documents, Postman's format.

use super::auth::PostmanAuth;
use super::folder::PostmanFolder;

/// How to turn an operation into a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) folder: PostmanFolder,
    pub(super) group: &'static str,
    /// Distinguishes a further request of the same operation: in its id and in its name.
    pub(super) variant: Option<(&'static str, &'static str)>,
    /// Values of path and query parameters. A query parameter that is named here is sent.
    pub(super) values: &'static [(&'static str, &'static str)],
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: RecipeBody,
    /// Instead of the credential of the folder.
    pub(super) auth: Option<PostmanAuth>,
    /// The statuses with which the request succeeds. Empty: the first 2xx of the document.
    pub(super) accepts: &'static [u16],
    /// The script before the request, in lines.
    pub(super) before: &'static [&'static str],
    /// Name, actual value, expected value: JavaScript over the response `body`.
    pub(super) checks: &'static [(&'static str, &'static str, &'static str)],
    /// Variables that later requests use, with their values: JavaScript over the response `body`.
    pub(super) saves: &'static [(&'static str, &'static str)],
}

/// The body of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum RecipeBody {
    /// The example of the document.
    Example,
    /// The example, with a list of two such values at this JSON pointer.
    Twice(&'static str),
    /// The example without the value at `pointer/member`.
    Without(&'static str, &'static str),
    /// This JSON text if the document names the model, because the example names fields of a certain one; else the
    /// example.
    OfModel(&'static str),
    /// This JSON text.
    Json(&'static str),
    /// These fields of a form.
    Form(&'static [(&'static str, &'static str)]),
    /// No body, although the document has an example.
    Empty,
}

impl Recipe {
    pub(super) const fn new(
        method: &'static str,
        path: &'static str,
        folder: PostmanFolder,
        group: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            folder,
            group,
            variant: None,
            values: &[],
            headers: &[],
            body: RecipeBody::Example,
            auth: None,
            accepts: &[],
            before: &[],
            checks: &[],
            saves: &[],
        }
    }

    /// The number of fixed segments that the paths have in common; `None` if the recipe is not for this path.
    pub(super) fn fixed_segments(&self, path: &str) -> Option<usize> {
        let (own, other): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        if own.len() != other.len() {
            return None;
        }
        let mut fixed = 0;
        for (own, other) in own.iter().zip(other) {
            if *own == other {
                fixed += usize::from(!own.starts_with('{'));
            } else if !own.starts_with('{') {
                return None;
            }
        }
        Some(fixed)
    }

    /// The model, if the path names it where the recipe has `{model}`.
    pub(super) fn model_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut segments = self.path.split('/').zip(path.split('/'));
        let (_, segment) = segments.find(|(own, _)| *own == "{model}")?;
        (!segment.starts_with('{')).then_some(segment)
    }
}
