//! The pages hold to what they promise: everything escaped, labelled, and legible in both colour schemes.

use std::collections::HashMap;

use super::assets::STYLE;
use super::*;

const EVIL: &str = "\"><script>alert('x')</script>&amp;";
const FRAME: Frame<'_> = Frame { texts: &ENGLISH, base: "/gw" };

fn login(alert: Option<String>) -> String {
    let page = LoginPage {
        frame: FRAME,
        application: EVIL,
        database: EVIL,
        login: EVIL,
        guard: EVIL,
        alert,
        longest: LONGEST_FIELD,
    };
    page.render().unwrap()
}

fn consent() -> String {
    let page = ConsentPage {
        frame: FRAME,
        application: EVIL,
        login: EVIL,
        database: EVIL,
        rights: vec![EVIL.to_owned()],
        sent_to: Some(EVIL),
        guard: EVIL,
    };
    page.render().unwrap()
}

fn notice() -> String {
    let page = NoticePage {
        frame: FRAME,
        title: EVIL,
        lead: EVIL.to_owned(),
        code: Some(EVIL),
        hint: Some(EVIL),
        request: Some(EVIL),
    };
    page.render().unwrap()
}

fn pages() -> [String; 4] {
    [login(None), login(Some(EVIL.to_owned())), consent(), notice()]
}

#[test]
fn whatever_a_page_is_given_shows_as_text() {
    for page in pages() {
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&#60;script&#62;"), "{page}");
        for scripted in [" style=", " onclick", "javascript:", "http://", "https://"] {
            assert!(!page.contains(scripted), "{scripted} in {page}");
        }
    }
}

#[test]
fn every_page_says_its_language_title_and_heading() {
    for page in pages() {
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{page}");
        assert!(page.contains("<title>") && page.contains(" · odoo-gateway</title>"), "{page}");
        assert_eq!(page.matches("<h1>").count(), 1, "{page}");
        assert!(page.contains("name=\"viewport\"") && page.contains("<main>"), "{page}");
        assert!(page.contains("href=\"/gw/pages/style.css\""), "{page}");
    }
}

/// The values of an attribute in all tags of a name.
fn attributes<'p>(page: &'p str, tag: &str, name: &str) -> Vec<Option<&'p str>> {
    let (tag, name) = (format!("<{tag} "), format!(" {name}=\""));
    let tags = page.match_indices(&tag).map(|(at, _)| page[at..].split('>').next().unwrap());
    let value = |tag: &'p str| tag.split_once(&name).and_then(|(_, rest)| rest.split('"').next());
    tags.map(value).collect()
}

#[test]
fn every_field_has_a_label_and_every_description_is_there() {
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

/// The colours of one scheme: those of the first `:root`, and over them those of the dark one.
fn colours(dark: bool) -> HashMap<&'static str, [u8; 3]> {
    let schemes = STYLE.split(":root {").skip(1).take(if dark { 2 } else { 1 });
    let lines = schemes.flat_map(|scheme| scheme.split('}').next().unwrap().lines());
    let pairs = lines.filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"));
    let part = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    pairs.map(|(name, hex)| (name, [part(hex, 0), part(hex, 2), part(hex, 4)])).collect()
}

/// WCAG 2.2, "contrast ratio".
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
fn texts_and_edges_stand_out_from_their_ground_in_both_schemes() {
    for dark in [false, true] {
        let colours = colours(dark);
        for (text, ground, least) in [
            ("text", "ground", 4.5),
            ("text", "card", 4.5),
            ("quiet", "ground", 4.5),
            ("quiet", "card", 4.5),
            ("on-accent", "accent", 4.5),
            ("on-accent", "accent-deep", 4.5),
            ("accent", "card", 4.5),
            ("accent-deep", "card", 4.5),
            ("alert", "alert-ground", 4.5),
            ("field", "card", 3.0),
            ("accent", "card", 3.0),
        ] {
            let found = contrast(colours[text], colours[ground]);
            assert!(found >= least, "{text} on {ground}: {found:.2} (dark: {dark})");
        }
    }
}

#[test]
fn no_page_can_be_framed_kept_or_made_to_load_from_elsewhere() {
    let page = NoticePage { frame: FRAME, title: "t", lead: String::new(), code: None, hint: None, request: None };
    let answer = answer(StatusCode::BAD_REQUEST, &page).unwrap();
    let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
    assert_eq!(answer.headers()[X_FRAME_OPTIONS], "DENY");
    assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
}
