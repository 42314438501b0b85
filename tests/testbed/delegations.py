#!/usr/bin/env python3
"""Prints the models that delegate (_inherits) to others, and those that render templates, from Odoo's sources.

In:   folders with add-ons of Odoo, such as .../dist-packages/odoo
Out:  stdout: the pairs for src/plan/scope/delegation_table.rs, and the models that inherit mail.render.mixin for
      administrative.rs
"""

import ast
import collections
import pathlib
import sys


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def statements(definition):
    """The model attributes of a class by name; fields with delegate=True count as _inherits."""
    attributes = {}
    for statement in definition.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name = statement.targets[0].id
        if name in ("_name", "_inherit", "_inherits"):
            attributes[name] = literal(statement.value)
        elif isinstance(statement.value, ast.Call):
            keywords = {keyword.arg: literal(keyword.value) for keyword in statement.value.keywords}
            if keywords.get("delegate"):
                comodel = keywords.get("comodel_name") or literal(statement.value.args[0])
                attributes["_inherits"] = {**(attributes.get("_inherits") or {}), comodel: name}
    return attributes


def scan(folders):
    inherited, delegated = collections.defaultdict(set), collections.defaultdict(set)
    for path in (path for folder in folders for path in pathlib.Path(folder).rglob("*.py")):
        if "tests" in path.parts or any(part.startswith("test_") for part in path.parts):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError:
            continue
        for definition in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            attributes = statements(definition)
            parents = attributes.get("_inherit") or []
            parents = [parents] if isinstance(parents, str) else list(parents)
            name = attributes.get("_name") or next(iter(parents), None)
            if isinstance(name, str):
                inherited[name].update(parent for parent in parents if parent != name)
                delegated[name].update(attributes.get("_inherits") or {})
    return inherited, delegated


def ancestors(inherited, name, seen):
    for parent in inherited.get(name, ()):
        if parent not in seen:
            seen.add(parent)
            ancestors(inherited, parent, seen)
    return seen


def main(folders):
    inherited, delegated = scan(folders)
    above = {name: ancestors(inherited, name, set()) for name in list(inherited)}
    pairs = {(name, to) for name in above for model in (name, *above[name]) for to in delegated.get(model, ())}
    for name, to in sorted(pairs):
        print(f'    ("{name}", "{to}"),')
    for name in sorted(name for name in above if "mail.render.mixin" in above[name]):
        print(f'    "{name}",')


if __name__ == "__main__":
    main(sys.argv[1:])
