//! No circles: the modules of a folder have an order, so that each can be read with only those below it in mind.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_none;
use super::modules::{ModulePath, Modules};

type Graph = BTreeMap<ModulePath, BTreeSet<ModulePath>>;

/// Modules that a parent contains, each standing for all modules in it, and which of them uses which.
fn siblings(edges: &Graph, parent: &[String]) -> Graph {
    let child = |module: &ModulePath| {
        module.starts_with(parent).then(|| module.get(..=parent.len()).map(<[_]>::to_vec)).flatten()
    };
    let mut graph = Graph::new();
    for (module, used) in edges {
        let Some(from) = child(module) else { continue };
        let targets = used.iter().filter_map(child).filter(|to| *to != from);
        graph.entry(from.clone()).or_default().extend(targets);
    }
    graph
}

/// A way from a module back to itself.
fn circle(graph: &Graph) -> Option<Vec<ModulePath>> {
    fn walk(graph: &Graph, at: &ModulePath, way: &mut Vec<ModulePath>, done: &mut BTreeSet<ModulePath>) -> bool {
        if let Some(start) = way.iter().position(|module| module == at) {
            way.drain(..start);
            return true;
        }
        if done.contains(at) {
            return false;
        }
        way.push(at.clone());
        if graph.get(at).into_iter().flatten().any(|next| walk(graph, next, way, done)) {
            return true;
        }
        way.pop();
        done.insert(at.clone());
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| {
        let mut way = Vec::new();
        walk(graph, start, &mut way, &mut done).then_some(way)
    })
}

#[test]
fn modules_of_one_folder_form_no_circle() {
    let edges = Modules::parse(super::root()).edges();
    let parents: BTreeSet<&[String]> =
        edges.keys().filter_map(|module| module.split_last()).map(|(_, parent)| parent).collect();
    let circles = parents.into_iter().filter_map(|parent| circle(&siblings(&edges, parent)));
    let written = circles.map(|way| way.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" -> "));
    assert_none(&written.collect::<Vec<_>>());
}

#[test]
fn dialects_do_not_use_one_another() {
    let edges = Modules::parse(super::root()).edges();
    let is_dialect =
        |module: &ModulePath| module.starts_with(&["http".to_owned(), "dialects".to_owned()]) && module.len() > 2;
    let mut violations = Vec::new();
    for (module, used) in edges.iter().filter(|(module, _)| is_dialect(module)) {
        let others = used.iter().filter(|other| is_dialect(other) && other[2] != module[2]);
        violations.extend(others.map(|other| format!("{} uses {}", module.join("::"), other.join("::"))));
    }
    assert_none(&violations);
}

#[test]
fn a_circle_is_found() {
    let name = |text: &str| vec![text.to_owned()];
    let edge = |from, to: &[&str]| (name(from), to.iter().map(|to| name(to)).collect());
    let straight = Graph::from([edge("a", &["b", "c"]), edge("b", &["c"]), edge("c", &[])]);
    assert_eq!(circle(&straight), None);
    let round = Graph::from([edge("a", &["b"]), edge("b", &["c"]), edge("c", &["b"])]);
    assert_eq!(circle(&round), Some(vec![name("b"), name("c")]));
}
