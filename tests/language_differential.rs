//! The literal parser compared with CPython's own: the same result for thousands of texts.
//!
//! In: texts from a seeded generator: valid ones, mutations of them, and hostile ones. Out: the texts for which the two
//! disagree, if any. Each deliberate difference from `ast.literal_eval` has a name in [`DIFFERENCES`], and must occur,
//! so that the list stays correct.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use odoo_gateway::language::literal::{self, Limits};
use odoo_gateway::value::Value;
use serde_json::{Value as Json, json};

/// Python accepts these and the gateway rejects them; for the last one it is the other way round.
const DIFFERENCES: [&str; 14] = [
    "bytes that are not UTF-8",
    "character by name",
    "comment",
    "complex number",
    "depth",
    "ellipsis",
    "float that is not finite",
    "integer over 64 bits",
    "key that is not a text",
    "leading zeros",
    "lone surrogate",
    "set",
    "sign before a bracket",
    "line break outside of brackets",
];

/// Texts at the edges of the grammar, written by hand.
const HOSTILE: &str = include_str!("language_hostile.json");
/// A seeded source of choices (SplitMix64): the same texts in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.roll(choices.len())]
    }

    fn space(&mut self) -> &'static str {
        self.pick(&["", "", "", "", " ", "  ", "\n", "\t", "\\\n", "\r\n"])
    }

    fn value(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 6 } else { 10 }) {
            0 => self.pick(&["None", "True", "False", "null", "true", "false"]).to_owned(),
            1 | 2 => self.number(),
            3..=5 => self.text(),
            6 | 7 => self.items("[", "]", depth),
            8 => self.items("(", ")", depth),
            _ => self.dictionary(depth),
        }
    }

    fn number(&mut self) -> String {
        let sign = self.pick(&["", "", "", "-", "+", "- "]);
        let digits = |dice: &mut Self| {
            let mut digits = (1 + dice.roll(9)).to_string();
            for _ in 0..dice.roll(6) {
                let _ = write!(digits, "{}{}", dice.pick(&["", "", "", "_"]), dice.roll(10));
            }
            digits
        };
        let whole = digits(self);
        let magnitude = match self.roll(8) {
            0 => format!("{whole}.{}", digits(self)),
            1 => format!("{whole}e{}{}", self.pick(&["", "+", "-"]), self.roll(340)),
            2 => format!(".{}", digits(self)),
            3 => format!("{whole}.E{}", self.roll(20)),
            4 => format!("{}{:x}", self.pick(&["0x", "0X", "0x_"]), self.roll(1 << 40)),
            5 => format!("0o{:o}", self.roll(4096)),
            6 => format!("0b{:b}", self.roll(256)),
            _ => whole,
        };
        format!("{sign}{magnitude}")
    }

    fn text(&mut self) -> String {
        let pieces = 1 + self.roll(6) / 5;
        let kind = self.roll(8);
        (0..pieces).map(|_| self.piece(kind == 0)).collect::<Vec<_>>().join(" ")
    }

    fn piece(&mut self, bytes: bool) -> String {
        let prefix = if bytes {
            self.pick(&["b", "B", "br", "rb", "Rb"])
        } else {
            self.pick(&["", "", "", "", "", "u", "r", "R", "U"])
        };
        let quote = self.pick(&["'", "'", "\"", "\"", "'''", "\"\"\""]);
        let mut piece = format!("{prefix}{quote}");
        for _ in 0..self.roll(8) {
            let plain = ["a", "name", " ", "é", "😀", "\\\\", "{", "[", "#", ",", "%", "\\/", "\\d", "\\N", "\\u"];
            let escapes = [
                "\\n",
                "\\r",
                "\\t",
                "\\x41",
                "\\xe9",
                "\\u00e9",
                "\\U0001F600",
                "\\101",
                "\\0",
                "\\\n",
                "\\\r\n",
                "\\'",
                "\\\"",
                "\\a\\b\\f\\v",
                "\\ud83d\\ude00",
                "\\377",
                "\n",
                "'",
                "\"",
                "\t",
            ];
            let chosen = if self.roll(2) == 0 { self.pick(&plain) } else { self.pick(&escapes) };
            piece.push_str(chosen);
        }
        piece + quote
    }

    fn items(&mut self, open: &str, close: &str, depth: usize) -> String {
        let items: Vec<String> =
            (0..self.roll(4)).map(|_| format!("{}{}{}", self.space(), self.value(depth - 1), self.space())).collect();
        let trailing = if items.is_empty() { "" } else { self.pick(&["", "", ","]) };
        format!("{open}{}{trailing}{}{close}", items.join(","), self.space())
    }

    fn dictionary(&mut self, depth: usize) -> String {
        let key = |dice: &mut Self| {
            if dice.roll(3) == 0 { dice.text() } else { dice.pick(&["'a'", "\"b\"", "'a'", "1"]).to_owned() }
        };
        let members: Vec<String> = (0..self.roll(4))
            .map(|_| format!("{}{}:{}{}", key(self), self.space(), self.space(), self.value(depth - 1)))
            .collect();
        format!("{{{}{}}}", members.join(","), self.space())
    }

    /// The text with a few characters removed, inserted or doubled.
    fn mutate(&mut self, text: &str) -> String {
        const INTO: &[&str] = &[
            "'",
            "\"",
            "\\",
            "[",
            "]",
            "(",
            ")",
            "{",
            "}",
            ",",
            ":",
            "0",
            "1",
            "_",
            ".",
            "e",
            "-",
            "+",
            " ",
            "\n",
            "\r",
            "u",
            "r",
            "b",
            "f",
            "x",
            "j",
            "#",
            "'''",
            "\\x",
            "\\N{DIGIT ONE}",
            "\\u12",
            "é",
            "\t",
            "None",
            "...",
            "\x0c",
        ];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.roll(3) {
            let place = self.roll(characters.len() + 1);
            match self.roll(3) {
                0 if place < characters.len() => drop(characters.remove(place)),
                1 if place < characters.len() => characters.insert(place, characters[place]),
                _ => drop(characters.splice(place..place, self.pick(INTO).chars())),
            }
        }
        characters.into_iter().collect()
    }
}

