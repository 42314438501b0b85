//! Visits the parts of a document, and collects what a version cannot express.
//!
//! In: JSON objects. Out: a JSON pointer for each member that no rule maps. Must not know: the rules.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The place that is visited, and the places that have no equivalent.
#[derive(Debug, Default)]
pub(super) struct Walk {
    path: Vec<String>,
    unmapped: Vec<String>,
}

impl Walk {
    /// Visits a member, if it exists.
    pub(super) fn member(&mut self, object: &mut Object, name: &str, visit: impl FnOnce(&mut Value, &mut Self)) {
        if let Some(value) = object.get_mut(name) {
            self.inside(name, |walk| visit(value, walk));
        }
    }

    /// Visits each member of an object, or each item of an array, below the member `name`.
    pub(super) fn members(&mut self, object: &mut Object, name: &str, mut visit: impl FnMut(&mut Value, &mut Self)) {
        self.member(object, name, |value, walk| match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    walk.inside(name, |walk| visit(member, walk));
                }
            }
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    walk.inside(&position.to_string(), |walk| visit(item, walk));
                }
            }
            _ => {}
        });
    }

    /// Calls `visit` for a place below the present one.
    pub(super) fn inside<T>(&mut self, name: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.replace('~', "~0").replace('/', "~1"));
        let result = visit(self);
        self.path.pop();
        result
    }

    /// Removes the members that the version does not define. Extensions stay.
    pub(super) fn keep_only(&mut self, object: &mut Object, known: &[&str]) {
        object.retain(|name, _| {
            let is_known = known.contains(&name.as_str()) || name.starts_with("x-");
            if !is_known {
                self.report(name);
            }
            is_known
        });
    }

    /// Records that a member of the visited object has no equivalent.
    pub(super) fn report(&mut self, name: &str) {
        self.inside(name, |walk| walk.unmapped.push(format!("/{}", walk.path.join("/"))));
    }

    /// What has no equivalent, as JSON pointers.
    pub(super) fn into_unmapped(self) -> Vec<String> {
        self.unmapped
    }
}

/// Removes all members of a reference except for the reference itself. Returns whether `object` is a reference.
pub(super) fn reduce_to_reference(object: &mut Object) -> bool {
    let is_reference = object.contains_key("$ref");
    if is_reference {
        object.retain(|name, _| name == "$ref");
    }
    is_reference
}

/// Gives a member another name, at the end of the object.
pub(super) fn rename(object: &mut Object, from: &str, to: &str) {
    if let Some(value) = object.shift_remove(from) {
        object.insert(to.to_owned(), value);
    }
}
