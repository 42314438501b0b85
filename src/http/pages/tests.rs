//! Every value is escaped, every field has a label, and the text is legible in both color schemes.

use std::collections::HashMap;

use super::assets::STYLE;
use super::*;

const EVIL: &str = "\"><script>alert('x')</script>&amp;";
const LAYOUT: Layout<'_> = Layout { messages: &ENGLISH, base: "/gw" };

fn login(alert: Option<String>) -> String {
    let page = LoginPage {
        layout: LAYOUT,
        application: EVIL,
        database: EVIL,
        login: EVIL,
        csrf_token: EVIL,
        alert,
        max_length: MAX_FIELD_BYTES,
    };
    page.render().unwrap()
}

fn consent() -> String {
    let page = ConsentPage {
        layout: LAYOUT,
        application: EVIL,
        login: EVIL,
        database: EVIL,
        permissions: vec![EVIL.to_owned()],
        return_host: Some(EVIL),
        csrf_token: EVIL,
    };
    page.render().unwrap()
}

fn message() -> String {
    let page = MessagePage {
        layout: LAYOUT,
        title: EVIL,
        lead: EVIL.to_owned(),
        code: Some(EVIL),
        hint: Some(EVIL),
        request_id: Some(EVIL),
    };
    page.render().unwrap()
}

fn pages() -> [String; 4] {
    [login(None), login(Some(EVIL.to_owned())), consent(), message()]
}

#[test]
fn every_value_is_escaped() {
    for page in pages() {
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&#60;script&#62;"), "{page}");
        for forbidden in [" style=", " onclick", "javascript:", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
    }
}

#[test]
fn every_page_has_a_language_a_title_and_a_heading() {
    for page in pages() {
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{page}");
        assert!(page.contains("<title>") && page.contains(" · odoo-gateway</title>"), "{page}");
        assert_eq!(page.matches("<h1>").count(), 1, "{page}");
        assert!(page.contains("name=\"viewport\"") && page.contains("<main>"), "{page}");
        assert!(page.contains("href=\"/gw/pages/style.css?v="), "{page}");
    }
}

/// The values of an attribute in all tags with this name.
fn attributes<'p>(page: &'p str, tag: &str, name: &str) -> Vec<Option<&'p str>> {
    let (tag, name) = (format!("<{tag} "), format!(" {name}=\""));
    let tags = page.match_indices(&tag).map(|(at, _)| page[at..].split('>').next().unwrap());
    let value = |tag: &'p str| tag.split_once(&name).and_then(|(_, rest)| rest.split('"').next());
    tags.map(value).collect()
}

#[test]
fn every_field_has_a_label_and_every_referenced_description_exists() {
    for page in pages() {
        let labels = attributes(&page, "label", "for");
        let kinds = attributes(&page, "input", "type");
        for (id, kind) in attributes(&page, "input", "id").into_iter().zip(kinds) {
            assert!(kind == Some("hidden") || labels.contains(&id), "{id:?} in {page}");
        }
        for described in attributes(&page, "input", "aria-describedby").into_iter().flatten() {
            for id in described.split(' ') {
                assert!(page.contains(&format!("id=\"{id}\"")), "{id} in {page}");
            }
        }
        assert!(attributes(&page, "img", "alt").iter().all(Option::is_some), "{page}");
    }
}

/// The colors of one scheme: those of the first `:root`, overridden by those of the dark one.
fn colors(dark: bool) -> HashMap<&'static str, [u8; 3]> {
    let schemes = STYLE.split(":root {").skip(1).take(if dark { 2 } else { 1 });
    let lines = schemes.flat_map(|scheme| scheme.split('}').next().unwrap().lines());
    let pairs = lines.filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"));
    let channel = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    pairs.map(|(name, hex)| (name, [channel(hex, 0), channel(hex, 2), channel(hex, 4)])).collect()
}

/// The contrast ratio as WCAG 2.2 defines it.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |[red, green, blue]: [u8; 3]| 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_meets_wcag_aa_in_both_color_schemes() {
    for dark in [false, true] {
        let colors = colors(dark);
        for (text, background, minimum) in [
            ("text", "background", 4.5),
            ("text", "card", 4.5),
            ("muted", "background", 4.5),
            ("muted", "card", 4.5),
            ("on-accent", "accent", 4.5),
            ("on-accent", "accent-strong", 4.5),
            ("accent", "card", 4.5),
            ("accent-strong", "card", 4.5),
            ("accent", "background", 4.5),
            ("accent-strong", "background", 4.5),
            ("alert", "card", 4.5),
            ("alert", "background", 4.5),
            ("alert", "alert-background", 4.5),
            ("field", "card", 3.0),
            ("accent", "card", 3.0),
        ] {
            let found = contrast(colors[text], colors[background]);
            assert!(found >= minimum, "{text} on {background}: {found:.2} (dark: {dark})");
        }
    }
}

#[test]
fn pages_cannot_be_framed_cached_or_made_to_load_from_other_origins() {
    let page =
        MessagePage { layout: LAYOUT, title: "t", lead: String::new(), code: None, hint: None, request_id: None };
    let response = render(StatusCode::BAD_REQUEST, &page).unwrap();
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
    assert_eq!(response.headers()[X_FRAME_OPTIONS], "DENY");
    assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
}
