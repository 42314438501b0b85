//! What is wrong with a configuration: all of it, each mistake with its key and where it was written.
//!
//! In: keys as `odoo[0].url` and sentences. Out: a list for people. Must not know: values of secrets.

use std::collections::BTreeMap;
use std::fmt;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as `server.listen` or `odoo[0].url`; a file's name where the file itself is at fault.
    pub key: String,
    /// Where it was written, as `gateway.toml line 4` or `ODOO_URL`. None: nobody wrote it, the default stands.
    pub origin: Option<String>,
    /// What is wrong and what was expected.
    pub said: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(out, "{} ({origin}): {}", self.key, self.said),
            None => write!(out, "{}: {}", self.key, self.said),
        }
    }
}

/// All that is wrong, in the order it was found. As an error it lists one mistake a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    found: Vec<Mistake>,
    origins: BTreeMap<String, String>,
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.found.len() == 1 { "mistake" } else { "mistakes" };
        write!(out, "The configuration has {} {noun}:", self.found.len())?;
        self.found.iter().try_for_each(|mistake| write!(out, "\n  {mistake}"))
    }
}

impl Mistakes {
    /// The mistakes in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.found.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Remembers where a key was written; the last layer that wrote it counts.
    pub(super) fn written(&mut self, key: &str, origin: &str) {
        self.origins.insert(key.to_owned(), origin.to_owned());
    }

    pub(super) fn add(&mut self, key: &str, said: impl fmt::Display) {
        let list = key.strip_suffix(']').and_then(|open| open.rsplit_once('[')).map_or(key, |(list, _)| list);
        let origin = self.origins.get(key).or_else(|| self.origins.get(list)).cloned();
        self.found.push(Mistake { key: key.to_owned(), origin, said: said.to_string() });
    }

    /// Adds the last mistake and ends the collection.
    pub(super) fn take_with(&mut self, key: &str, said: impl fmt::Display) -> Self {
        self.add(key, said);
        std::mem::take(self)
    }
}
