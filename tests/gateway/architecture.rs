//! The code map is true: the tables here list which module may use which, and every path in the sources is checked.
//!
//! The modules directly below `src` are called layers. [`circles`] checks the order of modules inside a layer,
//! [`vocabulary`] the names and the English, [`documents`] the links and the names of settings in Markdown files.

mod circles;
mod documents;
mod modules;
mod vocabulary;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, each with the layers it may use. A layer uses only layers further down, so there are no circles.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &["app", "cli", "http", "telemetry", "config", "clock"]),
    ("cli", &["admin", "store", "config", "clock", "build_info"]),
    (
        "app",
        &[
            "admin",
            "http",
            "ops_server",
            "serve",
            "idempotency",
            "auth",
            "odoo",
            "plan",
            "store",
            "secret",
            "telemetry",
            "config",
            "error",
            "error_code",
            "names",
            "clock",
            "shared_limits",
        ],
    ),
    (
        "http",
        &[
            "admin",
            "serve",
            "idempotency",
            "auth",
            "secret",
            "shape",
            "odoo",
            "plan",
            "language",
            "telemetry",
            "error",
            "names",
            "value",
            "error_code",
            "cache",
            "clock",
            "memory_budget",
            "cpu_work",
        ],
    ),
    ("admin", &["auth", "store", "secret", "odoo", "plan", "error", "clock"]),
    ("ops_server", &["serve", "telemetry"]),
    ("serve", &["telemetry"]),
    ("idempotency", &["auth", "store", "secret", "error", "error_code", "clock"]),
    ("auth", &["store", "secret", "odoo", "plan", "error", "names", "error_code", "cache", "clock", "shared_limits"]),
    ("shape", &["odoo", "plan", "error", "names", "value", "error_code", "plain_bytes"]),
    (
        "odoo",
        &[
            "plan",
            "telemetry",
            "error",
            "names",
            "value",
            "error_code",
            "cache",
            "clock",
            "memory_budget",
            "shared_limits",
            "plain_bytes",
        ],
    ),
    ("plan", &["language", "error", "names", "value", "error_code"]),
    ("store", &["secret", "config", "clock", "shared_limits"]),
    ("secret", &[]),
    ("telemetry", &["config", "clock", "build_info"]),
    ("config", &["language", "names"]),
    ("language", &["error", "names", "value", "error_code", "plain_bytes"]),
    ("error", &["error_code"]),
    ("names", &[]),
    ("value", &[]),
    ("error_code", &[]),
    ("cache", &[]),
    ("clock", &[]),
    ("memory_budget", &[]),
    ("cpu_work", &[]),
    ("build_info", &[]),
    ("shared_limits", &[]),
    ("plain_bytes", &[]),
];

/// Libraries that only some layers may use.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("axum", &["http", "ops_server", "serve"]),
    ("http", &["http", "ops_server", "serve", "auth", "main"]),
    ("tower_http", &["http"]),
    ("askama", &["http"]),
    ("utoipa", &["http"]),
    ("pulldown_cmark", &["http"]),
    ("flate2", &["http"]),
    ("sqlx", &["store"]),
    ("reqwest", &["odoo", "telemetry"]),
    ("dxr", &["odoo"]),
    ("httparse", &["odoo"]),
    ("tokio_rustls", &["odoo"]),
    ("rustls_platform_verifier", &["odoo"]),
    ("webpki", &["odoo"]),
    ("lopdf", &["shape"]),
    ("chacha20poly1305", &["secret"]),
    ("jsonwebtoken", &["secret"]),
    ("aws_lc_rs", &["auth", "http", "odoo", "secret"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anstream", &["cli", "main"]),
    ("anstyle", &["cli"]),
    ("oauth2", &["auth", "http"]),
    ("chrono", &["cli", "http"]),
];

/// Layers that neither wait nor do I/O nor read a clock.
const PURE: &[&str] = &["language", "plan", "shape", "value", "names", "error_code", "plain_bytes"];

/// What pure layers must not contain.
const IMPURE: &[&str] = &[
    "async fn",
    "async move",
    ".await",
    "tokio::",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "SystemTime",
    "Instant",
];

/// A source file of one layer.
struct Source {
    path: PathBuf,
    layer: String,
    /// Depth in the module tree: 1 for the layer itself.
    depth: usize,
    /// Its code line by line, without comments and string literals.
    lines: Vec<String>,
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { rust_files(&path) } else { vec![path] };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    rust_files(&src)
        .into_iter()
        .filter(|path| *path != src.join("lib.rs"))
        .map(|path| Source::read(&src, path))
        .collect()
}

impl Source {
    fn read(src: &Path, path: PathBuf) -> Self {
        let module = path.strip_prefix(src).unwrap().with_extension("");
        let mut parts: Vec<&str> = module.iter().map(|part| part.to_str().unwrap()).collect();
        parts.retain(|part| *part != "mod");
        let lines = fs::read_to_string(&path).unwrap().lines().map(bare).collect();
        Self { layer: parts[0].to_owned(), depth: parts.len(), lines, path: path.strip_prefix(root()).unwrap().into() }
    }

    /// The layers that its paths start with, with the line number.
    fn used_layers(&self) -> Vec<(usize, String)> {
        // A `use` may span lines, so the search runs over the full text; the offset gives the line.
        let text = self.lines.join("\n");
        let mut used = Vec::new();
        for start in ["crate::", "odoo_gateway::"] {
            for (at, _) in text.match_indices(start).filter(|(at, _)| begins_word(&text, *at)) {
                let line = text[..at].matches('\n').count() + 1;
                used.extend(first_names(&text[at + start.len()..]).into_iter().map(|name| (line, name)));
            }
        }
        used
    }
}

/// A line without its comment and without the contents of string literals.
fn bare(line: &str) -> String {
    let code = if line.trim_start().starts_with("//") { "" } else { line };
    let outside = code.replace("\\\"", "").split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    outside.split(" // ").next().unwrap_or_default().to_owned()
}

fn begins_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':' | '$'))
}

