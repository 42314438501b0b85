//! Joins several PDFs into one.
//!
//! In: documents, in order. Out: one document with all pages. Must not know: where they come from. The page tree of
//! each document is preserved below a new root, so that its pages keep what they inherit from it. Outlines,
//! attachments and forms of the documents are left out.

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The PDF version of the joined document.
const VERSION: &str = "1.7";

/// Joins documents; a single one stays unchanged.
///
/// # Errors
/// 502 if a document cannot be parsed.
pub fn join_pdfs(mut documents: Vec<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    if documents.len() == 1 {
        return Ok(documents.pop().unwrap_or_default());
    }
    join(documents).map_err(|error| {
        tracing::warn!(%error, "failed to join a PDF from Odoo");
        Problem::new(
            ErrorCode::OdooUnreadable,
            "One of the documents that Odoo printed cannot be joined with the others.",
        )
        .hint("Request one report at a time, or JSON, which contains each document separately.")
    })
}

fn join(documents: Vec<Vec<u8>>) -> Result<Vec<u8>, lopdf::Error> {
    let mut joined = Document::with_version(VERSION);
    let root = joined.new_object_id();
    let (mut trees, mut pages) = (Vec::with_capacity(documents.len()), 0);
    for document in documents {
        let document = Document::load_mem(&document)?;
        pages += document.get_pages().len();
        trees.push(Object::Reference(add_document(&mut joined, document, root)?));
    }
    let count = i64::try_from(pages).unwrap_or(i64::MAX);
    joined
        .objects
        .insert(root, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => trees, "Count" => count }));
    let catalog = joined.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
    joined.trailer.set("Root", catalog);
    let mut written = Vec::new();
    joined.save_to(&mut written)?;
    Ok(written)
}

/// Adds the objects of a document under new numbers, and returns the root of its page tree, which becomes a child of
/// `root`.
fn add_document(joined: &mut Document, mut document: Document, root: ObjectId) -> Result<ObjectId, lopdf::Error> {
    document.renumber_objects_with(joined.max_id + 1);
    let catalog = document.trailer.get(b"Root").and_then(Object::as_reference)?;
    let tree = document.get_dictionary(catalog)?.get(b"Pages").and_then(Object::as_reference)?;
    let node: &mut Dictionary = document.get_dictionary_mut(tree)?;
    node.set("Parent", root);
    document.objects.remove(&catalog);
    joined.max_id = document.max_id;
    joined.objects.extend(document.objects);
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document with pages that inherit their size.
    fn pages(width: i64, count: usize) -> Vec<u8> {
        let mut document = Document::with_version("1.4");
        let root = document.new_object_id();
        let page = |document: &mut Document| document.add_object(dictionary! { "Type" => "Page", "Parent" => root });
        let kids: Vec<Object> = (0..count).map(|_| page(&mut document).into()).collect();
        let size = vec![0.into(), 0.into(), width.into(), 100.into()];
        let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count as i64, "MediaBox" => size };
        document.objects.insert(root, Object::Dictionary(tree));
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
        document.trailer.set("Root", catalog);
        let mut written = Vec::new();
        document.save_to(&mut written).unwrap();
        written
    }

    /// The inherited width of each page.
    fn widths(document: &[u8]) -> Vec<i64> {
        let document = Document::load_mem(document).unwrap();
        let width = |page: ObjectId| {
            let mut node = document.get_dictionary(page).unwrap();
            while !node.has(b"MediaBox") {
                node = document.get_dictionary(node.get(b"Parent").unwrap().as_reference().unwrap()).unwrap();
            }
            node.get(b"MediaBox").unwrap().as_array().unwrap()[2].as_i64().unwrap()
        };
        document.get_pages().into_values().map(width).collect()
    }

    #[test]
    fn joined_pages_keep_their_order_and_inherited_values() {
        let joined = join_pdfs(vec![pages(300, 2), pages(100, 1), pages(200, 3)]).unwrap();
        assert_eq!(widths(&joined), [300, 300, 100, 200, 200, 200]);
    }

    #[test]
    fn a_single_document_is_unchanged() {
        assert_eq!(join_pdfs(vec![b"%PDF whatever".to_vec()]).unwrap(), b"%PDF whatever");
    }

    #[test]
    fn invalid_pdfs_are_rejected() {
        let deep = [b"%PDF-1.4\n1 0 obj\n".to_vec(), b"[".repeat(100_000)].concat();
        for nonsense in [Vec::new(), b"<html>".to_vec(), b"%PDF-1.4\n%%EOF".to_vec(), deep] {
            assert_eq!(join_pdfs(vec![pages(100, 1), nonsense]).unwrap_err().code, ErrorCode::OdooUnreadable);
        }
    }
}
