//! The parameters of the document's address: which models it describes, for which dialect, in which version.
//!
//! In: the query string. Out: [`DocumentQuery`]. Must not know: whether the models exist. A parameter that is not known
//! is rejected: without it, the client would receive another document than it asked for.

use std::str::FromStr as _;

use super::convert::OpenApiVersion;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::ModelName;
use crate::shape::EmptyFormat;

/// The maximum number of models in one document.
const MAX_MODELS: usize = 50;

/// The parameters, as an error message lists them.
const PARAMETERS: &str = "models, dialect, empty, lang, version";

/// What a document describes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::http) struct DocumentQuery {
    /// The models to describe field by field. Empty: the document describes no model in particular.
    pub models: Vec<ModelName>,
    /// The only dialect of the document; `None`: all of them.
    pub dialect: Option<TypedDialect>,
    /// The form of empty values.
    pub empty: EmptyFormat,
    /// The language of labels; `None`: the language of the user.
    pub lang: Option<String>,
    /// The version of the OpenAPI specification.
    pub version: OpenApiVersion,
}

/// A dialect whose operations can be described for each model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum TypedDialect {
    /// `/api/v1`
    ApiV1,
    /// `/restapi/1.0`
    Restapi,
    /// `/api`
    Api,
    /// `/restful/api/v1`
    Restful,
}

impl TypedDialect {
    /// All dialects, in the order of the document.
    pub(in crate::http) const ALL: [Self; 4] = [Self::ApiV1, Self::Restapi, Self::Api, Self::Restful];

    /// The name, which is also the tag of its operations.
    pub(in crate::http) const fn name(self) -> &'static str {
        match self {
            Self::ApiV1 => "api_v1",
            Self::Restapi => "restapi",
            Self::Api => "api",
            Self::Restful => "restful",
        }
    }
}

impl DocumentQuery {
    /// Parses the query string of a request.
    ///
    /// # Errors
    /// 400 with the name of the parameter.
    pub(in crate::http) fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut parsed = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if seen.iter().any(|other| *other == name) {
                let detail = format!("The parameter {name} occurs more than once.");
                return Err(Problem::new(ErrorCode::RepeatedParameter, detail).parameter(name));
            }
            parsed.set(&name, value.trim())?;
            seen.push(name.into_owned());
        }
        let is_for_models = |name: &&String| matches!(name.as_str(), "dialect" | "empty" | "lang");
        match seen.iter().find(is_for_models) {
            Some(name) if parsed.models.is_empty() => {
                let detail = format!("The parameter {name} applies only to a document of models.");
                let hint = "Add the models, for example `models=res.partner,sale.order`.";
                Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter(name.as_str()).hint(hint))
            }
            _ => Ok(parsed),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "models" => self.models = parse_models(value)?,
            "dialect" => {
                let dialect = TypedDialect::ALL.into_iter().find(|dialect| dialect.name() == value);
                let names = TypedDialect::ALL.map(TypedDialect::name).join(", ");
                self.dialect = Some(dialect.ok_or_else(|| invalid("dialect", &format!("one of {names}"), value))?);
            }
            "empty" => {
                self.empty = match value {
                    "false" => EmptyFormat::False,
                    "null" => EmptyFormat::Null,
                    _ => return Err(invalid("empty", "false or null", value)),
                }
            }
            "lang" if value.is_empty() => return Err(invalid("lang", "a language such as fr_FR", value)),
            "lang" => self.lang = Some(value.to_owned()),
            "version" => self.version = OpenApiVersion::from_str(value)?,
            _ => {
                let excerpt: String = name.chars().take(64).collect();
                let detail = format!("The document has no parameter {excerpt}.");
                let hint = format!("The parameters are {PARAMETERS}.");
                return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter(excerpt).hint(hint));
            }
        }
        Ok(())
    }
}

/// Parses names separated by commas. A name that is repeated counts once.
fn parse_models(text: &str) -> Result<Vec<ModelName>, Problem> {
    let mut models = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let model = ModelName::parse(name).map_err(|error| {
            let excerpt: String = name.chars().take(64).collect();
            let detail = format!("models: `{excerpt}` is not the name of a model: {error}.");
            Problem::new(ErrorCode::InvalidParameter, detail).parameter("models")
        })?;
        if !models.contains(&model) {
            models.push(model);
        }
        if models.len() > MAX_MODELS {
            let detail = format!("models: expected at most {MAX_MODELS} models.");
            let hint = "Ask for several documents with fewer models each.";
            return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("models").hint(hint));
        }
    }
    if models.is_empty() {
        return Err(invalid("models", "names of models such as res.partner,sale.order", text));
    }
    Ok(models)
}

fn invalid(parameter: &'static str, expected: &str, found: &str) -> Problem {
    let excerpt: String = found.chars().take(64).collect();
    let detail = format!("{parameter}: expected {expected}, found `{excerpt}`.");
    Problem::new(ErrorCode::InvalidParameter, detail).parameter(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(query: &str) -> (ErrorCode, String) {
        let problem = DocumentQuery::parse(Some(query)).unwrap_err();
        (problem.code, problem.parameter.unwrap().to_string())
    }

    #[test]
    fn every_parameter_is_parsed() {
        let query = "models=res.partner,%20sale.order,res.partner&dialect=api&empty=null&lang=fr_FR&version=3.0";
        let parsed = DocumentQuery::parse(Some(query)).unwrap();
        assert_eq!(parsed.models.iter().map(ModelName::as_str).collect::<Vec<_>>(), ["res.partner", "sale.order"]);
        assert_eq!((parsed.dialect, parsed.empty), (Some(TypedDialect::Api), EmptyFormat::Null));
        assert_eq!((parsed.lang.as_deref(), parsed.version), (Some("fr_FR"), OpenApiVersion::V3_0));
        assert_eq!(DocumentQuery::parse(None).unwrap(), DocumentQuery::default());
    }

    #[test]
    fn what_would_be_ignored_is_rejected() {
        for (query, parameter) in [
            ("model=res.partner", "model"),
            ("empty=null", "empty"),
            ("models=", "models"),
            ("models=Res.Partner", "models"),
            ("models=a.b&empty=none", "empty"),
            ("models=a.b&dialect=v1", "dialect"),
            ("version=3.2", "version"),
        ] {
            assert_eq!(error(query), (ErrorCode::InvalidParameter, parameter.to_owned()), "{query}");
        }
        assert_eq!(error("models=a.b&models=a.c"), (ErrorCode::RepeatedParameter, "models".to_owned()));
    }

    #[test]
    fn a_document_has_at_most_fifty_models() {
        let query = |count: usize| {
            let names: Vec<String> = (0..count).map(|number| format!("x.m{number}")).collect();
            DocumentQuery::parse(Some(&format!("models={}", names.join(","))))
        };
        assert_eq!(query(50).unwrap().models.len(), 50);
        assert!(query(51).unwrap_err().detail.contains("at most 50"));
    }
}
