//! Content negotiation (RFC 9110 section 12.5.1) and preferences (RFC 7240).
//!
//! In: the `Accept` and `Prefer` headers. Out: one of the media types on offer, or 406; the preferences we honour.
//! Must not know: what is answered.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::error::Problem;
use crate::error_code::Code;

/// The media types that answers are written in.
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
    /// Its name, as in `Content-Type`.
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

/// The media types in which a listing is written record by record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Rows {
    /// `text/csv`
    Csv,
    /// `application/x-ndjson`
    Ndjson,
}

/// What others call `application/x-ndjson`; none of them is registered.
const NDJSON_ALIASES: [&str; 6] = [
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
];

impl Rows {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The `Content-Type`. Without a character set text would be US-ASCII.
    #[must_use]
    pub(in crate::http) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => self.name(),
        }
    }
}

/// How a listing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Form {
    /// In one piece, in the family's envelope.
    Whole(Media),
    /// Record by record, without an envelope.
    Rows(Rows),
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Whole(media) => media.name(),
            Self::Rows(rows) => rows.name(),
        }
    }

    /// Other names for the same.
    fn aliases(self) -> &'static [&'static str] {
        if self == Self::Rows(Rows::Ndjson) { &NDJSON_ALIASES } else { &[] }
    }
}

/// Chooses among what a family offers.
///
/// # Errors
/// 406 naming what is on offer.
pub(in crate::http) fn choose(headers: &HeaderMap, offer: &[Media]) -> Result<Media, Problem> {
    best(headers, offer, |media| media.name(), |_| &[])
}

/// Chooses among what a family offers and what every listing can be had as.
///
/// # Errors
/// 406 naming what is on offer.
pub(in crate::http) fn choose_of_listing(headers: &HeaderMap, offer: &[Media]) -> Result<Form, Problem> {
    let whole = offer.iter().map(|media| Form::Whole(*media));
    let offer: Vec<Form> = whole.chain([Rows::Csv, Rows::Ndjson].map(Form::Rows)).collect();
    best(headers, &offer, Form::name, Form::aliases)
}

/// The best quality wins, then the order of the offer.
fn best<T: Copy>(
    headers: &HeaderMap,
    offer: &[T],
    name: impl Fn(T) -> &'static str,
    aliases: impl Fn(T) -> &'static [&'static str],
) -> Result<T, Problem> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return offer.first().copied().ok_or_else(|| Problem::internal("a route without media types"));
    }
    let mut best = None;
    for media in offer {
        let named = |range: &&Range<'_>| aliases(*media).iter().any(|alias| range.exactness(alias) == 3);
        let by_alias = ranges.iter().filter(named).map(|range| range.quality).max();
        let quality = quality_of(name(*media), &ranges).max(by_alias.unwrap_or(0));
        if quality > 0 && best.is_none_or(|(_, most)| quality > most) {
            best = Some((*media, quality));
        }
    }
    best.map(|(media, _)| media).ok_or_else(|| {
        let names: Vec<_> = offer.iter().map(|media| name(*media)).collect();
        Problem::new(Code::NotAcceptable, format!("Here can be answered: {}.", names.join(", "))).parameter("Accept")
    })
}

/// Whether the client asks for CSV with a byte order mark: `text/csv; bom=1`.
pub(in crate::http) fn wants_bom(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_csv = |range: &str| Range::parse(range).is_some_and(|range| range.exactness("text/csv") == 3);
    let asks = |range: &str| {
        let mut parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        parameters.any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("bom") && matches!(value.trim().trim_matches('"'), "1" | "true")
        })
    };
    values.flat_map(|text| text.split(',')).any(|range| is_csv(range) && asks(range))
}

/// Whether the client names one type, and does not like the other as much.
pub(in crate::http) fn prefers(headers: &HeaderMap, named: &str, other: &str) -> bool {
    let by_name =
        |name: &str| ranges(headers).iter().filter(|range| range.exactness(name) == 3).map(|range| range.quality).max();
    by_name(named) > Some(by_name(other).unwrap_or_default())
}

fn ranges(headers: &HeaderMap) -> Vec<Range<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).filter_map(Range::parse).collect()
}

/// A media range with its quality in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(Some(1000), |(_, value)| thousandths(value.trim()))?;
        Some(Self { kind, subtype, quality })
    }

    /// How exactly the range names the type: 0 not at all, 1 `*/*`, 2 `kind/*`, 3 by name.
    fn exactness(&self, name: &str) -> u8 {
        let Some((kind, subtype)) = name.split_once('/') else { return 0 };
        match (self.kind, self.subtype) {
            ("*", "*") => 1,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 2,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 3,
            _ => 0,
        }
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let quality: f64 = text.parse().ok()?;
    if !(0.0..=1.0).contains(&quality) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=1000")]
    Some((quality * 1000.0).round() as u16)
}

/// The most exact range decides, not the most generous.
fn quality_of(name: &str, ranges: &[Range<'_>]) -> u16 {
    let matching = ranges.iter().map(|range| (range.exactness(name), range.quality)).filter(|(exact, _)| *exact > 0);
    matching.max_by_key(|(exact, _)| *exact).map_or(0, |(_, quality)| quality)
}

/// What a client prefers, of what we can grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) struct Preferences {
    /// `empty=null`: empty values of fields that are no booleans as `null`.
    pub empty_null: bool,
    /// `label=technical`: the model's technical name instead of its human one.
    pub technical_label: bool,
    /// `handling=strict`: parameters that are not known are refused.
    pub strict: bool,
}

impl Preferences {
    /// Reads all `Prefer` headers; what we do not know is ignored (RFC 7240 section 2).
    #[must_use]
    pub(in crate::http) fn read(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|text| text.split(',')) {
            // Parameters behind a semicolon refine a preference; ours have none.
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

    /// The value of `Preference-Applied`, when one was.
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
    fn the_best_quality_wins_then_the_order_of_the_offer() {
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
    fn a_listing_can_be_had_as_rows_and_is_whole_by_default() {
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
            let form = choose_of_listing(&headers, &[Media::Json, Media::Xml]);
            assert_eq!(form.ok().map(Form::name), name, "{accept}");
        }
    }

    #[test]
    fn o1_24_a_type_is_preferred_when_it_is_named() {
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
    fn preferences_are_read_whatever_their_case_and_company() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", "respond-async, Empty=\"null\"".parse().unwrap());
        headers.append("prefer", "label = technical; x=1".parse().unwrap());
        assert_eq!(Preferences::read(&headers).applied().as_deref(), Some("empty=null, label=technical"));
        headers.append("prefer", "handling=strict".parse().unwrap());
        assert!(Preferences::read(&headers).strict);
        assert_eq!(Preferences::read(&HeaderMap::new()).applied(), None);
    }
}
