//! Content negotiation (RFC 9110 section 12.5.1) and preferences (RFC 7240).
//!
//! In: the `Accept` and `Prefer` headers. Out: one of the offered media types, or 406; the preferences that the
//! gateway supports. Must not know: what a response contains.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The media types of buffered responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Media {
    /// `application/json`
    Json,
    /// `application/xml`
    Xml,
    /// `application/pdf`
    Pdf,
    /// `text/html`
    Html,
    /// `text/plain`
    Text,
}

impl Media {
    /// The name, as in `Content-Type`.
    #[must_use]
    pub(in crate::http) fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Pdf => "application/pdf",
            Self::Html => "text/html",
            Self::Text => "text/plain",
        }
    }
}

/// The media types of exports, which are written record by record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum RowFormat {
    /// `text/csv`
    Csv,
    /// `application/x-ndjson`
    Ndjson,
}

/// Other names of `application/x-ndjson` in `Accept`. None of them is registered with IANA.
const NDJSON_ALIASES: [&str; 6] = [
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
];

impl RowFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The value of `Content-Type`. Without a charset, clients may assume US-ASCII for text.
    #[must_use]
    pub(in crate::http) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => self.name(),
        }
    }
}

/// The format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum ResponseFormat {
    /// In one piece, in the dialect's envelope.
    Buffered(Media),
    /// Record by record, without an envelope.
    Streamed(RowFormat),
}

impl ResponseFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Buffered(media) => media.name(),
            Self::Streamed(rows) => rows.name(),
        }
    }

    /// Other names of the same format.
    fn aliases(self) -> &'static [&'static str] {
        if self == Self::Streamed(RowFormat::Ndjson) { &NDJSON_ALIASES } else { &[] }
    }
}

/// Chooses one of the media types that a dialect offers.
///
/// # Errors
/// 406 with the offered types.
pub(in crate::http) fn choose(headers: &HeaderMap, offer: &[Media]) -> Result<Media, Problem> {
    choose_best(headers, offer.iter().copied(), Media::name, |_| &[])
}

/// Chooses one of the media types that a dialect offers, or one of the export formats, which every list has.
///
/// # Errors
/// 406 with the offered types.
pub(in crate::http) fn choose_list_format(headers: &HeaderMap, offer: &[Media]) -> Result<ResponseFormat, Problem> {
    let buffered = offer.iter().copied().map(ResponseFormat::Buffered);
    let streamed = [RowFormat::Csv, RowFormat::Ndjson].map(ResponseFormat::Streamed);
    choose_best(headers, buffered.chain(streamed), ResponseFormat::name, ResponseFormat::aliases)
}

/// The highest quality wins; of equal qualities, the first in the offer.
fn choose_best<T: Copy>(
    headers: &HeaderMap,
    offer: impl Iterator<Item = T> + Clone,
    name: impl Fn(T) -> &'static str,
    aliases: impl Fn(T) -> &'static [&'static str],
) -> Result<T, Problem> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return offer.clone().next().ok_or_else(|| Problem::internal("the route offers no media type"));
    }
    let mut best = None;
    for media in offer.clone() {
        let is_alias = |range: &&QualityRange<'_>| aliases(media).iter().any(|alias| range.specificity(alias) == 3);
        let by_alias = ranges.iter().filter(is_alias).map(|range| range.quality).max();
        let quality = quality_of(name(media), &ranges).max(by_alias.unwrap_or(0));
        if quality > 0 && best.is_none_or(|(_, most)| quality > most) {
            best = Some((media, quality));
        }
    }
    best.map(|(media, _)| media).ok_or_else(|| {
        let names: Vec<_> = offer.map(name).collect();
        Problem::new(
            ErrorCode::NotAcceptable,
            format!("None of the accepted media types is available. Available: {}.", names.join(", ")),
        )
        .parameter("Accept")
    })
}

/// Whether the client requests CSV with a byte order mark: `text/csv; bom=1`.
pub(in crate::http) fn wants_bom(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_csv = |range: &str| QualityRange::parse(range).is_some_and(|range| range.specificity("text/csv") == 3);
    let has_bom = |range: &str| {
        let mut parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        parameters.any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("bom") && matches!(value.trim().trim_matches('"'), "1" | "true")
        })
    };
    values.flat_map(|text| text.split(',')).any(|range| is_csv(range) && has_bom(range))
}

/// Whether the client accepts the type `named` by name, with a higher quality than the type `other`.
pub(in crate::http) fn prefers(headers: &HeaderMap, named: &str, other: &str) -> bool {
    let by_name = |name: &str| {
        ranges(headers).iter().filter(|range| range.specificity(name) == 3).map(|range| range.quality).max()
    };
    by_name(named) > Some(by_name(other).unwrap_or_default())
}

fn ranges(headers: &HeaderMap) -> Vec<QualityRange<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).filter_map(QualityRange::parse).collect()
}

