//! What clients write: literals, domains, orders, selections, lists of names and ids, words. Text in, trees out.
//!
//! In: one decoded text, or a tree that was read before. Out: a tree, or an error that says what was expected,
//! what was found and where. Must not know: models and their fields, versions of the server that is
//! asked, HTTP. No async, no I/O, no clock. Nothing is ever evaluated; every reader is linear in its text.
//!
//! | room        | reads                                             | into                       |
//! |-------------|---------------------------------------------------|----------------------------|
//! | [`literal`] | JSON, or else a Python literal                    | [`Value`](crate::value::Value) |
//! | [`domain`]  | `[["name", "=", "x"]]`, prefix operators          | [`domain::Domain`]         |
//! | [`order`]   | `name desc nulls last, id`                        | [`order::Order`]           |
//! | [`selection`] | `{id, partner_id{name}}`; `['id', ('partner_id', ('name',))]` | [`selection::Selection`] |
//! | [`lists`]   | `name,email`, `["name"]`; `12,17`, `(12, 17)`     | names, record ids          |
//! | [`words`]   | `True`, `0`, `25`                                 | booleans, integers         |
//! | [`error`]   | -                                                 | a place in a text, or in a tree |
//!
//! A mistake in the letters of a text is a [`SyntaxError`]; a mistake in what a tree says is a [`TreeError`], which
//! becomes a `SyntaxError` when the text the tree was read from is at hand.

pub mod domain;
pub mod error;
pub mod lists;
pub mod literal;
pub mod order;
pub mod scalars;
pub mod selection;
mod split;

pub use error::{SyntaxError, TreeError};
