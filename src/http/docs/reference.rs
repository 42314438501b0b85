//! `/docs/reference`: the API to read, without scripts: an overview, a page for each tag, and the schemas.
//!
//! ```text
//! operations    the operations, as the pages show them
//! curl          example requests
//! api_document  references, types, examples of an OpenAPI document
//! ```
//!
//! In: the OpenAPI document as JSON, the URL of this gateway. Out: pages. Must not know: routes of the API.

mod api_document;
mod curl;
mod operations;

use askama::Template;
use serde_json::Value;

use self::api_document::ApiDocument;
use self::operations::{NamedValue, ReferenceOperation, pretty};
use super::DocsPage;
use super::markdown::render_text;
use crate::http::pages::Layout;

/// The path of the overview.
pub(super) const PATH: &str = "/docs/reference";

/// A tag with its operations.
#[derive(Debug)]
struct OperationGroup {
    name: String,
    /// HTML.
    description: String,
    operations: Vec<ReferenceOperation>,
}

/// A security scheme.
#[derive(Debug)]
struct SecurityEntry {
    name: String,
    /// How the credential is sent.
    sent: String,
    /// HTML.
    description: String,
}

/// A schema.
#[derive(Debug)]
struct SchemaEntry {
    name: String,
    kind: String,
    /// HTML.
    description: String,
    properties: Vec<NamedValue>,
    example: Option<String>,
}

/// The overview.
#[derive(Template)]
#[template(path = "docs/reference.html")]
struct OverviewPage<'a> {
    layout: Layout<'a>,
    groups: &'a [OperationGroup],
    current: &'a str,
    title: &'a str,
    version: &'a str,
    url: &'a str,
    description: String,
    schemes: Vec<SecurityEntry>,
}

/// The operations of a tag.
#[derive(Template)]
#[template(path = "docs/operations.html")]
struct OperationsPage<'a> {
    layout: Layout<'a>,
    groups: &'a [OperationGroup],
    current: &'a str,
    group: &'a OperationGroup,
}

/// All schemas.
#[derive(Template)]
#[template(path = "docs/schemas.html")]
struct SchemasPage<'a> {
    layout: Layout<'a>,
    groups: &'a [OperationGroup],
    current: &'a str,
    schemas: Vec<SchemaEntry>,
}

/// Renders all pages. `url` is the URL of this gateway.
///
/// # Errors
/// Fails if a template fails.
pub(super) fn render_reference(layout: Layout<'_>, document: Value, url: &str) -> Result<Vec<DocsPage>, askama::Error> {
    let document = ApiDocument(document);
    let groups = groups(&document, url);
    let info = |key: &str| document.0.pointer(&format!("/info/{key}")).and_then(Value::as_str).unwrap_or_default();
    let overview = OverviewPage {
        layout,
        groups: &groups,
        current: "overview",
        title: info("title"),
        version: info("version"),
        url,
        description: render_text(info("description")),
        schemes: security_schemes(&document),
    };
    let schemas = SchemasPage { layout, groups: &groups, current: "schemas", schemas: schema_entries(&document) };
    let mut pages = vec![
        DocsPage { path: PATH.to_owned(), html: overview.render()? },
        DocsPage { path: format!("{PATH}/schemas"), html: schemas.render()? },
    ];
    for group in &groups {
        let page = OperationsPage { layout, groups: &groups, current: &group.name, group };
        pages.push(DocsPage { path: format!("{PATH}/{}", group.name), html: page.render()? });
    }
    Ok(pages)
}

/// The tags of the document that have operations, in its order.
fn groups(document: &ApiDocument, url: &str) -> Vec<OperationGroup> {
    let mut operations = document.operations(url);
    let tags = document.0.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut groups = Vec::new();
    for tag in tags {
        let text = |key: &str| tag.get(key).and_then(Value::as_str).unwrap_or_default();
        let (own, others) = operations.into_iter().partition(|operation| operation.tag == text("name"));
        operations = others;
        groups.push(OperationGroup {
            name: text("name").to_owned(),
            description: render_text(text("description")),
            operations: own,
        });
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn security_schemes(document: &ApiDocument) -> Vec<SecurityEntry> {
    let schemes = document.0.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten();
    let entry = |(name, scheme): (&String, &Value)| {
        let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        let sent = match text("type") {
            "apiKey" => format!("{}: …", text("name")),
            "http" => format!("Authorization: {} …", capitalized(text("scheme"))),
            _ => "Authorization: Bearer …".to_owned(),
        };
        SecurityEntry { name: name.clone(), sent, description: render_text(text("description")) }
    };
    schemes.map(entry).collect()
}

/// The name of an authentication scheme as it is usually written.
fn capitalized(scheme: &str) -> String {
    match scheme {
        "oauth" => "OAuth".to_owned(),
        _ => scheme.chars().take(1).flat_map(char::to_uppercase).chain(scheme.chars().skip(1)).collect(),
    }
}

fn schema_entries(document: &ApiDocument) -> Vec<SchemaEntry> {
    let entry = |(name, schema): (&String, &Value)| SchemaEntry {
        name: name.clone(),
        kind: document.type_text(schema).text,
        description: render_text(schema.get("description").and_then(Value::as_str).unwrap_or_default()),
        properties: document.properties(schema),
        example: document.example(schema).map(pretty),
    };
    let mut entries: Vec<SchemaEntry> = document.schemas().map(entry).collect();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::http::pages::ENGLISH;

    fn document() -> Value {
        serde_json::to_value(crate::http::openapi()).unwrap()
    }

    fn pages() -> Vec<DocsPage> {
        let layout = Layout { messages: &ENGLISH, base: "/gw" };
        render_reference(layout, document(), "https://gw.example/gw").unwrap()
    }

    #[test]
    fn every_operation_is_on_the_page_of_its_tag() {
        let (pages, document) = (pages(), document());
        let mut count = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let (tag, id) = (operation["tags"][0].as_str().unwrap(), operation["operationId"].as_str().unwrap());
                let page = pages.iter().find(|page| page.path == format!("{PATH}/{tag}"));
                let html = &page.unwrap_or_else(|| panic!("no page for {tag}")).html;
                let section = html.split("<section ").find(|section| section.starts_with(&format!("id=\"{id}\"")));
                let section = section.unwrap_or_else(|| panic!("{id} is not on its page"));
                for expected in [path.as_str(), "curl ", operation["summary"].as_str().unwrap()] {
                    assert!(section.contains(&expected.replace('\'', "&#39;")), "{expected} is not shown for {id}");
                }
                count += 1;
            }
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn every_link_of_the_reference_leads_to_a_page_and_an_anchor() {
        let pages = pages();
        let ids = |html: &str| -> HashSet<String> {
            html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        for page in &pages {
            for link in page.html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                if link.starts_with("https://") {
                    continue;
                }
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let Some(path) = path.strip_prefix("/gw").or(path.is_empty().then_some(page.path.as_str())) else {
                    panic!("{}: {link}", page.path)
                };
                if !path.starts_with(PATH) {
                    continue;
                }
                let found = pages.iter().find(|page| page.path == path);
                let found = found.unwrap_or_else(|| panic!("{}: {link}", page.path));
                assert!(anchor.is_empty() || ids(&found.html).contains(anchor), "{}: {link}", page.path);
            }
            let all = page.html.matches(" id=\"").count();
            assert_eq!(all, ids(&page.html).len(), "{}: an id is used twice", page.path);
        }
    }
}
