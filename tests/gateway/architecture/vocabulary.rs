//! One vocabulary: no two public types of one name, and no word that a stranger would have to look up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Ident, Item, Visibility};

use super::modules::Modules;
use super::{assert_none, root, rust_files};

/// Parts of identifiers that say nothing to an engineer who does not know this code, or that have a standard term.
const NOT_IN_IDENTIFIERS: &[&str] = &[
    "anew", "arrival", "behind", "beside", "deed", "deeds", "families", "family", "hear", "judge", "lookout",
    "occasion", "said", "say", "says", "seat", "seats", "spared", "tell", "tells", "told", "whoever", "wish", "wishes",
    "witness",
];

/// Words and phrases that are plain English nowhere in the repository.
const NOT_IN_TEXTS: &[&str] = &[
    "anew",
    "contract section",
    "deed",
    "deeds",
    "families",
    "family",
    "he",
    "him",
    "himself",
    "his",
    "in words",
    "lookout",
    "occasion",
    "of ours",
    "once more",
    "spared",
    "whoever",
    "wish",
    "wishes",
];

/// Files that contain some of these words for a reason: this list, and the metric families of Prometheus.
const EXCEPTED: &[&str] = &["tests/gateway/architecture/vocabulary.rs", "src/telemetry/metrics.rs"];

fn is_excepted(path: &Path) -> bool {
    EXCEPTED.iter().any(|excepted| path == Path::new(excepted))
}

struct Identifiers(Vec<String>);

impl Visit<'_> for Identifiers {
    fn visit_ident(&mut self, ident: &Ident) {
        self.0.push(ident.to_string());
    }
}

/// `ReadOptions` and `read_options` as `read`, `options`.
fn words_of(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in identifier.chars() {
        if (character == '_' || character.is_uppercase()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), character != '_') {
            word.extend(character.to_lowercase());
        }
    }
    words
}

/// The words of a text in lower case, separated by single spaces, with one at each end.
fn normalized(text: &str) -> String {
    let words = text.split(|character: char| !character.is_alphanumeric() && character != '\'' && character != '_');
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}

fn forbidden_in(text: &str) -> Vec<&'static str> {
    let text = normalized(text);
    NOT_IN_TEXTS.iter().filter(|phrase| text.contains(&format!(" {phrase} "))).copied().collect()
}

/// The files with text that somebody reads, relative to the repository.
fn readable_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        ["src", "tests", "benches", "fuzz/src"].iter().flat_map(|folder| rust_files(&root().join(folder))).collect();
    let folders = [
        "docs",
        "docs/dialects",
        "docs/guides",
        "docs/operations",
        "deploy",
        "deploy/debian",
        "deploy/helm/odoo-gateway",
        "deploy/helm/odoo-gateway/templates",
        "templates",
        "templates/docs",
        "config",
        "tests/testbed",
        ".",
    ];
    for folder in folders {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let is_text = |path: &PathBuf| {
            let kinds = ["md", "html", "toml", "yml", "yaml", "sh", "py"];
            path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known))
        };
        files.extend(entries.filter(|path| path.is_file() && is_text(path)));
    }
    files.extend(
        ["openapi/openapi.json", "Makefile", "Dockerfile", "tests/testbed/testbed"].map(|name| root().join(name)),
    );
    let relative = files.into_iter().map(|path| path.strip_prefix(root()).unwrap().to_owned());
    relative.filter(|path| !is_excepted(path)).collect()
}

#[test]
fn public_types_have_names_of_their_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, module) in Modules::parse(root()).iter() {
        for item in &module.syntax.items {
            let (visibility, name) = match item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                _ => continue,
            };
            if !matches!(visibility, Visibility::Inherited) {
                places.entry(name.to_string()).or_default().push(path.join("::"));
            }
        }
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    assert_none(&twice.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect::<Vec<_>>());
}

#[test]
fn identifiers_are_standard_terms() {
    let mut violations = Vec::new();
    for (_, module) in Modules::parse(root()).iter().filter(|(_, module)| !is_excepted(&module.file)) {
        let mut identifiers = Identifiers(Vec::new());
        visit::visit_file(&mut identifiers, &module.syntax);
        identifiers.0.sort();
        identifiers.0.dedup();
        let is_forbidden =
            |identifier: &String| words_of(identifier).iter().any(|word| NOT_IN_IDENTIFIERS.contains(&word.as_str()));
        let forbidden = identifiers.0.into_iter().filter(is_forbidden);
        violations.extend(forbidden.map(|identifier| format!("{}: {identifier}", module.file.display())));
    }
    assert_none(&violations);
}

#[test]
fn texts_are_plain_english() {
    let mut violations = Vec::new();
    for path in readable_files() {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let is_long = path.extension().is_some_and(|kind| kind == "json");
        let lines: Vec<&str> = if is_long { text.split("\\n").collect() } else { text.lines().collect() };
        for (number, line) in lines.iter().enumerate() {
            let words = forbidden_in(line);
            if !words.is_empty() {
                violations.push(format!("{}:{}: {}", path.display(), number + 1, words.join(", ")));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn words_are_found_where_they_stand_alone() {
    assert_eq!(words_of("ReadOptions"), ["read", "options"]);
    assert_eq!(words_of("told_badly"), ["told", "badly"]);
    assert_eq!(forbidden_in("Whoever asks, asks once more."), ["once more", "whoever"]);
    assert!(forbidden_in("The header of the theme").is_empty());
}
