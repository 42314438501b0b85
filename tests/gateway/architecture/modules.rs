//! The modules of the crate, each with the paths that its code mentions.
//!
//! In: the files below `src`. Out: [`Module`]s, whose paths are absolute and lead to the module that declares an item,
//! not to one that re-exports it. Test modules are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, File, Ident, Item, ItemMod, ItemUse, UseTree, Visibility};

/// The names on the way from the crate's root to a module.
pub(super) type ModulePath = Vec<String>;

/// One file of the crate, parsed.
pub(super) struct Module {
    /// Relative to the repository.
    pub(super) file: PathBuf,
    /// The syntax tree without test modules.
    pub(super) syntax: File,
}

/// All modules of the crate.
pub(super) struct Modules {
    by_path: BTreeMap<ModulePath, Module>,
}

impl Modules {
    /// Parses every file below `src`.
    pub(super) fn parse(root: &Path) -> Self {
        let src = root.join("src");
        let files = super::rust_files(&src).into_iter().filter(|file| *file != src.join("main.rs"));
        let by_path = files.map(|file| {
            let names = file.strip_prefix(&src).unwrap().with_extension("");
            let path =
                names.iter().map(|name| name.to_str().unwrap().to_owned()).filter(|name| name != "lib").collect();
            let mut syntax = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            syntax.items.retain(|item| !is_test_module(item));
            (path, Module { file: file.strip_prefix(root).unwrap().to_owned(), syntax })
        });
        let by_path: BTreeMap<ModulePath, Module> = by_path.collect();
        let is_test = |path: &ModulePath| path.iter().any(|name| name == "tests" || name.ends_with("_tests"));
        Self { by_path: by_path.into_iter().filter(|(path, _)| !is_test(path)).collect() }
    }

    /// Each module with its path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ModulePath, &Module)> {
        self.by_path.iter()
    }

    /// For each module, the modules that declare what it uses, itself excepted.
    pub(super) fn edges(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let uses: BTreeMap<_, _> =
            self.by_path.iter().map(|(path, module)| (path.clone(), self.uses(path, module))).collect();
        let exports: BTreeMap<_, _> = uses.iter().map(|(path, (_, exports))| (path.clone(), exports.clone())).collect();
        let declaring = |used: &ModulePath| self.declaring(used, &exports, 0);
        uses.into_iter()
            .map(|(path, (used, _))| {
                let targets = used.iter().map(declaring).filter(|target| *target != path).collect();
                (path, targets)
            })
            .collect()
    }

    /// The absolute paths that a module mentions, and the names that it exports for others.
    fn uses(&self, path: &ModulePath, module: &Module) -> (Vec<ModulePath>, BTreeMap<String, ModulePath>) {
        let mut mentioned = Mentioned::default();
        mentioned.visit_file(&module.syntax);
        let mut used = Vec::new();
        let mut exports = BTreeMap::new();
        for (words, is_exported) in mentioned.0 {
            if let Some(absolute) = self.absolute(path, &words) {
                if let (true, Some(name)) = (is_exported, words.last()) {
                    exports.insert(name.clone(), absolute.clone());
                }
                used.push(absolute);
            }
        }
        (used, exports)
    }

    /// A path as seen from the root, if it is one of this crate.
    fn absolute(&self, from: &ModulePath, words: &[String]) -> Option<ModulePath> {
        let ups = words.iter().take_while(|word| *word == "super").count();
        let is_child = || {
            let child: ModulePath = from.iter().chain(words.first()).cloned().collect();
            self.by_path.contains_key(&child)
        };
        match words.first()?.as_str() {
            "crate" => Some(words[1..].to_vec()),
            "self" => Some([from, &words[1..]].concat()),
            "super" => Some([&from[..from.len().checked_sub(ups)?], &words[ups..]].concat()),
            _ if is_child() => Some([from, words].concat()),
            _ => None,
        }
    }

    /// The module that declares an item, through any number of re-exports.
    fn declaring(
        &self,
        used: &ModulePath,
        exports: &BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
        depth: u8,
    ) -> ModulePath {
        let longest = (0..=used.len()).rev().find(|length| self.by_path.contains_key(&used[..*length])).unwrap_or(0);
        let (module, rest) = used.split_at(longest);
        let exported = rest.first().and_then(|name| exports.get(module)?.get(name));
        match exported {
            Some(original) if depth < 8 && original != used => {
                self.declaring(&[original, &rest[1..]].concat(), exports, depth + 1)
            }
            _ => module.to_vec(),
        }
    }
}

fn is_test_module(item: &Item) -> bool {
    matches!(item, Item::Mod(ItemMod { attrs, .. }) if attrs.iter().any(is_cfg_test))
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<Ident>().is_ok_and(|condition| condition == "test")
}

/// The paths of a file in the order of the text; with each, whether it is re-exported.
#[derive(Default)]
struct Mentioned(Vec<(Vec<String>, bool)>);

impl Mentioned {
    fn tree(&mut self, tree: &UseTree, before: &[String], is_exported: bool) {
        let with = |name: &Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident), is_exported),
            UseTree::Name(name) if name.ident == "self" => self.0.push((before.to_vec(), is_exported)),
            UseTree::Name(name) => self.0.push((with(&name.ident), is_exported)),
            UseTree::Rename(rename) => self.0.push((with(&rename.ident), is_exported)),
            UseTree::Glob(_) => self.0.push((before.to_vec(), false)),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before, is_exported)),
        }
    }
}

impl Visit<'_> for Mentioned {
    fn visit_item_use(&mut self, item: &ItemUse) {
        self.tree(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if words.len() > 1 {
            self.0.push((words, false));
        }
        visit::visit_path(self, path);
    }

    /// `pub(in path)` names a module without using anything of it.
    fn visit_visibility(&mut self, _: &Visibility) {}
}
