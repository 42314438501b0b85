//! Arguments of methods, as a request has them.
//!
//! In: an [`Input`]. Out: positional and named arguments. Must not know: methods.

use super::{Input, Said, text_of};
use crate::error::Problem;
use crate::error_code::Code;
use crate::value::{Member, Value};

impl Input {
    /// The positional arguments in the parameter `args`.
    ///
    /// # Errors
    /// 400 for what is no list.
    pub(in crate::http) fn args(&self) -> Result<Vec<Value<'static>>, Problem> {
        match self.tree("args")? {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::List(args)) => Ok(args),
            Some(other) => Err(unfit("args", "a list of positional arguments", &other)),
        }
    }

    /// The named arguments in the parameter `kwargs`.
    ///
    /// # Errors
    /// 400 for what is no object.
    pub(in crate::http) fn kwargs(&self) -> Result<Vec<Member<'static>>, Problem> {
        match self.tree("kwargs")? {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Map(kwargs)) => Ok(kwargs),
            Some(other) => Err(unfit("kwargs", "an object of named arguments", &other)),
        }
    }

    /// The whole body as named arguments; a form's are texts.
    ///
    /// # Errors
    /// 400 for a file that holds no text.
    pub(in crate::http) fn keywords(&self) -> Result<Vec<Member<'static>>, Problem> {
        let keyword = |(name, said): (&String, &Said)| {
            let value = match said {
                Said::Tree(tree) => tree.clone(),
                Said::Text(text, _) => Value::from(text.clone()),
                Said::File(content) => Value::from(text_of(name, content)?.to_owned()),
            };
            Ok((name.clone().into(), value))
        };
        self.mark_body();
        self.body.0.iter().map(keyword).collect()
    }

    /// Whether the body has something, and nothing of another name than these.
    pub(in crate::http) fn body_has_only(&self, names: &[&str]) -> bool {
        !self.body.0.is_empty() && self.body.0.keys().all(|name| names.contains(&name.as_str()))
    }
}

fn unfit(parameter: &str, expected: &str, found: &Value<'_>) -> Problem {
    let detail = format!("{parameter}: expected {expected}, found {} {}", found.kind(), found.excerpt(60));
    Problem::new(Code::InvalidParameter, detail).parameter(parameter)
}
