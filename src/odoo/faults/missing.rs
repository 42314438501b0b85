//! The records that a `MissingError` is about.
//!
//! In: its message. Out: model, ids and user. Must not know: the words, which Odoo translates; the shape of the last
//! parenthesis is the same in every language and version:
//!
//! ```text
//! Record does not exist or has been deleted.
//! (Record: res.partner(99, 100), User: 2)
//! ```

/// Which records are missing, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Their model.
    pub model: String,
    /// Their ids.
    pub ids: Vec<i64>,
    /// The user that asked for them.
    pub uid: i64,
}

impl Missing {
    /// Reads the end of the message, or `None` where it has another shape.
    pub(super) fn read(message: &str) -> Option<Self> {
        let tail = message.trim_end().strip_suffix(')')?;
        let (records, user) = tail.rsplit_once("), ")?;
        let (head, ids) = records.rsplit_once('(')?;
        Some(Self {
            model: model_at_end(head)?.to_owned(),
            ids: read_ids(ids)?,
            uid: user.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?,
        })
    }
}

fn model_at_end(head: &str) -> Option<&str> {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let length = head.bytes().rev().take(128).take_while(in_name).count();
    head.get(head.len() - length..).filter(|model| !model.is_empty())
}

fn read_ids(ids: &str) -> Option<Vec<i64>> {
    ids.trim_end_matches(',').split(", ").map(|id| id.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_read_in_any_language() {
        for (message, expected) in [
            ("Record does not exist.\n(Record: res.partner(99,), User: 2)", Some(("res.partner", vec![99], 2))),
            ("x\n(Enregistrement : x_a.b_1(1, 2, 3), Utilisateur : 7)\n", Some(("x_a.b_1", vec![1, 2, 3], 7))),
            ("(记录：sale.order(4,), 用户：5)", Some(("sale.order", vec![4], 5))),
            ("It is gone.", None),
            ("(Record: res.partner(NewId,), User: 2)", None),
            ("(Record: (1,), User: 2)", None),
            ("(Record: res.partner(1,), User: x)", None),
            ("(a, b)", None),
            ("", None),
        ] {
            let read = Missing::read(message).map(|missing| (missing.model, missing.ids, missing.uid));
            assert_eq!(read, expected.map(|(model, ids, uid)| (model.to_owned(), ids, uid)), "{message}");
        }
    }
}
