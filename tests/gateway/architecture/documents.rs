//! The Markdown files are true where a program can check it: links lead to files and headings, and settings exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{assert_none, root};

/// The folders with Markdown files.
const FOLDERS: [&str; 6] = [".", "benches", "docs", "docs/dialects", "docs/guides", "docs/operations"];

/// Attributes of OpenTelemetry, and the module of Odoo's exceptions, which look like settings.
const NOT_SETTINGS: [(&str, &str); 3] = [("server", "address"), ("server", "port"), ("odoo", "exceptions")];

/// A Markdown file.
struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    /// The lines outside of code blocks.
    fn prose(&self) -> impl Iterator<Item = &str> {
        let mut is_code = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        })
    }

    /// The text between links and headings, with code spans at odd indexes.
    fn spans(&self) -> Vec<String> {
        self.prose().collect::<Vec<_>>().join("\n").split('`').map(str::to_owned).collect()
    }

    /// The targets of the links to other files and headings.
    fn links(&self) -> Vec<String> {
        let text: String = self.spans().iter().step_by(2).map(String::as_str).collect();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.filter(|target| !target.contains("://") && !target.starts_with('/')).map(str::to_owned).collect()
    }

    /// The anchors of the headings, as GitHub makes them, and the explicit ones.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose().filter(|line| line.starts_with('#'));
        let explicit = self.text.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        headings.map(anchor).chain(explicit.map(str::to_owned)).collect()
    }

    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }
}

fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.map(|character| if character == ' ' { '-' } else { character }).collect()
}

fn documents() -> Vec<Document> {
    let files = FOLDERS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = files.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|kind| kind == "md")).map(Document::read).collect()
}

/// Whether the target of a link exists.
fn exists(document: &Document, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path {
        "" => document.path.clone(),
        path => document.path.parent().unwrap_or(Path::new("")).join(path),
    };
    match anchor {
        Some(anchor) if target.is_file() => Document::read(target).anchors().contains(anchor),
        Some(_) => false,
        None => target.exists(),
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut dead = Vec::new();
    let mut count = 0;
    for document in documents() {
        let links = document.links();
        count += links.len();
        let missing = links.iter().filter(|link| !exists(&document, link));
        dead.extend(missing.map(|link| format!("{}: {link}", document.name())));
    }
    assert!(count > 200, "{count} links are found");
    assert_none(&dead);
}

#[test]
fn settings_in_the_documents_exist() {
    let defaults: toml::Table = fs::read_to_string(root().join("config/default.toml")).unwrap().parse().unwrap();
    let has_setting = |section: &str, key: &str| match &defaults[section] {
        toml::Value::Array(entries) => entries.iter().any(|entry| entry.get(key).is_some()),
        section => section.get(key).is_some(),
    };
    let mut unknown = Vec::new();
    let mut count = 0;
    for document in documents() {
        for span in document.spans().iter().skip(1).step_by(2) {
            let tokens = span.split(|character: char| character.is_whitespace() || "=,()[]{}\"'".contains(character));
            for token in tokens.filter(|token| !token.contains('/')) {
                let Some((section, rest)) = token.split_once('.') else { continue };
                let key = rest.split('.').next().unwrap_or_default();
                if NOT_SETTINGS.contains(&(section, key)) {
                    continue;
                }
                if !defaults.contains_key(section) || !key.starts_with(|first: char| first.is_ascii_lowercase()) {
                    continue;
                }
                count += 1;
                if !has_setting(section, key) {
                    unknown.push(format!("{}: {token}", document.name()));
                }
            }
        }
    }
    assert!(count > 100, "{count} settings are found");
    assert_none(&unknown);
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor("## `PUT` and `PATCH /api/v1/{model}/{id}`"), "put-and-patch-apiv1modelid");
    assert_eq!(anchor("### OAuth 1.0a"), "oauth-10a");
}
