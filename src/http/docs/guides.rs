//! `/docs/guides`: short pages about tasks, the dialects, and moves from the add-ons.
//!
//! In: the Markdown files of `docs`, which are part of the binary; the URL of this gateway. Out: pages. Must not know:
//! routes of the API.

use askama::Template;

use super::DocsPage;
use super::markdown::{PageSection, RenderedMarkdown, render_page};
use crate::http::pages::Layout;

/// The path of the index.
pub(super) const PATH: &str = "/docs/guides";

/// The gateway in the examples. A page shows the URL of the gateway that serves it.
const EXAMPLE_URL: &str = "http://127.0.0.1:8080";

/// A Markdown file.
struct Source {
    /// The last segment of the page's path.
    slug: &'static str,
    /// Its path in `docs`, by which other files link to it.
    file: &'static str,
    text: &'static str,
}

macro_rules! source {
    ($slug:literal, $file:literal) => {
        Source { slug: $slug, file: $file, text: include_str!(concat!("../../../docs/", $file)) }
    };
}

/// All pages, in the order of the navigation.
const GROUPS: [(&str, &[Source]); 4] = [
    (
        "Start",
        &[
            source!("start", "guides/start.md"),
            source!("credentials", "guides/credentials.md"),
            source!("scopes", "guides/scopes.md"),
        ],
    ),
    (
        "Tasks",
        &[
            source!("tasks", "guides/tasks.md"),
            source!("oauth", "guides/oauth.md"),
            source!("browser-apps", "guides/browser-apps.md"),
            source!("exports", "guides/exports.md"),
            source!("errors", "guides/errors.md"),
            source!("limits", "guides/limits.md"),
            source!("typed-clients", "guides/typed-clients.md"),
            source!("postman", "guides/postman.md"),
        ],
    ),
    (
        "Move from an add-on",
        &[
            source!("from-synconics", "guides/from-synconics.md"),
            source!("from-candidroot", "guides/from-candidroot.md"),
            source!("from-odooapi-restful", "guides/from-odooapi-restful.md"),
            source!("from-odoo-rest-api", "guides/from-odoo-rest-api.md"),
        ],
    ),
    (
        "Dialects",
        &[
            source!("dialects", "dialects/README.md"),
            source!("api_v1", "dialects/api_v1.md"),
            source!("restapi", "dialects/restapi.md"),
            source!("api", "dialects/api.md"),
            source!("restful", "dialects/restful.md"),
            source!("json2", "guides/json2.md"),
            source!("rpc", "guides/rpc.md"),
            source!("odoo-versions", "guides/odoo-versions.md"),
        ],
    ),
];

fn sources() -> impl Iterator<Item = &'static Source> {
    GROUPS.iter().flat_map(|(_, sources)| *sources)
}

/// A link of the navigation.
#[derive(Debug)]
struct GuideLink {
    slug: &'static str,
    title: String,
    lead: String,
}

/// The index.
#[derive(Template)]
#[template(path = "docs/guides.html")]
struct GuidesPage<'a> {
    layout: Layout<'a>,
    groups: &'a [(&'static str, Vec<GuideLink>)],
}

/// A guide.
#[derive(Template)]
#[template(path = "docs/guide.html")]
struct GuidePage<'a> {
    layout: Layout<'a>,
    groups: &'a [(&'static str, Vec<GuideLink>)],
    slug: &'static str,
    title: &'a str,
    html: &'a str,
    sections: &'a [PageSection],
    previous: Option<&'a GuideLink>,
    next: Option<&'a GuideLink>,
}

