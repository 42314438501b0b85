//! Markdown as HTML: headings with anchors as GitHub makes them, tables and code that scroll.
//!
//! In: Markdown of this repository, and where its links lead. Out: HTML, the title, the sections. Must not know: which
//! pages exist. HTML in the Markdown is shown as text.

use std::collections::HashMap;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A rendered text.
#[derive(Debug, Default)]
pub(super) struct RenderedMarkdown {
    /// The text of the first heading of level 1, which is not in `html`.
    pub title: String,
    /// The text of the first paragraph.
    pub lead: String,
    pub html: String,
    /// The headings of level 2, in order.
    pub sections: Vec<PageSection>,
}

/// A heading of level 2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageSection {
    pub id: String,
    pub text: String,
}

/// Renders a page. `link` returns the target of a relative link, or `None` if it leads to no page; then only its text
/// is shown.
pub(super) fn render_page(markdown: &str, link: &dyn Fn(&str) -> Option<String>) -> RenderedMarkdown {
    let mut page = RenderedMarkdown::default();
    let mut renderer = Renderer { link, ids: HashMap::new(), open_links: Vec::new(), events: Vec::new() };
    let mut events = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect::<Vec<_>>().into_iter();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let inner = until_heading_ends(&mut events);
                renderer.push_heading(level, inner, &mut page);
            }
            Event::Start(Tag::Paragraph) if page.lead.is_empty() => {
                page.lead = paragraph_text(events.clone());
                renderer.push(Event::Start(Tag::Paragraph));
            }
            event => renderer.push(event),
        }
    }
    html::push_html(&mut page.html, renderer.events.into_iter());
    page
}

/// Renders a short text without headings, such as a description of an operation.
pub(super) fn render_text(markdown: &str) -> String {
    render_page(markdown, &|_| None).html
}

struct Renderer<'m, 'l> {
    link: &'l dyn Fn(&str) -> Option<String>,
    /// How often each id was used.
    ids: HashMap<String, usize>,
    /// For each open link, whether it is shown.
    open_links: Vec<bool>,
    events: Vec<Event<'m>>,
}

impl<'m> Renderer<'m, '_> {
    fn push(&mut self, event: Event<'m>) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => self.events.push(Event::Text(text)),
            Event::Start(Tag::CodeBlock(kind)) => self.push_html(code_start(&kind)),
            Event::End(TagEnd::CodeBlock) => self.push_html("</code></pre>\n".to_owned()),
            Event::Start(Tag::Table(alignments)) => {
                // A wide table scrolls, also with the keyboard.
                self.push_html("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">".to_owned());
                self.events.push(Event::Start(Tag::Table(alignments)));
            }
            Event::End(TagEnd::Table) => {
                self.events.push(Event::End(TagEnd::Table));
                self.push_html("</div>\n".to_owned());
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = self.target(&dest_url);
                self.open_links.push(target.is_some());
                if let Some(target) = target {
                    self.events.push(Event::Start(Tag::Link { link_type, dest_url: target.into(), title, id }));
                }
            }
            Event::End(TagEnd::Link) => {
                if self.open_links.pop() == Some(true) {
                    self.events.push(Event::End(TagEnd::Link));
                }
            }
            event => self.events.push(event),
        }
    }

    fn push_html(&mut self, text: String) {
        self.events.push(Event::Html(CowStr::from(text)));
    }

    /// Absolute URLs and anchors of the same page stay.
    fn target(&self, url: &str) -> Option<String> {
        let stays = url.starts_with('#') || url.starts_with("https://");
        if stays { Some(url.to_owned()) } else { (self.link)(url) }
    }

    fn push_heading(&mut self, level: HeadingLevel, inner: Vec<Event<'m>>, page: &mut RenderedMarkdown) {
        let text = text_of(&inner);
        if level == HeadingLevel::H1 {
            page.title = text;
            return;
        }
        let id = self.unique_id(&text);
        self.push_html(format!("<{level} id=\"{id}\">"));
        inner.into_iter().for_each(|event| self.push(event));
        let anchor = format!("<a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to this section\">#</a>");
        self.push_html(format!(" {anchor}</{level}>\n"));
        if level == HeadingLevel::H2 {
            page.sections.push(PageSection { id, text });
        }
    }

    /// The anchor that GitHub makes of a heading, so that links work there and here.
    fn unique_id(&mut self, text: &str) -> String {
        let kept = text.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let id: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = self.ids.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id}-{}", *count - 1) }
    }
}

fn code_start(kind: &CodeBlockKind<'_>) -> String {
    let info = match kind {
        CodeBlockKind::Fenced(info) => info.as_ref(),
        CodeBlockKind::Indented => "",
    };
    let language: String =
        info.split(' ').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("<pre tabindex=\"0\" class=\"{language}\"><code>")
}

fn until_heading_ends<'m>(events: &mut impl Iterator<Item = Event<'m>>) -> Vec<Event<'m>> {
    events.take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_)))).collect()
}

fn paragraph_text<'m>(events: impl Iterator<Item = Event<'m>>) -> String {
    let inner: Vec<_> = events.take_while(|event| !matches!(event, Event::End(TagEnd::Paragraph))).collect();
    text_of(&inner)
}

fn text_of(events: &[Event<'_>]) -> String {
    let text = |event: &Event<'_>| match event {
        Event::Text(text) | Event::Code(text) => text.to_string(),
        Event::SoftBreak => " ".to_owned(),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(markdown: &str) -> RenderedMarkdown {
        render_page(markdown, &|url| url.strip_suffix(".md").map(|name| format!("/docs/guides/{name}")))
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let page =
            page("# A `title`\n\nLead *text*.\n\n## `PUT` and `PATCH /api/v1/{model}/{id}`\n\n## Same\n\n## Same\n");
        assert_eq!((page.title.as_str(), page.lead.as_str()), ("A title", "Lead text."));
        let ids: Vec<_> = page.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["put-and-patch-apiv1modelid", "same", "same-1"]);
        assert!(page.html.contains("<h2 id=\"same-1\">Same <a class=\"anchor\" href=\"#same-1\""), "{}", page.html);
        assert!(!page.html.contains("<h1"), "{}", page.html);
    }

    #[test]
    fn links_lead_to_pages_or_are_text() {
        let links = "[a](api.md) [b](../config/x.toml) [c](#d) [e](https://odoo.com) [f](javascript:alert(1))";
        let html = page(links).html;
        assert_eq!(
            html,
            "<p><a href=\"/docs/guides/api\">a</a> b <a href=\"#d\">c</a> <a href=\"https://odoo.com\">e</a> f</p>\n"
        );
    }

    #[test]
    fn html_is_text_and_code_is_escaped() {
        let html = page("a <b>c</b>\n\n<script>alert(1)</script>\n\n```sh run\necho \"<x>\"\n```\n").html;
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        let code = "<pre tabindex=\"0\" class=\"sh\"><code>echo &quot;&lt;x&gt;&quot;\n</code></pre>";
        assert!(html.contains(code) || html.contains(&code.replace("&quot;", "\"")), "{html}");
    }
}
