//! Parameters that a query may repeat: the filters of the `restful` dialect.
//!
//! In: parameters that were parsed with [`RequestParams::parse_repeated`]. Out: all values of each parameter. Must
//! not know: fields.

use super::{ParamValue, RequestParams, file_text, repeated_parameter};
use crate::error::Problem;
use crate::value::Value;

impl RequestParams {
    /// Requires that none of these parameters is repeated.
    ///
    /// # Errors
    /// 400 with the name of the repeated parameter.
    pub(in crate::http) fn require_single(&self, names: &[&str]) -> Result<(), Problem> {
        match names.iter().find(|name| self.repeated.contains_key(**name)) {
            Some(name) => Err(repeated_parameter(name)),
            None => Ok(()),
        }
    }

    /// Requires that no parameter is repeated.
    ///
    /// # Errors
    /// 400 with the name of the repeated parameter.
    pub(in crate::http) fn require_all_single(&self) -> Result<(), Problem> {
        match self.repeated.keys().next() {
            Some(name) => Err(repeated_parameter(name)),
            None => Ok(()),
        }
    }

    /// Every parameter except these, in the order of the request, with all its values. A parameter in the body takes
    /// precedence over one in the query.
    ///
    /// # Errors
    /// 400 for a file that is not UTF-8, 500 if a value was taken before.
    pub(in crate::http) fn remaining(&self, known: &[&str]) -> Result<Vec<(String, Vec<Value<'static>>)>, Problem> {
        let in_query = self.query.0.iter().filter(|(name, _)| self.body.get(name).is_none());
        let is_other = |(name, _): &(&String, &ParamValue)| !known.contains(&name.as_str());
        let all_values = |(name, value): (&String, &ParamValue)| {
            let first = to_value(name, value)?;
            let repeated = self.repeated.get(name).filter(|_| self.body.get(name).is_none());
            let repeated = repeated.into_iter().flatten().map(|text| Value::from(text.clone()));
            Ok((name.clone(), std::iter::once(first).chain(repeated).collect()))
        };
        self.mark_all_read();
        in_query.chain(self.body.0.iter()).filter(is_other).map(all_values).collect()
    }
}

fn to_value(name: &str, value: &ParamValue) -> Result<Value<'static>, Problem> {
    match value {
        ParamValue::Tree(member) => member.take(),
        ParamValue::Text(text, _) => Ok(Value::from(text.clone())),
        ParamValue::File(content) => file_text(name, content).map(|text| Value::from(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    async fn parse(query: &str, body: &'static str) -> RequestParams {
        let (head, ()) = Request::builder().uri(format!("/?{query}")).body(()).unwrap().into_parts();
        RequestParams::parse_repeated(&head, Bytes::from_static(body.as_bytes())).await.unwrap()
    }

    #[tokio::test]
    async fn a_repeated_parameter_has_all_its_values() {
        let params = parse("state=draft&limit=5&state=sent&state=&name=x&name=y", r#"{"name": 7}"#).await;
        let remaining = params.remaining(&["limit"]).unwrap();
        let texts = |texts: &[&'static str]| texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
        assert_eq!(
            remaining,
            [("state".to_owned(), texts(&["draft", "sent", ""])), ("name".to_owned(), vec![Value::Int(7)])]
        );
        assert!(params.require_single(&["limit", "offset"]).is_ok());
        let repeated = params.require_single(&["limit", "state"]).unwrap_err();
        assert_eq!(repeated.detail, "The parameter state is sent more than once.");
    }
}