/// Renders the index and all guides. `url` is the URL of this gateway.
///
/// # Errors
/// Fails if a template fails.
pub(super) fn render_guides(layout: Layout<'_>, url: &str) -> Result<Vec<DocsPage>, askama::Error> {
    let rendered: Vec<RenderedMarkdown> = sources().map(|source| render_source(source, layout.base, url)).collect();
    let mut remaining = rendered.iter();
    let groups = GROUPS.map(|(name, sources)| {
        let link = |(source, page): (&Source, &RenderedMarkdown)| GuideLink {
            slug: source.slug,
            title: page.title.clone(),
            lead: page.lead.clone(),
        };
        (name, sources.iter().zip(remaining.by_ref()).map(link).collect::<Vec<_>>())
    });
    let links: Vec<&GuideLink> = groups.iter().flat_map(|(_, links)| links).collect();
    let mut pages = vec![DocsPage { path: PATH.to_owned(), html: GuidesPage { layout, groups: &groups }.render()? }];
    for (index, (link, page)) in links.iter().zip(&rendered).enumerate() {
        let guide = GuidePage {
            layout,
            groups: &groups,
            slug: link.slug,
            title: &page.title,
            html: &page.html,
            sections: &page.sections,
            previous: index.checked_sub(1).and_then(|before| links.get(before)).copied(),
            next: links.get(index + 1).copied(),
        };
        pages.push(DocsPage { path: format!("{PATH}/{}", link.slug), html: guide.render()? });
    }
    Ok(pages)
}

fn render_source(source: &Source, base: &str, url: &str) -> RenderedMarkdown {
    let markdown = source.text.replace(EXAMPLE_URL, url);
    render_page(&markdown, &|link| target(source.file, link, base))
}

/// The page that a link in a file leads to: another guide, or a page of the gateway.
fn target(file: &str, link: &str, base: &str) -> Option<String> {
    if link.starts_with('/') {
        return Some(format!("{base}{link}"));
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = match path.strip_prefix("../") {
        Some(above) => above.to_owned(),
        None => format!("{folder}/{path}"),
    };
    let found = sources().find(|source| source.file == path)?;
    let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
    Some(format!("{base}{PATH}/{}{anchor}", found.slug))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::ENGLISH;

    fn pages() -> Vec<DocsPage> {
        render_guides(Layout { messages: &ENGLISH, base: "/gw" }, "https://gw.example/gw").unwrap()
    }

    /// The targets of the links on a page.
    fn links(html: &str) -> impl Iterator<Item = &str> {
        html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap())
    }

    #[test]
    fn every_link_to_a_guide_leads_to_a_page_and_an_anchor() {
        let pages = pages();
        for page in &pages {
            for link in links(&page.html).filter(|link| link.starts_with('#') || link.contains(PATH)) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let path = if path.is_empty() { page.path.as_str() } else { path.strip_prefix("/gw").unwrap() };
                let found = pages.iter().find(|page| page.path == path);
                let found = found.unwrap_or_else(|| panic!("{}: {link}", page.path));
                let has_anchor = anchor.is_empty() || found.html.contains(&format!("id=\"{anchor}\""));
                assert!(has_anchor, "{}: {link}", page.path);
            }
        }
    }

    /// Links to files that only the repository has.
    const ONLY_IN_REPOSITORY: [&str; 4] =
        ["../operations.md", "../../config/default.toml", "../../openapi/", "../security.md"];

    #[test]
    fn every_link_to_a_file_is_known() {
        for source in sources() {
            for link in source.text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
                let is_known = link.starts_with('#')
                    || link.starts_with("https://")
                    || target(source.file, link, "").is_some()
                    || ONLY_IN_REPOSITORY.iter().any(|known| link.starts_with(known));
                assert!(is_known, "{}: {link}", source.file);
            }
        }
    }

    #[test]
    fn pages_show_the_url_of_this_gateway() {
        let pages = pages();
        let start = pages.iter().find(|page| page.path == "/docs/guides/start").unwrap();
        assert!(start.html.contains("https://gw.example/gw"), "{}", start.html);
        for page in &pages {
            assert!(!page.html.contains(EXAMPLE_URL), "{}", page.path);
            assert_eq!(page.html.matches("<h1").count(), 1, "{}", page.path);
        }
    }
}