/// A media range with its quality in thousandths.
struct QualityRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> QualityRange<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(Some(1000), |(_, value)| parse_quality(value.trim()))?;
        Some(Self { kind, subtype, quality })
    }

    /// How specifically the range matches the type: 0 not at all, 1 `*/*`, 2 `type/*`, 3 by name.
    fn specificity(&self, name: &str) -> u8 {
        let Some((kind, subtype)) = name.split_once('/') else { return 0 };
        match (self.kind, self.subtype) {
            ("*", "*") => 1,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 2,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 3,
            _ => 0,
        }
    }
}

fn parse_quality(text: &str) -> Option<u16> {
    let quality: f64 = text.parse().ok()?;
    if !(0.0..=1.0).contains(&quality) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=1000")]
    Some((quality * 1000.0).round() as u16)
}

/// The most specific matching range decides, not the one with the highest quality.
fn quality_of(name: &str, ranges: &[QualityRange<'_>]) -> u16 {
    let matching =
        ranges.iter().map(|range| (range.specificity(name), range.quality)).filter(|(specificity, _)| *specificity > 0);
    matching.max_by_key(|(specificity, _)| *specificity).map_or(0, |(_, quality)| quality)
}

/// The preferences of a client that the gateway supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) struct Preferences {
    /// `empty=null`: `null` for empty values of fields that are not booleans.
    pub empty_null: bool,
    /// `label=technical`: the model's technical name instead of its label.
    pub technical_label: bool,
    /// `handling=strict`: unknown parameters are rejected.
    pub strict: bool,
}

impl Preferences {
    /// Parses all `Prefer` headers. Unknown preferences are ignored (RFC 7240 section 2).
    #[must_use]
    pub(in crate::http) fn parse(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|text| text.split(',')) {
            // Parameters after a semicolon refine a preference; the supported ones have none.
            let preference = preference.split(';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match (name.trim().to_ascii_lowercase().as_str(), value.trim().trim_matches('"')) {
                ("empty", "null") => preferences.empty_null = true,
                ("label", "technical") => preferences.technical_label = true,
                ("handling", "strict") => preferences.strict = true,
                _ => {}
            }
        }
        preferences
    }

    /// The value of `Preference-Applied`; `None` if no preference was applied.
    #[must_use]
    pub(in crate::http) fn applied(self) -> Option<String> {
        let preferences = [
            (self.empty_null, "empty=null"),
            (self.technical_label, "label=technical"),
            (self.strict, "handling=strict"),
        ];
        let applied: Vec<_> = preferences.into_iter().filter(|(applied, _)| *applied).map(|(_, name)| name).collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        choose(&headers, &[Media::Json, Media::Xml]).ok().map(Media::name)
    }

    #[test]
    fn the_highest_quality_wins_then_the_order_of_the_offer() {
        const JSON: Option<&str> = Some("application/json");
        const XML: Option<&str> = Some("application/xml");
        for (accept, media) in [
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/xml", XML),
            ("APPLICATION/XML", XML),
            ("application/json;q=0.5, application/xml", XML),
            ("application/json;q=0, */*", XML),
            ("text/html, application/xml;q=0.9, */*;q=0.8", XML),
            ("application/json; charset=utf-8", JSON),
            ("nonsense", JSON),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(chosen(accept), media, "{accept}");
        }
    }

    #[test]
    fn lists_have_export_formats_and_are_buffered_by_default() {
        let mut headers = HeaderMap::new();
        for (accept, name) in [
            ("*/*", Some("application/json")),
            ("text/*", Some("text/csv")),
            ("text/csv; charset=utf-8", Some("text/csv")),
            ("application/x-ndjson, application/json;q=0.9", Some("application/x-ndjson")),
            ("text/csv;q=0.5, application/xml", Some("application/xml")),
            ("application/jsonl", Some("application/x-ndjson")),
            ("application/ndjson;q=0.9, text/csv;q=0.5", Some("application/x-ndjson")),
            ("text/html", None),
        ] {
            headers.insert(ACCEPT, accept.parse().unwrap());
            let format = choose_list_format(&headers, &[Media::Json, Media::Xml]);
            assert_eq!(format.ok().map(ResponseFormat::name), name, "{accept}");
        }
    }

    #[test]
    fn o1_24_only_a_type_by_name_is_preferred() {
        for (accept, preferred) in [
            ("*/*", false),
            ("application/*", false),
            ("application/json", true),
            ("application/json, text/plain, */*", true),
            ("application/json;q=0", false),
            ("application/x-www-form-urlencoded, application/json;q=0.9", false),
            ("application/x-www-form-urlencoded;q=0.5, application/json", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            let prefers = prefers(&headers, "application/json", "application/x-www-form-urlencoded");
            assert_eq!(prefers, preferred, "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "application/json", "application/xml"));
    }

    #[test]
    fn preferences_are_parsed_in_any_case_among_others() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", "respond-async, Empty=\"null\"".parse().unwrap());
        headers.append("prefer", "label = technical; x=1".parse().unwrap());
        assert_eq!(Preferences::parse(&headers).applied().as_deref(), Some("empty=null, label=technical"));
        headers.append("prefer", "handling=strict".parse().unwrap());
        assert!(Preferences::parse(&headers).strict);
        assert_eq!(Preferences::parse(&HeaderMap::new()).applied(), None);
    }
}