/// The first names of `a::b`, or of each member of `{a::b, c::{d, e}}`.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                names.push(name(group[start..at].trim()));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Fails with the list of violations, unless it is empty.
#[track_caller]
fn assert_none(violations: &[String]) {
    let list = violations.iter().fold(String::new(), |mut list, violation| {
        let _ = write!(list, "\n  {violation}");
        list
    });
    assert!(violations.is_empty(), "{list}");
}

fn may_use(table: &[(&str, &[&str])], name: &str) -> Vec<String> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, layers)| layers.iter().map(|layer| (*layer).to_owned()).collect()).unwrap_or_default()
}

#[test]
fn layers_are_listed_from_top_to_bottom() {
    let order: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    let place =
        |layer: &str| order.iter().position(|known| *known == layer).unwrap_or_else(|| panic!("no layer {layer}"));
    for (layer, used) in LAYERS {
        assert!(used.iter().all(|other| place(other) > place(layer)), "{layer} uses a layer above it");
    }
}

#[test]
fn layers_use_only_the_layers_listed_for_them() {
    let mut violations = Vec::new();
    for source in sources() {
        let (path, layer) = (source.path.display(), &source.layer);
        if !LAYERS.iter().any(|(known, _)| known == layer) {
            violations.push(format!("{path}: the layer {layer} is not in the table"));
        }
        let allowed = may_use(LAYERS, layer);
        for (line, used) in source.used_layers() {
            if used != *layer && !allowed.contains(&used) {
                violations.push(format!("{path}:{line}: {layer} uses {used}, but may use only {}", allowed.join(", ")));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn every_listed_use_exists() {
    let sources = sources();
    for (layer, allowed) in LAYERS {
        let of_layer = sources.iter().filter(|source| source.layer == *layer);
        let used: Vec<String> = of_layer.flat_map(Source::used_layers).map(|(_, used)| used).collect();
        for other in *allowed {
            assert!(used.iter().any(|used| used == other), "{layer} does not use {other}: take it out of the table");
        }
    }
}

#[test]
fn paths_leave_a_layer_only_by_crate() {
    let mut violations = Vec::new();
    for source in sources() {
        let mut depth = source.depth;
        for (number, line) in source.lines.iter().enumerate() {
            // Inline modules are test modules, one level deeper.
            depth += usize::from(line.starts_with("mod ") && line.ends_with('{'));
            let climbed = "super::".repeat(depth);
            if line.contains(&climbed) {
                let path = source.path.display();
                violations.push(format!("{path}:{}: leaves {} by {climbed}, write crate::", number + 1, source.layer));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn libraries_are_used_only_in_their_layers() {
    let mut violations = Vec::new();
    for source in sources() {
        for (library, layers) in LIBRARIES.iter().filter(|(_, layers)| !layers.contains(&source.layer.as_str())) {
            let path = format!("{library}::");
            for (number, line) in source.lines.iter().enumerate() {
                if line.match_indices(&path).any(|(at, _)| begins_word(line, at)) {
                    let (file, layers) = (source.path.display(), layers.join(", "));
                    violations.push(format!("{file}:{}: {library} is for {layers} only", number + 1));
                }
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn pure_layers_do_no_io() {
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.layer.as_str())) {
        for (number, line) in source.lines.iter().enumerate() {
            let contains =
                |word: &&&str| line.match_indices(**word).any(|(at, _)| word.starts_with('.') || begins_word(line, at));
            for word in IMPURE.iter().filter(contains) {
                let path = source.path.display();
                violations.push(format!("{path}:{}: {word} in {}, which is pure", number + 1, source.layer));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn every_file_starts_with_a_header() {
    let folders = ["src", "tests", "benches", "fuzz/src"].map(|folder| root().join(folder));
    let files = folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| rust_files(folder));
    let without = files.filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "));
    assert_none(&without.map(|path| format!("{}: does not begin with `//! `", path.display())).collect::<Vec<_>>());
}

#[test]
fn paths_are_parsed_as_the_compiler_parses_them() {
    for (code, names) in [
        ("use crate::error::Problem;", vec!["error"]),
        ("use odoo_gateway::{app, http::{self, layers}, telemetry};", vec!["app", "http", "telemetry"]),
        ("use crate::{\n    names,\n    value::{Member, Value},\n};", vec!["names", "value"]),
        ("let x = crate::config::Rate { burst };", vec!["config"]),
        ("$crate::x::y(); mycrate::z(); // crate::comment", vec![]),
        ("/// [`x`](crate::serve)", vec![]),
        (r#"target: "odoo_gateway::request", crate::clock::Clock"#, vec!["clock"]),
    ] {
        let lines = code.lines().map(bare).collect();
        let source = Source { path: PathBuf::new(), layer: String::new(), depth: 1, lines };
        let mut used: Vec<_> = source.used_layers().into_iter().map(|(_, name)| name).collect();
        used.sort();
        assert_eq!(used, names, "{code}");
    }
}
