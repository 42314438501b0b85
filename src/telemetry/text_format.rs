//! The Prometheus text format, version 0.0.4, which every scraper supports.
//!
//! In: OpenMetrics text. Out: the same metrics in the text format, as `promtool check metrics` accepts it. Must not
//! know: the metrics.
//!
//! The formats differ in the lines about a metric: OpenMetrics names the metric (`requests`), the text format names
//! the sample (`requests_total`). An info metric is a gauge. There are no lines for units and for the end of the
//! text, and no exemplars.

/// Converts the OpenMetrics output of [`prometheus_client`].
#[must_use]
pub fn from_open_metrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // HELP precedes TYPE, which determines the name of the sample.
    let mut help = None;
    for line in text.lines() {
        match line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
            Some(("HELP", rest)) => help = rest.split_once(' '),
            Some(("TYPE", rest)) => push_description(&mut out, help.take(), rest),
            Some(("UNIT", _)) => {}
            None if line == "# EOF" => {}
            _ => push(&mut out, &[without_exemplar(line)]),
        }
    }
    out
}

/// A sample without the trace that follows it. Quotes in the values of labels are escaped.
fn without_exemplar(line: &str) -> &str {
    line.split_once(" # {trace_id=\"").map_or(line, |(sample, _)| sample)
}

fn push_description(out: &mut String, help: Option<(&str, &str)>, metric: &str) {
    let (name, kind) = metric.split_once(' ').unwrap_or((metric, "unknown"));
    let (suffix, kind) = match kind {
        "counter" => ("_total", "counter"),
        "info" => ("_info", "gauge"),
        "unknown" => ("", "untyped"),
        kind => ("", kind),
    };
    if let Some((_, help)) = help.filter(|(helped, _)| *helped == name) {
        push(out, &["# HELP ", name, suffix, " ", help]);
    }
    push(out, &["# TYPE ", name, suffix, " ", kind]);
}

fn push(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::{Metrics, TraceLabels};

    #[test]
    fn metrics_have_the_names_of_their_samples() {
        let text = "# HELP a_requests Requests.\n# TYPE a_requests counter\na_requests_total{x=\"# EOF\"} 1\n\
                    # HELP a_seconds Time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\na_seconds_sum 1.0\n\
                    # HELP a_build What.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n# EOF\n";
        let expected = "# HELP a_requests_total Requests.\n# TYPE a_requests_total counter\na_requests_total{x=\"# EOF\"} 1\n\
                        # HELP a_seconds Time.\n# TYPE a_seconds histogram\na_seconds_sum 1.0\n\
                        # HELP a_build_info What.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n";
        assert_eq!(from_open_metrics(text), expected);
    }

    #[test]
    fn exemplars_are_removed() {
        let exemplar = "# {trace_id=\"b\"} 0.004 1.5";
        for sample in ["a_bucket{le=\"1.0\"} 2", "a_bucket{route=\"\\\" # {x}\\\\\"} 2", "a_bucket 2"] {
            assert_eq!(from_open_metrics(&format!("{sample} {exemplar}\n")), format!("{sample}\n"));
            assert_eq!(from_open_metrics(sample), format!("{sample}\n"));
        }
        let help = "# HELP a What # {x} is.\n# TYPE a gauge\n";
        assert_eq!(from_open_metrics(help), help);
    }

    #[test]
    fn every_sample_follows_a_type_line_with_its_name() {
        let metrics = Metrics::new();
        let trace = TraceLabels { trace_id: "b".to_owned() };
        metrics.record_request(("GET", "/a", 404), std::time::Duration::from_millis(3), Some(trace));
        let text = from_open_metrics(&metrics.exposition().unwrap());
        let (mut name, mut kind) = ("", "");
        for line in text.lines() {
            if let Some(description) = line.strip_prefix("# TYPE ") {
                (name, kind) = description.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            } else if let Some(help) = line.strip_prefix("# HELP ") {
                assert!(help.split_once(' ').is_some_and(|(_, help)| !help.is_empty()), "{line}");
            } else {
                let sample = line.split(['{', ' ']).next().unwrap();
                let suffix = sample.strip_prefix(name).unwrap_or_else(|| panic!("{line} follows # TYPE {name}"));
                let is_valid = if kind == "histogram" {
                    ["_bucket", "_sum", "_count"].contains(&suffix)
                } else {
                    suffix.is_empty()
                };
                assert!(is_valid, "{line}");
            }
        }
    }
}