fn texts() -> Vec<String> {
    let mut dice = Dice(20);
    let hostile: Vec<String> = serde_json::from_str(HOSTILE).unwrap();
    let mut texts = hostile.clone();
    for levels in [31, 32, 33, 40] {
        texts.push(format!("{}1{}", "[".repeat(levels), "]".repeat(levels)));
        texts.push(format!("{}1{}", "(".repeat(levels), ")".repeat(levels)));
        texts.push(format!("{}1{}", "{'a':".repeat(levels), "}".repeat(levels)));
    }
    for _ in 0..5_000 {
        let valid = dice.value(4);
        texts.extend([dice.mutate(&valid), dice.mutate(&valid), valid]);
    }
    for _ in 0..3_000 {
        let chosen = dice.roll(hostile.len());
        texts.push(dice.mutate(&hostile[chosen]));
    }
    texts
}

/// The results of one Python process for all texts.
fn parse_with_python(texts: &[String]) -> Vec<Json> {
    let mut python = Command::new("python3")
        .args(["-I", "-X", "utf8", "-c", include_str!("language_differential.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3 (3.8 or later) on the PATH");
    let lines: String = texts.iter().map(|text| format!("{}\n", json!(text))).collect();
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "python3 failed on language_differential.py");
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// The value with explicit types, as the Python script returns it.
fn canonical(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(boolean) => json!(boolean),
        Value::Int(integer) => json!({"int": integer.to_string()}),
        Value::Float(float) => json!({"float": format!("{:016x}", float.to_bits())}),
        Value::Text(text) => json!({"text": text}),
        Value::List(items) => json!({"list": items.iter().map(canonical).collect::<Vec<_>>()}),
        Value::Map(members) => {
            json!({"map": members.iter().map(|(key, value)| json!([key, canonical(value)])).collect::<Vec<_>>()})
        }
    }
}

#[test]
fn literals_are_parsed_as_by_python() {
    let texts = texts();
    let results = parse_with_python(&texts);
    assert_eq!(results.len(), texts.len());
    let mut occurred: BTreeMap<String, usize> = BTreeMap::new();
    let (mut accepted, mut disagreements) = (0, Vec::new());
    for (text, result) in texts.iter().zip(&results) {
        let parsed = literal::parse(text, Limits::query());
        let agree = match &parsed {
            Ok(value) => result.get("value") == Some(&canonical(value)),
            Err(_) => result.get("rejected").is_some(),
        };
        if !agree {
            disagreements.push(format!("{text:?}\n  gateway: {parsed:?}\n  Python: {result}"));
        }
        accepted += usize::from(parsed.is_ok());
        for name in result["differs"].as_array().unwrap() {
            *occurred.entry(name.as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(
        disagreements.is_empty(),
        "{} disagreements, as:\n{}",
        disagreements.len(),
        disagreements[..disagreements.len().min(12)].join("\n")
    );
    assert!(
        accepted > texts.len() / 4 && accepted < texts.len() * 3 / 4,
        "{accepted} of {} are valid: not a good mixture",
        texts.len()
    );
    let mut named = DIFFERENCES.map(str::to_owned).to_vec();
    named.sort();
    assert_eq!(occurred.keys().cloned().collect::<Vec<_>>(), named, "{occurred:?}");
}
