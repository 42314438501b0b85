//! Parameters that may be said several times: the filters of family C.
//!
//! In: an [`Input`] that was read with [`Input::read_several`]. Out: all that each parameter says. Must not know: fields.

use super::{Input, Said, given_twice, text_of};
use crate::error::Problem;
use crate::value::Value;

impl Input {
    /// Asks that each of these is said once.
    ///
    /// # Errors
    /// 400 naming the one that is said twice.
    pub(in crate::http) fn once(&self, names: &[&str]) -> Result<(), Problem> {
        match names.iter().find(|name| self.again.contains_key(**name)) {
            Some(name) => Err(given_twice(name)),
            None => Ok(()),
        }
    }

    /// Asks that every parameter is said once.
    ///
    /// # Errors
    /// 400 naming the one that is said twice.
    pub(in crate::http) fn all_once(&self) -> Result<(), Problem> {
        match self.again.keys().next() {
            Some(name) => Err(given_twice(name)),
            None => Ok(()),
        }
    }

    /// Every parameter but these, in their order, with all that it says. A body wins over the query.
    ///
    /// # Errors
    /// 400 for a file that holds no text.
    pub(in crate::http) fn others(&self, known: &[&str]) -> Result<Vec<(String, Vec<Value<'static>>)>, Problem> {
        let in_query = self.query.0.iter().filter(|(name, _)| self.body.get(name).is_none());
        let is_other = |(name, _): &(&String, &Said)| !known.contains(&name.as_str());
        let several = |(name, said): (&String, &Said)| {
            let first = value_of(name, said)?;
            let again = self.again.get(name).filter(|_| self.body.get(name).is_none());
            let again = again.into_iter().flatten().map(|text| Value::from(text.clone()));
            Ok((name.clone(), std::iter::once(first).chain(again).collect()))
        };
        self.mark_all();
        in_query.chain(self.body.0.iter()).filter(is_other).map(several).collect()
    }
}

fn value_of(name: &str, said: &Said) -> Result<Value<'static>, Problem> {
    match said {
        Said::Tree(tree) => Ok(tree.clone()),
        Said::Text(text, _) => Ok(Value::from(text.clone())),
        Said::File(content) => text_of(name, content).map(|text| Value::from(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    async fn several(query: &str, body: &'static str) -> Input {
        Input::read_several(Some(query), &HeaderMap::new(), Bytes::from_static(body.as_bytes())).await.unwrap()
    }

    #[tokio::test]
    async fn a_parameter_says_all_that_stands_behind_its_name() {
        let input = several("state=draft&limit=5&state=sent&state=&name=x&name=y", r#"{"name": 7}"#).await;
        let others = input.others(&["limit"]).unwrap();
        let texts = |texts: &[&'static str]| texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
        assert_eq!(
            others,
            [("state".to_owned(), texts(&["draft", "sent", ""])), ("name".to_owned(), vec![Value::Int(7)])]
        );
        assert!(input.once(&["limit", "offset"]).is_ok());
        let twice = input.once(&["limit", "state"]).unwrap_err();
        assert_eq!(twice.detail, "The parameter state is given twice.");
    }
}
