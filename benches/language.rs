//! Parsing speed of literals and domains, compared with `serde_json` on the same tree in JSON.
//!
//! `cargo bench --bench language`. The reference of a row is the row `…_serde_json` of the same group: it builds a
//! `serde_json::Value`, which owns its texts and supports neither Python syntax, nor positions, nor limits.

use divan::{Bencher, black_box, counter::BytesCount};
use odoo_gateway::language::domain::Domain;
use odoo_gateway::language::literal::{self, Limits};

fn main() {
    divan::main();
}

const SMALL_PYTHON: &str = "[('name', 'ilike', 'agrolait'), ('is_company', '=', True), ('id', 'in', [1, 2, 3])]";
const SMALL_JSON: &str = r#"[["name","ilike","agrolait"],["is_company","=",true],["id","in",[1,2,3]]]"#;

/// Measures how long parsing a text takes.
fn bench_parser<T>(bencher: Bencher<'_, '_>, text: &str, parse: impl Fn(&str) -> T + Sync) {
    bencher.counter(BytesCount::of_str(text)).bench(|| drop(black_box(parse(black_box(text)))));
}

fn as_literal(text: &str) -> bool {
    literal::parse(text, Limits::trusted()).is_ok()
}

fn as_domain(text: &str) -> bool {
    Domain::parse(text, Limits::trusted()).is_ok()
}

fn as_serde_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// A domain of three terms, like that of most requests.
mod small {
    use super::*;

    #[divan::bench]
    fn domain_python(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, SMALL_PYTHON, as_domain);
    }

    #[divan::bench]
    fn domain_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, SMALL_JSON, as_domain);
    }

    #[divan::bench]
    fn literal_python(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, SMALL_PYTHON, as_literal);
    }

    #[divan::bench]
    fn literal_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, SMALL_JSON, as_literal);
    }

    #[divan::bench]
    fn literal_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, SMALL_JSON, as_serde_json);
    }
}

/// A thousand records to create, with texts, numbers, relations and commands.
mod large {
    use super::*;

    fn records() -> String {
        let record = r#"{"name":"Zürich & Söhne","street":"Line \"one\"\nline two","active":true,"credit":1250.75,
            "country_id":43,"category_id":[[6,0,[1,2,3]]],"parent_id":null}"#;
        format!("[{}]", vec![record; 1000].join(","))
    }

    fn python() -> String {
        records().replace("true", "True").replace("null", "None").replace("[6,0,", "(6,0,").replace("]]]", "])]")
    }

    #[divan::bench]
    fn literal_python(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &python(), as_literal);
    }

    #[divan::bench]
    fn literal_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &records(), as_literal);
    }

    #[divan::bench]
    fn literal_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &records(), as_serde_json);
    }

    #[divan::bench]
    fn domain_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("[{}]", vec![r#"["name","ilike","agrolait"]"#; 1000].join(",")), as_domain);
    }

    #[divan::bench]
    fn domain_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("[{}]", vec![r#"["name","ilike","agrolait"]"#; 1000].join(",")), as_serde_json);
    }
}

/// Hostile input of one MiB.
mod hostile {
    use super::*;

    fn many(unit: &str) -> String {
        unit.repeat((1 << 20) / unit.len())
    }

    #[divan::bench]
    fn late_error(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("[{}(]", many("1,")), as_literal);
    }

    #[divan::bench]
    fn late_error_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("[{}(]", many("1,")), as_serde_json);
    }

    #[divan::bench]
    fn repeated_key(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("{{{}\"a\":1}}", many("\"a\":1,")), as_literal);
    }

    #[divan::bench]
    fn repeated_key_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("{{{}\"a\":1}}", many("\"a\":1,")), as_serde_json);
    }

    #[divan::bench]
    fn escapes_only(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("\"{}\"", many("\\u0041")), as_literal);
    }

    #[divan::bench]
    fn escapes_only_serde_json(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("\"{}\"", many("\\u0041")), as_serde_json);
    }

    #[divan::bench]
    fn joined_texts(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &many("'' "), as_literal);
    }

    #[divan::bench]
    fn operators_without_operands(bencher: Bencher<'_, '_>) {
        bench_parser(bencher, &format!("[{}\"|\"]", many("\"&\",")), as_domain);
    }
}
