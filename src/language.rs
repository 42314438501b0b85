//! Parsers for what clients write: literals, domains, orders, selections, lists of names and ids, booleans, integers.
//! Text in, trees out.
//!
//! In: decoded text, or a tree that was parsed before. Out: a tree, or an error that says what was expected, what was
//! found and where. Must not know: models and their fields, the version of the server, HTTP. No async, no I/O, no
//! clock. Nothing is ever evaluated; every parser is linear in its text.
//!
//! | module        | parses                                            | into                       |
//! |---------------|---------------------------------------------------|----------------------------|
//! | [`literal`]   | JSON, otherwise a Python literal                  | [`Value`](crate::value::Value) |
//! | [`domain`]    | `[["name", "=", "x"]]`, prefix operators          | [`domain::Domain`]         |
//! | [`order`]     | `name desc nulls last, id`                        | [`order::Order`]           |
//! | [`selection`] | `{id, partner_id{name}}`; `['id', ('partner_id', ('name',))]` | [`selection::Selection`] |
//! | [`lists`]     | `name,email`, `["name"]`; `12,17`, `(12, 17)`     | names, record ids          |
//! | [`bool_and_int`] | `True`, `0`, `25`                                 | booleans, integers         |
//!
//! An error in a text is a [`SyntaxError`] with a position; an error in a tree is a [`TreeError`] with a path, which
//! becomes a `SyntaxError` if the text of the tree is available.

pub mod bool_and_int;
pub mod domain;
pub mod lists;
pub mod literal;
pub mod order;
pub mod selection;
mod split;
mod syntax_error;
mod tree_error;

pub use split::MAX_NAMES;
pub use syntax_error::SyntaxError;
pub use tree_error::TreeError;
