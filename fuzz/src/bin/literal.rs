//! Fuzz target: the literal parser, with any input.

#![no_main]
libfuzzer_sys::fuzz_target!(|text: &str| odoo_gateway_fuzz::invariants::literal(text));
