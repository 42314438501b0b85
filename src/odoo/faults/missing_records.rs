//! The records that a `MissingError` names.
//!
//! In: the message. Out: model, ids, and user. Must not know: the wording, which Odoo translates; the shape of the last
//! parenthesis is the same in every language and version:
//!
//! ```text
//! Record does not exist or has been deleted.
//! (Record: res.partner(99, 100), User: 2)
//! ```

/// Which records are missing, and for which user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRecords {
    /// The model of the records.
    pub model: String,
    /// The ids of the records.
    pub ids: Vec<i64>,
    /// The user who requested them.
    pub uid: i64,
}

impl MissingRecords {
    /// Parses the end of the message; `None` if it has another shape.
    pub(super) fn parse(message: &str) -> Option<Self> {
        let tail = message.trim_end().strip_suffix(')')?;
        let (records, user) = tail.rsplit_once("), ")?;
        let (head, ids) = records.rsplit_once('(')?;
        Some(Self {
            model: model_at_end(head)?.to_owned(),
            ids: parse_ids(ids)?,
            uid: user.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?,
        })
    }
}

fn model_at_end(head: &str) -> Option<&str> {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let length = head.bytes().rev().take(128).take_while(in_name).count();
    head.get(head.len() - length..).filter(|model| !model.is_empty())
}

fn parse_ids(ids: &str) -> Option<Vec<i64>> {
    ids.trim_end_matches(',').split(", ").map(|id| id.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_records_are_parsed_in_any_language() {
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
            let parsed = MissingRecords::parse(message).map(|missing| (missing.model, missing.ids, missing.uid));
            assert_eq!(parsed, expected.map(|(model, ids, uid)| (model.to_owned(), ids, uid)), "{message}");
        }
    }
}
